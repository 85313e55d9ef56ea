"""What a running session should be allowed right now: the policy of a login, asked again without one."""

from __future__ import annotations

from zhuomai_appliance.flows.session_rules import ruling_of
from zhuomai_appliance.flows.tables import Tables
from zhuomai_appliance.flows.use_facts import facts_for
from zhuomai_appliance.model import entitlement as chain_rules
from zhuomai_appliance.model.access import Session
from zhuomai_appliance.model.allowances import NO_LIMITS, limits_of, rested
from zhuomai_appliance.model.network import Nas
from zhuomai_appliance.policy.limits import interim_seconds, rate_for, session_timeout
from zhuomai_appliance.store import accounts
from zhuomai_appliance.store.interface import Reader
from zhuomai_appliance.vendors.dynamic import Change
from zhuomai_appliance.vendors.profile import GrantField, VendorProfile


def policy_now(
    reader: Reader, tables: Tables, session: Session, nas: Nas, profile: VendorProfile, now: int
) -> Change | None:
    """What the session's device should know; None if the session has no right to go on.

    Args:
        profile: what its device cannot change is left out, except the rate: a change without that says nothing.
        now: UTC epoch seconds.
    """
    login = None if session.account_id is None else accounts.login_by_id(reader, session.account_id)
    if login is None or login.chain is None or login.account.is_locked(now):
        return None
    closed_at = login.account.closed_at
    if closed_at is not None and closed_at <= now:
        return None
    chain = chain_rules.load(login.chain)
    use = facts_for(reader, chain, login.account.project_id, now, least_seconds=nas.interim_seconds)
    chain = chain if use is None else rested(chain, use, now)
    segment = chain_rules.current(chain, now)
    if segment is None:
        return None
    group = tables.group(login.account.group_id)
    ruling = ruling_of(tables, session, login.account.group_id, now)
    if ruling.is_denied:
        return None
    rate = rate_for(
        segment.policy.rate,
        login.rate,
        tables.rate(group.rate_id) if group is not None else None,
        rule=ruling.rate,
        throttled=segment.throttled,
    )
    limits = NO_LIMITS if use is None else limits_of(segment, use, now, chain)
    timeout = session_timeout(
        segment.policy,
        chain_rules.coverage_end(chain, now),
        now,
        chain_rules.seconds_left(chain, now),
        ruling.forbidden_at,
        limits.money_seconds,
        limits.seconds,
    )
    interval = interim_seconds(segment.policy, nas.interim_seconds, chain_rules.octets_left(chain, now), rate)
    spent, can, rule = max(0, now - session.started_at), profile.coa, ruling.rule
    return Change(
        rate=rate,
        session_timeout_seconds=(
            spent + timeout if timeout is not None and GrantField.SESSION_TIMEOUT in can else None
        ),
        # A longer interval is not worth a word; a shorter one bounds what is overdrawn at the end of an allowance
        acct_interim_seconds=(
            interval if interval < session.interim_seconds and GrantField.INTERIM in can else None
        ),
        user_group=rule.user_group if rule is not None and GrantField.USER_GROUP in can else None,
        acl=rule.acl if rule is not None and GrantField.ACL in can else None,
    )
