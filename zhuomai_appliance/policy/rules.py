"""The access rules of a project as one value that answers: who, where, when -> which line, and until when (A13, A17, A21).

Rules are few and change seldom, logins are many. What a login's place alone decides is worked out once per place and
kept; what remains is a look at the clock, and even that is kept until the next minute at which anything changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from ipaddress import ip_address
from typing import Final, NamedTuple

from zhuomai_appliance.model.access import AccessKind, Reason, Rejection
from zhuomai_appliance.model.access_rules import AccessRule, Days, Outside, RuleAction, VlanSpan
from zhuomai_appliance.model.network import NasId, Network
from zhuomai_appliance.model.people import GroupId
from zhuomai_appliance.model.traffic import RateLimit
from zhuomai_appliance.policy.hours import Calendar, Hours

PLACES_KEPT: Final = 4096
"""Places whose lines are kept. Networks and VLANs that no rule names are all the same place, whatever comes from the air."""
COURSES_KEPT: Final = 16_384
"""Courses that are kept, of all places together: a place has several where rules look at the client's address."""

FOREVER: Final = 1 << 62
_ALWAYS: Final = Hours((), Days.ALL)


class Where(NamedTuple):
    """What the rules look at of a login. None is what nobody told."""

    group_id: GroupId | None
    nas_id: NasId
    kind: AccessKind
    ssid: str | None
    vlan: int | None
    outer_vlan: int | None
    ip: str | None


class Ruling(NamedTuple):
    """The line that decides, None for none; and when it will be otherwise.

    ``is_outside`` tells that the rule matched but for its hours, and refuses outside of them. ``forbidden_at`` is the
    next instant at which an allowed login would be refused, ``opens_at`` the next at which a refused one would not;
    None: as far as the calendar reaches never. ``rate`` is what the rule gives instead of the plan's.
    """

    rule: AccessRule | None
    is_denied: bool
    is_outside: bool
    forbidden_at: int | None
    opens_at: int | None
    rate: RateLimit | None = None

    def refusal(self) -> Rejection | None:
        """The refusal that a denying line means: the hours, where waiting helps, else the place."""
        if not self.is_denied or self.rule is None:
            return None
        words: tuple[tuple[str, int | str], ...] = (("words", self.rule.reason),) if self.rule.reason else ()
        if self.opens_at is None:
            return Rejection(Reason.PLACE_NOT_ALLOWED, f"rule {self.rule.name}", words)
        return Rejection(Reason.OUTSIDE_HOURS, f"rule {self.rule.name}", (("t", self.opens_at), *words))


OPEN: Final = Ruling(None, is_denied=False, is_outside=False, forbidden_at=None, opens_at=None)


class _Line(NamedTuple):
    """A rule, or the refusal outside of its hours."""

    rule: AccessRule
    denies: bool
    is_outside: bool
    hours: Hours
    rate: RateLimit | None


class _Course:
    """The lines that one kind of login may meet, in order, and what holds until their next change."""

    __slots__ = ("_calendar", "_lines", "_ruling", "_since", "_until")

    def __init__(self, lines: Iterable[_Line], calendar: Calendar) -> None:
        met: list[_Line] = []
        for line in lines:
            met.append(line)
            if line.hours is _ALWAYS:
                break  # whatever stands behind it is never asked
        self._lines = tuple(met)
        self._calendar = calendar
        self._ruling, self._since, self._until = OPEN, FOREVER, FOREVER

    def at(self, now: int) -> Ruling:
        if not self._since <= now < self._until:
            self._ruling, self._until = self._look(now)
            self._since = now
        return self._ruling

    def _look(self, now: int) -> tuple[Ruling, int]:
        """What holds at ``now``, and the first instant at which that is no longer so."""
        lines = self._lines
        line = self._line_at(now)
        denied = line is not None and line.denies
        until = turns_at = None
        falls_through = not lines or lines[-1].hours is not _ALWAYS
        may_turn = any(one.denies is not denied for one in lines) or (denied and falls_through)
        timed = [one.hours for one in lines if one.hours is not _ALWAYS]
        for at in self._calendar.changes_after(now, timed) if timed else ():
            then = self._line_at(at)
            if until is None and then is not line:
                until = at
            if may_turn and (then is not None and then.denies) is not denied:
                turns_at = at
            if until is not None and (turns_at is not None or not may_turn):
                break
        ruling = Ruling(
            None if line is None else line.rule,
            denied,
            line is not None and line.is_outside,
            None if denied else turns_at,
            turns_at if denied else None,
            None if line is None else line.rate,
        )
        return ruling, until or FOREVER

    def _line_at(self, at: int) -> _Line | None:
        reading: tuple[int, int] | None = None
        for line in self._lines:
            if line.hours is _ALWAYS:
                return line
            reading = reading or self._calendar.reading(at)
            if self._calendar.holds(line.hours, *reading):
                return line
        return None


_Span = tuple[int, int, int]
"""A network as version, first and last address: two comparisons tell whether a client is in it."""


class _Choice(NamedTuple):
    """The lines of a place before the client's address is looked at; ``course`` where no line looks at it.

    ``spans`` are the networks of each line, by its number; None for a line that holds for every address.
    """

    lines: tuple[_Line, ...]
    course: _Course | None
    spans: tuple[tuple[int, tuple[_Span, ...] | None], ...]
    by_address: dict[tuple[int, ...], _Course]


class RuleBook:
    """A project's rules, compiled. One thread asks; what it has worked out is kept and changes no answer.

    Args:
        rules: enabled or not, in any order.
        lineage: each group with all the groups above it, itself included.
        rates: the project's rates, which rules name by id.
    """

    def __init__(
        self,
        rules: Iterable[AccessRule],
        calendar: Calendar,
        lineage: Mapping[GroupId, frozenset[GroupId]],
        rates: Mapping[int, RateLimit],
    ) -> None:
        ordered = sorted((rule for rule in rules if rule.enabled), key=lambda r: (r.position, r.name))
        self._lines = tuple(line for rule in ordered for line in _lines_of(rule, rates))
        self._calendar = calendar
        self._lineage = lineage
        self._ssids = frozenset(ssid for rule in ordered for ssid in rule.ssids)
        self._vlans = _named(span for rule in ordered for span in rule.vlans)
        self._outer_vlans = _named(span for rule in ordered for span in rule.outer_vlans)
        self._places: dict[tuple[object, ...], _Choice] = {}
        self._courses = 0

    def __len__(self) -> int:
        return len(self._lines)

    def ruling(self, where: Where, now: int) -> Ruling:
        """The line that decides a login at ``now``, UTC epoch seconds."""
        group_id, nas_id, kind, ssid, vlan, outer_vlan, ip = where
        place = (
            group_id,
            nas_id,
            kind,
            ssid if ssid in self._ssids else None,
            vlan if vlan in self._vlans else None,
            outer_vlan if outer_vlan in self._outer_vlans else None,
        )
        choice = self._places.get(place)
        if choice is None:
            choice = self._choose(where)
            if len(self._places) >= PLACES_KEPT:
                self._forget()
            self._places[place] = choice
        if choice.course is not None:
            return choice.course.at(now)
        return self._course_of(choice, ip).at(now)

    def _forget(self) -> None:
        """Work all places out anew, as logins come."""
        self._places.clear()
        self._courses = 0

    def _choose(self, where: Where) -> _Choice:
        above = self._lineage.get(where.group_id, frozenset()) if where.group_id is not None else frozenset()
        lines = tuple(line for line in self._lines if _may_match(line.rule, where, above))
        addressed = any(line.rule.networks for line in lines)
        spans = tuple(
            (number, tuple(map(_span, line.rule.networks)) or None) for number, line in enumerate(lines)
        )
        return _Choice(lines, None if addressed else _Course(lines, self._calendar), spans, {})

    def _course_of(self, choice: _Choice, ip: str | None) -> _Course:
        """The course of the lines whose networks hold the client; lines are few, so are the sets of them."""
        version, address = _NOWHERE if ip is None else _address(ip)
        met = tuple(
            [number for number, spans in choice.spans if spans is None or _is_within(spans, version, address)]
        )
        course = choice.by_address.get(met)
        if course is None:
            course = _Course((choice.lines[number] for number in met), self._calendar)
            choice.by_address[met] = course
            self._courses += 1
            if self._courses >= COURSES_KEPT:
                self._forget()
        return course


def _lines_of(rule: AccessRule, rates: Mapping[int, RateLimit]) -> Iterable[_Line]:
    hours = Hours(rule.hours, rule.days) if rule.has_hours else _ALWAYS
    rate = None if rule.rate_id is None else rates.get(rule.rate_id)
    yield _Line(rule, rule.action is RuleAction.DENY, is_outside=False, hours=hours, rate=rate)
    if rule.outside is Outside.DENY:
        yield _Line(rule, denies=True, is_outside=True, hours=_ALWAYS, rate=None)


def _may_match(rule: AccessRule, where: Where, above: frozenset[GroupId]) -> bool:
    """Whether everything but the client's address and the hours holds."""
    return (
        (rule.group_id is None or rule.group_id in above)
        and (rule.nas_id is None or rule.nas_id == where.nas_id)
        and (not rule.kinds or where.kind in rule.kinds)
        and (not rule.ssids or where.ssid in rule.ssids)
        and (not rule.vlans or _holds(rule.vlans, where.vlan))
        and (not rule.outer_vlans or _holds(rule.outer_vlans, where.outer_vlan))
    )


def _holds(spans: Iterable[VlanSpan], vlan: int | None) -> bool:
    return vlan is not None and any(span.first <= vlan <= span.last for span in spans)


def _named(spans: Iterable[VlanSpan]) -> frozenset[int]:
    return frozenset(vlan for span in spans for vlan in range(span.first, span.last + 1))


def _span(network: Network) -> _Span:
    return network.version, int(network.network_address), int(network.broadcast_address)


def _is_within(spans: tuple[_Span, ...], version: int, address: int) -> bool:
    for of_version, first, last in spans:  # noqa: SIM110 - a generator takes thrice as long
        if first <= address <= last and version == of_version:
            return True
    return False


_NOWHERE: Final = (0, -1)


@lru_cache(maxsize=16_384)
def _address(text: str) -> tuple[int, int]:
    """Version and number of an address; of what is none, one that no network holds."""
    try:
        found = ip_address(text)
    except ValueError:
        return _NOWHERE
    return found.version, int(found)
