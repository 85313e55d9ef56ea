"""Properties of the ledger over generated histories: the order of changes, and undoing all of them (billing rules §19)."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.flows.desk_school import WANG, DeskSchool
from tests.flows.school import INTERIM, SHANGHAI, START
from zhuomai_appliance.billing import ledger as rules
from zhuomai_appliance.flows import metering, purchases, reversals, wallets
from zhuomai_appliance.flows.meter_proof import prove_meters
from zhuomai_appliance.model.commerce import Channel
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.products import MeterUnit, PlanKind, PlanVersion

Step = tuple[str, int]
"""What happens, and by how much: fen of a recharge, a gift or a purchase, seconds of use."""

RICH = 200_000
"""Fen at the beginning: what is short would depend on the order."""

steps = st.lists(
    st.one_of(
        st.tuples(st.just("recharge"), st.integers(1, 20_000)),
        st.tuples(st.just("gift"), st.integers(1, 5_000)),
        st.tuples(st.just("use"), st.integers(1, 7_200)),
        st.tuples(st.just("post"), st.just(0)),
        st.tuples(st.just("buy"), st.just(1234)),
    ),
    min_size=2,
    max_size=8,
)


def recharge(school: DeskSchool, account: AccountId, amount: int, bonus: int = 0) -> None:
    school.write(
        lambda tx: purchases.recharge(
            tx, project_id=school.project, account_id=account, amount_fen=Fen(amount), zone=SHANGHAI, at=school.now(),
            operator="wangmin", shift="wangmin", bonus_fen=Fen(bonus),
        )
    )  # fmt: skip


def lived(history: list[Step]) -> int:
    """What principal and gifts come to after this history, all use posted, every proof clean."""
    school = DeskSchool()
    hourly = school.plan("hourly", PlanKind.METERED, 137, period=None, meter_unit=MeterUnit.HOUR)
    monthly = school.plan(price=1234)
    account = school.person("20260001", hourly)
    recharge(school, account, RICH)
    school.report(START)
    used = 0
    for what, amount in history:
        if what == "use":
            used += amount
            school.clock.advance(amount)
            school.report(INTERIM, used)
        elif what == "buy":
            school.buy(school.person(f"x{school.now()}-{len(school.rows('SELECT id FROM account'))}"), monthly, Channel.BALANCE, payer=account)  # fmt: skip
        elif what == "post":
            school.run(metering.post_all(school.store, school.now()))
        else:
            recharge(school, account, amount, amount if what == "gift" else 0)
    school.run(metering.post_all(school.store, school.now()))
    assert school.faults() == []
    assert prove_meters(school.store.reader).faults == ()
    return wallets.held(school.store.reader, school.project, account).total_fen


@given(steps, st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_p8_the_order_of_recharges_and_charges_does_not_matter(history: list[Step], random: object) -> None:
    """P8: recharges, gifts, purchases for others and metered use in any order leave the same money."""
    other = list(history)
    random.shuffle(other)  # type: ignore[attr-defined]
    assert lived(history) == lived(other)


@given(
    st.lists(
        st.tuples(st.sampled_from(("recharge", "cash", "wallet", "agent")), st.integers(1, 9_999)), max_size=8
    )
)
@settings(max_examples=30, deadline=None)
def test_p10_undoing_all_from_the_last_leaves_every_balance_at_zero(history: list[Step]) -> None:
    """P10: whatever was paid in and bought: undone from the last to the first, no account holds a fen."""
    school = DeskSchool()
    account = school.person("20260001")
    plans: dict[int, PlanVersion] = {}
    for what, amount in history:
        school.clock.advance(60)
        if what == "recharge":
            recharge(school, account, amount, amount // 5)
            continue
        plan = plans.setdefault(amount, school.plan(f"plan {amount}", price=amount))
        try:
            if what == "agent":
                paid = rules.debits(
                    (rules.agent(7), amount * 95 // 100), (rules.COMMISSION, amount - amount * 95 // 100)
                )
                school.buy(account, plan, Channel.AGENT, agent=7, paid_by=paid)
            else:
                school.buy(
                    account, plan, Channel.CASH if what == "cash" else Channel.BALANCE, shift="wangmin"
                )
        except purchases.NotEnoughMoney:
            continue
    postings = [number for (number,) in school.rows("SELECT id FROM posting ORDER BY id DESC")]
    for number in [*postings, *postings]:
        school.write(
            lambda tx, n=number: reversals.reverse(tx, WANG, school.now(), school.desk_project, n, "undone")  # type: ignore[misc]
        )
    assert school.rows("SELECT * FROM ledger_balance WHERE balance_fen <> 0") == []
    assert school.rows("SELECT COUNT(*) FROM posting") == [(2 * len(postings),)]
    assert school.dates(account) == []
    assert school.faults() == []
