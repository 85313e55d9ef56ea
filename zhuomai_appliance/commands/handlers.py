"""What the control socket offers: the working halves of the commands, run by the daemon or by the command itself."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from zhuomai_appliance.commands import sitefile
from zhuomai_appliance.commands.backstage import Backstage
from zhuomai_appliance.flows import site
from zhuomai_appliance.flows.operators import Actor, OperatorRefused, Operators
from zhuomai_appliance.model.people import Permission
from zhuomai_appliance.net.control import CommandFailed, Handler, Params

LOCAL = "local"
"""The address of whoever sits at the machine."""


def handlers(stage: Backstage) -> Mapping[str, Handler]:
    """The commands by name, bound to their parts."""
    return {
        "ping": partial(_ping, stage),
        "apply": partial(_apply, stage),
        "operator": partial(_operator, stage),
    }


async def _ping(stage: Backstage, params: Params) -> Any:
    return {"now": stage.now(), "state": stage.store.state.condition.value}


async def _apply(stage: Backstage, params: Params) -> Any:
    wanted = sitefile.parse(params["site"], errors=params["errors"])
    applier = site.SiteFlow(stage.store, stage.vault, stage.digester)
    try:
        report = await applier.apply(
            Actor("zhuomai apply", LOCAL), wanted, stage.now(), dry_run=bool(params["dry_run"])
        )
    except site.SiteRefused as error:
        raise CommandFailed(*(f"{params['origin']}: {line}" for line in error.errors)) from None
    if not report.dry_run and report.touched_tables():
        stage.changed()
    return report.as_facts()


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
