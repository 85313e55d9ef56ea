"""What the API tells of access devices: how punctually they report, and what is wrong right now."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import INTERIM, NOW, START
from tests.web.api_client import Api
from zhuomai_appliance.flows.alarms import AlarmKind
from zhuomai_appliance.radius.values import address6_value, prefix6_value


class WatchTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.api = Api()
        self.school = self.api.school

    def test_device_with_its_interims(self) -> None:
        """One device by its number, with the interims of the last hour; nobody else's device."""
        school = self.school
        school.report(START)
        for second in (300, 650, 1250):
            school.clock.rightNow = NOW + second
            school.report(INTERIM, second)
        reply = self.api.get(f"/nas/{school.nas.id}").json
        self.assertEqual(reply["name"], school.nas.name)
        self.assertEqual(
            reply["interims"], {"received": 3, "lost": 1, "late_seconds": 16.7, "latest_seconds": 50}
        )
        self.assertEqual(self.api.get("/nas/77").problem, (404, "not_found"))
        token = self.api.token("elsewhere", "admin", projects=(self.api.other,))
        self.assertEqual(self.api.get(f"/nas/{school.nas.id}", token).problem, (404, "not_found"))

    def test_alarms_that_stand(self) -> None:
        """Alarms with their kind and time, while they stand; an operator of one project is told none of the others'."""
        school = self.school
        self.assertEqual(self.api.get("/alarms").items, [])
        school.alarms.sound(AlarmKind.NAS_UNREACHABLE, "ac1", "3 sessions open", NOW)
        (alarm,) = self.api.get("/alarms").items
        self.assertEqual(
            alarm,
            {
                "kind": "nas_unreachable", "subject": "ac1", "words": "3 sessions open",
                "since": "2026-11-25T10:00:00+08:00",
            },
        )  # fmt: skip
        token = self.api.token("elsewhere", "admin", projects=(self.api.other,))
        self.assertEqual(self.api.get("/alarms", token).items, [])
        school.alarms.clear(AlarmKind.NAS_UNREACHABLE, "ac1", NOW + 5)
        self.assertEqual(self.api.get("/alarms").items, [])

    def test_sessions_by_an_ipv6_address(self) -> None:
        """`/sessions?ip=` finds by exact address and by an address inside a delegated prefix, and tells all of them."""
        school = self.school
        prefix = (123, prefix6_value("2001:db8:100::/56"))
        school.report(START, 0, 0, 0, (168, address6_value("2001:db8::1")), prefix)
        school.report(START, sid="S2", mac=None, ip=None)
        for words in ("2001:db8::1", "2001:db8:100:7::9"):
            (item,) = self.api.get(f"/sessions?ip={words}").items
            self.assertEqual(item["ipv6"], ["2001:db8::1", "2001:db8:100::/56"])
        self.assertEqual(self.api.get("/sessions?ip=2001:db8::2").items, [])
