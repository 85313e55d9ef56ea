"""Traces by the API: begun, read and ended by whoever may see login attempts, each in the audit."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.net.wires import DEVICE, access
from tests.web.api_client import Api
from zhuomai_appliance.model.people import Permission
from zhuomai_appliance.radius.packet import decode


class TraceTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.api = Api()
        self.packet = decode(access(1, (1, b"alice"), (2, b"x" * 16)))

    def begin(self, who: str = "alice", token: str = "") -> int:
        reply = self.api.ask("POST", "/traces", {"who": who, "seconds": 60}, token=token)
        self.assertEqual(reply.status, 201, reply.text)
        found: int = reply.json["id"]
        return found

    def pass_by(self) -> None:
        """A login of alice at the school's device."""
        self.api.tracer.request("auth", self.api.school.nas, DEVICE, self.packet, 1)

    def test_begin_read_end(self) -> None:
        """What passed since the last time is told once, decoded, secrets hidden; an ended trace is not there."""
        number = self.begin()
        self.pass_by()
        reply = self.api.get(f"/traces/{number}")
        (event,) = reply.json["events"]
        self.assertEqual((event["flow"], event["direction"], event["name"]), ("auth", "in", "Access-Request"))
        self.assertIn(["User-Name", "alice"], event["attributes"])
        self.assertIn(["User-Password", "<hidden, 16 octets>"], event["attributes"])
        self.assertEqual(self.api.ask("DELETE", f"/traces/{number}").json["ended"], "closed")
        self.assertEqual(self.api.get(f"/traces/{number}").problem, (404, "not_found"))
        self.assertEqual(self.api.tracer.watches, [])

    def test_in_the_audit(self) -> None:
        """Who traced whom is written down."""
        self.begin("a45e-60aa-bbcc")
        rows = self.api.school.rows("SELECT actor, action, after FROM audit WHERE action = 'trace.open'")
        self.assertEqual([(actor, "a45e-60aa-bbcc" in after) for actor, _, after in rows], [("boss", True)])

    def test_only_who_may_and_only_his_own(self) -> None:
        """Without attempts.read none can be begun; another operator's is not there."""
        blind = self.api.token("cashier", "admin", (Permission.ORDERS_CASH,))
        self.assertEqual(
            self.api.ask("POST", "/traces", {"who": "alice"}, token=blind).problem, (403, "not_allowed")
        )
        number = self.begin()
        other = self.api.token("other", "audit")
        self.assertEqual(self.api.get(f"/traces/{number}", other).problem, (404, "not_found"))

    def test_devices_of_other_projects_stay_unseen(self) -> None:
        """Whoever is bound to a project sees its devices' packets and no others."""
        elsewhere = self.api.token("elsewhere", "audit", projects=(self.api.other,))
        here = self.api.token("here", "audit", projects=(self.api.school.project,))
        self.begin(token=elsewhere)
        self.begin(token=here)
        self.pass_by()
        self.assertEqual([len(watch.events) for watch in self.api.tracer.watches], [0, 1])

    def test_mistakes_and_bounds(self) -> None:
        """Nobody, no time, a word too many; and a fifth trace while four run."""
        for body in (
            {},
            {"who": ""},
            {"who": "a", "seconds": 0},
            {"who": "a", "count": 10**9},
            {"who": "a", "x": 1},
        ):
            self.assertEqual(self.api.ask("POST", "/traces", body).problem[0], 422, body)
        for _ in range(4):
            self.begin()
        self.assertEqual(self.api.ask("POST", "/traces", {"who": "a"}).problem, (409, "too_many_traces"))
