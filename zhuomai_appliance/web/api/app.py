"""The API at /api/v1: what stands before and after every handler. One route table makes the routes and the document.

A request passes in this order: size, token, rate, permission, key, parameters, body, handler. Nothing but JSON leaves, and no
exception is ever shown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from klein import Klein
from pydantic import BaseModel, ValidationError
from twisted.logger import Logger
from twisted.web.resource import IResource
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from zhuomai_appliance.entropy import Entropy, SystemEntropy
from zhuomai_appliance.flows.alarms import Alarms
from zhuomai_appliance.flows.imports import ReadPeople
from zhuomai_appliance.flows.interims import Interims
from zhuomai_appliance.flows.operators import Actor, Operators
from zhuomai_appliance.flows.ports import ReasonWords
from zhuomai_appliance.flows.reservations import Reservations
from zhuomai_appliance.flows.session_admin import SessionAdmin
from zhuomai_appliance.flows.tables import Tables
from zhuomai_appliance.flows.tracing import Tracing
from zhuomai_appliance.model.people import Operator
from zhuomai_appliance.store.digests import Digester
from zhuomai_appliance.store.interface import Store, StoreUnavailable
from zhuomai_appliance.store.journal import KeyReused
from zhuomai_appliance.store.vault import Vault
from zhuomai_appliance.web.api import openapi
from zhuomai_appliance.web.api.calls import Call, Kept, Parts, Route, Written
from zhuomai_appliance.web.api.fields import BIGGEST
from zhuomai_appliance.web.api.limits import MOST, PerMinute
from zhuomai_appliance.web.api.problems import CONTENT_TYPE, Problem, from_pydantic, invalid
from zhuomai_appliance.web.api.requests import Nothing
from zhuomai_appliance.web.api.routes import ROUTES
from zhuomai_appliance.web.api.routes_people import WITHIN_GROUPS
from zhuomai_appliance.web.static import Assets

PREFIX: Final = "/api/v1"
BODY_OCTETS: Final = 64 * 1024
"""The longest body; the biggest useful one is a hundredth of it."""

DOCS_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
FILE_KINDS: Final = (
    b"application/octet-stream",
    b"text/csv",
    b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
)
"""How a file may be called that is sent; what it is shows its content."""

_DOCS_FILES: Final = ("vendor/swagger-ui.css", "vendor/swagger-ui-bundle.js", "api-docs.js", "favicon.svg")
_KEY: Final = re.compile(r"[\x21-\x7e]{1,200}")
_TOKEN: Final = re.compile(r"[Bb]earer +([\x21-\x7e]{1,200}) *")


class ApiApp:
    """The API as a resource to be mounted at /api/v1.

    Args:
        assets: where the files of the readable pages are; None: there are no readable pages.
        reference: makes the number that leads from an error answer to the log.
        most_per_minute: how many requests one operator's tokens may send.
        reservations: the memory of the flow that lets people in; None: nobody is let in beside.
        tracing: where packets are seen as they pass; None where none do.
        changed: makes the daemon read its tables anew.
        digester: does slow work off the reactor thread.
        read_people: reads tables of people that are sent.
    """

    log = Logger(namespace="zhuomai.api")
    app = Klein()

    def __init__(
        self,
        store: Store,
        vault: Vault,
        tables: Tables,
        session_admin: SessionAdmin,
        operators: Operators,
        clock: Callable[[], int],
        words: ReasonWords,
        *,
        reference: Callable[[], str],
        assets: Assets | None = None,
        most_per_minute: int = MOST,
        reservations: Reservations | None = None,
        tracing: Tracing | None = None,
        alarms: Alarms | None = None,
        interims: Interims | None = None,
        changed: Callable[[], None] = lambda: None,
        entropy: Entropy | None = None,
        digester: Digester | None = None,
        read_people: ReadPeople | None = None,
    ) -> None:
        more = {} if read_people is None else {"read_people": read_people}
        self._parts = Parts(
            store,
            vault,
            tables,
            session_admin,
            operators,
            words,
            reservations or Reservations(),
            tracing,
            alarms or Alarms(),
            interims or Interims(),
            changed,
            entropy or SystemEntropy(),
            digester or Digester(SystemEntropy()),
            **more,
        )
        self._clock = clock
        self._limit = PerMinute(clock, most_per_minute)
        self._assets = assets
        self.reference = reference
        self._document = json.dumps(openapi.document(ROUTES, PREFIX), ensure_ascii=False).encode()

    def resource(self) -> IResource:
        """The resource of the whole API."""
        return self.app.resource()

    @app.route("/openapi.json", methods=["GET"])
    def openapi_document(self, request: Any) -> bytes:
        """The OpenAPI 3.1 document; it holds nothing secret."""
        _set(request, 200, b"application/json")
        return self._document

    @app.route("/docs", methods=["GET"])
    def docs(self, request: Any) -> bytes:
        """The same, readable."""
        assets = self._assets
        if assets is None or not all(assets.has(name) for name in _DOCS_FILES):
            raise Problem(404, "no_pages", "the readable pages are not installed")
        style, bundle, script, icon = (assets.url(name) for name in _DOCS_FILES)
        _set(request, 200, b"text/html; charset=utf-8")
        request.setHeader(b"content-security-policy", DOCS_POLICY.encode())
        return openapi.page(f"{PREFIX}/openapi.json", style, bundle, script, icon)

    async def serve(self, route: Route, request: Any, path: Mapping[str, Any]) -> bytes:
        """Answer one request of the route table."""
        body = _body(request, route.upload or BODY_OCTETS)
        now = self._clock()
        operator = self._operator(request, now)
        if wait := self._limit.wait(operator.id):
            raise Problem(429, "too_many", "too many requests; go on later", {"Retry-After": str(wait)})
        if not operator.may(route.permission):
            raise Problem(
                403, "not_allowed", f"this token may not do that: it needs {route.permission}",
                needs=route.permission.value,
            )  # fmt: skip
        if operator.group_ids and route.name not in WITHIN_GROUPS:
            raise Problem(
                403, "not_allowed", "this operator is bound to groups, and this is not about their people"
            )
        if any(isinstance(value, int) and value > BIGGEST for value in path.values()):
            raise Problem(404, "not_found", "no id is that big")
        call = Call(
            route=route,
            operator=operator,
            actor=Actor(operator.name, request.getClientAddress().host),
            now=now,
            path=path,
            query=_query(route, request),
            body=_parsed(route, request, body),
            key=_key(route, request),
        )
        answer = await route.handler(self._parts, call)
        _set(request, route.status, route.media.encode())
        if isinstance(answer, Written):
            request.setHeader(b"content-disposition", f'attachment; filename="{answer.name}"'.encode())
            return answer.body
        if isinstance(answer, Kept):
            if answer.replayed:
                request.setHeader(b"idempotency-replayed", b"true")
            return json.dumps(answer.answer, ensure_ascii=False).encode()
        return answer.model_dump_json().encode()

    def _operator(self, request: Any, now: int) -> Operator:
        given = request.requestHeaders.getRawHeaders(b"authorization") or []
        found = _TOKEN.fullmatch(given[0].decode("latin-1")) if len(given) == 1 else None
        operator = None if found is None else self._parts.operators.bearer(found[1], now)
        if operator is None:
            challenge = {"WWW-Authenticate": 'Bearer realm="zhuomai"'}
            raise Problem(
                401, "no_token", "send Authorization: Bearer with a token that is in force", challenge
            )
        return operator

    # Errors -----------------------------------------------------------------------------------------------------------

    @app.handle_errors(Problem)
    def problem(self, request: Any, failure: Any) -> bytes:
        """An error that a check or a handler asked for."""
        return _answer(request, failure.value)

    @app.handle_errors(KeyReused)
    def key_reused(self, request: Any, failure: Any) -> bytes:
        """One key, two different requests."""
        sentence = "this Idempotency-Key was used for another request; take a new one"
        return _answer(request, Problem(422, "key_reused", sentence))

    @app.handle_errors(StoreUnavailable)
    def unavailable(self, request: Any, failure: Any) -> bytes:
        """The books are not to be had now; nothing was done."""
        sentence = "this cannot be done at the moment; nothing was changed, try again"
        return _answer(request, Problem(503, "unavailable", sentence, {"Retry-After": "10"}))

    @app.handle_errors(HTTPException)
    def refused(self, request: Any, failure: Any) -> bytes:
        """No such address, or no such method at it."""
        error = failure.value
        if isinstance(error, MethodNotAllowed):
            allowed = {"Allow": ", ".join(sorted(error.valid_methods or ()))}
            return _answer(request, Problem(405, "method", "this method is not served here", allowed))
        return _answer(request, Problem(404, "not_found", "there is nothing at this address"))

    @app.handle_errors(Exception)
    def crashed(self, request: Any, failure: Any) -> bytes:
        """Anything else is a fault of ours: the log has it all, the caller a number."""
        number = self.reference()
        self.log.failure("API request failed, reference {number}", failure, number=number)
        sentence = "this did not work; the reference leads to the log"
        return _answer(request, Problem(500, "failed", sentence, reference=number))


def _register(route: Route) -> None:
    def handler(self: ApiApp, request: Any, **path: Any) -> Any:
        return self.serve(route, request, path)

    handler.__name__ = route.name
    ApiApp.app.route(route.path, methods=[route.method], endpoint=route.name)(handler)


for _route in ROUTES:
    _register(_route)


def _set(request: Any, status: int, content_type: bytes) -> None:
    request.setResponseCode(status)
    request.setHeader(b"content-type", content_type)
    request.setHeader(b"cache-control", b"no-store")
    request.setHeader(b"x-content-type-options", b"nosniff")
    request.setHeader(b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")


def _answer(request: Any, problem: Problem) -> bytes:
    _set(request, problem.status, CONTENT_TYPE)
    for name, value in problem.headers.items():
        request.setHeader(name.encode(), value.encode())
    return problem.body()


def _body(request: Any, most: int) -> bytes:
    if request.content is None:
        return b""
    body: bytes = request.content.read(most + 1)
    if len(body) > most:
        raise Problem(413, "too_big", f"a body of at most {most} octets is taken")
    return body


def _query(route: Route, request: Any) -> BaseModel:
    # Of a form in the body, Twisted merges the fields into `args`: only the address counts here.
    given: dict[str, str] = {}
    errors: list[tuple[str, str, str]] = []
    for name, values in _pairs(request.uri):
        if name in given:
            errors.append((name, "is given twice", "twice"))
        given[name] = values
    if errors:
        raise invalid(errors)
    try:
        return (route.query or Nothing).model_validate(given)
    except ValidationError as error:
        raise from_pydantic(error) from None


def _pairs(uri: bytes) -> list[tuple[str, str]]:
    text = uri.partition(b"?")[2].decode("ascii", "replace")
    try:
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=50)
    except ValueError:
        raise Problem(400, "malformed", "the parameters are not UTF-8, or too many") from None


def _parsed(route: Route, request: Any, body: bytes) -> BaseModel | bytes | None:
    if route.upload:
        kind = (request.getHeader(b"content-type") or b"").partition(b";")[0].strip().lower()
        if kind not in FILE_KINDS:
            kinds = ", ".join(kind.decode() for kind in FILE_KINDS)
            raise Problem(415, "not_a_file", "send the file itself as the body", {"Accept": kinds})
        return body
    if route.body is None:
        if body.strip() not in (b"", b"{}"):
            raise invalid([("", "no body is expected", "extra_forbidden")])
        return None
    kind = (request.getHeader(b"content-type") or b"").partition(b";")[0].strip().lower()
    if kind != b"application/json":
        raise Problem(415, "not_json", "send the body as application/json", {"Accept": "application/json"})
    try:
        return route.body.model_validate_json(body, strict=True)
    except ValidationError as error:
        raise from_pydantic(error) from None


def _key(route: Route, request: Any) -> str | None:
    if not route.keyed:
        return None
    given = request.requestHeaders.getRawHeaders(b"idempotency-key") or []
    text = given[0].decode("latin-1") if len(given) == 1 else ""
    if not _KEY.fullmatch(text):
        raise Problem(
            400, "key_missing", "send one Idempotency-Key of 1 to 200 visible characters, new for each order"
        )
    return text
