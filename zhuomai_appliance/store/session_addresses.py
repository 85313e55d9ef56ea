"""IPv6 addresses and prefixes of sessions: kept as ranges, found by any address inside (features C13).

Ranges are those of prefixes, so an address lies in at most one of each length: looking for a school's session at an
address is a look-up by index for each length, whatever the size of the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv6Address, IPv6Network
from typing import Final

from zhuomai_appliance.model.access import Ipv6Span, SessionId
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.store.reports_query import rows
from zhuomai_appliance.store.sql import load

_Q = load("session_addresses")

SHORTEST: Final = 16
"""Nobody delegates a shorter prefix to a user; one that says so is not looked for inside."""

MOST_FOUND: Final = 1000
"""Sessions of one address that a search looks at, the newest first."""


def _digits(address: IPv6Address) -> str:
    return f"{int(address):032x}"


def put(
    tx: Transaction, project_id: ProjectId, session_id: SessionId, spans: Iterable[Ipv6Span], at: int
) -> None:
    """Keep the addresses that a session had; one that is known already stays as it was first seen."""
    for kind, network in spans:
        span = IPv6Network(network)
        tx.run(
            _Q.add_address,
            project_id=project_id,
            session_id=session_id,
            kind=kind.value,
            low=_digits(span.network_address),
            high=_digits(span.broadcast_address),
            at=at,
        )


def sessions_at(reader: Reader, projects: Sequence[int], address: IPv6Address) -> tuple[int, ...]:
    """The ids of sessions that had an address, or a prefix around it; the newest, at most `MOST_FOUND`."""
    number, found = int(address), set[int]()
    for project_id in projects:
        for length in range(SHORTEST, 129):
            host = (1 << (128 - length)) - 1
            low, high = f"{number & ~host:032x}", f"{number | host:032x}"
            held = reader.all(_Q.sessions_at, project_id=project_id, low=low, high=high, limit=MOST_FOUND)
            found.update(session_id for (session_id,) in held)
    return tuple(sorted(found, reverse=True)[:MOST_FOUND])


def networks_of(
    reader: Reader, projects: Sequence[int], session_ids: Sequence[int]
) -> dict[int, tuple[str, ...]]:
    """Addresses and prefixes by session, as first seen: `2001:db8::1`, `2001:db8:1::/56`."""
    found: dict[int, tuple[str, ...]] = {}
    if session_ids:
        for session_id, low, high in rows(reader, _Q.addresses_of, projects, None, session_ids):
            found[session_id] = (*found.get(session_id, ()), _shown(low, high))
    return found


def _shown(low: str, high: str) -> str:
    first, last = int(low, 16), int(high, 16)
    length = 128 - (first ^ last).bit_length()
    return str(IPv6Address(first)) if length == 128 else f"{IPv6Address(first)}/{length}"
