"""Who may open a page: ``require(right)`` around a Klein handler, checked before the handler sees the request (W8).

Without a session a page leads to the login and a form is refused; a form without its token is refused; an operator
without the right gets 403. The handler is handed a ``Visit``: the request with the operator, the words and the scope.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlencode

from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import Permission
from zhuomai_appliance.store.operators import ConsoleSession
from zhuomai_appliance.web.api.fields import BIGGEST
from zhuomai_appliance.web.formats import Formatter
from zhuomai_appliance.web.session import form_is_genuine

P = ParamSpec("P")
LOGIN_PATH = "/admin/login"


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of an operator who is logged in. ``projects`` empty means every project."""

    request: Any
    session: ConsoleSession
    f: Formatter
    theme: str
    path: str
    query: dict[str, str]
    now: int

    @property
    def projects(self) -> tuple[ProjectId, ...]:
        """The projects this operator looks after."""
        return self.session.operator.project_ids

    @property
    def actor(self) -> Actor:
        """Who acts, for the audit."""
        return Actor(self.session.operator.name, self.request.getClientAddress().host)

    def may(self, permission: Permission) -> bool:
        """Whether this operator holds a right."""
        return self.session.operator.may(permission)


Handler = Callable[Concatenate[Any, Visit, P], Coroutine[Any, Any, bytes]]
Guarded = Callable[Concatenate[Any, Any, P], Coroutine[Any, Any, bytes]]


def require(permission: Permission) -> Callable[[Handler[P]], Guarded[P]]:
    """Wrap ``async def page(self, visit, ...)`` into a Klein handler for holders of ``permission``.

    The handler's object has ``visit(request) -> Visit | None`` and ``refused(request, status, visit) -> bytes``.
    """

    def around(handler: Handler[P]) -> Guarded[P]:
        @wraps(handler)
        async def guarded(site: Any, request: Any, /, *args: P.args, **kwargs: P.kwargs) -> bytes:
            reading = request.method in (b"GET", b"HEAD")
            visit: Visit | None = site.visit(request)
            if visit is None:
                if not reading:
                    refusal: bytes = site.refused(request, 401)
                    return refusal
                address = request.uri.decode("ascii", "replace")
                request.redirect(f"{LOGIN_PATH}?{urlencode({'next': address})}".encode())
                request.setResponseCode(303)
                return b""
            if not reading and not form_is_genuine(request, visit.session.csrf_token):
                stale: bytes = site.refused(request, 409, visit)
                return stale
            # The console's pages show whole projects: one bound to groups works through the API
            if not visit.may(permission) or visit.session.operator.group_ids:
                forbidden: bytes = site.refused(request, 403, visit)
                return forbidden
            if any(isinstance(value, int) and value > BIGGEST for value in kwargs.values()):
                missing: bytes = site.refused(request, 404, visit)
                return missing
            return await handler(site, visit, *args, **kwargs)

        return guarded

    return around
