"""Who stands before the captive page: device, client address and MAC, and the signed tokens that carry them.

Everything in the redirect's query comes from a browser (portal notes §14, contract: «Whose address is it?»). The TCP
peer is the user where it lies in a configured user network; otherwise the query's address is believed as far as its
device's networks allow, and a login goes only to that device, which alone knows whether it has such a client.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Any, Final

from zhuomai_appliance.flows.tables import Tables
from zhuomai_appliance.flows.throttle import FREE_TRIES_OF_DEVICE, Device
from zhuomai_appliance.model.access import Reason, Rejection, SessionId
from zhuomai_appliance.model.network import Nas, NasId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.portal.dialects import read_redirect
from zhuomai_appliance.store.vault import Vault

FORM_SECONDS: Final = 3600
"""How long a login page may lie open before its form is refused."""

ONLINE_SECONDS: Final = 7 * 86_400
"""How long the link of an online page may be used to look or to log out."""

CLOCK_SET_BACK_SECONDS: Final = 60
"""How far in the future a token may lie: our own clock may have been set back since it was made."""

REPLACEMENT_SECONDS: Final = 300
"""How long a checked password may let its device take another one's place."""

_REPLACEMENT: Final = "portal-replacement"
_FORM: Final = "portal-form"
_WAIT: Final = "portal-wait"
_ONLINE: Final = "portal-online"


@dataclass(frozen=True, slots=True)
class Visitor:
    """A client at a device. ``mac`` is for display and the throttle; what is billed comes from RADIUS.

    ``peer`` is whom the page was shown to, the one thing here that no browser can choose. ``device`` is the address of
    the access device, where the NAS entry is a network of them.
    """

    nas_id: NasId
    user_ip: str
    mac: str | None
    ssid: str | None
    original_url: str | None
    at: int
    peer: str = ""
    device: str | None = None

    @property
    def is_proved(self) -> bool:
        """Whether the client's address is the connection's own, and not only what a query says."""
        return self.user_ip == self.peer

    def sources(self) -> tuple[Device, ...]:
        """Where a wrong password came from: the MAC slows the phone at RADIUS too, the peer whoever makes MACs up."""
        said = Device(self.mac or self.user_ip, is_one=True)
        if self.is_proved:
            return said, Device(self.peer, is_one=True)
        # Behind a NAT many phones are one peer: what one of them guesses must not soon stop the name's owner
        return said, Device(f"peer:{self.peer}", is_one=False, free_tries=FREE_TRIES_OF_DEVICE)


@dataclass(frozen=True, slots=True)
class Online:
    """A client that logged in through our page, so that the page may show its figures and log it out."""

    visitor: Visitor
    account_id: AccountId


@dataclass(frozen=True, slots=True)
class Replacement:
    """A client whose password was right while its account was full, and the session that is to make room for it."""

    visitor: Visitor
    account_id: AccountId
    session_id: SessionId


class Reception:
    """Reads redirects and tokens."""

    def __init__(self, tables: Tables, vault: Vault) -> None:
        self._tables = tables
        self._vault = vault

    def receive(self, query: Mapping[str, Sequence[str]], peer: str, now: int) -> Visitor | Rejection:
        """The visitor behind a redirect, or why the page cannot know him."""
        facts = read_redirect(query)
        owner = self._owner_of(peer)
        user_ip = facts.user_ip
        if owner is not None:
            if user_ip is not None and user_ip != peer:
                return Rejection(
                    Reason.DEVICE_UNKNOWN_TO_NAS, "the query names another address than the peer's"
                )
            user_ip = peer
        nas = self._device(facts.device, owner, user_ip)
        if nas is None or user_ip is None:
            return Rejection(Reason.DEVICE_UNKNOWN_TO_NAS, "no listed access device, or no client address")
        if nas.user_networks and not any(_lies_in(user_ip, net) for net in nas.user_networks):
            return Rejection(Reason.DEVICE_UNKNOWN_TO_NAS, "the address is not in the device's user networks")
        device = None
        if not nas.is_single_host:
            device = facts.device
            if device is None or nas.alone(device) is None:
                return Rejection(Reason.DEVICE_UNKNOWN_TO_NAS, "which of the network's devices is not said")
        return Visitor(nas.id, user_ip, facts.mac, facts.ssid, facts.original_url, now, peer, device)

    def nas_of(self, visitor: Visitor) -> Nas | None:
        """The one machine a visitor stands at; None when it is no longer listed."""
        nas = self._tables.by_id(visitor.nas_id)
        return nas if nas is None or nas.is_single_host else nas.alone(visitor.device or "")

    def _owner_of(self, peer: str) -> Nas | None:
        """The device in whose configured user networks an address lies."""
        for nas in self._tables.all_nas():
            if any(_lies_in(peer, net) for net in nas.user_networks):
                return nas
        return None

    def _device(self, said: str | None, owner: Nas | None, user_ip: str | None) -> Nas | None:
        if said is not None:
            named = self._tables.find(said) or self._tables.by_name(said)
            if named is not None:
                return named
        if owner is not None:
            return owner
        devices = self._tables.all_nas()
        fitting = [
            nas
            for nas in devices
            if user_ip is not None and any(_lies_in(user_ip, net) for net in nas.user_networks)
        ]
        candidates = fitting or devices
        return candidates[0] if len(candidates) == 1 else None

    # Tokens -----------------------------------------------------------------------------------------------------------

    def form_token(self, visitor: Visitor) -> str:
        """What the login form carries."""
        return self._sign(_FORM, _facts(visitor))

    def from_form(self, token: str, now: int) -> Visitor | Rejection:
        """The visitor of a form, unless it is forged or lay open too long."""
        facts = self._read(_FORM, token)
        if facts is None:
            return Rejection(Reason.PAGE_EXPIRED, "not a token of ours")
        visitor = _visitor(facts)
        if not -CLOCK_SET_BACK_SECONDS <= now - visitor.at <= FORM_SECONDS:
            return Rejection(Reason.PAGE_EXPIRED, "older than an hour")
        return visitor

    def wait_token(self, visitor: Visitor, login_number: int) -> str:
        """What the waiting page carries: its own login's result is for whoever sent that login's form alone."""
        return self._sign(_WAIT, {**_facts(visitor), "login": login_number})

    def from_wait(self, token: str, now: int) -> tuple[Visitor, int] | None:
        """The visitor of a waiting page and the number of the login; None for a forged or old token."""
        facts = self._read(_WAIT, token)
        if facts is None:
            return None
        login_number = int(facts.pop("login"))
        visitor = _visitor(facts)
        is_fresh = -CLOCK_SET_BACK_SECONDS <= now - visitor.at <= FORM_SECONDS
        return (visitor, login_number) if is_fresh else None

    def online_token(self, online: Online, now: int) -> str:
        """What the online page's links carry: only who logged in through us gets one."""
        return self._sign(_ONLINE, {**_facts(replace(online.visitor, at=now)), "account": online.account_id})

    def from_online(self, token: str, now: int) -> Online | None:
        """The client of an online page; None for a forged or old token."""
        facts = self._read(_ONLINE, token)
        if facts is None:
            return None
        account_id = AccountId(facts.pop("account"))
        visitor = _visitor(facts)
        is_fresh = -CLOCK_SET_BACK_SECONDS <= now - visitor.at <= ONLINE_SECONDS
        return Online(visitor, account_id) if is_fresh else None

    def replacement_token(self, replacement: Replacement, now: int) -> str:
        """What "replace it" beside an open session carries; made only after the password was checked."""
        facts = _facts(replace(replacement.visitor, at=now))
        return self._sign(
            _REPLACEMENT,
            {**facts, "account": replacement.account_id, "session": replacement.session_id},
        )

    def from_replacement(self, token: str, now: int) -> Replacement | None:
        """Who replaces which session; None for a forged or old token."""
        facts = self._read(_REPLACEMENT, token)
        if facts is None:
            return None
        account_id, session_id = AccountId(facts.pop("account")), SessionId(facts.pop("session"))
        visitor = _visitor(facts)
        is_fresh = -CLOCK_SET_BACK_SECONDS <= now - visitor.at <= REPLACEMENT_SECONDS
        return Replacement(visitor, account_id, session_id) if is_fresh else None

    def _sign(self, purpose: str, facts: Mapping[str, Any]) -> str:
        body = json.dumps(facts, separators=(",", ":"), ensure_ascii=False).encode()
        return urlsafe_b64encode(self._vault.sign(purpose, body) + body).decode().rstrip("=")

    def _read(self, purpose: str, token: str) -> dict[str, Any] | None:
        if len(token) > 4096:
            return None
        try:
            whole = urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except ValueError:
            return None
        tag, body = whole[:16], whole[16:]
        if not self._vault.verify(purpose, body, tag):
            return None
        facts: dict[str, Any] = json.loads(body)
        return facts


def _facts(visitor: Visitor) -> dict[str, Any]:
    return {
        "nas": visitor.nas_id,
        "ip": visitor.user_ip,
        "mac": visitor.mac,
        "ssid": visitor.ssid,
        "url": (visitor.original_url or "")[:1024] or None,
        "at": visitor.at,
        "peer": visitor.peer,
        "device": visitor.device,
    }


def _visitor(facts: Mapping[str, Any]) -> Visitor:
    return Visitor(
        NasId(facts["nas"]),
        facts["ip"],
        facts["mac"],
        facts["ssid"],
        facts["url"],
        facts["at"],
        facts.get("peer", ""),
        facts.get("device"),
    )


def _lies_in(address: str, network: Any) -> bool:
    try:
        return ip_address(address) in network
    except (ValueError, TypeError):
        return False
