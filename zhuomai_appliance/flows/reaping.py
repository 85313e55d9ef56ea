"""Sessions that fell silent, and devices that did: closed, asked about, or left alone until the link is back (§6).

    silent too long, its device speaks    -> asked about: gone, or twice no good answer -> closed at its last sign
                     its device is silent -> nothing is closed for a day, and an alarm says why

A device that is silent as a whole is asked about one of its sessions: one that answers is there, whatever it reports.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from zhuomai_appliance.flows import effects
from zhuomai_appliance.flows.abilities import Abilities, Inability
from zhuomai_appliance.flows.alarms import AlarmKind, Alarms
from zhuomai_appliance.flows.interims import Interims
from zhuomai_appliance.flows.tables import Tables
from zhuomai_appliance.flows.watched import Watched
from zhuomai_appliance.model import entitlement as chain_rules
from zhuomai_appliance.model.access import SessionId
from zhuomai_appliance.model.network import Nas, NasId
from zhuomai_appliance.policy.sessions import stale_at
from zhuomai_appliance.store import accounts, marks, sessions
from zhuomai_appliance.store.interface import Reader, Store, Transaction
from zhuomai_appliance.store.sessions import OpenDevice, SilentSession

ROUND: Final = 500
SOONEST_SECONDS: Final = 900
"""No session is closed for a shorter silence."""

FROZEN_SECONDS: Final = 86_400
"""How long a silent device keeps its sessions open; then they end at their last sign all the same."""

MARK_AGAIN_SECONDS: Final = 600

QUIET_SECONDS: Final = 180
QUIET_RATIO: Final = 0.5
"""A device that sends less than this part of the interims it owes in three minutes is quiet (features H11)."""
LOUD_RATIO: Final = 0.7
FEWEST_EXPECTED: Final = 5.0
"""Fewer than this in three minutes come and go by chance."""


class _Due(NamedTuple):
    """What a look at the books found to do."""

    close: list[SilentSession]
    ask: list[SilentSession]
    reach: list[SilentSession]


class Reaper:
    """One object per process. ``wake`` is called when effects wait to be sent, ``began_at`` is the process's own start."""

    def __init__(
        self,
        store: Store,
        tables: Tables,
        abilities: Abilities,
        interims: Interims,
        alarms: Alarms,
        watched: Watched,
        wake: Callable[[], None],
        began_at: int,
    ) -> None:
        self._store = store
        self._tables = tables
        self._abilities = abilities
        self._interims = interims
        self._alarms = alarms
        self._watched = watched
        self._wake = wake
        self._began_at = began_at
        self._tried: dict[SessionId, int] = {}

    async def look(self, now: int) -> int:
        """One round: close or ask about what is due, and set the alarms; how many sessions were closed or asked about."""
        devices = await self._store.read(lambda reader: sessions.open_devices(reader, now))
        cut_off = self._cut_off(devices, now)
        due = await self._store.read(lambda reader: self._due(reader, devices, cut_off, now))
        self._alarm(devices, cut_off, now)

        def task(tx: Transaction) -> int:
            closed = sum(sessions.close_stale(tx, one.id, one.seen_at) for one in due.close)
            asked = sum(effects.ask_stale(tx, one.id, one.project_id, one.seen_at, now) for one in due.ask)
            for one in due.reach:
                effects.ask_reach(tx, one.id, one.project_id, one.nas_id, one.nas_address, now)
            return closed + asked

        if not any(due):
            return 0
        done = await self._store.write(task)
        if due.ask or due.reach:
            self._wake()
        return done

    async def sweep_marks(self, now: int) -> None:
        """Forget the marks of sessions that are over, and their alarms; ask again for those whose device reports nothing."""
        await self._store.write(marks.drop_old_marks, droppable=True)
        marked = await self._store.read(marks.marked_sessions)
        self._watched.keep_marks({mark.session_id: mark.why for mark in marked})
        await self._ask_again(marked, now)
        standing = set()
        for mark in marked:
            nas = self._tables.by_id(mark.nas_id)
            if nas is not None:
                standing.add(effects.subject(mark.session_id, nas.name))
                self._alarms.sound(
                    AlarmKind.MUST_REAUTH, effects.subject(mark.session_id, nas.name), mark.said, now
                )
        for subject in self._alarms.of(AlarmKind.MUST_REAUTH) - standing:
            self._alarms.clear(AlarmKind.MUST_REAUTH, subject, now)
        self._interims.keep({nas.id for nas in self._tables.all_nas()})

    async def _ask_again(self, marked: list[marks.Mark], now: int) -> None:
        """Marked sessions are asked for with each report; devices without interims are asked every ten minutes."""
        tried = {mark.session_id: self._tried.get(mark.session_id, mark.since) for mark in marked}
        due = [mark for mark in marked if now - tried[mark.session_id] >= MARK_AGAIN_SECONDS]
        self._tried = tried | {mark.session_id: now for mark in due}

        def task(tx: Transaction) -> None:
            for mark in due:
                effects.end_session(tx, mark.session_id, mark.project_id, mark.why, now, again=True)

        if due:
            await self._store.write(task)
            self._wake()

    # What is due ------------------------------------------------------------------------------------------------------

    def _cut_off(self, devices: Iterable[OpenDevice], now: int) -> set[tuple[NasId, str]]:
        """The devices of which nothing was heard for two intervals, and that answered no question since."""
        found = set()
        for device in devices:
            nas = self._tables.by_id(device.nas_id)
            answered = 0 if nas is None else self._abilities.answered_at(nas, device.nas_address)
            if now - max(device.seen_at, answered) > 2 * device.interim_seconds:
                found.add((device.nas_id, device.nas_address))
        return found

    def _due(
        self, reader: Reader, devices: Iterable[OpenDevice], cut_off: set[tuple[NasId, str]], now: int
    ) -> _Due:
        """What to do, device by device: the sessions of one that is cut off keep nobody else's from their turn."""
        due = _Due([], [], [])
        for device in devices:
            if device.silent_since > now - SOONEST_SECONDS:
                continue
            key = device.nas_id, device.nas_address
            nas = self._tables.by_id(device.nas_id)
            is_mute = nas is None or self._abilities.cannot(Inability.ANSWER, nas, device.nas_address, now)
            if key not in cut_off:
                (due.close if is_mute else due.ask).extend(_stale(reader, device, now - SOONEST_SECONDS, now))
                continue
            due.close.extend(_stale(reader, device, now - FROZEN_SECONDS, now))
            if not is_mute:
                due.reach.extend(_stale(reader, device, now - SOONEST_SECONDS, now)[-1:])
        return due

    # Alarms -----------------------------------------------------------------------------------------------------------

    def _alarm(self, devices: list[OpenDevice], cut_off: set[tuple[NasId, str]], now: int) -> None:
        unreachable = set()
        owed: dict[NasId, float] = {}
        for device in devices:
            nas = self._tables.by_id(device.nas_id)
            if nas is None:
                continue
            owed[nas.id] = owed.get(nas.id, 0.0) + device.hourly * QUIET_SECONDS / 3600
            if (device.nas_id, device.nas_address) in cut_off:
                subject = _named(nas, device.nas_address)
                unreachable.add(subject)
                words = f"{device.sessions} sessions open, last heard {now - device.seen_at} s ago"
                self._alarms.sound(AlarmKind.NAS_UNREACHABLE, subject, words, now)
        for subject in self._alarms.of(AlarmKind.NAS_UNREACHABLE) - unreachable:
            self._alarms.clear(AlarmKind.NAS_UNREACHABLE, subject, now)
        if now - self._began_at >= QUIET_SECONDS + SOONEST_SECONDS:
            self._alarm_quiet(owed, now)

    def _alarm_quiet(self, owed: dict[NasId, float], now: int) -> None:
        for nas in self._tables.all_nas():
            expected = owed.get(nas.id, 0.0)
            received = self._interims.received(nas.id, QUIET_SECONDS, now)
            if expected >= FEWEST_EXPECTED and received < QUIET_RATIO * expected:
                words = f"{received} of {round(expected)} expected interims in {QUIET_SECONDS // 60} minutes"
                self._alarms.sound(AlarmKind.NAS_QUIET, nas.name, words, now)
            elif expected < FEWEST_EXPECTED or received >= LOUD_RATIO * expected:
                self._alarms.clear(AlarmKind.NAS_QUIET, nas.name, now)


def _stale(reader: Reader, device: OpenDevice, seen_before: int, now: int) -> list[SilentSession]:
    """The sessions of a device that are silent for too long, the longest first."""
    silent = sessions.silent_sessions(reader, device.nas_id, device.nas_address, seen_before, ROUND)
    return [one for one in silent if _stale_at(reader, one, bool(device.reporters), now) <= now]


def _named(nas: Nas, host: str) -> str:
    return nas.name if nas.is_single_host else f"{nas.name} ({host})"


def _stale_at(reader: Reader, one: SilentSession, is_reporting: bool, now: int) -> int:
    """When a silent session is to be closed. Where its device sends no interims, the end that it was told counts."""
    if one.has_reported or is_reporting:
        return stale_at(one.seen_at, one.interim_seconds)
    ends = _told_end(reader, one, now)
    timeout = None if ends is None else max(0, ends - one.seen_at)
    return stale_at(one.seen_at, one.interim_seconds, timeout, heard_interim=False)


def _told_end(reader: Reader, one: SilentSession, now: int) -> int | None:
    """When the Session-Timeout of a session runs out, epoch seconds; None where nothing ends it."""
    text = None if one.account_id is None else accounts.chain_of(reader, one.account_id)
    if text is None:
        return None
    chain = chain_rules.load(text)
    segment = chain_rules.current(chain, now)
    if segment is None:
        return one.seen_at
    cap = segment.policy.session_cap_seconds
    ends = [chain_rules.coverage_end(chain, now), None if cap is None else one.started_at + cap]
    return min((end for end in ends if end is not None), default=None)
