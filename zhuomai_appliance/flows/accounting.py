"""One accounting report from packet to durable row: truth, usage and what it draws, all in one transaction.

    read by the vendor's table -> whose is it -> policy.sessions.merge -> row, usage by day, chain -> commit -> answer

The device is answered only after the commit (RFC 2866 §4.1); a failed write is no answer, and the device repeats.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from twisted.internet.defer import Deferred, fail, succeed

from zhuomai_appliance.flows import class_token
from zhuomai_appliance.flows.follow_up import FollowUp
from zhuomai_appliance.flows.guest_reports import GuestReports, Whose
from zhuomai_appliance.flows.report_group import Filed, record_all
from zhuomai_appliance.flows.reservations import Reservations
from zhuomai_appliance.flows.session_report import Recorded, SessionReport
from zhuomai_appliance.flows.tables import Tables
from zhuomai_appliance.model.access import AccessKind, ReportKind, UsageReport
from zhuomai_appliance.model.network import Nas, NasId
from zhuomai_appliance.policy import restarts
from zhuomai_appliance.radius.packet import Packet
from zhuomai_appliance.store import sessions
from zhuomai_appliance.store.interface import Store, Transaction
from zhuomai_appliance.store.vault import Vault
from zhuomai_appliance.vendors import profile_for
from zhuomai_appliance.vendors.requests import boot_time_from, clock_ahead_seconds, report_from


class AccountingFlow:
    """Records Accounting-Requests. ``wake`` is called when effects wait to be sent."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        tables: Tables,
        reservations: Reservations,
        wake: Callable[[], None],
        guests: GuestReports | None = None,
        *,
        follow_up: FollowUp,
    ) -> None:
        self._guests = guests
        self._store = store
        self._vault = vault
        self._tables = tables
        self._reservations = reservations
        self._wake = wake
        self._follow_up = follow_up
        self._booted: dict[tuple[NasId, str], _Boot] = {}

    def record(self, packet: Packet, nas: Nas, peer: str, now: int) -> Deferred[bool]:
        """True once the report is durable, False when it is none that can be used; fails when it was not stored."""
        try:
            return self._record(packet, nas, peer, now)
        except Exception:  # noqa: BLE001 - whatever it is, the device is not answered and repeats
            return fail()

    def _record(self, packet: Packet, nas: Nas, peer: str, now: int) -> Deferred[bool]:
        profile = profile_for(nas)
        report = report_from(packet, nas, profile, now)
        if report is None or report.access_kind is AccessKind.PROBE:
            return succeed(report is not None)
        booted_at = boot_time_from(packet, profile)
        if booted_at is not None:
            closed = self._note_boot(packet, nas, peer, report, booted_at)
            if closed is not None:
                return closed.addCallback(lambda _: self._write(packet, nas, peer, report))
        return self._write(packet, nas, peer, report)

    def _write(self, packet: Packet, nas: Nas, peer: str, report: UsageReport) -> Deferred[bool]:
        if report.kind is ReportKind.ON or report.kind is ReportKind.OFF:
            closed = self._store.write(lambda tx: _restart(tx, nas, peer, report.at, report))
            return closed.addCallback(lambda _: True)
        zone, whose = self._tables.zone(nas.project_id), self._whose(packet, nas, report)
        done = self._store.write_together(
            self._record_all,
            Filed(nas, peer, zone, report, whose),
            droppable=report.kind is ReportKind.INTERIM,
        )
        return done.addCallback(self._remember, nas, report)

    def _whose(self, packet: Packet, nas: Nas, report: UsageReport) -> Whose | None:
        """What the realms say of a report's name; a school that declares none asks nobody."""
        realms = self._tables.realms(nas.project_id)
        if self._guests is None or (
            realms is None and not report.class_token.startswith(class_token.GUEST_PREFIX)
        ):
            return None
        return self._guests.whose(packet, nas, report, realms)

    def _record_all(self, tx: Transaction, filed: Sequence[Filed]) -> list[Recorded]:
        recorded = record_all(tx, filed, lambda one: SessionReport(tx, self._vault, *one).record())
        for one in filed:
            if one.whose is not None and one.whose.forward is not None:
                one.whose.forward.queue(tx)
        return recorded

    def _remember(self, recorded: Recorded, nas: Nas, report: UsageReport) -> bool | Deferred[bool]:
        """What a report that is durable now changes in memory."""
        if recorded.account_id is not None and report.kind is ReportKind.START:
            # The login may have told less of the client than its Start does: its place is under any of these
            for place in (report.mac, report.ip, report.calling_station_raw):
                if place is not None:
                    self._reservations.release(recorded.account_id, place)
        self._reservations.places.heard(self._tables, report)
        if recorded.effects:
            self._wake()
        if report.kind is ReportKind.START and recorded.session_id is not None:
            interval = self._reservations.intervals.told(report.class_token)
            if interval is not None:
                self._follow_up.interval_told(recorded.session_id, interval)
        waits = self._follow_up.after(nas, report, recorded)
        return True if waits is None else waits.addCallback(lambda _: True)

    def _note_boot(
        self, packet: Packet, nas: Nas, peer: str, report: UsageReport, told: int
    ) -> Deferred[None] | None:
        """A newer boot time than the last one told is a restart, also if its Accounting-On was lost (notes §2).

        The first one told to this process counts as well: the device may have restarted while nobody listened. It is
        ``told`` by the device's own clock: what its Event-Timestamp is ahead of ours, the boot was earlier. Nobody
        believes one that is still to come, nor one that a session of the device has lived through.

        Returns:
            What is to be waited for then, and what makes the time known; None where nothing is to be done.
        """
        key = (nas.id, peer)
        known = self._booted.get(key, _UNKNOWN)
        if told == known.told:
            return None
        at = told - clock_ahead_seconds(packet, report.arrived_at)
        if at <= known.at or at > report.arrived_at:
            return None
        boot = _Boot(told, at)
        if restarts.lived_through(report, at):
            self._booted[key] = boot
            return None
        closed = self._store.write(lambda tx: _restart(tx, nas, peer, at, None))
        return closed.addCallback(lambda _: self._booted.__setitem__(key, boot))


class _Boot(NamedTuple):
    """When a device started: as it tells it, and by our own clock."""

    told: int
    at: int


_UNKNOWN: Final = _Boot(0, 0)


def _restart(tx: Transaction, nas: Nas, peer: str, at: int, report: UsageReport | None) -> int:
    """Close what a restarted device had open; how many. A restart that newer sessions overtook closes nothing.

    Without a ``report`` of its own it is known by a boot time alone.
    """
    newest = sessions.newest_start_of_nas(tx, nas.id, peer)
    if report is not None:
        if not restarts.restart_is_current(report, newest):
            return 0
    elif not restarts.boot_is_current(at, newest):
        return 0
    return sessions.close_of_nas(tx, nas.id, peer, at)
