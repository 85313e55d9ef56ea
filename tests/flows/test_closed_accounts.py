"""A closed account stays closed: no purchase and no late payment revives it (billing rules §4)."""

from __future__ import annotations

import pytest

from tests.flows.school import SHANGHAI, School
from zhuomai_appliance.billing.periods import CannotBuyError
from zhuomai_appliance.flows import purchases
from zhuomai_appliance.model.commerce import Channel
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.radius.packet import Code
from zhuomai_appliance.store.interface import Transaction


@pytest.mark.parametrize("channel", [Channel.CASH, Channel.GRANT])
def test_a_closed_account_buys_nothing_and_logs_in_no_more(channel: Channel) -> None:
    """Preview and purchase are refused alike, nothing is written, and the login says that the account is closed."""
    school = School()
    monthly = school.plan()
    account_id = AccountId(school.person("20260001", monthly))
    school.sql(f"UPDATE account SET closed_at = {school.now()} WHERE id = {account_id}")
    before = school.rows("SELECT count(*) FROM orders"), school.rows("SELECT count(*) FROM posting")

    def buy(tx: Transaction) -> None:
        purchases.buy(
            tx, project_id=school.project, account_id=account_id, version=monthly, channel=channel,
            zone=SHANGHAI, at=school.now(), operator="desk", shift="desk",
        )  # fmt: skip

    with pytest.raises(CannotBuyError, match="closed"):
        school.write(buy)
    with pytest.raises(CannotBuyError, match="closed"):
        purchases.preview(school.store.reader, account_id, monthly, SHANGHAI, school.now())
    assert before == (school.rows("SELECT count(*) FROM orders"), school.rows("SELECT count(*) FROM posting"))
    assert school.login().code is Code.ACCESS_REJECT
    assert school.attempts()[-1] == (0, "account_closed")
