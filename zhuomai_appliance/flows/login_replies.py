"""What an answer carries because of how somebody proved himself: proofs of our own, keys, errors, EAP's last packet."""

from __future__ import annotations

from typing import Final

from zhuomai_appliance.model.access import (
    EapProof,
    MsChap2Proof,
    MsChapProof,
    Proof,
    Reason,
    Rejection,
)
from zhuomai_appliance.radius import eap, mschap
from zhuomai_appliance.radius.attributes import VENDOR_MICROSOFT
from zhuomai_appliance.radius.hidden import HiddenValue
from zhuomai_appliance.radius.packet import Attribute, vendor_attribute
from zhuomai_appliance.vendors.replies import rejection_attributes

# RFC 2548 §2.1.5, §2.3.3, §2.4
_ERROR: Final = 2
_POLICY: Final = 7
_TYPES: Final = 8
_KEYS_1: Final = 12
_SEND_KEY: Final = 16
_RECEIVE_KEY: Final = 17
_SUCCESS_2: Final = 26

_WRONG_PASSWORD: Final = 691
_ERRORS: Final = {
    Reason.BAD_CREDENTIALS: _WRONG_PASSWORD,
    Reason.UNKNOWN_USER: _WRONG_PASSWORD,
    Reason.OUTSIDE_HOURS: 646,
    Reason.ACCOUNT_LOCKED: 647,
    Reason.ACCOUNT_CLOSED: 647,
    Reason.ACCOUNT_NOT_OPEN: 647,
    Reason.SUSPENDED: 647,
    Reason.MUST_CHANGE_PASSWORD: 648,
}
"""RFC 2759 §6; for the rest 649, no right to come in."""

_MPPE: Final = (
    vendor_attribute(VENDOR_MICROSOFT, _POLICY, mschap.MPPE_POLICY),
    vendor_attribute(VENDOR_MICROSOFT, _TYPES, mschap.MPPE_TYPES),
)

Extras = tuple[tuple[Attribute, ...], tuple[HiddenValue, ...]]
"""Attributes, and those that the port has to hide."""


def ms_chap_extras(proof: MsChapProof | MsChap2Proof, password: bytes) -> Extras:
    """For an Accept: our proof that we know the password, and keys for MPPE."""
    known = mschap.nt_hash(password)
    if isinstance(proof, MsChapProof):
        return _MPPE, (HiddenValue(VENDOR_MICROSOFT, _KEYS_1, mschap.keys_1(known), like_password=True),)
    said = mschap.authenticator_response(
        known, proof.response, proof.peer_challenge, proof.challenge, proof.name
    )
    success = vendor_attribute(VENDOR_MICROSOFT, _SUCCESS_2, bytes((proof.ident,)) + said)
    keys = mschap.keys_2(known, proof.response)
    return (success, *_MPPE), _keys(keys.receive, keys.send)


def eap_keys(keys: bytes) -> tuple[HiddenValue, ...]:
    """For an Accept: the method's keys (RFC 3748 §7.10, RFC 2548 §2.4); none for a method without."""
    half = len(keys) // 2
    return _keys(keys[:half], keys[half:]) if keys else ()


def refusal_attributes(rejection: Rejection, proof: Proof, text: str) -> tuple[Attribute, ...]:
    """For a Reject: the sentence; beside EAP its Failure alone (RFC 3579 §2.6.5), beside MS-CHAP its error too."""
    if isinstance(proof, EapProof):
        return eap.split(eap.failure(eap.identifier_of(proof.packet)))
    said = rejection_attributes(text)
    if not isinstance(proof, MsChapProof | MsChap2Proof):
        return said
    code = _ERRORS.get(rejection.reason, 649)
    version = 3 if isinstance(proof, MsChap2Proof) else 2
    error = bytes((proof.ident,)) + mschap.error_text(code, proof.challenge, text, version)
    return (vendor_attribute(VENDOR_MICROSOFT, _ERROR, error), *said)


def _keys(receive: bytes, send: bytes) -> tuple[HiddenValue, ...]:
    return (
        HiddenValue(VENDOR_MICROSOFT, _SEND_KEY, send),
        HiddenValue(VENDOR_MICROSOFT, _RECEIVE_KEY, receive),
    )
