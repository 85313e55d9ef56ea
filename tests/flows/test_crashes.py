"""A crash at any statement of a change of money leaves nothing half done, and the next try does it once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.flows.desk_school import WANG, DeskSchool
from tests.flows.school import SHANGHAI, START, STOP
from tests.flows.test_cards import CardBook
from zhuomai_appliance.flows import desk, metering, purchases, redemption, refunds
from zhuomai_appliance.flows.meter_proof import prove_meters
from zhuomai_appliance.flows.refund_money import RefundWish
from zhuomai_appliance.model.commerce import Channel
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.products import MeterUnit, PlanKind
from zhuomai_appliance.model.refunds import Destination
from zhuomai_appliance.store.interface import Transaction

MOST = 200
"""No change of money here has so many statements."""


class PowerCut(Exception):
    """The machine stops here."""


class Failing:
    """A transaction that stops before its n-th statement, counted from 0, whether it reads or writes."""

    def __init__(self, tx: Transaction, at: int) -> None:
        self._tx, self._left = tx, at

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._tx, name)

        def statement(*given: Any, **params: Any) -> Any:
            if self._left == 0:
                raise PowerCut
            self._left -= 1
            return found(*given, **params)

        return statement


class FailingStore:
    """A store whose writes stop before their n-th statement."""

    def __init__(self, school: DeskSchool, at: int) -> None:
        self._store, self._at = school.store, at

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def write(self, task: Callable[[Any], Any], **more: Any) -> Any:
        return self._store.write(lambda tx: task(Failing(tx, self._at)), **more)


Attempt = Callable[[int | None], object]
"""A change of money; with a number it stops before that statement."""


def one_write(school: DeskSchool, task: Callable[[Transaction], object]) -> Attempt:
    """The attempts of a flow that is one transaction."""

    def attempt(at: int | None) -> object:
        return school.write(lambda tx: task(tx if at is None else Failing(tx, at)))

    return attempt


def buying(school: DeskSchool) -> Attempt:
    """A plan from the wallet, principal first and then gifts."""
    account, plan = school.person("20260001"), school.plan()
    school.write(
        lambda tx: purchases.recharge(
            tx, project_id=school.project, account_id=account, amount_fen=Fen(2000), zone=SHANGHAI, at=school.now(),
            operator="wangmin", shift="wangmin", bonus_fen=Fen(1500),
        )
    )  # fmt: skip
    return one_write(
        school,
        lambda tx: desk.sell(tx, WANG, school.now(), school.desk_project, account, plan, Channel.BALANCE),
    )


def recharging(school: DeskSchool) -> Attempt:
    """Cash into the wallet of somebody who has nothing, with a gift."""
    account = school.person("20260001")
    return one_write(
        school,
        lambda tx: purchases.recharge(
            tx, project_id=school.project, account_id=account, amount_fen=Fen(5000), zone=SHANGHAI, at=school.now(),
            operator="wangmin", shift="wangmin", bonus_fen=Fen(1000),
        ),
    )  # fmt: skip


def redeeming(school: DeskSchool) -> Attempt:
    """A card into the wallet."""
    account, book = school.person("20260001"), CardBook(school)
    printing = book.printed(3, 5000)
    book.sell(printing.batch.id, 1, 3)
    card = printing.cards()[1]
    return one_write(
        school,
        lambda tx: redemption.redeem(
            tx,
            school.vault,
            WANG,
            school.now(),
            school.desk_project,
            account,
            card.number,
            card.pin,
            "10.9.0.1",
        ),
    )


def refunding(school: DeskSchool) -> Attempt:
    """Cash back for a purchase of which half is left."""
    account = school.person("20260001")
    bought: Any = school.pay(account, school.plan())
    school.go("2026-09-16 00:00")
    school.pass_days()
    wish = RefundWish(account, Destination.CASH, "moves", bought)
    asked = school.write(
        lambda tx: refunds.request(tx, school.vault, WANG, school.now(), school.desk_project, wish)
    )
    return one_write(school, lambda tx: refunds.pay(tx, WANG, school.now(), school.desk_project, asked.id))


def posting_use(school: DeskSchool) -> Attempt:
    """What an hour and a half cost, more than the wallet holds."""
    plan = school.plan("hourly", PlanKind.METERED, 100, period=None, meter_unit=MeterUnit.HOUR)
    account = school.person("20260001", plan)
    school.recharge(account, 120)
    school.report(START)
    school.clock.advance(5400)
    school.report(STOP, 5400)

    def attempt(at: int | None) -> object:
        store: Any = school.store if at is None else FailingStore(school, at)
        return school.run(metering.post_all(store, school.now()))

    return attempt


def books(school: DeskSchool) -> list[str]:
    """Every row of every table."""
    return list(school.store._connection.iterdump())


@pytest.mark.parametrize("prepare", [buying, recharging, redeeming, refunding, posting_use])
def test_a_crash_at_each_statement_does_nothing_and_the_next_try_does_it_once(
    prepare: Callable[[DeskSchool], Attempt],
) -> None:
    """Stopped before its first, second, … last statement it changed no row; then it is done, as where nothing ever failed."""
    school, lucky = DeskSchool(), DeskSchool()
    attempt, once = prepare(school), prepare(lucky)
    before = books(school)
    assert before == books(lucky)
    crashes = 0
    for at in range(MOST):
        try:
            attempt(at)
        except PowerCut:
            crashes += 1
            assert books(school) == before, f"a crash before statement {at} left something behind"
        else:
            break
    assert crashes > 5
    once(None)
    assert books(school) == books(lucky)
    assert books(school) != before
    for one in (school, lucky):
        assert one.faults() == []
        assert prove_meters(one.store.reader).faults == ()
