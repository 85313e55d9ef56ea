"""PEAP version 0 with EAP-MSCHAPv2 inside, as Windows, Android, Apple's devices and wpa_supplicant speak it ([MS-PEAP]).

    identity ──> MS-CHAP-V2 to and fro ──> result, ours ──> result, the device's ──> done or failed

Inside, EAP packets go without their head, only Type and data, but for the result, which is a whole packet (Type 33,
Extensions). A session that is resumed goes straight to the result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum
from typing import Final

from zhuomai_appliance.radius import eap
from zhuomai_appliance.radius.eap_method import Done, Failed, Method, Prove, Send, Step
from zhuomai_appliance.radius.eap_mschapv2 import EapMsChapV2
from zhuomai_appliance.radius.eap_tls import FRAGMENT_OCTETS
from zhuomai_appliance.radius.eap_tunnel import Tunnel
from zhuomai_appliance.radius.packet import WireError
from zhuomai_appliance.radius.tls_engine import TlsEngine

_RESULT_TLV: Final = 3
_MANDATORY: Final = 0x8000
_TYPE_MASK: Final = 0x3FFF
_WON: Final = 1
_LOST: Final = 2


class _Turn(Enum):
    """What the device has to say next."""

    NOTHING = "nothing"
    IDENTITY = "identity"
    METHOD = "method"
    RESULT = "result"


class Peap(Tunnel):
    """One conversation."""

    eap_type = eap.PEAP
    name = "PEAP"

    def __init__(
        self, engine: TlsEngine, nonce16: Callable[[], bytes], octets: int = FRAGMENT_OCTETS
    ) -> None:
        """See `Tunnel`."""
        super().__init__(engine, nonce16, octets)
        self._turn = _Turn.NOTHING
        self._identity = b""
        self._inner: Method = EapMsChapV2(nonce16())
        self._lost: Failed | None = None

    def _inside(self, clear: bytes) -> Step:
        if self._turn is _Turn.NOTHING:
            self._turn = _Turn.IDENTITY
            return self._tell(bytes((eap.IDENTITY,)))
        kind, data = _bare(clear)
        if self._turn is _Turn.RESULT:
            return self._ended(kind, data)
        if self._turn is _Turn.IDENTITY:
            if kind != eap.IDENTITY or not 0 < len(data) <= eap.MAX_IDENTITY_OCTETS:
                return self._result(Failed("no identity inside"))
            self._identity, self._turn = data, _Turn.METHOD
            return self._forward(self._inner.begin(self._identifier))
        if kind == eap.NAK:
            return self._result(Failed(f"the device wants EAP types {list(data[:8])} inside"))
        if kind != self._inner.eap_type:
            return self._result(Failed(f"EAP type {kind} inside where {self._inner.eap_type} was due"))
        return self._forward(self._inner.step(data, self._identifier))

    def _proved(self, secret: bytes | None) -> Step:
        return self._forward(self._inner.proved(secret))

    def _end_resumed(self) -> Step:
        return self._result(None)

    def _forward(self, step: Step) -> Step:
        """Put a step of the inner method into the tunnel."""
        if isinstance(step, Send):
            return self._tell(bytes((self._inner.eap_type,)) + step.data)
        if isinstance(step, Prove):
            return Prove(self._identity, step.offer)
        return self._result(None if isinstance(step, Done) else step)

    def _result(self, lost: Failed | None) -> Step:
        """Tell the result, protected by the tunnel; the bare EAP-Success or -Failure behind it could be anybody's."""
        self._lost, self._turn = lost, _Turn.RESULT
        value = _WON if lost is None else _LOST
        tlv = b"".join(part.to_bytes(2, "big") for part in (_MANDATORY | _RESULT_TLV, 2, value))
        return self._tell(eap.request(self._identifier, eap.EXTENSIONS, tlv))

    def _ended(self, kind: int, data: bytes) -> Step:
        if self._lost is not None:
            return self._lost
        if kind == eap.EXTENSIONS and _WON in _results(data):
            return self._done()
        return Failed("the device does not agree that it got in")


def _bare(clear: bytes) -> tuple[int, bytes]:
    """Type and data of a packet inside; some devices send its head too. Type 0 for none."""
    if (
        len(clear) > 4
        and clear[0] == eap.EapCode.RESPONSE
        and int.from_bytes(clear[2:4], "big") == len(clear)
    ):
        try:
            packet = eap.decode(clear)
        except WireError:
            return 0, b""
        return packet.kind, packet.data
    return (clear[0], clear[1:]) if clear else (0, b"")


def _results(data: bytes) -> Iterator[int]:
    """The values of the Result TLVs among others, which are passed over."""
    at = 0
    while at + 4 <= len(data):
        kind, length = int.from_bytes(data[at : at + 2], "big"), int.from_bytes(data[at + 2 : at + 4], "big")
        value = data[at + 4 : at + 4 + length]
        if kind & _TYPE_MASK == _RESULT_TLV and len(value) == 2:
            yield int.from_bytes(value, "big")
        at += 4 + length
