"""Projects through the API, and that nothing crosses between them: every route is walked with another project's things (J11)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import PHONE, START
from tests.web.api_client import Api, Reply
from zhuomai_appliance.model.commerce import Channel
from zhuomai_appliance.web.api.calls import Route
from zhuomai_appliance.web.api.routes import ROUTES

PARAMETER: Final = re.compile(r"<[^<>]*:(\w+)>")
UNTOLD: Final = frozenset(("operator_session", "api_token", "audit", "idempotency"))
"""What a refused request may write: that the token was used."""

MARKERS: Final = ("foreign-plan", "foreign-group", "Foreign Name", "foreign-note", "foreign-batch")
OWN_MATTERS: Final = frozenset(("begin_trace", "make_credit_bills"))
"""They name nobody's things: they work on the operator's own projects alone."""


class Walk(SynchronousTestCase):
    """Everything there is lies in the project "main"; the walker is an administrator of "other" alone."""

    def setUp(self) -> None:
        self.api = api = Api(most_per_minute=100_000)
        self.school = school = api.school
        self.keys = iter(range(1_000_000))
        self.plan = school.plan("foreign-plan")
        self.ids: dict[str, Any] = {
            "nas_id": int(school.nas.id),
            "mac": PHONE,
            "kind": "alias",
            "name": "foreign-alias",
        }
        self.make("group_id", "/groups", {"name": "foreign-group", "project": "main"})
        school.reload()
        account_id = int(
            school.person("foreign-person", full_name="Foreign Name", group_id=self.ids["group_id"])
        )
        self.ids["account_id"] = account_id
        self.person = f"/accounts/{account_id}"
        bought = school.buy(account_id, self.plan, Channel.CASH, shift="boss")  # type: ignore[arg-type]
        self.ids["subscription_id"], self.ids["order_no"] = int(bought.subscription_id), bought.order.order_no
        self.ids["posting_id"] = school.rows("SELECT MIN(id) FROM posting")[0][0]
        school.login("foreign-person")
        school.report(START, name="foreign-person")
        self.ids["session_id"] = school.rows("SELECT MAX(id) FROM session")[0][0]
        self.make("", f"{self.person}/names", {"value": "foreign-alias"})
        self.make("note_id", f"{self.person}/notes", {"text": "foreign-note"})
        refund = {
            "account_id": account_id,
            "subscription_id": bought.subscription_id,
            "destination": "cash",
            "reason": "x",
        }
        self.make("refund_id", "/refunds", refund)
        self.make(
            "card_batch",
            "/card-batches",
            {"cards": 3, "face_fen": 100, "project": "main", "memo": "foreign-batch"},
        )
        self.make(
            "account_batch",
            "/account-batches",
            {"name": "foreign-batch", "count": 2, "prefix": "f", "project": "main"},
        )
        self.make(
            "graduation",
            "/graduations",
            {"name": "foreign-batch", "usernames": ["foreign-person"], "project": "main"},
        )
        api.token("foreign-agent", "agent", projects=(school.project,))
        self.make(
            "agent_id",
            "/agents",
            {"operator": "foreign-agent", "name": "foreign-agent", "rate_parts": 9500, "project": "main"},
        )
        self.make("work_order_id", f"{self.person}/moves", {"port_id": "foreign-batch", "address": "x"})
        self.ids["list_no"] = 1
        self.walker = api.token("walker", "admin", projects=(api.other,))

    def make(self, name: str, path: str, body: Mapping[str, Any]) -> None:
        reply = self.api.ask("POST", path, dict(body), key=f"s{next(self.keys)}")
        self.assertIn(reply.status, (200, 201), f"{path}: {reply.text}")
        if name:
            self.ids[name] = reply.json["id"]

    # The walk -----------------------------------------------------------------------------------------------------------

    def books(self) -> dict[str, list[Any]]:
        tables = [
            name
            for (name,) in self.school.rows(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
            )
        ]
        return {name: self.school.rows(f"SELECT * FROM {name}") for name in tables if name not in UNTOLD}

    def path(self, route: Route) -> str:
        return PARAMETER.sub(lambda found: str(self.of(route, found[1])), route.path)

    def of(self, route: Route, name: str) -> Any:
        if name == "batch_id":
            head = route.path.split("/")[1]
            name = {"card-batches": "card_batch", "account-batches": "account_batch"}.get(head, "graduation")
        return self.ids.get(name, 1)

    def ask(self, route: Route, body: Any = None, query: str = "") -> Reply:
        key = f"w{next(self.keys)}" if route.keyed else None
        if route.upload:
            data, kind = b"username\nx1\n", {"Content-Type": "text/csv"}
            return self.api.ask(
                route.method, self.path(route) + query, raw=data, headers=kind, token=self.walker
            )
        return self.api.ask(route.method, self.path(route) + query, body, key=key, token=self.walker)

    def test_no_route_changes_or_tells_another_projects_things(self) -> None:
        """By an id in the address nothing is found; by one in the body it is refused; the books are as they were."""
        before = self.books()
        for route in ROUTES:
            if route.method == "GET" or route.name in OWN_MATTERS:
                continue
            by_path = "<" in route.path
            for body in self.bodies(route):
                reply = self.ask(route, body, "?project=main" if route.upload else "")
                told = f"{route.method} {route.path} {body}: {reply.status} {reply.text[:300]}"
                self.assertNotIn(reply.status // 100, (2, 5), told)
                if by_path and "project" not in (body or {}):
                    self.assertEqual(reply.status, 404, told)
                for word in MARKERS:
                    if word not in str(body):
                        self.assertNotIn(word, reply.text, told)
        after = self.books()
        self.assertEqual([name for name in before if before[name] != after[name]], [])

    def test_no_list_and_no_page_shows_another_projects_things(self) -> None:
        """Lists are empty of them whatever is asked for; a single thing is not there."""
        for route in ROUTES:
            if route.method != "GET":
                continue
            queries = [""] + [
                f"?{field}={self.given(field)}"
                for field in (route.query.model_fields if route.query else ())
                if self.given(field) is not None
            ]
            for query in queries:
                reply = self.ask(route, query=query)
                told = f"{route.path}{query}: {reply.status} {reply.text[:300]}"
                self.assertNotEqual(reply.status // 100, 5, told)
                if "<" in route.path:
                    self.assertNotEqual(reply.status, 200, told)
                if query == "?project=main":
                    self.assertEqual(reply.status, 422 if "<" not in route.path else reply.status, told)
                for word in MARKERS:
                    self.assertNotIn(word, reply.text if word not in query else "", told)
                if route.path == "/operators":
                    self.assertNotIn("foreign-agent", reply.text, told)

    def given(self, field: str) -> Any:
        return {
            "project": "main", "account_id": self.ids["account_id"], "username": "foreign-person", "who": "foreign-person",
            "order_no": self.ids["order_no"], "batch_id": self.ids["card_batch"], "agent_id": self.ids["agent_id"],
            "plan": "foreign-plan", "group": "foreign-group", "under": "foreign-group", "mac": PHONE, "name": "foreign-group",
            "posting_id": self.ids["posting_id"], "subscription_id": self.ids["subscription_id"], "nas": "ac1", "q": "foreign",
        }.get(field)  # fmt: skip

    # Bodies -------------------------------------------------------------------------------------------------------------

    def bodies(self, route: Route) -> Iterator[Any]:
        """What is needed; the same within the other project; and with one more reference to a foreign thing each."""
        if route.body is None:
            yield None
            return
        schema = route.body.model_json_schema()
        least = self.example(schema, schema)
        names = schema.get("properties", {})
        if "<" in route.path or self.refers(least):
            yield least
        for name in names:
            if self.foreign(name, names[name], schema) is not None and name not in least:
                yield least | {name: self.foreign(name, names[name], schema)}

    def refers(self, body: Mapping[str, Any]) -> bool:
        return any(name in ("account_id", "order_no", "subscription_id", "agent_id") for name in body)

    def foreign(self, name: str, schema: Mapping[str, Any], root: Mapping[str, Any]) -> Any:
        found = {
            "project": "main", "account_id": self.ids["account_id"], "subscription_id": self.ids["subscription_id"],
            "agent_id": self.ids["agent_id"], "order_no": self.ids["order_no"], "plan": "foreign-plan", "group": "foreign-group",
            "parent": "foreign-group", "stay_group": "foreign-group", "access_plan": "foreign-plan", "base_plan": "foreign-plan",
        }.get(name)  # fmt: skip
        if found is None:
            return None
        kinds = [self.resolved(one, root) for one in schema.get("anyOf", (schema,))]
        return [found] if any(one.get("type") == "array" for one in kinds) else found

    @staticmethod
    def resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
        if "$ref" in schema:
            found: Mapping[str, Any] = root["$defs"][schema["$ref"].rpartition("/")[2]]
            return found
        return schema

    def example(self, schema: Mapping[str, Any], root: Mapping[str, Any], name: str = "") -> Any:
        schema = self.resolved(schema, root)
        if (known := self.foreign(name, schema, root)) is not None:
            return known
        if "enum" in schema:
            return schema["enum"][0]
        if "const" in schema:
            return schema["const"]
        if "anyOf" in schema:
            return self.example(schema["anyOf"][0], root, name)
        match schema.get("type"):
            case "object":
                fields = schema.get("properties", {})
                return {one: self.example(fields[one], root, one) for one in schema.get("required", ())}
            case "array":
                least = schema.get("minItems", 0)
                return [self.example(schema["items"], root) for _ in range(least)]
            case "integer":
                return schema.get("minimum", 1)
            case "boolean":
                return True
        if schema.get("format") == "date-time":
            return "2027-01-01T00:00:00+08:00"
        if name == "mac":
            return PHONE
        if name == "month":
            return "2026-10"
        return "x" * max(schema.get("minLength", 1), 6)


class ProjectTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.api = Api()
        self.school = self.api.school

    def test_a_school_more_is_made_renamed_and_sees_nothing_of_the_others(self) -> None:
        """It takes groups and people of its own at once, under names that others have too."""
        self.school.person("20260001")
        made = self.api.ask("POST", "/projects", {"name": "north", "zone": "Asia/Shanghai"}, key="a")
        self.assertEqual((made.status, made.json["name"]), (201, "north"), made.text)
        again = self.api.ask("POST", "/projects", {"name": "north", "zone": "Asia/Shanghai"}, key="a")
        self.assertEqual(again.json, made.json)
        self.assertEqual(
            self.api.ask("POST", "/projects", {"name": "north"}, key="b").problem, (409, "name_taken")
        )
        self.school.reload()
        body = {"username": "20260001", "project": "north", "plan": []}
        self.assertEqual(self.api.ask("POST", "/accounts", body, key="c").status, 201)
        self.assertEqual(len(self.api.get("/accounts?project=north").items), 1)
        path = f"/projects/{made.json['id']}"
        self.assertEqual(self.api.ask("PATCH", path, {"name": "north campus"}).json["name"], "north campus")
        self.assertEqual(self.api.ask("PATCH", path, {"name": "main"}).problem, (409, "name_taken"))
        self.assertEqual(
            [one["name"] for one in self.api.get("/projects").items], ["main", "other", "north campus"]
        )

    def test_a_time_zone_is_one_and_stays_once_there_are_books(self) -> None:
        """Days of what was sold would be other days."""
        self.assertEqual(
            self.api.ask("POST", "/projects", {"name": "x", "zone": "Mars/North"}, key="a").wrong,
            {"zone": "unfit"},
        )
        path = f"/projects/{self.school.project}"
        self.assertEqual(self.api.ask("PATCH", path, {"zone": "Asia/Urumqi"}).json["zone"], "Asia/Urumqi")
        person = self.school.person("20260001")
        self.school.buy(person, self.school.plan(), Channel.CASH, shift="boss")
        self.assertEqual(self.api.ask("PATCH", path, {"zone": "UTC"}).problem, (409, "has_books"))

    def test_who_is_bound_to_a_project_makes_none_and_sees_his_own(self) -> None:
        """He may rename it; the others are not there."""
        bound = self.api.token("bound", "admin", projects=(self.api.other,))
        self.assertEqual([one["name"] for one in self.api.get("/projects", token=bound).items], ["other"])
        self.assertEqual(
            self.api.ask("POST", "/projects", {"name": "x"}, key="a", token=bound).problem,
            (403, "not_allowed"),
        )
        path = f"/projects/{self.school.project}"
        self.assertEqual(self.api.ask("PATCH", path, {"name": "y"}, token=bound).problem, (404, "not_found"))
        clerk = self.api.token("clerk", "cashier")
        self.assertEqual(
            self.api.ask("POST", "/projects", {"name": "x"}, key="b", token=clerk).problem,
            (403, "not_allowed"),
        )
