"""Accounts: who may log in, what they own, their devices and their one-time portal secrets.

Functions of a Reader or a Transaction that return typed values; no rules. Person data and passwords are sealed by the
vault with the account's id as context, so a sealed value copied to another row does not open.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple

from zhuomai_appliance.model.network import NasId, ProjectId
from zhuomai_appliance.model.people import (
    Account,
    AccountId,
    BindingKind,
    DeviceBinding,
    GroupId,
    normal_name,
)
from zhuomai_appliance.model.traffic import RateLimit, parse_burst
from zhuomai_appliance.store.interface import Reader, Row, Transaction
from zhuomai_appliance.store.sql import load
from zhuomai_appliance.store.vault import Vault

_Q = load("accounts")


class NameTaken(Exception):
    """A login name already belongs to another account of the project."""


class Login(NamedTuple):
    """What authorisation needs of an account, from one row: the sealed password and the chain as stored text."""

    account: Account
    secret_sealed: bytes | None
    chain: str | None
    rate: RateLimit | None


@dataclass(frozen=True, slots=True)
class PersonData:
    """The data of a person that is kept encrypted; empty text where there is none."""

    id_number: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    address: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class PortalSecret:
    """A one-time secret that may still be used; sealed, with the digest a PAP login is compared with."""

    id: int
    user_ip: str
    mac: str | None
    secret_sealed: bytes = field(repr=False)
    secret_digest: bytes = field(repr=False)


def login_of(row: Row | None) -> Login | None:
    """The login in the first columns of `find_login` and `find_facts`, None for no row."""
    if row is None:
        return None
    (
        account_id,
        project_id,
        username,
        full_name,
        group_id,
        rate_id,
        created_at,
        first_login_at,
        locked_until,
        locked_reason,
        closed_at,
        sealed,
        chain,
        up_bps,
        down_bps,
        burst,
    ) = row
    account = Account(
        id=account_id,
        project_id=project_id,
        username=username,
        full_name=full_name,
        group_id=group_id,
        rate_id=rate_id,
        email="",
        address="",
        created_at=created_at,
        first_login_at=first_login_at,
        locked_until=locked_until,
        locked_reason=locked_reason,
        closed_at=closed_at,
    )
    rate = None if up_bps is None else RateLimit(up_bps, down_bps, parse_burst(burst))
    return Login(account=account, secret_sealed=sealed, chain=chain, rate=rate)


def find_login(reader: Reader, project_id: ProjectId, name: str) -> Login | None:
    """The account that logs in by ``name`` (any of its identifiers, folded), None when there is none."""
    return login_of(reader.one(_Q.find_login, project_id=project_id, value=normal_name(name)))


def login_by_id(reader: Reader, account_id: AccountId) -> Login | None:
    """The same facts by the account's id."""
    return login_of(reader.one(_Q.login_by_id, account_id=account_id))


def secret_context(account_id: AccountId) -> bytes:
    """What a sealed password is bound to."""
    return b"account.secret:%d" % account_id


def person_context(account_id: AccountId, part: str) -> bytes:
    """What a sealed piece of person data is bound to."""
    return f"account.{part}:{account_id}".encode()


def add(
    tx: Transaction,
    vault: Vault,
    *,
    project_id: ProjectId,
    username: str,
    full_name: str,
    password: str | None,
    group_id: GroupId | None,
    rate_id: int | None,
    person: PersonData,
    aliases: tuple[str, ...],
    created_by: str,
    at: int,
) -> AccountId:
    """Add an account with its names; the phone becomes one of them.

    Raises:
        NameTaken: the user name or an alias belongs to somebody else.
    """
    account_id = AccountId(
        tx.insert(
            _Q.insert_account,
            project_id=project_id,
            username=username,
            full_name=full_name,
            group_id=group_id,
            rate_id=rate_id,
            created_by=created_by,
            at=at,
        )
    )
    add_identifier(tx, project_id, account_id, username, "username")
    for alias in aliases:
        add_identifier(tx, project_id, account_id, alias, "alias")
    if password is not None:
        set_password(tx, vault, account_id, password, at)
    set_person_data(tx, vault, project_id, account_id, person)
    return account_id


def add_identifier(
    tx: Transaction, project_id: ProjectId, account_id: AccountId, name: str, kind: str
) -> None:
    """Give an account one more name to log in with; having it already is no error.

    Raises:
        NameTaken: it belongs to another account.
    """
    value = normal_name(name)
    if not tx.run(_Q.add_identifier, project_id=project_id, value=value, account_id=account_id, kind=kind):
        owner = tx.value(_Q.owner_of_identifier, project_id=project_id, value=value)
        if owner != account_id:
            raise NameTaken(name)


def identifiers(reader: Reader, project_id: ProjectId, account_id: AccountId) -> list[tuple[str, str]]:
    """The names an account logs in with, folded, each with its kind."""
    return [
        (value, kind)
        for value, kind in reader.all(_Q.identifiers_of, project_id=project_id, account_id=account_id)
    ]


def set_password(tx: Transaction, vault: Vault, account_id: AccountId, password: str, at: int) -> None:
    """Store a password, encrypted: CHAP needs it back (security K2)."""
    sealed = vault.seal(password.encode(), secret_context(account_id))
    tx.run(_Q.set_secret, account_id=account_id, secret_sealed=sealed, at=at)


def set_details(
    tx: Transaction, account_id: AccountId, *, full_name: str, group_id: GroupId | None, rate_id: int | None
) -> None:
    """Change name, group and rate."""
    tx.run(_Q.update_account, account_id=account_id, full_name=full_name, group_id=group_id, rate_id=rate_id)


def set_lock(tx: Transaction, account_id: AccountId, until: int | None, reason: str) -> None:
    """Lock until a time (0: without end) with a reason, or unlock with None."""
    tx.run(_Q.set_lock, account_id=account_id, locked_until=until, locked_reason=reason)


def person_data(reader: Reader, vault: Vault, account_id: AccountId) -> PersonData:
    """Open the encrypted data of a person. Callers show it masked and log the purpose of showing it whole."""
    row = reader.one(_Q.person_data, account_id=account_id)
    if row is None:
        return PersonData()
    parts = ("id_number", "phone", "email", "address")
    return PersonData(
        **{
            part: "" if sealed is None else vault.open(sealed, person_context(account_id, part)).decode()
            for part, sealed in zip(parts, row, strict=True)
        }
    )


def set_person_data(
    tx: Transaction, vault: Vault, project_id: ProjectId, account_id: AccountId, person: PersonData
) -> None:
    """Store the data of a person, sealed, with keyed digests for look-up of number, phone and mail.

    The phone is a login name of the account; an earlier one ceases to be.

    Raises:
        NameTaken: the phone number is the login name of another account.
    """

    def sealed(part: str, text: str) -> bytes | None:
        return vault.seal(text.encode(), person_context(account_id, part)) if text else None

    def index(part: str, text: str) -> bytes | None:
        return vault.blind_index(normal_name(text).encode(), part) if text else None

    tx.run(
        _Q.set_person_data,
        account_id=account_id,
        id_number_sealed=sealed("id_number", person.id_number),
        id_number_index=index("id_number", person.id_number),
        phone_sealed=sealed("phone", person.phone),
        phone_index=index("phone", person.phone),
        email_sealed=sealed("email", person.email),
        email_index=index("email", person.email),
        address_sealed=sealed("address", person.address),
    )
    # A number that somebody gave up may belong to another person tomorrow: it must not open this account
    tx.run(
        _Q.drop_identifiers,
        project_id=project_id,
        account_id=account_id,
        kind="phone",
        but=normal_name(person.phone),
    )
    if person.phone:
        add_identifier(tx, project_id, account_id, person.phone, "phone")


def mark_first_login(tx: Transaction, account_id: AccountId, at: int) -> None:
    """Remember the first login; later ones change nothing."""
    tx.run(_Q.set_first_login, account_id=account_id, at=at)


# What they own, as billing prepared it ------------------------------------------------------------------------------


def chain_of(reader: Reader, account_id: AccountId) -> str | None:
    """The account's entitlement as stored text, None when it never owned anything."""
    text: str | None = reader.value(_Q.entitlement_of, account_id=account_id)
    return text


class StoredChain(NamedTuple):
    """An entitlement's row: its text, with the two times the housekeeping looks for."""

    account_id: AccountId
    project_id: ProjectId
    chain: str
    covered_until: int | None
    next_change_at: int | None


def put_chains(tx: Transaction, rows: Sequence[StoredChain]) -> None:
    """Store entitlements, one of each account."""
    values = json.dumps(rows, ensure_ascii=False)
    # Mere use leaves the two times, and what is not set needs no place in an index
    if tx.run(_Q.put_used_entitlements, rows=values) < len(rows):
        tx.run(_Q.put_entitlements, rows=values)


def chains_due(reader: Reader, now: int, limit: int) -> list[tuple[AccountId, ProjectId, str]]:
    """Entitlements that move by time alone at or before ``now``, the oldest first."""
    return [(a, p, chain) for a, p, chain in reader.all(_Q.entitlements_due, now=now, limit=limit)]


# Devices --------------------------------------------------------------------------------------------------------------


def bindings(reader: Reader, project_id: ProjectId, account_id: AccountId) -> list[DeviceBinding]:
    """The devices bound to an account, last seen first."""
    return [
        DeviceBinding(account_id, mac, BindingKind(kind), bound_at, silent_until, last_seen_at)
        for mac, kind, bound_at, silent_until, last_seen_at in reader.all(
            _Q.bindings_of, project_id=project_id, account_id=account_id
        )
    ]


def owners_of_device(reader: Reader, project_id: ProjectId, mac: str) -> list[DeviceBinding]:
    """The accounts a device is bound to, last seen first."""
    return [
        DeviceBinding(account_id, mac_, BindingKind(kind), bound_at, silent_until, last_seen_at)
        for account_id, mac_, kind, bound_at, silent_until, last_seen_at in reader.all(
            _Q.owner_of_device, project_id=project_id, mac=mac
        )
    ]


def bind_device(
    tx: Transaction,
    project_id: ProjectId,
    account_id: AccountId,
    mac: str,
    kind: BindingKind,
    login_kind: str,
    silent_until: int | None,
    at: int,
) -> None:
    """Bind a device, or refresh when it was last seen and how long it may come back silently."""
    tx.run(
        _Q.bind_device,
        project_id=project_id,
        account_id=account_id,
        mac=mac,
        kind=kind.value,
        login_kind=login_kind,
        silent_until=silent_until,
        at=at,
    )


def unbind_device(tx: Transaction, project_id: ProjectId, account_id: AccountId, mac: str) -> bool:
    """Forget a device; False when it was not bound."""
    return tx.run(_Q.unbind_device, project_id=project_id, account_id=account_id, mac=mac) > 0


# One-time portal secrets ------------------------------------------------------------------------------------------------


def portal_context(account_id: AccountId, nas_id: NasId, user_ip: str) -> bytes:
    """What a sealed one-time secret is bound to: the account, the device and the client's address."""
    return f"portal.secret:{account_id}:{nas_id}:{user_ip}".encode()


def add_portal_secret(
    tx: Transaction,
    *,
    project_id: ProjectId,
    account_id: AccountId,
    nas_id: NasId,
    user_ip: str,
    mac: str | None,
    secret_sealed: bytes,
    secret: bytes,
    at: int,
    expires_at: int,
) -> int:
    """Store a one-time secret before it is used at a device; its id."""
    return tx.insert(
        _Q.add_portal_secret,
        project_id=project_id,
        account_id=account_id,
        nas_id=nas_id,
        user_ip=user_ip,
        mac=mac,
        secret_sealed=secret_sealed,
        secret_digest=sha256(secret).digest(),
        at=at,
        expires_at=expires_at,
    )


def live_portal_secrets(reader: Reader, account_id: AccountId, nas_id: NasId, now: int) -> list[PortalSecret]:
    """The unused, unexpired one-time secrets of an account at a device."""
    return [
        PortalSecret(*row)
        for row in reader.all(_Q.live_portal_secrets, account_id=account_id, nas_id=nas_id, now=now)
    ]


def use_portal_secret(tx: Transaction, secret_id: int, at: int) -> bool:
    """Use a one-time secret up; False when somebody was faster or it expired meanwhile."""
    return tx.run(_Q.use_portal_secret, id=secret_id, at=at) == 1


def drop_portal_secrets(tx: Transaction, before: int) -> int:
    """Delete one-time secrets that expired before a time; how many."""
    return tx.run(_Q.drop_portal_secrets, before=before)
