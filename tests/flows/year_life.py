"""What people of the generated school do: they buy, ask for money back, and are online; devices report it as badly as they may."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.flows.desk_school import WANG
from tests.flows.school import INTERIM, SHANGHAI, START, STOP, number
from tests.flows.year_school import CHEN, SHOP, YearSchool, name_of
from zhuomai_appliance.billing.periods import CannotBuyError
from zhuomai_appliance.flows import (
    agents,
    chains,
    purchases,
    redemption,
    refunds,
    reversals,
    subscriptions,
    suspensions,
)
from zhuomai_appliance.flows.agents import AgentSale
from zhuomai_appliance.flows.purchases import NotEnoughMoney
from zhuomai_appliance.flows.refund_money import RefundWish
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.model import entitlement as chain_rules
from zhuomai_appliance.model.commerce import Channel
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.products import SubscriptionState
from zhuomai_appliance.model.refunds import BankAccount, Destination, RefundState
from zhuomai_appliance.radius.packet import Code

SESSION_TIMEOUT, ACCT_SESSION_ID, CLASS = 27, 44, 25
BANK = BankAccount("张三", "ICBC", "6222020000001234567")


@dataclass(slots=True)
class Device:
    """One session as its device counts it, with what it has told already."""

    sid: str
    person: int
    mac: str
    ip: str
    token: bytes
    started_at: int
    stops_at: int
    bytes_per_second: int
    told_at: int
    told: tuple[int, int, int] = (0, 0, 0)

    def counters(self, now: int) -> tuple[int, int, int]:
        """Seconds, octets up and down at an instant."""
        seconds = min(now, self.stops_at) - self.started_at
        return seconds, seconds * self.bytes_per_second // 7, seconds * self.bytes_per_second


@dataclass(slots=True)
class Life:
    """The year's events from the school's seed. ``done`` counts what succeeded and what was refused, by its name."""

    school: YearSchool
    done: Counter[str] = field(default_factory=Counter)
    online: dict[str, Device] = field(default_factory=dict)
    raw: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    serial: int = 0

    # Money --------------------------------------------------------------------------------------------------------------

    def spend(self) -> None:
        """One thing that somebody does with money today."""
        doings: tuple[tuple[Callable[[int], Any], int], ...] = (
            (self.recharge, 6), (self.buy_cash, 4), (self.buy_wallet, 8), (self.redeem, 2), (self.agent_sells, 2),
            (self.refund, 1), (self.wallet_back, 1), (self.cancel, 1), (self.reverse, 1), (self.reorder, 1),
            (self.suspend, 2), (self.resume, 1),
        )  # fmt: skip
        act = self.school.random.choices([one for one, _ in doings], [weight for _, weight in doings])[0]
        who = self.school.random.randrange(len(self.school.people))
        name = act.__name__
        try:
            act(who)
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
                at=school.now(), operator="wangmin", shift="wangmin", bonus_fen=Fen(amount // 5 if amount > 3000 else 0),
            )
        )  # fmt: skip

    def buy_cash(self, who: int) -> None:
        version = self._plan()
        self.school.buy(self.school.people[who], version, Channel.CASH, shift="wangmin")

    def buy_wallet(self, who: int) -> None:
        self.school.buy(self.school.people[who], self._plan(), Channel.BALANCE)

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

    def _owned(self, who: int, *states: SubscriptionState) -> list[int]:
        school = self.school
        chain = chains.read(school.store.reader, school.people[who], SHANGHAI.name)
        chain = chain_rules.at(chain, school.now())
        return [s.subscription_id for s in chain.segments if s.state in states]

    def _owner(self, who: int, least: int, *states: SubscriptionState) -> tuple[int, list[int]]:
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
        self._through_the_queue(RefundWish(school.people[who], way, "moves", found[-1], bank=bank))  # type: ignore[arg-type]

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

    # Being online -------------------------------------------------------------------------------------------------------

    def log_in(self) -> None:
        """Somebody comes online, if the school lets him."""
        school, self.serial = self.school, self.serial + 1
        who = school.random.randrange(len(school.people))
        mac = f"a4:5e:61:{who >> 16 & 255:02x}:{who >> 8 & 255:02x}:{who & 255:02x}"
        ip = f"10.9.{who % 60_000 // 250}.{who % 250 + 1}"
        if any(one.person == who for one in self.online.values()):
            return
        answer = school.login(name_of(who), "pass-word", mac, ip)
        if answer.code is not Code.ACCESS_ACCEPT:
            self.done["login refused"] += 1
            return
        self.done["login"] += 1
        now, token = school.now(), b"".join(value for kind, value in answer.attributes if kind == CLASS)
        length = school.random.choice((600, 3600, 3 * 3600, 9 * 3600, 30 * 3600))
        length = min(length, number(answer, SESSION_TIMEOUT) or length)
        speed = school.random.choice((100, 3000, 40_000, 300_000))
        device = Device(f"Y{self.serial}", who, mac, ip, token, now, now + length, speed, now)
        self.online[device.sid] = device
        if school.random.random() < 0.95:
            self._report(device, START)

    def _report(self, device: Device, kind: int) -> None:
        now = self.school.now()
        at = min(now, device.stops_at)
        seconds, up, down = device.counters(at)
        self.school.report(
            kind, seconds, up, down, sid=device.sid, name=name_of(device.person), mac=device.mac, ip=device.ip,
            token=device.token, at=at,
        )  # fmt: skip
        device.told, device.told_at = (seconds, up, down), at
        self.raw[device.sid] = device.told

    def go_on(self) -> None:
        """Every device tells what it counted: interims, some twice, some lost, and Stops, at times before a late interim."""
        chance = self.school.random.random
        self._obey()
        for device in list(self.online.values()):
            if device.stops_at <= self.school.now():
                self._stop(device)
            elif chance() < 0.9:
                self._report(device, INTERIM)
                if chance() < 0.05:
                    self._report(device, INTERIM)

    def stop_in_time(self, until: int) -> None:
        """Let sessions that end before an instant say so when they end, one after the other."""
        self._obey()
        for device in sorted(self.online.values(), key=lambda one: one.stops_at):
            if device.stops_at <= until and self.school.random.random() < 0.9:
                self.school.clock.rightNow = float(max(device.stops_at, self.school.now()))
                self._stop(device)
        self.school.clock.rightNow = float(until)

    def _stop(self, device: Device) -> None:
        chance, late = self.school.random.random, device.told
        self._report(device, STOP)
        if chance() < 0.1:
            self._report(device, STOP)
        if chance() < 0.1 and late[0]:
            self._repeat(device, late)
        del self.online[device.sid]

    def _repeat(self, device: Device, counters: tuple[int, int, int]) -> None:
        self.school.report(
            INTERIM, *counters, sid=device.sid, name=name_of(device.person), mac=device.mac, ip=device.ip, token=device.token,
        )  # fmt: skip

    def _obey(self) -> None:
        """Devices end what they were told to end."""
        for kind, _, attributes in self.school.control.asked:
            sid = next((value.decode() for at, value in attributes if at == ACCT_SESSION_ID), "")
            if kind == "disconnect" and sid in self.online:
                one = self.online[sid]
                one.stops_at = min(one.stops_at, self.school.now())
        self.school.control.asked.clear()

    def without_right(self) -> list[str]:
        """Who is online and owns nothing, after one more round."""
        if self._uncovered():
            self.stop_in_time(self.school.now() + 30)
            self.school.short_rounds()
        return self._uncovered()

    def _uncovered(self) -> list[str]:
        school, found = self.school, list[str]()
        school.dispatch()
        self._obey()
        now = school.now()
        for device in self.online.values():
            if device.stops_at <= now:
                continue
            chain = chains.read(school.store.reader, school.people[device.person], SHANGHAI.name)
            if chain_rules.current(chain_rules.at(chain, now), now) is None:
                found.append(f"{device.sid} of person {device.person} since {device.started_at}")
        return found
