"""The tables of a site file about realms and the RADIUS servers elsewhere that know their people."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from zhuomai_appliance.commands.sitetables import Table
from zhuomai_appliance.commands.sitewords import Name, Names, Port, Secret, Text, Yes
from zhuomai_appliance.flows.site_model import SiteRealm, SiteUpstream
from zhuomai_appliance.model.roaming import ANY_OTHER, Transport, WhenSilent, is_realm, normal_realm

RADSEC_PORT = 2083
"""RFC 6614 §2.1; one port for logins and accounting."""

RADSEC_SECRET = "radsec"
"""RFC 6614 §2.3: the same everywhere, since TLS and not the secret protects."""


_NO_REALM = '"{0}" is no realm such as "edu.cn", ".edu.cn" (all below it) or "*" (all others)'


def _host(value: object) -> str:
    try:
        if isinstance(value, str):
            return str(ip_address(value))
    except ValueError:
        pass
    raise ValueError(f'"{value}" is no address such as "192.0.2.7"; write one, not a name')


def _realm(value: object) -> object:
    if not isinstance(value, str):
        return value
    folded = normal_realm(value)
    if "@" in folded or any(letter.isspace() or not letter.isprintable() for letter in folded):
        raise ValueError(_NO_REALM.format(value))
    return folded


class UpstreamTable(Table):
    """[[upstream]]: a RADIUS server elsewhere that is asked about people of other realms."""

    name: Name
    project: Name | None = None
    address: Annotated[str, BeforeValidator(_host)]
    secret: Secret | None = None
    transport: Transport = Transport.UDP
    auth_port: Port | None = None
    acct_port: Port | None = None
    timeout: Annotated[int, Field(ge=1, le=30, strict=True)] = 2
    tries: Annotated[int, Field(ge=1, le=5, strict=True)] = 2
    message_authenticator: Yes = True
    status_server: Yes = True
    server_name: Text = ""
    accept_attributes: Names = []
    removed: Yes = False

    @model_validator(mode="after")
    def _transport_fits(self) -> UpstreamTable:
        if "/" in self.name or self.name.startswith("."):
            raise ValueError("name: is part of a file's name; leave out slashes, and dots in front")
        if self.transport is Transport.UDP:
            if self.secret is None and not self.removed:
                raise ValueError("secret: is missing")
            if self.server_name:
                raise ValueError('server_name: belongs to transport = "tls"')
        elif self.acct_port is not None and self.acct_port != (self.auth_port or RADSEC_PORT):
            raise ValueError("acct_port: over TLS one port carries both; leave it out")
        return self

    def value(self) -> SiteUpstream:
        """See `Table.value`."""
        is_tls = self.transport is Transport.TLS
        auth_port = self.auth_port or (RADSEC_PORT if is_tls else 1812)
        return SiteUpstream(
            name=self.name,
            project=self.project,
            address=self.address,
            secret=RADSEC_SECRET if self.secret is None else self.secret.get_secret_value(),
            auth_port=auth_port,
            acct_port=self.acct_port or (auth_port if is_tls else 1813),
            transport=self.transport,
            timeout_seconds=self.timeout,
            tries=self.tries,
            message_authenticator=self.message_authenticator,
            status_server=self.status_server,
            server_name=self.server_name,
            accept_attributes=tuple(self.accept_attributes),
            removed=self.removed,
        )


class RealmTable(Table):
    """[[realm]]: whose the accounts of a realm are, and what becomes of their logins."""

    name: Annotated[Name, BeforeValidator(_realm)]
    project: Name | None = None
    ssids: Names = []
    group: Name | None = None
    upstreams: Names = []
    strip: Yes | None = None
    reject: Text = ""
    when_silent: WhenSilent = WhenSilent.DROP
    removed: Yes = False

    @model_validator(mode="after")
    def _keys_fit_together(self) -> RealmTable:
        if self.upstreams and self.name != ANY_OTHER and not is_realm(self.name):
            raise ValueError("name: " + _NO_REALM.format(self.name))
        if self.upstreams and self.reject:
            raise ValueError("reject: a realm is refused or passed on, not both")
        if self.group is not None and (self.upstreams or self.reject):
            raise ValueError("group: belongs to a realm whose accounts are here")
        if self.ssids and (self.name == ANY_OTHER or self.name.startswith(".")):
            raise ValueError("ssids: stand for one realm; name it")
        if len(set(self.upstreams)) != len(self.upstreams):
            raise ValueError("upstreams: a server stands twice")
        return self

    def value(self) -> SiteRealm:
        """See `Table.value`."""
        return SiteRealm(
            name=self.name,
            project=self.project,
            ssids=tuple(self.ssids),
            group=self.group,
            upstreams=tuple(self.upstreams),
            strip=not self.upstreams if self.strip is None else self.strip,
            reject=self.reject,
            when_silent=self.when_silent,
            removed=self.removed,
        )
