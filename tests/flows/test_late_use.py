"""Use that a device tells of after the plan that it was under has ended."""

from __future__ import annotations

import pytest

from tests.flows.desk_school import WANG, DeskSchool
from tests.flows.school import GB, START, STOP
from zhuomai_appliance.flows import metering, suspensions
from zhuomai_appliance.flows.meter_proof import prove_meters
from zhuomai_appliance.model.products import MeterUnit, PlanKind
from zhuomai_appliance.store.verify import prove


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


@pytest.mark.parametrize(("kind", "left"), [(PlanKind.DATA, 25 * GB - 80_000_000), (PlanKind.METERED, None)])
def test_what_was_used_before_a_suspension_is_told_after_it(kind: PlanKind, left: int | None) -> None:
    """A device hears of a suspension and reports what its user did until then: the pack is drawn from, the meter charges it."""
    school = DeskSchool("2026-09-01 10:00")
    if kind is PlanKind.DATA:
        account_id = school.person("20260001", school.pack(25 * GB))
    else:
        hourly = school.plan("hourly", kind, 100, period=None, meter_unit=MeterUnit.HOUR)
        account_id = school.person("20260001", hourly)
        school.recharge(account_id, 1000)
    school.go("2026-09-03 09:00")
    school.report(START)
    school.go("2026-09-03 10:00")
    project, reader = school.desk_project, school.store.reader
    seen = suspensions.preview_suspend(reader, project, account_id, school.now())
    school.write(
        lambda tx: suspensions.suspend(
            tx, WANG, school.now(), project, account_id, key="k", expected=seen, reason="away"
        )
    )
    school.report(STOP, 3600, 10_000_000, 70_000_000)
    assert [(state, found) for _, state, found in school.subscriptions()] == [("suspended", left)]
    school.check_usage()
    assert [row[0] for row in school.rows("SELECT charged_fen FROM meter")] == ([] if left else [100])
    school.run(metering.post_all(school.store, school.now()))
    assert [fault for proof in (*prove(reader), prove_meters(reader)) for fault in proof.faults] == []
