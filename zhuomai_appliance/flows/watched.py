"""Running sessions whose next report matters: marked ones, and those whose device promised another rate.

A report asks one dictionary whether its session is among them; nearly always it is not.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from zhuomai_appliance.flows import effects
from zhuomai_appliance.model.access import SessionId
from zhuomai_appliance.model.traffic import RateLimit
from zhuomai_appliance.store import journal, marks
from zhuomai_appliance.store.interface import Reader


class Expected(NamedTuple):
    """The rate that a device acknowledged at ``since``. ``must`` and ``retried`` tell what follows if it lied."""

    rate: RateLimit
    since: int
    must: bool
    retried: bool

    def facts(self) -> dict[str, Any]:
        """As the outbox keeps it."""
        return {
            "up": self.rate.up_bps,
            "down": self.rate.down_bps,
            "since": self.since,
            "must": self.must,
            "retried": self.retried,
        }


class Watched:
    """The sessions by id. Filled from the books at the start; the books stay the truth."""

    def __init__(self) -> None:
        self._expected: dict[SessionId, Expected] = {}
        self._marked: dict[SessionId, str] = {}
        self.ids: set[SessionId] = set()

    def load(self, reader: Reader) -> None:
        """Read what an earlier process left."""
        for row in journal.effects_waiting(reader, effects.VERIFY):
            facts = row.payload
            rate = RateLimit(facts["up"], facts["down"])
            self.expect(
                SessionId(facts["session_id"]),
                Expected(rate, facts["since"], must=facts["must"], retried=facts["retried"]),
            )
        self.keep_marks({mark.session_id: mark.why for mark in marks.marked_sessions(reader)})

    def expect(self, session_id: SessionId, expected: Expected) -> None:
        """Look at the rate that the session's next report tells."""
        self._expected[session_id] = expected
        self.ids.add(session_id)

    def mark(self, session_id: SessionId, why: str) -> None:
        """Ask for the session's end again with its next report."""
        self._marked[session_id] = why
        self.ids.add(session_id)

    def keep_marks(self, marked: dict[SessionId, str]) -> None:
        """Forget all marks but these."""
        self._marked = dict(marked)
        self.ids = {*self._expected, *self._marked}

    def marked_why(self, session_id: SessionId) -> str | None:
        """Why a session is marked; None if it is not."""
        return self._marked.get(session_id)

    def expected(self, session_id: SessionId) -> Expected | None:
        """The rate that a session's device promised."""
        return self._expected.get(session_id)

    def forget_rate(self, session_id: SessionId) -> None:
        """Its rate has been looked at, or will not be told."""
        self._expected.pop(session_id, None)
        if session_id not in self._marked:
            self.ids.discard(session_id)
