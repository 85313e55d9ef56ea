"""Logins of realms whose accounts are elsewhere: passed on, and the answer brought back in our own words.

    which servers -> ask the first -> silent: the next -> what of its answer may be given -> Class of ours in place of its

What the other server says of the user counts: who it is and for how long. What the service is like here is ours to say.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, Protocol

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from zhuomai_appliance.entropy import Entropy
from zhuomai_appliance.flows import class_token
from zhuomai_appliance.flows.realms import Domain, Server, refusal_of
from zhuomai_appliance.flows.roster import Roster, Standing
from zhuomai_appliance.model.access import AccessAttempt, EapProof, Grant, PapProof, Reason, Rejection
from zhuomai_appliance.model.network import Nas
from zhuomai_appliance.model.roaming import ANY_OTHER, Upstream, UpstreamId, WhenSilent, normal_realm
from zhuomai_appliance.policy.authorize import granted_to_guest
from zhuomai_appliance.policy.rules import OPEN, Ruling
from zhuomai_appliance.radius import attributes as attr
from zhuomai_appliance.radius import eap
from zhuomai_appliance.radius.forwarding import came_back, forwarded, is_looping, permitted
from zhuomai_appliance.radius.hidden import HiddenValue
from zhuomai_appliance.radius.packet import Attribute, Code, Packet
from zhuomai_appliance.radius.values import escaped, integer, text
from zhuomai_appliance.store import roaming
from zhuomai_appliance.store.interface import Store
from zhuomai_appliance.store.vault import Vault
from zhuomai_appliance.vendors import profile_for
from zhuomai_appliance.vendors.replies import attributes_for
from zhuomai_appliance.vendors.requests import split_realm

CONVERSATIONS_KEPT: Final = 20_000
CONVERSATION_SECONDS: Final = 120.0
"""How long a challenge may wait for its answer: a person may be typing a code from a message."""

PATIENCE_SECONDS: Final = 9.0
"""After that no further server is asked: the device has asked again, and that is worked on anew after ten seconds."""

LONGEST_WORDS: Final = 200
"""Of what another server says, in the record of attempts."""

LOOP: Final = "the request has been here before: two servers pass this realm to each other"

_NOT_OURS: Final = PapProof(b"")
_LOOPBACK: Final = ("127.", "::1")
_TIMEOUTS: Final = frozenset((attr.SESSION_TIMEOUT, attr.IDLE_TIMEOUT))


class ServerReply(NamedTuple):
    """An answer that verified. ``hidden`` are its hidden attributes, in clear."""

    packet: Packet
    hidden: tuple[HiddenValue, ...] = ()


class NotAsked(Exception):
    """A question was not sent, which says nothing of the server. ``is_hopeless``: it never can be, it is too long."""

    def __init__(self, why: str, *, is_hopeless: bool) -> None:
        super().__init__(why)
        self.is_hopeless = is_hopeless


class ServerClient(Protocol):
    """Asks servers elsewhere (net.proxy_client). Every Deferred fires once; None and False are silence.

    They fail with `NotAsked` alone.
    """

    def ask(
        self, upstream: Upstream, attributes: Sequence[Attribute], password: bytes | None
    ) -> Deferred[ServerReply | None]:
        """Pass a login on; the password is hidden anew for this server."""

    def report(self, upstream: Upstream, attributes: Sequence[Attribute]) -> Deferred[bool]:
        """Pass an accounting report on; whether it was taken."""

    def probe(self, upstream: Upstream) -> Deferred[bool]:
        """Ask whether the server lives (Status-Server, RFC 5997); whether it answered."""


class GuestVerdict(NamedTuple):
    """What became of a login elsewhere. ``code`` None: nobody answered, and nobody is to be answered.

    ``rejection`` says why it was refused; ``detail`` is for the record of attempts.
    """

    code: Code | None
    attributes: tuple[Attribute, ...]
    rejection: Rejection | None
    detail: str
    hidden: tuple[HiddenValue, ...] = ()


class Proxying:
    """Passes logins on. One object per process, on the reactor thread."""

    log = Logger(namespace="zhuomai.proxy")

    def __init__(
        self,
        store: Store,
        vault: Vault,
        client: ServerClient,
        roster: Roster,
        entropy: Entropy,
        monotonic: Callable[[], float],
    ) -> None:
        self._store = store
        self._vault = vault
        self._client = client
        self.roster = roster
        self._tickets = class_token.Tickets(entropy)
        self._monotonic = monotonic
        self._mark = b"zm" + vault.sign("proxy-state", b"")[:6]
        self._conversations: OrderedDict[tuple[int, bytes], tuple[UpstreamId, float]] = OrderedDict()

    def refusal(self, packet: Packet, attempt: AccessAttempt, domain: Domain) -> Rejection | None:
        """Why a login is not passed on: its realm is refused, it goes in circles, or no server could have its realm."""
        if refused := refusal_of(attempt, domain):
            return refused
        if is_looping(packet, self._mark):
            name = attempt.realm or domain.realm.name
            self.log.warn("realm {realm} goes in circles between servers", realm=domain.realm.name)
            return Rejection(Reason.REALM_REFUSED, LOOP, (("x", name),))
        return None

    async def ask(
        self,
        packet: Packet,
        attempt: AccessAttempt,
        domain: Domain,
        nas: Nas,
        peer: str,
        password: bytes | None,
        now: int,
        ruling: Ruling = OPEN,
    ) -> GuestVerdict:
        """Pass a login on to the first server that answers; ``ruling`` is what our access rules say of the place."""
        user_name = outgoing_name(packet, attempt, domain)
        mark = self._mark + self._tickets.draw()
        attributes = (*identity_of(packet, nas), *forwarded(packet, user_name, mark))
        until = self._monotonic() + PATIENCE_SECONDS
        for server in self._servers(packet, domain, nas, peer):
            if self._monotonic() >= until:
                break
            reply = await self._ask_one(server.upstream, attributes, password, mark)
            if reply is not None:
                return self._read(reply, server, attempt, domain, nas, now, ruling)
        return self._nobody(domain, attempt)

    def _servers(self, packet: Packet, domain: Domain, nas: Nas, peer: str) -> list[Server]:
        """Whom to ask, in order; a conversation goes on with whoever began it."""
        state = packet.first(attr.STATE)
        begun = None if state is None else self._conversation(nas, state)
        if begun is not None:
            return [server for server in domain.servers if server.upstream.id == begun]
        # What a server passed to us is not for that server; two of them on one machine are another matter
        sources = {peer, nas.host} if nas.is_single_host else {peer}
        fit = [
            server
            for server in domain.servers
            if server.upstream.address not in sources or server.upstream.address.startswith(_LOOPBACK)
        ]
        return self.roster.in_order(fit, lambda server: server.upstream)

    async def _ask_one(
        self, upstream: Upstream, attributes: Sequence[Attribute], password: bytes | None, mark: bytes
    ) -> ServerReply | None:
        since = self.roster.asked(upstream)
        try:
            reply = await self._client.ask(upstream, attributes, password)
        except NotAsked:
            return None
        if reply is not None and came_back(reply.packet, mark):
            if self.roster.answered(upstream, since) is Standing.DEAD:
                self.log.info("server {name} answers again", name=upstream.name)
            return reply
        if reply is not None:
            self.roster.refused(upstream)
        if self.roster.was_silent(upstream):
            self.log.warn(
                "server {name} at {host} does not answer", name=upstream.name, host=upstream.address
            )
        return None

    def _nobody(self, domain: Domain, attempt: AccessAttempt) -> GuestVerdict:
        names = ", ".join(server.upstream.name for server in domain.servers)
        rejection = Rejection(Reason.HOME_SILENT, names, (("x", attempt.realm or domain.realm.name),))
        code = Code.ACCESS_REJECT if domain.realm.when_silent is WhenSilent.REJECT else None
        return GuestVerdict(code, (), rejection, names)

    # Answers ------------------------------------------------------------------------------------------------------------

    def _read(
        self,
        reply: ServerReply,
        server: Server,
        attempt: AccessAttempt,
        domain: Domain,
        nas: Nas,
        now: int,
        ruling: Ruling,
    ) -> GuestVerdict:
        packet, name = reply.packet, server.upstream.name
        kept = permitted(packet, server.accepted)
        if packet.code == Code.ACCESS_CHALLENGE:
            self._begin(packet, nas, server.upstream.id)
            return GuestVerdict(Code.ACCESS_CHALLENGE, kept, None, name)
        if packet.code != Code.ACCESS_ACCEPT:
            said = escaped(text(packet.first(attr.REPLY_MESSAGE)) or "")[:LONGEST_WORDS]
            detail = f"{name}: {said}" if said else name
            rejection = Rejection(Reason.HOME_REFUSED, detail, (("x", attempt.realm or domain.realm.name),))
            return GuestVerdict(Code.ACCESS_REJECT, _ending(kept, attempt), rejection, detail)
        token = class_token.make_guest(self._vault, self._tickets.draw(), attempt.access_kind)
        login = roaming.RoamingLogin(domain.realm.name, name, tuple(packet.every(attr.CLASS)))
        self._store.enqueue(lambda tx: roaming.put_login(tx, nas.project_id, token, login, now))
        grant = Grant(
            # Zero would mean no limit to some devices, and no stay to the server
            session_timeout_seconds=integer(packet.first(attr.SESSION_TIMEOUT)) or None,
            idle_timeout_seconds=integer(packet.first(attr.IDLE_TIMEOUT)) or None,
            octets_left=None,
            rate=None,
            acct_interim_seconds=nas.interim_seconds,
        )
        grant = granted_to_guest(grant, ruling, now)
        own = attributes_for(grant, nas, profile_for(nas), None, attempt.access_kind, token)
        # What our rules set is set once; vendors' attributes differ inside
        ours = {number for number, _ in own} - {attr.VENDOR_SPECIFIC}
        told = packet.first(attr.USER_NAME)
        if told is not None and not _is_of(told, attempt, domain):
            ours.add(attr.USER_NAME)
        theirs = tuple(one for one in kept if one[0] not in _TIMEOUTS and one[0] not in ours)
        return GuestVerdict(Code.ACCESS_ACCEPT, (*theirs, *own), None, name, reply.hidden)

    # Conversations ------------------------------------------------------------------------------------------------------

    def _begin(self, packet: Packet, nas: Nas, upstream_id: UpstreamId) -> None:
        state = packet.first(attr.STATE)
        if state is None:
            return
        self._conversations[nas.id, state] = upstream_id, self._monotonic() + CONVERSATION_SECONDS
        while len(self._conversations) > CONVERSATIONS_KEPT:
            self._conversations.popitem(last=False)

    def is_under_way(self, nas: Nas, state: bytes) -> bool:
        """Whether a State is one that a server elsewhere gave to a device lately."""
        return self._conversation(nas, state) is not None

    def _conversation(self, nas: Nas, state: bytes) -> UpstreamId | None:
        found = self._conversations.get((nas.id, state))
        if found is None or found[1] < self._monotonic():
            return None
        return found[0]


def _ending(attributes: tuple[Attribute, ...], attempt: AccessAttempt) -> tuple[Attribute, ...]:
    """What a Reject says to the device: to one that speaks EAP its Failure, also where the other server left that out.

    The device may not make one up, and without it the terminal waits on (RFC 3579 §2.6.3); a sentence does not go beside
    it (§2.6.5).
    """
    proof = attempt.proof
    if not isinstance(proof, EapProof):
        return attributes
    said = eap.joined([value for number, value in attributes if number == attr.EAP_MESSAGE])
    if said[:1] == bytes((eap.EapCode.FAILURE,)):
        return attributes
    others = [one for one in attributes if one[0] not in (attr.EAP_MESSAGE, attr.REPLY_MESSAGE)]
    return (*others, *eap.split(eap.failure(eap.identifier_of(proof.packet))))


def _is_of(name: bytes, attempt: AccessAttempt, domain: Domain) -> bool:
    """Whether a name that another server gives is one of its realm: reports under any other might be taken for ours."""
    _, realm = split_realm(text(name) or "")
    return realm is not None and normal_realm(realm) == normal_realm(attempt.realm or domain.realm.name)


def outgoing_name(packet: Packet, attempt: AccessAttempt, domain: Domain) -> bytes | None:
    """The User-Name to pass on; None leaves the request's own.

    Never another one beside EAP, whose identity it repeats (RFC 3579 §2.1), and beside MS-CHAP-v2, which proves it
    together with the password (RFC 2759 §8.2).
    """
    if packet.has(attr.EAP_MESSAGE) or packet.vendor(attr.VENDOR_MICROSOFT, 25) is not None:
        return None
    return renamed(packet.first(attr.USER_NAME) or b"", attempt.realm, domain)


def as_judged(attempt: AccessAttempt, packet: Packet) -> AccessAttempt:
    """A guest's login as our own lists look at it: what proves it, also in ways that are not offered here, is not ours."""
    ms_chap = any(packet.vendor(attr.VENDOR_MICROSOFT, number) is not None for number in (1, 25))
    kinds = [packet.has(one) for one in (attr.USER_PASSWORD, attr.CHAP_PASSWORD, attr.EAP_MESSAGE)]
    return attempt._replace(proof=_NOT_OURS) if sum(kinds) + ms_chap == 1 else attempt


def renamed(name: bytes, realm: str | None, domain: Domain) -> bytes | None:
    """A name as the other server knows it, with or without its realm; None where it stays as it is."""
    if realm is None:
        own = domain.realm
        return None if own.strip or own.name == ANY_OTHER else name + b"@" + own.name.encode()
    # Octets are cut, not characters: what stands before may be in any encoding, a realm is ASCII
    return name[: -len(realm) - 1] if domain.realm.strip else None


def identity_of(packet: Packet, nas: Nas) -> tuple[Attribute, ...]:
    """Who the access device is, for a request that does not say it: else the other server would take us for it."""
    if any(packet.has(one) for one in (attr.NAS_IP_ADDRESS, attr.NAS_IDENTIFIER, attr.NAS_IPV6_ADDRESS)):
        return ()
    return ((attr.NAS_IDENTIFIER, (nas.identifier or nas.name).encode()[:253]),)


class Tending:
    """Looks after the servers: asks those that are dead, or were not heard of for long, whether they live."""

    log = Logger(namespace="zhuomai.proxy")

    def __init__(
        self, client: ServerClient, roster: Roster, upstreams: Callable[[], Sequence[Upstream]]
    ) -> None:
        self._client = client
        self._roster = roster
        self._upstreams = upstreams

    async def run(self) -> int:
        """Send the probes that are due; how many. Nobody waits for the answers."""
        declared = self._upstreams()
        self._roster.keep(declared)
        due = self._roster.to_probe(declared)
        for upstream in due:
            since = self._roster.asked(upstream)
            probed = self._client.probe(upstream).addCallback(self._probed, upstream, since)
            probed.addErrback(lambda failure: failure.trap(NotAsked))
        return len(due)

    def _probed(self, lives: bool, upstream: Upstream, since: float) -> None:
        if lives:
            if self._roster.answered(upstream, since) is Standing.DEAD:
                self.log.info("server {name} answers again", name=upstream.name)
        elif self._roster.was_silent(upstream):
            self.log.warn(
                "server {name} at {host} does not answer", name=upstream.name, host=upstream.address
            )
