"""The OpenAPI 3.1 document of a route table, and the page that shows it. What the API does and what it says are one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from zhuomai_appliance import __version__
from zhuomai_appliance.web.api.calls import FileAnswer, Route
from zhuomai_appliance.web.api.problems import ProblemDetails

_PARAMETER: Final = re.compile(r"<(?:(int|string)(?:\([^)]*\))?:)?([a-z_]+)>")
_TYPES: Final = {"int": "integer", "string": "string", None: "string"}

_PROBLEMS: Final[Mapping[int, str]] = {
    400: "The request cannot be read, or its Idempotency-Key is missing",
    401: "No token, or one that is not in force",
    403: "The token may not do that",
    404: "No such thing, or it belongs to a project that is not yours",
    409: "The state of things does not allow it",
    413: "The body is too big",
    415: "The body is not of the kind that is taken",
    422: "Fields are wrong (all are named at once), or the key was used for another request",
    429: "Too many requests in this minute; Retry-After says when to go on",
    500: "A fault of ours; the reference leads to the log",
    503: "It cannot be done at the moment; nothing was changed",
}


def address(path: str) -> str:
    """A route's path as OpenAPI writes it."""
    return _PARAMETER.sub(lambda found: "{" + found[2] + "}", path)


def document(routes: Sequence[Route], prefix: str) -> dict[str, Any]:
    """The whole document."""
    models = _models(routes)
    keys, definitions = models_json_schema(
        [(model, "validation" if is_request else "serialization") for model, is_request in models],
        ref_template="#/components/schemas/{model}",
    )
    references: dict[Any, Any] = {model: schema for (model, _mode), schema in keys.items()}
    schemas: dict[str, Any] = definitions.get("$defs", {})
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(prefix + address(route.path), {})[route.method.lower()] = _operation(
            route, references, schemas
        )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ZhuoMai API",
            "version": __version__,
            "description": "Money is whole fen, times are RFC 3339 with offset, lists go by `limit` and `after`. "
            "Errors are problem details (RFC 9457) with a stable `code`.",
        },
        "security": [{"token": []}],
        "tags": [{"name": name} for name in dict.fromkeys(_tag(route) for route in routes)],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "Made by `zhuomai operator token NAME`; its scopes are the permissions named here.",
                }
            },
            "schemas": {name: schema for name, schema in schemas.items() if not name.endswith("Query")},
        },
    }


def _models(routes: Iterable[Route]) -> list[tuple[type[BaseModel], bool]]:
    found: dict[type[BaseModel], bool] = {ProblemDetails: False}
    for route in routes:
        if route.answer is not FileAnswer:
            found[route.answer] = False
        for model in (route.query, route.body):
            if model is not None:
                found[model] = True
    return list(found.items())


def _operation(route: Route, references: Mapping[Any, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": _TYPES[kind or None]}}
        for kind, name in _PARAMETER.findall(route.path)
    ]
    if route.query is not None:
        properties = schemas[references[route.query]["$ref"].rpartition("/")[2]].get("properties", {})
        parameters += [
            {"name": name, "in": "query", "required": False, "schema": _given(schema)}
            for name, schema in properties.items()
        ]
    if route.keyed:
        parameters.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": True,
                "description": "New for each wish; the same key with the same body gets the first answer again.",
                "schema": {"type": "string", "minLength": 1, "maxLength": 200},
            }
        )
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "description": f"Needs `{route.permission}`.",
        "tags": [_tag(route)],
        "x-permission": route.permission.value,
        "parameters": parameters,
        "responses": {
            str(route.status): {
                "description": "Done" if route.status != 202 else "Asked for; look at `status_url`",
                "content": {route.media: {"schema": _answer(route, references)}},
            }
        },
    }
    if route.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": references[route.body]}},
        }
    if route.upload:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    for status in _statuses(route):
        operation["responses"][str(status)] = {
            "description": _PROBLEMS[status],
            "content": {"application/problem+json": {"schema": references[ProblemDetails]}},
        }
    return operation


def _answer(route: Route, references: Mapping[Any, Any]) -> Mapping[str, Any]:
    """The schema of a good answer; a file is a string of octets."""
    if route.answer is FileAnswer:
        return {"type": "string", "format": "binary"}
    found: Mapping[str, Any] = references[route.answer]
    return found


def _given(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter's schema where it is given: absent is no value of its own."""
    shown = {key: value for key, value in schema.items() if key not in ("title", "anyOf")}
    if shown.get("default", ...) is None:
        del shown["default"]
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    return shown | (kinds[0] if len(kinds) == 1 else {"anyOf": kinds} if kinds else {})


def _statuses(route: Route) -> list[int]:
    changing = route.method != "GET"
    return [
        status
        for status in _PROBLEMS
        if (status != 409 or changing)
        and (status != 415 or route.body is not None or route.upload)
        and (status != 404 or "<" in route.path)
    ]


def _tag(route: Route) -> str:
    return route.path.split("/")[1]


def page(specification: str, style: str, bundle: str, script: str, icon: str) -> bytes:
    """The readable page: Swagger UI from our own files, without a line of script in the page."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>ZhuoMai API</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<link rel="stylesheet" href="{escape(style)}">\n'
        f'<link rel="icon" href="{escape(icon)}">\n</head>\n<body>\n'
        f'<div id="api" data-specification="{escape(specification)}"></div>\n'
        f'<script src="{escape(bundle)}"></script>\n<script src="{escape(script)}"></script>\n</body>\n</html>\n'
    ).encode()
