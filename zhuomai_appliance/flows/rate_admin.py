"""What operators do with rate templates (流量模版): make, change and remove one (features C09)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from zhuomai_appliance.flows.live_changes import LiveChanges
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.traffic import RateLimit
from zhuomai_appliance.store import journal, products, rates
from zhuomai_appliance.store.interface import Store, Transaction
from zhuomai_appliance.store.products import Rate


class RateRefused(Exception):
    """Nothing was done. ``why`` is one of name, changed, in_use."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class RateAdmin:
    """Changes to rate templates. ``changed`` makes the daemon read its tables anew.

    Groups and accounts follow a template, those online at once; a plan holds the speeds that it was published with (billing rule 7).
    """

    def __init__(self, store: Store, clock: Callable[[], int], changed: Callable[[], None]) -> None:
        self._store = store
        self._clock = clock
        self._changed = changed

    async def save(
        self,
        actor: Actor,
        project_id: ProjectId,
        rate_id: int,
        name: str,
        limit: RateLimit,
        *,
        was: RateLimit | None = None,
        projects: Sequence[ProjectId] = (),
    ) -> int:
        """Make a template (id 0) or change one; its id.

        Args:
            was: the speeds that the form showed.
            projects: those the operator looks after; empty means every one.

        Raises:
            RateRefused: another template has the name, or this one was changed or removed meanwhile.
            StoreUnavailable: it cannot be recorded.
        """
        now = self._clock()

        def task(tx: Transaction) -> int:
            known = _mine(products.rates(tx, project_id), project_id, projects)
            before = next((rate for rate in known if rate.id == rate_id), None)
            if rate_id and (before is None or before.limit != was):
                raise RateRefused("changed")
            if any(rate.name == name and rate.id != rate_id for rate in known):
                raise RateRefused("name")
            if before is None:
                made = products.add_rate(tx, project_id, name, limit)
                _audit(tx, actor, now, project_id, "rate.create", name, {"rate": str(limit)})
                return made
            if (before.name, before.limit) != (name, limit):
                products.set_rate(tx, project_id, rate_id, limit)
                rates.rename(tx, project_id, rate_id, name)
                if before.limit != limit:
                    live = LiveChanges()
                    live.rate(project_id, rate_id)
                    live.tell(tx, now)
                after = {"name": name, "rate": str(limit)}
                _audit(
                    tx, actor, now, project_id, "rate.change", before.name, after, before=str(before.limit)
                )
            return rate_id

        saved = await self._store.write(task, urgent=True)
        self._changed()
        return saved

    async def remove(
        self, actor: Actor, project_id: ProjectId, rate_id: int, projects: Sequence[ProjectId] = ()
    ) -> str:
        """Remove a template that no group, account or access rule uses; its name.

        Raises:
            RateRefused: it is not there, or in use.
            StoreUnavailable: it cannot be recorded.
        """
        now = self._clock()

        def task(tx: Transaction) -> str:
            known = _mine(products.rates(tx, project_id), project_id, projects)
            before = next((rate for rate in known if rate.id == rate_id), None)
            if before is None:
                raise RateRefused("changed")
            users = rates.users(tx, project_id).get(rate_id)
            if users is not None and any(users):
                raise RateRefused("in_use")
            rates.remove(tx, project_id, rate_id)
            _audit(tx, actor, now, project_id, "rate.remove", before.name, {}, before=str(before.limit))
            return before.name

        name = await self._store.write(task, urgent=True)
        self._changed()
        return name


def _mine(found: list[Rate], project_id: ProjectId, projects: Sequence[ProjectId]) -> list[Rate]:
    """The templates of a project that the operator looks after.

    Raises:
        RateRefused: the project is none of his.
    """
    if projects and project_id not in projects:
        raise RateRefused("changed")
    return found


def _audit(
    tx: Transaction,
    actor: Actor,
    now: int,
    project_id: ProjectId,
    action: str,
    name: str,
    after: dict[str, str],
    *,
    before: str = "",
) -> None:
    journal.audit(
        tx,
        at=now,
        project_id=project_id,
        actor=actor.name,
        address=actor.address,
        action=action,
        object_kind="rate",
        object_id=name,
        before={"rate": before} if before else None,
        after=after or None,
    )
