"""Realms (domains) and the RADIUS servers elsewhere that know the people of some of them.

A realm is what stands behind the last ``@`` of a user name, or what the SSID implies where nothing does. Its accounts
are ours, or another server's to which the login is passed on, or nobody's here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NewType

from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import GroupId

UpstreamId = NewType("UpstreamId", int)

ANY_OTHER: Final = "*"
"""The name of the realm that stands for every one that no other realm names."""

_REALM: Final = re.compile(r"\.?[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?)*")
_LONGEST: Final = 253


class Transport(StrEnum):
    """What carries RADIUS to another server: datagrams (RFC 2865), or TLS on TCP (RadSec, RFC 6614)."""

    UDP = "udp"
    TLS = "tls"


class WhenSilent(StrEnum):
    """What the access device hears when no server of a realm answers: nothing, so that it asks again, or a refusal."""

    DROP = "drop"
    REJECT = "reject"


class RealmAction(StrEnum):
    """What becomes of a login of a realm."""

    LOCAL = "local"
    PROXY = "proxy"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Upstream:
    """A RADIUS server that is asked about people of other realms.

    Attributes:
        address: a literal address.
        timeout_seconds: how long one try waits; ``tries`` of them, and the server counts as silent.
        message_authenticator: whether its answers to logins must be signed (CVE-2024-3596). What we send always is.
        status_server: whether it answers Status-Server (RFC 5997), by which its coming back is noticed.
        server_name: over TLS, the name that its certificate must hold; empty: its address.
        accept_attributes: names of attributes that its Access-Accept may set here beside those that are harmless.
    """

    id: UpstreamId
    project_id: ProjectId
    name: str
    address: str
    secret: bytes = field(repr=False)
    auth_port: int = 1812
    acct_port: int = 1813
    transport: Transport = Transport.UDP
    timeout_seconds: int = 2
    tries: int = 2
    message_authenticator: bool = True
    status_server: bool = True
    server_name: str = ""
    accept_attributes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Realm:
    """A realm of one project, as it is declared.

    Attributes:
        name: folded (`normal_realm`); ``.edu.cn`` means every realm below that domain, ``*`` every one not named.
        ssids: networks whose users belong to it where their names have no realm.
        group_id: only accounts of this group or below it may use a local realm; None: all.
        upstreams: names of servers, asked in this order; none: the realm is local.
        strip: whether the realm is cut off the name before it is looked up or passed on.
        reject: why its logins are refused, in words for people; empty: they are not.
    """

    project_id: ProjectId
    name: str
    ssids: tuple[str, ...] = ()
    group_id: GroupId | None = None
    upstreams: tuple[str, ...] = ()
    strip: bool = True
    reject: str = ""
    when_silent: WhenSilent = WhenSilent.DROP

    @property
    def action(self) -> RealmAction:
        """What becomes of its logins."""
        if self.reject:
            return RealmAction.REJECT
        return RealmAction.PROXY if self.upstreams else RealmAction.LOCAL


def normal_realm(text: str) -> str:
    """A realm in the form it is compared in: realms do not differ by case (RFC 7542 §2.2)."""
    return text.strip().casefold()


def is_realm(text: str) -> bool:
    """Whether a folded realm is one that a server elsewhere could have: letters, digits, hyphens and dots (RFC 7542 §2.2).

    Underlines too, which operators' realms have. A leading dot is for declarations. What mistyping and forgery make
    (blanks, two dots) is never passed on.
    """
    return len(text) <= _LONGEST and _REALM.fullmatch(text) is not None
