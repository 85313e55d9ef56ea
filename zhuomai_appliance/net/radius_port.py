"""The RADIUS ports without their transport: octets in, verified packets to the flows, signed replies out.

Order of the checks (semantics §1, §2, §3): source address, form and code, signature, duplicate, work. An unknown source
costs one look-up and a counter. Everything that may not be answered is dropped and counted by its reason.

What carries the octets (net.radius_udp, net.radsec) hands each packet in with a `Way` back.
"""

from __future__ import annotations

from collections import Counter
from typing import Final, Protocol

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from zhuomai_appliance.flows.ports import AccessAnswer, NasFinder
from zhuomai_appliance.model.network import MessageAuthenticatorPolicy, Nas, NasId
from zhuomai_appliance.net.clocks import Clocks
from zhuomai_appliance.net.complaints import Complaints
from zhuomai_appliance.radius import attributes as attr
from zhuomai_appliance.radius.duplicates import DuplicateCache, RequestKey, Seen
from zhuomai_appliance.radius.packet import (
    Code,
    Packet,
    Secret,
    Signature,
    WireError,
    accounting_authenticator_ok,
    decode,
    encode_reply,
    message_authenticator,
)
from zhuomai_appliance.radius.passwords import reveal_pap

AUTH_CODES: Final = frozenset((Code.ACCESS_REQUEST, Code.STATUS_SERVER))
ACCT_CODES: Final = frozenset((Code.ACCOUNTING_REQUEST, Code.STATUS_SERVER))
_VERDICTS: Final = {code: code.name.lower() for code in (Code.ACCESS_ACCEPT, Code.ACCESS_REJECT)}
AUTH_KEEP_SECONDS: Final = 10.0
ACCT_KEEP_SECONDS: Final = 30.0
DUPLICATES_KEPT: Final = 200_000
"""Replies remembered at one port: about 100 MiB at the worst, an hour of a large school's logins in practice."""


class Way(Protocol):
    """How answers go back to whoever asked. One object for each place that octets come in at: requests that came in at
    different ones are different requests (semantics §2.16), and the answer leaves where the request came in (§2.20).
    """

    def send(self, datagram: bytes, addr: tuple[str, int]) -> None:
        """Send an answer; whatever becomes of it, this returns."""


class RadiusPort:
    """What the two ports share: source, form, duplicates, signing. Lives on the reactor thread."""

    log = Logger(namespace="zhuomai.radius")
    codes: frozenset[int]
    keep_seconds: float
    kind: str

    def __init__(self, finder: NasFinder, clocks: Clocks) -> None:
        self._finder = finder
        self._clocks = clocks
        self._secrets: dict[bytes, Secret] = {}
        self.counters: Counter[str] = Counter()
        self.complaints = Complaints(clocks.monotonic)
        self.duplicates = DuplicateCache(self.keep_seconds, DUPLICATES_KEPT)
        self._open: set[tuple[RequestKey, bytes]] = set()

    def receive(self, datagram: bytes, addr: tuple[str, int], way: Way) -> None:
        """Take one packet from an address; whatever is in it, this returns."""
        nas = self._finder.find(addr[0])
        if nas is None:
            self.drop("unknown_nas", addr[0], "a device that is not in the NAS list")
            return
        secret = self._secrets.get(nas.secret)
        if secret is None:
            secret = self._secrets.setdefault(nas.secret, Secret(nas.secret))
        self.take(datagram, addr, way, nas, secret)

    def take(self, datagram: bytes, addr: tuple[str, int], way: Way, nas: Nas, secret: Secret) -> None:
        """Take one packet of a device that is known, by its address or its certificate."""
        host = addr[0]
        try:
            packet = decode(datagram, self.codes)
        except WireError as error:
            self.drop("malformed", host, str(error))
            return
        refusal = self.refusal(packet, nas, secret, host)
        if refusal:
            self.drop(refusal, host, refusal.replace("_", " "))
            return
        key = RequestKey(host, addr[1], way, packet.code, packet.identifier)
        seen = self.duplicates.look(key, packet.authenticator, self._clocks.monotonic())
        if isinstance(seen, bytes):
            self.counters["repeated"] += 1
            way.send(seen, addr)
        elif seen is Seen.PENDING:
            self.counters["pending"] += 1
        else:
            self.counters["requests"] += 1
            self._open.add((key, packet.authenticator))
            self.work(packet, nas, secret, key)

    @property
    def in_flight(self) -> int:
        """Requests taken and not answered yet: what a shutdown waits for."""
        return len(self._open)

    def refusal(self, packet: Packet, nas: Nas, secret: Secret, host: str) -> str:
        """Why this packet may not be answered, by its signatures; empty when it may."""
        raise NotImplementedError

    def work(self, packet: Packet, nas: Nas, secret: Secret, key: RequestKey) -> None:
        """Have the packet worked on; its answer goes out by `answer`."""
        raise NotImplementedError

    def answer(
        self,
        code: int,
        packet: Packet,
        reply: tuple[tuple[int, bytes], ...],
        secret: Secret,
        key: RequestKey,
        *,
        sign: bool,
    ) -> None:
        """Sign, remember and send a reply."""
        datagram = encode_reply(code, packet, reply, secret, sign=sign)
        self.duplicates.remember(key, packet.authenticator, datagram, self._clocks.monotonic())
        self._open.discard((key, packet.authenticator))
        way: Way = key.way
        way.send(datagram, (key.address, key.port))

    def drop(self, why: str, host: str, words: str) -> None:
        """Count a datagram that gets no answer; tell the log, seldom."""
        self.counters[why] += 1
        if self.complaints.may_say(why, host):
            self.log.warn(
                "{kind} datagram from {host} dropped: {words}", kind=self.kind, host=host, words=words
            )

    def failed(self, reason: object, key: RequestKey, packet: Packet) -> None:
        """An answer could not be made: silence, and the next repetition is worked on anew (security R7)."""
        self._open.discard((key, packet.authenticator))
        self.counters["failed"] += 1
        self.duplicates.forget(key, packet.authenticator)
        if self.complaints.may_say("failed", key.address):
            self.log.error("{kind} request from {host} not answered: {reason}", kind=self.kind, host=key.address,
                           reason=str(getattr(reason, "value", reason)))  # fmt: skip


class AccessFlow(Protocol):
    """What the authentication port needs of flows.access."""

    def answer(
        self, packet: Packet, nas: Nas, peer: str, password: bytes | None, now: int
    ) -> Deferred[AccessAnswer]:
        """The unsigned answer to a request; fails when none can be made."""

    def proved_signing(self, nas: Nas, host: str, now: int) -> None:
        """A device's request carried a right Message-Authenticator."""


class AuthPort(RadiusPort):
    """Port 1812: Access-Request and Status-Server."""

    codes = AUTH_CODES
    keep_seconds = AUTH_KEEP_SECONDS
    kind = "auth"

    def __init__(self, finder: NasFinder, flow: AccessFlow, clocks: Clocks) -> None:
        super().__init__(finder, clocks)
        self._flow = flow

    def refusal(self, packet: Packet, nas: Nas, secret: Secret, host: str) -> str:
        """Message-Authenticator by semantics §1.7, §1.8, §3 and the NAS's policy."""
        signature = message_authenticator(packet, secret)
        if signature is Signature.BAD:
            return "bad_message_authenticator"
        if signature is Signature.GOOD:
            # EAP and Status-Server prove nothing: every device signs those (security R4)
            if packet.code == Code.ACCESS_REQUEST and not packet.has(attr.EAP_MESSAGE):
                self._flow.proved_signing(nas, host, self._clocks.now())
            return ""
        if packet.code == Code.STATUS_SERVER or packet.has(attr.EAP_MESSAGE):
            return "unsigned"
        policy = nas.message_authenticator
        if policy is MessageAuthenticatorPolicy.REQUIRE:
            return "unsigned"
        if policy is MessageAuthenticatorPolicy.AUTO and self._finder.signs(nas, host):
            return "unsigned"
        if packet.has(attr.PROXY_STATE):
            return "unsigned_with_proxy_state"
        return ""

    def work(self, packet: Packet, nas: Nas, secret: Secret, key: RequestKey) -> None:
        """Answer a probe at once; hand a login to its flow."""
        if packet.code == Code.STATUS_SERVER:
            self.counters["status"] += 1
            self.answer(Code.ACCESS_ACCEPT, packet, (), secret, key, sign=True)
            return
        hidden = packet.first(attr.USER_PASSWORD)
        password = None if hidden is None else reveal_pap(hidden, secret, packet.authenticator)
        done = self._flow.answer(packet, nas, key.address, password, self._clocks.now())
        done.addCallback(self._judged, packet, secret, key).addErrback(self.failed, key, packet)

    def _judged(self, answer: AccessAnswer, packet: Packet, secret: Secret, key: RequestKey) -> None:
        self.counters[_VERDICTS[answer.code]] += 1
        if answer.delay_seconds:
            self._clocks.later(answer.delay_seconds, self._reply, answer, packet, secret, key)
        else:
            self._reply(answer, packet, secret, key)

    def _reply(self, answer: AccessAnswer, packet: Packet, secret: Secret, key: RequestKey) -> None:
        try:
            self.answer(answer.code, packet, answer.attributes, secret, key, sign=True)
        except ValueError as error:
            # Beside a request's long row of Proxy-State a reply may not fit into 4096 octets (semantics §2.21)
            self.failed(error, key, packet)


class AccountingFlow(Protocol):
    """What the accounting port needs of flows.accounting."""

    def record(self, packet: Packet, nas: Nas, peer: str, now: int) -> Deferred[bool]:
        """Record a report; True once it is durable, False when it is none, failure when it could not be recorded."""


class AcctPort(RadiusPort):
    """Port 1813: Accounting-Request, answered only after its record is durable, and Status-Server."""

    codes = ACCT_CODES
    keep_seconds = ACCT_KEEP_SECONDS
    kind = "acct"

    def __init__(self, finder: NasFinder, flow: AccountingFlow, clocks: Clocks) -> None:
        super().__init__(finder, clocks)
        self._flow = flow
        self.wrong_secret: Counter[NasId] = Counter()

    def refusal(self, packet: Packet, nas: Nas, secret: Secret, host: str) -> str:
        """Request Authenticator (RFC 2866 §3) and, where present, Message-Authenticator."""
        if packet.code == Code.STATUS_SERVER:
            return "" if message_authenticator(packet, secret) is Signature.GOOD else "unsigned"
        if not accounting_authenticator_ok(packet, secret):
            self.wrong_secret[nas.id] += 1
            return "wrong_secret"
        if message_authenticator(packet, secret) is Signature.BAD:
            return "bad_message_authenticator"
        return ""

    def work(self, packet: Packet, nas: Nas, secret: Secret, key: RequestKey) -> None:
        """Record, then answer; a record that was not made is not answered (RFC 2866 §4.1)."""
        if packet.code == Code.STATUS_SERVER:
            self.counters["status"] += 1
            self.answer(Code.ACCOUNTING_RESPONSE, packet, (), secret, key, sign=True)
            return
        done = self._flow.record(packet, nas, key.address, self._clocks.now())
        done.addCallback(self._recorded, packet, secret, key)
        done.addErrback(self.failed, key, packet)

    def _recorded(self, answerable: bool, packet: Packet, secret: Secret, key: RequestKey) -> None:
        if answerable:
            self.counters["recorded"] += 1
            self.answer(Code.ACCOUNTING_RESPONSE, packet, (), secret, key, sign=False)
        else:
            self._open.discard((key, packet.authenticator))
            self.drop("not_a_report", key.address, "an accounting request without a usable status")
            self.duplicates.forget(key, packet.authenticator)
