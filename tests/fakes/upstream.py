"""A RADIUS server elsewhere at the level of octets, which behaves as a test says, and sockets that lead to it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tests.net.wires import a_wire
from zhuomai_appliance.radius import attributes as attr
from zhuomai_appliance.radius.packet import (
    Attribute,
    Code,
    Packet,
    Secret,
    Signature,
    accounting_authenticator_ok,
    decode,
    encode_reply,
    message_authenticator,
)
from zhuomai_appliance.radius.passwords import reveal_pap

Reply = Callable[[Packet, Secret], bytes | None]


def silent(packet: Packet, secret: Secret) -> bytes | None:
    """Not there."""
    return None


def replies(code: Code, *attributes: Attribute, sign: bool = True) -> Reply:
    """As a server should; Proxy-State goes back by itself."""
    return lambda packet, secret: encode_reply(code, packet, attributes, secret, sign=sign)


def wrong_authenticator(packet: Packet, secret: Secret) -> bytes:
    """Signed with another secret."""
    return encode_reply(Code.ACCESS_ACCEPT, packet, (), Secret(b"another"), sign=True)


def wrong_identifier(packet: Packet, secret: Secret) -> bytes:
    """An answer to a question nobody asked."""
    other = packet._replace(identifier=(packet.identifier + 1) % 256)
    return encode_reply(Code.ACCESS_ACCEPT, other, (), secret, sign=True)


def wrong_kind(packet: Packet, secret: Secret) -> bytes:
    """An accounting answer to a login, or the other way round."""
    code = Code.ACCESS_ACCEPT if packet.code == Code.ACCOUNTING_REQUEST else Code.ACCOUNTING_RESPONSE
    return encode_reply(code, packet, (), secret, sign=True)


def noise(packet: Packet, secret: Secret) -> bytes:
    """No packet at all."""
    return b"\2" + bytes((packet.identifier,)) + b"noise"


class FakeUpstream:
    """Checks what it is asked as a server would, then does what its `behaviour` is; `asked` keeps all of it."""

    def __init__(self, secret: Secret, behaviour: Reply = silent) -> None:
        self.secret = secret
        self.behaviour = behaviour
        self.asked: list[Packet] = []

    def take(self, datagram: bytes) -> bytes | None:
        """The answer to a datagram."""
        packet = decode(datagram)
        if packet.code == Code.ACCOUNTING_REQUEST:
            assert accounting_authenticator_ok(packet, self.secret)
        else:
            assert message_authenticator(packet, self.secret) is Signature.GOOD
        self.asked.append(packet)
        return self.behaviour(packet, self.secret)

    def passwords(self) -> list[bytes | None]:
        """The clear passwords of what was asked."""
        return [
            None if hidden is None else reveal_pap(hidden, self.secret, packet.authenticator)
            for packet in self.asked
            for hidden in [packet.first(attr.USER_PASSWORD)]
        ]


class Sockets:
    """The part of a reactor that opens datagram sockets, and the network behind them: servers by address and port.

    Datagrams wait on the wires until `deliver`.
    """

    def __init__(self) -> None:
        self.servers: dict[tuple[str, int], FakeUpstream] = {}
        self.opened: list[tuple[Any, Any, str]] = []
        self.closed = 0
        self._seen: list[int] = []

    def listenUDP(self, port: int, protocol: Any, interface: str = "") -> Sockets:
        self.opened.append((protocol, a_wire(protocol), interface))
        self._seen.append(0)
        return self

    def stopListening(self) -> None:
        self.closed += 1

    def deliver(self) -> int:
        """Bring everybody's datagrams to their servers and the answers back; how many were sent."""
        sent = 0
        for place, (protocol, wire, _) in enumerate(self.opened):
            written: Sequence[tuple[bytes, tuple[str, int]]] = wire.written[self._seen[place] :]
            self._seen[place] = len(wire.written)
            for datagram, addr in written:
                sent += 1
                answer = self.servers[addr].take(datagram) if addr in self.servers else None
                if answer is not None:
                    protocol.datagramReceived(answer, addr)
        return sent


@contextmanager
def listening(take: Callable[[bytes], bytes | None]) -> Iterator[str]:
    """Something that answers datagrams on a port of its own; where."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind(("127.0.0.1", 0))

        def serve() -> None:
            while True:
                datagram, addr = line.recvfrom(4096)
                if not datagram:
                    return
                answer = take(datagram)
                if answer is not None:
                    line.sendto(answer, addr)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield "127.0.0.1:%d" % line.getsockname()[1]
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
                end.sendto(b"", line.getsockname())
            thread.join()
