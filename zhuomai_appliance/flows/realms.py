"""Realms in memory: whose is a login, by its name or its network, and what becomes of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from zhuomai_appliance.model.access import AccessAttempt, AccessKind, MacProof, Reason, Rejection
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import Group, GroupId
from zhuomai_appliance.model.roaming import (
    ANY_OTHER,
    Realm,
    RealmAction,
    Upstream,
    is_realm,
    normal_realm,
)
from zhuomai_appliance.radius.dictionary import load as load_dictionary
from zhuomai_appliance.radius.forwarding import AttributeId
from zhuomai_appliance.store import roaming
from zhuomai_appliance.store.interface import Reader
from zhuomai_appliance.store.vault import Vault
from zhuomai_appliance.vendors.requests import split_realm

MISTYPED: Final = "the realm is none that a server could have"


class Server(NamedTuple):
    """A server elsewhere, with the attributes by number that its Access-Accept may set here."""

    upstream: Upstream
    accepted: frozenset[AttributeId]


class Domain(NamedTuple):
    """A realm ready for the path of a login; ``group_ids`` None leaves every account in."""

    realm: Realm
    action: RealmAction
    group_ids: frozenset[GroupId] | None
    servers: tuple[Server, ...]


class Realms:
    """The realms of one project. ``upstreams`` are the servers that any of them asks."""

    def __init__(self, domains: Sequence[Domain]) -> None:
        self._domains = tuple(domains)
        self._named: dict[str, Domain] = {}
        self._below: dict[str, Domain] = {}
        self._of_ssid: dict[str, Domain] = {}
        for domain in domains:
            name = domain.realm.name
            (self._below if name.startswith(".") else self._named)[name] = domain
            self._of_ssid.update(dict.fromkeys(domain.realm.ssids, domain))
        self._other = self._named.pop(ANY_OTHER, None)
        self.upstreams = tuple(
            {one.upstream.id: one.upstream for each in domains for one in each.servers}.values()
        )

    def find(self, realm: str | None, ssid: str | None) -> Domain | None:
        """The realm that a name and a network belong to; None for one that is looked up here as it always was.

        A realm in the name wins over the network's; the one of the longest domain wins, ``*`` comes last.
        """
        if realm is None:
            return None if ssid is None else self._of_ssid.get(ssid)
        folded = normal_realm(realm)
        found = self._named.get(folded)
        if found is not None:
            return found
        at = folded.find(".")
        while at >= 0 and self._below:
            found = self._below.get(folded[at:])
            if found is not None:
                return found
            at = folded.find(".", at + 1)
        return self._other

    def asking(self, upstream: Upstream) -> tuple[str, ...]:
        """The names of the realms that ask a server."""
        asked = [one for one in self._domains if any(each.upstream.id == upstream.id for each in one.servers)]
        return tuple(sorted(domain.realm.name for domain in asked))

    def of(self, attempt: AccessAttempt) -> Domain | None:
        """The realm of a login."""
        return self.find(attempt.realm, attempt.ssid)

    def is_guest(self, username_raw: str, ssid: str | None, kind: AccessKind) -> Domain | None:
        """The realm of a name in a report if its accounts are elsewhere: then it is nobody's here, whoever is called alike."""
        if kind is AccessKind.MAC:
            return None
        domain = self.find(split_realm(username_raw)[1], ssid)
        return domain if domain is not None and domain.action is not RealmAction.LOCAL else None


def local_name(username_raw: str, ssid: str | None, realms: Realms | None) -> str:
    """The name under which a local account is looked up."""
    name, realm = split_realm(username_raw)
    if realms is None or realm is None:
        return name
    domain = realms.find(realm, ssid)
    return name if domain is None or domain.realm.strip else f"{name}@{realm}"


def refusal_by_page(typed: str, ssid: str | None, realms: Realms | None) -> Rejection | None:
    """Why somebody cannot log in on our page: his password is another server's to know, or his realm is refused."""
    domain = None if realms is None else realms.is_guest(typed, ssid, AccessKind.PORTAL)
    if domain is None:
        return None
    name = split_realm(typed)[1]
    if name is None or not is_realm(normal_realm(name)):
        name = domain.realm.name
    if domain.action is RealmAction.REJECT:
        return _refused(domain, name)
    return Rejection(Reason.NOT_BY_PAGE, domain.realm.name, (("x", name),))


def localised(attempt: AccessAttempt, domain: Domain) -> AccessAttempt:
    """A login of a local realm, with the name it is looked up by and the realm it is of."""
    if attempt.realm is None:
        return attempt._replace(realm=domain.realm.name)
    if domain.realm.strip:
        return attempt
    return attempt._replace(username=f"{attempt.username}@{attempt.realm}")


def is_elsewhere(attempt: AccessAttempt, domain: Domain) -> bool:
    """Whether a login is decided by its realm and not by our own books.

    A device's address is our own matter: its bindings are here, and it names no realm.
    """
    if domain.action is RealmAction.LOCAL:
        return False
    return domain.action is RealmAction.REJECT or not isinstance(attempt.proof, MacProof)


def refusal_of(attempt: AccessAttempt, domain: Domain) -> Rejection | None:
    """Why a login of a realm elsewhere is not passed on: the realm is refused, or none that a server can have."""
    name = attempt.realm or domain.realm.name
    if domain.action is RealmAction.REJECT:
        return _refused(domain, name)
    if attempt.realm is None or is_realm(normal_realm(attempt.realm)):
        return None
    return Rejection(Reason.REALM_REFUSED, MISTYPED, (("x", name),))


def _refused(domain: Domain, name: str) -> Rejection:
    return Rejection(Reason.REALM_REFUSED, domain.realm.name, (("x", name), ("words", domain.realm.reject)))


def read_realms(reader: Reader, vault: Vault, groups: Mapping[GroupId, Group]) -> dict[ProjectId, Realms]:
    """The realms of every project that declares any.

    Raises:
        VaultLocked: the key file is not the one that sealed the servers' secrets.
    """
    servers = {
        (upstream.project_id, upstream.name): Server(upstream, accepted_ids(upstream.accept_attributes))
        for upstream in roaming.upstreams(reader, vault)
    }
    found: dict[ProjectId, list[Domain]] = {}
    for realm in roaming.realms(reader):
        group_ids = None if realm.group_id is None else _subtree(realm.group_id, groups)
        asked = tuple(
            [
                servers[realm.project_id, name]
                for name in realm.upstreams
                if (realm.project_id, name) in servers
            ]
        )
        found.setdefault(realm.project_id, []).append(Domain(realm, realm.action, group_ids, asked))
    return {project_id: Realms(domains) for project_id, domains in found.items()}


def accepted_ids(names: Iterable[str]) -> frozenset[AttributeId]:
    """Attributes by number. Names of one number in several dictionaries all mean it; unknown ones mean nothing."""
    names = tuple(names)
    if not names:
        return frozenset()
    known = {kind.name: (kind.vendor_id, kind.number) for kind in load_dictionary()}
    return frozenset(known[name] for name in names if name in known)


def unknown_attributes(names: Iterable[str]) -> list[str]:
    """Names that no dictionary holds."""
    names = tuple(names)
    known = {kind.name for kind in load_dictionary()} if names else set()
    return [name for name in names if name not in known]


def _subtree(top: GroupId, groups: Mapping[GroupId, Group]) -> frozenset[GroupId]:
    inside = {top}
    grown = True
    while grown:
        more = {one.id for one in groups.values() if one.parent_id in inside} - inside
        inside |= more
        grown = bool(more)
    return frozenset(inside)
