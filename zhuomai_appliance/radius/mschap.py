"""MS-CHAP, both versions: responses, the server's own proof, and the keys that come of them.

Sources: RFC 2433 (version 1), RFC 2759 (version 2), RFC 2548 §2 (RADIUS attributes), RFC 3079 (keys), RFC 1320 (MD4).
All that is secret comes from the NT hash of the password: MD4 of its UTF-16LE text, so that it does not matter in which
encoding a device would have sent it in clear.
"""

from __future__ import annotations

from hashlib import sha1
from hmac import compare_digest
from typing import Final, NamedTuple

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

CHALLENGE_OCTETS: Final = 16
CHALLENGE_OCTETS_1: Final = 8
RESPONSE_OCTETS: Final = 24


MPPE_POLICY: Final = (1).to_bytes(4, "big")
"""MS-MPPE-Encryption-Policy (RFC 2548 §2.4.4): encryption is allowed, not required."""
MPPE_TYPES: Final = (6).to_bytes(4, "big")
"""MS-MPPE-Encryption-Types (RFC 2548 §2.4.5): RC4 of 40 or 128 bits."""

_MASK: Final = 0xFFFFFFFF
_SHIFTS: Final = ((3, 7, 11, 19), (3, 5, 9, 13), (3, 9, 11, 15))
_ORDERS: Final = (
    tuple(range(16)),
    (0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15),
    (0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15),
)
_CONSTANTS: Final = (0, 0x5A827999, 0x6ED9EBA1)

# RFC 2759 §8.7
_MAGIC_1: Final = b"Magic server to client signing constant"
_MAGIC_2: Final = b"Pad to make it do more than one iteration"
# RFC 3079 §3.4
_MASTER_KEY: Final = b"This is the MPPE Master Key"
_FROM_CLIENT: Final = b"On the client side, this is the send key; on the server side, it is the receive key."
_TO_CLIENT: Final = b"On the client side, this is the receive key; on the server side, it is the send key."
_PAD_1: Final = bytes(40)
_PAD_2: Final = b"\xf2" * 40


class MppeKeys(NamedTuple):
    """Keys for MPPE as the access device sees them: it receives from and sends to the client with them."""

    receive: bytes
    send: bytes

    def __repr__(self) -> str:
        return "<MppeKeys>"


def md4(message: bytes) -> bytes:
    """The MD4 digest (RFC 1320), 16 octets. OpenSSL 3 has it no more; nothing but NT hashes is made with it here."""
    padded = message + b"\x80" + bytes(-(len(message) + 9) % 64) + (len(message) * 8).to_bytes(8, "little")
    a, b, c, d = 0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476
    for at in range(0, len(padded), 64):
        words = [int.from_bytes(padded[at + i : at + i + 4], "little") for i in range(0, 64, 4)]
        before = a, b, c, d
        for turn in range(3):
            for step, index in enumerate(_ORDERS[turn]):
                if turn == 0:
                    mixed = (b & c) | (~b & d)
                elif turn == 1:
                    mixed = (b & c) | (b & d) | (c & d)
                else:
                    mixed = b ^ c ^ d
                total = (a + mixed + words[index] + _CONSTANTS[turn]) & _MASK
                shift = _SHIFTS[turn][step % 4]
                a, b, c, d = d, (total << shift | total >> (32 - shift)) & _MASK, b, c
        a, b, c, d = ((one + other) & _MASK for one, other in zip((a, b, c, d), before, strict=True))
    return b"".join(one.to_bytes(4, "little") for one in (a, b, c, d))


def nt_hash(password: bytes) -> bytes:
    """The 16 octets that Windows keeps of a password (RFC 2759 §8.3).

    Args:
        password: UTF-8. What is no UTF-8 gives a hash that nobody's typing leads to.
    """
    return md4(password.decode("utf-8", "surrogateescape").encode("utf-16-le", "surrogatepass"))


def user_name(name: bytes) -> bytes:
    """The name that goes into a challenge's hash: as the client sent it, without a Windows domain (RFC 2759 §8.2).

    It ends at the first backslash, as clients have it (wpa_supplicant's mschapv2_remove_domain; FreeRADIUS's rlm_mschap).
    """
    _, slash, user = name.partition(b"\\")
    return user if slash else name


def challenge_hash(peer_challenge: bytes, challenge: bytes, name: bytes) -> bytes:
    """The 8 octets that a version 2 response encrypts (RFC 2759 §8.2)."""
    return sha1(peer_challenge + challenge + user_name(name), usedforsecurity=False).digest()[:8]


def challenge_response(challenge: bytes, password_hash: bytes) -> bytes:
    """24 octets: the challenge under DES with each third of the hash (RFC 2759 §8.5; RFC 2433 §A.5)."""
    keys = password_hash.ljust(21, b"\0")
    return b"".join(_des(keys[at : at + 7], challenge) for at in (0, 7, 14))


def matches_1(response: bytes, challenge: bytes, password_hash: bytes) -> bool:
    """Whether a version 1 NT response proves the password; False for octets of another size."""
    if len(response) != RESPONSE_OCTETS or len(challenge) != CHALLENGE_OCTETS_1:
        return False
    return compare_digest(response, challenge_response(challenge, password_hash))


def matches_2(
    response: bytes, challenge: bytes, peer_challenge: bytes, name: bytes, password_hash: bytes
) -> bool:
    """Whether a version 2 NT response proves the password; False for octets of another size."""
    if (
        len(response) != RESPONSE_OCTETS
        or len(challenge) != CHALLENGE_OCTETS
        or len(peer_challenge) != CHALLENGE_OCTETS
    ):
        return False
    hashed = challenge_hash(peer_challenge, challenge, name)
    return compare_digest(response, challenge_response(hashed, password_hash))


def authenticator_response(
    password_hash: bytes, response: bytes, peer_challenge: bytes, challenge: bytes, name: bytes
) -> bytes:
    """``S=`` and 40 hexadecimal digits: the server's proof that it knows the password too (RFC 2759 §8.7)."""
    hash_of_hash = md4(password_hash)
    digest = sha1(hash_of_hash + response + _MAGIC_1, usedforsecurity=False).digest()
    hashed = challenge_hash(peer_challenge, challenge, name)
    proof = sha1(digest + hashed + _MAGIC_2, usedforsecurity=False).hexdigest()
    return b"S=" + proof.upper().encode()


def error_text(code: int, challenge: bytes, message: str = "", version: int = 3) -> bytes:
    """The text of a failure (RFC 2759 §6, RFC 2433 §5): no further try, and a challenge that nobody will answer.

    Args:
        code: 691 wrong name or password, 647 account disabled, 648 expired, 646 wrong hours, 649 no right to come in.
        message: for the user, only with version 3; cut to what fits into one attribute.
    """
    head = f"E={code} R=0 C={challenge.hex().upper()} V={version}".encode()
    if version < 3:
        return head
    return head + b" M=" + message.encode().replace(b"\n", b" ")[:180].decode("utf-8", "ignore").encode()


def keys_2(password_hash: bytes, response: bytes) -> MppeKeys:
    """The keys of a version 2 login, of 128 bits (RFC 3079 §3.3), for MS-MPPE-Recv-Key and MS-MPPE-Send-Key."""
    master = sha1(md4(password_hash) + response + _MASTER_KEY, usedforsecurity=False).digest()[:16]
    return MppeKeys(_start_key(master, _FROM_CLIENT), _start_key(master, _TO_CLIENT))


def keys_1(password_hash: bytes) -> bytes:
    """The value of MS-CHAP-MPPE-Keys before it is hidden, 32 octets (RFC 2548 §2.4.1).

    The LAN Manager key, which nobody should use, is zeros; then the hash of the NT hash; then padding.
    """
    return bytes(8) + md4(password_hash) + bytes(8)


def master_session_key(password_hash: bytes, response: bytes) -> bytes:
    """The 64 octets of keys that EAP-MSCHAPv2 gives: receive, send, and zeros (RFC 3748 §7.10 wants so many)."""
    keys = keys_2(password_hash, response)
    return keys.receive + keys.send + bytes(32)


def _start_key(master: bytes, magic: bytes) -> bytes:
    return sha1(master + _PAD_1 + magic + _PAD_2, usedforsecurity=False).digest()[:16]


def _des(key: bytes, block: bytes) -> bytes:
    """One block under DES; the key's 56 bits are spread over 8 octets, whose lowest bits nobody looks at."""
    bits = int.from_bytes(key, "big")
    spread = bytes((bits >> shift & 0x7F) << 1 for shift in range(49, -1, -7))
    encryptor = Cipher(TripleDES(spread * 3), modes.ECB()).encryptor()  # noqa: S305 - the protocol's own choice
    return encryptor.update(block)
