"""How punctually devices report, as it is measured from their interims."""

from __future__ import annotations

from timeit import timeit

from tests.flows.school import INTERIM, NOW, START, School
from zhuomai_appliance.flows.interims import HOUR, Interims, Punctuality
from zhuomai_appliance.model.network import NasId

AC = NasId(1)


def test_punctual_device() -> None:
    """Interims that come in their interval, or earlier, are neither late nor lost."""
    interims = Interims()
    for n in range(10):
        interims.heard(AC, 300 - n, 300, NOW + n)
    assert interims.of(AC, NOW + 10) == Punctuality(10, 0, 0.0, 0)
    assert interims.of(NasId(2), NOW) == Punctuality(0, 0, 0.0, 0)


def test_late_and_lost() -> None:
    """A gap of one interval and a half is a lost one; what remains over the interval is lateness."""
    interims = Interims()
    for gap in (300, 320, 449, 450, 600, 905):
        interims.heard(AC, gap, 300, NOW)
    assert interims.of(AC, NOW) == Punctuality(6, 4, (20 + 149 + 5) / 6, 149)


def test_an_hour_is_kept() -> None:
    """What is older than an hour counts no more, and neither does what a clock set back left ahead."""
    interims = Interims()
    interims.heard(AC, 300, 300, NOW)
    interims.heard(AC, 300, 300, NOW + HOUR - 60)
    assert interims.of(AC, NOW + HOUR - 60).received == 2
    assert interims.of(AC, NOW + HOUR).received == 1
    assert interims.of(AC, NOW - HOUR).received == 0


def test_the_last_minutes() -> None:
    """How many came within the last three minutes."""
    interims = Interims()
    for second in range(0, 600, 10):
        interims.heard(AC, 300, 300, NOW - NOW % 30 + second)
    assert interims.received(AC, 180, NOW - NOW % 30 + 599) == 18
    assert interims.received(AC, 180, NOW + 5000) == 0


def test_devices_that_are_gone_are_forgotten() -> None:
    """A device that is no longer listed takes no memory."""
    interims = Interims()
    interims.heard(AC, 300, 300, NOW)
    interims.keep({NasId(7)})
    assert interims.of(AC, NOW).received == 0


def test_noting_costs_next_to_nothing() -> None:
    """A report pays less than three microseconds for it, on whatever machine tests run."""
    interims = Interims()
    assert min(timeit(lambda: interims.heard(AC, 310, 300, NOW), number=10_000) for _ in range(5)) < 0.03


def test_reports_are_measured() -> None:
    """Interims of a running session are measured from the one before, its Start the first."""
    school = School()
    school.person("20260001", school.plan())
    school.report(START)
    for second in (300, 620, 1520):
        school.clock.rightNow = NOW + second
        school.report(INTERIM, second)
    found = school.interims.of(school.nas.id, school.now())
    assert (found.received, found.lost, found.latest_seconds) == (3, 2, 20)
