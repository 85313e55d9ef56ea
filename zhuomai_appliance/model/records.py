"""Frozen dataclasses as JSON facts and back, by the types of their fields.

What equals the default is left out, so that a rule added by a later release changes the text of no plan that does not
use it. For values on no hot path: what logins read is written out by hand (model.segments).
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from zhuomai_appliance.model.facts import FactsError

Record = TypeVar("Record")


def facts_of(record: Any) -> dict[str, object]:
    """The fields of a frozen dataclass that differ from their defaults, as JSON values; `record_of` reads them."""
    plain = _defaults(type(record))  # type: ignore[arg-type]  # a class is hashable
    return {
        field.name: _json_of(value)
        for field in fields(record)
        if (value := getattr(record, field.name)) != plain.get(field.name, MISSING)
    }


def record_of(kind: type[Record], value: object) -> Record:
    """Read what `facts_of` wrote.

    Raises:
        FactsError: an unknown key, a missing one, or a value of another type, by name.
    """
    what = kind.__name__
    if not isinstance(value, Mapping):
        raise FactsError(f"{what}: an object is expected, not {str(value)[:60]!r}")
    hints = _hints(kind)  # type: ignore[arg-type]  # likewise
    if unknown := sorted(set(value) - set(hints)):
        raise FactsError(f"{what}: unknown key {unknown[0]!r}")
    given = {name: _read(f"{what}, {name}", hints[name], item) for name, item in value.items()}
    try:
        return kind(**given)
    except (TypeError, ValueError) as error:
        raise FactsError(f"{what}: {error}") from error


def _json_of(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return facts_of(value)
    if isinstance(value, tuple):
        return [_json_of(item) for item in value]
    return str(value) if isinstance(value, StrEnum) else value


@lru_cache(maxsize=64)
def _hints(kind: type[Any]) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


@lru_cache(maxsize=64)
def _defaults(kind: type[Any]) -> dict[str, object]:
    return {
        field.name: field.default if field.default_factory is MISSING else field.default_factory()
        for field in fields(kind)
        if field.default is not MISSING or field.default_factory is not MISSING
    }


def _read(what: str, hint: Any, value: object) -> Any:
    """One value by the type of its field."""
    if get_origin(hint) in (Union, types.UnionType):
        if value is None:
            return None
        (hint,) = (one for one in get_args(hint) if one is not type(None))
    hint = getattr(hint, "__supertype__", hint)
    if get_origin(hint) is tuple:
        if not isinstance(value, list):
            raise FactsError(f"{what}: a list is expected, not {str(value)[:60]!r}")
        return tuple(_read(what, get_args(hint)[0], item) for item in value)
    if is_dataclass(hint) and isinstance(hint, type):
        return record_of(hint, value)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        try:
            return hint(str(value))
        except ValueError:
            raise FactsError(f"{what}: {str(value)[:60]!r} is not one of {', '.join(hint)}") from None
    if type(value) is not hint:
        raise FactsError(f"{what}: {str(value)[:60]!r} is no {hint.__name__}")
    return value
