"""Reads tests/vectors/portal.txt, whose head explains the form."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zhuomai_appliance.portal.packet import AttributeKind, Kind

_FILE = Path(__file__).parent.parent / "vectors" / "portal.txt"


@dataclass(frozen=True)
class Vector:
    name: str
    key: bytes
    answers: str
    version: int
    kind: Kind
    pap: bool
    serial: int
    req_id: int
    user_ip: str
    error_code: int
    attributes: tuple[tuple[int, bytes], ...]
    datagram: bytes


def read_vectors() -> dict[str, Vector]:
    vectors = {}
    for block in _FILE.read_text("utf-8").split("\n\n"):
        lines = [line for line in block.splitlines() if not line.startswith("#")]
        if lines:
            vector = _vector(lines)
            vectors[vector.name] = vector
    return vectors


def _vector(lines: list[str]) -> Vector:
    fields: dict[str, str] = {}
    attributes = []
    last = ""
    for line in lines:
        if line.startswith(" "):
            fields[last] += line
            continue
        last, _, rest = line.partition(" ")
        if last == "attr":
            name, _, value = rest.partition(" ")
            attributes.append((int(AttributeKind[name]), bytes.fromhex(value)))
        else:
            fields[last] = rest
    return Vector(
        name=fields["packet"],
        key=fields.get("key", "").encode(),
        answers=fields.get("answers", ""),
        version=int(fields.get("version", "2")),
        kind=Kind[fields["kind"]],
        pap=fields.get("pap") == "1",
        serial=int(fields["serial"], 0),
        req_id=int(fields.get("req_id", "0"), 0),
        user_ip=fields.get("user_ip", "0.0.0.0"),
        error_code=int(fields.get("error_code", "0")),
        attributes=tuple(attributes),
        datagram=bytes.fromhex(fields["hex"]),
    )
