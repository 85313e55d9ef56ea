"""Everything that the rules look at for one Access-Request, gathered from the books and the tables in memory."""

from __future__ import annotations

from typing import Final, NamedTuple

from zhuomai_appliance.flows.reservations import Reservations
from zhuomai_appliance.flows.tables import Tables
from zhuomai_appliance.flows.use_facts import facts_for
from zhuomai_appliance.flows.verdicts import VerdictBoard
from zhuomai_appliance.model import entitlement as chain_rules
from zhuomai_appliance.model.access import AccessAttempt, AccessKind, MacProof
from zhuomai_appliance.model.network import Nas
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.policy.facts import AccessFacts, OpenSession, PlaceCount, Reservation
from zhuomai_appliance.policy.rules import OPEN, Ruling, Where
from zhuomai_appliance.store import access_rules, accounts, login_facts, sessions
from zhuomai_appliance.store.interface import Reader, Store
from zhuomai_appliance.store.vault import Vault
from zhuomai_appliance.vendors.identity import vlans_from

_PORTAL_KINDS: Final = frozenset((AccessKind.PORTAL, AccessKind.OTHER))


class Known(NamedTuple):
    """An account's facts for one attempt, with the one-time secrets that may prove it.

    ``lent`` are those of its devices that somebody else was seen with since.
    """

    facts: AccessFacts
    secrets: tuple[tuple[int, bytes], ...]
    first_login_is_due: bool
    lent: frozenset[str]

    def __repr__(self) -> str:
        return f"<Known {self.facts!r}>"


class Gatherer:
    """Gathers facts. One object per process, on the reactor thread; it changes nothing."""

    def __init__(
        self, store: Store, vault: Vault, tables: Tables, reservations: Reservations, board: VerdictBoard
    ) -> None:
        self._store = store
        self._vault = vault
        self._tables = tables
        self._reservations = reservations
        self._board = board

    def gather(self, attempt: AccessAttempt, nas: Nas, now: int, present: int | None = None) -> Known | None:
        """Everything about the account that the rules look at; None when the name or device is nobody's.

        Args:
            present: the real time, where ``now`` is another one: what memory holds forgets what is over by then, and must
                not by a time that somebody only asks about.
        """
        present = now if present is None else present
        reader, project_id = self._store.reader, nas.project_id
        found: login_facts.LoginFacts | None
        if isinstance(attempt.proof, MacProof):
            found = login_facts.facts_of_device(reader, project_id, attempt.proof.mac)
        else:
            found = login_facts.find_facts(reader, project_id, attempt.username, nas.id)
        if found is None:
            return None
        login, account = found.login, found.login.account
        group = self._tables.group(account.group_id)
        chain = None if login.chain is None else chain_rules.load(login.chain)
        own, held = place_of(attempt), self._reservations.of(account.id, present)
        slots = sessions.slots_of(reader, account.id) if found.has_sessions else ()
        policies = self._tables.policies(project_id)
        rules, lists, limits = policies.rules, policies.lists, policies.places
        realms = self._tables.realms(project_id)
        domain = None if realms is None else realms.of(attempt)
        facts = AccessFacts(
            account=account,
            entitlement=chain,
            nas=nas,
            password=self._password(login),
            open_sessions=tuple([OpenSession(*slot) for slot in slots]) if slots else (),
            # A device that asks again takes its own place again, also one that nothing tells apart
            reservations=tuple([Reservation(*one) for one in held if one[0] != own]) if held else (),
            bindings=found.bindings,
            account_rate=login.rate,
            group_rate=self._tables.rate(group.rate_id) if group is not None else None,
            binding=group.binding if group is not None else None,
            rules=rules,
            outer_vlan=vlans_from(attempt.port_id).outer if rules is not None else None,
            phone_index=access_rules.phone_index_of(reader, account.id) if lists.has_phones else None,
            realm=domain.realm.name if domain is not None else None,
            realm_groups=domain.group_ids if domain is not None else None,
            kicks=self._reservations.kicks.of(account.id, present),
            places=()
            if limits is None
            else self._reservations.places.around(limits, attempt, nas, own, present),
            use=None
            if chain is None
            else facts_for(reader, chain, project_id, now, len(slots), nas.interim_seconds),
        )
        # A chain that nothing waits in, and that time has not moved, is the same object after a login
        is_due = account.first_login_at is None or (
            chain is not None and chain_rules.first_login(chain, now) is not chain
        )
        secrets = self._one_time_secrets(reader, attempt, account.id, nas, now) if found.has_secrets else ()
        if self._board.spares.is_any:
            secrets += self._spare_secrets(attempt, account.id, nas, now)
        return Known(facts, secrets, is_due, found.lent)

    def gather_guest(
        self, attempt: AccessAttempt, nas: Nas, now: int, present: int | None = None
    ) -> tuple[Ruling, tuple[PlaceCount, ...]]:
        """The same of somebody whose account is elsewhere: what the rules say of the place, and how full it is."""
        policies = self._tables.policies(nas.project_id)
        ruling = OPEN
        places: tuple[PlaceCount, ...] = ()
        if policies.rules is not None:
            outer = vlans_from(attempt.port_id).outer
            where = Where(None, nas.id, attempt.access_kind, attempt.ssid, attempt.vlan, outer, attempt.ip)
            ruling = policies.rules.ruling(where, now)
        if policies.places is not None:
            device = place_of(attempt)
            places = self._reservations.places.around(
                policies.places, attempt, nas, device, now if present is None else present
            )
        return ruling, places

    def _password(self, login: accounts.Login) -> bytes | None:
        if login.secret_sealed is None:
            return None
        return self._vault.open(login.secret_sealed, accounts.secret_context(login.account.id))

    def _one_time_secrets(
        self, reader: Reader, attempt: AccessAttempt, account_id: AccountId, nas: Nas, now: int
    ) -> tuple[tuple[int, bytes], ...]:
        """Secrets our portal minted for this account at this device and, where the request says it, this address."""
        if attempt.access_kind not in _PORTAL_KINDS:
            return ()
        return tuple(
            (
                secret.id,
                self._vault.open(
                    secret.secret_sealed, accounts.portal_context(account_id, nas.id, secret.user_ip)
                ),
            )
            for secret in accounts.live_portal_secrets(reader, account_id, nas.id, now)
            if attempt.ip is None or secret.user_ip == attempt.ip
        )

    def _spare_secrets(
        self, attempt: AccessAttempt, account_id: AccountId, nas: Nas, now: int
    ) -> tuple[tuple[int, bytes], ...]:
        """The same, of those that the disk did not take."""
        if attempt.access_kind not in _PORTAL_KINDS:
            return ()
        return tuple(
            (spare.id, spare.secret)
            for spare in self._board.spares.live(account_id, nas.id, now)
            if attempt.ip is None or spare.user_ip == attempt.ip
        )


def place_of(attempt: AccessAttempt) -> str:
    """What a place is kept under until the Start comes: the best that tells this client from others."""
    return attempt.mac or attempt.ip or attempt.calling_station_raw
