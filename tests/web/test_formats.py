"""Promises of web.formats: figures as the design writes them, in the project's zone."""

from zoneinfo import ZoneInfo

import pytest

from tests.web.fixtures import DAY, GB, MIDNIGHT, NOW, WEB, ZONE
from zhuomai_appliance.web.formats import Formatter, initials, masked_name, masked_phone
from zhuomai_appliance.web.words import Language, load_words

WORDS = load_words(WEB / "locale")
ZH = Formatter(WORDS[Language.ZH], ZONE, NOW)
EN = Formatter(WORDS[Language.EN], ZONE, NOW)


def test_money_is_exact_to_the_fen() -> None:
    """Two decimals, thousands, the sign U+2212; None is a dash and zero is 0.00."""
    assert [ZH.money(fen) for fen in (0, 5, 123450, -184230, None)] == [
        "0.00",
        "0.05",
        "1,234.50",
        "−1,842.30",
        "—",
    ]
    assert ZH.yuan(-184230) == "−¥1,842.30"


@pytest.mark.parametrize(
    ("octets", "bare", "worded"),
    [
        (0, "0.00", "0 MB"),
        (int(42.6 * GB), "42.60", "42.6 GB"),
        (GB // 1024 * 318, "0.31", "318 MB"),
        (100 * GB, "100.0", "100 GB"),
        (1234 * GB, "1,234.0", "1,234 GB"),
        (3 * GB, "3.00", "3 GB"),
    ],
)
def test_traffic(octets: int, bare: str, worded: str) -> None:
    """GB bare in cells with two decimals under 100 and one above; worded with the unit that suits."""
    assert ZH.gb(octets) == bare
    assert ZH.traffic(octets) == worded


def test_site_constant_of_gb() -> None:
    """A site that counts GB as 10^9 sees its own figures."""
    assert Formatter(WORDS[Language.EN], ZONE, NOW, 10**9).traffic(42_600_000_000) == "42.6 GB"


def test_rates_and_durations() -> None:
    """Bits per second with the largest unit; spans in two units, by language."""
    assert [EN.rate(x) for x in (8_000_000, 512_000, 1_500_000_000, 300, None)] == [
        "8 Mbit/s",
        "512 kbit/s",
        "1.5 Gbit/s",
        "300 bit/s",
        "no limit",
    ]
    assert [ZH.duration(x) for x in (9480, 42, 60, 3 * DAY + 3600)] == [
        "2小时38分",
        "42秒",
        "1分",
        "3天1小时",
    ]
    assert EN.duration(9480) == "2 h 38 min"


def test_moments_relative_to_today() -> None:
    """Today and yesterday in words, else the date; another year is named."""
    assert ZH.moment(NOW) == "今天21:40"
    assert EN.moment(NOW - DAY) == "yesterday 21:40"
    assert ZH.moment(NOW - 4 * DAY) == "11-18 21:40"
    assert ZH.moment(NOW - 365 * DAY) == "2025-11-22 21:40"
    assert ZH.logged(NOW) == "11-22 21:40:06"
    assert ZH.rfc3339(NOW) == "2026-11-22T21:40:06+08:00"
    assert EN.weekday(NOW) == "Sunday 22 November, 21:40"
    assert ZH.weekday(NOW) == "11月22日 星期日 21:40"


def test_the_project_zone_decides_the_day() -> None:
    """The same moment is another day elsewhere."""
    assert Formatter(WORDS[Language.EN], ZoneInfo("America/New_York"), NOW).date(MIDNIGHT) == "2026-11-21"


def test_ends_are_last_days_of_service() -> None:
    """An end at midnight shows the day before, to 24:00; an end within a day shows its minute."""
    end = MIDNIGHT + 16 * DAY
    assert ZH.last_day(end) == "2026-12-07"
    assert ZH.end_of_service(end) == "12月7日24:00"
    assert EN.end_of_service(end) == "7 December 24:00"
    assert EN.end_of_service(NOW) == "22 November 21:40"
    assert ZH.span(MIDNIGHT - 14 * DAY, end) == "11-08 – 12-07"
    assert ZH.days_left(end) == 15
    assert ZH.days_left(NOW - 1) == 0
    assert [ZH.nearness(MIDNIGHT + n * DAY) for n in (1, 2, 3, 0, -1)] == [
        "今天",
        "明天",
        "2天后",
        "1天前",
        "2天前",
    ]
    assert [EN.nearness(MIDNIGHT + n * DAY) for n in (3, 4, 0)] == ["in 2 days", "in 3 days", "1 day ago"]


def test_month_axis_crosses_the_year() -> None:
    """Month starts follow the calendar, not 30 days."""
    assert [name for _, name in ZH.months(MIDNIGHT, 4)] == ["11月", "12月", "1月", "2月"]
    assert [EN.date(at) for at, _ in EN.months(MIDNIGHT, 3)] == ["2026-11-01", "2026-12-01", "2027-01-01"]


def test_masks() -> None:
    """A phone keeps three and four digits, a name its first and last character."""
    assert masked_phone("13800002071") == "138****2071"
    assert masked_phone("1234") == "**34"
    assert (masked_name("张雨桐"), masked_name("张三"), masked_name("张")) == ("张*桐", "张*", "张")
    assert (initials("张雨桐"), initials("Zhou Haifeng"), initials("")) == ("张", "ZH", "?")
