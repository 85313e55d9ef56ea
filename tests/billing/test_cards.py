"""Card numbers that tell a slip of the finger, PINs that cannot be guessed, states as a table, lines that balance."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhuomai_appliance.billing import cards, ledger
from zhuomai_appliance.billing.cards import CardEvent
from zhuomai_appliance.model.cards import CardState

SEED = bytes(range(32))
serials = st.integers(1, cards.MOST_CARDS)
batches = st.integers(1, 99_999)


def test_a_number_names_project_batch_and_serial() -> None:
    """Project, batch, serial and one check digit; cards of two projects are never called the same."""
    assert cards.number(1, 42, 7)[:-1] == "0100042000007"
    assert len({cards.number(p, b, 1) for p in (1, 10, 100, 1000) for b in (1, 2, 99_999)}) == 12
    for batch_no, serial in ((0, 1), (100_000, 1), (1, 0), (1, 1_000_000)):
        with pytest.raises(ValueError):
            cards.number(1, batch_no, serial)


@given(batches, serials, st.integers(0, 13), st.integers(1, 9))
def test_every_wrong_digit_is_found(batch_no: int, serial: int, place: int, off: int) -> None:
    """One digit read or typed wrongly never makes another card's number."""
    number = cards.number(1, batch_no, serial)
    assert cards.has_check_digit(number)
    wrong = str((int(number[place]) + off) % 10)
    assert not cards.has_check_digit(number[:place] + wrong + number[place + 1 :])


@given(batches, serials, st.integers(0, 12))
def test_every_exchange_of_neighbours_is_found(batch_no: int, serial: int, place: int) -> None:
    """Two neighbouring digits exchanged never make another card's number."""
    number = cards.number(1, batch_no, serial)
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    assert cards.has_check_digit(swapped) == (swapped == number)


@given(st.text(max_size=40))
def test_what_is_no_number_is_none(text: str) -> None:
    """Hostile text in the place of a number is just no number: blanks, other scripts' digits, nothing at all."""
    if not (text.isascii() and text.isdigit()):
        assert not cards.has_check_digit(text)


def test_numbers_rise_with_their_serials() -> None:
    """A range of serials is a range of numbers, so that spans can be found by either."""
    numbers = [cards.number(3, 7, serial) for serial in (1, 2, 9, 10, 99, 100, 5000, 999_999)]
    assert numbers == sorted(numbers) and len({len(n) for n in numbers}) == 1


@given(serials, st.integers(cards.LEAST_PIN_DIGITS, cards.MOST_PIN_DIGITS))
def test_a_pin_is_made_again_from_its_seed_alone(serial: int, digits: int) -> None:
    """The same seed gives the same PIN, another seed or card another one; it has all its digits."""
    number = cards.number(1, 1, serial)
    pin = cards.pin(SEED, number, digits)
    assert len(pin) == digits and pin.isdigit()
    assert pin == cards.pin(SEED, number, digits)
    assert pin != cards.pin(bytes(32), number, digits)
    assert pin != cards.pin(SEED, cards.number(1, 2, serial), digits)


def test_pins_of_a_batch_are_all_different_and_evenly_spread() -> None:
    """Ten thousand PINs: none twice, every first digit about as often."""
    pins = [one.pin for one in cards.secrets(SEED, 1, 1, 12, 1, 10_000)]
    assert len(set(pins)) == 10_000
    for digit in "0123456789":
        assert 850 < sum(pin[0] == digit for pin in pins) < 1150


def test_a_printed_card_does_not_show_its_pin_in_a_log() -> None:
    """What a traceback or a log line prints of it is the number alone."""
    (secret,) = cards.secrets(SEED, 1, 1, 12, 5, 5)
    assert secret.pin not in repr(secret) and secret.number in repr(secret)


def test_the_qr_code_keeps_the_pin_out_of_addresses() -> None:
    """Number and PIN stand behind the fragment's sign, which no browser sends to a server or into its log."""
    (secret,) = cards.secrets(SEED, 1, 1, 12, 5, 5)
    address, _, rest = cards.qr_text(secret, "https://net.school.example/card").partition("#")
    assert address == "https://net.school.example/card"
    assert rest == f"n={secret.number}&p={secret.pin}"
    assert cards.qr_text(secret).startswith("zhuomai:card#")


def test_states_are_a_table() -> None:
    """Nothing is redeemed that was not sold; what is used, void or expired takes nothing but the undoing of its use."""
    steps = [(state, event, cards.STEPS.get((state, event))) for state in CardState for event in CardEvent]
    allowed = {(state.value, event.value, to.value) for state, event, to in steps if to is not None}
    assert allowed == {
        ("generated", "sell", "active"),
        ("generated", "void", "void"),
        ("generated", "expire", "expired"),
        ("active", "redeem", "used"),
        ("active", "void", "void"),
        ("active", "expire", "expired"),
        ("used", "undo", "active"),
    }
    for state, event, to in steps:
        if to is None:
            with pytest.raises(cards.IllegalCardStepError):
                cards.advance(state, event)


@given(st.integers(1, 10**9), st.integers(0, 10**9))
def test_a_sale_and_its_return_cancel_out(face: int, paid: int) -> None:
    """Whatever was paid: the cards' worth is owed, lines balance, and taking them back undoes line by line."""
    till, promo = ledger.cash("s1"), ledger.PROMO
    if paid > face:
        with pytest.raises(ledger.UnbalancedError):
            cards.sale(till, promo, "1-00001", face, paid)
        return
    lines = ledger.check(cards.sale(till, promo, "1-00001", face, paid))
    owed = -sum(line.amount_fen for line in lines if line.account_ref == "card_liability:1-00001")
    assert owed == face
    back = cards.take_back(till, promo, "1-00001", face, paid)
    assert [line.amount_fen for line in back] == [-line.amount_fen for line in lines]


def test_redeeming_takes_what_was_owed() -> None:
    """A value card goes into the wallet, a plan card into what is deferred; an expired one is written off."""
    for lines, ref in (
        (cards.redeem_value("1-00001", 7, 5000), "wallet:7"),
        (cards.redeem_plan("1-00001", 9, 5000), "deferred:9"),
        (cards.forfeit("1-00001", 5000), "writeoff"),
    ):
        assert {line.account_ref: line.amount_fen for line in ledger.check(lines)} == {
            "card_liability:1-00001": 5000,
            ref: -5000,
        }
