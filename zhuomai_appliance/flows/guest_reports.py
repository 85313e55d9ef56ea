"""Accounting of people whose accounts are elsewhere: recorded here as nobody's, told to the server that knows them.

    report -> whose is it? -> our row and the waiting report in one transaction -> device answered -> told, later

Told at least once, with the Class that the other server gave and with Acct-Delay-Time grown by the wait. The queue is
bounded in number and age: a server that is gone for days costs its own reports, never ours.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final, NamedTuple

from twisted.internet.defer import Deferred, gatherResults
from twisted.logger import Logger

from zhuomai_appliance.flows import class_token
from zhuomai_appliance.flows.proxying import NotAsked, ServerClient, identity_of, renamed
from zhuomai_appliance.flows.realms import Domain, Realms, local_name
from zhuomai_appliance.flows.roster import Roster, Standing
from zhuomai_appliance.flows.tables import Tables
from zhuomai_appliance.model.access import ReportKind, UsageReport
from zhuomai_appliance.model.network import Nas, ProjectId
from zhuomai_appliance.model.roaming import RealmAction, Upstream
from zhuomai_appliance.radius import attributes as attr
from zhuomai_appliance.radius.forwarding import attributes_in, forwarded_report, octets_of
from zhuomai_appliance.radius.packet import Attribute, Packet
from zhuomai_appliance.radius.values import integer, integer_value
from zhuomai_appliance.store import roaming
from zhuomai_appliance.store.interface import Store, StoreUnavailable, Transaction
from zhuomai_appliance.store.vault import Vault
from zhuomai_appliance.vendors.requests import split_realm

WAITING_REPORTS: Final = 200_000
"""Reports that may wait: some 100 MiB of the disk."""
WAITING_INTERIMS: Final = WAITING_REPORTS // 2
"""From here on interim reports are not kept: the next one, or the Stop, says what they would have said."""
KEPT_SECONDS: Final = 3 * 86_400
LOGINS_KEPT_SECONDS: Final = 7 * 86_400
"""After its session was last heard of; from then on the server gets its reports without its Class."""
AT_ONCE: Final = 200
ROUNDS: Final = 10
"""Full rounds one after the other: a server that was away for long is told 2,000 reports a second at the most."""
AGAIN_SECONDS: Final = (5, 15, 60, 300, 600)
DEAD_SECONDS: Final = 30
"""How long a report waits whose servers are all known to be dead."""

_LARGEST_DELAY: Final = 0xFFFFFFFF


class Forward(NamedTuple):
    """A report to be told elsewhere, as it came."""

    project_id: ProjectId
    asked: tuple[str, ...]
    packet: Packet
    user_name: bytes | None
    token: bytes
    identity: tuple[Attribute, ...]
    arrived_at: int

    def queue(self, tx: Transaction) -> None:
        """Let it wait in the books, with the Class that the other server gave; part of the task that records it."""
        login = roaming.login_of(tx, self.project_id, self.token) if self.token else None
        asked = self.asked
        if login is not None:
            roaming.keep_login(tx, self.project_id, self.token, self.arrived_at)
            # Whoever accepted the login knows the session
            asked = (login.upstream, *(name for name in asked if name != login.upstream))
        attributes = forwarded_report(
            self.packet, self.user_name, () if login is None else login.classes, self.token, self.identity
        )
        delay = integer(self.packet.first(attr.ACCT_DELAY_TIME)) or 0
        roaming.add_report(tx, self.project_id, asked, octets_of(attributes), delay, self.arrived_at)


class Whose(NamedTuple):
    """Whom a report is about, where realms say it. ``name`` is looked up here; None: the account is elsewhere."""

    name: str | None
    forward: Forward | None = None


class GuestReports:
    """Sorts reports by realm and tells those of guests. One object per process, on the reactor thread."""

    log = Logger(namespace="zhuomai.proxy")

    def __init__(
        self,
        store: Store,
        vault: Vault,
        tables: Tables,
        client: ServerClient,
        roster: Roster,
        clock: Callable[[], int],
    ) -> None:
        self._store = store
        self._vault = vault
        self._tables = tables
        self._client = client
        self._roster = roster
        self._clock = clock
        self._sending: set[int] = set()
        self._waiting = roaming.waiting_reports(store.reader)
        self.counters: Counter[str] = Counter()

    @property
    def waiting(self) -> int:
        """About how many reports wait to be told."""
        return self._waiting

    # Sorting ------------------------------------------------------------------------------------------------------------

    def whose(self, packet: Packet, nas: Nas, report: UsageReport, realms: Realms | None) -> Whose | None:
        """Whom a report is about; None where its Class says it, which wins (semantics §6)."""
        token = report.class_token
        if class_token.read(self._vault, token) is not None:
            return None
        is_guest = class_token.is_guest(self._vault, token)
        domain = (
            None if realms is None else realms.is_guest(report.username_raw, report.ssid, report.access_kind)
        )
        if domain is None and not is_guest:
            return Whose(local_name(report.username_raw, report.ssid, realms))
        return Whose(None, self._forward(packet, nas, report, domain, token if is_guest else b""))

    def _forward(
        self, packet: Packet, nas: Nas, report: UsageReport, domain: Domain | None, token: bytes
    ) -> Forward | None:
        if not token and (domain is None or domain.action is not RealmAction.PROXY):
            return None
        if self._waiting >= (WAITING_INTERIMS if report.kind is ReportKind.INTERIM else WAITING_REPORTS):
            self.counters["report_dropped"] += 1
            return None
        self._waiting += 1
        name = packet.first(attr.USER_NAME) or b""
        return Forward(
            nas.project_id,
            () if domain is None else tuple(server.upstream.name for server in domain.servers),
            packet,
            None if domain is None else renamed(name, split_realm(report.username_raw)[1], domain),
            token,
            identity_of(packet, nas),
            report.arrived_at,
        )

    # Telling ------------------------------------------------------------------------------------------------------------

    async def run(self) -> int:
        """Tell what is due; how many were told. Called again only when it is over."""
        told = 0
        for _ in range(ROUNDS):
            done = await self._round()
            told += done
            if done < AT_ONCE:
                break
        return told

    async def _round(self) -> int:
        if not self._store.state.writable or not self._waiting:
            return 0
        now = self._clock()
        due = roaming.reports_due(self._store.reader, now, AT_ONCE)
        if not due:
            self._waiting = roaming.waiting_reports(self._store.reader)
            return 0
        outcomes = await gatherResults(
            [Deferred.fromCoroutine(self._tell(row, now)) for row in due], consumeErrors=True
        )
        told = [row.id for row, outcome in zip(due, outcomes, strict=True) if outcome is None]
        later = [(row.id, outcome) for row, outcome in zip(due, outcomes, strict=True) if outcome is not None]

        def task(tx: Transaction) -> int:
            roaming.remove_reports(tx, told)
            roaming.postpone_reports(tx, later)
            return roaming.waiting_reports(tx)

        try:
            self._waiting = await self._store.write(task)
        except StoreUnavailable as error:
            # Told or not, they still stand in the books and go out again: harmless twice
            self.log.warn("reports for other servers wait for the disk: {error}", error=str(error))
            return 0
        self.counters["report_told"] += len(told)
        return len(told)

    async def _tell(self, row: roaming.WaitingReport, now: int) -> int | None:
        """None once a report is told, or has nobody to be told to; otherwise when to try again."""
        declared = self._declared(row)
        if not declared:
            self.counters["report_dropped"] += 1
            return None
        alive = [one for one in declared if self._roster.state(one).standing is not Standing.DEAD]
        # What the device said of its own delay, and how long the report has waited here (RFC 2866 §5.2)
        delay = min(row.delay_seconds + max(now - row.arrived_at, 0), _LARGEST_DELAY)
        attributes = (*attributes_in(row.attributes), (attr.ACCT_DELAY_TIME, integer_value(delay)))
        for upstream in alive:
            since = self._roster.asked(upstream)
            try:
                taken = await self._client.report(upstream, attributes)
            except NotAsked as error:
                if error.is_hopeless:
                    self.counters["report_dropped"] += 1
                    return None
                continue
            if taken:
                self._roster.answered(upstream, since)
                return None
            if self._roster.was_silent(upstream):
                self.log.warn(
                    "server {name} at {host} does not answer", name=upstream.name, host=upstream.address
                )
        wait = AGAIN_SECONDS[min(row.tries, len(AGAIN_SECONDS) - 1)] if alive else DEAD_SECONDS
        return self._clock() + wait

    def _declared(self, row: roaming.WaitingReport) -> list[Upstream]:
        realms = self._tables.realms(row.project_id)
        known = {} if realms is None else {one.name: one for one in realms.upstreams}
        return [known[name] for name in row.upstreams if name in known]

    async def tidy(self) -> None:
        """Give up reports that nobody took for days, and forget logins whose sessions are long over."""
        now = self._clock()

        def task(tx: Transaction) -> int:
            roaming.forget_logins(tx, now - LOGINS_KEPT_SECONDS)
            return roaming.forget_reports(tx, now - KEPT_SECONDS)

        given_up = await self._store.write(task, droppable=True)
        if given_up:
            self.counters["report_dropped"] += given_up
            self.log.warn("{count} reports for other servers were given up", count=given_up)
