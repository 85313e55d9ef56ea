"""Sessions and attempts through the API: the words of the export, and ending a stay with its outcome."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import LAPTOP, LAPTOP_IP, PHONE, PHONE_IP, START, STOP
from tests.web.api_client import Api
from zhuomai_appliance.flows.ports import ControlOutcome, ControlResult

EXPORTED = (
    "acct_session_id", "nas", "nas_ip", "username", "mac", "ip", "start", "stop", "seconds", "input_octets",
    "output_octets", "terminate_cause", "state", "plan",
)  # fmt: skip


class AccessCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.api = Api()
        self.school = self.api.school
        self.school.person("20260001", self.school.plan())


class SessionTests(AccessCase):
    def test_an_item_has_the_exports_columns(self) -> None:
        """By the same names; open sessions have no stop."""
        self.school.report(START)
        (item,) = self.api.get("/sessions").items
        self.assertLessEqual({"id", *EXPORTED}, set(item))
        self.assertEqual((item["state"], item["stop"], item["terminate_cause"]), ("open", None, ""))
        self.assertEqual((item["username"], item["mac"], item["ip"]), ("20260001", PHONE, PHONE_IP))
        self.assertEqual(item["start"], "2026-11-25T10:00:00+08:00")
        self.school.clock.advance(60)
        self.school.report(STOP, 60, 7, 8, (49, (1).to_bytes(4, "big")))
        item = self.api.get(f"/sessions/{item['id']}").json
        self.assertEqual((item["state"], item["terminate_cause"]), ("closed", "User-Request"))
        self.assertEqual((item["seconds"], item["input_octets"], item["output_octets"]), (60, 7, 8))
        self.assertEqual(item["stop"], "2026-11-25T10:01:00+08:00")

    def test_columns_are_filters(self) -> None:
        """Person, state, device, address, MAC in any writing, and time."""
        self.school.report(START, sid="A")
        self.school.report(STOP, 10, sid="A", at=self.school.now() + 10)
        self.school.report(START, sid="B", mac=LAPTOP, ip=LAPTOP_IP)
        nas = self.school.nas
        for question, ids in (
            ("username=20260001&state=open", ["B"]),
            ("state=closed", ["A"]),
            ("order=newest", ["B", "A"]),
            ("username=nobody", []),
            ("account_id=1", ["A", "B"]),
            (f"nas={nas.name}&nas_ip={nas.host}", ["A", "B"]),
            ("mac=A45E.6011.2233", ["B"]),
            (f"ip={PHONE_IP}", ["A"]),
            ("acct_session_id=B", ["B"]),
            ("from=2026-11-25T10:00:11%2B08:00", ["B"]),
            ("to=2026-11-25T10:00:00%2B08:00", []),
        ):
            found = [item["acct_session_id"] for item in self.api.get(f"/sessions?{question}").items]
            self.assertEqual(found, ids, question)

    def test_a_session_is_ended_and_says_so(self) -> None:
        """202 at once, the device's answer at the status address, the row closed by the device's own Stop."""
        self.school.report(START)
        self.assertEqual(self.api.get("/sessions/1/disconnect").problem, (404, "not_asked"))
        reply = self.api.ask("POST", "/sessions/1/disconnect")
        self.assertEqual((reply.status, reply.json["state"]), (202, "waiting"))
        self.assertEqual(self.school.wakes, 1)
        self.school.dispatch()
        outcome = self.api.get(reply.json["status_url"])
        self.assertEqual((outcome.json["state"], outcome.json["tries"]), ("done", 1))
        self.assertEqual(self.school.control.kinds(), ["disconnect"])
        self.school.report(STOP, 1)
        self.assertEqual(self.api.ask("POST", "/sessions/1/disconnect").problem, (409, "session_over"))
        ((actor, kind, object_id),) = self.school.rows(
            "SELECT actor, object_kind, object_id FROM audit WHERE action = 'session.disconnect'"
        )
        self.assertEqual((actor, kind, object_id), ("boss", "session", "1"))

    def test_a_device_that_refuses_is_told(self) -> None:
        """A NAK stands in the answer, not only in the log."""
        self.school.report(START)
        self.school.control.script = [ControlResult(ControlOutcome.NAK, 503)] * 9
        self.api.ask("POST", "/sessions/1/disconnect")
        self.school.dispatch()
        outcome = self.api.get("/sessions/1/disconnect").json
        self.assertGreaterEqual(outcome["tries"], 1)
        self.assertTrue(outcome["result"])

    def test_another_projects_sessions_do_not_exist(self) -> None:
        """Not in the list, not at their address, not to be ended."""
        self.school.report(START)
        theirs = self.api.token("far", "admin", projects=(self.api.other,))
        self.assertEqual(self.api.get("/sessions", theirs).items, [])
        self.assertEqual(self.api.get("/sessions/1", theirs).problem, (404, "not_found"))
        reply = self.api.ask("POST", "/sessions/1/disconnect", token=theirs)
        self.assertEqual(reply.problem, (404, "not_found"))
        self.assertEqual(self.school.effects(), [])

    def test_a_disconnect_takes_no_body(self) -> None:
        """Something else than nothing or {} was meant for another place."""
        self.school.report(START)
        reply = self.api.ask("POST", "/sessions/1/disconnect", {"all": True})
        self.assertEqual(reply.problem, (422, "invalid"))
        self.assertEqual(self.api.ask("POST", "/sessions/1/disconnect", {}).status, 202)


class AttemptTests(AccessCase):
    def test_attempts_are_found_by_verdict_and_code(self) -> None:
        """The look-up code that a person reads aloud leads to the attempt."""
        self.school.login()
        self.school.clock.advance(1)
        self.school.login(password="wrong")
        good, bad = self.api.get("/attempts").items
        self.assertEqual((good["accepted"], good["reason"], good["code"]), (True, "", ""))
        self.assertEqual((bad["accepted"], bad["code"]), (False, "X01"))
        for question, items in (
            (f"lookup_code={bad['lookup_code']}", [bad]),
            ("accepted=true", [good]),
            (f"reason={bad['reason']}", [bad]),
            ("username=20260001&order=newest", [bad, good]),
            (f"after={good['id']}", [bad]),
            (f"after={bad['id']}", []),
        ):
            self.assertEqual(self.api.get(f"/attempts?{question}").items, items, question)
        page = self.api.get("/attempts?limit=1").json
        self.assertEqual((page["items"], page["next"]), ([good], good["id"]))
