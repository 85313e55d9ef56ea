"""What requests of the API may carry: filters of lists and bodies of changes. The filters bear the names of the columns."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from zhuomai_appliance.model.commerce import Channel, OrderState, PostingKind
from zhuomai_appliance.model.network import ListAction, ListKind
from zhuomai_appliance.model.people import AccountStatus
from zhuomai_appliance.model.products import SubscriptionState
from zhuomai_appliance.web.api.fields import (
    ById,
    ByText,
    Fen,
    Id,
    Instant,
    Listing,
    Mac,
    Memo,
    Spanned,
    Strict,
    Text,
    Under,
)


class Nothing(Strict):
    """A request without parameters."""


class AccountQuery(ById, Under):
    """`q` searches names, phone, MAC and the address of an open session; the others match whole values."""

    q: Text = ""
    username: Text | None = None
    full_name: Text | None = None
    group: Text | None = None
    phone: Text | None = None
    tag: Text | None = None
    mac: Mac | None = None
    status: AccountStatus | None = None
    online: bool = False


class SessionQuery(ById, Spanned, Under):
    """`from` and `to` choose sessions that were online at some moment between them."""

    username: Text | None = None
    account_id: Id | None = None
    state: Literal["open", "closed"] | None = None
    nas: Text | None = None
    nas_ip: Text | None = None
    mac: Mac | None = None
    ip: Text | None = None
    acct_session_id: Text | None = None
    plan: Text | None = None


class AttemptQuery(ByText, Spanned, Under):
    """Login attempts by person, place, time, verdict and look-up code."""

    username: Text | None = None
    account_id: Id | None = None
    nas: Text | None = None
    mac: Mac | None = None
    ip: Text | None = None
    accepted: bool | None = None
    reason: Text | None = None
    lookup_code: Text | None = None


class OrderQuery(ByText, Spanned, Under):
    """Orders by person, channel, state, operator and the time they were made."""

    username: Text | None = None
    account_id: Id | None = None
    channel: Channel | None = None
    state: OrderState | None = None
    operator: Text | None = None


class PostingQuery(ById, Spanned):
    """Lines of postings by ledger account, kind, order, operator and time."""

    posting_id: Id | None = None
    account_ref: Text | None = None
    kind: PostingKind | None = None
    order_no: Text | None = None
    operator: Text | None = None


class SubscriptionQuery(ById, Spanned, Under):
    """Purchases by person, plan, state, order and time."""

    username: Text | None = None
    account_id: Id | None = None
    plan: Text | None = None
    state: SubscriptionState | None = None
    order_no: Text | None = None


class AuditQuery(ById, Spanned):
    """Acts by who, what and when."""

    actor: Text | None = None
    action: Text | None = None
    object_kind: Text | None = None
    object_id: Text | None = None


class NamedQuery(ById):
    """Plans, groups, rates and devices by name."""

    name: Text | None = None


class ListEntryQuery(ByText):
    """Entries of the black and white lists by kind, action and value."""

    kind: ListKind | None = None
    action: ListAction | None = None
    value: Text | None = None


class AccountBody(Strict):
    """A new account. Without `plan` it gets its group's; `project` is needed only where one may work in several."""

    username: Text = Field(min_length=1)
    password: Text | None = Field(None, min_length=1, repr=False)
    full_name: Text = ""
    group: Text | None = None
    rate: Text | None = None
    plan: list[Text] | None = Field(None, max_length=20)
    aliases: list[Text] = Field(default_factory=list, max_length=20)
    phone: Text | None = Field(None, repr=False)
    email: Text | None = Field(None, repr=False)
    id_number: Text | None = Field(None, repr=False)
    address: Text | None = Field(None, repr=False)
    project: Text | None = None


class AccountPatch(Strict):
    """What is to be another; what is not named stays. null takes a group or rate away.

    `locked` true needs `locked_reason` and ends the account's sessions; without `locked_until` it has no end.
    """

    full_name: Text = ""
    group: Text | None = None
    rate: Text | None = None
    password: Text = Field("", min_length=1, repr=False)
    phone: Text = Field("", repr=False)
    email: Text = Field("", repr=False)
    id_number: Text = Field("", repr=False)
    address: Text = Field("", repr=False)
    locked: bool = False
    locked_reason: Text = ""
    locked_until: Instant | None = None


class OrderBody(Strict):
    """A plan sold for cash or from the wallet, or with `amount_fen` and no plan a recharge of the wallet in cash."""

    account_id: Id
    plan: Text | None = None
    amount_fen: Fen | None = None
    channel: Literal["CASH", "BALANCE"] = "CASH"
    memo: Memo = ""


__all__ = [
    "AccountBody", "AccountPatch", "AccountQuery", "AttemptQuery", "AuditQuery", "ListEntryQuery", "Listing", "NamedQuery", "Nothing",
    "OrderBody", "OrderQuery", "PostingQuery", "SessionQuery", "SubscriptionQuery",
]  # fmt: skip
