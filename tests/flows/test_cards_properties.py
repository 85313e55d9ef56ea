"""Whatever is sold, voided, redeemed and expired in whatever order: what cards owe is in the ledger to the fen."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.flows.school import NOW
from tests.flows.test_cards import LI, CardBook
from zhuomai_appliance.flows import cards, redemption
from zhuomai_appliance.flows.card_batches import CardsRefused
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.store import verify

CARDS = 12
FACE = 700

ranges = st.tuples(st.integers(1, CARDS), st.integers(1, CARDS)).map(sorted)
sales = st.tuples(st.just("sell"), ranges, st.integers(0, CARDS * FACE))
voids = st.tuples(st.just("void"), ranges, st.booleans())
uses = st.tuples(st.just("redeem"), st.integers(1, CARDS), st.none())
steps = st.lists(st.one_of(sales, voids, uses), max_size=14)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps, st.booleans())
def test_any_history_of_a_batch_balances(history: list[tuple[str, object, object]], expires: bool) -> None:
    """Every proof holds after any history; the till never gives back more than it took, and nothing is owed in the end."""
    book = CardBook()
    school = book.school
    person = school.person("20260001")
    printing = book.printed(CARDS, FACE, expires_at=NOW + 10)
    batch_id, secrets = printing.batch.id, printing.cards()
    redeemed = 0
    for what, one, two in history:
        try:
            if what == "redeem" and isinstance(one, int):
                card = secrets[one - 1]
                done = school.write(
                    lambda tx, card=card: redemption.redeem(  # type: ignore[misc]
                        tx,
                        school.vault,
                        LI,
                        school.now(),
                        book.project,
                        person,
                        card.number,
                        card.pin,
                        "10.9.0.1",
                    )
                )
                redeemed += isinstance(done, redemption.Redeemed)
            elif isinstance(one, list):
                first, last = one
                if what == "sell":
                    most = (last - first + 1) * FACE
                    book.sell(batch_id, first, last, paid_fen=Fen(min(int(str(two)), most)))
                else:
                    book.void(batch_id, first, last, repay=bool(two))
        except CardsRefused:
            pass
        assert book.balance("cash:lihua") >= 0
    if expires:
        school.run(cards.expire_due(school.store, NOW + 10))
        assert book.balance("card_liability:1-00001") == 0
    assert book.balance(f"wallet:{person}") == -redeemed * FACE
    assert [one for proof in verify.prove(school.store.reader) for one in proof.faults] == []
