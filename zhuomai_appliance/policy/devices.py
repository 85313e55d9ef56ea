"""Devices: who may come back without a page (无感知), how many are bound, how many are online (billing rules §14)."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from zhuomai_appliance.model.access import Reason, Rejection
from zhuomai_appliance.model.people import BindingKind, BindingMode, DeviceBinding
from zhuomai_appliance.model.products import AccessPolicy, WhenFull
from zhuomai_appliance.policy.facts import Kick, OpenSession, Reservation
from zhuomai_appliance.policy.sessions import slot_free_at

RESERVATION_SECONDS: Final = 60
"""How long a place is kept between Accept and Start."""

RANDOM_BINDINGS: Final = 8
"""How many random addresses are remembered where the plan sets no limit of devices."""

DAY_SECONDS: Final = 86_400

KICK_BACK_SECONDS: Final = 600
"""How long a device that had to go may not make another go (billing rules §14)."""

KICKS: Final = 3
KICKS_SECONDS: Final = 600
KICKS_PAUSE_SECONDS: Final = 600
"""After so many kicks within so many seconds an account refuses new devices for so long: they are fighting."""

KICKS_PER_HOUR: Final = 6
KICKS_KEPT_SECONDS: Final = 3600

NOT_BOUND: Final = "not bound"


def is_random_mac(mac: str) -> bool:
    """Whether a MAC is locally administered, so made up by the phone (IEEE 802c: bit 1 of the first octet)."""
    return bool(int(mac[:2], 16) & 2)


def may_come_back(
    mac: str, bindings: Iterable[DeviceBinding], policy: AccessPolicy, now: int
) -> Rejection | None:
    """Whether a device address alone opens its owner's account.

    A device that an operator fixed without an end may always; a learned one until its validity ends, and only while
    the plan allows silent logins at all. The account itself is judged like any other login.
    """
    for binding in bindings:
        if binding.mac != mac:
            continue
        if binding.kind is BindingKind.FIXED and binding.silent_until is None:
            return None
        if not policy.has_silent_login:
            return Rejection(Reason.DEVICE_NOT_REGISTERED, "the plan has no silent login")
        if binding.silent_until is None or binding.silent_until <= now:
            return Rejection(Reason.DEVICE_NOT_REGISTERED, "silent login expired")
        return None
    return Rejection(Reason.DEVICE_NOT_REGISTERED, NOT_BOUND)


@dataclass(frozen=True, slots=True)
class BindingPlan:
    """How a login is remembered: bind ``mac`` and forget ``evict``, the longest unseen random addresses."""

    mac: str
    kind: BindingKind
    silent_until: int | None
    evict: tuple[str, ...] = ()


def binding_for(
    mac: str | None,
    bindings: Sequence[DeviceBinding],
    policy: AccessPolicy,
    now: int,
    *,
    login_kind: str = "",
    mode: BindingMode | None = None,
    is_silent: bool = False,
) -> BindingPlan | Rejection | None:
    """What a successful login binds; a Rejection if the device may not be used; None where nothing is remembered.

    Args:
        login_kind: the kind of access, which may have its own validity.
        mode: what the person's group says of devices; None leaves it to the plan.
        is_silent: the device's address was all that it showed: its validity goes on and is not renewed.

    A bound device renews its validity. A new one with a real address needs a free place; random addresses have their
    own places (as many as the plan allows devices) and push out the one not seen for longest, since a phone that
    changes its address is no new device. Where devices are fixed by an operator no other one may be used, and none
    that does not tell its address; where they are not bound at all, they are known for silent logins alone.
    """
    mode = mode or policy.binding
    if mac is None:
        if mode is BindingMode.FIXED:
            return Rejection(Reason.DEVICE_NOT_REGISTERED, "no address, and devices are fixed")
        return None
    days = policy.silent_days(login_kind)
    until = None if days is None else now + days * DAY_SECONDS
    for binding in bindings:
        if binding.mac != mac:
            continue
        is_fixed = binding.kind is BindingKind.FIXED
        if mode is BindingMode.FIXED and not is_fixed:
            break
        kept = binding.silent_until if is_silent or (is_fixed and binding.silent_until is None) else until
        return BindingPlan(mac, binding.kind, kept)
    if mode is BindingMode.FIXED:
        return Rejection(Reason.DEVICE_NOT_REGISTERED, "not among the fixed devices")
    if mode is BindingMode.NONE and until is None:
        return None
    if is_random_mac(mac):
        places = policy.max_macs or RANDOM_BINDINGS
        known = sorted(
            (b for b in bindings if b.kind is BindingKind.RANDOM), key=lambda b: (b.last_seen_at, b.mac)
        )
        surplus = len(known) + 1 - places
        return BindingPlan(mac, BindingKind.RANDOM, until, tuple(b.mac for b in known[: max(surplus, 0)]))
    bound = bound_count(bindings)
    if mode is BindingMode.LEARN and policy.max_macs and bound >= policy.max_macs:
        return Rejection(Reason.TOO_MANY_BINDINGS, f"{bound}/{policy.max_macs}", (("n", policy.max_macs),))
    return BindingPlan(mac, BindingKind.LEARNED, until)


def bound_count(bindings: Iterable[DeviceBinding]) -> int:
    """How many places for devices are taken; random addresses take none."""
    return sum(binding.kind is not BindingKind.RANDOM for binding in bindings)


def room(
    mac: str | None,
    ip: str | None,
    limit: int,
    open_sessions: Iterable[OpenSession],
    reservations: Iterable[Reservation],
    now: int,
    when_full: WhenFull = WhenFull.REJECT,
    kicks: Sequence[Kick] = (),
) -> Rejection | tuple[OpenSession, ...]:
    """Whether one more device finds a place: the sessions that must end for it (mostly none), or a refusal.

    Counted are distinct devices with a sign of life younger than two intervals and a minute, and fresh reservations.
    The device that is logging in takes its own place again (roaming, dialling anew), and a session that was ended for
    another device a moment ago holds none. ``limit`` 0 limits nothing. Places that are only reserved cannot be freed.
    """
    if limit <= 0:
        return ()
    others = other_devices(mac, ip, open_sessions, reservations, now, kicks)
    surplus = len(others) - limit + 1
    if surplus <= 0:
        return ()
    count = f"{len(others)}/{limit}"
    if when_full is WhenFull.KICK_OLDEST:
        held = sorted(
            (sessions for sessions in others.values() if sessions),
            key=lambda sessions: min((one.started_at, one.acct_session_id) for one in sessions),
        )
        if (fighting := flapping(mac or ip, kicks, now)) is not None:
            count = f"{count}, {fighting}"
        elif surplus <= len(held):
            return tuple(session for sessions in held[:surplus] for session in sessions)
    return Rejection(Reason.TOO_MANY_SESSIONS, count, (("n", limit),))


def too_many_devices(
    mac: str | None,
    ip: str | None,
    limit: int,
    open_sessions: Iterable[OpenSession],
    reservations: Iterable[Reservation],
    now: int,
) -> Rejection | None:
    """Whether one more device is one too many where nobody has to go for it; see `room`."""
    found = room(mac, ip, limit, open_sessions, reservations, now)
    return found if isinstance(found, Rejection) else None


def flapping(device: str | None, kicks: Sequence[Kick], now: int) -> str | None:
    """Why a device may make no other go now, so that two of them do not take turns for ever; None if it may."""
    if not kicks:
        return None
    if any(kick.device == device and now - kick.at < KICK_BACK_SECONDS for kick in kicks):
        return "this device had to go itself a moment ago"
    times = sorted(kick.at for kick in kicks if now - kick.at < KICKS_KEPT_SECONDS)
    for first, last in zip(times, times[KICKS - 1 :], strict=False):
        if last - first < KICKS_SECONDS and now - last < KICKS_PAUSE_SECONDS:
            return f"{KICKS} devices had to go within {KICKS_SECONDS // 60} minutes"
    return f"{len(times)} devices had to go within the hour" if len(times) >= KICKS_PER_HOUR else None


def other_devices(
    mac: str | None,
    ip: str | None,
    open_sessions: Iterable[OpenSession],
    reservations: Iterable[Reservation],
    now: int,
    kicks: Iterable[Kick] = (),
) -> dict[Hashable, list[OpenSession]]:
    """Every other device that holds a place, with its sessions; one without an address is its session.

    A reservation alone holds a place without a session.
    """
    leaving = {key for kick in kicks if now - kick.at < RESERVATION_SECONDS for key in kick.sessions}
    found: dict[Hashable, list[OpenSession]] = {}
    for session in open_sessions:
        if slot_free_at(session.updated_at, session.interim_seconds) <= now:
            continue
        if mac is not None and session.mac is not None:
            is_same = session.mac == mac
        else:
            is_same = ip is not None and session.ip == ip
        key = (session.nas_id, session.acct_session_id)
        if not is_same and key not in leaving:
            found.setdefault(session.mac or key, []).append(session)
    for number, reservation in enumerate(reservations):
        if reservation.until > now and (reservation.device is None or reservation.device not in (mac, ip)):
            found.setdefault(reservation.device or number, [])
    return found
