"""The task of one report about a session: whose it is, what the rules of truth make of it, the rows that say so."""

from __future__ import annotations

from typing import NamedTuple

from zhuomai_appliance.flows import class_token
from zhuomai_appliance.flows.charging import charge
from zhuomai_appliance.flows.guest_reports import Whose
from zhuomai_appliance.model import entitlement as chain_rules
from zhuomai_appliance.model.access import AccessKind, ClosedBy, ReportKind, Session, SessionId, UsageReport
from zhuomai_appliance.model.moment import Zone
from zhuomai_appliance.model.network import Nas
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.policy import sessions as truth
from zhuomai_appliance.policy.limits import interim_seconds
from zhuomai_appliance.store import accounts, journal, sessions
from zhuomai_appliance.store.interface import Transaction
from zhuomai_appliance.store.vault import Vault
from zhuomai_appliance.vendors.requests import split_realm


class Recorded(NamedTuple):
    """What a committed report means for the memory of the process.

    ``since`` is when the session was last heard of before, 0 where that tells nothing; ``interval_seconds`` is its own.
    """

    account_id: AccountId | None
    effects: bool
    session_id: SessionId | None = None
    since: int = 0
    interval_seconds: int = 0


class SessionReport:
    """The task of one report: lives as long as its transaction and may run twice."""

    def __init__(
        self,
        tx: Transaction,
        vault: Vault,
        nas: Nas,
        peer: str,
        zone: Zone,
        report: UsageReport,
        whose: Whose | None = None,
    ) -> None:
        self._tx = tx
        self._vault = vault
        self._nas = nas
        self._peer = peer
        self._zone = zone
        self._report = report
        self._whose = whose
        self._effects = False
        self._chains: dict[AccountId, str | None] = {}

    def record(self) -> Recorded:
        """Judge the report by the rules of truth and write what they say."""
        tx, nas, report = self._tx, self._nas, self._report
        existing: Session | None = None
        found = sessions.newest_of_key(tx, nas.project_id, nas.id, self._peer, report.acct_session_id)
        if found is not None:
            existing, chain = found
            if existing.account_id is not None:
                self._chains[existing.account_id] = chain
        elif report.class_token:
            existing = self._moved_here()
        if existing is not None and report.at < existing.started_at:
            if _is_about(report, existing):
                self._report = report = report._replace(at=existing.updated_at)
                rival = self._rival(existing)
            else:
                existing, rival = self._before(existing)
        else:
            rival = self._rival(existing)
        outcome = truth.merge(report, existing, rival, nas)
        if found is not None and isinstance(outcome, truth.Open | truth.WriteFinished):
            told = self._told_before()
            if told is not None:
                self._report = report = report._replace(at=told.updated_at)
                existing, outcome = told, truth.merge(report, told, None, nas)
        if isinstance(outcome, truth.Ignore):
            return Recorded(None, self._effects) if existing is None else self._recorded(existing)
        if isinstance(outcome, truth.Open | truth.WriteFinished):
            return self._begin(outcome)
        if existing is None:
            raise RuntimeError("a rule changed a session that is not there")
        self._apply(outcome, existing)
        running = existing if isinstance(outcome, truth.Update | truth.Reopen) else None
        self._charge(existing.id, existing.account_id, outcome.growth, running)
        return self._recorded(existing)

    def _recorded(self, before: Session) -> Recorded:
        return Recorded(
            before.account_id, self._effects, before.id, before.updated_at, before.interim_seconds
        )

    def _before(self, newest: Session) -> tuple[Session | None, Session | None]:
        """Which row a report older than its id's newest session is about, and the newer session that took its place.

        Devices use ids again after a restart while reports from before it are still on their way: these may be the
        only word of what was used. A Start says nothing of that, a report of more than a day ago may be a copy whose
        row has moved to its month, and within a minute of the newest session's start it is no other session's.
        """
        report = self._report
        earlier = sessions.of_key_at(
            self._tx, self._nas.project_id, self._nas.id, self._peer, report.acct_session_id, report.at
        )
        if earlier is not None:
            return earlier.session, newest
        is_word_of_another = (
            report.kind is not ReportKind.START
            and report.arrived_at - report.at < truth.LATE_START_SECONDS
            and newest.started_at - report.at > truth.UNCONFIRMED_SECONDS
        )
        return (None, newest) if is_word_of_another else (newest, None)

    def _told_before(self) -> Session | None:
        """The row that holds already what this report says; asked for only where it would begin another under its id."""
        report = self._report
        begun = sessions.begun_between(
            self._tx,
            self._nas.project_id,
            self._nas.id,
            self._peer,
            report.acct_session_id,
            report.at - report.session_seconds - truth.COPY_SECONDS,
            report.at + truth.COPY_SECONDS,
        )
        return next((told for told in begun if truth.is_copy(report, told)), None)

    def _rival(self, existing: Session | None) -> Session | None:
        """Another open session of the same client; asked for only where a rule could look at it."""
        report = self._report
        if report.mac is None and not report.port_id:
            return None
        is_open = existing is not None and existing.stopped_at is None
        if existing is not None and is_open and not _is_about_another(report, existing):
            return None
        tx, nas_id, peer = self._tx, self._nas.id, self._peer
        if report.mac is not None:
            found = sessions.open_on_device(tx, nas_id, peer, report.mac, report.acct_session_id)
        else:
            found = sessions.open_on_port(
                tx, nas_id, peer, report.port_id or "", report.username_raw, report.acct_session_id
            )
        return found.session if found is not None else None

    def _moved_here(self) -> Session | None:
        """The running session that another device of the project had until now: Class and id are the same (H3C 207).

        Two access devices may stand in for each other; the one that takes over reports a session on from its own
        address, and it must not be counted twice. A Start is a login of its own.
        """
        report, nas = self._report, self._nas
        if report.kind is ReportKind.START or not report.class_token:
            return None
        account_id = class_token.read(self._vault, report.class_token)
        if account_id is None:
            return None
        for stored in sessions.open_sessions(self._tx, account_id=account_id):
            session = stored.session
            same = (
                session.class_token == report.class_token,
                session.acct_session_id == report.acct_session_id,
            )
            if all(same) and session.project_id == nas.project_id:
                sessions.move_to_device(self._tx, session.id, nas.id, self._peer)
                return session._replace(nas_id=nas.id, nas_address=self._peer)
        return None

    # Whose is it? -----------------------------------------------------------------------------------------------------

    def _account(self) -> AccountId | None:
        """By our Class where it is ours, else by name, else nobody's: recorded all the same (semantics §6).

        A Class counts in the account's own project: one school's device must not draw from another school's people.
        """
        report = self._report
        if self._whose is not None:
            name = self._whose.name
            login = None if name is None else accounts.find_login(self._tx, self._nas.project_id, name)
            return None if login is None else login.account.id
        account_id = class_token.read(self._vault, report.class_token)
        owner = None if account_id is None else accounts.login_by_id(self._tx, account_id)
        if owner is not None and owner.account.project_id == self._nas.project_id:
            return owner.account.id
        name, _realm = split_realm(report.username_raw)
        login = accounts.find_login(self._tx, self._nas.project_id, name)
        return None if login is None else login.account.id

    def _begin(self, outcome: truth.Open | truth.WriteFinished) -> Recorded:
        account_id = self._account()
        self._close_other(outcome.close_other)
        session_id = self._insert(outcome, account_id)
        self._charge(session_id, account_id, outcome.growth)
        return Recorded(account_id, self._effects, session_id)

    # Rows -------------------------------------------------------------------------------------------------------------

    def _kind(self) -> AccessKind:
        """How the session came in: the login knew; a report tells less, of 802.1X often nothing."""
        token = self._report.class_token
        login = class_token.read_whole(self._vault, token)
        kind = class_token.guest_kind(self._vault, token) if login is None else login.kind
        return self._report.access_kind if kind is None or kind is AccessKind.OTHER else kind

    def _insert(self, outcome: truth.Open | truth.WriteFinished, account_id: AccountId | None) -> SessionId:
        nas, report, counted = self._nas, self._report, outcome.counted
        finished = outcome if isinstance(outcome, truth.WriteFinished) else None
        plan_name, interim = self._plan(account_id)
        session = Session(
            id=SessionId(0),
            project_id=nas.project_id,
            nas_id=nas.id,
            nas_address=self._peer,
            acct_session_id=report.acct_session_id,
            account_id=account_id,
            username_raw=report.username_raw,
            calling_station_raw=report.calling_station_raw,
            called_station_raw=report.called_station_raw,
            mac=report.mac,
            ip=counted.ip,
            ipv6=counted.ipv6,
            ssid=report.ssid,
            vlan=report.vlan,
            port_id=report.port_id,
            access_kind=self._kind(),
            started_at=outcome.started_at,
            updated_at=counted.updated_at,
            session_seconds=counted.session_seconds,
            input_octets=counted.input_octets,
            output_octets=counted.output_octets,
            interim_seconds=interim,
            stopped_at=finished.stopped_at if finished else None,
            cause=finished.cause if finished else None,
            closed_by=finished.closed_by if finished else None,
            start_lost=outcome.start_lost,
            anomalies=counted.anomalies,
            class_token=report.class_token,
            plan_name=plan_name,
        )
        return sessions.insert(self._tx, session, report.arrived_at)

    def _chain(self, account_id: AccountId | None) -> str | None:
        """The text of an account's chain as this report found it; None without one. Asked for once at most."""
        if account_id is None:
            return None
        if account_id not in self._chains:
            self._chains[account_id] = accounts.chain_of(self._tx, account_id)
        return self._chains[account_id]

    def _plan(self, account_id: AccountId | None) -> tuple[str, int]:
        """The name of the plan in use and the accounting interval the device was given."""
        text = self._chain(account_id)
        if text is None:
            return "", self._nas.interim_seconds
        chain = chain_rules.first_login(chain_rules.load(text), self._report.at)
        segment = chain_rules.current(chain, self._report.at)
        if segment is None:
            return "", self._nas.interim_seconds
        left = chain_rules.octets_left(chain, self._report.at)
        return segment.plan_name, interim_seconds(
            segment.policy, self._nas.interim_seconds, left, segment.policy.rate
        )

    def _apply(
        self, outcome: truth.Update | truth.Reopen | truth.Close | truth.Correct, existing: Session
    ) -> None:
        tx, counted, seen_at = self._tx, outcome.counted, self._report.arrived_at
        if isinstance(outcome, truth.Close):
            sessions.close(
                tx,
                existing.id,
                updated_at=counted.updated_at,
                seen_at=seen_at,
                session_seconds=counted.session_seconds,
                input_octets=counted.input_octets,
                output_octets=counted.output_octets,
                anomalies=counted.anomalies,
                ip=counted.ip,
                ipv6=counted.ipv6,
                stopped_at=outcome.stopped_at,
                cause=outcome.cause,
                closed_by=outcome.closed_by,
            )
            return
        if isinstance(outcome, truth.Reopen):
            self._close_other(outcome.close_other)
            sessions.reopen(tx, existing.id)
        sessions.set_totals(
            tx,
            existing.id,
            updated_at=counted.updated_at,
            seen_at=seen_at,
            session_seconds=counted.session_seconds,
            input_octets=counted.input_octets,
            output_octets=counted.output_octets,
            anomalies=counted.anomalies,
        )
        if (counted.ip, counted.ipv6) != (existing.ip, existing.ipv6):
            sessions.set_addresses(tx, existing.id, counted.ip, counted.ipv6)
        if isinstance(outcome, truth.Correct) and outcome.audit:
            journal.audit(
                tx,
                at=self._report.arrived_at,
                project_id=self._nas.project_id,
                actor="radius",
                address=self._peer,
                action="session.corrected",
                object_kind="session",
                object_id=str(existing.id),
                before={"input_octets": existing.input_octets, "output_octets": existing.output_octets},
                after={"input_octets": counted.input_octets, "output_octets": counted.output_octets},
            )

    def _close_other(self, other: truth.CloseOther | None) -> None:
        if other is None:
            return
        left = other.session
        sessions.close(
            self._tx,
            left.id,
            updated_at=left.updated_at,
            seen_at=self._report.arrived_at,
            session_seconds=left.session_seconds,
            input_octets=left.input_octets,
            output_octets=left.output_octets,
            anomalies=left.anomalies,
            ip=left.ip,
            ipv6=left.ipv6,
            stopped_at=other.stopped_at,
            cause=None,
            closed_by=ClosedBy(other.closed_by),
        )

    def _charge(
        self,
        session_id: SessionId,
        account_id: AccountId | None,
        growth: truth.Growth,
        running: Session | None = None,
    ) -> None:
        self._effects |= charge(
            self._tx,
            self._nas.project_id,
            self._zone,
            session_id,
            account_id,
            self._chain(account_id),
            growth,
            self._report.arrived_at,
            None if running is None else (running, self._nas),
        )


def _is_about(report: UsageReport, newest: Session) -> bool:
    """Whether a report is about the newest session although it is dated before its start.

    The Class says so; and a session that begins in the future began before our own clock was set back: read as an
    earlier one's, its totals would be counted again from nothing.
    """
    same_class = bool(report.class_token) and report.class_token == newest.class_token
    return same_class or report.arrived_at < newest.started_at


def _is_about_another(report: UsageReport, existing: Session) -> bool:
    return report.at >= existing.started_at and truth.is_another_session(report, existing)
