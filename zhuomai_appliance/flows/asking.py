"""One question to an access device about one session, asked in as many ways as its answers call for.

    named as the maker wants -> 402, 508: with every name -> 403: without the device's own names

What a device shows of itself meanwhile is remembered (flows.abilities).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from twisted.internet.defer import Deferred

from zhuomai_appliance.flows.abilities import Abilities, Inability
from zhuomai_appliance.flows.ports import ControlOutcome, ControlResult, SessionControl
from zhuomai_appliance.model.access import Session
from zhuomai_appliance.model.network import Nas, Vendor
from zhuomai_appliance.radius.packet import Attribute
from zhuomai_appliance.vendors import profile_for
from zhuomai_appliance.vendors.dynamic import (
    Change,
    NakAction,
    coa_attributes,
    disconnect_attributes,
    error_cause,
)

_OWN_NAMES: Final = frozenset((4, 32, 95))
"""NAS-IP-Address, NAS-Identifier, NAS-IPv6-Address: what a device behind address translation takes for another's."""

_TWO_PORTS: Final = frozenset((Vendor.MIKROTIK, Vendor.CISCO))
"""Makers whose documents name UDP 1700 and 3799 (vendor notes §7, §8)."""

_Send = Callable[[Nas, str, Sequence[Attribute]], Deferred[ControlResult]]
_Named = Callable[[bool], Sequence[Attribute]]


class Asker:
    """Asks devices. ``clock`` tells UTC epoch seconds."""

    def __init__(self, control: SessionControl, abilities: Abilities, clock: Callable[[], int]) -> None:
        self._control = control
        self._abilities = abilities
        self._clock = clock

    async def disconnect(self, session: Session, nas: Nas) -> ControlResult:
        """Ask for a session's end."""
        profile, host = profile_for(nas), session.nas_address or nas.host

        def named(full: bool) -> Sequence[Attribute]:
            return disconnect_attributes(session, nas, profile, full=full)

        return await self._ask(self._control.disconnect, nas, host, named)

    async def change(self, session: Session, change: Change, nas: Nas) -> ControlResult | None:
        """Ask for a session's change; None if this maker's devices cannot change all that is asked for."""
        profile, host = profile_for(nas), session.nas_address or nas.host
        if coa_attributes(session, change, nas, profile) is None:
            return None

        def named(full: bool) -> Sequence[Attribute]:
            return coa_attributes(session, change, nas, profile, full=full) or ()

        result = await self._ask(self._control.change, nas, host, named)
        if _action(result) is NakAction.USE_DISCONNECT:
            self._abilities.note(Inability.CHANGE, nas, host, self._clock())
        return result

    async def _ask(self, send: _Send, nas: Nas, host: str, named: _Named) -> ControlResult:
        attributes = tuple(named(False))
        result = await send(nas, host, attributes)
        for _ in range(2):
            again = _named_again(_action(result), attributes, named)
            if again == attributes:
                break
            attributes = again
            result = await send(nas, host, attributes)
        if result.outcome in (ControlOutcome.ACK, ControlOutcome.NAK):
            self._abilities.answered(nas, host, self._clock())
        elif result.outcome is not ControlOutcome.BUSY:
            self._abilities.note(Inability.ANSWER, nas, host, self._clock())
        return result


def _action(result: ControlResult) -> NakAction | None:
    is_nak = result.outcome is ControlOutcome.NAK
    return error_cause(result.error_cause).action if is_nak else None


def _named_again(
    action: NakAction | None, attributes: tuple[Attribute, ...], named: _Named
) -> tuple[Attribute, ...]:
    """The same question with other names, as an Error-Cause wants it; unchanged where none is wanted."""
    if action is NakAction.RETRY_FULL_IDENTITY:
        return tuple(named(True))
    if action is NakAction.RETRY_WITHOUT_NAS:
        return tuple(one for one in attributes if one[0] not in _OWN_NAMES)
    return attributes


def words_of(result: ControlResult, nas: Nas) -> str:
    """One stable line of what the device said, for the operator and the log."""
    if result.outcome is ControlOutcome.NAK:
        cause = error_cause(result.error_cause)
        return f"nak {cause.number} {cause.name}"
    if result.outcome is ControlOutcome.SILENT and nas.vendor in _TWO_PORTS:
        other = 1700 if nas.coa_port != 1700 else 3799
        return f"no answer at port {nas.coa_port}; this maker also uses {other}"
    return {
        ControlOutcome.ACK: "ack",
        ControlOutcome.SILENT: "no answer",
        ControlOutcome.UNVERIFIED: "answers do not verify: the shared secrets differ",
        ControlOutcome.BUSY: "too many requests on their way to the device",
    }[result.outcome]
