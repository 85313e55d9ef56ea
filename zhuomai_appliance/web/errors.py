"""Exceptions of a Klein app become one sentence with a reference number that stands in the log too (security W10)."""

from __future__ import annotations

from typing import Any

from klein import Klein
from werkzeug.exceptions import HTTPException


def guard_errors(app: Klein) -> None:
    """Give a Klein app its error answers.

    The app's owner has ``reference() -> str``, a number for the help desk, and ``log``, a Logger.
    """
    answers: Any = app.handle_errors
    answers(HTTPException)(_http_error)
    answers(Exception)(_crash)


def _http_error(owner: Any, request: Any, failure: Any) -> bytes:
    """A status that a route or its absence asked for."""
    error = failure.value
    request.setResponseCode(error.code or 500)
    request.setHeader(b"Content-Type", b"text/plain; charset=utf-8")
    return f"{error.code} {error.name}\n".encode()


def _crash(owner: Any, request: Any, failure: Any) -> bytes:
    """Anything else: the traceback is for the log alone."""
    number = owner.reference()
    owner.log.failure("request failed, reference {number}", failure, number=number)
    request.setResponseCode(500)
    request.setHeader(b"Content-Type", b"text/plain; charset=utf-8")
    return f"这一步没有完成，查询号{number}\nThis did not work; reference {number}\n".encode()
