"""A route of the API and a call of it: who asks, what for, and how an answer is kept for the same key."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import BaseModel

from zhuomai_appliance.entropy import Entropy, SystemEntropy
from zhuomai_appliance.flows.alarms import Alarms
from zhuomai_appliance.flows.imports import People, ReadPeople, RowError
from zhuomai_appliance.flows.interims import Interims
from zhuomai_appliance.flows.operators import Actor, Operators
from zhuomai_appliance.flows.ports import ReasonWords
from zhuomai_appliance.flows.reservations import Reservations
from zhuomai_appliance.flows.session_admin import SessionAdmin
from zhuomai_appliance.flows.tables import Tables
from zhuomai_appliance.flows.tracing import Tracing
from zhuomai_appliance.model.moment import rfc3339
from zhuomai_appliance.model.network import Project, ProjectId
from zhuomai_appliance.model.people import GroupId, Operator, Permission
from zhuomai_appliance.store import journal, reports
from zhuomai_appliance.store.digests import Digester
from zhuomai_appliance.store.interface import Store, Transaction
from zhuomai_appliance.store.reports import AccountRow, Page, Scope
from zhuomai_appliance.store.vault import Vault
from zhuomai_appliance.web.api.fields import ById, ByText
from zhuomai_appliance.web.api.problems import Problem, invalid

NOT_FOUND: Final = "there is no such thing, or it belongs to a project that is not yours"


def _reads_nothing(data: bytes, project: str) -> People:
    return People((), (RowError(None, "", "this box reads no tables"),))


@dataclass(frozen=True, slots=True)
class Parts:
    """What the handlers work with; ``reservations`` is the memory of the flow that lets people in.

    ``tracing`` is None where no packets pass; ``alarms`` and ``interims`` are what is watched about devices;
    ``changed`` makes the daemon read its tables anew; ``digester`` does slow work off the reactor thread, such as
    ``read_people``, which reads tables that are sent.
    """

    store: Store
    vault: Vault
    tables: Tables
    session_admin: SessionAdmin
    operators: Operators
    words: ReasonWords
    reservations: Reservations = field(default_factory=Reservations)
    tracing: Tracing | None = None
    alarms: Alarms = field(default_factory=Alarms)
    interims: Interims = field(default_factory=Interims)
    changed: Callable[[], None] = lambda: None
    entropy: Entropy = field(default_factory=SystemEntropy)
    digester: Digester = field(default_factory=lambda: Digester(SystemEntropy()))
    read_people: ReadPeople = _reads_nothing

    def project_name(self, project_id: ProjectId) -> str:
        """The name of a project."""
        project = self.tables.project(project_id)
        return "" if project is None else project.name

    def time(self, at: int, project_id: ProjectId) -> str:
        """An instant with the project's offset."""
        return rfc3339(at, self.tables.zone(project_id))

    def maybe_time(self, at: int | None, project_id: ProjectId) -> str | None:
        """The same, null for none."""
        return None if at is None else self.time(at, project_id)


@dataclass(frozen=True, slots=True)
class Call:
    """One request, checked: the operator's permission is there and every field is of its kind."""

    route: Route
    operator: Operator
    actor: Actor
    now: int
    path: Mapping[str, Any]
    query: Any
    body: Any
    key: str | None

    def projects(self, parts: Parts) -> Sequence[ProjectId]:
        """Whose rows a list may show: the operator's projects (none: every one), or the one that is asked for.

        Narrowed to groups where the operator is bound to some, or the query names one in `under`.

        Raises:
            Problem: the project or group asked for is not there or not his.
        """
        name = getattr(self.query, "project", None)
        own = self.operator.project_ids if name is None else (self.project(parts, name).id,)
        groups = self.groups(parts)
        under = getattr(self.query, "under", None)
        if under is not None:
            every = own or [project.id for project in parts.tables.projects()]
            named = [one for one in (parts.tables.group_named(p, under) for p in every) if one is not None]
            below = parts.tables.below(one.id for one in named)
            groups = below if groups is None else groups & below
            if not groups:
                raise invalid([("under", "there is no such group, or it is not yours", "unknown")])
        return own if groups is None else Scope.of(own, sorted(groups))

    def groups(self, parts: Parts) -> frozenset[GroupId] | None:
        """The groups whose people are the operator's, those below his own included; None: everybody's."""
        bound = self.operator.group_ids
        return parts.tables.below(bound) if bound else None

    def check_group(self, parts: Parts, project: Project, name: str | None) -> None:
        """Whether somebody may be put into a group: one bound to groups keeps his people within them.

        Raises:
            Problem: it is not his.
        """
        own = self.groups(parts)
        if own is None:
            return
        group = None if name is None else parts.tables.group_named(project.id, name)
        if group is None or group.id not in own:
            raise invalid([("group", "must be one of yours, or below one", "unknown")])

    def project(self, parts: Parts, name: str | None) -> Project:
        """The project to work in: by name, or the only one there is.

        Raises:
            Problem: it is not there or not his, or none is named among several.
        """
        own = [one for one in parts.tables.projects() if self.may_see(one.id)]
        if name is None:
            if len(own) == 1:
                return own[0]
            raise invalid([("project", "is needed: there are several", "missing")])
        for one in own:
            if one.name == name:
                return one
        raise invalid([("project", "there is no such project, or it is not yours", "unknown")])

    def may_see(self, project_id: ProjectId) -> bool:
        """Whether a project is the operator's."""
        return not self.operator.project_ids or project_id in self.operator.project_ids

    def page(self) -> Page:
        """The part of the list, one row longer than the answer, to know whether another page follows."""
        query = self.query
        return Page(query.after, query.limit + 1, newest_first=query.order == "newest")

    def once(
        self, parts: Parts, tx: Transaction, project_id: ProjectId, task: Callable[[], BaseModel]
    ) -> Kept:
        """The answer that this key got first, or the one that `task` makes now, kept in the same commit.

        Raises:
            KeyReused: the key came before with another request.
        """
        key = f"{self.operator.id}:{self.key}"  # one operator's keys are not another's
        text = json.dumps(
            [self.route.name, dict(self.path), self.body.model_dump(mode="json")], sort_keys=True
        )
        # A digest that anybody can make would help to guess the password or the phone number in the request.
        request = parts.vault.blind_index(text.encode(), "api.idempotency").hex()
        known = journal.first_answer(tx, project_id, key, request)
        if known is not None:
            return Kept(known, replayed=True)
        answer = task().model_dump(mode="json")
        journal.keep_answer(tx, project_id, key, request, answer, self.now)
        return Kept(answer, replayed=False)


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer as JSON values, and whether it was given before."""

    answer: dict[str, Any]
    replayed: bool


class FileAnswer(BaseModel):
    """In the route table, for an answer that is a file and no JSON; `Written` is the file."""


@dataclass(frozen=True, slots=True)
class Written:
    """A file as the answer, of the route's media type."""

    body: bytes = field(repr=False)
    name: str


Handler = Callable[[Parts, Call], Awaitable[BaseModel | Kept | Written]]


@dataclass(frozen=True, slots=True)
class Route:
    """One operation of the API; the routes, the checks before a handler and the OpenAPI document are made from these.

    Attributes:
        name: operationId.
        method: of HTTP.
        path: below /api/v1, parameters as werkzeug writes them: ``/accounts/<int:id>``.
        summary: one line.
        permission: what a token needs.
        handler: does it.
        answer: the model of a good answer.
        query: the model of the parameters in the address.
        body: the model of the JSON body.
        status: of a good answer.
        keyed: an Idempotency-Key is required.
        media: of a good answer, where that is a file.
        upload: how many octets a file may have that is sent as the body, as it is; 0: no file is taken.
    """

    name: str
    method: str
    path: str
    summary: str
    permission: Permission
    handler: Handler = field(repr=False)
    answer: type[BaseModel]
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    status: int = 200
    keyed: bool = False
    media: str = "application/json"
    upload: int = 0


async def account_row(parts: Parts, call: Call) -> AccountRow:
    """The account of the address, `account_id`.

    Raises:
        Problem: it is not there, or not the operator's to see.
    """
    account_id, scope = call.path["account_id"], call.projects(parts)
    found = await parts.store.read(lambda reader: reports.account(reader, scope, account_id))
    if found is None:
        raise not_found()
    return found


def split(
    rows: Sequence[Any], call: Call, key: Callable[[Any], int | str]
) -> tuple[Sequence[Any], int | str | None]:
    """The rows of this page and the key that the next one starts after."""
    query: ById | ByText = call.query
    if len(rows) <= query.limit:
        return rows, None
    shown = rows[: query.limit]
    return shown, key(shown[-1])


def not_found() -> Problem:
    """A thing that is not there, or not his to see: the two are not told apart."""
    return Problem(404, "not_found", NOT_FOUND)
