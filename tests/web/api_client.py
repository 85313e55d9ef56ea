"""The API over a school in memory, asked as a program asks it; shared by the tests of the API."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from treq.testing import StubTreq
from twisted.internet.defer import Deferred
from twisted.web.resource import Resource

from tests.flows.school import School, result
from tests.flows.test_operators import QuickDigester
from zhuomai_appliance import paths
from zhuomai_appliance.commands.import_rows import read_people
from zhuomai_appliance.flows.operators import Actor, Operators
from zhuomai_appliance.flows.session_admin import SessionAdmin
from zhuomai_appliance.flows.trace import Tracer
from zhuomai_appliance.flows.tracing import Tracing
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import Permission
from zhuomai_appliance.store import network, operators
from zhuomai_appliance.store.digests import Digester, run_at_once
from zhuomai_appliance.web.api.app import ApiApp
from zhuomai_appliance.web.static import Assets

BOX = "http://box.test"
ROOM = Actor("test", "127.0.0.1")


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, headers and the JSON of an answer."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def items(self) -> list[Any]:
        assert self.status == 200, self.text
        found: list[Any] = self.json["items"]
        return found

    @property
    def problem(self) -> tuple[int, str]:
        """Status and code of a refusal, whose form is checked as well."""
        assert self.headers["content-type"] == "application/problem+json", self.text
        assert self.json["status"] == self.status
        return self.status, self.json["code"]

    @property
    def wrong(self) -> dict[str, str]:
        """Field and kind of each mistake that the answer names."""
        return {one["field"]: one["code"] for one in self.json["errors"]}


class Api:
    """A school, an administrator's token, and the API mounted where the box has it."""

    def __init__(self, most_per_minute: int = 1_000) -> None:
        self.school = school = School()
        self.other = school.write(lambda tx: network.add_project(tx, "other", "UTC", school.now()))
        school.reload()
        school.write(operators.seed_roles)
        self.operators = Operators(school.store, school.entropy, QuickDigester())
        self.tracer = Tracer(school.clock.seconds, school.clock.seconds, school.clock.callLater)
        self.tracing = Tracing(self.tracer, school.store, school.tables, school.now)
        self.app = ApiApp(
            school.store, school.vault, school.tables,
            SessionAdmin(school.store, school.tables, school.now, school.wake), self.operators, school.now,
            school.words, reference=lambda: "R2345", assets=Assets(paths.web() / "static"),
            most_per_minute=most_per_minute, tracing=self.tracing,
            alarms=school.alarms, interims=school.interims,
            digester=Digester(school.entropy, run_at_once), read_people=read_people,
        )  # fmt: skip
        root, api = Resource(), Resource()
        root.putChild(b"api", api)
        api.putChild(b"v1", self.app.resource())
        self.client: Any = StubTreq(root)
        self.admin = self.token("boss", "admin")

    def token(
        self, name: str, role: str, scopes: tuple[Permission, ...] = (), projects: tuple[ProjectId, ...] = ()
    ) -> str:
        """A new operator's token."""
        run = self.school.run
        run(self.operators.create(ROOM, name, role, "a good password", self.school.now(), projects))
        token: str = run(self.operators.mint_token(ROOM, name, scopes, self.school.now()))
        return token

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = "",
        key: str | None = None,
        headers: dict[str, str] | None = None,
        raw: bytes | None = None,
    ) -> Reply:
        """One request; ``token`` empty is the administrator's, None is none."""
        sent = dict(headers or {})
        if token is not None:
            sent.setdefault("Authorization", f"Bearer {token or self.admin}")
        if key is not None:
            sent["Idempotency-Key"] = key
        if body is not None:
            raw = json.dumps(body).encode()
        if raw is not None:
            sent.setdefault("Content-Type", "application/json")
        reply = Deferred.fromCoroutine(self._ask(method, path, raw, sent))
        self.client.flush()
        return result(reply)

    async def _ask(self, method: str, path: str, raw: bytes | None, headers: dict[str, str]) -> Reply:
        address = path if path.startswith("/api") else f"/api/v1{path}"
        response = await self.client.request(method, BOX + address, data=raw, headers=headers)
        text = (await self.client.content(response)).decode(errors="replace")  # a workbook is no text
        found = {
            name.decode().lower(): values[-1].decode() for name, values in response.headers.getAllRawHeaders()
        }
        return Reply(response.code, found, text)

    def get(self, path: str, token: str | None = "") -> Reply:
        """GET."""
        return self.ask("GET", path, token=token)
