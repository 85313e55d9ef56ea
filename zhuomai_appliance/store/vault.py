"""Secrets at rest: passwords, NAS secrets and person data sealed under a key that is never in the database.

A sealed value is AES-256-GCM (NIST SP 800-38D) with the identity of its record as associated data, so that a value
moved to another row does not open. The master key only makes working keys (HKDF, RFC 5869): for sealing, for blind indexes
(look-up of a phone or identity number without storing it), for signing tokens, and for the digests of card PINs.

    blob = 0x01 | key id (4) | nonce (12) | ciphertext | tag (16)
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from zhuomai_appliance.entropy import Entropy
from zhuomai_appliance.store.backup import sync_folder

KEY_OCTETS = 32
TAG_OCTETS = 16
"""Length of `Vault.sign` and `Vault.blind_index`: 128 bits."""

_VERSION = 1
_HEAD = 1 + 4
_NONCE = 12
_OVERHEAD = _HEAD + _NONCE + 16
_MARK = "zhuomai-key-1"


class VaultLocked(Exception):
    """The key that is needed is not here; the message is one line that names its id."""


class SealBroken(Exception):
    """The value was changed, cut or moved to another record."""


class Vault:
    """The key, ready for use. Cheap to call: opening a value takes about a microsecond.

    Args:
        key: the master key, 32 octets.
        entropy: where nonces come from.
        place: where the key was read from, for messages.
    """

    def __init__(self, key: bytes, entropy: Entropy, place: str = "memory") -> None:
        if len(key) != KEY_OCTETS:
            raise ValueError(f"a vault key has {KEY_OCTETS} octets")
        self._entropy = entropy
        self._place = place
        self._id = hashlib.sha256(b"zhuomai key id" + key).digest()[:4]
        self._head = bytes([_VERSION]) + self._id
        self._aead = AESGCM(_derive(key, b"seal"))
        self._decrypt = self._aead.decrypt
        self._index_key = _derive(key, b"index")
        # HMAC's two states with the key in them (RFC 2104): copying them takes a third of keying it for each login
        pad = _derive(key, b"sign").ljust(64, b"\0")
        self._sign_inner = hashlib.sha256(bytes(octet ^ 0x36 for octet in pad))
        self._sign_outer = hashlib.sha256(bytes(octet ^ 0x5C for octet in pad))
        self._card_key = _derive(key, b"card")

    @property
    def key_id(self) -> str:
        """Eight hex digits that name the key and tell nothing of it."""
        return self._id.hex()

    def seal(self, plaintext: bytes, context: bytes) -> bytes:
        """Encrypt a value for one record.

        Args:
            plaintext: the value.
            context: the record's identity (``b"account:17:password"``); the same is needed to open.

        Returns:
            The blob, 33 octets longer than the value; different at every call.
        """
        nonce = self._entropy.token(_NONCE)
        return self._head + nonce + self._aead.encrypt(nonce, plaintext, context)

    def open(self, blob: bytes, context: bytes) -> bytes:
        """Decrypt what `seal` made for that record.

        Raises:
            VaultLocked: it was sealed under another key, which the message names.
            SealBroken: it was changed, cut or moved.
        """
        if blob[:_HEAD] != self._head:
            self._refuse(blob)
        try:
            return self._decrypt(blob[_HEAD : _HEAD + _NONCE], blob[_HEAD + _NONCE :], context)
        except (InvalidTag, ValueError) as error:
            raise SealBroken("a sealed value was changed or belongs to another record") from error

    def _refuse(self, blob: bytes) -> None:
        if len(blob) < _OVERHEAD or blob[0] != _VERSION:
            raise SealBroken("a sealed value is not one")
        raise VaultLocked(
            f"key {blob[1:_HEAD].hex()} is needed to open this value; the key in {self._place} is {self.key_id}"
        )

    def blind_index(self, value: bytes, purpose: str) -> bytes:
        """A keyed digest by which equal values are found, 16 octets.

        Args:
            value: in its one canonical form, which is the caller's care (a phone as +8613800000000).
            purpose: ``phone``, ``id_number``: the same value under two purposes gives two digests.
        """
        return hmac.digest(self._index_key, purpose.encode() + b"\0" + value, "sha256")[:TAG_OCTETS]

    def sign(self, purpose: str, data: bytes) -> bytes:
        """A tag that only this key makes, 16 octets: for class tokens and form tokens."""
        inner = self._sign_inner.copy()
        inner.update(purpose.encode() + b"\0" + data)
        outer = self._sign_outer.copy()
        outer.update(inner.digest())
        return outer.digest()[:TAG_OCTETS]

    def card_digest(self, number: str, pin: str) -> str:
        """The keyed digest of a recharge card's PIN, 32 hex digits: all that the books hold of it (billing rules §17)."""
        text = b"%b\0%b" % (number.encode(), pin.encode())
        return hmac.digest(self._card_key, text, "sha256")[:TAG_OCTETS].hex()

    def verify(self, purpose: str, data: bytes, tag: bytes) -> bool:
        """Whether the tag is that of `sign`, compared in constant time."""
        return hmac.compare_digest(self.sign(purpose, data), tag)


def create_key(path: Path, entropy: Entropy) -> Vault:
    """Make a key file (mode 0600), durable before this returns.

    Raises:
        FileExistsError: there is one already; a key is never overwritten, for all it sealed would be lost.
    """
    key = entropy.token(KEY_OCTETS)
    vault = Vault(key, entropy, str(path))
    line = f"{_MARK} {vault.key_id} {base64.b64encode(key).decode()}\n"
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)
    return vault


def load_key(path: Path, entropy: Entropy, *, expected: str | None = None) -> Vault:
    """Read a key file.

    Args:
        path: the file.
        entropy: for the nonces of values sealed later.
        expected: the id of the key that the database was made with (`migrate.KEY_ID`), if it is known.

    Raises:
        VaultLocked: there is no file, it is not a key file, or it holds another key.
    """
    needed = f"key {expected}" if expected else "the vault key"
    try:
        words = path.read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not a key file"
        raise VaultLocked(f"{needed} is missing: {path}: {why}") from error
    try:
        mark, key_id, text = words
        key = base64.b64decode(text, validate=True)
        vault = Vault(key, entropy, str(path))
        if mark != _MARK or vault.key_id != key_id:
            raise ValueError("damaged")
    except ValueError as error:
        raise VaultLocked(f"{needed} is missing: {path} is not a key file, or was changed") from error
    if expected is not None and vault.key_id != expected:
        raise VaultLocked(f"{needed} is missing: {path} holds key {vault.key_id}")
    return vault


def _derive(key: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_OCTETS, salt=None, info=b"zhuomai " + purpose).derive(key)
