"""All that a login needs of an account, with as few statements as it takes: the hottest read of the house."""

from __future__ import annotations

from typing import Final, NamedTuple

from zhuomai_appliance.model.network import NasId, ProjectId
from zhuomai_appliance.model.people import BindingKind, DeviceBinding, normal_name
from zhuomai_appliance.store import accounts
from zhuomai_appliance.store.interface import Reader
from zhuomai_appliance.store.sql import load

_Q = load("accounts")

_KINDS: Final = {kind.value: kind for kind in BindingKind}


class LoginFacts(NamedTuple):
    """A login with its devices, and whether it is worth asking for open sessions and one-time secrets.

    ``lent`` are those of its devices that somebody else was seen with since: their addresses open his account.
    """

    login: accounts.Login
    bindings: tuple[DeviceBinding, ...]
    has_sessions: bool
    has_secrets: bool
    lent: frozenset[str] = frozenset()


def find_facts(reader: Reader, project_id: ProjectId, name: str, nas_id: NasId) -> LoginFacts | None:
    """What `find_login` and `bindings` tell, in one statement: the path of every login by name."""
    rows = reader.all(_Q.find_facts, project_id=project_id, value=normal_name(name), nas_id=nas_id)
    if not rows:
        return None
    first = rows[0]
    login = accounts.login_of(first[:16])
    if login is None:
        return None
    account_id = login.account.id
    bindings = [
        DeviceBinding(account_id, row[18], _KINDS[row[19]], row[20], row[21], row[22])
        for row in rows
        if row[18] is not None
    ]
    if len(bindings) > 1:
        bindings.sort(key=lambda binding: binding.last_seen_at, reverse=True)
    lent = frozenset([row[18] for row in rows if row[23]])
    return LoginFacts(login, tuple(bindings), bool(first[16]), bool(first[17]), lent)


def facts_of_device(reader: Reader, project_id: ProjectId, mac: str) -> LoginFacts | None:
    """The same of the account that a device was seen with last; a one-time secret has no say there."""
    owners = accounts.owners_of_device(reader, project_id, mac)
    login = accounts.login_by_id(reader, owners[0].account_id) if owners else None
    if login is None:
        return None
    known = tuple(accounts.bindings(reader, project_id, login.account.id))
    return LoginFacts(login, known, has_sessions=True, has_secrets=False)
