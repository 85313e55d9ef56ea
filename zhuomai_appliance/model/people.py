"""Accounts, the groups they live in, the devices bound to them, and the operators who look after them."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple, NewType

from zhuomai_appliance.model.network import ProjectId

AccountId = NewType("AccountId", int)
GroupId = NewType("GroupId", int)
OperatorId = NewType("OperatorId", int)


def normal_name(text: str) -> str:
    """Fold a login name for look-up: full-width forms, case and outer blanks do not matter (features A27)."""
    if text.isascii():
        return text.strip().lower()
    return unicodedata.normalize("NFKC", text).strip().casefold()


def is_printable_name(text: str) -> bool:
    """Whether a login name is short enough and free of control, bidi and other invisible characters.

    A name with a NUL inside is not the name before the NUL (security R8), so such names are refused, never cut.
    """
    if not 0 < len(text) <= 128:
        return False
    if text.isascii():
        return text.isprintable()
    return not any(unicodedata.category(c) in _INVISIBLE for c in text)


_INVISIBLE: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})


class AccountStatus(StrEnum):
    """Derived, never set by hand (billing rules §4)."""

    NORMAL = "normal"
    EXPIRED = "expired"
    SUSPENDED = "suspended"
    LOCKED = "locked"
    CLOSED = "closed"
    NO_PLAN = "no_plan"


class Account(NamedTuple):
    """One login. Identity number and phone are kept encrypted and are read on purpose only, so they are not here.

    A named tuple as all that is made for every packet: a frozen dataclass takes three times as long to make.
    """

    id: AccountId
    project_id: ProjectId
    username: str
    full_name: str
    group_id: GroupId | None
    rate_id: int | None
    email: str
    address: str
    created_at: int
    first_login_at: int | None
    locked_until: int | None
    locked_reason: str
    closed_at: int | None

    def is_locked(self, now: int) -> bool:
        """Whether a lock is in force at ``now``; ``locked_until`` 0 has no end."""
        return self.locked_until is not None and (self.locked_until == 0 or now < self.locked_until)


class BindingMode(StrEnum):
    """Which devices an account may be used from (features A14): those it learns by logging in, any, or fixed ones."""

    LEARN = "learn"
    NONE = "none"
    FIXED = "fixed"


@dataclass(frozen=True, slots=True)
class Group:
    """A node of the group tree; None in a switch inherits from the parent (features F03, F04).

    ``binding`` goes before the plan's: a dormitory binds, a merchant does not, whatever they bought.
    """

    id: GroupId
    project_id: ProjectId
    parent_id: GroupId | None
    name: str
    must_change_password: bool | None = None
    must_bind_phone: bool | None = None
    must_bind_email: bool | None = None
    may_sponsor_guests: bool | None = None
    is_guest_group: bool | None = None
    unbinds_per_month: int | None = None
    self_registration: bool | None = None
    rate_id: int | None = None
    plan_id: int | None = None
    base_plan_id: int | None = None
    binding: BindingMode | None = None


class BindingKind(StrEnum):
    """LEARNED by a login, FIXED by an operator, RANDOM for a locally administered address."""

    LEARNED = "learned"
    FIXED = "fixed"
    RANDOM = "random"


class DeviceBinding(NamedTuple):
    """A device known to belong to an account; silent re-login (无感知) is allowed until ``silent_until``."""

    account_id: AccountId
    mac: str
    kind: BindingKind
    bound_at: int
    silent_until: int | None
    last_seen_at: int


class Permission(StrEnum):
    """What an operator or an API token may do; roles are sets of these."""

    CONSOLE_VIEW = "console.view"
    ACCOUNTS_READ = "accounts.read"
    ACCOUNTS_WRITE = "accounts.write"
    PERSON_DATA_READ = "accounts.person_data"
    SESSIONS_READ = "sessions.read"
    SESSIONS_DISCONNECT = "sessions.disconnect"
    ATTEMPTS_READ = "attempts.read"
    ORDERS_READ = "orders.read"
    ORDERS_CASH = "orders.cash"
    ORDERS_MANUAL = "orders.manual"
    PLANS_WRITE = "plans.write"
    SUBSCRIPTIONS_WRITE = "subscriptions.write"
    REFUNDS_REQUEST = "refunds.request"
    REFUNDS_APPROVE = "refunds.approve"
    CARDS_READ = "cards.read"
    CARDS_WRITE = "cards.write"
    AGENTS_READ = "agents.read"
    AGENTS_WRITE = "agents.write"
    AGENT_SELL = "agent.sell"
    SHIFTS_WRITE = "shifts.write"
    EXPENSES_WRITE = "expenses.write"
    LEDGER_READ = "ledger.read"
    LEDGER_REVERSE = "ledger.reverse"
    LEDGER_CLOSE = "ledger.close"
    REPORTS_READ = "reports.read"
    PROJECTS_WRITE = "projects.write"
    NETWORK_READ = "network.read"
    NETWORK_WRITE = "network.write"
    AUDIT_READ = "audit.read"
    OPERATORS_WRITE = "operators.write"


_READ: Final = frozenset(p for p in Permission if p.value.endswith((".read", ".view")))

#: The shipped roles (features K06) as sets of permissions; the words are those of the site file and the API.
ROLES: Final[dict[str, frozenset[Permission]]] = {
    "admin": frozenset(Permission),
    "operations": _READ - {Permission.ORDERS_READ, Permission.LEDGER_READ}
    | {Permission.SESSIONS_DISCONNECT, Permission.NETWORK_WRITE},
    "cashier": frozenset(
        {
            Permission.CONSOLE_VIEW,
            Permission.ACCOUNTS_READ,
            Permission.ACCOUNTS_WRITE,
            Permission.SESSIONS_READ,
            Permission.ORDERS_READ,
            Permission.ORDERS_CASH,
            Permission.ORDERS_MANUAL,
            Permission.SUBSCRIPTIONS_WRITE,
            Permission.REFUNDS_REQUEST,
            Permission.CARDS_READ,
            Permission.SHIFTS_WRITE,
        }
    ),
    "finance": frozenset(
        {
            Permission.CONSOLE_VIEW,
            Permission.ACCOUNTS_READ,
            Permission.ORDERS_READ,
            Permission.ORDERS_MANUAL,
            Permission.REFUNDS_REQUEST,
            Permission.REFUNDS_APPROVE,
            Permission.CARDS_READ,
            Permission.CARDS_WRITE,
            Permission.AGENTS_READ,
            Permission.AGENTS_WRITE,
            Permission.SHIFTS_WRITE,
            Permission.EXPENSES_WRITE,
            Permission.LEDGER_READ,
            Permission.LEDGER_REVERSE,
            Permission.LEDGER_CLOSE,
            Permission.REPORTS_READ,
            Permission.AUDIT_READ,
        }
    ),
    "agent": frozenset({Permission.AGENT_SELL}),
    "investor": frozenset({Permission.REPORTS_READ}),
    "helpdesk": frozenset(
        {
            Permission.CONSOLE_VIEW,
            Permission.ACCOUNTS_READ,
            Permission.SESSIONS_READ,
            Permission.SESSIONS_DISCONNECT,
            Permission.ATTEMPTS_READ,
        }
    ),
    "audit": _READ,
}


@dataclass(frozen=True, slots=True)
class Operator:
    """A person of the network centre, or the holder of an API token. ``project_ids`` empty means every project.

    ``group_ids`` bind him to the people of these groups and of all below them; empty means everybody (features F03).
    """

    id: OperatorId
    name: str
    role: str
    project_ids: tuple[ProjectId, ...]
    permissions: frozenset[Permission]
    disabled: bool = False
    password_digest: str = field(default="", repr=False)
    group_ids: tuple[GroupId, ...] = ()

    def may(self, permission: Permission) -> bool:
        """Whether this operator holds ``permission`` and is not disabled."""
        return not self.disabled and permission in self.permissions
