"""The console's words for states, roles and kinds: one word for one thing, each state with the mark of its badge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from zhuomai_appliance.model.access import AccessKind, ClosedBy
from zhuomai_appliance.model.people import AccountStatus, BindingKind
from zhuomai_appliance.web.admin.views import Badge, Mark
from zhuomai_appliance.web.words import Words, mark

ACCOUNT_STATES: Final[Mapping[AccountStatus, tuple[Mark, str]]] = {
    AccountStatus.NORMAL: (Mark.OK, mark("Normal")),
    AccountStatus.EXPIRED: (Mark.WARN, mark("Expired")),
    AccountStatus.SUSPENDED: (Mark.IDLE, mark("Suspended")),
    AccountStatus.LOCKED: (Mark.DANGER, mark("Locked")),
    AccountStatus.CLOSED: (Mark.IDLE, mark("Closed")),
    AccountStatus.NO_PLAN: (Mark.WARN, mark("No plan")),
}

#: By the stable word of a subscription's state.
SUBSCRIPTION_STATES: Final[Mapping[str, tuple[Mark, str]]] = {
    "reserved": (Mark.BRAND, mark("Starts at first login")),
    "queued": (Mark.BRAND, mark("Queued")),
    "active": (Mark.OK, mark("In use")),
    "suspended": (Mark.IDLE, mark("Suspended")),
    "exhausted": (Mark.IDLE, mark("Used up")),
    "finished": (Mark.IDLE, mark("Finished")),
    "cancelled": (Mark.IDLE, mark("Cancelled")),
}

ROLES: Final[Mapping[str, str]] = {
    "admin": mark("administrator"),
    "operations": mark("network operations"),
    "cashier": mark("cashier"),
    "finance": mark("finance"),
    "helpdesk": mark("help desk"),
    "audit": mark("auditor"),
}

ACCESS_KINDS: Final[Mapping[AccessKind, str]] = {
    AccessKind.PORTAL: "Portal",
    AccessKind.PPPOE: "PPPoE",
    AccessKind.DOT1X: "802.1X",
    AccessKind.MAC: mark("seamless"),
    AccessKind.ADMIN: mark("device login"),
    AccessKind.PROBE: mark("probe"),
    AccessKind.OTHER: mark("other"),
}

CLOSINGS: Final[Mapping[ClosedBy, str]] = {
    ClosedBy.STOP: mark("reported by the device"),
    ClosedBy.STOP_LOST: mark("stop lost"),
    ClosedBy.NAS_RESTART: mark("device restarted"),
    ClosedBy.STALE: mark("no reports"),
    ClosedBy.REPLACED: mark("replaced by a new login"),
}

#: Acct-Terminate-Cause in words; causes that are not here print as the RFC names them.
CAUSES: Final[Mapping[int, str]] = {
    1: mark("user logged out"),
    2: mark("link lost"),
    4: mark("idle"),
    5: mark("time was up"),
    6: mark("disconnected"),
    7: mark("device rebooted"),
    10: mark("ended by the device"),
    11: mark("device rebooted"),
}

BINDINGS: Final[Mapping[BindingKind, str]] = {
    BindingKind.LEARNED: mark("learned"),
    BindingKind.FIXED: mark("fixed"),
    BindingKind.RANDOM: mark("random"),
}


def account_badge(status: AccountStatus, words: Words) -> Badge:
    """The badge of an account's state."""
    shape, message = ACCOUNT_STATES[status]
    return Badge(shape, words.text(message))


def subscription_badge(state: str, words: Words) -> Badge:
    """The badge of a subscription's state."""
    shape, message = SUBSCRIPTION_STATES[state]
    return Badge(shape, words.text(message))


def access_word(kind: AccessKind, words: Words) -> str:
    """How a device came in."""
    return words.text(ACCESS_KINDS[kind])


def role_word(role: str, words: Words) -> str:
    """A role's name; a role of the school's own stands as it is written."""
    return words.text(ROLES[role]) if role in ROLES else role


def binding_word(kind: BindingKind, words: Words) -> str:
    """How a device came to be bound."""
    return words.text(BINDINGS[kind])
