"""Kinds of values in requests and answers of the API, each with its bounds and its JSON Schema."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from zhuomai_appliance.model.moment import parse_rfc3339

BIGGEST: Final = 2**63 - 1
"""Ids are 64-bit numbers in the books; a bigger one is nobody's."""

MOST_FEN: Final = 10**12
"""Ten thousand million yuan: more in one payment is a slip of the finger, and sums must fit the books' 64 bits."""

_LOST_PLUS: Final = re.compile(r" (?=\d\d:\d\d$)")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_MAC: Final = re.compile(r"[0-9a-f]{12}")


def _instant(value: Any) -> int:
    if not isinstance(value, str):
        raise ValueError('write a time such as "2026-09-01T07:58:12+08:00"')
    # In an address, "+" that is not written as %2B arrives as a blank.
    at = parse_rfc3339(_LOST_PLUS.sub("+", value))
    if not 0 <= at <= 253_402_300_799:
        raise ValueError("a time between 1970 and 9999 is expected")
    return at


def _plain(value: str) -> str:
    if _CONTROL.search(value):
        raise ValueError("control characters are not taken")
    return value


def _mac(value: str) -> str:
    digits = re.sub(r"[:.\-]", "", value).lower()
    if not _MAC.fullmatch(digits):
        raise ValueError("twelve hexadecimal digits are expected, such as a4:5e:60:aa:bb:cc")
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2))


def read_mac(words: str) -> str | None:
    """Words read as a MAC address, None where they are none."""
    try:
        return _mac(words.strip())
    except ValueError:
        return None


Instant = Annotated[int, BeforeValidator(_instant), WithJsonSchema({"type": "string", "format": "date-time"})]
"""A time of a request as RFC 3339 with offset; epoch seconds inside."""

Time = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
"""A time of an answer: RFC 3339 with the project's offset."""

_WITHOUT_CONTROL: Final[dict[str, Any]] = {"pattern": r"^[^\x00-\x1f\x7f]*$"}
_MAC_SHAPE: Final[dict[str, Any]] = {
    "pattern": "^[0-9A-Fa-f]{2}([:.-]?[0-9A-Fa-f]{2}){5}$",
    "examples": ["a4:5e:60:aa:bb:cc"],
}

Text = Annotated[str, Field(max_length=128, json_schema_extra=_WITHOUT_CONTROL), AfterValidator(_plain)]
Memo = Annotated[str, Field(max_length=500, json_schema_extra=_WITHOUT_CONTROL), AfterValidator(_plain)]
Mac = Annotated[str, Field(max_length=32, json_schema_extra=_MAC_SHAPE), AfterValidator(_mac)]
Id = Annotated[int, Field(ge=1, le=BIGGEST)]
Fen = Annotated[int, Field(ge=1, le=MOST_FEN)]


class Strict(BaseModel):
    """A request: fields that nobody knows are refused, and so are values of another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Listing(Strict):
    """What every list takes: rows after the id `after`, at most `limit`, of one project or of all one may see."""

    limit: int = Field(50, ge=1, le=500)
    order: Literal["oldest", "newest"] = "oldest"
    project: Text | None = None


class ById(Listing):
    """A list whose ids are numbers."""

    after: Id | None = None


class ByText(Listing):
    """A list whose ids are texts."""

    after: Text | None = None


class Under(BaseModel):
    """A list of people's things: `under` keeps to a group and all groups below it."""

    under: Text | None = None


class Spanned(BaseModel):
    """A list by time: from `from` on, before `to`."""

    from_at: Instant | None = Field(None, alias="from")
    to_at: Instant | None = Field(None, alias="to")
