"""Figures as people read them: money, traffic, rates, durations and times, in one language and one project's zone.

Money comes in fen, traffic in octets, rates in bit/s, spans in seconds, moments in UTC epoch seconds. Negative
figures carry U+2212, ranges U+2013, nothing known is an em dash.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_skeleton

from zhuomai_appliance.web.words import Language, Words, mark

MINUS: Final = "−"
NOTHING: Final = "—"
DAY_SECONDS: Final = 86400


class Happened(Protocol):
    """Anything with a moment."""

    @property
    def at(self) -> int:
        """UTC epoch seconds."""
        ...


@dataclass(frozen=True, slots=True)
class Formatter:
    """Prints figures for one page. ``gb_octets`` is the site's constant (2**30 unless the site says otherwise)."""

    words: Words
    zone: ZoneInfo
    now: int
    gb_octets: int = 2**30

    # --- numbers -------------------------------------------------------------------------------------------------

    def count(self, n: int | None) -> str:
        """A count with thousands: 9,182."""
        return NOTHING if n is None else f"{n:,}".replace("-", MINUS)

    def percent(self, part: int, whole: int) -> str:
        """A share with one decimal, or a dash where there is no whole."""
        return f"{100 * part / whole:.1f}%" if whole else NOTHING

    def money(self, fen: int | None) -> str:
        """Fen as a bare amount for a cell whose head names the unit: 1,234.50."""
        if fen is None:
            return NOTHING
        yuan, rest = divmod(abs(fen), 100)
        return f"{MINUS if fen < 0 else ''}{yuan:,}.{rest:02d}"

    def yuan(self, fen: int | None) -> str:
        """Fen with its sign for figures and sentences: ¥1,234.50."""
        if fen is None:
            return NOTHING
        return f"{MINUS if fen < 0 else ''}¥{self.money(abs(fen))}"

    def gb(self, octets: int | None) -> str:
        """Octets as bare GB for a cell: two decimals under 100, one above."""
        if octets is None:
            return NOTHING
        value = octets / self.gb_octets
        return f"{value:,.2f}" if abs(value) < 99.995 else f"{value:,.1f}"

    def traffic(self, octets: int | None) -> str:
        """Octets with the unit that suits them: 42.6 GB, 318 MB, 0 MB."""
        if octets is None:
            return NOTHING
        gb, mb = self.gb_octets, self.gb_octets // (1024 if self.gb_octets == 2**30 else 1000)
        if octets >= 1000 * mb:
            value, unit = octets / gb, "GB"
        else:
            value, unit = octets / mb, "MB"
        digits = f"{value:,.0f}" if value >= 100 else f"{value:.1f}"
        return f"{digits.removesuffix('.0')} {unit}"

    def rate(self, bps: int | None) -> str:
        """A rate limit with its unit: 8 Mbit/s, 512 kbit/s; None is no limit."""
        if bps is None:
            return self.words.text(mark("no limit"))
        for size, unit in ((10**9, "Gbit/s"), (10**6, "Mbit/s"), (10**3, "kbit/s")):
            if bps >= size:
                return f"{bps / size:.1f}".removesuffix(".0") + f" {unit}"
        return f"{bps} bit/s"

    def duration(self, seconds: int | None) -> str:
        """A span in its two largest units: 2 h 38 min."""
        if seconds is None:
            return NOTHING
        days, rest = divmod(max(seconds, 0), DAY_SECONDS)
        hours, rest = divmod(rest, 3600)
        minutes, rest = divmod(rest, 60)
        text = self.words.text
        if days:
            return text(mark("%(d)s d %(h)s h"), d=days, h=hours)
        if hours:
            return text(mark("%(h)s h %(m)s min"), h=hours, m=minutes)
        if minutes:
            return text(mark("%(m)s min"), m=minutes)
        return text(mark("%(s)s s"), s=rest)

    # --- times ---------------------------------------------------------------------------------------------------

    def local(self, at: int) -> datetime:
        """The moment on the project's clock."""
        return datetime.fromtimestamp(at, self.zone)

    def days_from_today(self, at: int) -> int:
        """Calendar days from today to ``at`` on the project's clock; negative is past."""
        return (self.local(at).date() - self.local(self.now).date()).days

    def date(self, at: int | None) -> str:
        """2026-11-22."""
        return NOTHING if at is None else self.local(at).strftime("%Y-%m-%d")

    def last_day(self, ends_at: int | None) -> str:
        """The last day of service of a half-open span, 12-07 for an end of 12-08 00:00; None has no end."""
        return NOTHING if ends_at is None else self.date(ends_at - 1)

    def short_day(self, at: int) -> str:
        """11-22 in this year, with the year otherwise."""
        local = self.local(at)
        return local.strftime("%m-%d" if local.year == self.local(self.now).year else "%Y-%m-%d")

    def span(self, starts_at: int | None, ends_at: int | None) -> str:
        """First and last day of service: 11-08 – 12-07; what has not begun and has no end yet is not known."""
        if starts_at is None and ends_at is None:
            return NOTHING
        first = NOTHING if starts_at is None else self.short_day(starts_at)
        last = self.words.text(mark("no end")) if ends_at is None else self.short_day(ends_at - 1)
        return f"{first} – {last}"

    def long_day(self, at: int) -> str:
        """7 December, with the year where it is another one."""
        local = self.local(at)
        skeleton = "MMMMd" if local.year == self.local(self.now).year else "yMMMMd"
        return format_skeleton(skeleton, local, locale=self.words.language.babel)

    def end_of_service(self, ends_at: int) -> str:
        """When service ends, so that no one comes a day late: 7 December 24:00, or to the minute within a day."""
        local = self.local(ends_at)
        if (local.hour, local.minute, local.second) == (0, 0, 0):
            return f"{self.long_day(ends_at - 1)} 24:00".replace("日 24", "日24")
        return f"{self.long_day(ends_at)} {local:%H:%M}".replace("日 ", "日")

    def clock(self, at: int | None) -> str:
        """21:38."""
        return NOTHING if at is None else self.local(at).strftime("%H:%M")

    def wall_clock(self, at: int) -> str:
        """21:38:06."""
        return self.local(at).strftime("%H:%M:%S")

    def moment(self, at: int | None) -> str:
        """Today 19:26, yesterday 23:41, else 11-18 19:26."""
        if at is None:
            return NOTHING
        local = self.local(at)
        days = self.days_from_today(at)
        if days == 0:
            return self.words.text(mark("today %(time)s"), time=f"{local:%H:%M}")
        if days == -1:
            return self.words.text(mark("yesterday %(time)s"), time=f"{local:%H:%M}")
        return f"{self.short_day(at)} {local:%H:%M}"

    def logged(self, at: int | None) -> str:
        """A moment of a dense log, to the second: 11-22 21:38:06."""
        if at is None:
            return NOTHING
        return f"{self.short_day(at)} {self.local(at):%H:%M:%S}"

    def day_head(self, at: int) -> str:
        """The head over one day of a timeline: today, yesterday, 20 November."""
        days = self.days_from_today(at)
        if days == 0:
            return self.words.text(mark("Today"))
        if days == -1:
            return self.words.text(mark("Yesterday"))
        return self.long_day(at)

    def by_day(self, events: Sequence[Happened]) -> tuple[tuple[str, tuple[Happened, ...]], ...]:
        """Things that happened, in their order, under the head of their day."""
        return tuple(
            (head, tuple(group)) for head, group in groupby(events, key=lambda event: self.day_head(event.at))
        )

    def weekday(self, at: int) -> str:
        """Sunday 22 November, 21:40: the line beside the dashboard's title."""
        local = self.local(at)
        if self.words.language is Language.ZH:
            return f"{local.month}月{local.day}日 {format_date(local, 'EEEE', locale='zh_Hans_CN')} {local:%H:%M}"
        return format_date(local, "EEEE d MMMM", locale="en_GB") + f", {local:%H:%M}"

    def nearness(self, ends_at: int) -> str:
        """How near a last day of service is, beside its date: today, tomorrow, in 3 days, 2 days ago."""
        days = self.days_from_today(ends_at - 1)
        if days == 0:
            return self.words.text(mark("today"))
        if days == 1:
            return self.words.text(mark("tomorrow"))
        if days > 1:
            return self.words.plural("in %(n)s day", "in %(n)s days", days)
        return self.words.plural("%(n)s day ago", "%(n)s days ago", -days)

    def days_left(self, ends_at: int) -> int:
        """Whole days of service left, never below zero; on the last day print the span itself."""
        return max((ends_at - self.now) // DAY_SECONDS, 0)

    def rfc3339(self, at: int) -> str:
        """2026-11-22T21:38:06+08:00, for ``<time datetime>`` and machines."""
        return self.local(at).isoformat(timespec="seconds")

    def greeting(self, name: str) -> str:
        """The greeting that fits the hour, by name where there is one."""
        hour = self.local(self.now).hour
        if 5 <= hour < 12:
            plain, named = mark("Good morning"), mark("Good morning, %(name)s")
        elif 12 <= hour < 18:
            plain, named = mark("Good afternoon"), mark("Good afternoon, %(name)s")
        else:
            plain, named = mark("Good evening"), mark("Good evening, %(name)s")
        return self.words.text(named, name=name) if name else self.words.text(plain)

    def months(self, first: int, count: int) -> tuple[tuple[int, str], ...]:
        """``count`` month starts from the month of ``first``: epoch seconds and the month's short name."""
        day = self.local(first).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        found = []
        for _ in range(count):
            name = format_skeleton("MMM", day, locale=self.words.language.babel)
            found.append((int(day.timestamp()), name))
            day = (day + timedelta(days=32)).replace(day=1)
        return tuple(found)


def masked_phone(phone: str) -> str:
    """138****2071; a short number keeps its last two digits."""
    if len(phone) >= 7:
        return f"{phone[:3]}****{phone[-4:]}"
    return "*" * max(len(phone) - 2, 0) + phone[-2:]


def masked_name(name: str) -> str:
    """张*桐: the first and, from three characters on, the last one stay."""
    if len(name) < 2:
        return name
    return f"{name[0]}*{name[-1] if len(name) > 2 else ''}"


def initials(name: str) -> str:
    """One Chinese character or up to two Latin initials for the round mark beside a name."""
    name = name.strip()
    if not name:
        return "?"
    if name[0].isascii():
        return "".join(part[0] for part in name.split()[:2]).upper()
    return name[0]
