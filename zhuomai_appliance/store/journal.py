"""What happened: login attempts by month, effects that wait to leave, and the audit chain."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, NamedTuple

from zhuomai_appliance.model.access import (
    AccessAttempt,
    ChapProof,
    EapProof,
    MacProof,
    MsChap2Proof,
    MsChapProof,
    NoProof,
    PapProof,
    Proof,
    SessionId,
)
from zhuomai_appliance.model.network import NasId, ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.store import months
from zhuomai_appliance.store.interface import Reader, Row, Transaction
from zhuomai_appliance.store.sql import load

_Q = load("journal")

GENESIS: Final = "0" * 64
"""What the first audit row names as the one before it."""

_PROOF_KINDS: Final[Mapping[type[Proof], str]] = {
    PapProof: "pap",
    ChapProof: "chap",
    MsChapProof: "mschap",
    MsChap2Proof: "mschapv2",
    EapProof: "",
    MacProof: "mac",
    NoProof: "no",
}

_AttemptRow = tuple[int | str | None, ...]

MACHINE: Final = ProjectId(0)
"""The project of rows about the machine itself."""


# Attempts ---------------------------------------------------------------------------------------------------------------


def ensure_month(tx: Transaction, month: str) -> None:
    """Make the attempt table of a month (YYYYMM), unless it is there."""
    months.ensure_month_tables(tx, "attempt", _Q.month_table, [month])


class JudgedAttempt(NamedTuple):
    """A login attempt with what was decided about it."""

    project_id: ProjectId
    attempt: AccessAttempt
    account_id: AccountId | None
    accepted: bool
    reason: str
    detail: str
    lookup_code: str


def add_attempt(
    tx: Transaction,
    project_id: ProjectId,
    attempt: AccessAttempt,
    *,
    account_id: AccountId | None,
    accepted: bool,
    reason: str,
    detail: str,
    lookup_code: str,
) -> None:
    """Record a login attempt, by itself."""
    add_attempts(tx, [JudgedAttempt(project_id, attempt, account_id, accepted, reason, detail, lookup_code)])


def add_attempts(tx: Transaction, judged: Sequence[JudgedAttempt]) -> None:
    """Record login attempts, in their order.

    The tables of this month and the next are made ahead (`ensure_month`); a clock that was set may be beyond both.
    """
    at = -1
    month, rows = "", list[_AttemptRow]()
    for one in judged:
        if one.attempt.at != at:
            at = one.attempt.at
            if month != (month_now := months.month_of(at)):
                _insert_attempts(tx, month, rows)
                month, rows = month_now, []
        rows.append(_attempt_row(one))
    _insert_attempts(tx, month, rows)


def _insert_attempts(tx: Transaction, month: str, rows: Sequence[_AttemptRow]) -> None:
    """All rows in one statement: each statement by itself would take the interpreter's lock from the logins once more."""
    if rows:
        ensure_month(tx, month)
        tx.run(months.for_month(_Q.insert_attempts, month), rows=json.dumps(rows, ensure_ascii=False))


def _attempt_row(one: JudgedAttempt) -> _AttemptRow:
    """The columns of `insert_attempts`, in their order."""
    attempt = one.attempt
    return (
        one.project_id,
        attempt.at,
        one.account_id,
        attempt.username_raw,
        attempt.mac,
        attempt.ip,
        attempt.nas_id,
        attempt.ssid,
        attempt.vlan,
        attempt.port_id,
        attempt.access_kind.value,
        _PROOF_KINDS[type(attempt.proof)] or getattr(attempt.proof, "method", "eap"),
        int(one.accepted),
        one.reason,
        one.detail,
        one.lookup_code,
        attempt.acct_session_id,
    )


# Outbox -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """An effect that waits to leave: ``payload`` is the JSON that its kind understands."""

    id: int
    project_id: ProjectId
    key: str
    kind: str
    payload: Mapping[str, Any]
    due_at: int
    tries: int
    revision: int = 0


def put_effect(
    tx: Transaction,
    project_id: ProjectId,
    *,
    key: str,
    kind: str,
    payload: Mapping[str, Any],
    at: int,
    due_at: int | None = None,
    again: bool = False,
    over: bool = False,
    session_id: SessionId | None = None,
) -> bool:
    """Add an effect under its key. One that is there already stays as it is, unless ``again`` re-arms a finished one.

    Args:
        over: re-arm also one that waits, with the new payload.
        session_id: the session it is about: such effects leave by the device that has it, and each has its turn.

    Returns:
        Whether anything will be sent that was not waiting before.
    """
    due = at if due_at is None else due_at
    added = tx.run(
        _Q.insert_outbox,
        project_id=project_id,
        key=key,
        kind=kind,
        payload=_json(payload),
        due_at=due,
        at=at,
        session_id=session_id,
    )
    if added == 0 and (again or over):
        return tx.run(_Q.rearm_outbox, key=key, payload=_json(payload), due_at=due, over=int(over)) == 1
    return added == 1


def put_effects_of_sessions(
    tx: Transaction,
    project_id: ProjectId,
    kind: str,
    payload: Mapping[str, Any],
    *,
    at: int,
    due_at: int,
    over: bool,
    group_id: int | None = None,
    rate_id: int | None = None,
    everybody: bool = False,
) -> int:
    """Add an effect for each open session of people of a group, of a rate of their own, or of all: one statement.

    Args:
        payload: what each payload holds beside its ``session_id``, whose name sorts behind all of its keys.
        over: as for `put_effect`; finished ones are re-armed in any case.

    Returns:
        For how many sessions something will be sent that was not waiting before.
    """
    head = _json({**payload, "session_id": 0}).removesuffix("0}")
    return tx.run(
        _Q.change_sessions,
        project_id=project_id,
        kind=kind,
        payload=head,
        at=at,
        due_at=due_at,
        over=int(over),
        group_id=group_id,
        rate_id=rate_id,
        everybody=int(everybody),
    )


def devices_due(reader: Reader, now: int) -> list[NasId]:
    """The devices for which effects are due, the longest waiting first; 0 stands for one that is not known."""
    return [NasId(nas_id) for nas_id, _ in reader.all(_Q.outbox_devices, now=now)]


def effects_due(reader: Reader, nas_id: NasId, now: int, limit: int) -> list[OutboxRow]:
    """Effects of a device whose time has come, oldest first."""
    return [_outbox_row(row) for row in reader.all(_Q.outbox_due, nas_id=nas_id, now=now, limit=limit)]


def effects_waiting(reader: Reader, kind: str) -> list[OutboxRow]:
    """Effects of a kind that wait, due or not."""
    return [_outbox_row(row) for row in reader.all(_Q.outbox_waiting, kind=kind)]


def _outbox_row(row: Row) -> OutboxRow:
    return OutboxRow(row[0], ProjectId(row[1]), row[2], row[3], json.loads(row[4]), *row[5:])


def next_effect_at(reader: Reader) -> int | None:
    """When the next effect is due, None when nothing waits."""
    at: int | None = reader.value(_Q.outbox_next)
    return at


def effect_result(reader: Reader, key: str) -> tuple[str, str, int] | None:
    """State (waiting, done, failed), result sentence and tries of an effect."""
    row = reader.one(_Q.outbox_by_key, key=key)
    return None if row is None else (row[0], row[1], row[2])


def finish_effect(tx: Transaction, row: OutboxRow, *, ok: bool, result: str, at: int) -> bool:
    """End an effect, done or failed, with a sentence of what came of it; false if it was asked for anew meanwhile."""
    state = "done" if ok else "failed"
    ended = tx.run(_Q.finish_outbox, id=row.id, revision=row.revision, state=state, result=result, at=at)
    return ended == 1


def end_effect(tx: Transaction, key: str, *, ok: bool, result: str, at: int) -> None:
    """End an effect that still waits under a key: what it waited for has come about otherwise."""
    tx.run(_Q.end_outbox, key=key, state="done" if ok else "failed", result=result, at=at)


def forget_effect(tx: Transaction, row: OutboxRow) -> None:
    """Drop an effect that is no longer wanted, so that its key can be asked for anew."""
    tx.run(_Q.forget_outbox, id=row.id, revision=row.revision)


def postpone_effect(tx: Transaction, row: OutboxRow, *, due_at: int, result: str) -> None:
    """Try an effect again later; counts the try."""
    tx.run(_Q.postpone_outbox, id=row.id, revision=row.revision, due_at=due_at, result=result)


def drop_old(tx: Transaction, before: int) -> int:
    """Forget effects that ended, and answers kept for a repetition, before a time; how many rows."""
    return tx.run(_Q.drop_old_effects, before=before) + tx.run(_Q.drop_old_answers, before=before)


# Idempotency --------------------------------------------------------------------------------------------------------------


class KeyReused(Exception):
    """An idempotency key came back with another request."""


def first_answer(reader: Reader, project_id: ProjectId, key: str, request: Any) -> Any | None:
    """The answer that an idempotency key got the first time, None when the key is new.

    Raises:
        KeyReused: the key is known with another request (security M2).
    """
    row = reader.one(_Q.get_idempotent, project_id=project_id, key=key)
    if row is None:
        return None
    if row[0] != _digest(request):
        raise KeyReused(key)
    return json.loads(row[1])


def keep_answer(tx: Transaction, project_id: ProjectId, key: str, request: Any, answer: Any, at: int) -> None:
    """Keep the first answer under an idempotency key, in the transaction that made it true."""
    tx.run(
        _Q.put_idempotent,
        project_id=project_id,
        key=key,
        request_digest=_digest(request),
        response=_json(answer),
        at=at,
    )


# Audit ------------------------------------------------------------------------------------------------------------------


def audit(
    tx: Transaction,
    *,
    at: int,
    project_id: ProjectId,
    actor: str,
    address: str,
    action: str,
    object_kind: str,
    object_id: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    result: str = "ok",
) -> None:
    """Add a row to the audit chain (security H4): who, when, from where, what, before and after, result.

    ``before`` and ``after`` hold no secret and no whole identity number; callers leave them out.
    """
    previous: str = tx.value(_Q.last_hash) or GENESIS
    fields: dict[str, Any] = {
        "project_id": project_id,
        "at": at,
        "actor": actor,
        "address": address,
        "action": action,
        "object_kind": object_kind,
        "object_id": object_id,
        "before": _json(before or {}),
        "after": _json(after or {}),
        "result": result,
        "previous_hash": previous,
    }
    tx.insert(_Q.insert_audit, hash=_digest(fields), **fields)


def broken_audit_rows(reader: Reader, page: int = 1000) -> Iterator[tuple[int, str]]:
    """Walk the whole chain; each row that does not follow from the one before it, with what is wrong."""
    previous, last_id = GENESIS, 0
    names = (
        "project_id", "at", "actor", "address", "action", "object_kind", "object_id", "before", "after", "result",
        "previous_hash",
    )  # fmt: skip
    while rows := reader.all(_Q.audit_chain, after=last_id, limit=page):
        for row in rows:
            last_id = row[0]
            fields = dict(zip(names, row[1:12], strict=True))
            if fields["previous_hash"] != previous:
                yield last_id, "does not name the row before it"
            if _digest(fields) != row[12]:
                yield last_id, "was changed after it was written"
            previous = row[12]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _digest(value: Any) -> str:
    return sha256(_json(value).encode()).hexdigest()
