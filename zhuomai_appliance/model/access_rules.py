"""Access rules of a project: who may log in where and when, and what a place changes (features A13, A17, A21).

A rule is an ordered line: conditions, then an outcome. The first that matches decides, and without one everybody may.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple, NewType

from zhuomai_appliance.model.access import AccessKind
from zhuomai_appliance.model.moment import Day
from zhuomai_appliance.model.network import NasId, Network, ProjectId
from zhuomai_appliance.model.people import GroupId

RuleId = NewType("RuleId", int)

DAY_MINUTES: Final = 1440
WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
EVERY_DAY: Final = 0b1111111

KINDS: Final = (AccessKind.PORTAL, AccessKind.PPPOE, AccessKind.DOT1X, AccessKind.MAC, AccessKind.OTHER)
"""The kinds of access that a rule may name; probes and logins to the device itself reach no rule."""


class RuleAction(StrEnum):
    """What a matching rule says."""

    ALLOW = "allow"
    DENY = "deny"


class Days(StrEnum):
    """Which days a rule's hours belong to: all, those on which people work, those on which they do not."""

    ALL = "all"
    WORKDAYS = "workdays"
    HOLIDAYS = "holidays"


class Outside(StrEnum):
    """What happens where everything but the hours matches: the next rule is asked, or the login is refused."""

    NEXT = "next"
    DENY = "deny"


class DayKind(StrEnum):
    """What the calendar makes of a day, against its place in the week."""

    HOLIDAY = "holiday"
    WORKDAY = "workday"


@dataclass(frozen=True, slots=True)
class Holiday:
    """One day of a project's calendar: a free weekday, or a Saturday on which people work."""

    project_id: ProjectId
    day: Day
    kind: DayKind
    name: str = ""


class Window(NamedTuple):
    """Hours of the week by the wall clock, half-open. ``weekdays`` has bit 0 for Monday; minutes count from 00:00.

    ``end`` over 1440 reaches into the day after; the weekdays are those on which the window begins.
    """

    weekdays: int
    start: int
    end: int

    def __str__(self) -> str:
        days = _weekday_text(self.weekdays)
        hours = (
            f"{_clock(self.start)}-{_clock(self.end if self.end <= DAY_MINUTES else self.end - DAY_MINUTES)}"
        )
        return f"{days} {hours}" if days else hours


_CLOCK: Final = r"([0-9]{1,2}):([0-9]{2})"
_WINDOW: Final = re.compile(rf"(?:([A-Za-z,\s-]+?)\s*)?(?:\b{_CLOCK}\s*-\s*{_CLOCK})?", re.ASCII)
_NAMES: Final = {name.lower(): number for number, name in enumerate(WEEKDAYS)}


def parse_window(text: object) -> Window:
    """Read "Mon-Fri 07:00-23:00", "23:00-07:00" (over midnight), "Sat,Sun" (whole days); `str(window)` writes it.

    Raises:
        ValueError: anything else.
    """
    found = _WINDOW.fullmatch(text.strip()) if isinstance(text, str) and text.strip() else None
    if found is None:
        raise ValueError(f'{text!r} is no window such as "Mon-Fri 07:00-23:00" or "22:00-06:00"')
    days, *clock = found.groups()
    weekdays = EVERY_DAY if days is None else _weekdays(days, text)
    if clock[0] is None:
        return Window(weekdays, 0, DAY_MINUTES)
    start, end = _minutes(clock[0], clock[1], text), _minutes(clock[2], clock[3], text)
    if start in (end, DAY_MINUTES):
        raise ValueError(f"{text!r} begins where it ends; a whole day is 00:00-24:00")
    return Window(weekdays, start, end if end > start else end + DAY_MINUTES)


def _weekdays(words: str, text: object) -> int:
    bits = 0
    for part in words.split(","):
        first, dash, last = (word.strip().lower() for word in part.partition("-"))
        if first not in _NAMES or (dash and last not in _NAMES):
            raise ValueError(f"{text!r}: write weekdays as {', '.join(WEEKDAYS)}")
        number, end = _NAMES[first], _NAMES[last] if dash else _NAMES[first]
        while True:
            bits |= 1 << number
            if number == end:
                break
            number = (number + 1) % 7
    return bits


def _minutes(hours: str, minutes: str, text: object) -> int:
    total = int(hours) * 60 + int(minutes)
    if int(minutes) > 59 or total > DAY_MINUTES:
        raise ValueError(f"{text!r}: there is no {hours}:{minutes}")
    return total


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _weekday_text(bits: int) -> str:
    if bits == EVERY_DAY:
        return ""
    runs: list[list[int]] = []
    for number in range(7):
        if not bits >> number & 1:
            continue
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ",".join(
        WEEKDAYS[run[0]] if len(run) == 1 else f"{WEEKDAYS[run[0]]}-{WEEKDAYS[run[-1]]}" for run in runs
    )


class VlanSpan(NamedTuple):
    """VLANs from the first to the last, both included."""

    first: int
    last: int

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


def parse_vlans(value: object) -> VlanSpan:
    """Read 100, "100" or "100-199".

    Raises:
        ValueError: no VLAN (1 to 4094), or a range that goes backwards.
    """
    found = re.fullmatch(r"\s*([0-9]{1,4})\s*(?:-\s*([0-9]{1,4})\s*)?", str(value), re.ASCII)
    if found is None or isinstance(value, bool):
        raise ValueError(f'{value!r} is no VLAN such as 100 or "100-199"')
    span = VlanSpan(int(found[1]), int(found[2] or found[1]))
    if not 1 <= span.first <= span.last <= 4094:
        raise ValueError(f"{value!r}: VLANs are 1 to 4094, the smaller one first")
    return span


@dataclass(frozen=True, slots=True)
class AccessRule:
    """One line. An empty condition holds for everybody; what is given must all hold.

    Conditions:
        group_id: the group or any group below it.
        ssids, vlans, outer_vlans, kinds, networks, hours: one of them. ``vlans`` is the tag nearest to the user,
            ``networks`` the client's own address; a condition on what the device did not tell does not hold.
        days: the days on which ``hours`` (or the whole day) count.

    Outcome of an allow: None leaves what plan, account and group say; ``rate_id`` names a rate of the project,
    ``pool``, ``acl``, ``user_group``, ``isolation`` are names that the access device knows.
    """

    id: RuleId
    project_id: ProjectId
    position: int
    name: str
    action: RuleAction
    reason: str = ""
    enabled: bool = True
    group_id: GroupId | None = None
    nas_id: NasId | None = None
    ssids: tuple[str, ...] = ()
    vlans: tuple[VlanSpan, ...] = ()
    outer_vlans: tuple[VlanSpan, ...] = ()
    kinds: tuple[AccessKind, ...] = ()
    networks: tuple[Network, ...] = ()
    hours: tuple[Window, ...] = ()
    days: Days = Days.ALL
    outside: Outside = Outside.NEXT
    rate_id: int | None = None
    user_group: str | None = None
    vlan: int | None = None
    pool: str | None = None
    acl: str | None = None
    isolation: str | None = None

    @property
    def has_hours(self) -> bool:
        """Whether the rule holds at some times and not at others."""
        return bool(self.hours) or self.days is not Days.ALL


def problems_of(rule: AccessRule) -> Iterable[str]:
    """What keeps a rule from meaning anything, key first."""
    overrides = (rule.rate_id, rule.user_group, rule.vlan, rule.pool, rule.acl, rule.isolation)
    if rule.action is RuleAction.DENY and any(value is not None for value in overrides):
        yield "action: a rule that denies changes nothing of the login; leave rate, vlan, acl and the like out"
    if rule.outside is Outside.DENY and not rule.has_hours:
        yield "outside: needs hours or days"
    if rule.outside is Outside.DENY and rule.action is RuleAction.DENY:
        yield "outside: would deny at any time; leave the hours out instead"


class PlaceKind(StrEnum):
    """What a limit of admissions counts in: one access point, one network name, one access device, the whole project."""

    AP = "ap"
    SSID = "ssid"
    NAS = "nas"
    PROJECT = "project"


@dataclass(frozen=True, slots=True)
class PlaceLimit:
    """How many devices may be online at a place (features A28).

    ``value`` is an access point's MAC (``aa:bb:cc:dd:ee:ff``) or name as Called-Station-Id tells it, a network name,
    the name of an access device; empty for the project.
    """

    project_id: ProjectId
    kind: PlaceKind
    value: str
    maximum: int
