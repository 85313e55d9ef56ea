"""What the API answers: items whose fields bear the names of the export's columns. Money is fen, times RFC 3339."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from zhuomai_appliance.model.commerce import Channel, OrderState, PostingKind
from zhuomai_appliance.model.network import ListAction, ListKind
from zhuomai_appliance.model.people import AccountStatus, BindingMode
from zhuomai_appliance.model.products import PlanKind, SubscriptionState
from zhuomai_appliance.web.api.fields import Time

Item = TypeVar("Item", bound=BaseModel)


class Answer(BaseModel):
    """The base of every answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ItemList(Answer, Generic[Item]):
    """A page of a list; `next` is the `after` of the following page, null at the end."""

    items: list[Item]
    next: int | str | None


class AccountItem(Answer):
    """An account. `ends_at` is when nothing more is owned, null: no end; `balance_fen` is the wallet's principal.

    `last_seen_at` looks back 48 hours.
    """

    id: int
    project: str
    username: str
    full_name: str
    group: str | None
    rate: str | None
    plan: str | None
    status: AccountStatus
    ends_at: Time | None
    balance_fen: int
    bonus_fen: int
    online: int
    created_at: Time
    created_by: str
    first_login_at: Time | None
    last_seen_at: Time | None
    locked_until: Time | None
    locked_reason: str


class AccountDetail(AccountItem):
    """One account with its login names and the data of the person: masked, unless the token may see it whole."""

    aliases: list[str]
    phone: str
    email: str
    id_number: str
    address: str


class Ending(Answer):
    """How far a request to end a session has come: waiting, done or failed, with the device's own words."""

    id: int
    state: str
    result: str
    tries: int
    status_url: str


class SessionItem(Answer):
    """A stay online; `stop` is null while it is open, `username` what the device sent where nobody is billed.

    `ipv6` are all addresses and prefixes that it had.
    """

    id: int
    project: str
    acct_session_id: str
    nas: str
    nas_ip: str
    account_id: int | None
    username: str
    mac: str | None
    ip: str | None
    ipv6: list[str]
    start: Time
    stop: Time | None
    seconds: int
    input_octets: int
    output_octets: int
    terminate_cause: str
    state: str
    plan: str


class AttemptItem(Answer):
    """A login attempt with its verdict; `reason` is a stable word, `code` what people read to the help desk."""

    id: str
    project: str
    at: Time
    account_id: int | None
    username: str
    nas: str
    mac: str | None
    ip: str | None
    ssid: str | None
    vlan: int | None
    port_id: str | None
    access_kind: str
    proof_kind: str
    accepted: bool
    reason: str
    code: str
    detail: str
    lookup_code: str
    acct_session_id: str | None


class OrderItem(Answer):
    """An order; `plan` null is a recharge of the wallet."""

    id: str
    project: str
    order_no: str
    account_id: int
    username: str
    plan: str | None
    periods: int
    amount_fen: int
    channel: Channel
    state: OrderState
    operator: str
    memo: str
    created_at: Time
    paid_at: Time | None
    closed_at: Time | None


class PostingItem(Answer):
    """One line of a posting; the lines of one `posting_id` balance."""

    id: int
    project: str
    posting_id: int
    at: Time
    kind: PostingKind
    account_ref: str
    debit_fen: int
    credit_fen: int
    order_no: str | None
    operator: str
    reversal_of: int | None


class SubscriptionItem(Answer):
    """A purchase with its dates and what is left of it; null is not counted, or has no date yet."""

    id: int
    project: str
    account_id: int
    username: str
    plan: str
    kind: PlanKind
    version_no: int
    state: SubscriptionState
    order_no: str | None
    purchased_at: Time
    starts_at: Time | None
    ends_at: Time | None
    octets_left: int | None
    seconds_left: int | None
    paid_principal_fen: int


class AuditItem(Answer):
    """An act with the values before and after; secrets are left out."""

    id: int
    project: str | None
    at: Time
    actor: str
    address: str
    action: str
    object_kind: str
    object_id: str
    before: dict[str, Any]
    after: dict[str, Any]
    result: str


class PlanItem(Answer):
    """A plan as it is sold now."""

    id: int
    project: str
    name: str
    kind: PlanKind
    price_fen: int
    on_sale: bool
    version_no: int
    period: str | None
    up_bps: int | None
    down_bps: int | None
    octets: int | None
    online_seconds: int | None


class GroupItem(Answer):
    """A group; null in a switch inherits from `parent`."""

    id: int
    project: str
    name: str
    parent: str | None
    rate: str | None
    plan: str | None
    base_plan: str | None
    must_change_password: bool | None
    must_bind_phone: bool | None
    must_bind_email: bool | None
    may_sponsor_guests: bool | None
    is_guest_group: bool | None
    unbinds_per_month: int | None
    self_registration: bool | None
    binding: BindingMode | None


class RateItem(Answer):
    """A named speed in bit/s; peaks are what may be reached for a while, null for none."""

    id: int
    project: str
    name: str
    up_bps: int
    down_bps: int
    peak_up_bps: int | None
    peak_down_bps: int | None
    peak_seconds: int | None


class NasItem(Answer):
    """An access device; its secrets never leave."""

    id: int
    project: str
    name: str
    address: str
    identifier: str
    vendor: str
    device_kind: str
    coa_port: int
    portal_port: int
    portal_version: int
    portal_auth: str
    interim_seconds: int
    message_authenticator: str
    user_networks: list[str]


class ListEntryItem(Answer):
    """An entry of a black or white list; `expires_at` null has no end, `created_by` is who made it."""

    id: str
    project: str
    kind: ListKind
    action: ListAction
    value: str
    reason: str
    expires_at: Time | None
    created_by: str


class OperatorItem(Answer):
    """An operator and what he may do; `projects` empty is every project."""

    id: int
    name: str
    role: str
    projects: list[str]
    permissions: list[str]
    disabled: bool
