"""What a grant becomes on one access device, by name, and what to look at before it is relied on (features C03, C09)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from zhuomai_appliance.model.access import AccessKind, Grant
from zhuomai_appliance.model.network import Nas, Vendor
from zhuomai_appliance.model.traffic import format_rate
from zhuomai_appliance.radius.dictionary import load
from zhuomai_appliance.radius.packet import Attribute, Code, Packet
from zhuomai_appliance.vendors.device_kinds import support_of
from zhuomai_appliance.vendors.dialects import dictionary_word, mistakes, profile_for
from zhuomai_appliance.vendors.encoding import LARGEST, acl_is_dropped
from zhuomai_appliance.vendors.profile import GrantField, Limit, Unit, VendorProfile
from zhuomai_appliance.vendors.replies import Values, attributes_for, grant_values, rate_unit, said


class Remark(NamedTuple):
    """Something to be told of a preview: a stable word, and what fills its sentence."""

    word: str
    facts: tuple[tuple[str, str], ...] = ()


class Preview(NamedTuple):
    """What an Access-Accept would carry beside Class and signature.

    ``attributes`` are names and values by the device's dictionary, ``octets`` the same as they stand on the wire,
    ``coa`` what can be changed in a running session, ``remarks`` what to look at. Words of remarks are those of
    `Limit`, of `device_kinds.KindNote`, and the ones of this module.
    """

    attributes: tuple[tuple[str, str], ...]
    octets: bytes
    coa: frozenset[GrantField]
    remarks: tuple[Remark, ...]


_NAMED: Final = (GrantField.USER_GROUP, GrantField.ISOLATION, GrantField.ACL, GrantField.POOL)
"""Where a grant says the name of something that must exist on the device."""

_RATES: Final = frozenset({GrantField.UP_BPS, GrantField.DOWN_BPS, GrantField.RATE})
_PEAKS: Final = frozenset({GrantField.UP_PEAK_BPS, GrantField.DOWN_PEAK_BPS})

_ALWAYS_TOLD: Final = (
    Limit.NO_CHANGE,
    Limit.ACK_IS_NO_PROOF,
    Limit.CONTROL_IS_OFF,
    Limit.TRAFFIC_UNIT,
    Limit.DIRECTION_UNSETTLED,
    Limit.NO_PORTAL,
    Limit.IDENTITY_UNSETTLED,
)
"""Limits that matter whatever is granted; the others are told where the grant touches them."""


def preview(
    grant: Grant, nas: Nas, username: str | None = None, access_kind: AccessKind = AccessKind.OTHER
) -> Preview:
    """What a device would be sent. Pure: nothing is asked and nothing remembered.

    Args:
        username, access_kind: see `replies.attributes_for`.

    A text too long for its attribute is told as a remark, with no attributes.
    """
    profile = profile_for(nas)
    values = grant_values(grant)
    try:
        attributes: tuple[Attribute, ...] = attributes_for(grant, nas, profile, username, access_kind)
        told = said(profile, values, rate_unit(nas, profile))
        remarks = tuple(_remarks(grant, nas, profile, values, told))
    except ValueError as error:
        attributes, remarks = (), (Remark("does_not_fit", (("why", str(error)),)),)
    packet = Packet(Code.ACCESS_ACCEPT, 0, bytes(16), attributes, b"", {})
    return Preview(
        tuple(load(dictionary_word(nas)).describe(packet)),
        b"".join(bytes((number, len(value) + 2)) + value for number, value in attributes),
        profile.coa,
        (*device_remarks(nas), *remarks),
    )


def device_remarks(nas: Nas) -> tuple[Remark, ...]:
    """What is to be told of a device whatever is granted: its kind, its settings, what its maker leaves open."""
    support = support_of(nas.vendor, nas.device_kind)
    instead = (("instead", support.instead.value),) if support.instead is not None else ()
    limits = profile_for(nas).limits
    return (
        *(Remark(note.value, (("kind", nas.device_kind), *instead)) for note in support.notes),
        *(Remark("quirk_means_nothing", (("what", line),)) for line in mistakes(nas.vendor, nas.quirks)),
        *(Remark(limit.value) for limit in _ALWAYS_TOLD if limit in limits),
    )


def _remarks(
    grant: Grant, nas: Nas, profile: VendorProfile, values: Values, told: frozenset[GrantField]
) -> Iterator[Remark]:
    """What this grant makes worth telling."""
    limits, rate = profile.limits, grant.rate
    if rate is not None:
        if not told & _RATES:
            yield Remark(Limit.RATE_BY_ROLE.value, (("rate", str(rate)),))
        elif capped := _capped(rate.up_bps, rate.down_bps, nas, profile):
            yield Remark("rate_capped", (("rate", format_rate(capped)),))
        if told & _RATES:
            if Limit.RATE_UNIT_UNSETTLED in limits and "rate_unit" not in nas.quirks:
                yield Remark(Limit.RATE_UNIT_UNSETTLED.value, (("bits", str(rate_unit(nas, profile))),))
            if Limit.NUMBERS_UNSETTLED in limits:
                yield Remark(Limit.NUMBERS_UNSETTLED.value)
            for name in _policies(profile, rate.up_bps, rate.down_bps):
                yield Remark(Limit.RATE_BY_NAME.value, (("name", name),))
        if rate.burst is not None and not told & (_PEAKS | {GrantField.RATE}):
            yield Remark("unsaid", (("field", "peaks"), ("value", str(rate))))
    for field, value in values.items():
        if field not in told and field not in _RATES | _PEAKS and value is not None:
            yield from _unsaid(field, str(value), grant.acl, limits)
    for field in _NAMED:
        if field in told:
            yield from _must_exist(field, str(values[field]), limits)
    if nas.vendor in (Vendor.HUAWEI_CAMPUS, Vendor.HUAWEI_BRAS) and 0 < grant.acct_interim_seconds < 600:
        yield Remark("interim_short", (("seconds", str(grant.acct_interim_seconds)),))


def _unsaid(field: GrantField, value: str, acl: str | None, limits: frozenset[Limit]) -> Iterator[Remark]:
    """Something of a grant that the device is not told. What is left of an allowance is watched by reports anyway."""
    if field in (GrantField.OCTETS_LEFT, GrantField.CLASS):
        return
    if field is GrantField.ACL and acl_is_dropped(acl):
        yield Remark("acl_dropped")
    elif field in (GrantField.USER_GROUP, GrantField.ISOLATION) and Limit.ONE_FILTER in limits:
        yield Remark(Limit.ONE_FILTER.value, (("field", field.value), ("value", value)))
    else:
        yield Remark("unsaid", (("field", field.value), ("value", value)))


def _must_exist(field: GrantField, name: str, limits: frozenset[Limit]) -> Iterator[Remark]:
    if field is GrantField.ACL and name.startswith(("$", "acl ")):
        return
    yield Remark("must_exist", (("field", field.value), ("value", name)))
    for limit in (Limit.UNKNOWN_NAME_ADMITS, Limit.UNKNOWN_NAME_CUTS):
        if limit in limits:
            yield Remark(limit.value, (("value", name),))


def _capped(up_bps: int, down_bps: int, nas: Nas, profile: VendorProfile) -> int | None:
    """The most that a number of 32 bits can say at this device, in bit/s, where a rate is above it."""
    units = {one.unit for one in profile.replies if one.source in (GrantField.UP_BPS, GrantField.DOWN_BPS)}
    size = 1 if Unit.NUMBER in units else rate_unit(nas, profile) if Unit.RATE in units else 0
    most = LARGEST * size
    return most if size and max(up_bps, down_bps) > most else None


def _policies(profile: VendorProfile, up_bps: int, down_bps: int) -> Iterator[str]:
    """The names of policies or roles that a rate is told by."""
    for one in profile.replies:
        if one.unit is Unit.RATE_NAME:
            bps = up_bps if one.source is GrantField.UP_BPS else down_bps
            yield one.prefix.rpartition("=")[2] + format_rate(bps)
