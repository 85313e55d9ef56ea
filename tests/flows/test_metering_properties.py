"""Priced use under whatever a network does to reports: charged once, never lost, the same in groups, rated anew to the fen."""

from __future__ import annotations

from functools import partial

from hypothesis import given, settings

from tests.flows.school import NOW, School
from tests.flows.test_report_group import Report, Together, books, deliveries, send
from zhuomai_appliance.billing import ledger as rules
from zhuomai_appliance.flows import metering
from zhuomai_appliance.flows.meter_proof import prove_meters
from zhuomai_appliance.model.commerce import PostingKind
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.plan_rules import MeterRules, PriceWindow
from zhuomai_appliance.model.products import AccessPolicy, Caps, MeterUnit, OnExhaust, PlanKind
from zhuomai_appliance.store import ledger
from zhuomai_appliance.store.interface import Transaction
from zhuomai_appliance.store.verify import prove


def post_opening(tx: Transaction, project: ProjectId, key: str, lines: rules.Lines) -> None:
    ledger.post(
        tx, project_id=project, kind=PostingKind.OPENING, effect=key, order_no=None, operator="", at=NOW, memo="",
        lines=lines,
    )  # fmt: skip


def a_priced_school() -> School:
    """By the hour with a short wallet and a cheaper hour; a pack that goes on at a price; a pack with a free hour and caps."""
    school = School()
    cheap = PriceWindow(10 * 60 + 5, 10 * 60 + 12, 30_000)
    free = PriceWindow(10 * 60 + 3, 10 * 60 + 15, 0, day_octets=1500)
    hourly = school.plan(
        "hourly",
        PlanKind.METERED,
        90_000,
        period=None,
        meter_unit=MeterUnit.HOUR,
        meter=MeterRules(windows=(cheap,)),
    )
    payg = school.pack(
        1500, "payg", policy=AccessPolicy(on_exhaust=OnExhaust.PAYG),
        meter=MeterRules(payg_price_fen=50_000, payg_unit="hour", payg_month_limit_fen=7_000),
    )  # fmt: skip
    capped = school.pack(9000, "capped", meter=MeterRules(windows=(free,)), caps=Caps(day_octets=4000))
    for name, plan in (("20260001", hourly), ("20260002", payg), ("20260003", capped)):
        account = school.person(name, plan)
        lines = rules.check(rules.transfer(rules.OPENING, rules.wallet(account), 9_000))
        key = f"money:{account}"
        school.write(partial(post_opening, project=school.project, key=key, lines=lines))
    return school


@given(deliveries())
@settings(max_examples=40, deadline=None)
def test_whatever_arrives_is_charged_once_and_rates_anew_to_the_fen(groups: list[list[Report]]) -> None:
    """Packets shuffled, copied, lost and grouped: one by one or together the books are the same, and every proof holds."""
    single, grouped = a_priced_school(), a_priced_school()
    together = Together(grouped)
    grouped.accounting._store = together
    for group in groups:
        for school in (single, grouped):
            school.clock.advance(10)
            for packet in group:
                send(school, packet)
        together.flush()
        assert books(grouped) == books(single)
    assert grouped.rows("SELECT * FROM meter") == single.rows("SELECT * FROM meter")
    grouped.check_usage()
    grouped.run(metering.post_all(grouped.store, grouped.now()))
    reader = grouped.store.reader
    assert [proof.faults for proof in (*prove(reader), prove_meters(reader)) if proof.faults] == []
    for account, principal in grouped.rows(
        "SELECT ledger_account, balance_fen FROM ledger_balance WHERE ledger_account LIKE 'wallet:%'"
    ):
        assert -9_000 <= principal <= 0, account
