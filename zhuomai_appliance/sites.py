"""The daemon's two web sites, with all that their pages work with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twisted.web.resource import IResource

from zhuomai_appliance.commands.import_rows import read_people
from zhuomai_appliance.config import Config, Endpoint
from zhuomai_appliance.figures import figures
from zhuomai_appliance.flows.list_admin import ListAdmin
from zhuomai_appliance.flows.rate_admin import RateAdmin
from zhuomai_appliance.net.own_address import own_address
from zhuomai_appliance.paths import StateFiles
from zhuomai_appliance.web.admin.cookbook import Site
from zhuomai_appliance.web.app import ConsoleDeps, captive_site, console_resource
from zhuomai_appliance.web.captive.pages import CaptiveDeps

if TYPE_CHECKING:
    from zhuomai_appliance.appliance import Appliance

_NOWHERE: Final = Endpoint("0.0.0.0", 0)


def sites(appliance: Appliance) -> tuple[IResource, IResource]:
    """The captive pages, and the console with its API."""
    captive = captive_site(
        CaptiveDeps(
            portal_login=appliance.portal_login,
            tables=appliance.tables,
            store=appliance.store,
            renderer=appliance.renderer,
            clock=appliance.clocks.now,
            later=appliance.clocks.later,
            reference=appliance.entropy.lookup_code,
            public_url=appliance.config.web.public_url,
            trust=lambda: appliance.certificates.trust,
        )
    )
    console = console_resource(
        ConsoleDeps(
            store=appliance.store,
            vault=appliance.vault,
            tables=appliance.tables,
            operators=appliance.operators,
            session_admin=appliance.session_admin,
            renderer=appliance.renderer,
            words=appliance.words,
            clock=appliance.clocks.now,
            gauges=lambda: figures(appliance),
            reference=appliance.entropy.lookup_code,
            backed_up_at=lambda: backed_up_at(appliance.files),
            nas_admin=appliance.nas_admin,
            nas_checker=appliance.nas_checker,
            servers=appliance.roaming.desk,
            list_admin=ListAdmin(appliance.store, appliance.clocks.now, appliance.reload),
            rate_admin=RateAdmin(appliance.store, appliance.clocks.now, appliance.reload),
            own_site=lambda host: own_site(appliance.config, host),
            reservations=appliance.reservations,
            tracing=appliance.tracing,
            alarms=appliance.alarms,
            interims=appliance.interims,
            trust=lambda: appliance.certificates.trust,
            changed=appliance.reload,
            entropy=appliance.entropy,
            digester=appliance.digester,
            read_people=read_people,
        )
    )
    return captive, console


def backed_up_at(files: StateFiles) -> int | None:
    """When the newest backup beside the database was made, UTC epoch seconds; None where there is none."""
    return max((int(path.stat().st_mtime) for path in files.backups.glob("*.db")), default=None)


def own_site(config: Config, host: str) -> Site:
    """What a device at an address must know of this box: our address on the way to it, and our ports."""
    auth = next(iter(config.radius.auth), _NOWHERE)
    acct = next(iter(config.radius.acct), _NOWHERE)
    return Site(
        server=own_address(host, auth.host),
        auth_port=auth.port,
        acct_port=acct.port,
        listen_port=config.portal.listen.port,
        portal_url=config.web.public_url,
        captive_port=config.web.captive.port,
    )
