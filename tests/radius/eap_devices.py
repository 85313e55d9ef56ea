"""The device's end of EAP's methods, over nothing but octets: what tests of methods and of conversations speak with."""

from __future__ import annotations

from hashlib import md5

from tests.radius.tls_peer import Peer
from zhuomai_appliance.radius import mschap
from zhuomai_appliance.radius.eap_method import Method, Send, Step

PEER_CHALLENGE = bytes(range(100, 116))


def md5_answer(request: bytes, identifier: int, password: bytes) -> bytes:
    """Type-data of the response to an EAP-MD5 challenge."""
    challenge = request[1 : 1 + request[0]]
    return b"\x10" + md5(bytes((identifier,)) + password + challenge).digest()


def ms_chap_v2_answer(request: bytes, name: bytes, password: bytes) -> bytes:
    """Type-data of the response to an EAP-MSCHAPv2 challenge."""
    challenge = request[5 : 5 + request[4]]
    hashed = mschap.challenge_hash(PEER_CHALLENGE, challenge, name)
    response = mschap.challenge_response(hashed, mschap.nt_hash(password))
    value = b"\x31" + PEER_CHALLENGE + bytes(8) + response + b"\0" + name
    return b"\2" + request[1:2] + (len(value) + 4).to_bytes(2, "big") + value


class InTunnel:
    """A device in a tunnel with a method. ``clear`` is what it heard inside last."""

    def __init__(self, method: Method, peer: Peer | None = None) -> None:
        self.method = method
        self.peer = peer or Peer()
        self.identifier = 1
        self.clear = b""

    def open(self) -> Step:
        """Shake hands; the first step after it."""
        step: Step = self.method.begin(self.identifier)
        records = self.peer.step()
        while records:
            body, step = self.exchange(records)
            if not isinstance(step, Send):
                return step
            records = self.peer.step(body)
        return step

    def say(self, clear: bytes = b"") -> Step:
        """Say something inside, or acknowledge; what the server says to it is in ``clear``."""
        return self.heard(*self.exchange(self.peer.say(clear) if clear else b""))

    def proved(self, secret: bytes | None) -> Step:
        """Tell the method whether the proof holds, and hear what it says."""
        return self.heard(*self.gathered(self.method.proved(secret)))

    def heard(self, body: bytes, step: Step) -> Step:
        self.clear = self.peer.hear(body)
        return step

    def exchange(self, records: bytes) -> tuple[bytes, Step]:
        """Send records in one packet; the server's records, all fragments of them, and its last step."""
        self.identifier += 1
        return self.gathered(self.method.step(b"\0" + records, self.identifier))

    def gathered(self, step: Step) -> tuple[bytes, Step]:
        whole = b""
        while isinstance(step, Send):
            flags, body = step.data[0], step.data[1:]
            whole += body[4:] if flags & 0x80 else body
            if not flags & 0x40:
                break
            self.identifier += 1
            step = self.method.step(b"\0", self.identifier)
        return whole, step
