"""A device of a few lines for the dialogue tests: it answers a request with the fields that a test names."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import pytest

from zhuomai_appliance.portal.dialogue import (
    Action,
    Actions,
    DialogueSettings,
    Done,
    LoginDialogue,
    Outcome,
    Send,
)
from zhuomai_appliance.portal.packet import AttributeKind, Kind, PortalPacket, decode, encode_answer

KEY = b"zhuomai-portal"
USER_IP = "10.9.0.7"
CHALLENGE = bytes(range(0x10, 0x20))


def sent(actions: Actions) -> PortalPacket:
    """The one packet that the actions send."""
    (packet,) = all_sent(actions)
    return packet


def all_sent(actions: Iterable[Action]) -> list[PortalPacket]:
    return [decode(action.datagram) for action in actions if isinstance(action, Send)]


def outcomes(actions: Iterable[Action]) -> list[Outcome]:
    return [action.outcome for action in actions if isinstance(action, Done)]


def answer(
    request: PortalPacket,
    error_code: int = 0,
    *,
    kind: Kind | None = None,
    key: bytes = KEY,
    req_id: int | None = None,
    serial: int | None = None,
    user_ip: str | None = None,
    text: str = "",
    attributes: Iterable[tuple[int, bytes]] = (),
) -> bytes:
    """The device's answer to `request`; what is not named is echoed, a good challenge answer carries a Challenge."""
    kind = Kind(request.kind + 1) if kind is None else kind
    extra: tuple[tuple[int, bytes], ...] = ()
    if kind is Kind.ACK_CHALLENGE and error_code == 0:
        extra = ((AttributeKind.CHALLENGE, CHALLENGE),)
    if text:
        extra = (*extra, (AttributeKind.TEXT_INFO, text.encode()))
    return encode_answer(
        kind,
        version=request.version,
        key=key,
        request_authenticator=request.authenticator,
        serial=request.serial if serial is None else serial,
        user_ip=request.user_ip if user_ip is None else user_ip,
        req_id=(0x1F42 if kind is Kind.ACK_CHALLENGE else request.req_id) if req_id is None else req_id,
        error_code=error_code,
        pap=request.pap,
        attributes=(*attributes, *extra, (AttributeKind.BAS_IP, b"\x0a\x01\x01\x02")),
    )


VARIANTS = [(version, pap) for version in (1, 2) for pap in (False, True)]
IDS = [f"v{version}-{'pap' if pap else 'chap'}" for version, pap in VARIANTS]
every_variant = pytest.mark.parametrize(("version", "pap"), VARIANTS, ids=IDS)


def login(version: int = 2, pap: bool = False, bas_ip: str | None = "10.1.1.2") -> LoginDialogue:
    return LoginDialogue(
        DialogueSettings(key=KEY, version=version, pap=pap, bas_ip=bas_ip),
        user_ip=USER_IP,
        username=b"stu2026",
        password=b"Pa55-word",
        take_serial=itertools.count(0x3039).__next__,
    )


def asked(dialogue: LoginDialogue, now: float = 0) -> PortalPacket:
    """Drive a fresh dialogue to its REQ_AUTH and give that packet."""
    first = sent(dialogue.start(now))
    if first.kind is Kind.REQ_AUTH:
        return first
    return sent(dialogue.receive(answer(first), now))
