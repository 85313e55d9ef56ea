"""Traces as operators begin, read and end them: each in the audit, each read by whoever began it, in his projects only."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.tables import Tables
from zhuomai_appliance.flows.trace import PACKETS, SECONDS, Event, Target, Tracer, Watch
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.store import journal
from zhuomai_appliance.store.interface import Store


class Tracing:
    """What the control socket and the API offer of the tracer."""

    def __init__(self, tracer: Tracer, store: Store, tables: Tables, now: Callable[[], int]) -> None:
        self._tracer = tracer
        self._store = store
        self._tables = tables
        self._now = now

    def open(
        self,
        actor: Actor,
        who: str,
        seconds: int = SECONDS,
        packets: int = PACKETS,
        projects: Sequence[ProjectId] = (),
    ) -> Watch:
        """Begin a trace; no project stands for all of them.

        The row in the audit is handed over and not waited for: a trace is wanted most where the disk has trouble.

        Raises:
            TraceRefused: too many run already.
        """
        watch = self._tracer.open(
            Target.of(who, self._tables), seconds, packets, owner=actor.name, projects=frozenset(projects)
        )
        now, own = self._now(), projects or [one.id for one in self._tables.projects()]
        if own:
            self._store.enqueue(
                lambda tx: journal.audit(
                    tx,
                    at=now,
                    project_id=own[0],
                    actor=actor.name,
                    address=actor.address,
                    action="trace.open",
                    object_kind="trace",
                    object_id=str(watch.id),
                    after={"who": who, "seconds": seconds},
                )
            )
        return watch

    def find(self, actor: Actor, watch_id: int) -> Watch | None:
        """A trace that runs and is this operator's."""
        watch = self._tracer.find(watch_id)
        return watch if watch is not None and watch.owner == actor.name else None

    async def read(self, watch: Watch) -> tuple[list[Event], int]:
        """What was seen since the last time, waiting up to a second for something; and how much was lost."""
        return await self._tracer.read(watch)

    def close(self, watch: Watch) -> None:
        """End a trace."""
        self._tracer.close(watch)
