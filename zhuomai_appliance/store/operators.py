"""Operators, their roles, console sessions and API tokens. Passwords and tokens are digests here, never themselves."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import ROLES, GroupId, Operator, OperatorId, Permission
from zhuomai_appliance.store.interface import Reader, Row, Transaction
from zhuomai_appliance.store.sql import load

_Q = load("operators")
_KNOWN = {permission.value for permission in Permission}


@dataclass(frozen=True, slots=True)
class ConsoleSession:
    """One browser that logged in; the token itself is only in its cookie."""

    operator: Operator
    csrf_token: str
    address: str
    user_agent: str
    created_at: int
    seen_at: int


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token that is not revoked; ``scopes`` None means all that the operator may do."""

    id: int
    name: str
    scopes: frozenset[Permission] | None
    last_used_at: int | None
    operator: Operator


def seed_roles(tx: Transaction) -> None:
    """Write the shipped roles; what an older release shipped under the same name is brought up to date."""
    for name, permissions in ROLES.items():
        tx.run(_Q.put_role, name=name, permissions=_words(permissions))


def roles(reader: Reader) -> dict[str, frozenset[Permission]]:
    """Every role with what it may do."""
    return {name: _permissions(text) for name, text in reader.all(_Q.roles)}


def operators(reader: Reader) -> list[Operator]:
    """Every operator by name, disabled ones too."""
    return [_operator(row) for row in reader.all(_Q.operators)]


def by_name(reader: Reader, name: str) -> Operator | None:
    """The operator of exactly this name."""
    row = reader.one(_Q.by_name, name=name)
    return None if row is None else _operator(row)


def by_id(reader: Reader, operator_id: OperatorId) -> Operator | None:
    """The operator of this id."""
    row = reader.one(_Q.by_id, id=operator_id)
    return None if row is None else _operator(row)


def add(
    tx: Transaction,
    *,
    name: str,
    role: str,
    project_ids: Sequence[ProjectId],
    password_digest: str,
    at: int,
) -> OperatorId:
    """Add an operator; the name must be unused and the role known."""
    return OperatorId(
        tx.insert(
            _Q.insert_operator,
            name=name,
            role=role,
            project_ids=json.dumps(sorted(project_ids)),
            password_digest=password_digest,
            at=at,
        )
    )


def set_password(tx: Transaction, operator_id: OperatorId, password_digest: str, at: int) -> None:
    """Store another password's digest."""
    tx.run(_Q.set_password, id=operator_id, password_digest=password_digest, at=at)


def set_role(
    tx: Transaction,
    operator_id: OperatorId,
    role: str,
    project_ids: Sequence[ProjectId],
    *,
    disabled: bool,
) -> None:
    """Change what an operator may do and whether he may at all."""
    tx.run(
        _Q.set_role,
        id=operator_id,
        role=role,
        project_ids=json.dumps(sorted(project_ids)),
        disabled=int(disabled),
    )


def set_groups(tx: Transaction, operator_id: OperatorId, group_ids: Sequence[GroupId]) -> None:
    """Bind an operator to the people of these groups and of all below them; none unbinds him."""
    tx.run(_Q.set_groups, id=operator_id, group_ids=json.dumps(sorted(group_ids)))


# Console sessions -------------------------------------------------------------------------------------------------------


def add_session(
    tx: Transaction,
    operator_id: OperatorId,
    token_digest: bytes,
    csrf_token: str,
    *,
    address: str,
    user_agent: str,
    at: int,
) -> None:
    """Remember a browser that logged in, by the digest of its token."""
    tx.run(
        _Q.add_session,
        token_digest=token_digest,
        operator_id=operator_id,
        csrf_token=csrf_token,
        address=address,
        user_agent=user_agent,
        at=at,
    )


def find_session(reader: Reader, token_digest: bytes) -> ConsoleSession | None:
    """The session of a token's digest; whether it is still fresh is the caller's rule."""
    row = reader.one(_Q.find_session, token_digest=token_digest)
    return None if row is None else ConsoleSession(_operator(row[5:]), *row[:5])


def touch_session(tx: Transaction, token_digest: bytes, at: int) -> None:
    """Remember when a session was last used."""
    tx.run(_Q.touch_session, token_digest=token_digest, at=at)


def delete_session(tx: Transaction, token_digest: bytes) -> bool:
    """End one session; False when there was none."""
    return tx.run(_Q.delete_session, token_digest=token_digest) == 1


def delete_sessions_of(tx: Transaction, operator_id: OperatorId) -> int:
    """End every session of an operator; how many there were."""
    return tx.run(_Q.delete_sessions_of, operator_id=operator_id)


def drop_old_sessions(tx: Transaction, *, created_before: int, seen_before: int) -> int:
    """Delete sessions that are too old or were idle too long; how many."""
    return tx.run(_Q.drop_old_sessions, created_before=created_before, seen_before=seen_before)


# API tokens -------------------------------------------------------------------------------------------------------------


def add_token(
    tx: Transaction,
    operator_id: OperatorId,
    name: str,
    token_digest: bytes,
    scopes: Iterable[Permission],
    at: int,
) -> int:
    """Remember an API token by its digest; no scopes means all that the operator may do. Its id."""
    return tx.insert(
        _Q.add_token,
        operator_id=operator_id,
        name=name,
        token_digest=token_digest,
        scopes=_words(scopes),
        at=at,
    )


def find_token(reader: Reader, token_digest: bytes) -> ApiToken | None:
    """The unrevoked token of this digest with its operator."""
    row = reader.one(_Q.find_token, token_digest=token_digest)
    if row is None:
        return None
    # An empty list is "everything"; a list of words that only a newer release knows must not turn into it.
    scopes = _permissions(row[2]) if json.loads(row[2]) else None
    return ApiToken(row[0], row[1], scopes, row[3], _operator(row[4:]))


def touch_token(tx: Transaction, token_id: int, at: int) -> None:
    """Remember when a token was last used."""
    tx.run(_Q.touch_token, id=token_id, at=at)


def revoke_token(tx: Transaction, token_id: int, at: int) -> bool:
    """End a token; False when it was ended before."""
    return tx.run(_Q.revoke_token, id=token_id, at=at) == 1


def _operator(row: Row) -> Operator:
    operator_id, name, role, project_ids, permissions, disabled, password_digest, group_ids = row
    return Operator(
        id=OperatorId(operator_id),
        name=name,
        role=role,
        project_ids=tuple(ProjectId(one) for one in json.loads(project_ids)),
        permissions=_permissions(permissions),
        disabled=bool(disabled),
        password_digest=password_digest,
        group_ids=tuple(GroupId(one) for one in json.loads(group_ids)),
    )


def _words(permissions: Iterable[Permission]) -> str:
    return json.dumps(sorted(permission.value for permission in permissions))


def _permissions(text: str) -> frozenset[Permission]:
    # A word that only a newer release knows gives nothing here, and must not lock everybody out.
    return frozenset(Permission(word) for word in json.loads(text) if word in _KNOWN)
