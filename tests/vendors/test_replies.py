"""Replies and dynamic requests beyond what the vector files say."""

from __future__ import annotations

from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vendors.examples import a_nas, a_session
from zhuomai_appliance.model.access import Grant
from zhuomai_appliance.model.network import Vendor
from zhuomai_appliance.model.traffic import RateLimit
from zhuomai_appliance.vendors import (
    Change,
    NakAction,
    attributes_for,
    coa_attributes,
    disconnect_attributes,
    error_cause,
    profile_for,
    profile_of,
    rejection_attributes,
)
from zhuomai_appliance.vendors.profile import Limit
from zhuomai_appliance.vendors.replies import grant_values, rate_unit, written

GRANT = Grant(3600, None, None, RateLimit(4_000_000, 8_000_000), 300)


@pytest.mark.parametrize("seconds", [0, -1])
def test_session_timeout_zero_is_never_sent(seconds: int) -> None:
    """Some devices ignore a Session-Timeout of 0, so that it would be no limit: it cannot be written."""
    with pytest.raises(ValueError, match="refusal"):
        attributes_for(GRANT._replace(session_timeout_seconds=seconds), a_nas(), profile_of(Vendor.STANDARD))


@pytest.mark.parametrize("token", [b"", b"z1.a-token"])
@pytest.mark.parametrize("seconds", [None, 1, 86_400, 2**32 + 5])
@pytest.mark.parametrize("octets", [None, 5_000_000_000])
@pytest.mark.parametrize("vendor", sorted(Vendor))
def test_what_differs_from_login_to_login_is_written_by_the_table(
    vendor: Vendor, octets: int | None, seconds: int | None, token: bytes
) -> None:
    """Whatever way is short for Session-Timeout and Class, it tells the device what the table's rules tell."""
    grant = GRANT._replace(session_timeout_seconds=seconds, octets_left=octets, class_token=token)
    nas, profile = a_nas(), profile_of(vendor)
    expected = written(profile, grant_values(grant), rate_unit(nas, profile)) + profile.always
    assert sorted(attributes_for(grant, nas, profile)) == sorted(expected)
    again = attributes_for(grant._replace(class_token=b"older"), nas, profile, class_token=token or b"older")
    assert (25, token or b"older") in again
    assert [number for number, _ in again].count(25) == 1


@pytest.mark.parametrize("vendor", sorted(Vendor))
def test_every_rate_reaches_the_device(vendor: Vendor) -> None:
    """A rate is never lost: each vendor's reply differs with the rate, and the fastest is written as what fits."""
    profile = profile_of(vendor)
    if Limit.RATE_BY_ROLE in profile.limits:
        profile = profile_for(a_nas(vendor=vendor, quirks=MappingProxyType({"rate_role": "rate-"})))
    slow = attributes_for(GRANT, a_nas(), profile)
    none = attributes_for(GRANT._replace(rate=None), a_nas(), profile)
    fast = attributes_for(GRANT._replace(rate=RateLimit(10**12, 10**12)), a_nas(), profile)
    assert len(slow) > len(none)
    assert len(fast) == len(slow)
    assert fast != slow


def test_text_too_long_for_its_attribute_is_an_error() -> None:
    """A group's name that does not fit is refused and not cut to another group's name."""
    with pytest.raises(ValueError, match="do not fit"):
        attributes_for(GRANT._replace(user_group="x" * 254), a_nas(), profile_of(Vendor.HUAWEI_CAMPUS))


def test_the_same_plan_is_written_once() -> None:
    """Two logins of one plan share the attributes of the plan, not those of the login."""
    nas, profile = a_nas(), profile_of(Vendor.HUAWEI_CAMPUS)
    one = attributes_for(GRANT._replace(class_token=b"one", session_timeout_seconds=10), nas, profile)
    two = attributes_for(GRANT._replace(class_token=b"two", session_timeout_seconds=20), nas, profile)
    assert (25, b"one") in one
    assert (25, b"two") in two
    assert set(one) ^ set(two) == {(25, b"one"), (25, b"two"), (27, b"\0\0\0\x0a"), (27, b"\0\0\0\x14")}


@given(st.text())
def test_a_sentence_is_cut_between_characters(text: str) -> None:
    """Each Reply-Message is at most 253 octets of whole characters, and together they are the sentence."""
    pieces = rejection_attributes(text)
    assert all(number == 18 and 0 < len(value) <= 253 for number, value in pieces)
    assert "".join(value.decode() for _, value in pieces) == text.encode("utf-8", "replace").decode()


def test_long_chinese_sentence() -> None:
    """253 is no multiple of three: a piece of Chinese text holds 252 octets."""
    assert [len(value) for _, value in rejection_attributes("网" * 100)] == [252, 48]


def test_full_identity_after_a_missing_attribute() -> None:
    """After Error-Cause 402 everything known is sent, as the device wrote it; what is not known is left out."""
    profile = profile_of(Vendor.HUAWEI_CAMPUS)
    full = disconnect_attributes(a_session(), a_nas(), profile, full=True)
    assert full == ((44, b"S1"), (31, b"a45e-60aa-bbcc"), (8, b"\x0a\x09\x01\x02"), (1, b"20260001"))
    bare = a_session(ip=None, calling_station_raw="", username_raw="")
    assert disconnect_attributes(bare, a_nas(), profile, full=True) == ((44, b"S1"),)


def test_identity_of_one_device_by_its_setting() -> None:
    """A device's own setting replaces its maker's choice; a setting of unknown words changes nothing."""
    profile = profile_of(Vendor.HUAWEI_CAMPUS)
    named = a_nas(quirks=MappingProxyType({"identity": "user_name framed_ip_address"}))
    wrong = a_nas(quirks=MappingProxyType({"identity": "nothing"}))
    assert disconnect_attributes(a_session(), named, profile) == ((1, b"20260001"), (8, b"\x0a\x09\x01\x02"))
    assert disconnect_attributes(a_session(), wrong, profile) == ((44, b"S1"),)


def test_a_disconnect_is_never_empty() -> None:
    """Where the preferred way to name a session is not known, its id is sent."""
    session = a_session(calling_station_raw="", acct_session_id="\\x00A")
    assert disconnect_attributes(session, a_nas(), profile_of(Vendor.RUIJIE)) == ((44, b"\0A"),)


def test_change_that_a_vendor_cannot_make() -> None:
    """All or nothing: a change of which one part cannot be made is no CoA, and neither is no change."""
    profile = profile_of(Vendor.STANDARD)
    rate = RateLimit(1000, 1000)
    assert coa_attributes(a_session(), Change(rate=rate), a_nas(), profile) is None
    assert (
        coa_attributes(a_session(), Change(rate=rate, session_timeout_seconds=60), a_nas(), profile) is None
    )
    assert coa_attributes(a_session(), Change(), a_nas(), profile) is None
    timeout = coa_attributes(a_session(), Change(session_timeout_seconds=60), a_nas(), profile)
    assert timeout is not None
    assert timeout[-1] == (27, b"\0\0\0\x3c")


@pytest.mark.parametrize(
    ("number", "action"),
    [
        (201, NakAction.DONE),
        (401, NakAction.USE_DISCONNECT),
        (402, NakAction.RETRY_FULL_IDENTITY),
        (403, NakAction.RETRY_WITHOUT_NAS),
        (404, NakAction.STOP),
        (501, NakAction.STOP),
        (503, NakAction.GONE),
        (504, NakAction.RETRY),
        (506, NakAction.RETRY),
        (508, NakAction.RETRY_FULL_IDENTITY),
        (999, NakAction.STOP),
        (None, NakAction.STOP),
    ],
)
def test_error_causes(number: int | None, action: NakAction) -> None:
    """A NAK leads to one known step; an unknown one is shown to the operator and never repeated."""
    assert error_cause(number).action is action
