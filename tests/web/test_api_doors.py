"""What stands before every handler: tokens, scopes, projects, sizes, kinds, methods; and errors that tell nothing inside."""

from __future__ import annotations

import json
import re

from twisted.trial.unittest import SynchronousTestCase

from tests.web.api_client import Api
from zhuomai_appliance.commands.exported import HEADERS
from zhuomai_appliance.model.people import Permission
from zhuomai_appliance.store.interface import Condition, StoreState
from zhuomai_appliance.web.api.openapi import address
from zhuomai_appliance.web.api.routes import ROUTES


def concrete(path: str) -> str:
    """A route's address with an id in each place."""
    return re.sub(r"\{[a-z_]+\}", "1", address(path))


class DoorTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.api = Api()

    def test_without_a_good_token_nothing_opens(self) -> None:
        """Every route answers 401 to no token, a wrong one, a revoked one and a disabled operator's."""
        for route in ROUTES:
            for token in (None, "zm_guessed", "x"):
                reply = self.api.ask(route.method, concrete(route.path), token=token)
                self.assertEqual(reply.problem, (401, "no_token"), route.name)
                self.assertIn("Bearer", reply.headers["www-authenticate"])
        late = self.api.token("late", "audit")
        self.assertEqual(self.api.get("/accounts", late).status, 200)
        self.api.school.sql("UPDATE operator SET disabled = 1 WHERE name = 'late'")
        self.assertEqual(self.api.get("/accounts", late).problem, (401, "no_token"))
        self.api.school.sql("UPDATE api_token SET revoked_at = 1")
        self.assertEqual(self.api.get("/accounts").problem, (401, "no_token"))

    def test_a_token_opens_what_its_scopes_name(self) -> None:
        """Each route needs its permission: a token with all others is turned away and told which."""
        for number, route in enumerate(ROUTES):
            others = tuple(p for p in Permission if p is not route.permission)
            token = self.api.token(f"o{number}", "admin", others)
            reply = self.api.ask(route.method, concrete(route.path), token=token)
            self.assertEqual(reply.problem, (403, "not_allowed"), route.name)
            self.assertEqual(reply.json["needs"], route.permission.value)

    def test_a_role_bounds_its_tokens(self) -> None:
        """A help desk sees sessions and ends them, and sells nothing."""
        token = self.api.token("desk", "helpdesk")
        self.assertEqual(self.api.get("/sessions", token).status, 200)
        self.assertEqual(self.api.get("/postings", token).problem, (403, "not_allowed"))
        self.assertEqual(self.api.ask("POST", "/orders", {}, token=token).problem, (403, "not_allowed"))

    def test_addresses_and_methods(self) -> None:
        """Unknown addresses are 404, other methods 405 with Allow, both as problem details."""
        self.assertEqual(self.api.get("/nothing").problem, (404, "not_found"))
        self.assertEqual(self.api.get("/accounts/x").problem, (404, "not_found"))
        self.assertEqual(self.api.get("/accounts/99").problem, (404, "not_found"))
        self.assertEqual(self.api.get(f"/accounts/{10**30}").problem, (404, "not_found"))
        reply = self.api.ask("DELETE", "/accounts")
        self.assertEqual(reply.problem, (405, "method"))
        self.assertIn("POST", reply.headers["allow"])

    def test_bodies_are_judged_before_they_are_used(self) -> None:
        """Too big 413, another kind 415, no JSON 400, several mistakes all at once and without their values."""
        ask = self.api.ask
        self.assertEqual(ask("POST", "/accounts", key="k", raw=b" " * 70_000).problem, (413, "too_big"))
        for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
            reply = ask("POST", "/accounts", key="k", raw=b"{}", headers={"Content-Type": kind})
            self.assertEqual(reply.problem, (415, "not_json"), kind)
        for raw in (b"", b"{", b"\xff\xfe", b"[" * 60_000, b'{"username": "\\ud800"}'):
            self.assertEqual(ask("POST", "/accounts", key="k", raw=raw).problem, (400, "malformed"), raw[:9])
        for raw in (b"[]", b"null", b'"x"', b"7"):
            self.assertEqual(ask("POST", "/accounts", key="k", raw=raw).problem, (422, "invalid"), raw)
        body = {"username": "a\x00b", "password": "s3cret-sesame" * 20, "colour": "red", "group": 7}
        reply = ask("POST", "/accounts", body, key="k")
        self.assertEqual(reply.problem, (422, "invalid"))
        self.assertEqual(set(reply.wrong), {"username", "password", "colour", "group"})
        self.assertNotIn("sesame", reply.text)

    def test_parameters_are_judged(self) -> None:
        """Unknown, doubled, out of bounds and of another kind: all named; a lost plus in a time is mended."""
        get = self.api.get
        self.assertEqual(get("/accounts?colour=red&limit=0").wrong.keys(), {"colour", "limit"})
        self.assertEqual(get("/accounts?limit=5&limit=6").wrong, {"limit": "twice"})
        self.assertEqual(
            get("/sessions?mac=zz&state=ajar&from=yesterday").wrong.keys(), {"mac", "state", "from"}
        )
        self.assertEqual(get(f"/sessions?after={2**63}").wrong.keys(), {"after"})
        self.assertEqual(get("/accounts?q=%ff").problem, (400, "malformed"))
        self.assertEqual(get("/accounts?q=%00").wrong.keys(), {"q"})
        self.assertEqual(get("/attempts?after=1").wrong, {"after": "id"})
        self.assertEqual(get("/sessions/1?x=1").wrong.keys(), {"x"})
        for time in ("2026-11-25T10:00:00+08:00", "2026-11-25T10:00:00%2B08:00", "2026-11-25T02:00:00Z"):
            self.assertEqual(get(f"/sessions?from={time}&to={time}").status, 200, time)

    def test_a_form_in_the_body_is_no_parameter(self) -> None:
        """Fields of a form do not reach the filters."""
        reply = self.api.ask(
            "GET", "/accounts", raw=b"q=x", headers={"Content-Type": "application/x-www-form-urlencoded"}
        )
        self.assertEqual(reply.problem, (422, "invalid"))

    def test_faults_of_ours_show_a_number_only(self) -> None:
        """An exception becomes 500 with a reference; the traceback stands in the log."""
        self.api.school.sql("DROP TABLE audit")
        reply = self.api.get("/audit")
        self.assertEqual(reply.problem, (500, "failed"))
        self.assertEqual(reply.json["reference"], "R2345")
        self.assertNotIn("audit", reply.text)
        self.assertNotIn("Traceback", reply.text)
        self.assertEqual(len(self.flushLoggedErrors()), 1)

    def test_a_runaway_program_is_slowed(self) -> None:
        """Past the minute's share every token of that operator waits, others do not, and the next minute is free."""
        api = Api(most_per_minute=3)
        other = api.token("other", "audit")
        api.school.clock.advance(20)
        self.assertEqual([api.get("/plans").status for _ in range(3)], [200] * 3)
        reply = api.get("/plans")
        self.assertEqual(reply.problem, (429, "too_many"))
        self.assertEqual(reply.headers["retry-after"], "40")
        self.assertEqual(api.get("/plans", other).status, 200)
        api.school.clock.advance(40)
        self.assertEqual(api.get("/plans").status, 200)

    def test_a_full_disk_is_said(self) -> None:
        """What cannot be recorded is refused with 503, and nothing is half done."""
        self.api.school.store.state = StoreState(Condition.READ_ONLY, "disk full")
        reply = self.api.ask("POST", "/accounts", {"username": "a", "project": "main"}, key="k")
        self.assertEqual(reply.problem, (503, "unavailable"))

    def test_headers_of_every_answer(self) -> None:
        """Nothing is cached, sniffed or framed."""
        for reply in (self.api.get("/accounts"), self.api.get("/nothing"), self.api.get("/docs")):
            self.assertEqual(reply.headers["cache-control"], "no-store")
            self.assertEqual(reply.headers["x-content-type-options"], "nosniff")
            self.assertIn("frame-ancestors 'none'", reply.headers["content-security-policy"])


class DocumentTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.api = Api()

    def test_every_route_is_in_the_document_and_back(self) -> None:
        """The operations of the document are the routes that Klein serves, and each names its permission."""
        document = self.api.get("/openapi.json", token=None).json
        self.assertEqual(document["openapi"], "3.1.0")
        written = {
            (method.upper(), path, operation["operationId"])
            for path, operations in document["paths"].items()
            for method, operation in operations.items()
        }
        served = set()
        for rule in self.api.app.app.url_map.iter_rules():
            if rule.endpoint in ("openapi_document", "docs"):
                continue
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                served.add(
                    (
                        method,
                        "/api/v1" + re.sub(r"<(?:[^:>]*:)?([a-z_]+)>", r"{\1}", rule.rule),
                        rule.endpoint,
                    )
                )
        self.assertEqual(written, served)
        self.assertEqual(len(written), len(ROUTES))
        for operations in document["paths"].values():
            for operation in operations.values():
                self.assertIn(operation["x-permission"], [p.value for p in Permission])

    def test_every_reference_leads_somewhere(self) -> None:
        """No `$ref` of the document hangs in the air."""
        reply = self.api.get("/openapi.json")
        schemas = reply.json["components"]["schemas"]
        found = set(re.findall(r'"#/components/schemas/([^"]+)"', reply.text))
        self.assertGreater(len(found), 15)
        self.assertEqual(found - set(schemas), set())

    def test_answers_are_as_the_document_says(self) -> None:
        """The fields of a real answer are those of its schema."""
        self.api.school.person("20260001", self.api.school.plan())
        document = self.api.get("/openapi.json").json
        (item,) = self.api.get("/accounts").items
        schema = document["components"]["schemas"]["AccountItem"]
        self.assertEqual(set(item), set(schema["properties"]))
        self.assertEqual(set(schema["required"]), set(item))

    def test_parameters_are_no_longer_null_than_the_address_allows(self) -> None:
        """A filter that is not given is absent; the document does not offer null."""
        paths = self.api.get("/openapi.json").json["paths"]
        parameters = {one["name"]: one["schema"] for one in paths["/api/v1/sessions"]["get"]["parameters"]}
        self.assertEqual(parameters["mac"]["type"], "string")
        self.assertEqual(parameters["limit"]["maximum"], 500)
        self.assertEqual(parameters["from"], {"type": "string", "format": "date-time"})
        self.assertNotIn("null", str(list(parameters.values())))

    def test_items_have_the_columns_of_the_exports(self) -> None:
        """Whatever `zhuomai export` writes, the list of the same name says by the same names, beside an id."""
        document = self.api.get("/openapi.json").json
        for name, columns in HEADERS.items():
            if name == "usage":
                continue
            answer = document["paths"][f"/api/v1/{name}"]["get"]["responses"]["200"]
            schemas = document["components"]["schemas"]
            page = schemas[answer["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]]
            item = schemas[page["properties"]["items"]["items"]["$ref"].rpartition("/")[2]]
            self.assertEqual({"id", *columns} - set(item["properties"]), set(), name)

    def test_the_pages_hold_no_script(self) -> None:
        """Swagger UI comes from our own files and the page itself runs nothing, so the policy needs no exception."""
        reply = self.api.get("/docs", token=None)
        self.assertEqual(reply.status, 200)
        self.assertNotIn("unsafe", reply.headers["content-security-policy"])
        self.assertEqual(re.findall(r"<script[^>]*>([^<]+)", reply.text), [])
        self.assertNotIn("style=", reply.text)
        self.assertIn('data-specification="/api/v1/openapi.json"', reply.text)
        for source in re.findall(r'(?:src|href)="([^"]+)"', reply.text):
            self.assertTrue(source.startswith("/static/"), source)
        self.assertTrue(json.loads(self.api.get("/openapi.json", token=None).text))
