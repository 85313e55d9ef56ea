"""Receipts through the API: their series, and receipts listed, printed, void and issued again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, Field

from zhuomai_appliance.flows import receipts
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.receipts import Receipt, ReceiptSeries, number
from zhuomai_appliance.store import accounts, orders
from zhuomai_appliance.store import receipts as rows
from zhuomai_appliance.store.interface import Transaction
from zhuomai_appliance.store.receipts import ReceiptFilter
from zhuomai_appliance.web.api.calls import Call, Kept, Parts, Written, not_found, split
from zhuomai_appliance.web.api.fields import ByText, Memo, Spanned, Strict, Text, Time
from zhuomai_appliance.web.api.items import Answer, ItemList
from zhuomai_appliance.web.api.problems import Problem
from zhuomai_appliance.web.receipt_pdf import NoFont, Paper, write

T = TypeVar("T")
PDF = "application/pdf"


class SeriesItem(Answer):
    """The series that numbers receipts; `next_number` is the coming one, null: no receipts are issued."""

    prefix: str
    digits: int
    title: str
    note: str
    next_number: str | None


class ReceiptItem(Answer):
    """A receipt; its number is its id. `prints` says how often it was put on paper."""

    id: str
    project: str
    order_no: str
    amount_fen: int
    issued_at: Time
    issued_by: str
    buyer: str
    tax_no: str
    prints: int
    voided_at: Time | None
    voided_by: str
    void_reason: str


class ReceiptQuery(ByText, Spanned):
    """Receipts by order, who issued them, and when."""

    order_no: Text | None = None
    issued_by: Text | None = None


class ReceiptProject(Strict):
    """In which project."""

    project: Text | None = None


class SeriesBody(ReceiptProject):
    """Numbers from now on: prefix and a serial of so many digits. A prefix that was used before goes on where it stopped."""

    prefix: str = Field(max_length=12, pattern=r"^[0-9A-Za-z-]*$")
    digits: int = Field(8, ge=1, le=12)
    title: Annotated[Text, Field(min_length=1)]
    note: Memo = ""


class VoidBody(ReceiptProject):
    """Why it is void."""

    reason: Annotated[Memo, Field(min_length=1)]


class PrintBody(ReceiptProject):
    """On which paper, and at the first print for whom (抬头, 税号); without, for the person who paid."""

    layout: Literal["58mm", "a4"] = "a4"
    buyer: Text = ""
    tax_no: Text = ""


class IssueBody(ReceiptProject):
    """For which order."""

    order_no: Text


async def get_series(parts: Parts, call: Call) -> BaseModel:
    """The series in use."""
    return await _series(parts, call.project(parts, call.query.project))


async def put_series(parts: Parts, call: Call) -> BaseModel:
    """Another series."""
    body: SeriesBody = call.body
    project = call.project(parts, body.project)
    wanted = ReceiptSeries(project.id, body.prefix, body.digits, body.title, body.note)
    await _tried(
        lambda: parts.store.write(lambda tx: receipts.use_series(tx, call.actor, call.now, project, wanted))
    )
    return await _series(parts, project)


async def list_receipts(parts: Parts, call: Call) -> BaseModel:
    """A page of receipts."""
    query: ReceiptQuery = call.query
    chosen = ReceiptFilter(
        order_no=query.order_no, issued_by=query.issued_by, from_at=query.from_at, to_at=query.to_at
    )
    projects, page = call.projects(parts), call.page()
    found = await parts.store.read(lambda reader: rows.receipts(reader, projects, chosen, page))
    shown, after = split(found, call, lambda row: row.key)
    return ItemList[ReceiptItem](items=[_item(parts, row) for row in shown], next=after)


async def issue_receipt(parts: Parts, call: Call) -> Kept:
    """A receipt in the place of a void one."""
    body: IssueBody = call.body
    project = call.project(parts, body.project)
    return await _kept(
        parts, call, project, lambda tx: receipts.reissue(tx, call.actor, call.now, project, body.order_no)
    )


async def void_receipt(parts: Parts, call: Call) -> Kept:
    """Make a receipt void."""
    body: VoidBody = call.body
    project, number = call.project(parts, body.project), call.path["number"]
    return await _kept(
        parts, call, project, lambda tx: receipts.void(tx, call.actor, call.now, project, number, body.reason)
    )


async def print_receipt(parts: Parts, call: Call) -> Written:
    """A receipt as PDF; each call counts as a print."""
    body: PrintBody = call.body
    project, number = call.project(parts, body.project), call.path["number"]

    def count(tx: Transaction) -> Paper:
        one = receipts.note_print(tx, call.actor, call.now, project, number, body.buyer, body.tax_no)
        order, series = orders.order(tx, one.order_no), rows.series_of(tx, project.id, number)
        login = None if order is None else accounts.login_by_id(tx, order.account_id)
        if order is None or series is None or login is None:
            raise LookupError(f"what receipt {number} is for is not there")
        payer = f"{login.account.full_name} {login.account.username}".strip()
        when = parts.time(one.issued_at, project.id)[:16].replace("T", " ")
        return Paper(series, one, orders.lines_of(tx, project.id, one.order_no), when, payer)

    paper = await _tried(lambda: parts.store.write(count))
    try:
        made: bytes = await parts.digester.run(write, paper, body.layout)
    except NoFont as error:
        raise Problem(409, "no_font", str(error)) from None
    return Written(made, f"receipt-{number}.pdf")


async def _series(parts: Parts, project: Project) -> SeriesItem:
    found = await parts.store.read(lambda reader: rows.series(reader, project.id))
    if found is None:
        return SeriesItem(prefix="", digits=8, title="", note="", next_number=None)
    return SeriesItem(
        prefix=found.prefix,
        digits=found.digits,
        title=found.title,
        note=found.note,
        next_number=number(found.prefix, found.digits, found.next_serial),
    )


async def _kept(parts: Parts, call: Call, project: Project, step: Callable[[Transaction], Receipt]) -> Kept:
    def work(tx: Transaction) -> Kept:
        return call.once(parts, tx, project.id, lambda: _item(parts, step(tx)))

    return await _tried(lambda: parts.store.write(work))


async def _tried(work: Callable[[], Awaitable[T]]) -> T:
    try:
        return await work()
    except Refused as error:
        raise Problem(409, error.code, error.sentence, None, **error.facts) from None
    except LookupError:
        raise not_found() from None


def _item(parts: Parts, row: Receipt) -> ReceiptItem:
    facts: dict[str, Any] = {
        name: getattr(row, name) for name in ReceiptItem.model_fields if hasattr(row, name)
    }
    return ReceiptItem(
        **facts
        | {
            "id": row.number,
            "project": parts.project_name(row.project_id),
            "issued_at": parts.time(row.issued_at, row.project_id),
            "voided_at": parts.maybe_time(row.voided_at, row.project_id),
        }
    )
