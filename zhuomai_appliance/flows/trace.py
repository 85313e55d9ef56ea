"""Live traces (features C14): decoded packets of one user, one terminal or one device, while somebody looks on.

While nobody does, a port pays one look at an empty list. A watch ends by itself: after its time, after its number of
packets, or when whoever looked on has gone. What belongs together is found by what the packets themselves say: an answer
by its request, the rounds of an EAP conversation by State, accounting by the Class of the login, the portal's messages by
the client's address.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Final, NamedTuple, Protocol

from twisted.internet.defer import Deferred

from zhuomai_appliance.flows.told import Lines, code_name, portal_lines, radius_lines
from zhuomai_appliance.model.network import Nas, NasId, ProjectId, Vendor
from zhuomai_appliance.model.people import normal_name
from zhuomai_appliance.portal.kinds import AttributeKind
from zhuomai_appliance.portal.packet import PortalPacket, PortalWireError, decode_text
from zhuomai_appliance.portal.packet import decode as decode_portal
from zhuomai_appliance.radius import attributes as attr
from zhuomai_appliance.radius.packet import Packet, decode
from zhuomai_appliance.radius.values import address, escaped
from zhuomai_appliance.vendors.identity import mac_from, mac_of_name
from zhuomai_appliance.vendors.requests import split_realm

WATCHES: Final = 4
SECONDS: Final = 600
LONGEST_SECONDS: Final = 3600
PACKETS: Final = 10_000
MOST_PACKETS: Final = 100_000
UNREAD: Final = 2_000
"""Packets kept for a reader that is slower than the network; the oldest go first, and the reader is told."""

GONE_SECONDS: Final = 15.0
"""A reader that asks for nothing for so long has gone."""

TOKENS: Final = 4_096
"""States, Classes and addresses that a watch remembers; beyond it forgets them all."""

READ_SECONDS: Final = 1.0

Peer = tuple[str, int]
Event = dict[str, Any]
"""at (epoch seconds), flow, direction, nas, peer, name, identifier, note, attributes: what JSON tells and a page may."""


class Devices(Protocol):
    """What is needed of the tables in memory."""

    def by_name(self, name: str) -> Nas | None:
        """A device by its name or address text."""


@dataclass(frozen=True, slots=True)
class Target:
    """Whom a watch is for. Any one that fits is enough."""

    names: frozenset[str] = frozenset()
    mac: str | None = None
    ip: str | None = None
    nas_id: NasId | None = None
    host: str | None = None

    @classmethod
    def of(cls, who: str, devices: Devices) -> Target:
        """Read what a person typed: a device's name or address, a MAC in any form, an address, or a user's name."""
        nas = devices.by_name(who)
        if nas is not None:
            return cls(nas_id=nas.id)
        mac = mac_of_name(who.encode())
        if mac is not None:
            return cls(mac=mac)
        try:
            return cls(ip=str(ip_address(who)), host=str(ip_address(who)))
        except ValueError:
            return cls(names=frozenset((normal_name(who),)))

    def words(self) -> str:
        """What was understood, for the person who asked."""
        if self.nas_id is not None:
            return "a device"
        if self.mac is not None:
            return f"the terminal {self.mac}"
        return (
            f"the address {self.ip}"
            if self.ip is not None
            else f"the user {', '.join(map(escaped, self.names))}"
        )


@dataclass(slots=True, eq=False)
class Watch:
    """One trace that runs."""

    id: int
    target: Target
    until: float
    left: int
    read_at: float
    owner: str = ""
    projects: frozenset[ProjectId] = frozenset()
    events: deque[Event] = field(default_factory=lambda: deque(maxlen=UNREAD))
    lost: int = 0
    ended: str = ""
    tokens: set[Hashable] = field(default_factory=set)
    asked: dict[Hashable, tuple[Party, Peer]] = field(default_factory=dict)
    reader: Deferred[None] | None = None

    def remember(self, *tokens: Hashable) -> None:
        """These belong to the same story from now on."""
        if len(self.tokens) > TOKENS:
            self.tokens.clear()
        self.tokens.update(token for token in tokens if token is not None)


class Party(Protocol):
    """Whom packets are exchanged with: a device, or a server elsewhere."""

    @property
    def id(self) -> int:
        """A device's number; of a server elsewhere none that a device has."""

    @property
    def name(self) -> str:
        """As people call it."""

    @property
    def project_id(self) -> ProjectId:
        """Whose it is."""

    @property
    def vendor(self) -> Vendor:
        """Whose names its attributes have."""


class Elsewhere(NamedTuple):
    """A RADIUS server that is asked about people of other realms."""

    name: str
    project_id: ProjectId
    id: int = 0
    vendor: Vendor = Vendor.STANDARD


class TraceRefused(Exception):
    """No trace can be begun; the message is one line."""


class Tracer:
    """All running traces. One object per process, on the reactor thread.

    Whoever has a packet in hand asks first whether ``watches`` holds any, and does nothing more when it is empty.
    """

    def __init__(
        self,
        now: Callable[[], float],
        monotonic: Callable[[], float],
        later: Callable[..., Any],
    ) -> None:
        self._now = now
        self._monotonic = monotonic
        self._later = later
        self._last_id = 0
        self.watches: list[Watch] = []

    # Reading ----------------------------------------------------------------------------------------------------------

    def open(
        self,
        target: Target,
        seconds: int = SECONDS,
        packets: int = PACKETS,
        *,
        owner: str = "",
        projects: frozenset[ProjectId] = frozenset(),
    ) -> Watch:
        """Begin a trace of the devices of some projects, or of all.

        Raises:
            TraceRefused: too many run already.
        """
        now = self._monotonic()
        if len(self.watches) >= WATCHES:
            raise TraceRefused(f"{WATCHES} traces run already; end one of them first")
        self._last_id += 1
        seconds = min(max(seconds, 1), LONGEST_SECONDS)
        packets = min(max(packets, 1), MOST_PACKETS)
        watch = Watch(self._last_id, target, now + seconds, packets, now, owner, projects)
        self.watches.append(watch)
        self._later(GONE_SECONDS, self._look_after, watch)
        self._later(seconds, self.close, watch, "its time is over")
        return watch

    def close(self, watch: Watch, why: str = "closed") -> None:
        """End a trace; what it has seen can still be read by whoever holds it."""
        if watch in self.watches:
            self.watches.remove(watch)
            watch.ended = why
            self._wake(watch)

    def find(self, watch_id: int) -> Watch | None:
        """A trace that runs."""
        return next((watch for watch in self.watches if watch.id == watch_id), None)

    async def read(self, watch: Watch) -> tuple[list[Event], int]:
        """What was seen since the last time, waiting up to a second for something; and how much was lost."""
        watch.read_at = self._monotonic()
        if not watch.events and not watch.ended:
            watch.reader = Deferred()
            self._later(READ_SECONDS, self._wake, watch)
            await watch.reader
        watch.read_at = self._monotonic()
        events, lost = list(watch.events), watch.lost
        watch.events.clear()
        watch.lost = 0
        return events, lost

    @staticmethod
    def _wake(watch: Watch) -> None:
        reader, watch.reader = watch.reader, None
        if reader is not None:
            reader.callback(None)

    def _look_after(self, watch: Watch) -> None:
        if watch not in self.watches:
            return
        if self._monotonic() - watch.read_at >= GONE_SECONDS:
            self.close(watch, "nobody reads it")
        else:
            self._later(GONE_SECONDS, self._look_after, watch)

    # Seeing -----------------------------------------------------------------------------------------------------------

    def request(
        self,
        flow: str,
        nas: Party,
        peer: Peer,
        packet: Packet,
        key: Hashable,
        note: str = "",
        *,
        ours: bool = False,
    ) -> None:
        """A RADIUS request came in (or, when ``ours``, went out); its answer will be told under the same key.

        With a ``note`` there is none to come: the note says what became of the request.
        """
        for watch in tuple(self.watches):
            if _may_see(watch, nas) and (_is_of(watch, nas, peer[0]) or _speaks_of(watch, packet)):
                watch.remember(*_tokens(packet))
                if not note:
                    if len(watch.asked) > TOKENS:
                        watch.asked.clear()
                    watch.asked[(flow, key)] = nas, peer
                self._tell(
                    watch, flow, "out" if ours else "in", nas, peer, code_name(packet.code), packet.identifier, note,
                    radius_lines(packet, nas.vendor.value),
                )  # fmt: skip

    def answer(self, flow: str, key: Hashable, datagram: bytes, *, ours: bool = True) -> None:
        """The answer to a request went out (or, when not ``ours``, came in)."""
        for watch in tuple(self.watches):
            found = watch.asked.pop((flow, key), None)
            if found is None:
                continue
            nas, peer = found
            packet = decode(datagram)
            watch.remember(*_tokens(packet))
            self._tell(
                watch, flow, "out" if ours else "in", nas, peer, code_name(packet.code), packet.identifier, "",
                radius_lines(packet, nas.vendor.value),
            )  # fmt: skip

    def silence(self, flow: str, key: Hashable, note: str) -> None:
        """A request gets no answer."""
        for watch in tuple(self.watches):
            found = watch.asked.pop((flow, key), None)
            if found is not None:
                self._tell(watch, flow, "none", *found, "no answer", 0, note, [])

    def unreadable(self, flow: str, nas: Party, peer: Peer, note: str) -> None:
        """A datagram that is no packet; it concerns whoever watches the device."""
        for watch in tuple(self.watches):
            if _may_see(watch, nas) and _is_of(watch, nas, peer[0]):
                self._tell(watch, flow, "in", nas, peer, "no packet", 0, note, [])

    def portal(self, nas: Party, peer: Peer, datagram: bytes, *, ours: bool) -> None:
        """A message of the portal protocol went out (``ours``) or came in."""
        try:
            packet = decode_portal(datagram)
        except PortalWireError as error:
            self.unreadable("portal", nas, peer, str(error))
            return
        for watch in tuple(self.watches):
            if _may_see(watch, nas) and (_is_of(watch, nas, peer[0]) or _portal_speaks_of(watch, packet)):
                if packet.user_ip != "0.0.0.0":
                    watch.remember(("ip", packet.user_ip))
                self._tell(
                    watch, "portal", "out" if ours else "in", nas, peer, packet.kind.name, packet.serial,
                    f"version {packet.version}", portal_lines(packet),
                )  # fmt: skip

    def expect(self, username: str, user_ip: str) -> None:
        """A client at an address is about to be logged in under a name: the first messages tell only the address."""
        for watch in self.watches:
            if normal_name(username) in watch.target.names:
                watch.remember(("ip", user_ip))

    def _tell(
        self, watch: Watch, flow: str, direction: str, nas: Party, peer: Peer, name: str, identifier: int,
        note: str, lines: Lines,
    ) -> None:  # fmt: skip
        if len(watch.events) == UNREAD:
            watch.lost += 1
        watch.events.append(
            {
                "at": round(self._now(), 3),
                "flow": flow,
                "direction": direction,
                "nas": nas.name,
                "peer": f"{peer[0]}:{peer[1]}",
                "name": name,
                "identifier": identifier,
                "note": escaped(note),
                "attributes": lines,
            }
        )
        watch.left -= 1
        self._wake(watch)
        if watch.left <= 0:
            self.close(watch, "its number of packets is reached")


def _may_see(watch: Watch, nas: Party) -> bool:
    return not watch.projects or nas.project_id in watch.projects


def _is_of(watch: Watch, nas: Party, host: str) -> bool:
    target = watch.target
    return nas.id == target.nas_id or (target.host is not None and target.host == host)


def _tokens(packet: Packet) -> list[Hashable]:
    """What ties later packets to this one: State, Class, and the client's address."""
    found: list[Hashable] = [
        (number, packet.first(number)) for number in (attr.STATE, attr.CLASS) if packet.has(number)
    ]
    ip = address(packet.first(attr.FRAMED_IP_ADDRESS))
    if ip is not None:
        found.append(("ip", ip))
    return found


def _speaks_of(watch: Watch, packet: Packet) -> bool:
    target = watch.target
    if target.names or target.mac:
        raw = packet.first(attr.USER_NAME)
        if target.mac is not None and target.mac in (
            mac_from(packet.first(attr.CALLING_STATION_ID)),
            mac_of_name(raw),
        ):
            return True
        if target.names and raw is not None:
            name = normal_name(decode_text(raw))
            if name in target.names or split_realm(name)[0] in target.names:
                return True
        # The packets that tell of the story's beginning told these
        return any(
            (number, packet.first(number)) in watch.tokens
            for number in (attr.STATE, attr.CLASS)
            if packet.has(number)
        )
    return target.ip is not None and address(packet.first(attr.FRAMED_IP_ADDRESS)) == target.ip


def _portal_speaks_of(watch: Watch, packet: PortalPacket) -> bool:
    target = watch.target
    if packet.user_ip == target.ip or ("ip", packet.user_ip) in watch.tokens:
        return True
    if target.mac is not None and packet.mac == target.mac:
        return True
    name = packet.first(AttributeKind.USER_NAME)
    return bool(target.names) and name is not None and normal_name(decode_text(name)) in target.names


class _Deaf(Tracer):
    """For ports that nobody traces, as in tests: its list of watches is always empty."""

    def __init__(self) -> None:
        super().__init__(lambda: 0.0, lambda: 0.0, lambda *_: None)


NO_TRACE: Final = _Deaf()
