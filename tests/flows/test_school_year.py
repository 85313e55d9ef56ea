"""A school's year from September to August: whatever people and devices do, the books are exact at every month's end."""

from __future__ import annotations

import os

from tests.flows.school import SHANGHAI
from tests.flows.year_life import Life
from tests.flows.year_school import YearSchool, days

PEOPLE = int(os.environ.get("ZHUOMAI_YEAR_PEOPLE", "300"))
SEED = int(os.environ.get("ZHUOMAI_YEAR_SEED", "20260901"))
TICKS = (120, 9 * 3600 + 1800, 15 * 3600, 23 * 3600 + 3000)
"""Seconds after midnight at which something happens."""
LONG = (0,)
"""After which of them the daemon's slower rounds are run."""
BEGIN_AT = days().start
OFTEN = ("recharge", "buy_cash", "buy_wallet", "redeemed", "agent_sells", "refund", "wallet_back", "cancel", "reverse", "reorder", "suspend", "resume", "change", "leave", "away for the winter", "login")  # fmt: skip


def test_a_year_of_a_school_is_exact_to_the_fen() -> None:
    """Every proof is clean at each month's end, use rates anew to the fen, nobody is online without a right."""
    school = YearSchool(PEOPLE, SEED)
    life = Life(school)
    life.begin()
    for midnight in days():
        for turn, seconds in enumerate(TICKS):
            life.stop_in_time(midnight + seconds)
            school.short_rounds()
            life.go_on()
            assert not life.without_right()
            for _ in range(max(1, PEOPLE // 300)):
                life.spend()
                life.log_in()
            if turn in LONG:
                school.long_rounds()
        if SHANGHAI.local(midnight).day == 1:
            if midnight > BEGIN_AT:
                life.close_month()
            assert school.faults() == []
            assert not life.misread()
        if SHANGHAI.local(midnight).strftime("%m-%d") == "01-10":
            life.holiday()
        if SHANGHAI.local(midnight).weekday() == 0:
            life.end_shift()
    life.stop_in_time(days().stop + 120)
    school.short_rounds()
    school.long_rounds()
    life.close_month()
    assert school.faults() == []
    assert not life.misread()
    assert school.unearned() == []
    assert not [name for name in OFTEN if life.done[name] < 5], life.done
