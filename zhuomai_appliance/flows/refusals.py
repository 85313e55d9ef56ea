"""What a flow refuses: one sentence for an operator, and a stable word for programs. Nothing was done."""

from __future__ import annotations


class Refused(Exception):
    """A rule keeps this from being done.

    Args:
        code: a stable word, such as "suspended_too_often"; the API's `code`.
        sentence: fit to be shown to an operator.
        facts: further members of an answer, such as ``missing_fen`` or ``from_at``; never a secret.
    """

    def __init__(self, code: str, sentence: str, **facts: int | str | None) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.facts = facts
