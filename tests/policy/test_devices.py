"""Devices: coming back silently, being bound, being counted."""

from __future__ import annotations

import pytest

from tests.policy.examples import DAY, MAC, OTHER, RANDOM, bound, online
from tests.vendors.examples import NOW
from zhuomai_appliance.model.access import Reason, Rejection
from zhuomai_appliance.model.people import BindingKind, BindingMode, DeviceBinding
from zhuomai_appliance.model.products import AccessPolicy, WhenFull
from zhuomai_appliance.policy.devices import (
    RESERVATION_SECONDS,
    BindingPlan,
    binding_for,
    is_random_mac,
    may_come_back,
    room,
    too_many_devices,
)
from zhuomai_appliance.policy.facts import Kick, OpenSession, Reservation

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


# How devices are bound ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mac", "bindings", "may"),
    [
        (MAC, [bound(MAC, BindingKind.FIXED, None)], True),
        (MAC, [bound(MAC, BindingKind.FIXED, NOW + 5)], True),
        (MAC, [bound(MAC)], False),  # learned before devices were fixed
        (OTHER, [bound(MAC, BindingKind.FIXED, None)], False),
        (RANDOM, [bound(MAC, BindingKind.FIXED, None)], False),
        (MAC, [], False),
        (None, [bound(MAC, BindingKind.FIXED, None)], False),
    ],
)
def test_fixed_devices_only(mac: str | None, bindings: list[DeviceBinding], may: bool) -> None:
    """Where an operator fixes the devices nothing else comes in, learned, random or unnamed, and nothing is learned."""
    verdict = binding_for(mac, bindings, AccessPolicy(binding=BindingMode.FIXED, max_macs=9), NOW)
    assert isinstance(verdict, BindingPlan) is may
    if isinstance(verdict, Rejection):
        assert verdict.reason is Reason.DEVICE_NOT_REGISTERED
    else:
        assert verdict is not None
        assert verdict.kind is BindingKind.FIXED


def test_no_binding_at_all() -> None:
    """A merchant's devices are neither counted nor kept; for silent logins they are kept and still not counted."""
    many = [bound(f"a4:5e:60:00:00:{n:02x}") for n in range(9)]
    loose = AccessPolicy(binding=BindingMode.NONE, max_macs=1)
    assert binding_for(MAC, many, loose, NOW) is None
    assert binding_for(None, many, loose, NOW) is None
    kept = AccessPolicy(binding=BindingMode.NONE, max_macs=1, silent_login_days=1)
    assert binding_for(MAC, many, kept, NOW) == BindingPlan(MAC, BindingKind.LEARNED, NOW + DAY)


def test_the_group_goes_before_the_plan() -> None:
    """A dormitory binds and a merchant does not, whatever they bought."""
    plan = AccessPolicy(max_macs=1)
    assert binding_for(MAC, [bound(OTHER)], plan, NOW, mode=BindingMode.NONE) is None
    fixed = binding_for(MAC, [], AccessPolicy(binding=BindingMode.NONE), NOW, mode=BindingMode.FIXED)
    assert isinstance(fixed, Rejection)


def test_validity_by_kind_of_login() -> None:
    """802.1X is remembered for a month, PPPoE not at all, the rest by the plan's own figure."""
    policy = AccessPolicy(silent_login_days=7, silent_login_kinds=(("802.1x", 30), ("pppoe", 0)))
    until = {
        kind: plan.silent_until
        for kind in ("portal", "802.1x", "pppoe")
        if isinstance(plan := binding_for(MAC, [], policy, NOW, login_kind=kind), BindingPlan)
    }
    assert until == {"portal": NOW + 7 * DAY, "802.1x": NOW + 30 * DAY, "pppoe": None}
    one_kind = AccessPolicy(silent_login_kinds=(("portal", 1),))
    assert may_come_back(MAC, [bound(MAC)], one_kind, NOW) is None
    assert may_come_back(MAC, [bound(MAC)], AccessPolicy(silent_login_kinds=(("portal", 0),)), NOW)


def test_a_silent_login_does_not_prolong_itself() -> None:
    """Days count from the login with a password: coming back silently every day must not make them endless."""
    known = bound(MAC, until=NOW + 60)
    plan = binding_for(MAC, [known], SILENT, NOW, login_kind="mac", is_silent=True)
    assert plan == BindingPlan(MAC, BindingKind.LEARNED, NOW + 60)


# One device too many --------------------------------------------------------------------------------------------------

KICK = WhenFull.KICK_OLDEST


def since(mac: str, started: int, session: str = "") -> OpenSession:
    return online(mac, session=session or mac[-2:])._replace(started_at=NOW - started)


def ended(verdict: Rejection | tuple[OpenSession, ...]) -> list[str] | None:
    return None if isinstance(verdict, Rejection) else [one.acct_session_id for one in verdict]


def test_the_oldest_goes() -> None:
    """The device online for longest makes room, with all of its sessions; nobody goes while there is a place."""
    old, new = since(OTHER, 500), since(RANDOM, 100)
    again = since(OTHER, 10, "again")
    assert ended(room(MAC, None, 3, [old, new], [], NOW, KICK)) == []
    assert ended(room(MAC, None, 2, [new, old, again], [], NOW, KICK)) == ["dd", "again"]
    assert ended(room(MAC, None, 1, [new, old], [], NOW, KICK)) == ["dd", "cc"]
    assert ended(room(OTHER, None, 1, [old], [], NOW, KICK)) == []
    assert isinstance(room(MAC, None, 2, [old, new], [], NOW), Rejection)


def test_a_place_that_is_only_reserved_cannot_be_freed() -> None:
    """Two logins at once: the second finds nobody to end, and is refused."""
    kept = Reservation(OTHER, NOW + 30)
    assert ended(room(MAC, None, 1, [], [kept], NOW, KICK)) is None
    assert ended(room(MAC, None, 2, [since(RANDOM, 9)], [kept], NOW, KICK)) == ["cc"]


def test_a_session_that_is_on_its_way_out_holds_no_place() -> None:
    """Until its Stop comes a kicked session is in the books; a third device must not be refused for it."""
    old = since(OTHER, 500)
    kick = Kick(NOW - 5, OTHER, ((old.nas_id, old.acct_session_id),))
    assert ended(room(MAC, None, 2, [old], [Reservation(RANDOM, NOW + 50)], NOW, KICK, [kick])) == []
    late = kick._replace(at=NOW - RESERVATION_SECONDS)
    assert ended(room(MAC, None, 1, [old], [], NOW, KICK, [late])) == ["dd"]


def kicks(*ago: int, device: str = RANDOM) -> list[Kick]:
    return [Kick(NOW - seconds, device, ()) for seconds in ago]


@pytest.mark.parametrize(
    ("history", "may"),
    [
        ([], True),
        (kicks(5, device=MAC), False),  # it was kicked itself
        (kicks(599, device=MAC), False),
        (kicks(600, device=MAC), True),
        (kicks(400, 200), True),
        (kicks(500, 300, 100), False),  # three in ten minutes
        (kicks(1190, 1000, 599), False),  # ten minutes of rest are not over
        (kicks(1190, 1000, 600), True),
        (kicks(1500, 900, 300), True),  # three, but not within ten minutes
        (kicks(3500, 2900, 2300, 1700, 1100, 500), False),  # six an hour
        (kicks(3600, 2900, 2300, 1700, 1100, 500), True),
    ],
)
def test_devices_do_not_take_turns_for_ever(history: list[Kick], may: bool) -> None:
    """Who had to go makes nobody go for a while; an account whose devices fight stops kicking (rules §14)."""
    assert (ended(room(MAC, None, 1, [since(OTHER, 500)], [], NOW, KICK, history)) is not None) is may
