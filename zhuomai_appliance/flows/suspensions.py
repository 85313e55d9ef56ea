"""停机保号: suspending what an account has running, and resuming it (billing rules §10, features F15).

A suspension holds for the account: all that runs and was bought stops, is paid for by a keep fee at most, and goes on later by
whole days. What a group gives for nothing goes on. flows.suspension_round begins planned ones, takes fees
and resumes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from zhuomai_appliance.billing import ledger as rules
from zhuomai_appliance.billing import suspension as pauses
from zhuomai_appliance.billing.ledger import Lines
from zhuomai_appliance.billing.suspension import Pause
from zhuomai_appliance.flows import chains, wallets
from zhuomai_appliance.flows.once import once
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.purchases import PreviewIsOld
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.flows.subscriptions import Span, follow, spans
from zhuomai_appliance.flows.wallets import NotEnoughMoney
from zhuomai_appliance.model import entitlement as chain_rules
from zhuomai_appliance.model.commerce import PostingKind
from zhuomai_appliance.model.entitlement import Entitlement, Segment
from zhuomai_appliance.model.moment import DAY_SECONDS, Zone, add_days, next_midnight, rfc3339
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.plan_rules import SuspensionRules
from zhuomai_appliance.model.suspensions import Suspension, SuspensionId, SuspensionStatus
from zhuomai_appliance.store import journal, products, suspensions
from zhuomai_appliance.store.interface import Reader, Transaction

KEEP_FEE_SUBJECT: Final = "keep_fee"
"""The income subject of 保号费."""

_SENTENCES: Final = {
    "suspended_too_soon": "its plan asks for more days in use between two suspensions",
    "suspended_too_often": "its plan allows no more suspensions this year",
    "suspended_too_long": "its plan allows no more days of suspension this year",
    "suspension_blackout": "its plan allows no suspension on these days",
}


@dataclass(frozen=True, slots=True)
class SuspendPreview:
    """What a suspension would do: when it begins, when it ends at the latest, and the fee of its first month.

    ``after`` are the dates if it lasts until ``resumes_at``; without one, those of today, since nobody knows.
    """

    begins_at: int
    resumes_at: int | None
    on_login: bool
    min_days: int
    most_days: int | None
    keep_fee_fen: int
    lines: Lines
    before: tuple[Span, ...]
    after: tuple[Span, ...]
    revision: int


@dataclass(frozen=True, slots=True)
class ResumePreview:
    """What resuming now would do: by how many days ends move, and the dates before and after."""

    suspension_id: SuspensionId
    days: int
    before: tuple[Span, ...]
    after: tuple[Span, ...]
    revision: int


def preview_suspend(
    reader: Reader,
    project: Project,
    account_id: AccountId,
    now: int,
    *,
    begins_at: int | None = None,
    resumes_at: int | None = None,
    next_day: bool = False,
    on_login: bool = False,
) -> SuspendPreview:
    """What suspending an account would do.

    Args:
        begins_at: when; None for now.
        resumes_at: the planned end; None leaves it to the desk, a login, or the plan's limit.
        next_day: begin at the next local midnight.
        on_login: let the next login resume, also where the plan does not say so.

    Raises:
        Refused: nothing runs, a plan forbids it or not yet; `from_at` is the first instant at which it may begin.
        NotEnoughMoney: the wallet does not hold the keep fee.
    """
    zone = Zone(project.zone)
    start = next_midnight(now, zone) if next_day else max(begins_at or now, now)
    chain = chain_rules.at(chains.read(reader, account_id, project.zone), now)
    if suspensions.open_of(reader, project.id, account_id) is not None:
        raise Refused("suspended", "it is suspended, or will be, already")
    running = _running(reader, project, chain_rules.at(chain, start))
    if not running:
        raise Refused("nothing_runs", "nothing runs that could be suspended")
    every = [rule for _, rule in running]
    past = _pauses(reader, project, account_id)
    for segment, rule in running:
        if not pauses.may_ever(segment.kind, rule):
            raise Refused("not_suspendable", f"{segment.plan_name} cannot be suspended")
        found = pauses.refusal(rule, past, start, zone)
        if found is not None:
            told = "" if found.from_at is None else f"; from {rfc3339(found.from_at, zone)} on it may be"
            raise Refused(found.code, _SENTENCES[found.code] + told, from_at=found.from_at)
    min_days, fee, by_rule = pauses.strictest(every)
    limits = [d for rule in every if (d := pauses.most_days(rule, past, start, zone)) is not None]
    most = min(limits, default=None)
    latest: int | None = None if most is None else add_days(start, most, zone)
    if resumes_at is not None:
        if resumes_at - start < max(min_days, 1) * DAY_SECONDS:
            raise Refused("too_short", f"a suspension lasts {max(min_days, 1)} days at least")
        if latest is not None and resumes_at > latest:
            raise Refused("too_long", f"its plan allows {most} days", from_at=latest)
        latest = resumes_at
    lines: Lines = ()
    if fee:
        how = wallets.payment(reader, project.id, account_id, fee)
        lines = rules.paid_with(wallets.debits(account_id, how), rules.revenue(KEEP_FEE_SUBJECT))
    ids = {segment.subscription_id for segment, _ in running}
    after = pauses.suspend(chain_rules.at(chain, start), ids, start)
    if latest is not None:
        after = pauses.resume(after, latest, latest, min_days=min_days, most=most)
    return SuspendPreview(
        start,
        latest,
        on_login or by_rule,
        min_days,
        most,
        fee,
        lines,
        spans(chain),
        spans(after),
        chain.revision,
    )


def _running(reader: Reader, project: Project, chain: Entitlement) -> list[tuple[Segment, SuspensionRules]]:
    """What runs and was not given by a group, each with its plan's rules."""
    given = suspensions.base_subscriptions(reader, project.id, chain.account_id)
    found = []
    for segment in chain.segments:
        if not segment.is_active or segment.subscription_id in given:
            continue
        version = products.version(reader, project.id, segment.plan_version_id)
        if version is not None:
            found.append((segment, version.terms.suspension))
    return found


def _pauses(reader: Reader, project: Project, account_id: AccountId) -> list[Pause]:
    every = suspensions.of_account(reader, project.id, account_id)
    return [Pause(s.begins_at, s.ended_at, s.days) for s in every if s.status is SuspensionStatus.OVER]


def suspend(
    tx: Transaction,
    actor: Actor,
    now: int,
    project: Project,
    account_id: AccountId,
    *,
    key: str,
    expected: SuspendPreview,
    reason: str,
) -> dict[str, Any]:
    """Suspend an account as a preview showed it, now or later; the first answer if the key comes again.

    Returns:
        ``suspension_id``, ``status``, ``begins_at``, ``resumes_at``.

    Raises:
        Refused, NotEnoughMoney: as `preview_suspend`.
        PreviewIsOld: something moved since the preview; nothing was done.
        KeyReused: the key came before with another request.
    """
    request = ["suspend", account_id, expected.begins_at, expected.resumes_at, expected.revision, reason]

    def make() -> dict[str, Any]:
        return suspend_now(tx, actor, now, project, account_id, expected=expected, reason=reason)

    return dict(once(tx, actor, now, project, key, request, make))


def suspend_now(
    tx: Transaction,
    actor: Actor,
    now: int,
    project: Project,
    account_id: AccountId,
    *,
    expected: SuspendPreview,
    reason: str,
    batch_id: int | None = None,
) -> dict[str, Any]:
    """The same for a flow that has its own key.

    Raises:
        Refused, NotEnoughMoney, PreviewIsOld: as `suspend`.
    """
    begins_at = None if expected.begins_at <= now else expected.begins_at
    seen = preview_suspend(
        tx, project, account_id, now,
        begins_at=begins_at, resumes_at=expected.resumes_at, on_login=expected.on_login,
    )  # fmt: skip
    if (seen.revision, seen.keep_fee_fen, seen.most_days) != (expected.revision, expected.keep_fee_fen, expected.most_days):  # fmt: skip
        raise PreviewIsOld
    suspension_id = suspensions.add(
        tx,
        project_id=project.id,
        account_id=account_id,
        batch_id=batch_id,
        begins_at=seen.begins_at,
        resumes_at=seen.resumes_at,
        on_login=seen.on_login,
        min_days=seen.min_days,
        most_days=seen.most_days,
        keep_fee_fen=seen.keep_fee_fen,
        operator=actor.name,
        reason=reason,
        at=now,
    )
    one = _open(tx, project, account_id)
    if seen.begins_at <= now:
        one = begin(tx, one, project, now)
    record(tx, actor, now, project, "account.suspend", one)
    return {
        "suspension_id": suspension_id,
        "status": one.status.value,
        "begins_at": one.begins_at,
        "resumes_at": one.resumes_at,
    }


def begin(tx: Transaction, one: Suspension, project: Project, now: int) -> Suspension:
    """Begin a planned suspension: stop what runs, end its sessions, take the first month's fee.

    Where nothing runs any more, or the fee is not there, it is cancelled.

    Returns:
        How it stands now.
    """
    before = chain_rules.at(chains.read(tx, one.account_id, project.zone), now)
    ids = {segment.subscription_id for segment, _ in _running(tx, project, before)}
    if not ids:
        one = replace(one, status=SuspensionStatus.CANCELLED, ended_at=now, why="nothing_runs")
    else:
        one = replace(one, status=SuspensionStatus.RUNNING, begins_at=now)
        try:
            one = take_fees(tx, one, project, now)
        except NotEnoughMoney:
            one = replace(one, status=SuspensionStatus.CANCELLED, ended_at=now, why="keep_fee")
        else:
            after = pauses.suspend(before, ids, now)
            chains.put(tx, before, after, project.id)
            follow(tx, before, after, project.id, now)
    suspensions.put(tx, one)
    return one


def take_fees(tx: Transaction, one: Suspension, project: Project, now: int) -> Suspension:
    """Take the keep fee of every month begun that is not paid yet.

    Raises:
        NotEnoughMoney: the wallet holds less.
    """
    if not one.keep_fee_fen:
        return one
    begun = pauses.months_begun(one.begins_at, now, Zone(project.zone))
    for month in range(one.fee_months + 1, begun + 1):
        wallets.pay_from_wallet(
            tx, project.id, one.account_id, one.keep_fee_fen, rules.revenue(KEEP_FEE_SUBJECT),
            effect=f"suspension:{one.id}:fee:{month}", operator=one.operator, at=now, kind=PostingKind.USAGE,
            memo=one.reason,
        )  # fmt: skip
        one = replace(one, fee_months=month)
    return one


def preview_resume(reader: Reader, project: Project, account_id: AccountId, now: int) -> ResumePreview:
    """What resuming now would do; a suspension that has not begun is only called off.

    Raises:
        Refused: it is not suspended.
    """
    one = _open(reader, project, account_id)
    before = chain_rules.at(chains.read(reader, account_id, project.zone), now)
    after, days = before, 0
    if one.status is SuspensionStatus.RUNNING:
        until = _counts_until(one, now)
        days = pauses.whole_days(one.begins_at, until, one.min_days, one.most_days)
        after = pauses.resume(before, until, now, min_days=one.min_days, most=one.most_days)
    return ResumePreview(one.id, days, spans(before), spans(after), before.revision)


def resume(
    tx: Transaction,
    actor: Actor,
    now: int,
    project: Project,
    account_id: AccountId,
    *,
    key: str,
    expected: ResumePreview,
) -> dict[str, Any]:
    """Resume an account as a preview showed it; the first answer if the key comes again.

    Returns:
        ``suspension_id``, ``status``, ``days``.

    Raises:
        Refused: it is not suspended.
        PreviewIsOld: something moved since the preview; nothing was done.
        KeyReused: the key came before with another request.
    """

    def make() -> dict[str, Any]:
        if preview_resume(tx, project, account_id, now) != expected:
            raise PreviewIsOld
        one = finish(tx, _open(tx, project, account_id), project, now, "desk")
        record(tx, actor, now, project, "account.resume", one)
        return {"suspension_id": one.id, "status": one.status.value, "days": one.days}

    request = ["resume", account_id, expected.suspension_id, expected.days, expected.revision]
    return dict(once(tx, actor, now, project, key, request, make))


def finish(tx: Transaction, one: Suspension, project: Project, now: int, why: str) -> Suspension:
    """End a suspension: call off a planned one, resume what a running one stopped. How it stands now."""
    if one.status is SuspensionStatus.PLANNED:
        one = replace(one, status=SuspensionStatus.CANCELLED, ended_at=now, why=why)
    else:
        until = _counts_until(one, now)
        before = chain_rules.at(chains.read(tx, one.account_id, project.zone), now)
        after = pauses.resume(before, until, now, min_days=one.min_days, most=one.most_days)
        days = pauses.whole_days(one.begins_at, until, one.min_days, one.most_days)
        chains.put(tx, before, after, project.id)
        follow(tx, before, after, project.id, now)
        one = replace(one, status=SuspensionStatus.OVER, ended_at=until, days=days, why=why)
    suspensions.put(tx, one)
    return one


def _counts_until(one: Suspension, now: int) -> int:
    """Until when days count: a machine that was off at the planned end gives nobody more of them."""
    return now if one.resumes_at is None else min(now, one.resumes_at)


def _open(reader: Reader, project: Project, account_id: AccountId) -> Suspension:
    one = suspensions.open_of(reader, project.id, account_id)
    if one is None:
        raise Refused("not_suspended", "it is not suspended")
    return one


def record(tx: Transaction, actor: Actor, now: int, project: Project, action: str, one: Suspension) -> None:
    """Write into the audit log what became of a suspension."""
    journal.audit(
        tx, at=now, project_id=project.id, actor=actor.name, address=actor.address, action=action,
        object_kind="account", object_id=str(one.account_id),
        after={
            "suspension": one.id, "status": one.status.value, "begins_at": one.begins_at, "days": one.days,
            "resumes_at": one.resumes_at, "why": one.why, "reason": one.reason,
        },
    )  # fmt: skip
