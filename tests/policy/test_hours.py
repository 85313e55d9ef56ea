"""Windows of the week: how they are written, when they hold, and that no timeout ever runs into a forbidden minute."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhuomai_appliance.model.access import AccessKind, Reason
from zhuomai_appliance.model.access_rules import (
    AccessRule,
    DayKind,
    Days,
    Outside,
    RuleAction,
    RuleId,
    VlanSpan,
    Window,
    parse_vlans,
    parse_window,
)
from zhuomai_appliance.model.moment import Zone, day_of, local_day, parse_rfc3339
from zhuomai_appliance.model.network import NasId, ProjectId
from zhuomai_appliance.policy.hours import Calendar, Hours
from zhuomai_appliance.policy.rules import RuleBook, Where

SHANGHAI = Zone("Asia/Shanghai")
HERE = Where(None, NasId(1), AccessKind.PORTAL, "Campus", None, None, None)


def a_rule(position: int = 1, action: RuleAction = RuleAction.DENY, **changes: object) -> AccessRule:
    return AccessRule(RuleId(position), ProjectId(1), position, f"rule {position}", action, **changes)  # type: ignore[arg-type]


def book(*rules: AccessRule, zone: Zone = SHANGHAI, kinds: dict[int, DayKind] | None = None) -> RuleBook:
    return RuleBook(rules, Calendar(zone, kinds or {}), {}, {})


# Writing --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "window", "written"),
    [
        ("Mon-Fri 07:00-23:00", Window(0b0011111, 420, 1380), "Mon-Fri 07:00-23:00"),
        ("23:00-07:00", Window(0b1111111, 1380, 1860), "23:00-07:00"),
        ("sat, SUN", Window(0b1100000, 0, 1440), "Sat-Sun 00:00-24:00"),
        ("Sun-Thu 23:00-08:00", Window(0b1001111, 1380, 1920), "Mon-Thu,Sun 23:00-08:00"),
        ("Fri-Mon 8:30-24:00", Window(0b1110001, 510, 1440), "Mon,Fri-Sun 08:30-24:00"),
        ("Wed 00:00-24:00", Window(0b0000100, 0, 1440), "Wed 00:00-24:00"),
    ],
)
def test_windows_are_read_and_written(text: str, window: Window, written: str) -> None:
    """Weekdays in ranges, lists and over the weekend; a window that ends before it begins runs over midnight."""
    assert parse_window(text) == window
    assert str(window) == written
    assert parse_window(written) == window


@pytest.mark.parametrize(
    "text",
    ["", "Mon-Fri 25:00-26:00", "07:00", "Montag 07:00-08:00", "07:00-07:00", "24:00-08:00", 7, "Mon-"],
)
def test_what_is_no_window(text: object) -> None:
    """A mistake is told, never taken for a whole day or for none."""
    with pytest.raises(ValueError, match=r"write|window|begins|there is no"):
        parse_window(text)


@pytest.mark.parametrize(
    ("value", "span"),
    [(100, VlanSpan(100, 100)), ("100-199", VlanSpan(100, 199)), (" 7 ", VlanSpan(7, 7))],
)
def test_vlans_are_read(value: object, span: VlanSpan) -> None:
    """A number, or a range with both ends in it."""
    assert parse_vlans(value) == span
    assert parse_vlans(str(span)) == span


@pytest.mark.parametrize("value", [0, 4095, "9-3", "x", True, "", None, -4])
def test_what_is_no_vlan(value: object) -> None:
    """VLANs are 1 to 4094."""
    with pytest.raises(ValueError, match="VLAN"):
        parse_vlans(value)


# Holding --------------------------------------------------------------------------------------------------------------

FRIDAY = day_of(date(2026, 9, 25))
HOLIDAYS: dict[int, DayKind] = {
    day_of(date(2026, 10, 1)): DayKind.HOLIDAY,
    day_of(date(2026, 10, 10)): DayKind.WORKDAY,
}


@pytest.mark.parametrize(
    ("days", "day", "counts"),
    [
        (Days.WORKDAYS, date(2026, 9, 25), True),  # a Friday
        (Days.WORKDAYS, date(2026, 9, 26), False),
        (Days.WORKDAYS, date(2026, 10, 1), False),  # a Thursday that is free
        (Days.WORKDAYS, date(2026, 10, 10), True),  # a Saturday on which people work
        (Days.HOLIDAYS, date(2026, 10, 1), True),
        (Days.HOLIDAYS, date(2026, 10, 10), False),
        (Days.HOLIDAYS, date(2026, 9, 27), True),
        (Days.ALL, date(2026, 10, 1), True),
    ],
)
def test_calendar_moves_days(days: Days, day: date, counts: bool) -> None:
    """The calendar's word goes before the week's: a free Thursday is a holiday, a make-up Saturday a workday."""
    assert Calendar(SHANGHAI, HOLIDAYS).counts(days, day_of(day)) is counts


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    """Nights of workdays: the one into a free Thursday holds until the morning, the one of that Thursday does not."""
    calendar = Calendar(SHANGHAI, HOLIDAYS)
    nights = Hours((parse_window("23:00-08:00"),), Days.WORKDAYS)
    holiday = day_of(date(2026, 10, 1))
    assert calendar.holds(nights, holiday, 7 * 60)
    assert not calendar.holds(nights, holiday, 23 * 60 + 30)
    assert not calendar.holds(nights, holiday + 1, 7 * 60)


def at(text: str) -> int:
    return parse_rfc3339(text)


def test_dormitory_nights_w63() -> None:
    """W63: closed in the nights from Sunday to Thursday; Thursday 22:00 gets an hour, Friday 22:00 until Sunday 23:00."""
    rules = book(a_rule(hours=(parse_window("Sun-Thu 23:00-08:00"),)))
    for login, seconds in (("2026-09-24T22:00:00+08:00", 3600), ("2026-09-25T22:00:00+08:00", 176_400)):
        ruling = rules.ruling(HERE, at(login))
        assert not ruling.is_denied
        assert ruling.forbidden_at == at(login) + seconds


def test_refusal_names_when_it_opens() -> None:
    """Inside forbidden hours the answer says when they end; the operator's own words ride along."""
    rules = book(a_rule(hours=(parse_window("Sun-Thu 23:00-08:00"),), reason="lights out"))
    refusal = rules.ruling(HERE, at("2026-09-24T23:00:00+08:00")).refusal()
    assert refusal is not None
    assert refusal.reason is Reason.OUTSIDE_HOURS
    assert dict(refusal.facts) == {"t": at("2026-09-25T08:00:00+08:00"), "words": "lights out"}


def test_allowed_hours_with_a_refusal_outside() -> None:
    """`outside = deny` makes one line of allowed hours: open by day, closed by night, whatever stands behind it."""
    day = a_rule(
        1, RuleAction.ALLOW, hours=(parse_window("Mon-Fri 07:00-23:00"),), outside=Outside.DENY, days=Days.ALL
    )
    rules = book(day, a_rule(2, RuleAction.ALLOW))
    open_ = rules.ruling(HERE, at("2026-09-25T07:00:00+08:00"))
    assert (open_.is_denied, open_.forbidden_at) == (False, at("2026-09-25T23:00:00+08:00"))
    closed = rules.ruling(HERE, at("2026-09-25T23:00:00+08:00"))
    assert (closed.is_denied, closed.is_outside, closed.opens_at) == (
        True,
        True,
        at("2026-09-28T07:00:00+08:00"),
    )


def test_denied_at_all_times_is_a_matter_of_place() -> None:
    """Where no hour helps the reason is the place, not the time."""
    refusal = book(a_rule()).ruling(HERE, at("2026-09-24T23:00:00+08:00")).refusal()
    assert refusal is not None
    assert refusal.reason is Reason.PLACE_NOT_ALLOWED


def test_holidays_open_what_workdays_close() -> None:
    """The calendar bounds the timeout too: before National Day the next closed night is the one after it."""
    rules = book(a_rule(hours=(parse_window("23:00-24:00"),), days=Days.WORKDAYS), kinds=HOLIDAYS)
    ruling = rules.ruling(HERE, at("2026-09-30T23:30:00+08:00"))
    assert (ruling.is_denied, ruling.opens_at) == (True, at("2026-10-01T00:00:00+08:00"))
    assert rules.ruling(HERE, at("2026-10-01T00:00:00+08:00")).forbidden_at == at("2026-10-02T23:00:00+08:00")
    free = book(a_rule(days=Days.HOLIDAYS), kinds=HOLIDAYS).ruling(HERE, at("2026-10-09T12:00:00+08:00"))
    assert free.forbidden_at == at("2026-10-11T00:00:00+08:00")


@pytest.mark.parametrize(
    ("login", "ends"),
    [
        # Spring: 01:59:59 is followed by 03:00:00, so the window from 02:30 begins with the jump
        ("2027-03-28T00:00:00+01:00", "2027-03-28T03:00:00+02:00"),
        # Autumn: the clock shows 02:30 twice, and the first of them counts
        ("2026-10-25T00:00:00+02:00", "2026-10-25T02:30:00+02:00"),
    ],
)
def test_clock_changes(login: str, ends: str) -> None:
    """A window is by the wall clock also in the nights in which that jumps."""
    rules = book(a_rule(hours=(parse_window("02:30-05:00"),)), zone=Zone("Europe/Berlin"))
    assert rules.ruling(HERE, at(login)).forbidden_at == at(ends)


# Properties -----------------------------------------------------------------------------------------------------------

windows = st.builds(
    lambda days, start, length: Window(days, start, start + length),
    st.integers(1, 127),
    st.integers(0, 95).map(lambda quarter: quarter * 15),
    st.integers(1, 95).map(lambda quarter: quarter * 15),
).map(lambda w: Window(w.weekdays, w.start, min(w.end, w.start + 1440)))

rules_of_hours = st.lists(
    st.tuples(
        st.sampled_from(RuleAction),
        st.lists(windows, max_size=2),
        st.sampled_from(Days),
        st.sampled_from(Outside),
    ),
    min_size=1,
    max_size=4,
)
zones = st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/Santiago", "Australia/Lord_Howe", "UTC"])
instants = st.integers(at("2026-03-20T00:00:00Z") // 60, at("2026-11-05T00:00:00Z") // 60).map(
    lambda m: m * 60
)
QUARTER = 900


def is_denied_by_hand(parts: list[AccessRule], calendar: Calendar, now: int) -> bool:
    """The rules asked at one instant, with nothing kept and nothing looked ahead."""
    for rule in parts:
        if not rule.has_hours or calendar.holds_at(Hours(rule.hours, rule.days), now):
            return rule.action is RuleAction.DENY
        if rule.outside is Outside.DENY:
            return True
    return False


@given(
    zone=zones,
    parts=rules_of_hours,
    now=instants,
    moved=st.dictionaries(st.integers(-3, 9), st.sampled_from(DayKind)),
)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_timeout_never_crosses_a_forbidden_minute(
    zone: str,
    parts: list[tuple[RuleAction, list[Window], Days, Outside]],
    now: int,
    moved: dict[int, DayKind],
) -> None:
    """Between a login and the forbidden instant it is told, no minute is forbidden; that instant is; and so backwards.

    In zones whose clocks jump by an hour or half an hour, with free days and make-up days around the login.
    """
    today = local_day(now, Zone(zone))
    calendar = Calendar(Zone(zone), {today + offset: kind for offset, kind in moved.items()})
    rules = [
        a_rule(number, action, hours=tuple(hours), days=days, outside=outside)
        for number, (action, hours, days, outside) in enumerate(parts)
    ]
    ruling = RuleBook(rules, calendar, {}, {}).ruling(HERE, now)
    assert ruling.is_denied is is_denied_by_hand(rules, calendar, now)
    turns_at = ruling.opens_at if ruling.is_denied else ruling.forbidden_at
    until = now + 15 * 86_400 if turns_at is None else turns_at
    for instant in range(now, until, QUARTER):
        assert is_denied_by_hand(rules, calendar, instant) is ruling.is_denied
    if turns_at is not None:
        assert is_denied_by_hand(rules, calendar, turns_at - 1) is ruling.is_denied
        assert is_denied_by_hand(rules, calendar, turns_at) is not ruling.is_denied


@given(
    parts=rules_of_hours, zone=zones, steps=st.lists(st.integers(-4000, 40_000), max_size=40), now=instants
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_what_is_kept_is_what_is_asked(
    parts: list[tuple[RuleAction, list[Window], Days, Outside]], zone: str, steps: list[int], now: int
) -> None:
    """A book that has answered before, also of later times, answers as one that is asked for the first time."""
    rules = [
        a_rule(number, action, hours=tuple(hours), days=days, outside=outside)
        for number, (action, hours, days, outside) in enumerate(parts)
    ]
    calendar = Calendar(Zone(zone), {})
    used = RuleBook(rules, calendar, {}, {})
    for step in steps:
        now += step
        assert used.ruling(HERE, now) == RuleBook(rules, calendar, {}, {}).ruling(HERE, now)
