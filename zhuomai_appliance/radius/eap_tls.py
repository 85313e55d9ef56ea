"""What EAP-TLS, PEAP and EAP-TTLS have in common: TLS records cut to fit into EAP packets, and the keys.

The octets here are an EAP packet's type-data, what follows its Type: flags, sometimes a length, then TLS (RFC 5216
§3.1). Each side acknowledges each fragment by a packet without data, so one packet goes one way at a time.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from zhuomai_appliance.radius.eap_method import Certificate, Done, Failed, Prove, Send, Step
from zhuomai_appliance.radius.tls_engine import TlsEngine, TlsFailed, TlsFault

EAP_TLS: Final = 13
EAP_TTLS: Final = 21
EAP_PEAP: Final = 25

LENGTH_INCLUDED: Final = 0x80
MORE_FRAGMENTS: Final = 0x40
START: Final = 0x20
VERSION_MASK: Final = 0x07

FRAGMENT_OCTETS: Final = 1024
"""TLS octets in a packet of ours. A RADIUS packet of 4096 would hold more, but links on the way may not."""

MAX_MESSAGE_OCTETS: Final = 64 * 1024
"""The longest message that is put together; longer ones are refused at their first fragment (RFC 5216 §2.1.5)."""

_HEAD_OCTETS: Final = 4 + 1 + 1 + 4
"""EAP header, Type, flags and length: what a first fragment carries beside TLS."""

_EAPOL_OCTETS: Final = 4
"""The header of IEEE 802.1X, which some devices count into Framed-MTU."""

_LEAST_OCTETS: Final = 100

_LABELS: Final = {
    EAP_TLS: b"client EAP encryption",  # RFC 5216 §2.3
    EAP_PEAP: b"client EAP encryption",
    EAP_TTLS: b"ttls keying material",  # RFC 5281 §8
}


def fragment_octets(framed_mtu: int | None) -> int:
    """How many octets of TLS fit into a packet for a device that sent this Framed-MTU (RFC 3579 §2.4), or none."""
    if framed_mtu is None:
        return FRAGMENT_OCTETS
    return max(_LEAST_OCTETS, min(FRAGMENT_OCTETS, framed_mtu - _HEAD_OCTETS - _EAPOL_OCTETS))


def master_session_key(engine: TlsEngine, eap_type: int) -> bytes:
    """The 64 octets of keys that a tunnel of this EAP type gives: MS-MPPE-Recv-Key, then MS-MPPE-Send-Key.

    TLS 1.2 by the method's own label; TLS 1.3 by one label with the type as context (RFC 9190 §2.3, RFC 9427 §2.1).
    """
    if engine.version == "TLSv1.3":
        return engine.export(b"EXPORTER_EAP_TLS_Key_Material", 128, bytes((eap_type,)))[:64]
    return engine.export(_LABELS[eap_type], 128)[:64]


class TlsFraming:
    """Fragments of one conversation, both directions.

    `receive` takes the device's type-data. It gives a whole message, or None while more must go to and fro: then
    `reply` is what to send. To send a message, `put` it and send `reply`.
    """

    def __init__(
        self, octets: int = FRAGMENT_OCTETS, version: int = 0, most: int = MAX_MESSAGE_OCTETS
    ) -> None:
        """`octets` of TLS in a packet, see `fragment_octets`; `version` of PEAP or TTLS, in the flags' last bits.

        Messages of the device are put together up to `most` octets.
        """
        self._octets = octets
        self._most = most
        self._version = version & VERSION_MASK
        self._outgoing: deque[bytes] = deque()
        self._pieces: list[bytes] = []
        self._gathered_octets = 0
        self._total_octets: int | None = None
        self.peer_version = 0

    def start(self) -> bytes:
        """The first request of a conversation (RFC 5216 §2.1.1)."""
        return bytes((START | self._version,))

    def receive(self, data: bytes) -> bytes | None:
        """Take a response's type-data; the message if it is whole now, b"" for an acknowledgement of our last fragment.

        Raises:
            TlsFailed: it breaks the rules of fragments, or announces or makes up too long a message.
        """
        if not data:
            raise _broken("a response without flags")
        flags, body = data[0], data[1:]
        self.peer_version = flags & VERSION_MASK
        if flags & START:
            raise _broken("a response with the start flag")
        if flags & LENGTH_INCLUDED:
            body = self._announced(body)
        if self._outgoing:
            if body or flags & MORE_FRAGMENTS:
                raise _broken("data where a fragment of ours must be acknowledged")
            return None
        self._gathered_octets += len(body)
        if self._gathered_octets > self._most:
            raise TlsFailed(TlsFault.TOO_LARGE, f"fragments of over {self._most} octets")
        if self._total_octets is not None and self._gathered_octets > self._total_octets:
            raise _broken("more octets than were announced")
        if flags & MORE_FRAGMENTS:
            if not body:
                raise _broken("an empty fragment with more to follow")
            self._pieces.append(body)
            return None
        if self._total_octets is not None and self._gathered_octets < self._total_octets:
            raise _broken("fewer octets than were announced")
        message = b"".join((*self._pieces, body))
        self._pieces, self._gathered_octets, self._total_octets = [], 0, None
        return message

    def put(self, message: bytes) -> None:
        """Cut a message into fragments, to be sent one by one with `reply`."""
        size = self._octets
        if len(message) <= size:
            self._outgoing.append(bytes((self._version,)) + message)
            return
        last = (len(message) - 1) // size * size
        for at in range(0, len(message), size):
            flags = self._version | (MORE_FRAGMENTS if at < last else 0)
            length = b""
            if at == 0:
                flags |= LENGTH_INCLUDED
                length = len(message).to_bytes(4, "big")
            self._outgoing.append(bytes((flags,)) + length + message[at : at + size])

    def reply(self) -> bytes:
        """The next fragment of what was `put`; with none left, the acknowledgement of the device's fragment."""
        return self._outgoing.popleft() if self._outgoing else bytes((self._version,))

    def _announced(self, body: bytes) -> bytes:
        """Take off the length of the whole message. Some devices repeat it in every fragment."""
        if len(body) < 4:
            raise _broken("a length of fewer than four octets")
        total = int.from_bytes(body[:4], "big")
        if total > self._most:
            raise TlsFailed(TlsFault.TOO_LARGE, f"{total} octets are announced")
        if self._pieces and total != self._total_octets:
            raise _broken("another length in the midst of a message")
        self._total_octets = total
        return body[4:]


class EapTls:
    """EAP-TLS (RFC 5216, RFC 9190): a device proves itself by a certificate. An `eap_method.Method`.

    The certificate is offered for proof before the device hears that it was accepted: with TLS 1.3 our last word before
    success is a commitment (RFC 9190 §2.1.1) that must not be taken back. A resumed session offers its certificate
    again, since it may have been revoked since.
    """

    eap_type: int = EAP_TLS
    name: str = "EAP-TLS"

    def __init__(self, engine: TlsEngine, octets: int = FRAGMENT_OCTETS) -> None:
        """An engine that asks for a certificate, and how much TLS goes into a packet (see `fragment_octets`)."""
        self._engine = engine
        self._framing = TlsFraming(octets)
        self._proved = False
        self._failed: Failed | None = None

    def begin(self, identifier: int) -> Step:
        """See `Method.begin`."""
        return Send(self._framing.start())

    def step(self, data: bytes, identifier: int) -> Step:
        """See `Method.step`."""
        if self._failed is not None:
            return self._failed  # the device has acknowledged the alert, or said anything else
        try:
            message = self._framing.receive(data)
            if message is None:
                return Send(self._framing.reply())
            if self._proved:
                self._engine.receive(
                    message
                )  # an acknowledgement, or an alert of a device that has second thoughts
                return self._done()
            if not message:
                raise _broken("an acknowledgement of nothing")
            self._engine.receive(message)
        except TlsFailed as failed:
            return self._fail(failed)
        if self._engine.handshake_done:
            return Prove(
                None, Certificate(self._engine.peer_certificate or b"", resumed=self._engine.resumed)
            )
        self._framing.put(self._engine.take())
        return Send(self._framing.reply())

    def proved(self, secret: bytes | None) -> Step:
        """See `Method.proved`: the certificate is good for this account, or not."""
        if secret is None:
            return Failed("the certificate does not open this account")
        self._proved = True
        if self._engine.version == "TLSv1.3":
            self._engine.write(b"\0")
        last = self._engine.take()
        if not last:
            return self._done()  # a resumed session of TLS 1.2, whose last word the device had
        self._framing.put(last)
        return Send(self._framing.reply())

    def granted(self, words: bytes) -> None:
        """See `Method.granted`."""
        self._engine.remember(words)

    def _done(self) -> Step:
        return Done(master_session_key(self._engine, EAP_TLS))

    def _fail(self, failed: TlsFailed) -> Step:
        self._failed = Failed(failed.why, failed.fault)
        alert = self._engine.take()
        if not alert or failed.fault is TlsFault.SERVER_REFUSED:
            return self._failed
        self._framing = TlsFraming()
        self._framing.put(alert)
        return Send(self._framing.reply())


def _broken(why: str) -> TlsFailed:
    return TlsFailed(TlsFault.PROTOCOL, why)
