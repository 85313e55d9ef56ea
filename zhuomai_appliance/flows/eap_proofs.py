"""Whose login is it that an EAP method offers proof of, and does the proof hold?"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from hmac import compare_digest
from typing import Final, assert_never

from zhuomai_appliance.flows.access_facts import Gatherer, Known
from zhuomai_appliance.flows.certificate_checks import client_fault
from zhuomai_appliance.flows.eap_talks import Talk
from zhuomai_appliance.flows.proof import Prover
from zhuomai_appliance.flows.realms import is_elsewhere, localised
from zhuomai_appliance.flows.tables import Tables
from zhuomai_appliance.model.access import (
    AccessAttempt,
    ChapProof,
    EapProof,
    MsChap2Proof,
    PapProof,
    Proof,
    Reason,
    Rejection,
)
from zhuomai_appliance.model.network import Nas
from zhuomai_appliance.model.roaming import normal_realm
from zhuomai_appliance.policy import authorize
from zhuomai_appliance.policy.case import Case
from zhuomai_appliance.radius.eap_method import (
    Certificate,
    Digest,
    MsChap2,
    Offer,
    Password,
    Prove,
    Resumed,
)
from zhuomai_appliance.store.interface import Store
from zhuomai_appliance.vendors.identity import stored_words, words_of
from zhuomai_appliance.vendors.requests import split_realm

RESUMED: Final = "resumed"
_KINDS: Final[dict[type[Offer], str]] = {
    Password: "pap",
    Digest: "chap",
    MsChap2: "mschapv2",
    Certificate: "certificate",
    Resumed: RESUMED,
}
_ID_OCTETS: Final = 8
_STAMP_OCTETS: Final = 16
_BY_CERTIFICATE: Final = b"certificate"
"""What a session that began with a certificate remembers: it shows the certificate again, so nothing."""


class EapProver:
    """Looks up the account behind a proof. One object per process, on the reactor thread.

    ``authority`` gives the PEM of our own authority for client certificates, None without one; ``key`` are 32 octets by
    which a session remembers that its password is still the same.
    """

    def __init__(
        self,
        store: Store,
        tables: Tables,
        gatherer: Gatherer,
        prover: Prover,
        authority: Callable[[], bytes | None],
        key: bytes,
    ) -> None:
        self._store = store
        self._tables = tables
        self._gatherer = gatherer
        self._prover = prover
        self._authority = authority
        self._key = key

    def prove(self, talk: Talk, asked: Prove, attempt: AccessAttempt, nas: Nas, now: int) -> bytes | None:
        """The secret that an offer proves, b"" where none is behind it; None for no, and why is in ``talk.refused``.

        A session that does not go on is no refusal: what it stood for is then proved anew.
        """
        offer = asked.offer
        if isinstance(offer, Resumed):
            return self._resume(talk, offer, attempt, nas, now)
        name = talk.identity if asked.name is None else asked.name
        inner = self._by_name(talk, name, offer, attempt, nas)
        known = self._look_up(talk, inner, nas, now)
        if known is None:
            return None
        facts = known.facts
        if isinstance(offer, Certificate):
            talk.words = _BY_CERTIFICATE
            talk.refused = client_fault(
                self._store.reader,
                nas.project_id,
                facts.account.id,
                inner.username_raw,
                offer.der,
                self._authority(),
                now,
            )
            return b"" if talk.refused is None else None
        # One-time secrets are the portal's
        alone = known._replace(secrets=())
        talk.refused, _ = self._prover.prove(inner._replace(proof=_as_proof(offer)), alone)
        if talk.refused is not None or facts.password is None:
            return None
        talk.words = facts.account.id.to_bytes(_ID_OCTETS, "big") + self._stamp(facts.password) + name
        return facts.password

    def _resume(self, talk: Talk, offer: Resumed, attempt: AccessAttempt, nas: Nas, now: int) -> bytes | None:
        """Whether an earlier session still stands for its account: not once the password is another one."""
        words = offer.words
        stamp, name = words[_ID_OCTETS : _ID_OCTETS + _STAMP_OCTETS], words[_ID_OCTETS + _STAMP_OCTETS :]
        inner = self._by_name(talk, name, offer, attempt, nas)
        known = self._look_up(talk, inner, nas, now)
        if known is None:
            return None
        account, password = known.facts.account, known.facts.password
        is_same = account.id.to_bytes(_ID_OCTETS, "big") == words[:_ID_OCTETS] and password is not None
        if not is_same or not compare_digest(stamp, self._stamp(password or b"")):
            talk.attempt = None
            return None
        talk.words = words
        return b""

    def _by_name(
        self, talk: Talk, name: bytes, offer: Offer, attempt: AccessAttempt, nas: Nas
    ) -> AccessAttempt:
        """The login as of the one who proves himself; a name without realm is of the realm that was named outside.

        ``talk.refused`` is set if it is of another realm than that, or of one whose accounts are elsewhere.
        """
        username, realm = split_realm(words_of(name) or "")
        outside = _realm_outside(talk, attempt)
        method = "eap" if talk.method is None else talk.method.name.lower()
        packet = attempt.proof.packet if isinstance(attempt.proof, EapProof) else b""
        is_resumed = isinstance(offer, Certificate) and offer.resumed
        kind = RESUMED if is_resumed else _KINDS[type(offer)]
        inner = attempt._replace(
            username=username,
            username_raw=stored_words(name),
            realm=outside if realm is None else realm,
            proof=EapProof(packet, None, f"{method}/{kind}"),
        )
        talk.refused = None
        if realm is not None and outside is not None and normal_realm(realm) != normal_realm(outside):
            # Whoever the outer name was let in for has to answer for the inner one
            words = f"realm {stored_words(realm.encode())} inside, {stored_words(outside.encode())} outside"
            talk.refused = Rejection(Reason.REALM_REFUSED, words, (("x", realm),))
        realms = self._tables.realms(nas.project_id)
        domain = None if realms is None else realms.of(inner)
        if domain is not None:
            if is_elsewhere(inner, domain):
                talk.refused = Rejection(Reason.REALM_REFUSED, domain.realm.name, (("x", domain.realm.name),))
            else:
                inner = localised(inner, domain)
        talk.attempt = inner
        return inner

    def _look_up(self, talk: Talk, inner: AccessAttempt, nas: Nas, now: int) -> Known | None:
        """The account of an inner name; None if it gets no further whatever it proves, ``talk.refused`` says why."""
        if talk.refused is not None:
            return None
        known = self._gatherer.gather(inner, nas, now)
        facts = None if known is None else known.facts
        talk.refused = authorize.before_proof(
            Case(inner, facts, self._tables.policies(nas.project_id).lists, now)
        )
        if talk.refused is None:
            return known
        if talk.refused.reason is Reason.UNKNOWN_USER:
            self._prover.count_failure(inner)
        return None

    def _stamp(self, password: bytes) -> bytes:
        return blake2b(password, digest_size=_STAMP_OCTETS, key=self._key).digest()


def _realm_outside(talk: Talk, attempt: AccessAttempt) -> str | None:
    """The realm of the name that the device goes by outside, or of User-Name, which should be the same."""
    realm = split_realm(words_of(talk.identity) or "")[1]
    return split_realm(attempt.username_raw)[1] if realm is None else realm


def _as_proof(offer: Password | Digest | MsChap2) -> Proof:
    if isinstance(offer, Password):
        return PapProof(offer.password)
    if isinstance(offer, Digest):
        return ChapProof(offer.ident, offer.response, offer.challenge)
    if isinstance(offer, MsChap2):
        return MsChap2Proof(offer.ident, offer.challenge, offer.peer_challenge, offer.response, offer.name)
    assert_never(offer)
