"""Proofs that the books are right: ledger, orders, usage, packs and the audit chain (security A7, M1, H4).

Each part names every row that is wrong, and says what it looked through.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from zhuomai_appliance.model.money import format_yuan
from zhuomai_appliance.model.segments import load as load_chain
from zhuomai_appliance.model.terms import load_terms
from zhuomai_appliance.store import (
    agents,
    card_checks,
    graduation,
    journal,
    payers,
    receipts,
    refunds,
    shifts,
    subjects,
    suspensions,
)
from zhuomai_appliance.store.interface import Reader
from zhuomai_appliance.store.sql import Query, load

_Q = load("verify")


@dataclass(frozen=True, slots=True)
class Proof:
    """One part of the books: what was looked through, and a sentence for each wrong row."""

    what: str
    looked_at: str
    faults: tuple[str, ...]


def prove(reader: Reader) -> Iterator[Proof]:
    """Go through everything in one snapshot."""
    total, lines = reader.one(_Q.ledger_total) or (0, 0)
    yield Proof("ledger", f"{lines} lines sum to {format_yuan(total)}", tuple(_ledger(reader)))
    yield Proof("balances", "rebuilt from the lines", tuple(_balances(reader)))
    yield Proof("orders", "paid once, served once, posted once", (*_orders(reader), *payers.faults(reader)))
    count, up, down = reader.one(_session_query(reader, _Q.sessions_counted)) or (0, 0, 0)
    yield Proof("usage", f"{count} sessions, {up} octets up, {down} down", tuple(_usage(reader)))
    yield Proof("packs", "what is left and what was used make the whole", tuple(_packs(reader)))
    yield Proof(
        "chains",
        "what logins are judged by says what the purchases say",
        (*_chains(reader), *suspensions.faults(reader)),
    )
    batches, made = card_checks.counted(reader)
    yield Proof("cards", f"{made} cards of {batches} batches", tuple(card_checks.faults(reader)))
    yield Proof("shifts", f"the drawers of {shifts.counted(reader)}", tuple(shifts.faults(reader)))
    count, paid = subjects.counted(reader)
    yield Proof("subjects", f"{count} expenses, {format_yuan(paid)} spent", tuple(subjects.faults(reader)))
    yield Proof("receipts", f"the numbers of {receipts.counted(reader)}", tuple(receipts.faults(reader)))
    yield Proof("agents", f"the deposits of {agents.counted(reader)}", tuple(agents.faults(reader)))
    count, paid = refunds.counted(reader)
    yield Proof(
        "refunds",
        f"{count} refunds, {format_yuan(paid)} paid",
        (*refunds.faults(reader), *graduation.faults(reader)),
    )
    broken = tuple(f"audit row {row_id} {why}" for row_id, why in journal.broken_audit_rows(reader))
    yield Proof("audit", "each row follows from the one before it", broken)


def _ledger(reader: Reader) -> Iterator[str]:
    for posting_id, kind, total, lines in reader.all(_Q.unbalanced_postings):
        yield f"posting {posting_id} ({kind}) has {lines} lines that sum to {total} fen, not to 0"
    for line_id, posting_id in reader.all(_Q.stray_lines):
        yield f"line {line_id} belongs to posting {posting_id}, which is not there"
    for posting_id, original in reader.all(_Q.wrong_reversals):
        yield f"posting {posting_id} does not undo posting {original} line by line"


def _balances(reader: Reader) -> Iterator[str]:
    for project, account, kept, summed in reader.all(_Q.wrong_balances):
        yield f"{account} of project {project} is kept as {kept} fen; its lines sum to {summed}"
    for project, account, balance, limit in payers.beyond_credit(reader):
        allowed = f", {limit} are allowed" if limit else ""
        yield f"{account} of project {project} is {balance} fen below zero{allowed}"


def _orders(reader: Reader) -> Iterator[str]:
    for number, channel, amount, payments, paid, served, postings, version in reader.all(_Q.wrong_orders):
        from_outside = channel not in {"BALANCE", "GRANT"}
        if from_outside and amount and (payments != 1 or paid != amount):
            yield f"order {number} over {amount} fen has {payments} payments of {paid} fen"
        if version is not None and served != 1:
            yield f"order {number} was paid and has {served} subscriptions"
        if amount and postings != 1:
            yield f"order {number} over {amount} fen has {postings} postings"


def _usage(reader: Reader) -> Iterator[str]:
    for row in reader.all(_session_query(reader, _Q.wrong_usage)):
        session_id, acct_session_id, counted, used = row[0], row[1], row[2:5], row[5:8]
        parts = [
            f"{name} {one} counted, {other} in usage"
            for name, one, other in zip(("octets up", "octets down", "seconds"), counted, used, strict=True)
            if one != other
        ]
        yield f"session {session_id} ({acct_session_id}): {'; '.join(parts)}"
    for (session_id,) in reader.all(_session_query(reader, _Q.stray_usage)):
        yield f"usage of session {session_id}, which is not there"
    for nas_id, acct_session_id, count in reader.all(_Q.twice_open):
        yield f"session {acct_session_id} of device {nas_id} is open {count} times"


def _packs(reader: Reader) -> Iterator[str]:
    for (
        subscription_id,
        state,
        octets_left,
        seconds_left,
        octets,
        online,
        text,
        up,
        down,
        seconds,
    ) in reader.all(_Q.packs):
        terms = load_terms(text)
        quota, has_free_windows = terms.quota, bool(terms.meter.windows)
        octets = quota.octets if octets is None else octets
        online = quota.online_seconds if online is None else online
        for name, left, whole, used in (
            ("octets", octets_left, octets, quota.direction.counted(up, down)),
            ("seconds", seconds_left, online, seconds),
        ):
            if left is None or whole is None:
                continue
            # Free use is not drawn, and what a device tells of after the end is borne by what ended, not drawn any more
            if (has_free_windows or state == "finished") and used + left >= whole:
                continue
            # The last report of a pack may go beyond its end before the device is told to stop.
            if left < 0 or (left > 0 and used + left != whole) or (left == 0 and used < whole):
                yield f"subscription {subscription_id}: {used} {name} used and {left} left of {whole}"


def _chains(reader: Reader) -> Iterator[str]:
    """Each open purchase and its segment in the account's chain are written by one task, and say the same."""
    owned = {row[0]: row[1:] for row in reader.all(_Q.subscriptions)}
    for account_id, text in reader.all(_Q.chains):
        try:
            segments = load_chain(text).segments
        except ValueError as error:
            yield f"the chain of account {account_id} cannot be read: {error}"
            continue
        for s in segments:
            said = (account_id, s.state.value, s.starts_at, s.ends_at, s.octets_left, s.seconds_left)
            kept = owned.pop(s.subscription_id, None)
            if kept != said:
                yield f"subscription {s.subscription_id} is {kept}; the chain of account {account_id} says {said}"
    for subscription_id, kept in owned.items():
        yield f"subscription {subscription_id} of account {kept[0]} is {kept[1]} and in no chain"


def _session_query(reader: Reader, query: Query) -> Query:
    # Until housekeeping made the first month there is no view, and all there is stands in `session`.
    return query if reader.value(_Q.session_view_exists) else _without_view(query)


@lru_cache(maxsize=8)
def _without_view(query: Query) -> Query:
    return Query.of(query.name, query.text_sqlite.replace("session_all", "session"))
