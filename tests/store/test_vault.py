"""Sealed values, blind indexes, signatures, and the key file."""

from __future__ import annotations

import hmac
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from zhuomai_appliance.entropy import SeededEntropy
from zhuomai_appliance.store.vault import SealBroken, Vault, VaultLocked, create_key, load_key

VAULT = Vault(bytes(range(32)), SeededEntropy(1))
OTHER = Vault(bytes(32), SeededEntropy(2), "other.key")


@given(plaintext=st.binary(max_size=300), context=st.binary(max_size=40))
def test_what_is_sealed_opens(plaintext: bytes, context: bytes) -> None:
    """Any value, any record identity; the blob is 33 octets longer and differs at every call."""
    blob = VAULT.seal(plaintext, context)
    assert VAULT.open(blob, context) == plaintext
    assert len(blob) == len(plaintext) + 33
    assert VAULT.seal(plaintext, context) != blob


def test_a_value_moved_to_another_record_does_not_open() -> None:
    """The record's identity is part of the seal."""
    blob = VAULT.seal(b"secret", b"account:1:password")
    with pytest.raises(SealBroken):
        VAULT.open(blob, b"account:2:password")


@given(data=st.data())
def test_a_changed_or_cut_value_does_not_open(data: st.DataObject) -> None:
    """One bit anywhere, or any shorter length: SealBroken, or VaultLocked where the key's id was hit."""
    blob = VAULT.seal(b"secret", b"c")
    bit = data.draw(st.integers(0, len(blob) * 8 - 1))
    changed = bytearray(blob)
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises((SealBroken, VaultLocked)):
        VAULT.open(bytes(changed), b"c")
    with pytest.raises(SealBroken):
        VAULT.open(blob[: data.draw(st.integers(0, len(blob) - 1))], b"c")


def test_another_key_is_named() -> None:
    """One line that names the key that is needed and the one that is here."""
    blob = VAULT.seal(b"secret", b"c")
    with pytest.raises(VaultLocked) as caught:
        OTHER.open(blob, b"c")
    assert str(caught.value) == (
        f"key {VAULT.key_id} is needed to open this value; the key in other.key is {OTHER.key_id}"
    )


def test_the_master_key_is_in_nothing() -> None:
    """Neither blobs nor ids nor tags contain the key, and the working keys differ by purpose."""
    key = bytes(range(32))
    assert key not in VAULT.seal(b"", b"")
    assert bytes.fromhex(VAULT.key_id) not in key
    assert VAULT.blind_index(b"x", "phone") != VAULT.sign("phone", b"x")


def test_blind_indexes_find_equal_values_and_tell_nothing_else() -> None:
    """Equal value and purpose: equal; another purpose or key: different; 16 octets."""
    index = VAULT.blind_index(b"+8613800000000", "phone")
    assert index == VAULT.blind_index(b"+8613800000000", "phone")
    assert index != VAULT.blind_index(b"+8613800000001", "phone")
    assert index != VAULT.blind_index(b"+8613800000000", "id_number")
    assert index != OTHER.blind_index(b"+8613800000000", "phone")
    assert len(index) == 16
    assert VAULT.blind_index(b"\0b", "a") != VAULT.blind_index(b"b", "a\0")[:0] + VAULT.blind_index(b"b", "a")


def test_signatures_are_plain_hmac() -> None:
    """HMAC-SHA256 under the key that HKDF makes for signing: what an earlier release signed is still ours."""
    key = bytes(range(32))
    signing = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"zhuomai sign").derive(key)
    for data in (b"", b"session 1", bytes(200)):
        expected = hmac.digest(signing, b"class\0" + data, "sha256")[:16]
        assert VAULT.sign("class", data) == expected


def test_signatures_hold_for_their_purpose_alone() -> None:
    """A class token is not a form token, and a changed one is neither."""
    tag = VAULT.sign("class", b"session 1")
    assert VAULT.verify("class", b"session 1", tag)
    assert not VAULT.verify("form", b"session 1", tag)
    assert not VAULT.verify("class", b"session 2", tag)
    assert not VAULT.verify("class", b"session 1", tag[:-1])
    assert not OTHER.verify("class", b"session 1", tag)


def test_digests_of_cards_tell_nothing_without_the_key() -> None:
    """Card and PIN together make the digest; another key, card or PIN makes another, and so does a blind index of both."""
    digest = VAULT.card_digest("01000010000012", "123456789012")
    assert len(digest) == 32 and int(digest, 16)
    others = {
        OTHER.card_digest("01000010000012", "123456789012"),
        VAULT.card_digest("01000010000029", "123456789012"),
        VAULT.card_digest("01000010000012", "123456789013"),
        VAULT.card_digest("0100001000001", "2123456789012"),
        VAULT.blind_index(b"01000010000012\0123456789012", "card").hex(),
    }
    assert len(others) == 5 and digest not in others


def test_the_key_file_is_private_and_never_overwritten(tmp_path: Path) -> None:
    """Mode 0600; made once; read back it opens what was sealed before."""
    path = tmp_path / "master.key"
    made = create_key(path, SeededEntropy(3))
    blob = made.seal(b"secret", b"c")
    assert path.stat().st_mode & 0o777 == 0o600
    octets = path.read_bytes()
    with pytest.raises(FileExistsError):
        create_key(path, SeededEntropy(4))
    assert path.read_bytes() == octets
    read = load_key(path, SeededEntropy(5), expected=made.key_id)
    assert read.open(blob, b"c") == b"secret"


def test_a_missing_key_file_is_one_line_with_the_keys_id(tmp_path: Path) -> None:
    """The id comes from the database; without it the line speaks of the vault key."""
    path = tmp_path / "master.key"
    with pytest.raises(VaultLocked) as caught:
        load_key(path, SeededEntropy(), expected="0011aabb")
    assert str(caught.value) == f"key 0011aabb is missing: {path}: No such file or directory"
    with pytest.raises(VaultLocked, match="the vault key is missing"):
        load_key(path, SeededEntropy())


def test_a_wrong_key_file_is_one_line_with_both_ids(tmp_path: Path) -> None:
    """A key of another box is told apart by its id."""
    path = tmp_path / "master.key"
    made = create_key(path, SeededEntropy(6))
    with pytest.raises(VaultLocked) as caught:
        load_key(path, SeededEntropy(), expected="0011aabb")
    assert str(caught.value) == f"key 0011aabb is missing: {path} holds key {made.key_id}"


@pytest.mark.parametrize("words", ["", "zhuomai-key-1", "zhuomai-key-1 00000000 AAAA", "\xff\xfe", "a b c d"])
def test_a_spoilt_key_file_is_refused(tmp_path: Path, words: str) -> None:
    """Empty, cut, mistyped or binary: one line, never a guess."""
    path = tmp_path / "master.key"
    path.write_bytes(words.encode("latin-1"))
    with pytest.raises(VaultLocked, match="not a key file"):
        load_key(path, SeededEntropy())


def test_a_mistyped_key_is_noticed(tmp_path: Path) -> None:
    """The id is made from the key: one wrong letter in the file does not give another key."""
    path = tmp_path / "master.key"
    create_key(path, SeededEntropy(7))
    mark, key_id, text = path.read_text().split()
    wrong = ("B" if text[3] != "B" else "C").join((text[:3], text[4:]))
    path.write_text(f"{mark} {key_id} {wrong}\n")
    with pytest.raises(VaultLocked, match="was changed"):
        load_key(path, SeededEntropy())


def test_a_key_has_32_octets() -> None:
    """A short key is a bug, not a weaker vault."""
    with pytest.raises(ValueError, match="32 octets"):
        Vault(b"short", SeededEntropy())
