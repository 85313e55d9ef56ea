"""Limits by place: the next device is refused with its own reason, and what leaves or falls silent makes room."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import INTERIM, LAPTOP, NOW, PHONE, START, STOP, School, reason
from zhuomai_appliance.flows.places import Places, access_point_of
from zhuomai_appliance.model.access_rules import PlaceKind, PlaceLimit
from zhuomai_appliance.model.products import WhenFull
from zhuomai_appliance.radius.packet import Code
from zhuomai_appliance.store import access_rules

AP = "00:15:70:91:e2:40"
CALLED = (30, b"00-15-70-91-E2-40:Dorm")
ELSEWHERE = (30, b"00-15-70-91-E2-99:Hall")


class PlaceTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = school = School()
        plan = school.plan()
        for name in ("one", "two", "three"):
            school.person(name, plan)

    def limit(self, kind: PlaceKind, value: str, maximum: int) -> None:
        school = self.school
        limit = PlaceLimit(school.project, kind, value, maximum)
        school.write(lambda tx: access_rules.put_place_limit(tx, limit))
        school.reload()

    def login(self, name: str, mac: str, place: tuple[int, bytes] = CALLED) -> str:
        return reason(self.school.login(name, "pass-word", mac, None, place))

    def report(self, kind: int, name: str, mac: str, **more: Any) -> None:
        self.school.report(kind, 0, 0, 0, CALLED, name=name, mac=mac, ip=None, sid=f"S-{name}", **more)

    def test_each_kind_of_place_refuses_the_next_one(self) -> None:
        """Access point, network, access device, project: one more than fits is refused, and elsewhere is none of it."""
        for kind, value, elsewhere in (
            (PlaceKind.AP, AP, "accepted"),
            (PlaceKind.SSID, "Dorm", "accepted"),
            (PlaceKind.NAS, self.school.nas.name, "place_full"),
            (PlaceKind.PROJECT, "", "place_full"),
        ):
            self.setUp()
            self.limit(kind, value, 1)
            self.assertEqual(self.login("one", PHONE), "accepted", kind)
            answer = self.school.login("two", "pass-word", LAPTOP, None, CALLED)
            self.assertEqual((answer.code, reason(answer)), (Code.ACCESS_REJECT, "place_full"), kind)
            self.assertEqual(self.login("two", LAPTOP, ELSEWHERE), elsewhere, kind)

    def test_the_refusal_is_told_with_place_and_count(self) -> None:
        """The attempt's detail says which place was full and with how many."""
        self.limit(PlaceKind.AP, AP, 0)
        self.login("one", PHONE)
        ((detail,),) = self.school.rows("SELECT detail FROM attempt_202611")
        self.assertEqual(detail, f"ap {AP} 0/0")

    def test_a_device_takes_its_own_place_again(self) -> None:
        """Asking again, roaming back and dialling anew need no second place."""
        self.limit(PlaceKind.AP, AP, 1)
        for _ in range(3):
            self.assertEqual(self.login("one", PHONE), "accepted")
        self.report(START, "one", PHONE)
        self.assertEqual(self.login("one", PHONE), "accepted")

    def test_a_stop_makes_room_at_once(self) -> None:
        """The place that a session held is free with its Stop; another session's Stop frees nothing."""
        self.limit(PlaceKind.AP, AP, 1)
        self.login("one", PHONE)
        self.report(START, "one", PHONE)
        self.school.report(STOP, 0, 0, 0, CALLED, name="one", mac=PHONE, ip=None, sid="S-older")
        self.assertEqual(self.login("two", LAPTOP), "place_full")
        self.report(STOP, "one", PHONE)
        self.assertEqual(self.login("two", LAPTOP), "accepted")

    def test_silence_makes_room(self) -> None:
        """A login without a Start counts for a minute, a session for two intervals and a minute after its last word."""
        school = self.school
        self.limit(PlaceKind.AP, AP, 1)
        self.login("one", PHONE)
        school.clock.advance(59)
        self.assertEqual(self.login("two", LAPTOP), "place_full")
        school.clock.advance(1)
        self.assertEqual(self.login("two", LAPTOP), "accepted")
        self.report(START, "two", LAPTOP)
        for _ in range(3):
            school.clock.advance(600)
            self.report(INTERIM, "two", LAPTOP)
        school.clock.advance(659)
        self.assertEqual(self.login("one", PHONE), "place_full")
        school.clock.advance(1)
        self.assertEqual(self.login("one", PHONE), "accepted")

    def test_who_roams_leaves(self) -> None:
        """A session that reports from another access point is counted there and no longer here."""
        self.limit(PlaceKind.AP, AP, 1)
        self.login("one", PHONE)
        self.report(START, "one", PHONE)
        self.school.report(INTERIM, 60, 0, 0, ELSEWHERE, name="one", mac=PHONE, ip=None, sid="S-one")
        self.assertEqual(self.login("two", LAPTOP), "accepted")

    def test_recounted_from_the_books(self) -> None:
        """After a restart the books say who is where, stale sessions left out; fresh logins are not forgotten."""
        school = self.school
        self.limit(PlaceKind.AP, AP, 2)
        self.limit(PlaceKind.PROJECT, "", 9)
        for name, mac in (("one", PHONE), ("two", LAPTOP)):
            self.login(name, mac)
            self.report(START, name, mac)
        school.reservations.places = Places()
        self.assertEqual(self.use(), [0, 0])
        self.recount()
        self.assertEqual(self.use(), [2, 2])
        self.assertEqual(self.login("three", "a4:5e:60:00:00:03"), "place_full")
        self.report(STOP, "two", LAPTOP)
        self.login("three", "a4:5e:60:00:00:03")
        self.recount()
        self.assertEqual(self.use(), [2, 2])
        school.clock.advance(660)
        self.recount()
        self.assertEqual(self.use(), [0, 0])

    def test_counted_before_the_first_login(self) -> None:
        """A start counts at once, before anybody waits for a thread: the very first login meets a full place."""
        school = self.school
        self.limit(PlaceKind.AP, AP, 1)
        self.login("one", PHONE)
        self.report(START, "one", PHONE)
        school.reservations.places = places = Places()
        places.count_first(school.store.reader, school.tables, school.now())
        self.assertEqual(self.use(), [1])
        self.assertEqual(self.login("two", LAPTOP), "place_full")

    def test_a_changed_limit_wants_a_count(self) -> None:
        """Whoever was at a place before it was limited is counted at once, also if the limit changes during a count."""
        school = self.school
        places, read = school.reservations.places, school.store.read
        self.assertFalse(places.is_behind(school.tables))
        self.login("one", PHONE)
        self.report(START, "one", PHONE)
        self.limit(PlaceKind.AP, AP, 1)
        self.assertTrue(places.is_behind(school.tables))
        waiting: Deferred[Any] = Deferred()

        def slow(work: Any) -> Any:
            found = read(work)
            return waiting.addCallback(lambda _: found)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(school.store, "read", slow)
            done = Deferred.fromCoroutine(places.recount(school.store, school.tables, NOW))
            self.limit(PlaceKind.SSID, "Dorm", 1)
            waiting.callback(None)
            self.successResultOf(done)
        self.assertEqual((self.use(), places.is_behind(school.tables)), ([1, 0], True))
        self.recount()
        self.assertEqual((self.use(), places.is_behind(school.tables)), ([1, 1], False))
        school.reload()
        self.assertFalse(places.is_behind(school.tables))
        self.assertEqual(self.login("two", LAPTOP), "place_full")

    def test_what_is_reported_during_a_recount_counts(self) -> None:
        """A session that ends while the books are read is not counted after all."""
        school = self.school
        self.limit(PlaceKind.AP, AP, 2)
        self.login("one", PHONE)
        self.report(START, "one", PHONE)
        places, read = school.reservations.places, school.store.read
        waiting: Deferred[Any] = Deferred()

        def slow(work: Any) -> Any:
            found = read(work)
            return waiting.addCallback(lambda _: found)

        self.patch(school.store, "read", slow)
        done = Deferred.fromCoroutine(places.recount(school.store, school.tables, NOW))
        self.report(STOP, "one", PHONE)
        waiting.callback(None)
        self.successResultOf(done)
        self.assertEqual(self.use(), [0])

    def test_unlimited_places_are_not_counted(self) -> None:
        """Without limits nothing is kept, whoever reports."""
        self.login("one", PHONE)
        self.report(START, "one", PHONE)
        self.recount()
        self.assertEqual(self.school.reservations.places._count.where, {})
        self.assertEqual(self.use(), [])

    def test_devices_of_a_network_entry_share_its_limit(self) -> None:
        """A limit on an access device names its entry: the limit goes with the name."""
        self.limit(PlaceKind.NAS, "no such device", 0)
        self.assertEqual(self.login("one", PHONE), "accepted")
        self.assertEqual(self.use(), [0])

    def use(self) -> list[int]:
        school = self.school
        return [
            one.current for one in school.reservations.places.use(school.tables, school.project, school.now())
        ]

    def recount(self) -> None:
        school = self.school
        school.run(school.reservations.places.recount(school.store, school.tables, school.now()))


class KickTests(SynchronousTestCase):
    """`when_full = "kick_oldest"`: a new device gets in, an old one has to go, and they do not take turns for ever."""

    def setUp(self) -> None:
        self.school = school = School()
        plan = school.plan()
        policy = replace(plan.terms.policy, when_full=WhenFull.KICK_OLDEST)
        self.account_id = school.person("20260001", school.plan("kicking", policy=policy))

    def online(self, mac: str, sid: str) -> str:
        said = reason(self.school.login("20260001", "pass-word", mac, None))
        if said == "accepted":
            self.school.report(START, mac=mac, ip=None, sid=sid)
        return said

    def test_the_oldest_is_ended_at_its_device(self) -> None:
        """The phone gets a Disconnect-Request, with an audit line; the laptop is online, and nobody else is asked."""
        school = self.school
        self.online(PHONE, "P1")
        school.clock.advance(60)
        self.assertEqual(self.online(LAPTOP, "L1"), "accepted")
        self.assertEqual([key for key, _, _ in school.effects()], ["disconnect:1"])
        school.dispatch()
        self.assertEqual(school.control.kinds(), ["disconnect"])
        ((after,),) = school.rows("SELECT after FROM audit WHERE action = 'session.disconnect'")
        self.assertIn("kick_oldest", after)
        self.assertIn(LAPTOP, after)

    def test_two_devices_do_not_take_turns(self) -> None:
        """The phone that had to go is refused for ten minutes, silently or not; then it may push back once."""
        school = self.school
        self.online(PHONE, "P1")
        school.clock.advance(60)
        self.online(LAPTOP, "L1")
        school.report(STOP, 60, mac=PHONE, ip=None, sid="P1")
        for _ in range(9):
            school.clock.advance(60)
            school.report(INTERIM, mac=LAPTOP, ip=None, sid="L1")
            self.assertEqual(self.online(PHONE, "P2"), "too_many_sessions")
        school.clock.advance(60)
        school.report(INTERIM, mac=LAPTOP, ip=None, sid="L1")
        self.assertEqual(self.online(PHONE, "P2"), "accepted")

    def test_many_devices_do_not_take_turns_either(self) -> None:
        """A fourth kick within ten minutes is refused, whichever new device comes, and so for ten minutes."""
        school = self.school
        said = []
        for number in range(5):
            said.append(self.online(f"a4:5e:60:00:00:{number:02x}", f"S{number}"))
            if number:
                school.report(STOP, 60, mac=f"a4:5e:60:00:00:{number - 1:02x}", ip=None, sid=f"S{number - 1}")
            school.clock.advance(60)
        self.assertEqual(said, ["accepted"] * 4 + ["too_many_sessions"])

    def test_two_logins_at_once(self) -> None:
        """Of two new devices that come together one gets the place: a place that is only reserved is nobody's to free."""
        self.online(PHONE, "P1")
        self.school.clock.advance(60)
        together = [
            reason(self.school.login("20260001", "pass-word", mac, None))
            for mac in (LAPTOP, "a4:5e:60:00:00:09")
        ]
        self.assertEqual(together, ["accepted", "too_many_sessions"])

    def test_forgotten_after_an_hour(self) -> None:
        """What was an hour ago is no fight; memory does not grow with accounts that are gone."""
        school = self.school
        self.online(PHONE, "P1")
        school.clock.advance(60)
        self.online(LAPTOP, "L1")
        self.assertEqual(len(school.reservations.kicks.of(self.account_id, school.now())), 1)
        school.reservations.sweep(school.now() + 3600)
        self.assertEqual(school.reservations.kicks._by_account, {})


def test_access_points_in_whatever_writing() -> None:
    """MACs in the forms of several makers, and names where a device sends names."""
    for called in (
        "00-15-70-91-E2-40:Dorm", "0015-7091-e240:Dorm", "00:15:70:91:e2:40:Dorm", "00157091e240", "00-15-70-91-E2-40",
    ):  # fmt: skip
        assert access_point_of(called) == AP, called
    assert access_point_of("AP-3F-01:Campus") == "ap-3f-01"
    assert access_point_of("") == ""
