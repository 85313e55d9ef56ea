"""EAP-MSCHAPv2: MS-CHAP-V2 in EAP, inside PEAP or EAP-TTLS as a rule, and by itself on wired ports.

    challenge ──response──> success request ──success response──> done
                       └──> failure request ──anything──────────> failed

A packet is OpCode, MS-CHAPv2-ID, MS-Length, then the data (draft-kamath-pppext-eap-mschapv2 §2; [MS-CHAP] of Microsoft's
open specifications; both were followed by wpa_supplicant and Windows).
"""

from __future__ import annotations

from typing import Final

from zhuomai_appliance.radius import mschap
from zhuomai_appliance.radius.eap import MSCHAPV2
from zhuomai_appliance.radius.eap_method import Done, Failed, MsChap2, Prove, Send, Step

_CHALLENGE: Final = 1
_RESPONSE: Final = 2
_SUCCESS: Final = 3
_FAILURE: Final = 4

_HEAD_OCTETS: Final = 4
_VALUE_OCTETS: Final = 49
"""Peer challenge 16, zeros 8, NT response 24, flags 1."""

_NAME: Final = b"zhuomai"
_WRONG: Final = 691


class EapMsChapV2:
    """One conversation; ``challenge`` are 16 random octets."""

    eap_type = MSCHAPV2
    name = "EAP-MSCHAPv2"

    def __init__(self, challenge: bytes) -> None:
        self._challenge = challenge
        self._identifier = 0
        self._offer: MsChap2 | None = None
        self._keys = b""
        self._expected: int | None = _RESPONSE

    def begin(self, identifier: int) -> Step:
        """Send the challenge."""
        self._identifier = identifier
        value = bytes((len(self._challenge),)) + self._challenge + _NAME
        return self._send(_CHALLENGE, value)

    def step(self, data: bytes, identifier: int) -> Step:
        """Take a response: the proof, or what the device says to our success or failure."""
        if not data:
            return Failed("an MS-CHAP-V2 packet without an operation")
        if self._expected == _SUCCESS:
            # Only who found our proof right says so; the keys are none before
            return Done(self._keys) if data[0] == _SUCCESS else Failed("the device does not trust our proof")
        if self._expected == _FAILURE:
            return Failed("wrong password")
        return self._response(data)

    def proved(self, secret: bytes | None) -> Step:
        """Prove that we know the password too, or say that there is no further try."""
        offer = self._offer
        if offer is None:
            return Failed("a proof without a response")
        if secret is None:
            self._expected = _FAILURE
            return self._send(_FAILURE, mschap.error_text(_WRONG, self._challenge))
        known = mschap.nt_hash(secret)
        self._keys = mschap.master_session_key(known, offer.response)
        self._expected = _SUCCESS
        said = mschap.authenticator_response(
            known, offer.response, offer.peer_challenge, offer.challenge, offer.name
        )
        return self._send(_SUCCESS, said + b" M=OK")

    def granted(self, words: bytes) -> None:
        """Nothing is resumed."""

    def _response(self, data: bytes) -> Step:
        value, size = data[5 : 5 + _VALUE_OCTETS], int.from_bytes(data[2:4], "big")
        if (
            data[0] != _RESPONSE
            or len(value) < _VALUE_OCTETS
            or data[4] != _VALUE_OCTETS
            or size != len(data)
        ):
            return Failed("no MS-CHAP-V2 response where one was due")
        if data[1] != self._identifier:
            return Failed("an MS-CHAP-V2 response to another challenge")
        name = data[5 + _VALUE_OCTETS :]
        self._offer = MsChap2(data[1], self._challenge, value[:16], value[24:48], name)
        return Prove(None, self._offer)

    def _send(self, operation: int, value: bytes) -> Send:
        length = _HEAD_OCTETS + len(value)
        return Send(bytes((operation, self._identifier)) + length.to_bytes(2, "big") + value)
