"""What the API answers about admission: rules, limits of places, devices, and why a login would end as it does."""

from __future__ import annotations

from zhuomai_appliance.model.access_rules import Days, Outside, PlaceKind, RuleAction
from zhuomai_appliance.model.people import BindingKind
from zhuomai_appliance.web.api.fields import Time
from zhuomai_appliance.web.api.items import Answer


class RuleItem(Answer):
    """An access rule; the first that matches by `position` decides. An empty list or null holds for everybody."""

    id: int
    project: str
    position: int
    name: str
    action: RuleAction
    reason: str
    enabled: bool
    group: str | None
    nas: str | None
    ssid: list[str]
    vlan: list[str]
    outer_vlan: list[str]
    kind: list[str]
    network: list[str]
    hours: list[str]
    days: Days
    outside: Outside
    rate: str | None
    user_group: str | None
    set_vlan: int | None
    pool: str | None
    acl: str | None
    isolation: str | None


class PlaceLimitItem(Answer):
    """A limit of admissions: at most `max` devices, of which `current` are there now."""

    id: str
    project: str
    kind: PlaceKind
    value: str
    max: int
    current: int


class DeviceItem(Answer):
    """A device of an account; its address alone opens the account until `silent_until`, null: for good if fixed."""

    mac: str
    kind: BindingKind
    bound_at: Time
    silent_until: Time | None
    last_seen_at: Time


class DeviceList(Answer):
    """Every device of an account, last seen first."""

    items: list[DeviceItem]


class Done(Answer):
    """What was asked for is so."""

    done: bool


class AskedAbout(Answer):
    """The login that is explained; `nas_assumed` where the question named no access device."""

    who: str
    account: str | None
    project: str
    nas: str
    nas_assumed: bool
    mac: str | None
    ssid: str | None
    vlan: int | None
    ip: str | None
    kind: str
    at: Time


class CheckItem(Answer):
    """One check: `outcome` is passed, refused, not_applicable or not_asked; `looked_at` what it decided by."""

    name: str
    outcome: str
    looked_at: dict[str, int | str | None]
    reason: str
    detail: str


class RateText(Answer):
    """A rate in bit/s, and as the site file writes it, up/down."""

    up_bps: int
    down_bps: int
    text: str


class AttributeItem(Answer):
    """An attribute of the reply by its name in the dictionary."""

    name: str
    value: str


class RemarkWord(Answer):
    """Something to look at: a stable word and its facts."""

    word: str
    facts: dict[str, str]


class RemarkItem(RemarkWord):
    """The same with its sentence."""

    sentence: str


class PreviewItem(Answer):
    """What a login would carry at an access device, beside its Class and signature; `coa` is what can be changed while it runs.

    `octets` are the attributes as they stand on the wire, hexadecimal.
    """

    nas: str
    vendor: str
    device_kind: str
    attributes: list[AttributeItem]
    octets: str
    coa: list[str]
    remarks: list[RemarkItem]


class ExplanationItem(Answer):
    """What a login would get and why; `accepted` is null where a server elsewhere has the last word. The first check that refuses decides; those behind it are told all the same.

    `rate_source` is throttle, rule, account, plan, group or none; `session_end_why` is coverage, online_time, hours,
    balance or session_cap. A real Accept carries a Class beside the attributes.
    """

    question: AskedAbout
    steps: list[CheckItem]
    accepted: bool | None
    reason: str
    code: str
    sentence: str
    rule: str | None
    plan: str | None
    rate: RateText | None
    rate_source: str | None
    session_seconds: int | None
    session_ends_at: Time | None
    session_end_why: str | None
    would_end: list[str]
    vendor: str
    attributes: list[AttributeItem]
    remarks: list[RemarkWord]
