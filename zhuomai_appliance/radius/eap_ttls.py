"""EAP-TTLS version 0 (RFC 5281): inside are AVPs of Diameter's form with PAP, CHAP, MS-CHAP-V2, or EAP.

    AVPs of the device ──PAP, CHAP──> proved ──> done
                       ──MS-CHAP-V2─> proved ──our proof──> acknowledged ──> done
                       ──EAP────────> the inner method to and fro ──────────> done

The challenges of CHAP and MS-CHAP-V2 come from the tunnel's keys (§11.1), so that nothing can be played back.
"""

from __future__ import annotations

from collections.abc import Callable
from hmac import compare_digest
from typing import Final

from zhuomai_appliance.radius import attributes as attr
from zhuomai_appliance.radius import eap, mschap
from zhuomai_appliance.radius.eap_md5 import EapMd5
from zhuomai_appliance.radius.eap_method import (
    Digest,
    Done,
    Failed,
    Method,
    MsChap2,
    Password,
    Prove,
    Send,
    Step,
)
from zhuomai_appliance.radius.eap_mschapv2 import EapMsChapV2
from zhuomai_appliance.radius.eap_tls import FRAGMENT_OCTETS
from zhuomai_appliance.radius.eap_tunnel import Tunnel
from zhuomai_appliance.radius.packet import WireError
from zhuomai_appliance.radius.tls_engine import TlsEngine

_MICROSOFT: Final = attr.VENDOR_MICROSOFT
_CHALLENGE: Final = (_MICROSOFT, 11)  # RFC 2548 §2.1.2
_RESPONSE_2: Final = (_MICROSOFT, 25)  # RFC 2548 §2.3.2
_SUCCESS_2: Final = (_MICROSOFT, 26)  # RFC 2548 §2.3.3
_ERROR: Final = (_MICROSOFT, 2)  # RFC 2548 §2.1.5
_USER_NAME: Final = (0, attr.USER_NAME)
_USER_PASSWORD: Final = (0, attr.USER_PASSWORD)
_CHAP_PASSWORD: Final = (0, attr.CHAP_PASSWORD)
_CHAP_CHALLENGE: Final = (0, attr.CHAP_CHALLENGE)
_EAP_MESSAGE: Final = (0, attr.EAP_MESSAGE)
_KNOWN: Final = frozenset(
    (_USER_NAME, _USER_PASSWORD, _CHAP_PASSWORD, _CHAP_CHALLENGE, _EAP_MESSAGE, _CHALLENGE, _RESPONSE_2)
)

_VENDOR_FLAG: Final = 0x80
_MANDATORY_FLAG: Final = 0x40
_WRONG: Final = 691

AvpKind = tuple[int, int]
"""Vendor, 0 for none, and number."""


class Ttls(Tunnel):
    """One conversation."""

    eap_type = eap.TTLS
    name = "EAP-TTLS"

    def __init__(
        self, engine: TlsEngine, nonce16: Callable[[], bytes], octets: int = FRAGMENT_OCTETS
    ) -> None:
        """See `Tunnel`."""
        super().__init__(engine, nonce16, octets)
        self._identity = b""
        self._offer: Password | Digest | MsChap2 | None = None
        self._inner: Method | None = None
        self._inner_identifier = 0
        self._end: Done | Failed | None = None
        self._refused: set[int] = set()

    def _inside(self, clear: bytes) -> Step:
        if self._end is not None:
            return self._end  # whatever it says to our last word
        if not clear:
            return self._flight()  # the device has the word
        try:
            avps = read_avps(clear)
        except WireError as error:
            return self._break(str(error))
        inner = avps.get(_EAP_MESSAGE)
        if inner is not None:
            return self._eap(inner)
        name = avps.get(_USER_NAME, b"")
        if self._inner is not None or not 0 < len(name) <= eap.MAX_IDENTITY_OCTETS:
            return self._break("no name inside")
        self._offer = self._read(avps)
        if self._offer is None:
            return self._break("no credential inside that we know, or an answer to another challenge")
        return Prove(name, self._offer)

    def _proved(self, secret: bytes | None) -> Step:
        if self._inner is not None:
            return self._forward(self._inner.proved(secret))
        offer = self._offer
        if not isinstance(offer, MsChap2):
            return Failed("wrong password") if secret is None else self._done()
        ident = bytes((offer.ident,))
        if secret is None:
            self._end = Failed("wrong password")
            return self._tell(avp(_ERROR, ident + mschap.error_text(_WRONG, offer.challenge)))
        said = mschap.authenticator_response(
            mschap.nt_hash(secret), offer.response, offer.peer_challenge, offer.challenge, offer.name
        )
        return self._last_word(avp(_SUCCESS_2, ident + said))

    def _end_resumed(self) -> Step:
        # With TLS 1.3 the device must hear from inside that it is over (RFC 9427 §3.1)
        return self._last_word(b"\0") if self._engine.version == "TLSv1.3" else self._done()

    def _last_word(self, clear: bytes) -> Step:
        done = self._done()
        self._end = done if isinstance(done, Done) else None
        return self._tell(clear)

    # Passwords ----------------------------------------------------------------------------------------------------------

    def _read(self, avps: dict[AvpKind, bytes]) -> Password | Digest | MsChap2 | None:
        """The one credential of some AVPs; None if there is none, more than one, or one over another challenge."""
        kinds = [kind for kind in (_USER_PASSWORD, _CHAP_PASSWORD, _RESPONSE_2) if kind in avps]
        if len(kinds) != 1:
            return None
        value = avps[kinds[0]]
        if kinds[0] == _USER_PASSWORD:
            return Password(value.rstrip(b"\0"))
        implied = self._engine.export(b"ttls challenge", 17)
        challenge, ident = implied[:16], implied[16]
        sent = avps.get(_CHAP_CHALLENGE if kinds[0] == _CHAP_PASSWORD else _CHALLENGE, b"")
        if not value or value[0] != ident or not compare_digest(sent, challenge):
            return None
        if kinds[0] == _CHAP_PASSWORD:
            return Digest(ident, value[1:], challenge) if len(value) == 17 else None
        if len(value) != 50:
            return None
        return MsChap2(ident, challenge, value[2:18], value[26:50], avps[_USER_NAME])

    # EAP ----------------------------------------------------------------------------------------------------------------

    def _eap(self, octets: bytes) -> Step:
        try:
            packet = eap.decode(octets)
        except WireError as error:
            return self._break(str(error))
        if packet.code is not eap.EapCode.RESPONSE:
            return self._break("an EAP request inside")
        if self._inner is None:
            if packet.kind != eap.IDENTITY or not 0 < len(packet.data) <= eap.MAX_IDENTITY_OCTETS:
                return self._break("no identity inside")
            self._identity, self._inner_identifier = packet.data, packet.identifier
            return self._offer_method(EapMsChapV2(self._nonce16()))
        if packet.identifier != self._inner_identifier:
            return self._break("an EAP response inside to another request")
        if eap.is_nak(packet) and isinstance(self._inner, EapMsChapV2) and not self._refused:
            self._refused.add(self._inner.eap_type)
            if eap.MD5_CHALLENGE in eap.wanted_types(packet):
                # The tunnel gives the keys and keeps it from being read: inside it MD5 does no harm
                return self._offer_method(EapMd5(self._nonce16()))
        if packet.kind != self._inner.eap_type:
            return Failed(f"EAP type {packet.kind} inside where {self._inner.eap_type} was due")
        self._inner_identifier = (self._inner_identifier + 1) & 0xFF
        return self._forward(self._inner.step(packet.data, self._inner_identifier))

    def _offer_method(self, method: Method) -> Step:
        self._inner = method
        self._inner_identifier = (self._inner_identifier + 1) & 0xFF
        return self._forward(method.begin(self._inner_identifier))

    def _forward(self, step: Step) -> Step:
        """Put a step of the inner method into the tunnel."""
        if self._inner is not None and isinstance(step, Send):
            packet = eap.request(self._inner_identifier, self._inner.eap_type, step.data)
            return self._tell(avp(_EAP_MESSAGE, packet))
        if isinstance(step, Prove):
            return Prove(self._identity, step.offer)
        return self._done() if isinstance(step, Done) else step


def avp(kind: AvpKind, value: bytes) -> bytes:
    """An AVP that must be understood (RFC 5281 §10.1)."""
    vendor, number = kind
    flags = _MANDATORY_FLAG | (_VENDOR_FLAG if vendor else 0)
    head = vendor.to_bytes(4, "big") if vendor else b""
    length = 8 + len(head) + len(value)
    return (
        number.to_bytes(4, "big")
        + bytes((flags,))
        + length.to_bytes(3, "big")
        + head
        + value
        + bytes(-length % 4)
    )


def read_avps(octets: bytes) -> dict[AvpKind, bytes]:
    """AVPs by vendor and number; EAP-Message values are joined, of others that come twice the first counts.

    Raises:
        WireError: they do not add up, or one that must be understood is none that we know.
    """
    found: dict[AvpKind, bytes] = {}
    at = 0
    while at < len(octets):
        number, flags = int.from_bytes(octets[at : at + 4], "big"), octets[at + 4 : at + 5]
        length = int.from_bytes(octets[at + 5 : at + 8], "big")
        head = 12 if flags and flags[0] & _VENDOR_FLAG else 8
        if length < head or at + length > len(octets):
            raise WireError("AVPs that do not add up")
        vendor = int.from_bytes(octets[at + 8 : at + 12], "big") if head == 12 else 0
        kind, value = (vendor, number), octets[at + head : at + length]
        if kind == _EAP_MESSAGE:
            found[kind] = found.get(kind, b"") + value
        elif kind in _KNOWN:
            found.setdefault(kind, value)
        elif flags[0] & _MANDATORY_FLAG:
            raise WireError(f"an AVP {vendor}-{number} that must be understood and is not")
        at += length + -length % 4
    return found
