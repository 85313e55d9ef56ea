"""What the growth of a session's totals draws from its account's chain, and how it is kept: by subscription and day."""

from __future__ import annotations

from zhuomai_appliance.billing.rating import Outcome as Drawn
from zhuomai_appliance.billing.rating import consume
from zhuomai_appliance.flows import chains, effects
from zhuomai_appliance.flows.use_book import UseBook
from zhuomai_appliance.model import entitlement as chain_rules
from zhuomai_appliance.model.access import Session, SessionId
from zhuomai_appliance.model.entitlement import Entitlement
from zhuomai_appliance.model.moment import Zone, split_by_day
from zhuomai_appliance.model.network import Nas, ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.segments import Segment
from zhuomai_appliance.policy.limits import ASSUMED_LINE_BPS, MIN_INTERIM_SECONDS, interim_seconds
from zhuomai_appliance.policy.sessions import Growth
from zhuomai_appliance.store import sessions, usage_facts
from zhuomai_appliance.store.interface import Transaction
from zhuomai_appliance.vendors import profile_of
from zhuomai_appliance.vendors.profile import GrantField


def charge(
    tx: Transaction,
    project_id: ProjectId,
    zone: Zone,
    session_id: SessionId,
    account_id: AccountId | None,
    chain: str | None,
    growth: Growth,
    at: int,
    running: tuple[Session, Nas] | None = None,
) -> bool:
    """Draw the growth from what the account owns and keep it by subscription and day; whether effects wait now.

    Args:
        zone: the project's, whose midnights part the days.
        chain: the text of the account's chain, None without one: the growth is then nobody's.
        at: now, epoch seconds.
        running: the session and its device where it goes on: near the end of an allowance it is to report more often.
    """
    if growth.is_nothing:
        return False
    shares: list[sessions.UsageShare] = []
    wakes = False
    if account_id is None or chain is None:
        shares += _by_day(None, growth, (growth.input_octets, growth.output_octets, growth.seconds), zone)
    else:
        before = chain_rules.load(chain)
        drawn = consume(before, growth.input_octets, growth.output_octets, growth.seconds, growth.until)
        after, verdict = drawn.entitlement, drawn.verdict
        for draw in drawn.draws:
            amounts = (draw.input_octets, draw.output_octets, draw.seconds)
            shares += _by_day(draw.subscription_id, growth, amounts, zone)
        if drawn.has_rules:
            book = UseBook(tx)
            after, verdict = book.after(before, drawn, growth, project_id, zone, at)
            book.write()
        chains.put(tx, before, after, project_id)
        if verdict.outcome is Drawn.ENDED:
            wakes = effects.end_sessions_of(tx, account_id, project_id, "used_up", at)
        elif verdict.outcome is Drawn.SWITCHED and verdict.policy_differs:
            wakes = effects.change_sessions_of(tx, account_id, project_id, at)
        elif running is not None and wants_shorter_interval(after, *running, at):
            wakes = effects.change_session(tx, session_id, project_id, at, must=False)
    sessions.add_usage(tx, project_id, session_id, account_id, shares)
    usage_facts.add(
        tx,
        project_id,
        [
            usage_facts.Fact(
                session_id,
                s.subscription_id or 0,
                s.day,
                s.since,
                s.until,
                s.input_octets,
                s.output_octets,
                s.seconds,
            )
            for s in shares
        ],
    )
    return wakes


def _by_day(
    subscription_id: int | None, growth: Growth, amounts: tuple[int, int, int], zone: Zone
) -> list[sessions.UsageShare]:
    found = []
    for share in split_by_day(growth.since, growth.until, amounts, zone):
        if any(share.amounts):
            up, down, seconds = share.amounts
            found.append(
                sessions.UsageShare(subscription_id, share.day, up, down, seconds, share.start, share.end)
            )
    return found


def wants_shorter_interval(chain: Entitlement, session: Session, nas: Nas, now: int) -> bool:
    """Whether what is left could be drawn within two intervals, so that a shorter one bounds the overshoot (§6).

    Only where the device can be told so in mid-session. A look at the allowance in use comes first: it is nearly always
    enough to know.
    """
    held = session.interim_seconds
    if held <= MIN_INTERIM_SECONDS or GrantField.INTERIM not in profile_of(nas.vendor).coa:
        return False
    for segment in chain.segments:
        if segment.octets_left is not None and segment.octets_left * 8 < 2 * held * _bps(segment):
            break
    else:
        return False
    current = chain_rules.current(chain, now)
    left = chain_rules.octets_left(chain, now)
    if current is None or left is None:
        return False
    wanted = interim_seconds(current.policy, nas.interim_seconds, left, current.policy.rate)
    return wanted * 4 <= held * 3


def _bps(segment: Segment) -> int:
    rate = segment.policy.rate
    return ASSUMED_LINE_BPS if rate is None else rate.up_bps + rate.down_bps
