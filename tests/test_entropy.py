"""Random values: their alphabets, their lengths, their fairness, and their repetition from a seed."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhuomai_appliance.entropy import Entropy, SeededEntropy, SystemEntropy

BOTH: list[Entropy] = [SystemEntropy(), SeededEntropy("tests")]


@pytest.mark.parametrize("entropy", BOTH, ids=lambda entropy: type(entropy).__name__)
def test_every_kind_has_its_length_and_alphabet(entropy: Entropy) -> None:
    """Octets, url-safe text, digits with leading zeros, 16-bit numbers, codes without 0 O 1 I."""
    for length in (0, 1, 5, 22, 100):
        assert len(entropy.token(length)) == length
        assert len(entropy.text(length)) == length
        assert len(entropy.digits(length)) == length
    assert all(letter.isascii() and (letter.isalnum() or letter in "-_") for letter in entropy.text(500))
    assert entropy.digits(500).isdecimal()
    assert all(0 <= entropy.nonce16() <= 0xFFFF for _ in range(100))
    assert len(entropy.lookup_code()) == 5
    assert not set(entropy.lookup_code(2_000)) & set("0O1I")
    assert len(set(entropy.lookup_code(2_000))) == 32


def test_a_seed_repeats_itself_and_no_other() -> None:
    """The same seed gives the same values in the same order; another seed gives others."""

    def draw(entropy: Entropy) -> list[object]:
        return [entropy.token(40), entropy.text(22), entropy.digits(6), entropy.below(7), entropy.nonce16()]

    assert draw(SeededEntropy(1)) == draw(SeededEntropy(1))
    assert draw(SeededEntropy(1)) != draw(SeededEntropy(2))
    entropy = SeededEntropy(1)
    assert draw(entropy) != draw(entropy)


def test_the_system_does_not_repeat_itself() -> None:
    """Two draws of 128 bits are never the same."""
    assert len({SystemEntropy().token(16) for _ in range(100)}) == 100


@given(limit=st.integers(1, 2**70))
def test_below_stays_below(limit: int) -> None:
    """For every limit from 1 up."""
    assert 0 <= SeededEntropy(limit).below(limit) < limit


def test_below_is_fair() -> None:
    """Each of 200 values comes about as often: octets modulo 200 would give the first 56 twice as often."""
    entropy = SeededEntropy("fair")
    counts = Counter(entropy.below(200) for _ in range(40_000))
    low = sum(counts[value] for value in range(56)) / 56
    high = sum(counts[value] for value in range(56, 200)) / 144
    assert len(counts) == 200
    assert 0.95 < low / high < 1.05


def test_below_nothing_is_a_mistake() -> None:
    """There is no number below zero or one to choose from."""
    with pytest.raises(ValueError, match="1 or more"):
        SeededEntropy().below(0)
