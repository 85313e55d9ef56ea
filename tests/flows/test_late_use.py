"""Use that a device tells of after the plan that it was under has ended."""

from __future__ import annotations

from tests.flows.desk_school import DeskSchool
from tests.flows.school import GB, START, STOP


def test_a_stop_after_the_end_of_an_allowance_is_kept_and_every_proof_holds() -> None:
    """The plan ended at ten and the chain moved on; the Stop of ten o'clock comes a minute later: the plan that ended bears it."""
    school = DeskSchool("2026-09-01 10:00")
    account_id = school.person("20260001", school.pack(25 * GB))
    school.go("2026-10-01 09:00")
    ended = school.now() + 3600
    school.report(START)
    school.go("2026-10-01 10:01")
    school.pass_days()
    assert school.dates(account_id) == []
    school.report(STOP, 3600, 5_000_000, 70_000_000, at=ended)
    assert school.subscriptions() == [(1, "finished", 25 * GB)]
    assert [row[:1] + row[2:] for row in school.usage()] == [(1, 5_000_000, 70_000_000, 3600)]
    school.check_usage()
    assert school.faults() == []
