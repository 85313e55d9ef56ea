"""Each preset can be sold, stored, and used, at any time of the year."""

from __future__ import annotations

import pytest

from tests.flows.desk_school import WANG, DeskSchool, moment
from tests.flows.school import SHANGHAI, reason
from zhuomai_appliance.billing.presets import presets
from zhuomai_appliance.flows import plan_admin
from zhuomai_appliance.model.products import problems
from zhuomai_appliance.model.terms import dump_terms, load_terms

CODES = [one.code for one in presets(moment("2026-09-01 00:00"), SHANGHAI)]


@pytest.mark.parametrize("code", CODES)
def test_a_preset_can_be_sold_and_used(code: str) -> None:
    """Published as it is, bought at the counter, and its owner gets online; the books agree."""
    school = DeskSchool()
    preset = next(one for one in presets(school.now(), SHANGHAI) if one.code == code)
    offer = school.write(
        lambda tx: plan_admin.publish(
            tx,
            WANG,
            school.now(),
            school.desk_project,
            preset.name,
            preset.kind,
            preset.price_fen,
            preset.terms,
        )
    )
    account_id = school.person()
    school.recharge(account_id, 5000)
    school.pay(account_id, offer.version)
    assert reason(school.login()) == "accepted"
    assert school.faults() == []


@pytest.mark.parametrize(
    "when", ["2026-01-31 23:59", "2028-02-29 12:00", "2026-03-01 00:00", "2026-12-31 23:59"]
)
def test_presets_are_whole_at_any_date(when: str) -> None:
    """Nothing keeps them from being sold, their text reads back the same, and no code comes twice."""
    found = presets(moment(when), SHANGHAI)
    assert len({one.code for one in found}) == len(found)
    for one in found:
        assert problems(one.kind, one.price_fen, one.terms) == ()
        assert load_terms(dump_terms(one.terms)) == one.terms
