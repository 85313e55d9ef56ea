"""Reports about guests: nobody's here, told to the server that knows them, once it can be."""

from __future__ import annotations

import pytest

from tests.fakes.home import says
from tests.flows.roamers import Roamers
from tests.flows.school import INTERIM, ON, START, STOP, first
from zhuomai_appliance.flows import guest_reports
from zhuomai_appliance.flows.proxying import NotAsked
from zhuomai_appliance.radius.packet import Code
from zhuomai_appliance.radius.values import integer_value
from zhuomai_appliance.store import roaming

GUEST = "zhang@edu.cn"


@pytest.fixture
def school() -> Roamers:
    """With a realm elsewhere, and somebody here who is called like its guest."""
    school = Roamers()
    school.person("zhang", school.plan())
    school.away()
    return school


def enter(school: Roamers) -> bytes:
    """A guest's login; the Class it got from us."""
    school.home.script["far"] = [says(Code.ACCESS_ACCEPT, (25, b"their-1"), (25, b"their-2"))]
    return first(school.login(GUEST), 25)


def test_a_guest_is_nobodys_here_and_told_elsewhere(school: Roamers) -> None:
    """The name before the realm is another person's, who is not billed; the server gets its own Class values back."""
    token = enter(school)
    for kind in (START, STOP):
        assert school.report(kind, 60, 1000, 2000, name=GUEST, token=token)
    ((_, account, up, down, _, closed),) = school.sessions()
    assert (account, up, down, closed) == (None, 1000, 2000, "stop")
    school.clock.advance(7)
    assert school.run(school.guests.run()) == 2
    assert [name for name, _ in school.home.reports] == ["far", "far"]
    attributes = school.home.reports[0][1]
    assert [value for number, value in attributes if number == 25] == [b"their-1", b"their-2"]
    assert (41, integer_value(7)) in attributes
    assert (1, GUEST.encode()) in attributes
    assert (32, b"ac1") in attributes
    assert not any(number in (33, 80) for number, _ in attributes)
    assert school.run(school.guests.run()) == 0


def test_without_class_the_name_says_whose_it_is(school: Roamers) -> None:
    """Devices that lose the Class, and realms that went meanwhile: a guest never becomes somebody here."""
    assert school.report(START, name=GUEST)
    assert school.only_session().session.account_id is None
    assert school.run(school.guests.run()) == 1
    assert school.home.reports[0][0] == "near"
    token = enter(school)
    school.write(lambda tx: roaming.remove_realm(tx, school.project, "edu.cn"))
    school.reload()
    assert school.report(START, sid="S2", name=GUEST, token=token, mac=None)
    assert [account for _, account, *_ in school.sessions()] == [None, None]


def test_our_own_class_wins_over_the_realm(school: Roamers) -> None:
    """A device may report our people under another name than they logged in with."""
    token = first(school.login("zhang"), 25)
    assert school.report(START, name=GUEST, token=token)
    assert school.only_session().session.account_id is not None
    assert school.run(school.guests.run()) == 0


def test_a_silent_server_is_told_later(school: Roamers) -> None:
    """The report waits in the books, longer each time; what was told is forgotten."""
    school.report(START, name=GUEST)
    school.home.takes_reports = False
    assert school.run(school.guests.run()) == 0
    assert [name for name, _ in school.home.reports] == ["near", "far"]
    assert school.run(school.guests.run()) == 0
    assert len(school.home.reports) == 2
    school.clock.advance(guest_reports.AGAIN_SECONDS[0])
    school.home.takes_reports = True
    again = guest_reports.GuestReports(
        school.store, school.vault, school.tables, school.home, school.roster, school.now
    )
    assert again.waiting == 1
    assert school.run(again.run()) == 1
    assert again.waiting == 0


def test_a_report_that_can_never_be_sent_is_given_up(school: Roamers) -> None:
    """One that is too long does not wait for three days in front of the others."""
    school.report(START, name=GUEST)
    school.home.refuses = dict.fromkeys(("near", "far"), NotAsked("busy", is_hopeless=False))
    assert school.run(school.guests.run()) == 0
    assert school.guests.waiting == 1
    school.clock.advance(guest_reports.AGAIN_SECONDS[0])
    school.home.refuses = dict.fromkeys(("near", "far"), NotAsked("too long", is_hopeless=True))
    school.run(school.guests.run())
    assert (school.guests.waiting, school.guests.counters["report_dropped"]) == (0, 1)


def test_a_backlog_is_told_in_one_go(school: Roamers) -> None:
    """A server that was away for long is not told two hundred a second."""
    for number in range(guest_reports.AT_ONCE + 50):
        school.report(START, sid=f"S{number}", name=GUEST, mac=None)
    assert school.run(school.guests.run()) == guest_reports.AT_ONCE + 50


def test_dead_servers_are_not_asked_for_each_report(school: Roamers) -> None:
    """A thousand reports for a dead server are not a thousand waits."""
    for server in school.servers.values():
        for _ in range(3):
            school.roster.was_silent(server)
    school.report(START, name=GUEST)
    assert school.run(school.guests.run()) == 0
    assert not school.home.reports
    assert school.guests.waiting == 1


def test_the_queue_is_bounded(school: Roamers, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interim reports are left out first, then all; the device is answered all the same and our row is whole."""
    monkeypatch.setattr(guest_reports, "WAITING_REPORTS", 2)
    monkeypatch.setattr(guest_reports, "WAITING_INTERIMS", 1)
    for kind, seconds in ((START, 0), (INTERIM, 60), (STOP, 90), (STOP, 90)):
        assert school.report(kind, seconds, seconds, seconds, name=GUEST)
    assert school.guests.waiting == 2
    assert school.guests.counters["report_dropped"] == 2
    assert school.only_session().session.session_seconds == 90


def test_old_reports_and_logins_are_given_up(school: Roamers) -> None:
    """Nobody keeps for ever what no server takes."""
    enter(school)
    school.report(START, name=GUEST)
    school.clock.advance(guest_reports.KEPT_SECONDS + 1)
    school.run(school.guests.tidy())
    assert school.rows("SELECT count(*) FROM roaming_report") == [(0,)]
    assert school.rows("SELECT count(*) FROM roaming_login") == [(1,)]
    school.clock.advance(guest_reports.LOGINS_KEPT_SECONDS)
    school.run(school.guests.tidy())
    assert school.rows("SELECT count(*) FROM roaming_login") == [(0,)]


def test_a_restart_of_the_device_is_told_nobody(school: Roamers) -> None:
    """Accounting-On is about the device, which is ours."""
    assert school.report(ON, name="", sid="")
    assert school.guests.waiting == 0
