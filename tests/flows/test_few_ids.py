"""Devices that use their session ids at random: whatever they say in whatever order, every report is recorded."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

import pytest

from tests.flows.school import DAY, INTERIM, LAPTOP, LAPTOP_IP, ON, PHONE, PHONE_IP, START, STOP, School
from tests.flows.test_report_group import Together, books
from zhuomai_appliance.model.moment import Period, PeriodUnit
from zhuomai_appliance.radius.values import integer_value
from zhuomai_appliance.store import sessions
from zhuomai_appliance.store.interface import Transaction

CLIENTS = ((PHONE, PHONE_IP), (LAPTOP, LAPTOP_IP), ("a4:5e:60:00:00:03", "10.9.0.3"), (None, None))
SHANGHAI_SECONDS = 8 * 3600
SEQUENCES = 120
COPIED_SEQUENCES = 80
REPORTS = 24


class Said(NamedTuple):
    """A report, how old it is when it arrives, and the seconds that pass before it does."""

    sid: str
    kind: int
    client: int
    seconds: int
    octets: int
    delay: int
    token: bytes
    wait: int


def end_all(tx: Transaction) -> None:
    for one in sessions.open_sessions(tx):
        sessions.close_stale(tx, one.session.id, one.seen_at)


class Schools:
    """One school that records each report by itself, one that records them in groups; both empty for each sequence."""

    def __init__(self) -> None:
        self.single, self.grouped = School(), School()
        self.together = Together(self.grouped)
        self.grouped.accounting._store = self.together
        for school in self:
            school.person("20260001", school.plan(period=Period(PeriodUnit.MONTH, 12)))

    def __iter__(self) -> Iterator[School]:
        return iter((self.single, self.grouped))

    def empty(self) -> None:
        """Nothing is known any more, and it is a little before midnight."""
        for school in self:
            school.clock.advance(DAY - (school.now() + SHANGHAI_SECONDS + 3) % DAY)
            for table in ("session", "usage", "outbox"):
                school.sql(f"DELETE FROM {table}")

    def say(self, said: Said) -> None:
        mac, ip = CLIENTS[said.client]
        for school in self:
            school.clock.advance(said.wait)
            school.report(
                said.kind, said.seconds, said.octets, said.octets // 3, (41, integer_value(said.delay)),
                sid=said.sid, mac=mac, ip=ip, token=said.token,
            )  # fmt: skip

    def reap(self) -> None:
        """End every open session as one that fell silent."""
        for school in self:
            school.write(end_all)

    def check(self) -> None:
        """Nothing is lost or counted twice, and a row that is open is the newest of its id."""
        assert books(self.grouped) == books(self.single)
        for school in self:
            school.check_usage()
            assert not school.rows(OPEN_BEHIND_ANOTHER)
            assert not school.rows(OUT_OF_ORDER)
            assert not school.rows(USED_AT_ANOTHER_TIME)


OPEN_BEHIND_ANOTHER = (
    "SELECT s.id FROM session s JOIN session n ON n.acct_session_id = s.acct_session_id"
    " WHERE s.stopped_at IS NULL AND n.started_at > s.started_at"
)
OUT_OF_ORDER = "SELECT id FROM session WHERE updated_at < started_at OR stopped_at < started_at"

USED_AT_ANOTHER_TIME = (
    "SELECT s.id FROM session s JOIN usage u ON u.session_id = s.id"
    f" WHERE u.day < (s.started_at + {SHANGHAI_SECONDS}) / {DAY}"
    f" OR u.day > (s.updated_at + {SHANGHAI_SECONDS}) / {DAY}"
)

CHARGED = "SELECT COUNT(*), SUM(input_octets), SUM(output_octets), SUM(session_seconds) FROM session"


@pytest.fixture(scope="module")
def schools() -> Schools:
    return Schools()


def a_sequence(chance: Random) -> list[Said]:
    """Reports at random of two ids and four clients, all within a minute."""
    waits = chance.choice(((0,), (0, 0, 0, 1), (0, 1, 2, 30)))
    tokens = chance.choice(((b"",), (b"", b"x", b"y")))
    return [
        Said(
            chance.choice(("S1", "S1", "S2")),
            chance.choice((START, INTERIM, INTERIM, STOP)),
            chance.randrange(len(CLIENTS)),
            chance.choice((0, 0, 1, 3, 30)),
            chance.choice((0, 10, 500, 900)),
            chance.choice((0, 0, 1, 2, 30)),
            chance.choice(tokens),
            chance.choice(waits),
        )
        for _ in range(REPORTS)
    ]


def test_rule_6_whatever_few_ids_are_used_for_is_recorded(schools: Schools) -> None:
    """Random reports under two ids, alone and in groups, with restarts and silences between: none fails."""
    for seed in range(SEQUENCES):
        chance = Random(seed)
        schools.empty()
        for said in a_sequence(chance):
            schools.say(said)
            if chance.random() < 0.3:
                schools.together.flush()
                schools.check()
                match chance.randrange(6):
                    case 0:
                        schools.reap()
                    case 1:
                        schools.say(said._replace(kind=ON))
        schools.together.flush()
        schools.check()


def test_rule_6_what_is_said_again_is_counted_once(schools: Schools) -> None:
    """Each report is repeated a second later with a delay as much longer: no row is begun and nothing is charged by that."""
    for seed in range(COPIED_SEQUENCES):
        schools.empty()
        for said in a_sequence(Random(seed)):
            schools.say(said)
            schools.together.flush()
            before = [school.rows(CHARGED) for school in schools]
            schools.say(said._replace(wait=1, delay=said.delay + 1))
            schools.together.flush()
            assert [school.rows(CHARGED) for school in schools] == before, (seed, said)
        schools.check()
