"""A TLS tunnel in EAP in which a device proves itself by a password: what PEAP and EAP-TTLS have in common.

    handshake ──> resumed? ──yes──> Prove(Resumed) ──stands──> the method's own end
                     └──no──> inside <──────falls──┘

A method says what goes to and fro inside (`_inside`), and how it ends when an earlier session goes on (`_end_resumed`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Final

from zhuomai_appliance.radius.eap_method import Done, Failed, Prove, Resumed, Send, Step
from zhuomai_appliance.radius.eap_tls import FRAGMENT_OCTETS, TlsFraming, master_session_key
from zhuomai_appliance.radius.tls_engine import TlsEngine, TlsFailed, TlsFault

MAX_MESSAGE_OCTETS: Final = 16 * 1024
"""The longest message of a device that shows no certificate: a hello, or a few hundred octets from inside."""


class Tunnel(ABC):
    """One conversation of a method with a tunnel. An `eap_method.Method`."""

    eap_type: int
    name: str

    def __init__(
        self, engine: TlsEngine, nonce16: Callable[[], bytes], octets: int = FRAGMENT_OCTETS
    ) -> None:
        """An engine that asks for no certificate, 16 random octets at a call, and how much TLS goes into a packet."""
        self._engine = engine
        self._nonce16 = nonce16
        self._framing = TlsFraming(octets, most=MAX_MESSAGE_OCTETS)
        self._is_open = False
        self._is_resuming = False
        self._failed: Failed | None = None
        self._identifier = 0

    def begin(self, identifier: int) -> Step:
        """See `Method.begin`."""
        return Send(self._framing.start())

    def step(self, data: bytes, identifier: int) -> Step:
        """See `Method.step`."""
        self._identifier = identifier
        if self._failed is not None:
            return self._failed  # the device has acknowledged the alert, or said anything else
        try:
            message = self._framing.receive(data)
            if message is None:
                return Send(self._framing.reply())
            if not message and not self._engine.handshake_done:
                return self._break("an acknowledgement of nothing")
            if self._framing.peer_version != 0:
                return self._break("another version of the method")
            self._engine.receive(message)
        except TlsFailed as failed:
            return self._fail(failed)
        if not self._engine.handshake_done:
            return self._flight()
        clear = self._engine.read()
        if self._is_open:
            return self._inside(clear)
        self._is_open = True
        if self._engine.remembered is not None:
            self._is_resuming = True
            return Prove(None, Resumed(self._engine.remembered))
        last = b"" if clear else self._engine.take()
        if last:
            # Our end of the handshake goes by itself: not every device reads more behind it
            self._framing.put(last)
            return Send(self._framing.reply())
        return self._inside(clear)

    def proved(self, secret: bytes | None) -> Step:
        """See `Method.proved`."""
        if not self._is_resuming:
            return self._proved(secret)
        self._is_resuming = False
        return self._inside(b"") if secret is None else self._end_resumed()

    def granted(self, words: bytes) -> None:
        """See `Method.granted`."""
        self._engine.remember(words)

    @abstractmethod
    def _inside(self, clear: bytes) -> Step:
        """Go on with what the device said inside; b"" where it has acknowledged, and at first."""

    @abstractmethod
    def _proved(self, secret: bytes | None) -> Step:
        """Go on with the proof that came from inside."""

    @abstractmethod
    def _end_resumed(self) -> Step:
        """Go on with a session in which all was proved before."""

    # For the methods ----------------------------------------------------------------------------------------------------

    def _tell(self, clear: bytes) -> Step:
        """Send octets through the tunnel."""
        self._engine.write(clear)
        return self._flight()

    def _flight(self) -> Step:
        """Send what TLS has to say; an empty packet if that is nothing."""
        self._framing.put(self._engine.take())
        return Send(self._framing.reply())

    def _done(self) -> Step:
        return Done(master_session_key(self._engine, self.eap_type))

    def _break(self, why: str) -> Step:
        return self._fail(TlsFailed(TlsFault.PROTOCOL, why))

    def _fail(self, failed: TlsFailed) -> Step:
        """Say TLS's alert, if there is one, and then that it is over."""
        self._failed = Failed(failed.why, failed.fault)
        alert = self._engine.take()
        if not alert or failed.fault is TlsFault.SERVER_REFUSED:
            return self._failed
        self._framing = TlsFraming()
        self._framing.put(alert)
        return Send(self._framing.reply())
