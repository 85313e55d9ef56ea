"""RADIUS datagrams by hand, with hashlib alone: what the box answers is judged without any of its own code."""

from __future__ import annotations

import hashlib
import hmac
import os
import socket
import struct
from collections.abc import Sequence

Attribute = tuple[int, bytes]

ACCESS_REQUEST, ACCESS_ACCEPT, ACCESS_REJECT = 1, 2, 3
ACCOUNTING_REQUEST, ACCOUNTING_RESPONSE, STATUS_SERVER = 4, 5, 12
USER_NAME, USER_PASSWORD, CHAP_PASSWORD, NAS_PORT, PROXY_STATE, CHAP_CHALLENGE, SIGNATURE = (
    1,
    2,
    3,
    5,
    33,
    60,
    80,
)


def packed(attributes: Sequence[Attribute]) -> bytes:
    """Attributes as octets, in order."""
    return b"".join(bytes((number, len(value) + 2)) + value for number, value in attributes)


def hidden(password: bytes, secret: bytes, authenticator: bytes) -> bytes:
    """User-Password (RFC 2865 §5.2)."""
    padded = password.ljust(max(16, -(-len(password) // 16) * 16), b"\0")
    result, last = b"", authenticator
    for at in range(0, len(padded), 16):
        pad = hashlib.md5(secret + last).digest()
        last = bytes(a ^ b for a, b in zip(padded[at : at + 16], pad, strict=True))
        result += last
    return result


def request(
    code: int,
    identifier: int,
    body: bytes,
    secret: bytes,
    *,
    authenticator: bytes | None = None,
    sign: bool = False,
    length: int | None = None,
) -> bytes:
    """A request. Accounting gets its computed authenticator; ``sign`` puts a Message-Authenticator first."""
    size = 20 + len(body) + (18 if sign else 0)
    head = struct.pack("!BBH", code, identifier, size if length is None else length)
    said = (authenticator or os.urandom(16)) if code != ACCOUNTING_REQUEST else bytes(16)
    if sign:
        blank = bytes((SIGNATURE, 18)) + bytes(16)
        mac = hmac.new(secret, head + said + blank + body, "md5").digest()
        body = blank[:2] + mac + body
    if code == ACCOUNTING_REQUEST:
        said = hashlib.md5(head + bytes(16) + body + secret).digest()
    return head + said + body


def login(
    identifier: int,
    name: bytes,
    password: bytes,
    secret: bytes,
    more: Sequence[Attribute] = (),
    *,
    authenticator: bytes | None = None,
    sign: bool = False,
) -> bytes:
    """A PAP login."""
    said = authenticator or os.urandom(16)
    body = packed([(USER_NAME, name), (USER_PASSWORD, hidden(password, secret, said)), *more])
    return request(ACCESS_REQUEST, identifier, body, secret, authenticator=said, sign=sign)


def verified(reply: bytes, asked: bytes, secret: bytes) -> list[Attribute]:
    """The attributes of a reply, once its authenticators and its form are proved right (RFC 2865 §3, RFC 3579 §3.2)."""
    assert len(reply) == int.from_bytes(reply[2:4], "big"), "Length"
    assert reply[1] == asked[1], "identifier"
    assert reply[4:20] == hashlib.md5(reply[:4] + asked[4:20] + reply[20:] + secret).digest(), "authenticator"
    attributes: list[Attribute] = []
    at = 20
    while at < len(reply):
        number, size = reply[at], reply[at + 1]
        assert size >= 2
        if number == SIGNATURE:
            blank = reply[:4] + asked[4:20] + reply[20 : at + 2] + bytes(16) + reply[at + 18 :]
            assert reply[at + 2 : at + 18] == hmac.new(secret, blank, "md5").digest(), "Message-Authenticator"
        attributes.append((number, reply[at + 2 : at + size]))
        at += size
    assert at == len(reply)
    return attributes


class Wire:
    """A device's UDP socket. ``source`` is the address it speaks from: the box knows a device by it."""

    def __init__(self, source: str = "127.0.0.1") -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((source, 0))

    def close(self) -> None:
        self.socket.close()

    def send(self, datagram: bytes, to: tuple[str, int]) -> None:
        self.socket.sendto(datagram, to)

    def receive(self, seconds: float = 3.0) -> bytes | None:
        """The next datagram, None when none comes in time."""
        self.socket.settimeout(seconds)
        try:
            return self.socket.recv(8192)
        except TimeoutError:
            return None

    def ask(self, datagram: bytes, to: tuple[str, int], seconds: float = 3.0) -> bytes | None:
        """Send, and the answer."""
        self.send(datagram, to)
        return self.receive(seconds)

    def is_silent(self, datagrams: Sequence[bytes], to: tuple[str, int], probe: bytes) -> bool:
        """Whether none of these is answered: a good request sent after them is the first one that is."""
        for datagram in datagrams:
            self.send(datagram, to)
        reply = self.ask(probe, to)
        return reply is not None and reply[1] == probe[1] and self.receive(0.2) is None
