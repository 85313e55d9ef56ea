"""Devices: who may come back without a page (无感知), how many are bound, how many are online (billing rules §14)."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from zhuomai_appliance.model.access import Reason, Rejection
from zhuomai_appliance.model.people import BindingKind, DeviceBinding
from zhuomai_appliance.model.products import AccessPolicy
from zhuomai_appliance.policy.facts import OpenSession, Reservation
from zhuomai_appliance.policy.sessions import slot_free_at

RESERVATION_SECONDS: Final = 60
"""How long a place is kept between Accept and Start."""

RANDOM_BINDINGS: Final = 8
"""How many random addresses are remembered where the plan sets no limit of devices."""

DAY_SECONDS: Final = 86_400


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
        if policy.silent_login_days is None:
            return Rejection(Reason.DEVICE_NOT_REGISTERED, "the plan has no silent login")
        if binding.silent_until is None or binding.silent_until <= now:
            return Rejection(Reason.DEVICE_NOT_REGISTERED, "silent login expired")
        return None
    return Rejection(Reason.DEVICE_NOT_REGISTERED, "not bound")


@dataclass(frozen=True, slots=True)
class BindingPlan:
    """How a login is remembered: bind ``mac`` and forget ``evict``, the longest unseen random addresses."""

    mac: str
    kind: BindingKind
    silent_until: int | None
    evict: tuple[str, ...] = ()


def binding_for(
    mac: str | None, bindings: Sequence[DeviceBinding], policy: AccessPolicy, now: int
) -> BindingPlan | Rejection | None:
    """What a successful login binds; a Rejection if the account's devices are full; None without an address.

    A bound device renews its validity. A new one with a real address needs a free place; random addresses have their
    own places (as many as the plan allows devices) and push out the one not seen for longest, since a phone that
    changes its address is no new device.
    """
    if mac is None:
        return None
    days = policy.silent_login_days
    until = None if days is None else now + days * DAY_SECONDS
    for binding in bindings:
        if binding.mac == mac:
            kept = None if binding.kind is BindingKind.FIXED and binding.silent_until is None else until
            return BindingPlan(mac, binding.kind, kept)
    if is_random_mac(mac):
        places = policy.max_macs or RANDOM_BINDINGS
        known = sorted(
            (b for b in bindings if b.kind is BindingKind.RANDOM), key=lambda b: (b.last_seen_at, b.mac)
        )
        surplus = len(known) + 1 - places
        return BindingPlan(mac, BindingKind.RANDOM, until, tuple(b.mac for b in known[: max(surplus, 0)]))
    bound = sum(b.kind is not BindingKind.RANDOM for b in bindings)
    if policy.max_macs and bound >= policy.max_macs:
        return Rejection(Reason.TOO_MANY_BINDINGS, f"{bound}/{policy.max_macs}", (("n", policy.max_macs),))
    return BindingPlan(mac, BindingKind.LEARNED, until)


def too_many_devices(
    mac: str | None,
    ip: str | None,
    limit: int,
    open_sessions: Iterable[OpenSession],
    reservations: Iterable[Reservation],
    now: int,
) -> Rejection | None:
    """Whether one more device is one too many.

    Counted are distinct devices with a sign of life younger than two intervals and a minute, and fresh reservations.
    The device that is logging in takes its own place again (roaming, dialling anew). ``limit`` 0 limits nothing.
    """
    if limit <= 0:
        return None
    others = set(_devices(mac, ip, open_sessions, reservations, now))
    if len(others) < limit:
        return None
    return Rejection(Reason.TOO_MANY_SESSIONS, f"{len(others)}/{limit}", (("n", limit),))


def _devices(
    mac: str | None,
    ip: str | None,
    open_sessions: Iterable[OpenSession],
    reservations: Iterable[Reservation],
    now: int,
) -> Iterable[Hashable]:
    """A key for each other device; one without an address is its session, or its reservation."""
    for session in open_sessions:
        if slot_free_at(session.updated_at, session.interim_seconds) <= now:
            continue
        if mac is not None and session.mac is not None:
            is_same = session.mac == mac
        else:
            is_same = ip is not None and session.ip == ip
        if not is_same:
            yield session.mac or (session.nas_id, session.acct_session_id)
    for number, reservation in enumerate(reservations):
        if reservation.until > now and (reservation.device is None or reservation.device not in (mac, ip)):
            yield reservation.device or number
