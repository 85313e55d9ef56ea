"""What the control socket offers: the working halves of the commands, run by the daemon or by the command itself."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from zhuomai_appliance.commands import sitefile
from zhuomai_appliance.commands.backstage import Backstage
from zhuomai_appliance.flows import site
from zhuomai_appliance.flows.effects import disconnect_key
from zhuomai_appliance.flows.operators import Actor, OperatorRefused, Operators
from zhuomai_appliance.flows.session_admin import SessionAdmin
from zhuomai_appliance.flows.tables import Tables
from zhuomai_appliance.model.access import SessionId
from zhuomai_appliance.model.people import Permission
from zhuomai_appliance.net.control import CommandFailed, Handler, Params
from zhuomai_appliance.store import journal, sessions
from zhuomai_appliance.store.backup import BackupStopped
from zhuomai_appliance.store.interface import StoreRefused, StoreUnavailable
from zhuomai_appliance.vendors.device_kinds import support_of

LOCAL = "local"
"""The address of whoever sits at the machine."""


def handlers(stage: Backstage) -> Mapping[str, Handler]:
    """The commands by name, bound to their parts."""
    return {
        "ping": partial(_ping, stage),
        "apply": partial(_apply, stage),
        "import": partial(_import, stage),
        "operator": partial(_operator, stage),
        "disconnect": partial(_disconnect, stage),
        "disconnect-result": partial(_disconnect_result, stage),
        "explain": partial(_explain, stage),
        "certificate": partial(_certificate, stage),
        "backup": partial(_backup, stage),
    }


async def _ping(stage: Backstage, params: Params) -> Any:
    return {"now": stage.now(), "state": stage.store.state.condition.value}


async def _apply(stage: Backstage, params: Params) -> Any:
    wanted = await stage.digester.run(_read_site, params["site"], params["errors"])
    applier = site.SiteFlow(stage.store, stage.vault, stage.digester)
    try:
        report = await applier.apply(
            Actor("zhuomai apply", LOCAL), wanted, stage.now(), dry_run=bool(params["dry_run"])
        )
    except site.SiteRefused as error:
        raise CommandFailed(*(f"{params['origin']}: {line}" for line in error.errors)) from None
    if not report.dry_run and report.touched_tables():
        stage.changed()
    return report.as_facts() | {"remarks": _remarks(wanted)}


def _remarks(wanted: site.Site) -> list[list[str]]:
    """What the kinds of the declared devices cannot do: the device's name and a stable word each, and what instead."""
    found = []
    for nas in wanted.nas:
        support = support_of(nas.vendor, nas.device_kind)
        found += [[nas.name, note.value, support.instead or ""] for note in support.notes]
    return found


def _read_site(raw: Mapping[str, Any], errors: Sequence[str]) -> site.Site:
    # Off the reactor thread: a school of fifty thousand takes a second or two to be read.
    return sitefile.parse(raw, errors=errors)


async def _import(stage: Backstage, params: Params) -> Any:
    """Some rows of people, all of them or none; their mistakes are the answer, so that the next rows are looked at too."""
    wanted = await stage.digester.run(_read_site, {"account": params["rows"]}, [])
    applier = site.SiteFlow(stage.store, stage.vault, stage.digester)
    try:
        report = await applier.apply(
            Actor("zhuomai import", LOCAL), wanted, stage.now(), dry_run=bool(params["dry_run"])
        )
    except site.SiteRefused as error:
        return {"items": [], "errors": list(error.errors)}
    return {**report.as_facts(), "errors": []}


async def _operator(stage: Backstage, params: Params) -> Any:
    flow = Operators(stage.store, stage.entropy, stage.digester)
    actor, name, now = Actor("zhuomai operator", LOCAL), params["name"], stage.now()
    try:
        if params["what"] == "add":
            await flow.create(actor, name, params["role"], params["password"], now)
        elif params["what"] == "reset-password":
            await flow.reset_password(actor, name, params["password"], now)
        else:
            scopes = [_permission(word) for word in params["scopes"]]
            return {"token": await flow.mint_token(actor, name, scopes, now, params["label"])}
    except OperatorRefused as error:
        raise CommandFailed(str(error)) from None
    return {}


def _permission(word: str) -> Permission:
    try:
        return Permission(word)
    except ValueError:
        raise CommandFailed(f'there is no scope "{word}"; known are {", ".join(Permission)}') from None


def _session_admin(stage: Backstage) -> SessionAdmin:
    tables = Tables()
    tables.reload(stage.store.reader, stage.vault)
    # Nobody needs to be woken: the dispatcher looks at its outbox every second.
    return SessionAdmin(stage.store, tables, stage.now, lambda: None)


async def _disconnect(stage: Backstage, params: Params) -> Any:
    admin = _session_admin(stage)
    if params["session"] is not None:
        acct_session_id = params["session"]
        found = [
            stored.session.id
            for stored in await stage.store.read(sessions.open_sessions)
            if stored.session.acct_session_id == acct_session_id
        ]
    else:
        found = admin.find(params["who"])
    asked = await admin.end(found, Actor("zhuomai disconnect", LOCAL))
    return {"sessions": list(asked.session_ids)}


async def _disconnect_result(stage: Backstage, params: Params) -> Any:
    answers = {}
    for session_id in params["sessions"]:
        key = disconnect_key(SessionId(session_id))
        found = journal.effect_result(stage.store.reader, key)
        state, words, tries = found or ("failed", "it is not known", 0)
        answers[str(session_id)] = {"state": state, "words": words, "tries": tries}
    return answers


async def _explain(stage: Backstage, params: Params) -> Any:
    # Its words are those of the pages, which no other command needs
    from zhuomai_appliance.commands.explain import explain

    return await explain(stage, params)


async def _certificate(stage: Backstage, params: Params) -> Any:
    # What signs certificates is needed by no other command
    from zhuomai_appliance.commands.certificate_work import work

    return await work(stage, params)


async def _backup(stage: Backstage, params: Params) -> Any:
    target = Path(params["file"])
    if target.resolve() == stage.files.database.resolve():
        raise CommandFailed(f"{target} is the database itself; name another file")
    try:
        report = await stage.store.backup(target)
    except (OSError, sqlite3.Error, StoreRefused, StoreUnavailable, BackupStopped) as error:
        raise CommandFailed(f"{target}: {error}; nothing was written") from None
    return {
        "file": str(report.path),
        "bytes": report.size_octets,
        "schema": report.schema_version,
        "sha256": report.sha256,
        "key_id": report.key_id,
    }
