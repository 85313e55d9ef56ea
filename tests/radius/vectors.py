"""Reader of the text vectors under tests/vectors (their own heads say what the keys mean)."""

from collections.abc import Iterator
from pathlib import Path

VECTORS = Path(__file__).parent.parent / "vectors"

Case = dict[str, list[str]]


def cases(filename: str) -> list[Case]:
    """The blocks of a file; each key with the values of its lines, in order."""
    return [block for block in _blocks((VECTORS / filename).read_text("utf-8")) if block]


def _blocks(text: str) -> Iterator[Case]:
    block: Case = {}
    last = ""
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        if not line.strip():
            yield block
            block = {}
        elif line[0] == " ":
            block[last][-1] += " " + line.strip()
        else:
            last, _, value = line.partition(" ")
            block.setdefault(last, []).append(value)
    yield block


def name_of(case: Case) -> str:
    """The case's name, for test ids."""
    return case["case"][0]
