"""A school with a counter: people with wallets, a clock that tests move, and the books proved at the end."""

from __future__ import annotations

from typing import Any

from tests.flows.school import SHANGHAI, School
from zhuomai_appliance.billing import ledger as rules
from zhuomai_appliance.flows import chains, housekeeping, purchases
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.model.commerce import Channel
from zhuomai_appliance.model.entitlement import Entitlement
from zhuomai_appliance.model.moment import parse_rfc3339, rfc3339
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.store import ledger
from zhuomai_appliance.store.verify import prove

WANG = Actor("wangmin", "10.1.1.9")


class DeskSchool(School):
    """The school of the other flows, with what a counter's tests ask again and again."""

    def __init__(self, begin: str = "2026-09-01 00:00") -> None:
        super().__init__()
        self.clock.rightNow = float(moment(begin))
        project = self.tables.project(self.project)
        assert project is not None
        self.desk_project: Project = project

    def go(self, when: str) -> int:
        """Move the clock to a local time, forwards or back; the instant."""
        self.clock.rightNow = float(moment(when))
        return self.now()

    def pass_days(self) -> None:
        """What the night does: chains moved, earnings posted."""
        self.run(housekeeping.move_chains(self.store, self.now()))
        self.run(housekeeping.earn(self.store, self.tables, self.now()))

    def recharge(self, account_id: AccountId, amount: int) -> None:
        self.write(
            lambda tx: purchases.recharge(
                tx, project_id=self.project, account_id=account_id, amount_fen=Fen(amount), zone=SHANGHAI,
                at=self.now(), operator="wangmin", shift="wangmin",
            )
        )  # fmt: skip

    def pay(self, account_id: AccountId, version: Any, channel: Channel = Channel.CASH) -> int:
        """Buy for cash; the subscription's number."""
        return int(self.buy(account_id, version, channel, shift="wangmin").subscription_id)

    def wallet(self, account_id: AccountId) -> int:
        return int(purchases.wallet_fen(self.store.reader, self.project, account_id))

    def balance(self, ref: str) -> int:
        return int(ledger.balance(self.store.reader, self.project, ref))

    def deferred(self, subscription_id: int) -> int:
        return -self.balance(rules.deferred(subscription_id))

    def chain(self, account_id: AccountId) -> Entitlement:
        return chains.read(self.store.reader, account_id, SHANGHAI.name)

    def dates(self, account_id: AccountId) -> list[tuple[int, str, str, str]]:
        """Number, state, start and end of each purchase that has not ended, to the minute, local."""
        return [
            (s.subscription_id, s.state.value, _told(s.starts_at), _told(s.ends_at))
            for s in self.chain(account_id).segments
        ]

    def faults(self) -> list[str]:
        """What `verify` finds; nothing, always."""
        return [fault for proof in prove(self.store.reader) for fault in proof.faults]


def moment(text: str) -> int:
    """An instant of Shanghai: "2026-09-10 15:00"."""
    return parse_rfc3339(text.replace(" ", "T") + ":00+08:00")


def _told(at: int | None) -> str:
    return "" if at is None else rfc3339(at, SHANGHAI)[:16].replace("T", " ")
