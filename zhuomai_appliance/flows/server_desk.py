"""The servers elsewhere as an operator sees them: how each is doing, and whether it answers now."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import NamedTuple

from zhuomai_appliance.flows.proxying import NotAsked, ServerClient
from zhuomai_appliance.flows.roster import Roster, Standing
from zhuomai_appliance.flows.tables import Tables
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.roaming import Transport, Upstream


class ServerView(NamedTuple):
    """One server. Counts are since the start; ``silent_seconds`` is how long nothing was heard of it.

    ``milliseconds`` is a running mean of its answers, None before the first.
    """

    project_id: ProjectId
    name: str
    address: str
    port: int
    transport: Transport
    realms: tuple[str, ...]
    standing: Standing
    answered: int
    silent: int
    milliseconds: int | None
    silent_seconds: int


class Trial(NamedTuple):
    """What came of a test: whether the server answered, and within how many milliseconds."""

    answers: bool
    milliseconds: int | None


class ServerDesk:
    """Lists and tests. One object per process, on the reactor thread."""

    def __init__(
        self, tables: Tables, roster: Roster, client: ServerClient, monotonic: Callable[[], float]
    ) -> None:
        self._tables = tables
        self._roster = roster
        self._client = client
        self._monotonic = monotonic

    def servers(self, project_ids: Collection[ProjectId]) -> list[ServerView]:
        """The servers that realms of some projects ask, by name."""
        found = [self._view(one) for one in self._tables.upstreams() if one.project_id in project_ids]
        return sorted(found, key=lambda one: (one.name, one.project_id))

    def _view(self, upstream: Upstream) -> ServerView:
        state = self._roster.state(upstream)
        realms = self._tables.realms(upstream.project_id)
        latency = state.latency_seconds
        return ServerView(
            project_id=upstream.project_id,
            name=upstream.name,
            address=upstream.address,
            port=upstream.auth_port,
            transport=upstream.transport,
            realms=() if realms is None else realms.asking(upstream),
            standing=state.standing,
            answered=state.answered,
            silent=state.silent,
            milliseconds=None if latency is None else round(latency * 1000),
            silent_seconds=max(int(self._monotonic() - state.heard_at), 0),
        )

    async def test(self, project_id: ProjectId, name: str) -> Trial | None:
        """Ask a server whether it lives (Status-Server, RFC 5997); None where no realm asks one of that name.

        The answer counts as any other: a dead server that answers is alive again.
        """
        for upstream in self._tables.upstreams():
            if (upstream.project_id, upstream.name) == (project_id, name):
                return await self._test(upstream)
        return None

    async def _test(self, upstream: Upstream) -> Trial:
        since = self._roster.asked(upstream)
        try:
            answers = await self._client.probe(upstream)
        except NotAsked:
            return Trial(answers=False, milliseconds=None)
        if not answers:
            if upstream.status_server:
                self._roster.was_silent(upstream)
            return Trial(answers=False, milliseconds=None)
        self._roster.answered(upstream, since)
        return Trial(answers=True, milliseconds=round((self._monotonic() - since) * 1000))
