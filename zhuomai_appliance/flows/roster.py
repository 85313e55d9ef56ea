"""How the servers elsewhere are doing: who answers, who is silent, whom to ask first and whom to look after.

    alive ──silence──> doubtful ──third silence in a row──> dead ──an answer, to whatever was asked──> alive

A doubtful or dead server is asked after the others. A dead one is asked whether it lives (Status-Server, RFC 5997); one
that does not know that question gets a login to prove itself by, once a minute.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import Final, TypeVar

from zhuomai_appliance.model.roaming import Upstream, UpstreamId

DEAD_AFTER: Final = 3
"""Questions without an answer in a row. One alone may be a lost packet, or one strange login."""

PROBE_SECONDS: Final = 10.0
"""How often a dead server is asked whether it lives; many find it at once when it comes back, so not more often."""

IDLE_SECONDS: Final = 30.0
"""A server from which nothing was heard so long is asked too: it should not take a login to find that it is dead."""

TRIAL_SECONDS: Final = 60.0
"""How long a dead server that knows no Status-Server is left alone."""

_SMOOTHING: Final = 0.2

_Known = TypeVar("_Known")


class Standing(StrEnum):
    """What is thought of a server."""

    ALIVE = "alive"
    DOUBTFUL = "doubtful"
    DEAD = "dead"


class ServerState:
    """One server, for the console and for /metrics. Times are of the monotonic clock.

    Attributes:
        entry: the server as it was declared when all this was seen of it.
        asked, answered, silent: questions of all kinds, and what became of them.
        refused: answers that did not verify: the secret is probably another.
        latency_seconds: a running mean of how long answers took; None before the first.
    """

    __slots__ = (
        "answered",
        "asked",
        "entry",
        "heard_at",
        "latency_seconds",
        "name",
        "probed_at",
        "project_id",
        "refused",
        "silences",
        "silent",
        "tried_at",
    )

    def __init__(self, upstream: Upstream, now: float) -> None:
        self.entry = upstream
        self.name = upstream.name
        self.project_id = upstream.project_id
        self.asked = self.answered = self.silent = self.refused = self.silences = 0
        self.latency_seconds: float | None = None
        self.heard_at = self.probed_at = self.tried_at = now

    @property
    def standing(self) -> Standing:
        """What is thought of it."""
        if self.silences >= DEAD_AFTER:
            return Standing.DEAD
        return Standing.DOUBTFUL if self.silences else Standing.ALIVE


class Roster:
    """All servers. One object per process, on the reactor thread."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._states: dict[UpstreamId, ServerState] = {}

    def state(self, upstream: Upstream) -> ServerState:
        """How a server is doing. One that is declared otherwise, at another address or by another secret, begins anew."""
        found = self._states.get(upstream.id)
        if found is None or (found.entry is not upstream and found.entry != upstream):
            found = self._states[upstream.id] = ServerState(upstream, self._monotonic())
        found.entry = upstream
        return found

    def states(self) -> list[ServerState]:
        """Every server that was asked anything, by name."""
        return sorted(self._states.values(), key=lambda one: one.name)

    def keep(self, upstreams: Iterable[Upstream]) -> None:
        """Forget servers that are no longer declared."""
        ids = {one.id for one in upstreams}
        for gone in self._states.keys() - ids:
            del self._states[gone]

    def in_order(self, servers: Sequence[_Known], of: Callable[[_Known], Upstream]) -> list[_Known]:
        """The servers to ask, in turn: those that answer as declared, then doubtful ones, of dead ones the best.

        A dead server stands first where it is its minute to prove itself. With all of them dead one is asked all the
        same: that we think so must not be why nobody can log in.
        """
        if len(servers) == 1:
            return list(servers)
        now = self._monotonic()
        alive, doubtful, dead, trial = list[_Known](), list[_Known](), list[_Known](), list[_Known]()
        for server in servers:
            upstream = of(server)
            state = self.state(upstream)
            if state.standing is Standing.ALIVE:
                alive.append(server)
            elif state.standing is Standing.DOUBTFUL:
                doubtful.append(server)
            elif not upstream.status_server and not trial and now - state.tried_at >= TRIAL_SECONDS:
                state.tried_at = now
                trial.append(server)
            else:
                dead.append(server)
        return [*trial, *alive, *doubtful] or dead[:1]

    def asked(self, upstream: Upstream) -> float:
        """A question goes out; when, for `answered`."""
        self.state(upstream).asked += 1
        return self._monotonic()

    def answered(self, upstream: Upstream, since: float) -> Standing:
        """An answer came to a question of that moment; what was thought of the server before."""
        state, now = self._known(upstream), self._monotonic()
        if state is None:
            return Standing.ALIVE
        before = state.standing
        state.answered += 1
        state.silences = 0
        state.heard_at = now
        took = max(now - since, 0.0)
        known = state.latency_seconds
        state.latency_seconds = took if known is None else known + _SMOOTHING * (took - known)
        return before

    def was_silent(self, upstream: Upstream) -> bool:
        """No answer came; whether that makes the server a dead one, now."""
        state = self._known(upstream)
        if state is None:
            return False
        state.silent += 1
        state.silences += 1
        state.tried_at = self._monotonic()
        return state.silences == DEAD_AFTER

    def _known(self, upstream: Upstream) -> ServerState | None:
        """The state of an entry that was asked; None once it is declared otherwise: what the former one does is no matter."""
        found = self._states.get(upstream.id)
        if found is None:
            return self.state(upstream)
        return found if found.entry == upstream else None

    def refused(self, upstream: Upstream) -> None:
        """An answer came that is none."""
        state = self._known(upstream)
        if state is not None:
            state.refused += 1

    def to_probe(self, upstreams: Iterable[Upstream]) -> list[Upstream]:
        """Servers to be asked now whether they live; they count as asked."""
        now = self._monotonic()
        found = []
        for upstream in upstreams:
            state = self.state(upstream)
            pause = IDLE_SECONDS if state.standing is Standing.ALIVE else PROBE_SECONDS
            quiet_since = max(state.probed_at, state.heard_at)
            if upstream.status_server and now - quiet_since >= pause:
                state.probed_at = now
                found.append(upstream)
        return found
