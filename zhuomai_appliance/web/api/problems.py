"""Errors of the API as problem details (RFC 9457): a status, a sentence, and a `code` that programs may rely on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError

CONTENT_TYPE: Final = b"application/problem+json"


class FieldError(BaseModel):
    """One mistake in a request: the field (dots lead inside), a sentence, and the kind of mistake."""

    field: str
    message: str
    code: str


class ProblemDetails(BaseModel):
    """What every error answer holds. `errors` names all mistakes of a request at once; `reference` finds the log."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[FieldError] | None = None
    reference: str | None = None


class Problem(Exception):
    """An answer that is an error.

    Args:
        status: the HTTP status.
        code: a stable word.
        detail: one sentence for a person.
        headers: to be set on the answer.
        more: further members.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        self.more = more

    def body(self) -> bytes:
        """The JSON text."""
        title = HTTPStatus(self.status).phrase
        facts = {
            "type": "about:blank",
            "title": title,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
        }
        return json.dumps(facts | self.more, ensure_ascii=False).encode()


def invalid(errors: Iterable[tuple[str, str, str]]) -> Problem:
    """A request whose fields are wrong: (field, sentence, kind) of every mistake. Values are never repeated."""
    found = [{"field": name, "message": message, "code": code} for name, message, code in errors]
    names = ", ".join(dict.fromkeys(one["field"] for one in found if one["field"]))
    detail = f"the request cannot be taken as it is; see {names}" if names else "the request cannot be read"
    return Problem(422, "invalid", detail, errors=found)


def from_pydantic(error: ValidationError) -> Problem:
    """The same from pydantic's own list."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    if any(one["type"] == "json_invalid" for one in found):
        return Problem(400, "malformed", "the body is not JSON in UTF-8")
    return invalid((".".join(str(step) for step in one["loc"]), one["msg"], one["type"]) for one in found)
