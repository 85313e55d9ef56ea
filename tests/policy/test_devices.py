"""Devices: coming back silently, being bound, being counted."""

from __future__ import annotations

import pytest

from tests.policy.examples import DAY, MAC, OTHER, RANDOM, bound, online
from tests.vendors.examples import NOW
from zhuomai_appliance.model.access import Reason, Rejection
from zhuomai_appliance.model.people import BindingKind, DeviceBinding
from zhuomai_appliance.model.products import AccessPolicy
from zhuomai_appliance.policy.devices import (
    BindingPlan,
    binding_for,
    is_random_mac,
    may_come_back,
    too_many_devices,
)
from zhuomai_appliance.policy.facts import OpenSession, Reservation

SILENT = AccessPolicy(silent_login_days=7)
LOUD = AccessPolicy()


@pytest.mark.parametrize(
    ("bindings", "policy", "may"),
    [
        ([], SILENT, False),
        ([bound(OTHER)], SILENT, False),
        ([bound(MAC)], SILENT, True),
        ([bound(MAC)], LOUD, False),
        ([bound(MAC, until=NOW)], SILENT, False),
        ([bound(MAC, until=None)], SILENT, False),
        ([bound(MAC, BindingKind.FIXED, None)], LOUD, True),
        ([bound(MAC, BindingKind.FIXED, NOW)], SILENT, False),
    ],
)
def test_silent_login(bindings: list[DeviceBinding], policy: AccessPolicy, may: bool) -> None:
    """Only a bound device, within its validity, under a plan that allows it; what an operator fixed always."""
    verdict = may_come_back(MAC, bindings, policy, NOW)
    assert (verdict is None) is may
    assert verdict is None or verdict.reason is Reason.DEVICE_NOT_REGISTERED


@pytest.mark.parametrize(("mac", "is_random"), [(MAC, False), (RANDOM, True), ("02:00:00:00:00:09", True)])
def test_random_addresses(mac: str, is_random: bool) -> None:
    """The second bit of the first octet marks an address that the phone made up."""
    assert is_random_mac(mac) is is_random


def test_first_devices_are_learned_until_the_limit() -> None:
    """Two places: the third real device is refused and told how many there are."""
    policy = AccessPolicy(max_macs=2, silent_login_days=7)
    assert binding_for(MAC, [bound(OTHER)], policy, NOW) == BindingPlan(
        MAC, BindingKind.LEARNED, NOW + 7 * DAY
    )
    refused = binding_for("a4:5e:60:00:00:01", [bound(MAC), bound(OTHER)], policy, NOW)
    assert isinstance(refused, Rejection)
    assert (refused.reason, refused.facts) == (Reason.TOO_MANY_BINDINGS, (("n", 2),))


def test_bound_device_renews_and_needs_no_place() -> None:
    """A known device comes in although all places are taken; a fixed one stays without an end."""
    policy = AccessPolicy(max_macs=1, silent_login_days=7)
    assert binding_for(MAC, [bound(MAC), bound(OTHER)], policy, NOW) == BindingPlan(
        MAC, BindingKind.LEARNED, NOW + 7 * DAY
    )
    fixed = bound(MAC, BindingKind.FIXED, None)
    assert binding_for(MAC, [fixed], policy, NOW) == BindingPlan(MAC, BindingKind.FIXED, None)


def test_random_addresses_push_out_the_longest_unseen() -> None:
    """Random addresses have as many places as devices, of their own, and take nobody else's."""
    policy = AccessPolicy(max_macs=2, silent_login_days=1)
    known = [
        bound(MAC),
        bound(OTHER),
        bound("02:00:00:00:00:01", BindingKind.RANDOM, seen=NOW - 10),
        bound("02:00:00:00:00:02", BindingKind.RANDOM, seen=NOW - 20),
    ]
    assert binding_for(RANDOM, known, policy, NOW) == BindingPlan(
        RANDOM, BindingKind.RANDOM, NOW + DAY, ("02:00:00:00:00:02",)
    )
    assert binding_for(RANDOM, known[:3], policy, NOW) == BindingPlan(RANDOM, BindingKind.RANDOM, NOW + DAY)


def test_no_address_no_limit() -> None:
    """Without an address nothing is bound; 0 limits nobody."""
    assert binding_for(None, [], AccessPolicy(max_macs=1), NOW) is None
    many = [bound(f"a4:5e:60:00:00:{n:02x}") for n in range(40)]
    assert isinstance(binding_for(MAC, many, LOUD, NOW), BindingPlan)


@pytest.mark.parametrize(
    ("limit", "sessions", "reservations", "refused"),
    [
        (1, [], [], False),
        (1, [online(OTHER)], [], True),
        (1, [online(MAC)], [], False),  # its own session: roaming, dialling anew
        (1, [online(OTHER, 659)], [], True),
        (1, [online(OTHER, 660)], [], False),  # two intervals and a minute of silence
        (2, [online(OTHER), online(OTHER, session="S8")], [], False),  # one device, two rows
        (2, [online(OTHER), online(RANDOM)], [], True),
        (1, [], [Reservation(OTHER, NOW + 1)], True),
        (1, [], [Reservation(OTHER, NOW)], False),
        (1, [], [Reservation(MAC, NOW + 60)], False),
        (2, [online(OTHER)], [Reservation(OTHER, NOW + 60)], False),  # its session has begun meanwhile
        (0, [online(OTHER)] * 9, [], False),
        (2, [online(None, session="A"), online(None, session="B")], [], True),  # devices without address
        (1, [online(None, ip="10.9.1.2")], [], False),  # known by its IP
        (
            3,
            [online(OTHER), online(RANDOM), online("02:00:00:00:00:01"), online("02:00:00:00:00:02")],
            [],
            True,
        ),
        (2, [online(OTHER)], [Reservation(None, NOW + 60)], True),
    ],
)
def test_devices_online(
    limit: int, sessions: list[OpenSession], reservations: list[Reservation], refused: bool
) -> None:
    """Distinct devices with fresh evidence count, and places kept for logins under way; the device itself does not."""
    verdict = too_many_devices(MAC, "10.9.1.2", limit, sessions, reservations, NOW)
    assert (verdict is not None) is refused
    assert verdict is None or (verdict.reason, verdict.facts) == (Reason.TOO_MANY_SESSIONS, (("n", limit),))


def test_login_without_address_counts_as_another() -> None:
    """Who sends no address cannot be told from others and takes a place of his own."""
    assert too_many_devices(None, None, 1, [online(OTHER)], [], NOW) is not None
    assert too_many_devices(None, None, 1, [], [Reservation(MAC, NOW + 5)], NOW) is not None
