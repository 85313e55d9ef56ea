"""What the console's lists and the page of one person show: plain values, ready to print.

Times are UTC epoch seconds, money fen, traffic octets. Texts are already in the operator's language where they are
ours, and untouched where they come from people or devices. None is "not known".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from zhuomai_appliance.web.admin.views import Badge, Choice, Figure, Pager

# --- people ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class UserLine:
    """One account in the list. ``online`` counts its open sessions."""

    url: str
    username: str
    full_name: str
    group: str
    plan: str
    badge: Badge
    ends_at: int | None
    octets_left: int | None
    unlimited: bool
    balance_fen: int
    online: int
    last_seen_at: int | None


@dataclass(frozen=True, slots=True)
class UsersView:
    """The list of accounts, or with ``searching`` the page that waits for a question."""

    rows: tuple[UserLine, ...]
    views: tuple[Choice, ...]
    view: str
    q: str
    groups: tuple[Choice, ...]
    group: str
    plans: tuple[Choice, ...]
    plan: str
    sort: str
    pager: Pager
    searching: bool = False
    hint: str = ""

    @property
    def filtered(self) -> bool:
        """Whether anything narrows the list."""
        return bool(self.q or self.group or self.plan or self.view)


@dataclass(frozen=True, slots=True)
class SubscriptionLine:
    """One purchase with its place on the common time axis: percent of its width, 0 to 100."""

    plan: str
    note: str
    badge: Badge
    starts_at: int | None
    ends_at: int | None
    left: str
    price_fen: int
    bar: str
    bar_from: float
    bar_width: float


@dataclass(frozen=True, slots=True)
class Axis:
    """The months above the bars and today's line: positions in percent."""

    months: tuple[tuple[float, str], ...]
    today: float


@dataclass(frozen=True, slots=True)
class SessionLine:
    """A stay online, live or past. ``kick_url`` leads to the confirmation, ``kick_action`` does it."""

    id: int
    user_url: str
    username: str
    full_name: str
    access: str
    place: str
    place_note: str
    mac: str
    ip: str
    started_at: int
    stopped_at: int | None
    seconds: int | None
    output_octets: int
    input_octets: int
    plan: str
    suspect: bool = False
    cause: str = ""
    kick_url: str = ""
    kick_action: str = ""
    confirming: bool = False
    cancel_url: str = ""
    kicked: bool = False
    ipv6: tuple[str, ...] = ()

    def with_kick(self, *, confirming: bool, kicked: bool) -> SessionLine:
        """The same line, asking whether to end it, or telling that it is being ended."""
        return replace(self, confirming=confirming and not kicked, kicked=kicked)


class EventKind(StrEnum):
    """What a line of the timeline is about; the filter's words."""

    LOGIN = "login"
    REFUSED = "refused"
    MONEY = "money"
    CHANGE = "change"
    SESSION = "session"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a person."""

    kind: EventKind
    at: int
    title: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class BoundDevice:
    """A device bound to the account."""

    mac: str
    note: str
    last_seen_at: int | None


@dataclass(frozen=True, slots=True)
class UserView:
    """One person: the verdict first, then the evidence."""

    username: str
    full_name: str
    facts: tuple[str, ...]
    badges: tuple[Badge, ...]
    can_go_online: bool
    verdict: str
    verdict_detail: str
    subscriptions: tuple[SubscriptionLine, ...]
    axis: Axis
    sessions: tuple[SessionLine, ...]
    balance_fen: int
    bonus_fen: int
    wallet_facts: tuple[tuple[str, str], ...]
    devices: tuple[BoundDevice, ...]
    max_devices: int | None
    events: tuple[Event, ...]
    show: str
    sessions_url: str
    attempts_url: str
    pay_url: str = ""
    pay_label: str = ""
    recharge_url: str = ""


# --- records --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OnlineView:
    """Who is online now."""

    figures: tuple[Figure, ...]
    rows: tuple[SessionLine, ...]
    q: str
    nases: tuple[Choice, ...]
    nas: str
    kinds: tuple[Choice, ...]
    kind: str
    suspect_only: bool
    suspects: int
    pager: Pager
    at: int

    @property
    def filtered(self) -> bool:
        """Whether anything narrows the list."""
        return bool(self.q or self.nas or self.kind or self.suspect_only)


@dataclass(frozen=True, slots=True)
class SessionsView:
    """The session log, newest first."""

    rows: tuple[SessionLine, ...]
    q: str
    nases: tuple[Choice, ...]
    nas: str
    state: str
    since: str
    until: str
    pager: Pager

    @property
    def filtered(self) -> bool:
        """Whether anything narrows the list."""
        return bool(self.q or self.nas or self.state or self.since or self.until)


@dataclass(frozen=True, slots=True)
class AttemptLine:
    """One login attempt. ``code`` and ``reason`` are empty for an accepted one."""

    at: int
    username: str
    user_url: str
    full_name: str
    accepted: bool
    code: str
    reason: str
    detail: str
    access: str
    nas: str
    mac: str
    ip: str
    lookup: str


@dataclass(frozen=True, slots=True)
class AttemptsView:
    """Login attempts, newest first."""

    rows: tuple[AttemptLine, ...]
    q: str
    result: str
    codes: tuple[Choice, ...]
    code: str
    pager: Pager

    @property
    def filtered(self) -> bool:
        """Whether anything narrows the list."""
        return bool(self.q or self.result or self.code)


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One act of an operator, of a token or of the box itself."""

    at: int
    who: str
    action: str
    subject: str
    detail: str
    source: str
    number: int


@dataclass(frozen=True, slots=True)
class AuditView:
    """The audit log, newest first. ``chain`` says whether its hash chain holds; None was not looked at."""

    rows: tuple[AuditLine, ...]
    q: str
    whos: tuple[Choice, ...]
    who: str
    chain: Badge | None
    pager: Pager

    @property
    def filtered(self) -> bool:
        """Whether anything narrows the list."""
        return bool(self.q or self.who)
