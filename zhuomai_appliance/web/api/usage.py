"""Why a figure is what it is: the interims behind a day's usage, the meters of a month, and the limit on spending."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, Field, WithJsonSchema

from zhuomai_appliance.flows import metering
from zhuomai_appliance.model.access import SessionId
from zhuomai_appliance.model.moment import date_of, day_of
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.store import meters, sessions, usage_facts
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.web.api.calls import Call, Parts, account_row
from zhuomai_appliance.web.api.fields import MOST_FEN, Id, Strict, Time
from zhuomai_appliance.web.api.items import Answer
from zhuomai_appliance.web.api.problems import invalid

DayText = Annotated[str, Field(max_length=10), WithJsonSchema({"type": "string", "format": "date"})]
MOST_INTERIMS = 2000


class UsageQuery(Strict):
    """The local day, and if wanted one purchase or one session of it."""

    day: DayText
    subscription_id: Id | None = None
    session_id: Id | None = None


class InterimItem(Answer):
    """What one report added: of which session, borne by which purchase (null: none), used between when."""

    session_id: int
    subscription_id: int | None
    since: Time
    until: Time
    input_octets: int
    output_octets: int
    seconds: int


class DayUsage(Answer):
    """A day's figures of an account, and the interims behind them; these are kept for this month and the last.

    `is_complete` says that the interims shown add up to the figures of the whole day.
    """

    day: str
    input_octets: int
    output_octets: int
    seconds: int
    is_complete: bool
    interims: list[InterimItem]


class MeterItem(Answer):
    """A month of one purchase: what was used at its price, what was charged, what came beyond money or limit.

    `window_weight` is the octets or seconds of windows times their price; `posted_fen` of what was charged is in the ledger.
    """

    subscription_id: int
    month: str
    amount: int
    window_weight: int
    charged_fen: int
    overshoot_fen: int
    posted_fen: int


class Meters(Answer):
    """The meters of an account since a month, the limit that it set itself, and what is charged and not posted yet."""

    limit_fen: int | None
    pending_fen: int
    meters: list[MeterItem]


class MetersQuery(Strict):
    """From which local day's month on; without it all."""

    since: DayText | None = None


class LimitBody(Strict):
    """The most that plans and use may cost in a calendar month; null for no limit."""

    limit_fen: Annotated[int, Field(ge=0, le=MOST_FEN)] | None


class LimitItem(Answer):
    """The limit as it is now."""

    limit_fen: int | None


def _day(field: str, text: str) -> int:
    try:
        return day_of(date.fromisoformat(text))
    except ValueError:
        raise invalid([(field, f'"{text}" is no day such as 2026-09-30', "unfit")]) from None


async def get_usage(parts: Parts, call: Call) -> BaseModel:
    """What an account used on a day, and the interims behind it."""
    query: UsageQuery = call.query
    row = await account_row(parts, call)
    day = _day("day", query.day)

    def read(reader: Reader) -> DayUsage:
        total = next(
            (one for one in sessions.usage_by_day(reader, row.project_id, row.id, day) if one[0] == day),
            (day, 0, 0, 0),
        )
        facts = usage_facts.facts_of(
            reader,
            row.project_id,
            row.id,
            day,
            day + 1,
            subscription_id=query.subscription_id,
            session_id=None if query.session_id is None else SessionId(query.session_id),
            limit=MOST_INTERIMS,
        )
        summed = tuple(sum(one[i] for one in facts) for i in (5, 6, 7))
        return DayUsage(
            day=str(date_of(day)),
            input_octets=total[1],
            output_octets=total[2],
            seconds=total[3],
            is_complete=summed == total[1:],
            interims=[
                InterimItem(
                    session_id=one.session_id,
                    subscription_id=one.subscription_id or None,
                    since=parts.time(one.since, row.project_id),
                    until=parts.time(one.until, row.project_id),
                    input_octets=one.input_octets,
                    output_octets=one.output_octets,
                    seconds=one.seconds,
                )
                for one in facts
            ],
        )

    return await parts.store.read(read)


async def get_meters(parts: Parts, call: Call) -> BaseModel:
    """What metered use of an account came to, month by month."""
    query: MetersQuery = call.query
    row = await account_row(parts, call)
    first = 0 if query.since is None else _day("since", query.since)
    first -= 0 if query.since is None else date_of(first).day - 1

    def read(reader: Reader) -> Meters:
        return Meters(
            limit_fen=meters.limit_fen(reader, row.project_id, row.id),
            pending_fen=meters.pending_fen(reader, row.project_id, row.id),
            meters=[
                MeterItem(
                    subscription_id=one.subscription_id,
                    month=f"{date_of(one.month):%Y-%m}",
                    amount=one.amount,
                    window_weight=one.window_weight,
                    charged_fen=one.charged_fen,
                    overshoot_fen=one.overshoot_fen,
                    posted_fen=one.posted_fen,
                )
                for one in meters.meters_of(reader, row.project_id, row.id, first)
            ],
        )

    return await parts.store.read(read)


async def put_limit(parts: Parts, call: Call) -> BaseModel:
    """Set or take away the limit on what an account may spend in a month."""
    body: LimitBody = call.body
    row = await account_row(parts, call)
    limit = None if body.limit_fen is None else Fen(body.limit_fen)

    def put(tx: Transaction) -> None:
        metering.set_spending_limit(tx, call.actor, row.project_id, row.id, limit, call.now)

    await parts.store.write(put)
    return LimitItem(limit_fen=limit)
