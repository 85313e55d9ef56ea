"""What people of the generated school do with money, at the counter, by cards, agents, refunds and reversals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.flows.desk_school import WANG, moment
from tests.flows.school import SHANGHAI
from tests.flows.year_school import CHEN, SHOP, YearSchool
from zhuomai_appliance.billing.periods import CannotBuyError
from zhuomai_appliance.flows import (
    agents,
    chains,
    closing,
    desk,
    holiday_batches,
    plan_changes,
    purchases,
    redemption,
    refunds,
    reversals,
    shifts,
    subscriptions,
    suspensions,
)
from zhuomai_appliance.flows.agents import AgentSale
from zhuomai_appliance.flows.closing import CloseWish
from zhuomai_appliance.flows.purchases import NotEnoughMoney
from zhuomai_appliance.flows.refund_money import RefundWish
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.model import entitlement as chain_rules
from zhuomai_appliance.model.commerce import Channel
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.products import SubscriptionId, SubscriptionState
from zhuomai_appliance.model.refunds import BankAccount, Destination, RefundState
from zhuomai_appliance.store import shifts as shift_rows
from zhuomai_appliance.store.shifts import till_number

BANK = BankAccount("张三", "ICBC", "6222020000001234567")


@dataclass(slots=True)
class Money:
    """What is done from the school's seed. ``done`` counts what succeeded and what was refused, by its name."""

    school: YearSchool
    done: Counter[str] = field(default_factory=Counter)

    # Money --------------------------------------------------------------------------------------------------------------

    def spend(self) -> None:
        """One thing that somebody does with money today."""
        doings: tuple[tuple[Callable[[int], Any], int], ...] = (
            (self.recharge, 6), (self.buy_cash, 4), (self.buy_wallet, 8), (self.redeem, 2), (self.agent_sells, 2),
            (self.refund, 1), (self.wallet_back, 1), (self.cancel, 1), (self.reverse, 1), (self.reorder, 1),
            (self.suspend, 2), (self.resume, 1), (self.change, 2), (self.leave, 1),
        )  # fmt: skip
        act = self.school.random.choices([one for one, _ in doings], [weight for _, weight in doings])[0]
        who = self.school.random.randrange(len(self.school.people))
        name = act.__name__
        try:
            act(who)
        except LookupError as error:
            if "is not there" not in str(error):
                raise
            name = f"{name} closed"
        except (NotEnoughMoney, CannotBuyError, Refused) as error:
            name = f"{name} {getattr(error, 'code', type(error).__name__)}"
        self.done[name] += 1

    def _plan(self) -> Any:
        return self.school.random.choice(list(self.school.offers.values()))

    def recharge(self, who: int) -> None:
        school, amount = self.school, self.school.random.choice((1000, 3000, 5000, 10_000))
        school.write(
            lambda tx: purchases.recharge(
                tx, project_id=school.project, account_id=school.people[who], amount_fen=Fen(amount), zone=SHANGHAI,
                at=school.now(), operator="wangmin", shift=till_number(tx, school.project, "wangmin"), bonus_fen=Fen(amount // 5 if amount > 3000 else 0),
            )
        )  # fmt: skip

    def buy_cash(self, who: int) -> None:
        version = self._plan()
        school, account = self.school, self.school.people[who]
        school.write(
            lambda tx: desk.sell(tx, WANG, school.now(), school.desk_project, account, version, Channel.CASH)
        )

    def buy_wallet(self, who: int) -> None:
        school, account, version = self.school, self.school.people[who], self._plan()
        school.write(
            lambda tx: desk.sell(
                tx, WANG, school.now(), school.desk_project, account, version, Channel.BALANCE
            )
        )

    def redeem(self, who: int) -> None:
        school = self.school
        card = school.cards[school.random.randrange(len(school.cards))]
        found = school.write(
            lambda tx: redemption.redeem(
                tx, school.vault, WANG, school.now(), school.desk_project, school.people[who], card.number, card.pin, "10.9.0.1",
            )
        )  # fmt: skip
        self.done["redeem used" if isinstance(found, redemption.Refused) else "redeemed"] += 1

    def agent_sells(self, who: int) -> None:
        school = self.school
        wanted = AgentSale(school.people[who], None, Fen(2000))
        school.write(
            lambda tx: agents.sell(tx, SHOP, school.now(), school.desk_project, school.agent(), wanted)
        )

    def _owned(self, who: int, *states: SubscriptionState) -> list[SubscriptionId]:
        school = self.school
        chain = chains.read(school.store.reader, school.people[who], SHANGHAI.name)
        chain = chain_rules.at(chain, school.now())
        return [s.subscription_id for s in chain.segments if s.state in states]

    def _owner(self, who: int, least: int, *states: SubscriptionState) -> tuple[int, list[SubscriptionId]]:
        """The next person who has something in such a state."""
        for turn in range(min(len(self.school.people), 50)):
            other = (who + turn) % len(self.school.people)
            if len(found := self._owned(other, *states)) >= least:
                return other, found
        raise Refused("nobody", "nobody has such a thing")

    def refund(self, who: int) -> None:
        who, found = self._owner(who, 1, SubscriptionState.ACTIVE, SubscriptionState.QUEUED)
        school = self.school
        way = school.random.choice((Destination.WALLET, Destination.CASH, Destination.BANK))
        bank = BANK if way is Destination.BANK else None
        self._through_the_queue(RefundWish(school.people[who], way, "moves", found[-1], bank=bank))

    def wallet_back(self, who: int) -> None:
        school = self.school
        self._through_the_queue(
            RefundWish(school.people[who], Destination.CASH, "leaves", amount_fen=Fen(700))
        )

    def _through_the_queue(self, wish: RefundWish) -> None:
        school = self.school
        project, now = school.desk_project, school.now()
        asked = school.write(lambda tx: refunds.request(tx, school.vault, WANG, now, project, wish))
        if asked.state is RefundState.REQUESTED:
            asked = school.write(lambda tx: refunds.approve(tx, CHEN, now, project, asked.id))
        if asked.state is RefundState.APPROVED:
            if school.random.random() < 0.2:
                school.write(lambda tx: refunds.fail(tx, CHEN, now, project, asked.id, reason="came back"))
                return
            asked = school.write(lambda tx: refunds.pay(tx, WANG, now, project, asked.id))
        if school.random.random() < 0.2 and wish.destination is not Destination.WALLET:
            school.write(lambda tx: refunds.reverse(tx, CHEN, now, project, asked.id, reason="by mistake"))

    def cancel(self, who: int) -> None:
        who, found = self._owner(who, 1, SubscriptionState.QUEUED)
        school = self.school
        account, project, now = school.people[who], school.desk_project, school.now()
        one: Any = found[0]
        seen = subscriptions.preview_cancel(school.store.reader, project, account, one, now)
        for _ in range(2):
            school.write(
                lambda tx: subscriptions.cancel(
                    tx, WANG, now, project, account, one, key=f"cancel {one}", expected=seen, reason="x"
                )
            )

    def reverse(self, who: int) -> None:
        school = self.school
        found = school.rows(
            "SELECT id FROM posting WHERE kind IN ('sale', 'recharge') AND reversal_of IS NULL ORDER BY id DESC LIMIT 5"
        )
        if not found:
            raise Refused("nobody", "nothing to undo")
        posting_id = school.random.choice(found)[0]
        for _ in range(2):
            school.write(
                lambda tx: reversals.reverse(
                    tx, WANG, school.now(), school.desk_project, posting_id, "by mistake"
                )
            )

    def suspend(self, who: int) -> None:
        """Somebody goes away for some weeks, at times from a later day on, at times until a planned one."""
        who, _ = self._owner(who, 1, SubscriptionState.ACTIVE)
        school, account = self.school, self.school.people[who]
        now, project, day = school.now(), school.desk_project, 86_400
        begins_at = now + school.random.choice((0, 0, 3 * day))
        resumes_at = school.random.choice((None, begins_at + 20 * day))
        seen = suspensions.preview_suspend(
            school.store.reader, project, account, now, begins_at=begins_at, resumes_at=resumes_at
        )
        for _ in range(2):
            school.write(
                lambda tx: suspensions.suspend(
                    tx,
                    WANG,
                    now,
                    project,
                    account,
                    key=f"suspend {account} {now}",
                    expected=seen,
                    reason="away",
                )
            )

    def resume(self, who: int) -> None:
        """Somebody of those who are away comes back."""
        school = self.school
        now, project = school.now(), school.desk_project
        away = school.rows(
            "SELECT account_id FROM suspension WHERE state IN ('planned', 'running') ORDER BY id"
        )
        if not away:
            raise Refused("nobody", "nobody is away")
        account: AccountId = school.random.choice(away)[0]
        seen = suspensions.preview_resume(school.store.reader, project, account, now)
        school.write(
            lambda tx: suspensions.resume(
                tx, WANG, now, project, account, key=f"resume {account} {now}", expected=seen
            )
        )

    def change(self, who: int) -> None:
        """Somebody takes another plan in the place of the one that runs."""
        who, found = self._owner(who, 1, SubscriptionState.ACTIVE)
        school, account, one = self.school, self.school.people[who], found[0]
        now, project, name = school.now(), school.desk_project, self._plan().plan_name
        seen = plan_changes.preview_change(school.store.reader, project, account, one, name, now)
        for _ in range(2):
            school.write(
                lambda tx: plan_changes.change(
                    tx, WANG, now, project, account, one, name, key=f"change {one} {now}", expected=seen
                )
            )

    def reorder(self, who: int) -> None:
        who, found = self._owner(who, 2, SubscriptionState.QUEUED)
        school = self.school
        account, now = school.people[who], school.now()
        _, revision = subscriptions.standing(school.store.reader, school.desk_project, account, now)
        wanted: Any = list(reversed(found))
        school.write(
            lambda tx: subscriptions.reorder(
                tx,
                WANG,
                now,
                school.desk_project,
                account,
                wanted,
                key=f"order {account} {now}",
                revision=revision,
            )
        )

    def begin(self) -> None:
        """The first day: everybody brings money and buys something."""
        for who in range(len(self.school.people)):
            for act in (self.recharge, self.buy_wallet):
                try:
                    act(who)
                except NotEnoughMoney:
                    self.done["too dear for the first day"] += 1

    def leave(self, who: int) -> None:
        """Somebody leaves for good, as few do, and takes what is left of his money in cash."""
        school = self.school
        if school.random.random() < 0.7:
            raise Refused("stays", "he thinks again")
        now, project, account = school.now(), school.desk_project, school.people[who]
        wish = CloseWish("leaves", Destination.CASH)
        try:
            seen = closing.preview_close(school.store.reader, project, account, wish, now)
        except LookupError:
            raise Refused("gone", "he left before") from None
        for _ in range(2):
            school.write(
                lambda tx: closing.close(
                    tx, school.vault, WANG, now, project, account, wish, key=f"close {account}", expected=seen
                )
            )

    def holiday(self) -> None:
        """One group pauses for the winter; another's pause is a mistake and undone at once."""
        school = self.school
        groups = [one for one in school.groups if one is not None]
        first, last = moment("2027-01-16 00:00"), moment("2027-02-22 00:00")
        made = [
            school.run(
                holiday_batches.commit(
                    school.store, WANG, school.now(), school.desk_project, [group], first, last,
                    key=f"winter {group}", reason="winter",
                )
            )
            for group in groups
        ]  # fmt: skip
        self.done["away for the winter"] += made[0][1]
        school.run(holiday_batches.undo(school.store, WANG, school.now(), school.desk_project, made[1][0]))

    def end_shift(self) -> None:
        """The drawer is counted, at times with some fen too few or too many, and another person signs for it."""
        school = self.school
        project, now = school.desk_project, school.now()
        number = till_number(school.store.reader, school.project, WANG.name)
        if shift_rows.shift(school.store.reader, school.project, number) is None:
            return
        due = shifts.report(school.store.reader, project, number, now).expected_fen
        counted = {1: max(due + school.random.choice((0, 0, 50, -70)), 0)}
        seen = shifts.preview_close(school.store.reader, WANG, project, number, counted)
        school.write(
            lambda tx: shifts.close(
                tx, WANG, now, project, number, counted, expected=seen, memo="counted twice"
            )
        )
        school.write(lambda tx: shifts.hand_over(tx, CHEN, now, project, number))
        self.done["shift"] += 1

    def close_month(self) -> None:
        """The month that is over is closed for good, once all its income is posted."""
        school = self.school
        school.long_rounds()
        month = SHANGHAI.local(school.now() - 2 * 86_400).strftime("%Y-%m")
        school.write(lambda tx: reversals.close_month(tx, CHEN, school.now(), school.desk_project, month))
        self.done["month closed"] += 1
