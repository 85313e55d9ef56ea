"""What is wrong right now with access devices and sessions: raised once, cleared by itself, for log, metrics and console.

The board lives in memory: whoever raises an alarm looks again within minutes, so a restart loses nothing for long.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from twisted.logger import Logger


class AlarmKind(StrEnum):
    """What an alarm is about. Stable words: metrics and API use them; web.control_words has the sentences."""

    NAS_UNREACHABLE = "nas_unreachable"
    """Nothing was heard of a device for two intervals: its silent sessions are left open."""
    NAS_QUIET = "nas_quiet"
    """A device sends far fewer reports than its sessions owe."""
    MUST_REAUTH = "must_reauth"
    """A session that should be over could not be ended at its device."""
    RATE_DIFFERS = "rate_differs"
    """A device acknowledged a rate and reports another."""
    EFFECT_FAILED = "effect_failed"
    """What was to be told to a device could not be worked on, by a fault of ours; until something is again."""


class Alarm(NamedTuple):
    """One alarm: ``subject`` names the device or session, ``words`` is one line of detail, ``since`` is UTC epoch seconds."""

    kind: AlarmKind
    subject: str
    words: str
    since: int


class Alarms:
    """The alarms that stand. On the reactor thread."""

    log = Logger(namespace="zhuomai.alarms")

    def __init__(self) -> None:
        self._standing: dict[tuple[AlarmKind, str], Alarm] = {}
        self.raised = dict.fromkeys(AlarmKind, 0)
        """How often each kind was raised since the start."""

    def sound(self, kind: AlarmKind, subject: str, words: str, now: int) -> None:
        """Raise an alarm, or renew the words of one that stands; only the first is logged."""
        key = kind, subject
        standing = self._standing.get(key)
        if standing is None:
            self.raised[kind] += 1
            self.log.warn("alarm {kind}: {subject}: {words}", kind=kind.value, subject=subject, words=words)
        self._standing[key] = Alarm(kind, subject, words, now if standing is None else standing.since)

    def clear(self, kind: AlarmKind, subject: str, now: int) -> None:
        """Take an alarm back; harmless where none stands."""
        standing = self._standing.pop((kind, subject), None)
        if standing is not None:
            self.log.info(
                "alarm {kind} is over after {seconds} s: {subject}",
                kind=kind.value,
                subject=subject,
                seconds=now - standing.since,
            )

    def standing(self) -> list[Alarm]:
        """The alarms that stand, the oldest first."""
        return sorted(self._standing.values(), key=lambda alarm: alarm.since)

    def of(self, kind: AlarmKind) -> set[str]:
        """The subjects for which alarms of a kind stand."""
        return {subject for known, subject in self._standing if known is kind}

    def counts(self) -> dict[AlarmKind, int]:
        """How many alarms of each kind stand."""
        found = dict.fromkeys(AlarmKind, 0)
        for kind, _ in self._standing:
            found[kind] += 1
        return found
