"""Strict reading of our own stored JSON: every key known, every value of its type, or one clear error."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

Word = TypeVar("Word", bound=StrEnum)


class FactsError(ValueError):
    """A stored text is not what this release writes: damaged, or written by a newer one."""


class Facts:
    """The keys of one JSON object, each taken once; `done` complains of what nobody took."""

    def __init__(self, what: str, value: object) -> None:
        if not isinstance(value, dict):
            raise FactsError(f"{what}: an object is expected, not {str(value)[:60]!r}")
        self._what = what
        self._left: dict[str, object] = dict(value)

    @classmethod
    def of_text(cls, what: str, text: str) -> Facts:
        """Parse the text of one object."""
        try:
            return cls(what, json.loads(text))
        except json.JSONDecodeError as error:
            raise FactsError(f"{what}: the stored text is damaged: {error}") from error

    def number(self, name: str) -> int:
        """A whole number that must be there."""
        value = self.maybe_number(name)
        if value is None:
            raise FactsError(f"{self._what}: {name} is missing")
        return value

    def maybe_number(self, name: str, default: int | None = None) -> int | None:
        """A whole number, or the default where the key is absent; `true` is no number."""
        value = self._left.pop(name, default)
        if value is not None and type(value) is not int:
            raise self._wrong(name, value, "a whole number")
        return value

    def flag(self, name: str) -> bool:
        """True or false; absent is false."""
        value = self._left.pop(name, False)
        if not isinstance(value, bool):
            raise self._wrong(name, value, "true or false")
        return value

    def text(self, name: str, default: str | None = None) -> str:
        """A text; without a default it must be there."""
        value = self._left.pop(name, default)
        if not isinstance(value, str):
            raise self._wrong(name, value, "a text")
        return value

    def word(self, name: str, words: type[Word], default: Word | None = None) -> Word:
        """One of the words of an enumeration; without a default it must be there."""
        value = self._left.pop(name, default)
        try:
            return words(str(value))
        except ValueError as error:
            raise self._wrong(name, value, "one of " + ", ".join(words)) from error

    def items(self, name: str) -> list[object]:
        """A list; absent is empty."""
        value = self._left.pop(name, [])
        if not isinstance(value, list):
            raise self._wrong(name, value, "a list")
        return value

    def inner(self, name: str) -> Facts:
        """An object inside this one; absent is empty."""
        return Facts(f"{self._what}, {name}", self._left.pop(name, {}))

    def raw(self, name: str, default: object = None) -> object:
        """Whatever stands under this key, for a reader of its own."""
        return self._left.pop(name, default)

    def has(self, name: str) -> bool:
        """Whether this key is there and not yet taken."""
        return name in self._left

    def done(self) -> None:
        """Everything was taken.

        Raises:
            FactsError: a key of an unknown name is left.
        """
        if self._left:
            raise FactsError(f"{self._what}: unknown key {min(self._left)!r}")

    def _wrong(self, name: str, value: object, wanted: str) -> FactsError:
        if value is None:
            return FactsError(f"{self._what}: {name} is missing")
        return FactsError(f"{self._what}: {name} is {str(value)[:60]!r}, not {wanted}")


_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def canonical(facts: Mapping[str, object]) -> str:
    """The one JSON text of these facts: keys sorted, no blanks, None left out, other letters as they are."""
    present = {name: value for name, value in facts.items() if value is not None}
    return _encode(present)
