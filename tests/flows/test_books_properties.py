"""The books under any history: they balance, a key replays nothing, order does not matter, and all can be undone (§19)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.flows.desk_school import WANG, DeskSchool
from zhuomai_appliance.billing import ledger as rules
from zhuomai_appliance.flows import charges, desk, expenses, receipts, reversals, subjects, till, wallets
from zhuomai_appliance.flows.charges import ChargeWish
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.purchases import NotEnoughMoney
from zhuomai_appliance.model.commerce import Channel, PostingId
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.receipts import ReceiptSeries
from zhuomai_appliance.model.subjects import ExpenseSource, Subject, SubjectKind
from zhuomai_appliance.store.interface import Row, Transaction, Value
from zhuomai_appliance.store.sql import Query
from zhuomai_appliance.store.subjects import NewExpense

LI = Actor("lili", "10.1.1.8")
QUICK = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])

amounts = st.integers(1, 9000)
ways = st.sampled_from((Channel.CASH, Channel.BALANCE))
steps = st.one_of(
    st.tuples(st.just("recharge"), amounts, st.none()),
    st.tuples(st.just("sell"), st.none(), ways),
    st.tuples(st.just("charge"), amounts, ways),
    st.tuples(st.just("expense"), amounts, st.none()),
)
Step = tuple[str, int | None, Channel | None]


class Counter:
    """A desk with one customer, subjects, a plan at 30.00, and numbered receipts."""

    def __init__(self) -> None:
        self.school = school = DeskSchool()
        self.project = school.desk_project
        self.account_id = school.person("20260001")
        self.plan = school.plan(price=3000)
        for code, kind in (("install", SubjectKind.INCOME), ("repair", SubjectKind.EXPENSE)):
            one = Subject(self.project.id, code, code, None, kind)
            self.write(lambda tx, one=one: subjects.put(tx, WANG, school.now(), self.project, one))  # type: ignore[misc]
        series = ReceiptSeries(self.project.id, "A", 6, "示范大学", "")
        self.write(lambda tx: receipts.use_series(tx, WANG, school.now(), self.project, series))

    def write(self, task: Callable[[Transaction], object]) -> object:
        return self.school.write(task)

    def task(self, step: Step) -> Callable[[Transaction], object]:
        what, amount, channel = step
        now, project, person = self.school.now(), self.project, self.account_id
        money = Fen(amount or 0)
        if what == "recharge":
            return lambda tx: desk.recharge(tx, WANG, now, project, person, money)
        if what == "sell":
            return lambda tx: desk.sell(tx, WANG, now, project, person, self.plan, channel or Channel.CASH)
        if what == "charge":
            wish = ChargeWish(person, "install", money, "port 3", channel or Channel.CASH)
            return lambda tx: charges.charge(tx, WANG, now, project, wish)
        new = NewExpense("repair", money, ExpenseSource.BANK, "", "pump")
        return lambda tx: expenses.request(tx, WANG, now, project, new)

    def do(self, step: Step) -> bool:
        """Whether it was done: a wallet may hold too little."""
        try:
            self.write(self.task(step))
        except NotEnoughMoney:
            return False
        return True

    def balances(self) -> dict[str, int]:
        found = self.school.rows(
            "SELECT ledger_account, balance_fen FROM ledger_balance WHERE balance_fen <> 0"
        )
        return dict(found)

    def everything(self) -> dict[str, list[Row]]:
        """All rows of all tables."""
        tables = self.school.rows("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        return {name: self.school.rows(f'SELECT * FROM "{name}"') for (name,) in tables}


@QUICK
@given(st.lists(steps, max_size=10))
def test_p1_books_balance_after_any_history(history: list[Step]) -> None:
    """P1: the lines sum to zero, and every proof over the books holds."""
    counter = Counter()
    for step in history:
        counter.do(step)
    assert sum(counter.balances().values()) == 0
    assert counter.school.faults() == []


@QUICK
@given(st.lists(steps, max_size=8))
def test_p10_undone_from_the_last_nothing_is_left(history: list[Step]) -> None:
    """P10: reversing every posting returns all balances to zero, and takes every order and receipt back."""
    counter = Counter()
    for step in history:
        counter.do(step)
    school = counter.school
    for (posting_id,) in school.rows("SELECT id FROM posting ORDER BY id DESC"):
        counter.write(
            lambda tx, one=posting_id: reversals.reverse(  # type: ignore[misc]
                tx, LI, school.now(), counter.project, PostingId(one), "all of it"
            )
        )
    assert counter.balances() == {}
    assert school.rows("SELECT COUNT(*) FROM orders WHERE state <> 'refunded'") == [(0,)]
    assert school.rows("SELECT COUNT(*) FROM receipt WHERE voided_at IS NULL") == [(0,)]
    assert school.dates(counter.account_id) == []
    assert school.faults() == []


@QUICK
@given(amounts, st.integers(1, 3))
def test_p2_the_same_key_changes_nothing(amount: int, times: int) -> None:
    """P2: a form that comes again, however often, leaves every row of every table as it was."""
    counter = Counter()
    school, project, person = counter.school, counter.project, counter.account_id
    paid = till.Recharge("k1", Fen(amount + 3000), 0)

    def recharge(tx: Transaction) -> str:
        return till.recharge_once(tx, WANG, school.now(), project, person, paid)

    first = counter.write(recharge)
    quote = till.quote(school.store.reader, project, person, counter.plan.id, school.now())
    assert quote is not None
    sale = till.Sale("k2", counter.plan.id, quote.preview.revision, quote.preview.price_fen, Channel.BALANCE)

    def sell(tx: Transaction) -> str:
        return till.sell_once(tx, WANG, school.now(), project, person, sale)

    second, before = counter.write(sell), counter.everything()
    for _ in range(times):
        assert [counter.write(recharge), counter.write(sell)] == [first, second]
    assert counter.everything() == before


@QUICK
@given(st.permutations([0, 1, 2, 3, 4]), amounts, amounts, amounts)
def test_p8_order_of_money_does_not_matter(order: list[int], one: int, two: int, three: int) -> None:
    """P8: recharges, charges and a purchase in any order end in the same balances."""
    history: list[Step] = [
        ("recharge", one, None), ("recharge", two, None), ("charge", three, Channel.BALANCE),
        ("charge", one, Channel.BALANCE), ("sell", None, Channel.BALANCE),
    ]  # fmt: skip
    ends = []
    for places in (range(5), order):
        counter = Counter()
        counter.do(("recharge", 50_000, None))
        assert all(counter.do(history[place]) for place in places)
        ends.append(counter.balances())
    assert ends[0] == ends[1]


# Crashes ----------------------------------------------------------------------------------------------------------------


class LightsOut(Exception):
    """The machine stops here."""


class Breaking:
    """A transaction that fails at its n-th statement, before or after the statement was run."""

    def __init__(self, tx: Transaction, at: int, *, after: bool) -> None:
        self._tx, self._left, self._after = tx, at, after

    def _step(self, work: Callable[[], Any]) -> Any:
        self._left -= 1
        if self._left == 0 and not self._after:
            raise LightsOut
        answer = work()
        if self._left == 0:
            raise LightsOut
        return answer

    def one(self, query: Query, /, **params: Value) -> Row | None:
        found: Row | None = self._step(lambda: self._tx.one(query, **params))
        return found

    def all(self, query: Query, /, **params: Value) -> list[Row]:
        found: list[Row] = self._step(lambda: self._tx.all(query, **params))
        return found

    def value(self, query: Query, /, **params: Value) -> Any:
        return self._step(lambda: self._tx.value(query, **params))

    def run(self, query: Query, /, **params: Value) -> int:
        changed: int = self._step(lambda: self._tx.run(query, **params))
        return changed

    def insert(self, query: Query, /, **params: Value) -> int:
        number: int = self._step(lambda: self._tx.insert(query, **params))
        return number

    def many(self, query: Query, rows: Iterable[Mapping[str, Value]], /) -> int:
        changed: int = self._step(lambda: self._tx.many(query, rows))
        return changed


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("what", ["cash", "wallet", "charge", "undo", "out"])
def test_a_crash_at_any_statement_leaves_nothing_half_done(what: str, *, after: bool) -> None:
    """Cut off before or after any of its statements, a deed leaves every row as it was; then it is done, once."""
    counter = Counter()
    school, project = counter.school, counter.project
    school.write(lambda tx: desk.recharge(tx, WANG, school.now(), project, counter.account_id, Fen(5000)))
    deeds: dict[str, Callable[[Transaction], object]] = {
        "cash": counter.task(("sell", None, Channel.CASH)),
        "wallet": counter.task(("sell", None, Channel.BALANCE)),
        "charge": counter.task(("charge", 700, Channel.CASH)),
        "undo": lambda tx: reversals.reverse(tx, LI, school.now(), project, PostingId(1), "slip"),
        "out": lambda tx: wallets.pay_out(
            tx, project.id, counter.account_id, 500, rules.cash("wangmin"), effect="out:1", operator="wangmin", at=school.now()
        ),
    }  # fmt: skip
    before, at = counter.everything(), 0
    while True:
        at += 1
        try:
            school.write(lambda tx, n=at: deeds[what](Breaking(tx, n, after=after)))  # type: ignore[misc]
        except LightsOut:
            assert counter.everything() == before, at
        else:
            break
    assert at > 8
    assert school.rows("SELECT COUNT(*) FROM posting") == [(2,)]
    assert school.faults() == []
