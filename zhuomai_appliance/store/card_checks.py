"""Wrong tries at recharge cards, and proofs that what cards owe and what they were used for is right."""

from __future__ import annotations

from collections.abc import Iterator

from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.store.sql import load

_Q = load("cards")

CARD, ACCOUNT, ADDRESS = "card", "account", "address"
"""What wrong tries are counted for."""


def tries(
    reader: Reader, project_id: ProjectId, scope: str, subject: str, since: int, limit: int
) -> tuple[int, int]:
    """How many of the last ``limit`` wrong tries came after ``since``, and when the first of these was."""
    count, first = reader.one(
        _Q.tries, project_id=project_id, scope=scope, subject=subject, since=since, limit=limit
    ) or (0, None)
    return count, first or 0


def add_try(tx: Transaction, project_id: ProjectId, scope: str, subject: str, at: int) -> None:
    """Count a wrong try."""
    tx.run(_Q.insert_try, project_id=project_id, scope=scope, subject=subject, at=at)


def drop_tries(tx: Transaction, before: int) -> int:
    """Forget wrong tries of before a time; how many."""
    return tx.run(_Q.drop_tries, before=before)


def counted(reader: Reader) -> tuple[int, int]:
    """How many batches and how many cards there are."""
    count, total = reader.one(_Q.cards_counted) or (0, 0)
    return count, total


def faults(reader: Reader) -> Iterator[str]:
    """A sentence for each thing about cards that is wrong: what is owed, the spans, their counts, what cards were used for."""
    for code, _project, owed, kept in reader.all(_Q.wrong_liability):
        yield f"the cards of batch {code} are worth {owed} fen; card_liability:{code} holds {kept}"
    for project, account, balance in reader.all(_Q.stray_liability):
        yield f"{account} of project {project} holds {-balance} fen and belongs to no batch"
    for code, cards_, made, spanned, first, last in reader.all(_Q.wrong_spans):
        yield f"batch {code} of {cards_} cards has {made}; its spans hold {spanned} from {first} to {last}"
    for code, first, last, used, found_used, found_all in reader.all(_Q.wrong_counts):
        if (used, last - first + 1) != (found_used, found_all):
            yield f"cards {first} to {last} of batch {code}: {used} used are counted; of {found_all} there are {found_used}"
    for number, account, order_no, buyer, amount, channel, face in reader.all(_Q.wrong_redemptions):
        yield (
            f"card {number} over {face} fen was used by account {account} for order {order_no}, "
            f"which is {channel} over {amount} of account {buyer}"
        )
