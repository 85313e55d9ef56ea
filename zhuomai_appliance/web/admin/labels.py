"""The console's words for states, roles and kinds: one word for one thing, each state with the mark of its badge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from zhuomai_appliance.model.access import AccessKind, ClosedBy, Reason
from zhuomai_appliance.model.moment import PeriodUnit
from zhuomai_appliance.model.people import AccountStatus, BindingKind
from zhuomai_appliance.model.products import PlanKind, PlanVersion
from zhuomai_appliance.web.admin.views import Badge, Mark
from zhuomai_appliance.web.formats import Formatter
from zhuomai_appliance.web.reasons import REASONS
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
    "agent": mark("agent"),
    "investor": mark("investor"),
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

#: Where the title that a person reads holds a field of his case, or hides what an operator must know.
OPERATOR_REASONS: Final[Mapping[Reason, str]] = {
    Reason.BAD_CREDENTIALS: mark("Wrong password"),
    Reason.UNKNOWN_USER: mark("No such account"),
    Reason.WAIT_BEFORE_RETRY: mark("Slowed down after wrong tries"),
    Reason.TOO_MANY_SESSIONS: mark("Too many devices"),
    Reason.TOO_MANY_BINDINGS: mark("Too many bound devices"),
    Reason.PLACE_FULL: mark("Area full"),
    Reason.EXPIRED: mark("Plan expired"),
    Reason.TIME_USED_UP: mark("Time used up"),
    Reason.BALANCE_SHORT: mark("Balance too low"),
    Reason.SUSPENDED: mark("Suspended"),
    Reason.OWN_LIMIT: mark("Own spending limit"),
    Reason.ONE_CLICK_USED_UP: mark("One-tap time used up"),
    Reason.NOT_FOLLOWING: mark("Does not follow the account"),
    Reason.TEMPORARY_PASS: mark("Temporary pass"),
    Reason.CODE_RESEND_WAIT: mark("Code asked for too soon"),
    Reason.WAITING_APPROVAL: mark("Waits for approval"),
    Reason.APPROVAL_DECLINED: mark("Approval declined"),
    Reason.NO_PLAN: mark("No plan"),
    Reason.DAY_USED_UP: mark("Today's allowance is used up"),
    Reason.MONTH_USED_UP: mark("This month's allowance is used up"),
}

#: Acts in the audit log by their stable word.
ACTIONS: Final[Mapping[str, str]] = {
    "operator.login": mark("Console login"),
    "operator.logout": mark("Console logout"),
    "account.spending_limit": mark("Spending limit set"),
    "operator.create": mark("Operator added"),
    "operator.reset_password": mark("Operator's password replaced"),
    "operator.token": mark("API token made"),
    "session.disconnect": mark("Session disconnected"),
    "session.corrected": mark("Session corrected"),
    "account.create": mark("Account added"),
    "account.change": mark("Account changed"),
    "account.person_data": mark("Person data read"),
    "order.recharge": mark("Wallet topped up"),
    "order.sell": mark("Plan sold"),
    "nas.create": mark("Access device added"),
    "nas.change": mark("Access device changed"),
    "nas.remove": mark("Access device removed"),
    "plan.create": mark("Plan added"),
    "plan.change": mark("Plan changed"),
    "group.create": mark("Group added"),
    "group.change": mark("Group changed"),
    "rate.create": mark("Rate template added"),
    "rate.change": mark("Rate template changed"),
    "rate.remove": mark("Rate template removed"),
    "project.create": mark("Project added"),
    "project.change": mark("Project changed"),
    "list.create": mark("List entry added"),
    "list.change": mark("List entry changed"),
    "list.remove": mark("List entry removed"),
    "certificate.issue": mark("Certificate issued"),
    "certificate.revoke": mark("Certificate revoked"),
    "certificate.renew": mark("Server certificate renewed"),
    "certificate.import": mark("Server certificate imported"),
}

#: Names of what an act changed.
FACTS: Final[Mapping[str, str]] = {
    "keys": mark("changed:"),
    "account": mark("account id"),
    "amount_fen": mark("amount"),
    "channel": mark("paid by"),
    "days": mark("days:"),
    "input_octets": mark("up"),
    "label": mark("label"),
    "mac": "MAC",
    "names": mark("names:"),
    "output_octets": mark("down"),
    "peer": "RadSec",
    "plan": mark("plan"),
    "projects": mark("projects"),
    "role": mark("role"),
    "scopes": mark("scopes"),
    "token": mark("token no."),
    "username": mark("account"),
    "why": mark("reason:"),
}


def plan_note(version: PlanVersion, f: Formatter) -> str:
    """What a plan gives: how long, how much data, how much time online."""
    words, terms = f.words, version.terms
    parts = []
    if terms.period is not None:
        n = terms.period.count
        match terms.period.unit:
            case PeriodUnit.YEAR:
                parts.append(words.plural("%(n)s year", "%(n)s years", n))
            case PeriodUnit.MONTH:
                parts.append(words.plural("%(n)s month", "%(n)s months", n))
            case PeriodUnit.DAY:
                parts.append(words.plural("%(n)s day", "%(n)s days", n))
            case PeriodUnit.HOUR:
                parts.append(words.plural("%(n)s hour", "%(n)s hours", n))
    if terms.buyout_ends_at is not None:
        parts.append(words.text("until %(t)s", t=f.end_of_service(terms.buyout_ends_at)))
    if terms.quota.octets is not None:
        parts.append(f.traffic(terms.quota.octets))
    if terms.quota.online_seconds is not None:
        parts.append(words.text("%(t)s online", t=f.duration(terms.quota.online_seconds)))
    if version.kind is PlanKind.METERED:
        parts.append(words.text("metered"))
    return words.text(", ").join(parts)


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


def operator_reason(reason: Reason, words: Words) -> str:
    """A refusal for an operator: short, without the fields of one case, and telling what the person is not told."""
    return words.text(OPERATOR_REASONS.get(reason, "")) or words.text(REASONS[reason].title)


def action_word(action: str, words: Words) -> str:
    """What was done; an act that has no word here stands as it is recorded."""
    return words.text(ACTIONS[action]) if action in ACTIONS else action


def fact_word(name: str, words: Words) -> str:
    """The name of a value in an act; one that has no word here stands as it is recorded."""
    return words.text(FACTS[name]) if name in FACTS else f"{name}:"


#: What our own rules add to a reason, by the word that is stored; anything else comes from people or devices.
_DETAILS: Final[Mapping[str, str]] = {
    "not bound": mark("not bound"),
    "silent login expired": mark("silent login expired"),
    "the plan has no silent login": mark("the plan has no silent login"),
    "one-time secret used already": mark("one-time secret used already"),
    "a user name of unprintable characters, empty, or too long": mark(
        "a user name of unprintable characters, empty, or too long"
    ),
    "the session to be replaced was not ended": mark("the session to be replaced was not ended"),
    "the login failed inside": mark("the login failed inside"),
    "answers had a wrong authenticator: the portal keys differ": mark(
        "answers had a wrong authenticator: the portal keys differ"
    ),
    "not_started": mark("the plan has not begun"),
    "timeout": mark("the access device did not answer"),
    "device_failed": mark("the access device failed"),
    "refused": mark("the access device refused"),
    "busy": mark("the access device is busy"),
    "already_online": mark("the address is online already"),
    "unknown_user_ip": mark("the access device does not know the address"),
}


def detail_word(detail: str, words: Words) -> str:
    """What stands under a reason, in the operator's language where it is one of our own words."""
    known = _DETAILS.get(detail)
    return detail if known is None else words.text(known)
