"""Group switches at a login: what a group asks of its people, on itself and on the groups below it (features F04)."""

from __future__ import annotations

import pytest

from tests.flows.school import School
from zhuomai_appliance.model.people import AccountId, Group, GroupId
from zhuomai_appliance.radius.packet import Code
from zhuomai_appliance.store import accounts, products
from zhuomai_appliance.store.accounts import PersonData
from zhuomai_appliance.store.interface import Transaction


@pytest.mark.parametrize(
    ("above", "own", "phone", "may"),
    [
        (True, None, "", False),
        (True, None, "13900000001", True),
        (True, False, "", True),
        (False, True, "", False),
        (None, None, "", True),
    ],
)
def test_a_phone_is_asked_for_before_the_first_login(
    above: bool | None, own: bool | None, phone: str, may: bool
) -> None:
    """Set on a group it holds for all below until one says otherwise; who has a phone in the books is let in."""
    school = School()
    account_id = AccountId(school.person("20260001", school.plan()))

    def arrange(tx: Transaction) -> None:
        top = products.add_group(tx, Group(GroupId(0), school.project, None, "top", must_bind_phone=above))
        low = products.add_group(tx, Group(GroupId(0), school.project, top.id, "low", must_bind_phone=own))
        accounts.set_details(tx, account_id, full_name="", group_id=low.id, rate_id=None)
        accounts.set_person_data(tx, school.vault, school.project, account_id, PersonData(phone=phone))

    school.write(arrange)
    school.reload()
    assert (school.login().code is Code.ACCESS_ACCEPT) is may
    assert school.attempts()[-1] == (1, "") if may else school.attempts()[-1] == (0, "must_bind_phone")
