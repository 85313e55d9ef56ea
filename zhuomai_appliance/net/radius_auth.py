"""The port for logins (1812), without its transport: what may be answered, what is shed, what a reply may hold."""

from __future__ import annotations

from collections import Counter
from typing import Final, Protocol

from twisted.internet.defer import Deferred

from zhuomai_appliance.flows.ports import AccessAnswer, NasFinder
from zhuomai_appliance.flows.third_party import device_of
from zhuomai_appliance.flows.trace import NO_TRACE, Tracer
from zhuomai_appliance.model.network import MessageAuthenticatorPolicy, Nas, NasId
from zhuomai_appliance.net.buckets import Buckets
from zhuomai_appliance.net.clocks import Clocks
from zhuomai_appliance.net.load import Load
from zhuomai_appliance.net.radius_port import RADSEC_SECRET, RadiusPort
from zhuomai_appliance.radius import attributes as attr
from zhuomai_appliance.radius.duplicates import RequestKey
from zhuomai_appliance.radius.hidden import hidden_attributes
from zhuomai_appliance.radius.packet import (
    HEADER_OCTETS,
    MAX_PACKET_OCTETS,
    Attribute,
    Code,
    Packet,
    Secret,
    Signature,
    message_authenticator,
)
from zhuomai_appliance.radius.passwords import reveal_pap

AUTH_CODES: Final = frozenset((Code.ACCESS_REQUEST, Code.STATUS_SERVER))
AUTH_KEEP_SECONDS: Final = 10.0

CLIENT_PER_SECOND: Final = 10.0
CLIENT_BURST: Final = 30
"""New logins of one client while the port is late: a PEAP login takes ten requests, of which one is new."""

DOUBTS: Final = 3
"""Passwords that are no text, from a device whose secret was never proved right, before the log says so."""

_VERDICTS: Final = {
    code: code.name.lower() for code in (Code.ACCESS_ACCEPT, Code.ACCESS_REJECT, Code.ACCESS_CHALLENGE)
}


class AccessFlow(Protocol):
    """What the authentication port needs of flows.access."""

    def answer(
        self, packet: Packet, nas: Nas, peer: str, password: bytes | None, now: int
    ) -> Deferred[AccessAnswer]:
        """The unsigned answer to a request; fails when none can be made."""

    def proved_signing(self, nas: Nas, host: str, now: int) -> None:
        """A device's request carried a right Message-Authenticator."""

    def is_under_way(self, nas: Nas, state: bytes) -> bool:
        """Whether a State is that of a conversation which a device began and has not ended."""


class AuthPort(RadiusPort):
    """Access-Request and Status-Server. ``doubts`` counts, for each device, passwords that read like a wrong secret."""

    codes = AUTH_CODES
    keep_seconds = AUTH_KEEP_SECONDS
    kind = "auth"

    def __init__(
        self,
        finder: NasFinder,
        flow: AccessFlow,
        clocks: Clocks,
        load: Load | None = None,
        tracer: Tracer = NO_TRACE,
    ) -> None:
        super().__init__(finder, clocks, load, tracer)
        self._flow = flow
        self._clients = Buckets(CLIENT_PER_SECOND, CLIENT_BURST)
        self._proved: set[tuple[NasId, bytes]] = set()
        self.doubts: Counter[NasId] = Counter()

    def refusal(self, packet: Packet, nas: Nas, secret: Secret, host: str) -> str:
        """Message-Authenticator by semantics §1.7, §1.8, §3 and the NAS's policy."""
        signature = message_authenticator(packet, secret)
        if signature is Signature.BAD:
            return "bad_message_authenticator"
        if signature is Signature.GOOD:
            # EAP and Status-Server prove nothing: every device signs those (security R4)
            if (
                packet.code == Code.ACCESS_REQUEST
                and not packet.has(attr.EAP_MESSAGE)
                and secret is not RADSEC_SECRET
            ):
                self._flow.proved_signing(nas, host, self._clocks.now())
            return ""
        if packet.code == Code.STATUS_SERVER or packet.has(attr.EAP_MESSAGE):
            return "unsigned"
        if secret is RADSEC_SECRET:
            # TLS signs all of it, and what cannot be forged need not be signed once more (semantics §3)
            return ""
        policy = nas.message_authenticator
        if policy is MessageAuthenticatorPolicy.REQUIRE:
            return "unsigned"
        if policy is MessageAuthenticatorPolicy.AUTO and self._finder.signs(nas, host):
            return "unsigned"
        if packet.has(attr.PROXY_STATE):
            return "unsigned_with_proxy_state"
        return ""

    def sheds(self, packet: Packet, nas: Nas, now: float) -> str:
        """A client that begins login after login (semantics §1.15); conversations under way are carried on."""
        if packet.code == Code.STATUS_SERVER:
            return ""
        state = packet.first(attr.STATE)
        if state is not None and self._flow.is_under_way(nas, state):
            return ""
        client = packet.first(attr.CALLING_STATION_ID) or packet.first(attr.USER_NAME)
        return "" if self._clients.take((nas.id, client), now) else "client_too_fast"

    def work(self, packet: Packet, nas: Nas, secret: Secret, key: RequestKey) -> None:
        """Answer a probe at once; hand a login to its flow."""
        if packet.code == Code.STATUS_SERVER:
            self.counters["status"] += 1
            self.answer(Code.ACCESS_ACCEPT, packet, (), secret, key, sign=True)
            return
        hidden = packet.first(attr.USER_PASSWORD)
        password = None if hidden is None else reveal_pap(hidden, secret, packet.authenticator)
        if (nas.id, nas.secret) not in self._proved:
            self._weigh_secret(packet, nas, password, key.address)
        device = device_of(packet, nas, key.address)
        done = self._flow.answer(packet, nas, device, password, self._clocks.now())
        done.addCallback(self._judged, packet, nas, secret, key).addErrback(self.failed, key, packet)

    def _weigh_secret(self, packet: Packet, nas: Nas, password: bytes | None, host: str) -> None:
        """A wrong secret makes noise of every password; nobody types noise (semantics §1.14)."""
        if packet.has(attr.MESSAGE_AUTHENTICATOR):
            # It was checked, and only who holds the secret can make it
            self._prove(nas)
        elif password is not None and not _is_text(password):
            self.doubts[nas.id] += 1
            if self.doubts[nas.id] >= DOUBTS and self.complaints.may_say("secret", host):
                self.log.warn(
                    "no login of {nas} ({host}) ever succeeded and its passwords are no text:"
                    " the shared secret probably differs",
                    nas=nas.name,
                    host=host,
                )

    def _prove(self, nas: Nas) -> None:
        self._proved.add((nas.id, nas.secret))
        self.doubts.pop(nas.id, None)

    def _judged(
        self, answer: AccessAnswer, packet: Packet, nas: Nas, secret: Secret, key: RequestKey
    ) -> None:
        self.counters[_VERDICTS[answer.code]] += 1
        if answer.code is Code.ACCESS_ACCEPT and (nas.id, nas.secret) not in self._proved:
            self._prove(nas)
        if answer.delay_seconds:
            # How long a guesser is kept waiting is no measure of ours
            self.answered(packet, key, self._clocks.monotonic())
            self._open[(key, packet.authenticator)] = 0.0
            self._clocks.later(answer.delay_seconds, self._reply, answer, packet, nas, secret, key)
        else:
            self._reply(answer, packet, nas, secret, key)

    def _reply(self, answer: AccessAnswer, packet: Packet, nas: Nas, secret: Secret, key: RequestKey) -> None:
        attributes = answer.attributes
        if answer.hidden:
            attributes += hidden_attributes(answer.hidden, secret, packet.authenticator)
        try:
            self.answer(answer.code, packet, attributes, secret, key, sign=True)
            return
        except ValueError as error:
            fitting, left_out = without_rules(packet, attributes)
            if not left_out:
                # Beside a request's long row of Proxy-State even a short reply may not fit (semantics §2.21)
                self.failed(error, key, packet)
                return
        self.counters["shortened"] += 1
        if self.complaints.may_say("shortened", key.address):
            self.log.error(
                "a reply to {nas} would not fit into 4096 octets: {count} rules of attribute {numbers} were left"
                " out, and none of them is in force; give the device a named rule set instead",
                nas=nas.name,
                count=sum(left_out.values()),
                numbers=", ".join("-".join(map(str, kind)) for kind in left_out),
            )
        try:
            self.answer(answer.code, packet, fitting, secret, key, sign=True)
        except ValueError as error:
            self.failed(error, key, packet)


def _is_text(password: bytes) -> bool:
    for encoding in ("utf-8", "gbk"):
        try:
            if password.decode(encoding).isprintable():
                return True
        except UnicodeDecodeError:
            continue
    return False


_Kind = tuple[int, ...]

_RULES: Final = frozenset((attr.VENDOR_SPECIFIC, attr.NAS_FILTER_RULE))
_CISCO_PAIR: Final = (attr.VENDOR_SPECIFIC, 9, 1)


def without_rules(
    packet: Packet, attributes: tuple[Attribute, ...]
) -> tuple[tuple[Attribute, ...], dict[_Kind, int]]:
    """The attributes of a reply that is too long without its rows of rules, the longest row first, each whole.

    A rule set of which a part is missing may allow what it should forbid (semantics §2.21). Rows are vendor attributes
    and NAS-Filter-Rules that come more than once. What was left out comes back by attribute and number of rules.
    """
    room = (
        MAX_PACKET_OCTETS - HEADER_OCTETS - 18 - sum(len(one) + 2 for one in packet.every(attr.PROXY_STATE))
    )
    rows: dict[_Kind, list[Attribute]] = {}
    for attribute in attributes:
        rows.setdefault(_kind(attribute), []).append(attribute)
    octets = sum(len(value) + 2 for _, value in attributes)
    left_out: dict[_Kind, int] = {}
    for kind, row in sorted(rows.items(), key=lambda pair: -sum(len(value) for _, value in pair[1])):
        if octets > room and len(row) > 1 and kind[0] in _RULES and kind != _CISCO_PAIR:
            left_out[kind] = len(row)
            octets -= sum(len(value) + 2 for _, value in row)
    return tuple(one for one in attributes if _kind(one) not in left_out), left_out


def _kind(attribute: Attribute) -> _Kind:
    number, value = attribute
    if number != attr.VENDOR_SPECIFIC or len(value) <= 4:
        return (number,)
    kind = number, int.from_bytes(value[:4], "big"), value[4]
    # Cisco's pairs hold rates and pools too: of these the rules alone may go, "ip:inacl#10=permit ..."
    return (*kind, 0) if kind == _CISCO_PAIR and b"acl#" in value else kind
