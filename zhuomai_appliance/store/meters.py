"""Meters of use by account, subscription and month, and the limits that people set themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.store.sql import load

_Q = load("meters")


class MeterRow(NamedTuple):
    """One month of one subscription. ``charged_fen`` and ``overshoot_fen`` make up what is due.

    ``posted_fen`` and ``written_off_fen`` of them stand in the ledger. ``free_octets`` were used on the local day
    ``free_day`` in a free window.
    """

    subscription_id: int
    month: int
    amount: int = 0
    window_weight: int = 0
    charged_fen: int = 0
    overshoot_fen: int = 0
    posted_fen: int = 0
    written_off_fen: int = 0
    free_day: int = 0
    free_octets: int = 0


class Unposted(NamedTuple):
    """What a meter owes the ledger, and under which plan; ``terms`` is the version's canonical text."""

    subscription_id: int
    month: int
    charge_fen: int
    overshoot_fen: int
    charged_upto_fen: int
    overshoot_upto_fen: int
    kind: str
    terms: str


def meters_of(
    reader: Reader, project_id: ProjectId, account_id: AccountId, from_month: int
) -> list[MeterRow]:
    """The meters of an account from a month on, named by its first local day."""
    rows = reader.all(_Q.meters_of, project_id=project_id, account_id=account_id, from_month=from_month)
    return [MeterRow(*row) for row in rows]


def pending_fen(reader: Reader, project_id: ProjectId, account_id: AccountId) -> Fen:
    """What was charged to an account and is not in the ledger yet: nobody may spend it any more."""
    return Fen(reader.value(_Q.pending_of, project_id=project_id, account_id=account_id) or 0)


def put(tx: Transaction, project_id: ProjectId, account_id: AccountId, row: MeterRow) -> None:
    """Store what a meter says; what of it stands in the ledger is not touched."""
    tx.run(
        _Q.put_meter,
        project_id=project_id,
        account_id=account_id,
        subscription_id=row.subscription_id,
        month=row.month,
        amount=row.amount,
        window_weight=row.window_weight,
        charged_fen=row.charged_fen,
        overshoot_fen=row.overshoot_fen,
        free_day=row.free_day,
        free_octets=row.free_octets,
    )


def unposted(reader: Reader, project_id: ProjectId, account_id: AccountId) -> list[Unposted]:
    """The meters of an account that owe the ledger something."""
    return [Unposted(*row) for row in reader.all(_Q.unposted, project_id=project_id, account_id=account_id)]


def mark_posted(
    tx: Transaction, project_id: ProjectId, account_id: AccountId, subscription_id: int, month: int
) -> None:
    """All that this meter says stands in the ledger now."""
    tx.run(
        _Q.mark_posted,
        project_id=project_id,
        account_id=account_id,
        subscription_id=subscription_id,
        month=month,
    )


def accounts_unposted(reader: Reader, after: AccountId, limit: int) -> list[tuple[ProjectId, AccountId]]:
    """Accounts with something to post, by id."""
    return [
        (ProjectId(project), AccountId(account))
        for project, account in reader.all(_Q.accounts_unposted, after=after, limit=limit)
    ]


def plans_paid_fen(
    reader: Reader, project_id: ProjectId, account_id: AccountId, from_at: int, to_at: int
) -> Fen:
    """What plans cost that were bought for an account in a span."""
    found: int = reader.value(
        _Q.plans_paid, project_id=project_id, account_id=account_id, from_at=from_at, to_at=to_at
    )
    return Fen(found)


def limit_fen(reader: Reader, project_id: ProjectId, account_id: AccountId) -> Fen | None:
    """The most that this person wants to spend in a month; None for no limit."""
    found: int | None = reader.value(_Q.limit_of, project_id=project_id, account_id=account_id)
    return None if found is None else Fen(found)


def put_limit(
    tx: Transaction, project_id: ProjectId, account_id: AccountId, limit: Fen | None, by: str, at: int
) -> None:
    """Set a limit, or take it away."""
    if limit is None:
        tx.run(_Q.drop_limit, project_id=project_id, account_id=account_id)
        return
    tx.run(_Q.put_limit, project_id=project_id, account_id=account_id, limit_fen=limit, by=by, at=at)


class MeterOfPlan(NamedTuple):
    """A meter with what its charge is found by: the plan version's kind, price and canonical terms, the school's zone."""

    project_id: int
    account_id: AccountId
    zone_name: str
    kind: str
    price_fen: int
    terms: str
    row: MeterRow


def every_meter(reader: Reader) -> Iterator[MeterOfPlan]:
    """All meters, for the proof of the books."""
    for row in reader.all(_Q.every_meter):
        project_id, account_id, zone, kind, price_fen, terms = row[:6]
        yield MeterOfPlan(project_id, account_id, zone, kind, price_fen, terms, MeterRow(*row[6:]))


def usage_of(
    reader: Reader,
    project_id: ProjectId,
    account_id: AccountId,
    subscription_id: int,
    from_day: int,
    to_day: int,
) -> tuple[int, int, int]:
    """Octets sent and received and seconds of a subscription on the local days [from_day, to_day)."""
    row = reader.one(
        _Q.usage_of,
        project_id=project_id,
        account_id=account_id,
        subscription_id=subscription_id,
        from_day=from_day,
        to_day=to_day,
    )
    return (0, 0, 0) if row is None else (row[0], row[1], row[2])


def effect_of(account_id: AccountId, subscription_id: int, month: int) -> str:
    """What every posting of a meter begins its effect with; the state that was posted follows."""
    return f"meter:{account_id}:{subscription_id}:{month}:"


def posted_fen(
    reader: Reader, project_id: ProjectId, account_id: AccountId, subscription_id: int, month: int
) -> Fen:
    """What stands in the ledger for a meter, paid and written off."""
    effect = effect_of(account_id, subscription_id, month)
    # ";" follows ":" in every collation that postings are kept in
    found: int = reader.value(
        _Q.posted_of, project_id=project_id, from_effect=effect, to_effect=f"{effect[:-1]};"
    )
    return Fen(found)
