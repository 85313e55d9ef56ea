"""An account with a plan, and an attempt to log in to it."""

from __future__ import annotations

from typing import Any

from tests.vendors.examples import NOW, a_nas
from zhuomai_appliance.model.access import AccessAttempt, AccessKind, PapProof
from zhuomai_appliance.model.entitlement import Entitlement, Segment
from zhuomai_appliance.model.moment import Timestamp
from zhuomai_appliance.model.network import NasId, ProjectId
from zhuomai_appliance.model.people import Account, AccountId, BindingKind, DeviceBinding
from zhuomai_appliance.model.products import (
    AccessPolicy,
    PlanKind,
    PlanVersionId,
    SubscriptionId,
    SubscriptionState,
)
from zhuomai_appliance.model.traffic import RateLimit
from zhuomai_appliance.policy.case import Case
from zhuomai_appliance.policy.facts import AccessFacts, OpenSession
from zhuomai_appliance.policy.lists import NO_LISTS, ListBook

MAC = "a4:5e:60:aa:bb:cc"
OTHER = "a4:5e:60:aa:bb:dd"
RANDOM = "a6:5e:60:aa:bb:cc"
RATE = RateLimit(4_000_000, 8_000_000)
DAY = 86_400


def an_account(**changes: Any) -> Account:
    values: dict[str, Any] = {
        "id": AccountId(5),
        "project_id": ProjectId(1),
        "username": "20260001",
        "full_name": "张三",
        "group_id": None,
        "rate_id": None,
        "email": "",
        "address": "",
        "created_at": NOW - DAY,
        "first_login_at": None,
        "locked_until": None,
        "locked_reason": "",
        "closed_at": None,
    }
    return Account(**values | changes)


def a_segment(number: int = 1, **changes: Any) -> Segment:
    values: dict[str, Any] = {
        "subscription_id": SubscriptionId(number),
        "plan_version_id": PlanVersionId(1),
        "plan_name": "monthly",
        "kind": PlanKind.PERIOD,
        "state": SubscriptionState.ACTIVE,
        "purchased_at": Timestamp(NOW - DAY),
        "policy": AccessPolicy(rate=RATE, max_sessions=2, silent_login_days=7),
        "starts_at": Timestamp(NOW - DAY),
        "ends_at": Timestamp(NOW + 30 * DAY),
    }
    return Segment(**values | changes)


def a_chain(*segments: Segment, **changes: Any) -> Entitlement:
    return Entitlement(AccountId(5), "Asia/Shanghai", segments, **changes)


def some_facts(**changes: Any) -> AccessFacts:
    values: dict[str, Any] = {
        "account": an_account(),
        "entitlement": a_chain(a_segment()),
        "nas": a_nas(),
        "password": b"secret",
    }
    return AccessFacts(**values | changes)


def an_attempt(**changes: Any) -> AccessAttempt:
    values: dict[str, Any] = {
        "username": "20260001",
        "username_raw": "20260001",
        "realm": None,
        "proof": PapProof(b"secret"),
        "nas_id": NasId(1),
        "mac": MAC,
        "ip": "10.9.1.2",
        "ssid": "Campus",
        "vlan": None,
        "port_id": None,
        "access_kind": AccessKind.PORTAL,
        "acct_session_id": "S1",
        "calling_station_raw": "a45e-60aa-bbcc",
        "called_station_raw": "",
        "at": NOW,
    }
    return AccessAttempt(**values | changes)


def a_case(
    attempt: AccessAttempt | None = None, facts: AccessFacts | None = None, lists: ListBook = NO_LISTS
) -> Case:
    """A login as the checks see it; facts None is nobody's."""
    return Case(attempt or an_attempt(), facts, lists, NOW)


def online(mac: str | None, ago: int = 0, *, session: str = "S9", ip: str | None = None) -> OpenSession:
    return OpenSession(mac, NasId(1), session, NOW - ago, 300, ip)


def bound(
    mac: str, kind: BindingKind = BindingKind.LEARNED, until: int | None = NOW + DAY, seen: int = NOW
) -> DeviceBinding:
    return DeviceBinding(AccountId(5), mac, kind, NOW - DAY, until, seen)
