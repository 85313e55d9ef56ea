"""Reports that are recorded together leave the books that they leave one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import GB, INTERIM, NOW, START, STOP, School, result
from zhuomai_appliance.flows.session_report import Recorded
from zhuomai_appliance.model.products import AccessPolicy, OnExhaust
from zhuomai_appliance.model.traffic import RateLimit
from zhuomai_appliance.store.interface import Row, Transaction


class Together:
    """A store that keeps what may share a call until `flush` works on all of it in one task."""

    def __init__(self, school: School) -> None:
        self._store = school.store
        self._waiting: list[Any] = []
        self._work: Any = None
        self.answers: list[Any] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def write_together(
        self,
        work: Callable[[Transaction, Sequence[Any]], Sequence[Any]],
        item: Any,
        *,
        droppable: bool = False,
    ) -> Deferred[Any]:
        self._work = work
        self._waiting.append(item)
        return succeed(Recorded(None, effects=False))

    def flush(self) -> int:
        """How many were recorded together."""
        items, self._waiting = self._waiting, []
        if items:
            self.answers = result(self._store.write(lambda tx: self._work(tx, items)))
        return len(items)


def books(school: School) -> tuple[list[Row], ...]:
    """Everything that accounting writes, whatever the order in which rows were made."""
    return (
        school.rows(
            "SELECT acct_session_id, account_id, mac, ip, started_at, updated_at, seen_at, session_seconds, input_octets,"
            " output_octets, stopped_at, cause, closed_by, start_lost, anomalies, plan_name, interim_seconds"
            " FROM session ORDER BY 1, 5"
        ),
        school.rows(
            "SELECT s.acct_session_id, s.started_at, u.subscription_id, u.day, u.account_id, u.input_octets,"
            " u.output_octets, u.seconds FROM usage u JOIN session s ON s.id = u.session_id ORDER BY 1, 2, 3, 4"
        ),
        school.rows(
            "SELECT s.acct_session_id, s.started_at, f.subscription_id, f.day, f.since, f.until, f.input_octets,"
            " f.output_octets, f.seconds FROM usage_fact f JOIN session s ON s.id = f.session_id"
            " ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9"
        ),
        school.rows("SELECT account_id, chain, covered_until, next_change_at FROM entitlement ORDER BY 1"),
        school.rows(
            "SELECT id, state, starts_at, ends_at, octets_left, seconds_left FROM subscription ORDER BY 1"
        ),
        school.rows(
            "SELECT a.acct_session_id FROM outbox o JOIN session a ON o.key LIKE '%:' || a.id ORDER BY 1"
        ),
    )


PEOPLE = 3


def a_school() -> School:
    """One with a plan that counts nothing, one with little data and another pack behind it, one who is slowed down."""
    school = School()
    slow = AccessPolicy(
        on_exhaust=OnExhaust.THROTTLE, throttle=RateLimit(up_bps=1_000_000, down_bps=1_000_000)
    )
    school.person("20260001", school.plan())
    school.person("20260002", school.pack(4000, "small"), school.pack(3000, "next"))
    school.person("20260003", school.pack(2500, "slow", policy=slow))
    return school


Report = tuple[int, int, int, int, int]
"""Whose (0 to 2), the kind, session seconds, octets, and which of the person's addresses."""


@st.composite
def deliveries(draw: st.DrawFn, /) -> list[list[Report]]:
    """Sessions of three people, their packets shuffled, copied and lost, arriving in groups."""
    packets: list[Report] = []
    for who in range(PEOPLE):
        seconds, octets = 0, 0
        steps = draw(st.lists(st.tuples(st.integers(1, 400), st.integers(0, 1500)), min_size=1, max_size=6))
        story = [(who, START, 0, 0, 0)]
        for number, (more, used) in enumerate(steps, 1):
            seconds, octets = seconds + more, octets + used
            kind = STOP if number == len(steps) and draw(st.booleans()) else INTERIM
            story.append((who, kind, seconds, octets, draw(st.integers(0, 1))))
        packets += [packet for packet in story for _ in range(draw(st.sampled_from((0, 1, 1, 1, 2))))]
    order = draw(st.permutations(packets)) if draw(st.booleans()) else packets
    groups: list[list[Report]] = []
    while order:
        size = draw(st.integers(1, 12))
        groups.append(list(order[:size]))
        order = order[size:]
    return groups


def send(school: School, packet: Report) -> None:
    who, kind, seconds, octets, address = packet
    school.report(
        kind,
        seconds,
        octets,
        octets // 3,
        sid=f"S{who}",
        name=f"2026000{who + 1}",
        mac=f"a4:5e:60:00:00:0{who}",
        ip=f"10.9.{address}.{who}",
        at=NOW + seconds,
    )


@given(deliveries())
@settings(max_examples=60, deadline=None)
def test_a_group_leaves_what_its_reports_leave_one_by_one(groups: list[list[Report]]) -> None:
    """Sessions, usage, chains, subscriptions and effects are the same, whatever the groups."""
    single, grouped = a_school(), a_school()
    together = Together(grouped)
    grouped.accounting._store = together
    for group in groups:
        for school in (single, grouped):
            school.clock.advance(10)
            for packet in group:
                send(school, packet)
        together.flush()
        assert books(grouped) == books(single)
    grouped.check_usage()


class SharedTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = School()
        self.together = Together(self.school)
        self.school.accounting._store = self.together

    def report(self, kind: int, seconds: int, up: int, device: int, **more: Any) -> None:
        self.school.report(
            kind,
            seconds,
            up,
            sid=f"S{device}",
            mac=f"a4:5e:60:00:00:0{device}",
            ip=f"10.9.0.{device}",
            **more,
        )

    def test_two_devices_draw_from_one_pack(self) -> None:
        """Both sessions of a group are charged to one chain, and its end cuts both of them once."""
        school = self.school
        school.person("20260001", school.pack(1 * GB))
        for device in (1, 2):
            self.report(START, 0, 0, device)
        self.together.flush()
        school.clock.advance(300)
        for device in (1, 2):
            self.report(INTERIM, 300, 600_000_000, device)
        self.together.flush()
        self.assertEqual(school.subscriptions(), [(1, "exhausted", 0)])
        self.assertEqual([row[0].split(":")[0] for row in school.effects()], ["disconnect"] * 2)
        self.assertEqual([answer.effects for answer in self.together.answers], [False, True])
        school.check_usage()

    def test_a_session_that_ends_and_its_last_report_in_one_group(self) -> None:
        """Interim and Stop of one session share a group: the Stop's totals stand, and an end is written once."""
        school = self.school
        school.person("20260001", school.pack(10 * GB))
        self.report(START, 0, 0, 1)
        self.together.flush()
        school.clock.advance(300)
        for kind, seconds, up in (
            (INTERIM, 100, 700),
            (INTERIM, 200, 900),
            (STOP, 300, 1500),
            (INTERIM, 250, 1000),
        ):
            self.report(kind, seconds, up, 1, at=NOW + seconds)
        self.assertEqual(self.together.flush(), 4)
        self.assertEqual(school.sessions(), [("S1", 1, 1500, 0, 300, "stop")])
        self.assertEqual(school.usage(), [(1, 0, 1500, 0, 300)])

    def test_midnight_divides_what_a_group_used(self) -> None:
        """A report over local midnight is kept by day, in a group too."""
        school = self.school
        school.person("20260001", school.pack(10 * GB))
        self.report(START, 0, 0, 1)
        self.report(START, 0, 0, 2)
        self.together.flush()
        school.clock.advance(86_400)
        for device in (1, 2):
            self.report(INTERIM, 86_400, 86_400_000, device)
        self.together.flush()
        self.assertEqual({row[1] for row in school.usage()}, {0, 1})
        school.check_usage()
