"""What the rules of access need to know, gathered by the flow before a rule is asked."""

from __future__ import annotations

from typing import NamedTuple

from zhuomai_appliance.model.allowances import UseFacts
from zhuomai_appliance.model.entitlement import Entitlement
from zhuomai_appliance.model.network import Nas, NasId
from zhuomai_appliance.model.people import Account, BindingMode, DeviceBinding, GroupId
from zhuomai_appliance.model.traffic import RateLimit
from zhuomai_appliance.policy.rules import RuleBook


class OpenSession(NamedTuple):
    """A session that the books hold open. ``updated_at`` is its last sign of life by our own clock.

    ``started_at`` is when it began, by its device's.
    """

    mac: str | None
    nas_id: NasId
    acct_session_id: str
    updated_at: int
    interim_seconds: int
    ip: str | None
    started_at: int = 0


class Reservation(NamedTuple):
    """A place kept between an Access-Accept and its accounting Start, so that parallel logins cannot all pass.

    ``device`` is the client's MAC or, where the access device sent none, its address; None where neither is known.
    """

    device: str | None
    until: int


class Kick(NamedTuple):
    """A device that had to go because a newer one of the same account came, and the sessions that were ended for it.

    ``device`` is its MAC or, where none is known, its address.
    """

    at: int
    device: str | None
    sessions: tuple[tuple[NasId, str], ...]


class PlaceCount(NamedTuple):
    """A limited place that a login would enter: how many may be there and how many others are (features A28)."""

    kind: str
    value: str
    maximum: int
    others: int


class AccessFacts(NamedTuple):
    """One account as authorisation sees it.

    ``password`` is what is stored, in the clear and as UTF-8, None where none is kept. The two switches are already
    resolved: True means that the group demands it and the person has not done it. ``user_group`` is the name that
    the access device knows the person's group by, ``binding`` what the group says of devices.

    ``rules`` None means that the project has none; ``outer_vlan`` is the access network's own tag of QinQ, told where
    there are rules. ``phone_index`` is the keyed digest of the account's phone, asked for where phones are listed.
    ``kicks`` are those of the last hour. ``realm`` is the declared one of the login, ``realm_groups`` the groups whose
    accounts may use it, None for all. ``use`` is what was used, where the chain has rules about that.
    """

    account: Account
    entitlement: Entitlement | None
    nas: Nas
    password: bytes | None = None
    open_sessions: tuple[OpenSession, ...] = ()
    reservations: tuple[Reservation, ...] = ()
    bindings: tuple[DeviceBinding, ...] = ()
    must_change_password: bool = False
    must_bind_phone: bool = False
    account_rate: RateLimit | None = None
    group_rate: RateLimit | None = None
    user_group: str | None = None
    binding: BindingMode | None = None
    rules: RuleBook | None = None
    outer_vlan: int | None = None
    phone_index: bytes | None = None
    realm: str | None = None
    realm_groups: frozenset[GroupId] | None = None
    kicks: tuple[Kick, ...] = ()
    places: tuple[PlaceCount, ...] = ()
    use: UseFacts | None = None

    def __repr__(self) -> str:
        """Nothing but the account's number: a password must not slip into a log."""
        return f"<AccessFacts of account {self.account.id}>"
