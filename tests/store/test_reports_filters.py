"""Each filter of the long lists chooses exactly the rows that have its value, and only of the projects that are asked for."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_network

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import LAPTOP, LAPTOP_IP, NOW, PHONE, PHONE_IP, START, STOP, School
from zhuomai_appliance.model.access import AccessKind
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.store import network, reports
from zhuomai_appliance.store.reports import (
    AttemptFilter,
    AttemptRow,
    OnlineFilter,
    Page,
    SessionFilter,
    SessionRow,
)

ALL = Page(limit=1000)


class FilterTests(SynchronousTestCase):
    """Two projects, a device each, the same client addresses in both."""

    def setUp(self) -> None:
        self.school = school = School()
        self.reader = school.store.reader
        theirs = school.write(lambda tx: network.add_project(tx, "other", "UTC", NOW))
        self.ours, self.theirs = (school.project,), (theirs,)
        self.far = school.add_nas(project_id=theirs, name="ac2", address=ip_network("192.0.2.77"))
        self.first = school.person("20260001", school.plan())
        self.second = school.person("20260002", school.plan("dear"))
        for nas in (school.nas, self.far):
            school.report(START, sid="A", nas=nas)
            school.report(STOP, 10, 5, 5, sid="A", at=NOW + 10, nas=nas)
            school.report(START, sid="B", nas=nas, mac=LAPTOP, ip=LAPTOP_IP, name="20260002")
            school.report(START, sid="C", nas=nas, name="20260001", mac="a4:5e:60:00:00:03", ip="10.9.1.4")
        school.sql(
            "UPDATE session SET access_kind = '802.1x', plan_name = 'dear' WHERE acct_session_id = 'B'"
        )
        school.sql("UPDATE session SET seen_at = seen_at - 10000 WHERE acct_session_id = 'C'")

    def test_sessions(self) -> None:
        """By every column; the rows of the other project are found under its own name alone."""
        everything = reports.sessions(self.reader, (), SessionFilter(), ALL)
        self.assertEqual(len(everything), 6)
        middle = everything[2].id
        cases: list[tuple[SessionFilter, Callable[[SessionRow], bool]]] = [
            (SessionFilter(), lambda row: True),
            (SessionFilter(id=middle), lambda row: row.id == middle),
            (SessionFilter(account_id=self.first), lambda row: row.account_id == self.first),
            (SessionFilter(username="20260002"), lambda row: row.username == "20260002"),
            (SessionFilter(nas="ac2"), lambda row: row.nas == "ac2"),
            (SessionFilter(nas_ip=self.far.host), lambda row: row.nas_ip == self.far.host),
            (SessionFilter(mac=LAPTOP), lambda row: row.mac == LAPTOP),
            (SessionFilter(ip=PHONE_IP), lambda row: row.ip == PHONE_IP),
            (SessionFilter(plan="dear"), lambda row: row.plan == "dear"),
            (SessionFilter(acct_session_id="C"), lambda row: row.acct_session_id == "C"),
            (SessionFilter(state="open"), lambda row: row.stopped_at is None),
        ]
        for projects in (self.ours, self.theirs):
            for chosen, fits in cases:
                want = [row for row in everything if row.project_id in projects and fits(row)]
                self.assertEqual(reports.sessions(self.reader, projects, chosen, ALL), want, chosen)
            own = [row for row in everything if row.project_id in projects]
            up = reports.sessions(self.reader, projects, SessionFilter(), Page(own[0].id))
            down = reports.sessions(
                self.reader, projects, SessionFilter(), Page(own[2].id, newest_first=True)
            )
            self.assertEqual((up, down), (own[1:], own[1::-1]))

    def test_online_rows_and_sums_agree(self) -> None:
        """Whatever narrows the page narrows its sums."""
        now = self.school.now()
        everything = reports.online(self.reader, (), OnlineFilter(), ALL, now).rows
        self.assertEqual(len(everything), 4)
        cases: list[tuple[OnlineFilter, Callable[[SessionRow], bool]]] = [
            (OnlineFilter(), lambda row: True),
            (OnlineFilter(words="0002"), lambda row: row.username == "20260002"),
            (OnlineFilter(nas_id=self.far.id), lambda row: row.nas_id == self.far.id),
            (OnlineFilter(account_id=self.first), lambda row: row.account_id == self.first),
            (OnlineFilter(access_kind=AccessKind.DOT1X), lambda row: row.access_kind is AccessKind.DOT1X),
            (OnlineFilter(suspect=True), lambda row: row.is_suspect(now)),
        ]
        for projects in (self.ours, self.theirs):
            for chosen, fits in cases:
                want = [row for row in everything if row.project_id in projects and fits(row)]
                page = reports.online(self.reader, projects, chosen, ALL, now)
                self.assertEqual((list(page.rows), page.sums.sessions), (want, len(want)), chosen)

    def test_attempts(self) -> None:
        """By every column, and a look-up code of one project leads nowhere in another."""
        school = self.school
        for nas in (school.nas, self.far):
            school.login(nas=nas)
            school.login(password="wrong", nas=nas)
            school.clock.advance(1)
            school.login("20260002", mac=LAPTOP, ip=LAPTOP_IP, nas=nas)
        everything = reports.attempts(self.reader, (), AttemptFilter(), ALL)
        self.assertEqual(len(everything), 6)
        codes = [row.lookup_code for row in everything if row.lookup_code]
        late = everything[-1].at
        cases: list[tuple[AttemptFilter, Callable[[AttemptRow], bool]]] = [
            (AttemptFilter(), lambda row: True),
            (AttemptFilter(account_id=AccountId(1)), lambda row: row.account_id == 1),
            (AttemptFilter(username="20260001"), lambda row: row.username == "20260001"),
            (AttemptFilter(nas="ac2"), lambda row: row.nas == "ac2"),
            (AttemptFilter(mac=PHONE), lambda row: row.mac == PHONE),
            (AttemptFilter(ip=LAPTOP_IP), lambda row: row.ip == LAPTOP_IP),
            (AttemptFilter(from_at=late), lambda row: row.at >= late),
            (AttemptFilter(to_at=late), lambda row: row.at < late),
            *((AttemptFilter(lookup_code=code), _has(code)) for code in codes),
        ]
        for projects in (self.ours, self.theirs):
            for chosen, fits in cases:
                want = [row for row in everything if row.project_id in projects and fits(row)]
                self.assertEqual(reports.attempts(self.reader, projects, chosen, ALL), want, chosen)


def _has(code: str) -> Callable[[AttemptRow], bool]:
    return lambda row: row.lookup_code == code
