"""What the RADIUS ports share, without their transport: octets in, verified packets to the flows, signed replies out.

Order of the checks (semantics §1, §2, §3): source address, form and code, signature, duplicate, load, work. An unknown
source costs one look-up and a counter. Everything that may not be answered is dropped and counted by its reason.

What carries the octets (net.radius_udp, net.radsec) hands each packet in with a `Way` back.
"""

from __future__ import annotations

from collections import Counter
from typing import Final, Protocol

from twisted.logger import Logger

from zhuomai_appliance.flows.meters import STAGE_SECONDS, Histogram
from zhuomai_appliance.flows.ports import NasFinder
from zhuomai_appliance.flows.trace import NO_TRACE, Tracer
from zhuomai_appliance.model.network import Nas, NasId
from zhuomai_appliance.net.clocks import Clocks
from zhuomai_appliance.net.complaints import Complaints
from zhuomai_appliance.net.load import LATE_SECONDS, Load
from zhuomai_appliance.radius.duplicates import DuplicateCache, RequestKey, Seen
from zhuomai_appliance.radius.packet import Attribute, Packet, Secret, WireError, decode, encode_reply

DUPLICATES_KEPT: Final = 200_000
"""Replies remembered at one port: about 100 MiB at the worst, an hour of a large school's logins in practice."""

RADSEC_SECRET: Final = Secret(b"radsec")
"""What every stream under TLS is signed with (RFC 6614 §2.3): this very object marks a packet that came by one."""

_WORDS: Final = {
    "unsigned": "it carries no Message-Authenticator and must",
    "unsigned_with_proxy_state": "Proxy-State without Message-Authenticator, which whoever listens can turn into a"
    " forged accept (CVE-2024-3596)",
    "bad_message_authenticator": "its Message-Authenticator is wrong; the shared secrets probably differ",
    "wrong_secret": "it is signed with another secret; compare the shared secrets",
}
"""What the log says of a refusal (semantics §1.13, §3): the administrator reads it beside the device's name."""


class Way(Protocol):
    """How answers go back to whoever asked.

    One object for each place that octets come in at: requests that came in at different ones are different requests
    (semantics §2.16), and the answer leaves where the request came in (§2.20).
    """

    def send(self, datagram: bytes, addr: tuple[str, int]) -> None:
        """Send an answer; whatever becomes of it, this returns."""


class RadiusPort:
    """One kind of requests: source, form, duplicates, signing. Lives on the reactor thread.

    ``counters`` count what happened by name, ``answer_seconds`` how long askers waited, ``heard_at`` when each device
    last sent something that was well formed and rightly signed (monotonic). ``is_late``: requests wait longer here than
    they should; set by the intake at each turn.
    """

    log = Logger(namespace="zhuomai.radius")
    codes: frozenset[int]
    keep_seconds: float
    kind: str

    def __init__(
        self, finder: NasFinder, clocks: Clocks, load: Load | None = None, tracer: Tracer = NO_TRACE
    ) -> None:
        self._finder = finder
        self._clocks = clocks
        self._secrets: dict[bytes, Secret] = {}
        self._tracer = tracer
        self.load = load or Load(clocks.monotonic)
        self.is_late = False
        self.counters: Counter[str] = Counter()
        self.answer_seconds = Histogram()
        self.verify_seconds, self.sign_seconds = Histogram(STAGE_SECONDS), Histogram(STAGE_SECONDS)
        self.heard_at: dict[NasId, float] = {}
        self.complaints = Complaints(clocks.monotonic)
        self.duplicates = DuplicateCache(self.keep_seconds, DUPLICATES_KEPT)
        self._open: dict[tuple[RequestKey, bytes], float] = {}

    def receive(self, datagram: bytes, addr: tuple[str, int], way: Way, arrived: float = 0.0) -> None:
        """Take one packet from an address; whatever is in it, this returns.

        Args:
            datagram: the octets, padding and all.
            addr: where it came from.
            way: how its answer goes back.
            arrived: when the machine had it, by the monotonic clock; 0 for just now.
        """
        nas = self._finder.find(addr[0])
        if nas is None:
            self.counters["unknown_nas"] += 1
            if self.complaints.may_say("unknown_nas", addr[0]):
                self.log.warn("{kind} datagram from {host} dropped: a device that is not in the NAS list",
                              kind=self.kind, host=addr[0])  # fmt: skip
            return
        secret = self._secrets.get(nas.secret)
        if secret is None:
            secret = self._secrets.setdefault(nas.secret, Secret(nas.secret))
        self.take(datagram, addr, way, nas, secret, arrived)

    def take(
        self,
        datagram: bytes,
        addr: tuple[str, int],
        way: Way,
        nas: Nas,
        secret: Secret,
        arrived: float = 0.0,
    ) -> None:
        """Take one packet of a device that is known, by its address or its certificate; see `receive`."""
        began = self._clocks.monotonic()
        try:
            packet = decode(datagram, self.codes)
        except WireError as error:
            self.drop("malformed", addr[0], nas, str(error))
            if self._tracer.watches:
                self._tracer.unreadable(self.kind, nas, addr, str(error))
            return
        refusal = self.refusal(packet, nas, secret, addr[0])
        if refusal:
            self.drop(refusal, addr[0], nas, _WORDS[refusal])
            if self._tracer.watches:
                self._tracer.request(self.kind, nas, addr, packet, None, f"dropped: {_WORDS[refusal]}")
            return
        now = self._clocks.monotonic()
        self.verify_seconds.observe(now - began)
        self.heard_at[nas.id] = now
        key = RequestKey(addr[0], addr[1], way, packet.code, packet.identifier)
        seen = self.duplicates.look(key, packet.authenticator, now)
        note = ""
        if isinstance(seen, bytes):
            self.counters["repeated"] += 1
            way.send(seen, addr)
            note = "a repetition, answered with the same octets"
        elif seen is Seen.PENDING:
            self.counters["pending"] += 1
            note = "a repetition while the first is worked on"
        elif self.is_late and (why := self.sheds(packet, nas, now)):
            self.counters[why] += 1
            self.duplicates.forget(key, packet.authenticator)
            note = f"dropped under overload: {why}"
        if self._tracer.watches:
            self._tracer.request(self.kind, nas, addr, packet, (key, packet.authenticator), note)
        if not note:
            self.counters["requests"] += 1
            self._open[(key, packet.authenticator)] = arrived or began
            self.work(packet, nas, secret, key)

    def pressed(self, waited_seconds: float, waiting: int) -> None:
        """A turn begins with so many packets, of which the oldest waited that long; what is shed depends on it."""
        self.load.note(self.kind, waited_seconds, waiting)
        self.is_late = waited_seconds > LATE_SECONDS

    @property
    def in_work(self) -> int:
        """Requests taken and not answered yet."""
        return len(self._open)

    @property
    def waiting(self) -> int:
        """Packets that wait for their turn, where there is a place to wait."""
        return 0

    @property
    def in_flight(self) -> int:
        """Requests that came in and are not answered yet: what a shutdown waits for."""
        return self.in_work + self.waiting

    def stages(self) -> dict[str, Histogram]:
        """How long each step of the work takes."""
        return {"verify": self.verify_seconds, "sign": self.sign_seconds}

    def refusal(self, packet: Packet, nas: Nas, secret: Secret, host: str) -> str:
        """Why this packet may not be answered, by its signatures; empty when it may."""
        raise NotImplementedError

    def sheds(self, packet: Packet, nas: Nas, now: float) -> str:
        """Why this request is not worked on while the port is late; empty when it is. The device asks again."""
        raise NotImplementedError

    def work(self, packet: Packet, nas: Nas, secret: Secret, key: RequestKey) -> None:
        """Have the packet worked on; its answer goes out by `answer`."""
        raise NotImplementedError

    def answer(
        self,
        code: int,
        packet: Packet,
        reply: tuple[Attribute, ...],
        secret: Secret,
        key: RequestKey,
        *,
        sign: bool,
    ) -> None:
        """Sign, remember and send a reply.

        Raises:
            ValueError: it does not fit into 4096 octets, or cannot be written; nothing was sent.
        """
        began = self._clocks.monotonic()
        datagram = encode_reply(code, packet, reply, secret, sign=sign)
        now = self._clocks.monotonic()
        self.sign_seconds.observe(now - began)
        self.duplicates.remember(key, packet.authenticator, datagram, now)
        self.answered(packet, key, now)
        if self._tracer.watches:
            self._tracer.answer(self.kind, (key, packet.authenticator), datagram)
        way: Way = key.way
        way.send(datagram, (key.address, key.port))

    def answered(self, packet: Packet, key: RequestKey, now: float) -> None:
        """A request's answer is known: count how long it took."""
        arrived = self._open.pop((key, packet.authenticator), None)
        if arrived:
            self.answer_seconds.observe(now - arrived)

    def drop(self, why: str, host: str, nas: Nas, words: str) -> None:
        """Count a device's datagram that gets no answer; tell the log, seldom."""
        self.counters[why] += 1
        if self.complaints.may_say(why, host):
            self.log.warn("{kind} datagram of {nas} ({host}) dropped: {words}",
                          kind=self.kind, nas=nas.name, host=host, words=words)  # fmt: skip

    def forget(self, key: RequestKey, packet: Packet, why: str) -> None:
        """A request gets no answer; its next repetition is worked on anew."""
        self._open.pop((key, packet.authenticator), None)
        self.duplicates.forget(key, packet.authenticator)
        if self._tracer.watches:
            self._tracer.silence(self.kind, (key, packet.authenticator), why)

    def failed(self, reason: object, key: RequestKey, packet: Packet) -> None:
        """An answer could not be made: silence, and the next repetition is worked on anew (security R7)."""
        self.forget(key, packet, "no answer could be made")
        self.counters["failed"] += 1
        if self.complaints.may_say("failed", key.address):
            self.log.error("{kind} request from {host} not answered: {reason}", kind=self.kind, host=key.address,
                           reason=str(getattr(reason, "value", reason)))  # fmt: skip
