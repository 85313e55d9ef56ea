"""802.1X: an EAP conversation over many Access-Requests, from identity to the login that it proved.

    identity ──> method offered ──Nak──> another, once
                    └──> to and fro ──> Prove: account looked up, proof held against it ──> ... ──> Ended

Whoever proved himself inside is who logs in: his name is looked up, recorded and billed, whatever the device calls
itself outside. What ends here is no verdict yet: flows.access asks the rules, at a resumed session too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final, NamedTuple

from zhuomai_appliance.entropy import Entropy
from zhuomai_appliance.flows.certificate_checks import FAULT_REASONS
from zhuomai_appliance.flows.eap_proofs import RESUMED, EapProver
from zhuomai_appliance.flows.eap_talks import MOST_ROUNDS, MOST_TALKS, Talk, Talks
from zhuomai_appliance.flows.ports import AccessAnswer
from zhuomai_appliance.flows.tables import Tables
from zhuomai_appliance.model.access import AccessAttempt, EapProof, Reason, Rejection
from zhuomai_appliance.model.network import Nas
from zhuomai_appliance.policy import authorize
from zhuomai_appliance.policy.case import Case
from zhuomai_appliance.radius import attributes as attr
from zhuomai_appliance.radius import eap
from zhuomai_appliance.radius.eap_md5 import EapMd5
from zhuomai_appliance.radius.eap_method import Done, Failed, Method, Prove, Send, Step
from zhuomai_appliance.radius.eap_mschapv2 import EapMsChapV2
from zhuomai_appliance.radius.eap_peap import Peap
from zhuomai_appliance.radius.eap_tls import EapTls, fragment_octets
from zhuomai_appliance.radius.eap_ttls import Ttls
from zhuomai_appliance.radius.packet import Code, Packet, WireError
from zhuomai_appliance.radius.tls_engine import TlsContext
from zhuomai_appliance.radius.values import integer

_TUNNELS: Final = frozenset(("peap", "ttls"))
_WIRELESS: Final = 19
_WORDS: Final = {number: word for word, number in eap.METHODS.items()}


class Ended(NamedTuple):
    """A conversation that is over. ``attempt`` is by the name that was proved, or else by the name outside.

    ``refused`` None: everything is proved, and the rules are to be asked. ``talk`` is None for a packet that belongs to
    no conversation.
    """

    attempt: AccessAttempt
    refused: Rejection | None
    talk: Talk | None = None
    keys: bytes = b""

    def __repr__(self) -> str:
        return f"<Ended {self.attempt.username_raw!r} {self.refused!r}>"


class EapDesk:
    """Leads the conversations. One object per process, on the reactor thread.

    ``tls`` is what tunnels are made of; None: only methods without one are offered. ``conversations`` is how many may be
    open at once.
    """

    def __init__(
        self,
        tables: Tables,
        prover: EapProver,
        entropy: Entropy,
        monotonic: Callable[[], float],
        tls: TlsContext | None,
        conversations: int = MOST_TALKS,
    ) -> None:
        self._tables = tables
        self._prover = prover
        self._entropy = entropy
        self._tls = tls
        self.talks = Talks(entropy, monotonic, conversations)
        #: Conversations begun; packets that belong to none; ends by method and outcome; logins by an earlier session.
        self.begun = self.strays = 0
        self.ended: Counter[tuple[str, str]] = Counter()
        self.resumed: Counter[str] = Counter()

    def answer(
        self, attempt: AccessAttempt, proof: EapProof, packet: Packet, nas: Nas, now: int
    ) -> AccessAnswer | Ended:
        """The next challenge, or how the conversation ended. Raises nothing for what a device sends."""
        talk: Talk | None = None
        caller = attempt.calling_station_raw, attempt.username_raw
        if proof.state is not None:
            talk = self.talks.take(nas.id, proof.state, caller)
            if talk is None:
                return _broken(attempt, "a State that is none, used up, too old, or another conversation's")
        if not proof.packet:
            return (
                _broken(attempt, "EAP-Start amid a conversation", talk) if talk else self._start(nas, caller)
            )
        try:
            said = eap.decode(proof.packet)
        except WireError as error:
            return _broken(attempt, str(error), talk)
        if said.code is not eap.EapCode.RESPONSE:
            return _broken(attempt, "an EAP packet that is no response", talk)
        if talk is None:
            if said.kind != eap.IDENTITY:
                return _broken(attempt, "an EAP response outside any conversation")
            talk = self._begin(caller)
        elif said.identifier != talk.identifier:
            return _broken(attempt, "an EAP response to another request", talk)
        talk.rounds += 1
        if talk.rounds > MOST_ROUNDS:
            return _broken(attempt, f"over {MOST_ROUNDS} rounds", talk)
        talk.identifier = (said.identifier + 1) & 0xFF
        if talk.method is None:
            step = self._identified(talk, said, attempt, packet, nas, now)
        elif eap.is_nak(said):
            step = self._refused_method(talk, said, packet)
        elif said.kind != talk.method.eap_type:
            step = Failed(f"EAP type {said.kind} where {talk.method.eap_type} was due")
        else:
            talk.offered = ()
            step = talk.method.step(said.data, talk.identifier)
        return self._follow(talk, step, attempt, nas, now)

    def admitted(self, ended: Ended) -> tuple[tuple[int, bytes], ...]:
        """What the rules' leave adds to the Accept; from now on the session may be resumed."""
        talk = ended.talk
        if talk is None or talk.method is None:
            return ()
        talk.method.granted(talk.words)
        return eap.split(eap.success((talk.identifier - 1) & 0xFF))

    def note(self, ended: Ended, *, granted: bool) -> None:
        """Count how a conversation ended, once the rules have had their say."""
        talk = ended.talk
        if talk is None:
            self.strays += 1
            return
        method = "none" if talk.method is None else _WORDS[talk.method.eap_type]
        if granted:
            outcome = "granted"
            proof = ended.attempt.proof
            if isinstance(proof, EapProof) and proof.method.endswith(RESUMED):
                self.resumed[method] += 1
        else:
            is_broken = ended.refused is not None and ended.refused.reason is Reason.MALFORMED
            outcome = "broken" if is_broken else "refused"
        self.ended[method, outcome] += 1

    # Turns --------------------------------------------------------------------------------------------------------------

    def _start(self, nas: Nas, caller: tuple[str, str]) -> AccessAnswer:
        """The device asks us to begin: ask for the identity."""
        talk = self._begin(caller)
        talk.identifier = self._entropy.below(256)
        return self._challenge(talk, nas, eap.request(talk.identifier, eap.IDENTITY, b""))

    def _begin(self, caller: tuple[str, str]) -> Talk:
        self.begun += 1
        return Talk(caller)

    def _identified(
        self, talk: Talk, said: eap.EapPacket, attempt: AccessAttempt, packet: Packet, nas: Nas, now: int
    ) -> Step:
        if said.kind != eap.IDENTITY or not 0 < len(said.data) <= eap.MAX_IDENTITY_OCTETS:
            return Failed("no identity")
        talk.identity = said.data
        refused = authorize.before_proof(
            Case(attempt, None, self._tables.policies(nas.project_id).lists, now)
        )
        if refused is not None and refused.reason is not Reason.UNKNOWN_USER:
            # Nothing that could be said inside changes this
            talk.refused = refused
            return Failed(refused.detail)
        methods = self._methods(nas, packet)
        if not methods:
            return Failed("no EAP method is offered to this device")
        return self._offer(talk, methods[0], methods[1:], packet)

    def _refused_method(self, talk: Talk, said: eap.EapPacket, packet: Packet) -> Step:
        """Offer the method that the device would rather have, once (RFC 3748 §5.3)."""
        wanted = eap.wanted_types(said)
        for number in wanted:
            for word in talk.offered:
                if eap.METHODS[word] == number:
                    return self._offer(talk, word, (), packet)
        return Failed(f"the device wants EAP types {list(wanted[:8])}, of which none is offered")

    def _offer(self, talk: Talk, word: str, others: tuple[str, ...], packet: Packet) -> Step:
        talk.method, talk.offered = self._method(word, packet), others
        return talk.method.begin(talk.identifier)

    def _follow(
        self, talk: Talk, step: Step, attempt: AccessAttempt, nas: Nas, now: int
    ) -> AccessAnswer | Ended:
        method = talk.method
        while isinstance(step, Prove) and method is not None:
            step = method.proved(self._prover.prove(talk, step, attempt, nas, now))
        if isinstance(step, Send) and method is not None:
            return self._challenge(talk, nas, eap.request(talk.identifier, method.eap_type, step.data))
        own = attempt if talk.attempt is None else _as_now(talk.attempt, attempt)
        if isinstance(step, Done) and talk.attempt is not None and talk.refused is None:
            return Ended(own, None, talk, step.keys)
        if isinstance(step, Failed):
            return Ended(own, talk.refused or _rejection(step), talk)
        return Ended(own, talk.refused or Rejection(Reason.MALFORMED, "nothing was proved"), talk)

    def _challenge(self, talk: Talk, nas: Nas, request: bytes) -> AccessAnswer:
        state = self.talks.keep(nas.id, talk)
        return AccessAnswer(Code.ACCESS_CHALLENGE, (*eap.split(request), (attr.STATE, state)))

    # Methods ------------------------------------------------------------------------------------------------------------

    def _methods(self, nas: Nas, packet: Packet) -> tuple[str, ...]:
        """What this device is offered, in the order of its quirk ``eap_methods`` or else ours."""
        words = nas.quirks.get("eap_methods")
        order = eap.METHODS if words is None else str(words).lower().split()
        return tuple(word for word in order if self._is_offered(word, nas, packet))

    def _is_offered(self, word: str, nas: Nas, packet: Packet) -> bool:
        if word == "md5":
            # No keys come of it, and whoever listens may guess at leisure: never by radio
            by_wire = integer(packet.first(attr.NAS_PORT_TYPE)) != _WIRELESS
            return by_wire and nas.quirks.get("eap_md5") is True
        if word == "tls":
            return self._tls is not None and self._tls.asks_certificates
        return word == "mschapv2" or (word in _TUNNELS and self._tls is not None)

    def _method(self, word: str, packet: Packet) -> Method:
        if word == "md5":
            return EapMd5(self._nonce())
        if word == "mschapv2":
            return EapMsChapV2(self._nonce())
        if self._tls is None:
            raise RuntimeError(f"{word} without TLS")
        octets = fragment_octets(integer(packet.first(attr.FRAMED_MTU)))
        if word == "tls":
            return EapTls(self._tls.engine(client_certificate=True), octets)
        return (Peap if word == "peap" else Ttls)(self._tls.engine(), self._nonce, octets)

    def _nonce(self) -> bytes:
        return self._entropy.token(16)


def _broken(attempt: AccessAttempt, why: str, talk: Talk | None = None) -> Ended:
    return Ended(attempt, Rejection(Reason.MALFORMED, why), talk)


def _rejection(failed: Failed) -> Rejection:
    """What to tell of a method that failed by itself."""
    if failed.fault is None:
        return Rejection(Reason.MALFORMED, failed.why)
    return Rejection(FAULT_REASONS.get(failed.fault, Reason.MALFORMED), failed.why)


def _as_now(proved: AccessAttempt, attempt: AccessAttempt) -> AccessAttempt:
    """The login by the name that was proved some requests ago, with the packet of the request that is answered.

    A device ignores a Failure that bears another identifier than its own response (RFC 3748 §4.2).
    """
    now, then = attempt.proof, proved.proof
    if not isinstance(now, EapProof) or not isinstance(then, EapProof):
        return proved
    return proved._replace(proof=EapProof(now.packet, None, then.method))
