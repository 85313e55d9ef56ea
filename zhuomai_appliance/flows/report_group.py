"""Reports that wait together, recorded by a few statements for all of them.

Nearly all that devices send is one more interim, or the Stop, of a session that is open: its row is read, grown by the
rules of truth, charged to its account's chain and written back. Here that is done for a whole group, the rules still
one report at a time and in their order. Any other report (a Start, a session nobody knows, one that takes another's
place) is recorded by itself afterwards, with all that follows it in its session and of its client: so the order of
one client's reports stays, and between clients the network keeps none either.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from zhuomai_appliance.billing.rating import Outcome, consume
from zhuomai_appliance.flows import chains, effects
from zhuomai_appliance.flows.charging import wants_shorter_interval
from zhuomai_appliance.flows.guest_reports import Whose
from zhuomai_appliance.flows.session_report import Recorded
from zhuomai_appliance.flows.use_book import UseBook
from zhuomai_appliance.model import entitlement as chain_rules
from zhuomai_appliance.model.access import ReportKind, Session, SessionId, UsageReport
from zhuomai_appliance.model.entitlement import Entitlement
from zhuomai_appliance.model.moment import Zone, local_day, split_by_day
from zhuomai_appliance.model.network import Nas, NasId, ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.policy import sessions as truth
from zhuomai_appliance.store import session_groups, usage_facts
from zhuomai_appliance.store.interface import Transaction
from zhuomai_appliance.store.session_groups import SessionKey, Usage

_GROWING: Final = frozenset((ReportKind.INTERIM, ReportKind.STOP))

_Spent = tuple[int, int, int]
"""Octets in, octets out, seconds."""


class Filed(NamedTuple):
    """A report that waits to be recorded. ``peer`` is where the device spoke from, ``zone`` the school's calendar.

    ``whose`` is what the realms say of its name; None where they say nothing.
    """

    nas: Nas
    peer: str
    zone: Zone
    report: UsageReport
    whose: Whose | None = None


_Client = tuple[NasId, str, str | tuple[str | None, str]]
"""Whom a device at an address knows by its MAC, without one by port and name."""


class _Effect(NamedTuple):
    """What the running sessions of an account must be told since a report, at ``place`` of its group."""

    place: int
    account_id: AccountId
    project_id: ProjectId
    is_end: bool
    at: int


def _client(filed: Filed, of: UsageReport | Session) -> _Client:
    return filed.nas.id, filed.peer, of.mac or (of.port_id, of.username_raw)


def record_all(
    tx: Transaction, filed: Sequence[Filed], record_one: Callable[[Filed], Recorded]
) -> list[Recorded]:
    """Record reports; what became of each, in their order. ``record_one`` records those that are not so simple."""
    if len(filed) == 1:
        return [record_one(filed[0])]
    keys = [SessionKey(f.nas.project_id, f.nas.id, f.report.acct_session_id, f.peer) for f in filed]
    group = _Group(tx, {key for key, one in zip(keys, filed, strict=True) if one.report.kind in _GROWING})
    left: list[int] = []
    set_apart: set[SessionKey] = set()
    for place, (key, one) in enumerate(zip(keys, filed, strict=True)):
        if key in set_apart or not group.take(place, key, one):
            set_apart.add(key)
            group.leave(one)
            left.append(place)
    recorded = group.write()
    for place in left:
        recorded[place] = record_one(filed[place])
    return [recorded[place] for place in range(len(filed))]


class _Group:
    """The simple ones among some reports: what was read for them, and what they change, kept until it is written."""

    def __init__(self, tx: Transaction, keys: set[SessionKey]) -> None:
        self._tx = tx
        self._sessions, self._texts = session_groups.newest_of_keys(tx, keys)
        self._recorded: dict[int, Recorded] = {}
        self._grown: dict[SessionKey, int] = {}
        self._changed: set[SessionKey] = set()
        self._left: set[_Client] = set()
        self._chains: dict[AccountId, tuple[Entitlement, Entitlement, ProjectId]] = {}
        self._usage: dict[tuple[SessionId, int, int], Usage] = {}
        self._effects: list[_Effect] = []
        self._book = UseBook(tx)
        self._facts: list[tuple[int, ...]] = []
        self._shorter: list[tuple[int, AccountId, SessionId, ProjectId, int]] = []

    def take(self, place: int, key: SessionKey, filed: Filed) -> bool:
        """Work on one more report; False, and nothing done, if it is none of the simple ones."""
        report, session = filed.report, self._sessions.get(key)
        if (
            session is None
            or session.stopped_at is not None
            or report.kind not in _GROWING
            or report.at < session.started_at
            or (self._left and _client(filed, session) in self._left)
        ):
            return False
        # The rules look at a rival only where a session begins or was over: not in any of the outcomes taken here
        outcome = truth.merge(report, session, None, filed.nas)
        if isinstance(outcome, truth.Update | truth.Close):
            self._grow(key, session, outcome, report.arrived_at)
            if not outcome.growth.is_nothing:
                self._charge(place, session, outcome.growth, filed)
        elif not isinstance(outcome, truth.Ignore):
            return False
        self._recorded[place] = Recorded(
            session.account_id, False, session.id, session.updated_at, session.interim_seconds
        )
        return True

    def leave(self, filed: Filed) -> None:
        """Work on no later report of a client of which one is left: that one may end the session that it has by then."""
        self._left.add(_client(filed, filed.report))

    def _grow(
        self, key: SessionKey, session: Session, outcome: truth.Update | truth.Close, seen_at: int
    ) -> None:
        counted = outcome.counted
        grown = session._replace(
            updated_at=counted.updated_at,
            session_seconds=counted.session_seconds,
            input_octets=counted.input_octets,
            output_octets=counted.output_octets,
            anomalies=counted.anomalies,
            ip=counted.ip,
            ipv6=counted.ipv6,
        )
        if isinstance(outcome, truth.Close):
            grown = grown._replace(
                stopped_at=outcome.stopped_at, cause=outcome.cause, closed_by=outcome.closed_by
            )
            self._changed.add(key)
        elif grown.ip != session.ip or grown.ipv6 != session.ipv6:
            self._changed.add(key)
        self._sessions[key] = grown
        self._grown[key] = seen_at

    def _charge(self, place: int, session: Session, growth: truth.Growth, filed: Filed) -> None:
        """Draw the growth of the totals from what the account owns, and keep it by subscription and day."""
        spent = growth.input_octets, growth.output_octets, growth.seconds
        account_id, project_id = session.account_id, session.project_id
        chain = None if account_id is None else self._chain(account_id, project_id)
        if account_id is None or chain is None:
            self._use(session, 0, spent, growth, filed.zone)
            return
        drawn = consume(chain, *spent, growth.until)
        after, verdict = drawn.entitlement, drawn.verdict
        if drawn.has_rules:
            after, verdict = self._book.after(
                chain, drawn, growth, project_id, filed.zone, filed.report.arrived_at
            )
        if after is not chain:
            self._chains[account_id] = self._chains[account_id][0], after, project_id
        for draw in drawn.draws:
            spent = draw.input_octets, draw.output_octets, draw.seconds
            self._use(session, draw.subscription_id or 0, spent, growth, filed.zone)
        is_end = verdict.outcome is Outcome.ENDED
        if is_end or (verdict.outcome is Outcome.SWITCHED and verdict.policy_differs):
            self._effects.append(_Effect(place, account_id, project_id, is_end, filed.report.arrived_at))
        elif filed.report.kind is ReportKind.INTERIM and wants_shorter_interval(
            after, session, filed.nas, filed.report.arrived_at
        ):
            self._shorter.append((place, account_id, session.id, project_id, filed.report.arrived_at))

    def _chain(self, account_id: AccountId, project_id: ProjectId) -> Entitlement | None:
        """An account's chain as the reports before left it."""
        moved = self._chains.get(account_id)
        if moved is not None:
            return moved[1]
        text = self._texts.get(account_id)
        if text is None:
            return None
        chain = chain_rules.load(text)
        self._chains[account_id] = chain, chain, project_id
        return chain

    def _use(
        self, session: Session, subscription_id: int, spent: _Spent, growth: truth.Growth, zone: Zone
    ) -> None:
        day = local_day(growth.until, zone)
        if growth.until <= growth.since or local_day(growth.since, zone) == day:
            self._add(session, subscription_id, day, *spent)
            since = min(growth.since, growth.until)
            self._facts.append(
                (session.project_id, session.id, subscription_id, day, since, growth.until, *spent)
            )
            return
        for share in split_by_day(growth.since, growth.until, spent, zone):
            if any(share.amounts):
                self._add(session, subscription_id, share.day, *share.amounts)
                self._facts.append(
                    (session.project_id, session.id, subscription_id, *share[:3], *share.amounts)
                )

    def _add(
        self, session: Session, subscription_id: int, day: int, received: int, sent: int, seconds: int
    ) -> None:
        key = session.id, subscription_id, day
        known = self._usage.get(key)
        if known is not None:
            received += known.input_octets
            sent += known.output_octets
            seconds += known.seconds
        self._usage[key] = Usage(session.project_id, session.account_id, *key, received, sent, seconds)

    def write(self) -> dict[int, Recorded]:
        """Put into the books what the reports changed; what became of them, by their places."""
        tx, changed = self._tx, self._changed
        rows = [(key in changed, self._sessions[key], seen_at) for key, seen_at in self._grown.items()]
        session_groups.grow(tx, [(row, seen_at) for is_changed, row, seen_at in rows if not is_changed])
        session_groups.change(tx, [(row, seen_at) for is_changed, row, seen_at in rows if is_changed])
        session_groups.add_usage(tx, tuple(self._usage.values()))
        usage_facts.add_all(tx, self._facts)
        self._book.write()
        chains.put_all(tx, self._chains.values())
        for place, account_id, project_id, is_end, at in self._effects:
            if is_end:
                acted = effects.end_sessions_of(tx, account_id, project_id, "used_up", at)
            else:
                acted = effects.change_sessions_of(tx, account_id, project_id, at)
            self._recorded[place] = self._recorded[place]._replace(effects=acted)
        told = {effect.account_id for effect in self._effects}
        for place, account_id, session_id, project_id, at in self._shorter:
            if account_id in told:
                continue
            acted = effects.change_session(tx, session_id, project_id, at, must=False)
            self._recorded[place] = self._recorded[place]._replace(effects=acted)
        return self._recorded
