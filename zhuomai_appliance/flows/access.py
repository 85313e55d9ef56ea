"""One Access-Request from packet to answer: gather facts, ask the rules, record, reply.

    read by the vendor's table -> facts of the account -> before_proof -> proof -> decide -> attempt recorded -> reply

The reply is unsigned; net.radius_udp signs and sends it. Anything that fails on the way is silence, never an accept
(security R7): the device asks again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred, fail, succeed

from zhuomai_appliance.entropy import Entropy
from zhuomai_appliance.flows import chains, class_token
from zhuomai_appliance.flows.access_facts import Gatherer, Known, place_of
from zhuomai_appliance.flows.eap import EapDesk
from zhuomai_appliance.flows.eap_proofs import EapProver
from zhuomai_appliance.flows.eap_talks import MOST_TALKS
from zhuomai_appliance.flows.kicks import kicks_of, make_room
from zhuomai_appliance.flows.login_replies import eap_keys, ms_chap_extras, refusal_attributes
from zhuomai_appliance.flows.meters import STAGE_SECONDS, Histogram
from zhuomai_appliance.flows.ports import AccessAnswer, ReasonWords
from zhuomai_appliance.flows.proof import Prover, shown_secret
from zhuomai_appliance.flows.proxying import GuestVerdict, Proxying, as_judged
from zhuomai_appliance.flows.realms import Domain, is_elsewhere, localised
from zhuomai_appliance.flows.reservations import Reservations
from zhuomai_appliance.flows.suspension_round import wake_up
from zhuomai_appliance.flows.tables import Tables
from zhuomai_appliance.flows.throttle import Throttle
from zhuomai_appliance.flows.verdicts import Told, VerdictBoard
from zhuomai_appliance.model import entitlement as chain_rules
from zhuomai_appliance.model.access import (
    AccessAttempt,
    AccessKind,
    EapProof,
    Grant,
    MacProof,
    MsChap2Proof,
    MsChapProof,
    Reason,
    Rejection,
)
from zhuomai_appliance.model.network import Nas
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.policy import authorize
from zhuomai_appliance.policy.case import Case
from zhuomai_appliance.policy.devices import BindingPlan
from zhuomai_appliance.policy.facts import AccessFacts
from zhuomai_appliance.radius.packet import Code, Packet
from zhuomai_appliance.radius.tls_engine import TlsContext
from zhuomai_appliance.store import accounts, journal, network
from zhuomai_appliance.store.interface import Store, Transaction
from zhuomai_appliance.store.vault import Vault
from zhuomai_appliance.vendors import profile_for
from zhuomai_appliance.vendors.replies import attributes_for
from zhuomai_appliance.vendors.requests import attempt_from

REJECT_DELAY_SECONDS: Final = 1.0
"""As FreeRADIUS's reject_delay: a guesser waits, nobody else does (semantics §2.22)."""

WORTH_A_WRITE_SECONDS: Final = 3600

ATTEMPTS_WAIT_SECONDS: Final = 0.2
"""How long attempts are gathered before they are written together; the contract allows a second."""
ATTEMPTS_GATHERED: Final = 1000

_NO_DELAY: Final = frozenset((AccessKind.MAC, AccessKind.PROBE))


class HomeSilent(Exception):
    """No server of a guest's realm answers: nor do we, so that the device asks again."""


class AccessFlow:
    """Answers Access-Requests. One object per process, on the reactor thread.

    ``later`` calls something after so many seconds; with it attempts are written together, so that the writer's thread
    does not wake for each of them. Without it each is written at once. ``tls``, ``authority`` and ``conversations`` are
    those of 802.1X: what tunnels are made of, the PEM of our own authority for client certificates, how many are open.
    """

    def __init__(
        self,
        store: Store,
        vault: Vault,
        tables: Tables,
        reservations: Reservations,
        throttle: Throttle,
        board: VerdictBoard,
        words: ReasonWords,
        entropy: Entropy,
        monotonic: Callable[[], float],
        later: Callable[[float, Callable[[], None]], object] | None = None,
        proxying: Proxying | None = None,
        tls: TlsContext | None = None,
        authority: Callable[[], bytes | None] = lambda: None,
        conversations: int = MOST_TALKS,
    ) -> None:
        self._proxying = proxying
        self._later = later
        self._gathered: list[journal.JudgedAttempt] = []
        self._store = store
        self._vault = vault
        self._tables = tables
        self._reservations = reservations
        self._gatherer = Gatherer(store, vault, tables, reservations, board)
        self._prover = Prover(throttle, monotonic)
        proofs = EapProver(store, tables, self._gatherer, self._prover, authority, entropy.token(32))
        self.eap = EapDesk(tables, proofs, entropy, monotonic, tls, conversations)
        self._board = board
        self._words = words
        self._entropy = entropy
        self._tickets = class_token.Tickets(entropy)
        self._monotonic = monotonic
        #: Refused logins by reason, and how long gathering and judging take.
        self.rejected: Counter[str] = Counter()
        self.gather_seconds, self.judge_seconds = Histogram(STAGE_SECONDS), Histogram(STAGE_SECONDS)

    def answer(
        self, packet: Packet, nas: Nas, peer: str, password: bytes | None, now: int
    ) -> Deferred[AccessAnswer]:
        """The unsigned answer; the Deferred fails where none may be given (the store could not be asked)."""
        try:
            return self._answer(packet, nas, peer, password, now)
        except Exception:  # noqa: BLE001 - whatever it is, no answer is given
            return fail()

    def proved_signing(self, nas: Nas, host: str, now: int) -> None:
        """A device's request carried a right Message-Authenticator: from now on it must (only ever tightens)."""
        if self._tables.signs(nas, host):
            return
        self._tables.add_signer(nas.id, host)
        self._store.enqueue(lambda tx: network.learn_signer(tx, nas.project_id, nas.id, host, now))

    def is_under_way(self, nas: Nas, state: bytes) -> bool:
        """Whether a State is that of a conversation which a device began, with us or elsewhere, and has not ended."""
        if self.eap.talks.has(nas.id, state):
            return True
        return self._proxying is not None and self._proxying.is_under_way(nas, state)

    def _answer(
        self, packet: Packet, nas: Nas, peer: str, password: bytes | None, now: int
    ) -> Deferred[AccessAnswer]:
        attempt = attempt_from(packet, nas, profile_for(nas), password, now)
        if attempt.access_kind is AccessKind.PROBE:
            # Any answer keeps us «up» for the device, and a probe is nobody's failed login (vendor notes §0.5)
            return succeed(AccessAnswer(Code.ACCESS_REJECT, ()))
        realms = self._tables.realms(nas.project_id)
        domain = None if realms is None else realms.of(attempt)
        if domain is not None:
            if is_elsewhere(attempt, domain):
                return self._elsewhere(domain, packet, attempt, nas, peer, password, now)
            attempt = localised(attempt, domain)
        if isinstance(attempt.proof, EapProof):
            return succeed(self._by_eap(attempt, attempt.proof, packet, nas, now))
        began = self._monotonic()
        known = self._gatherer.gather(attempt, nas, now)
        gathered = self._monotonic()
        self.gather_seconds.observe(gathered - began)
        secret_id: int | None = None
        facts = known.facts if known is not None else None
        case = Case(attempt, facts, self._tables.policies(nas.project_id).lists, now)
        refused = authorize.before_proof(case)
        if refused is not None:
            secret_id = shown_secret(attempt, known)
            if refused.reason is Reason.UNKNOWN_USER:
                self._prover.count_failure(attempt)
        elif not isinstance(attempt.proof, MacProof):
            refused, secret_id = self._prover.prove(attempt, known)
            if secret_id is not None:
                # Only such a login waits for a write: one coroutine for it, and none for all the others
                return Deferred.fromCoroutine(self._use_up(secret_id, case, nas))
        answer = self._conclude(refused, case, known, nas, secret_id)
        self.judge_seconds.observe(self._monotonic() - gathered)
        return succeed(answer)

    def _by_eap(
        self, attempt: AccessAttempt, proof: EapProof, packet: Packet, nas: Nas, now: int
    ) -> AccessAnswer:
        """The next challenge of 802.1X; at its end the rules' verdict on whoever proved himself, as it is now."""
        said = self.eap.answer(attempt, proof, packet, nas, now)
        if isinstance(said, AccessAnswer):
            return said
        known = self._gatherer.gather(said.attempt, nas, now)
        facts = known.facts if known is not None else None
        case = Case(said.attempt, facts, self._tables.policies(nas.project_id).lists, now)
        refused = said.refused or authorize.before_proof(case)
        answer = self._conclude(refused, case, known, nas, None)
        self.eap.note(said, granted=answer.code is Code.ACCESS_ACCEPT)
        if answer.code is not Code.ACCESS_ACCEPT:
            return answer
        return answer._replace(
            attributes=self.eap.admitted(said) + answer.attributes, hidden=eap_keys(said.keys)
        )

    async def _use_up(self, secret_id: int, case: Case, nas: Nas) -> AccessAnswer:
        """Go on with a login by a one-time secret, which is worth nothing before the books say that it is used."""
        now = case.now
        is_first = self._board.spares.use(secret_id) or await self._store.write(
            lambda tx: accounts.use_portal_secret(tx, secret_id, now), urgent=True
        )
        refused = None if is_first else Rejection(Reason.BAD_CREDENTIALS, "one-time secret used already")
        # While it was written another login may have taken the last place: what is judged is what is so now
        known = self._gatherer.gather(case.attempt, nas, now)
        now_case = Case(case.attempt, known.facts if known is not None else None, case.lists, now)
        return self._conclude(refused, now_case, known, nas, secret_id)

    def _conclude(
        self,
        refused: Rejection | None,
        case: Case,
        known: Known | None,
        nas: Nas,
        secret_id: int | None,
    ) -> AccessAnswer:
        """The rules' verdict on a proof that held, recorded and answered; or the refusal that there is already."""
        if refused is None and known is not None:
            verdict = authorize.decide(case)
            if isinstance(verdict, Grant):
                return self._accept(verdict, case, known, nas, secret_id)
            refused = verdict
        return self._reject(refused or Rejection(Reason.UNKNOWN_USER), case.attempt, known, nas, secret_id)

    # Accounts that are elsewhere ----------------------------------------------------------------------------------------

    def _elsewhere(
        self,
        domain: Domain,
        packet: Packet,
        attempt: AccessAttempt,
        nas: Nas,
        peer: str,
        password: bytes | None,
        now: int,
    ) -> Deferred[AccessAnswer]:
        """Refuse a login by our own lists or by its realm, or ask who knows the account."""
        lists, proxying = self._tables.policies(nas.project_id).lists, self._proxying
        if proxying is None:
            raise RuntimeError("nobody passes logins on here")
        refused = authorize.before_proof(Case(as_judged(attempt, packet), None, lists, now))
        if refused is None or refused.reason is Reason.UNKNOWN_USER:
            # Nobody here has the name: that is what makes it a guest's
            refused = proxying.refusal(packet, attempt, domain)
        ruling, places = self._gatherer.gather_guest(attempt, nas, now)
        refused = refused or authorize.refusal_of_guest(ruling, places)
        if refused is not None:
            return succeed(self._reject(refused, attempt, None, nas, None))
        asked = Deferred.fromCoroutine(
            proxying.ask(packet, attempt, domain, nas, peer, password, now, ruling)
        )
        return asked.addCallback(self._told, attempt, nas, now)

    def _told(self, verdict: GuestVerdict, attempt: AccessAttempt, nas: Nas, now: int) -> AccessAnswer:
        """Record what a server elsewhere said, and say it to the device."""
        if verdict.rejection is not None:
            answer = self._reject(verdict.rejection, attempt, None, nas, None)
            if verdict.code is None:
                raise HomeSilent(f"no server of its realm answers: {verdict.detail}")
            # Whoever refused has let the guesser wait already
            return answer._replace(attributes=verdict.attributes or answer.attributes, delay_seconds=0.0)
        code = Code.ACCESS_CHALLENGE if verdict.code is Code.ACCESS_CHALLENGE else Code.ACCESS_ACCEPT
        if code is Code.ACCESS_ACCEPT:
            self._hold_place(attempt, nas, now)
            self._record(attempt, nas, None, accepted=True, reason="", detail=verdict.detail, lookup_code="")
        return AccessAnswer(code, verdict.attributes, hidden=verdict.hidden)

    # Answers ----------------------------------------------------------------------------------------------------------

    def _accept(
        self,
        grant: Grant,
        case: Case,
        known: Known,
        nas: Nas,
        secret_id: int | None,
    ) -> AccessAnswer:
        attempt, now, account = case.attempt, case.now, known.facts.account
        token = class_token.make(self._vault, self._tickets.draw(), account.id, attempt.access_kind)
        device = place_of(attempt)
        self._reservations.hold(account.id, device, now)
        self._hold_place(attempt, nas, now)
        if grant.ends:
            for kick in kicks_of(grant, known.facts.open_sessions, now):
                self._reservations.kicks.add(account.id, kick)
            self._store.enqueue(lambda tx: make_room(tx, account, nas.project_id, grant, device, now))
        binding = authorize.binding_plan(case)
        if binding is not None and binding.mac not in known.lent and not _is_news(binding, known.facts, now):
            binding = None
        if binding is not None or known.first_login_is_due:
            self._store.enqueue(lambda tx: self._settle_in(tx, attempt, account.id, nas, binding, now))
        self._record(
            attempt, nas, account.id, accepted=True, reason="", detail=grant.plan_name, lookup_code=""
        )
        if secret_id is not None:
            self._board.tell(secret_id, Told(grant, ""))
        renamed = account.username if isinstance(attempt.proof, MacProof) else None
        if isinstance(attempt.proof, EapProof):
            renamed = attempt.username_raw
        interval = self._reservations.intervals.tell(nas.id, token, grant.acct_interim_seconds, now)
        if interval != grant.acct_interim_seconds:
            grant = grant._replace(acct_interim_seconds=interval)
        answer = AccessAnswer(
            Code.ACCESS_ACCEPT,
            attributes_for(grant, nas, profile_for(nas), renamed, attempt.access_kind, token),
        )
        if isinstance(attempt.proof, MsChap2Proof | MsChapProof):
            extras, hidden = ms_chap_extras(attempt.proof, known.facts.password or b"")
            return answer._replace(attributes=answer.attributes + extras, hidden=hidden)
        return answer

    def _hold_place(self, attempt: AccessAttempt, nas: Nas, now: int) -> None:
        """Count a login at the limited places that it enters."""
        limits = self._tables.policies(nas.project_id).places
        if limits is not None:
            self._reservations.places.hold(limits, attempt, nas, place_of(attempt), now)

    def _reject(
        self,
        rejection: Rejection,
        attempt: AccessAttempt,
        known: Known | None,
        nas: Nas,
        secret_id: int | None,
    ) -> AccessAnswer:
        self.rejected[rejection.reason.value] += 1
        if (
            rejection.reason is Reason.SUSPENDED
            and known is not None
            and not isinstance(attempt.proof, MacProof)
        ):
            account_id, now = known.facts.account.id, attempt.at
            self._store.enqueue(lambda tx: wake_up(tx, nas.project_id, account_id, now))
        lookup_code = self._entropy.lookup_code()
        self._record(
            attempt,
            nas,
            known.facts.account.id if known is not None else None,
            accepted=False,
            reason=rejection.reason.value,
            detail=rejection.detail,
            lookup_code=lookup_code,
        )
        if secret_id is not None:
            self._board.tell(secret_id, Told(rejection, lookup_code))
        text = self._words.sentence(rejection, self._tables.zone(nas.project_id))
        code = self._words.code(rejection.reason)
        return AccessAnswer(
            Code.ACCESS_REJECT,
            refusal_attributes(rejection, attempt.proof, f"{code} {text}"),
            # Whoever proved a one-time secret is no guesser, and somebody is looking at a page meanwhile
            0.0 if attempt.access_kind in _NO_DELAY or secret_id is not None else REJECT_DELAY_SECONDS,
        )

    def _settle_in(
        self,
        tx: Transaction,
        attempt: AccessAttempt,
        account_id: AccountId,
        nas: Nas,
        binding: BindingPlan | None,
        now: int,
    ) -> None:
        """What a granted login leaves in the books: the first login's clock and the device."""
        accounts.mark_first_login(tx, account_id, now)
        chains.move(tx, account_id, nas.project_id, lambda chain: chain_rules.first_login(chain, now))
        if binding is None:
            return
        for mac in binding.evict:
            accounts.unbind_device(tx, nas.project_id, account_id, mac)
        accounts.bind_device(
            tx,
            nas.project_id,
            account_id,
            binding.mac,
            binding.kind,
            attempt.access_kind.value,
            binding.silent_until,
            now,
        )

    def _record(
        self,
        attempt: AccessAttempt,
        nas: Nas,
        account_id: AccountId | None,
        *,
        accepted: bool,
        reason: str,
        detail: str,
        lookup_code: str,
    ) -> None:
        gathered = self._gathered
        gathered.append(
            journal.JudgedAttempt(nas.project_id, attempt, account_id, accepted, reason, detail, lookup_code)
        )
        if self._later is None or len(gathered) >= ATTEMPTS_GATHERED:
            self.flush()
        elif len(gathered) == 1:
            self._later(ATTEMPTS_WAIT_SECONDS, self.flush)

    def flush(self) -> None:
        """Write the attempts gathered so far; also called before the store is closed."""
        judged = tuple(self._gathered)
        if judged:
            self._gathered.clear()
            self._store.enqueue(lambda tx: journal.add_attempts(tx, judged), droppable=True)


def _is_news(binding: BindingPlan, facts: AccessFacts, now: int) -> bool:
    """Whether a login changes what is known of its device by more than an hour: the rest is not worth a write."""
    for known in facts.bindings:
        if known.mac == binding.mac:
            renewed = (binding.silent_until or 0) - (known.silent_until or 0) > WORTH_A_WRITE_SECONDS
            return renewed or now - known.last_seen_at > WORTH_A_WRITE_SECONDS or bool(binding.evict)
    return True
