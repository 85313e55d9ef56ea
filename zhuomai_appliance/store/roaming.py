"""Realms, servers elsewhere, logins that those accepted, and reports that wait to be told to them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from zhuomai_appliance.model.facts import Facts, canonical
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import GroupId
from zhuomai_appliance.model.roaming import Realm, Transport, Upstream, UpstreamId, WhenSilent
from zhuomai_appliance.store.interface import Reader, Row, Transaction
from zhuomai_appliance.store.sql import load
from zhuomai_appliance.store.vault import Vault

_Q = load("roaming")


# Declarations -----------------------------------------------------------------------------------------------------------


def upstream_context(upstream_id: UpstreamId) -> bytes:
    """What a server's sealed secret is bound to."""
    return b"upstream.secret:%d" % upstream_id


def upstreams(reader: Reader, vault: Vault) -> list[Upstream]:
    """Every server elsewhere of every project, its secret opened.

    Raises:
        FactsError: a row that a newer release wrote.
        VaultLocked: the key file is not the one that sealed it.
    """
    return [_upstream(row, vault) for row in reader.all(_Q.upstreams)]


def _upstream(row: Row, vault: Vault) -> Upstream:
    upstream_id, project_id, name, address, sealed, text = row
    facts = Facts.of_text(f"upstream {name}", text)
    upstream = Upstream(
        id=UpstreamId(upstream_id),
        project_id=ProjectId(project_id),
        name=name,
        address=address,
        secret=vault.open(sealed, upstream_context(UpstreamId(upstream_id))),
        auth_port=facts.number("auth_port"),
        acct_port=facts.number("acct_port"),
        transport=facts.word("transport", Transport),
        timeout_seconds=facts.number("timeout"),
        tries=facts.number("tries"),
        message_authenticator=facts.flag("message_authenticator"),
        status_server=facts.flag("status_server"),
        server_name=facts.text("server_name", ""),
        accept_attributes=tuple(map(str, facts.items("accept_attributes"))),
    )
    facts.done()
    return upstream


def _upstream_terms(upstream: Upstream) -> str:
    return canonical(
        {
            "auth_port": upstream.auth_port,
            "acct_port": upstream.acct_port,
            "transport": upstream.transport.value,
            "timeout": upstream.timeout_seconds,
            "tries": upstream.tries,
            "message_authenticator": upstream.message_authenticator,
            "status_server": upstream.status_server,
            "server_name": upstream.server_name or None,
            "accept_attributes": list(upstream.accept_attributes) or None,
        }
    )


def add_upstream(tx: Transaction, vault: Vault, upstream: Upstream) -> Upstream:
    """Add a server; the id in it is ignored, the name must be unused. The server with its id."""
    # The seal is bound to the id, which the insert makes; both statements are one transaction
    upstream_id = UpstreamId(
        tx.insert(
            _Q.insert_upstream,
            project_id=upstream.project_id,
            name=upstream.name,
            address=upstream.address,
            unsealed=b"",
            terms=_upstream_terms(upstream),
        )
    )
    added = replace(upstream, id=upstream_id)
    update_upstream(tx, vault, added)
    return added


def update_upstream(tx: Transaction, vault: Vault, upstream: Upstream) -> None:
    """Write every property of a server but its name, its secret included."""
    tx.run(
        _Q.update_upstream,
        project_id=upstream.project_id,
        id=upstream.id,
        address=upstream.address,
        secret_sealed=vault.seal(upstream.secret, upstream_context(upstream.id)),
        terms=_upstream_terms(upstream),
    )


def remove_upstream(tx: Transaction, project_id: ProjectId, upstream_id: UpstreamId) -> bool:
    """Take a server away; False when it was not there. Realms that name it have one server less."""
    return tx.run(_Q.remove_upstream, project_id=project_id, id=upstream_id) == 1


def realms(reader: Reader) -> list[Realm]:
    """The realms of every project.

    Raises:
        FactsError: a row that a newer release wrote.
    """
    return [_realm(row) for row in reader.all(_Q.realms)]


def _realm(row: Row) -> Realm:
    project_id, name, group_id, text = row
    facts = Facts.of_text(f"realm {name}", text)
    realm = Realm(
        project_id=ProjectId(project_id),
        name=name,
        ssids=tuple(map(str, facts.items("ssids"))),
        group_id=None if group_id is None else GroupId(group_id),
        upstreams=tuple(map(str, facts.items("upstreams"))),
        strip=facts.flag("strip"),
        reject=facts.text("reject", ""),
        when_silent=facts.word("when_silent", WhenSilent, WhenSilent.DROP),
    )
    facts.done()
    return realm


def put_realm(tx: Transaction, realm: Realm) -> None:
    """Add a realm, or change the one of the same name."""
    terms = {
        "ssids": list(realm.ssids) or None,
        "upstreams": list(realm.upstreams) or None,
        "strip": realm.strip,
        "reject": realm.reject or None,
        "when_silent": realm.when_silent.value,
    }
    tx.run(
        _Q.put_realm,
        project_id=realm.project_id,
        name=realm.name,
        group_id=realm.group_id,
        terms=canonical(terms),
    )


def remove_realm(tx: Transaction, project_id: ProjectId, name: str) -> bool:
    """Take a realm away; False when it was not there."""
    return tx.run(_Q.remove_realm, project_id=project_id, name=name) == 1


# Logins -----------------------------------------------------------------------------------------------------------------


class RoamingLogin(NamedTuple):
    """A login that a server elsewhere accepted: who said so, and the Class values it gave."""

    realm: str
    upstream: str
    classes: tuple[bytes, ...]


def put_login(tx: Transaction, project_id: ProjectId, token: bytes, login: RoamingLogin, at: int) -> None:
    """Keep a login under the Class that we gave."""
    tx.run(
        _Q.put_login,
        project_id=project_id,
        token=token,
        realm=login.realm,
        upstream=login.upstream,
        classes=json.dumps([one.hex() for one in login.classes]),
        at=at,
    )


def login_of(reader: Reader, project_id: ProjectId, token: bytes) -> RoamingLogin | None:
    """The login that a Class of ours stands for; None for one that is forgotten."""
    row = reader.one(_Q.login, project_id=project_id, token=token)
    if row is None:
        return None
    realm, upstream, classes = row
    return RoamingLogin(realm, upstream, tuple(map(bytes.fromhex, json.loads(classes))))


def keep_login(tx: Transaction, project_id: ProjectId, token: bytes, at: int) -> None:
    """A login's session is alive: note that, once a day."""
    tx.run(_Q.keep_login, project_id=project_id, token=token, at=at, before=at - 86_400)


def forget_logins(tx: Transaction, before: int) -> int:
    """Forget logins whose sessions were last heard of before a time; how many."""
    return tx.run(_Q.forget_logins, before=before)


# Reports ----------------------------------------------------------------------------------------------------------------


class WaitingReport(NamedTuple):
    """A report that waits to be told. ``attributes`` are as on the wire, without Acct-Delay-Time."""

    id: int
    project_id: ProjectId
    upstreams: tuple[str, ...]
    attributes: bytes
    delay_seconds: int
    arrived_at: int
    tries: int


def add_report(
    tx: Transaction,
    project_id: ProjectId,
    asked: Sequence[str],
    attributes: bytes,
    delay_seconds: int,
    arrived_at: int,
) -> None:
    """Let a report wait to be told to the first of some servers that answers."""
    tx.insert(
        _Q.insert_report,
        project_id=project_id,
        upstreams=json.dumps(list(asked), ensure_ascii=False),
        attributes=attributes,
        delay_seconds=delay_seconds,
        arrived_at=arrived_at,
    )


def reports_due(reader: Reader, now: int, limit: int) -> list[WaitingReport]:
    """Reports that may be told now, those that waited longest first."""
    return [
        WaitingReport(row[0], ProjectId(row[1]), tuple(json.loads(row[2])), *row[3:])
        for row in reader.all(_Q.reports_due, now=now, limit=limit)
    ]


def remove_reports(tx: Transaction, ids: Iterable[int]) -> None:
    """Forget reports that were told."""
    for report_id in ids:
        tx.run(_Q.remove_report, id=report_id)


def postpone_reports(tx: Transaction, due: Iterable[tuple[int, int]]) -> None:
    """Try reports again later: their ids, each with its time."""
    for report_id, due_at in due:
        tx.run(_Q.postpone_report, id=report_id, due_at=due_at)


def waiting_reports(reader: Reader) -> int:
    """How many reports wait."""
    found: int = reader.value(_Q.waiting_reports)
    return found


def forget_reports(tx: Transaction, before: int) -> int:
    """Give up reports that arrived before a time; how many."""
    return tx.run(_Q.forget_reports, before=before)
