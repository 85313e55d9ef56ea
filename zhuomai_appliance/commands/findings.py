"""What `zhuomai check` found, a line each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Word = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, how it stands, and a sentence that says what to do if it is not right."""

    what: str
    word: Word
    sentence: str
