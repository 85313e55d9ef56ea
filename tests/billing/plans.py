"""Plans, chains and clock readings in which the examples of the billing rules are told."""

from __future__ import annotations

from typing import Any, Final

from hypothesis import strategies as st

from zhuomai_appliance.billing.periods import append
from zhuomai_appliance.model.entitlement import Entitlement
from zhuomai_appliance.model.moment import Period, PeriodUnit, Timestamp, Zone, parse_rfc3339
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.products import (
    AccessPolicy,
    Direction,
    OnExhaust,
    PlanId,
    PlanKind,
    PlanVersion,
    PlanVersionId,
    Quota,
    Starts,
    SubscriptionId,
    Terms,
)
from zhuomai_appliance.model.traffic import RateLimit

SHANGHAI: Final = Zone("Asia/Shanghai")
MONTH: Final = Period(PeriodUnit.MONTH, 1)
GB: Final = 10**9
SLOW: Final = RateLimit(up_bps=64_000, down_bps=64_000)


def t(text: str) -> Timestamp:
    """An instant of Shanghai: "2026-01-31 10:00" or with seconds."""
    return parse_rfc3339(text.replace(" ", "T") + "+08:00")


def plan(
    kind: PlanKind = PlanKind.PERIOD, price_fen: int = 3000, number: int = 1, name: str = "", **terms: Any
) -> PlanVersion:
    """A version of a plan with these terms."""
    return PlanVersion(
        id=PlanVersionId(number),
        project_id=ProjectId(1),
        plan_id=PlanId(number),
        plan_name=name or f"{kind}{number}",
        version_no=1,
        kind=kind,
        price_fen=Fen(price_fen),
        terms=Terms(**terms),
    )


def monthly(**terms: Any) -> PlanVersion:
    """包月: one month from the instant of purchase, 3000 fen."""
    return plan(**{"period": MONTH, **terms})


def pack(octets: int, period: Period | None = MONTH, **terms: Any) -> PlanVersion:
    """A data pack."""
    return plan(PlanKind.DATA, **{"quota": Quota(octets=octets), "period": period, **terms})


def hours(seconds: int, **terms: Any) -> PlanVersion:
    """A pack of online seconds."""
    return plan(PlanKind.DURATION, **{"quota": Quota(online_seconds=seconds), **terms})


def nobody() -> Entitlement:
    """An account that never bought anything."""
    return Entitlement(AccountId(1), SHANGHAI.name)


def bought(*purchases: tuple[PlanVersion, str | int]) -> Entitlement:
    """The chain after these purchases in their order; subscriptions are numbered from 1."""
    chain = nobody()
    for number, (version, when) in enumerate(purchases, 1):
        chain = append(chain, version, SubscriptionId(number), t(when) if isinstance(when, str) else when)
    return chain


def spans(chain: Entitlement) -> list[tuple[int, str, int | None, int | None]]:
    """Number, state, start and end of each segment that has not ended."""
    return [(s.subscription_id, s.state.value, s.starts_at, s.ends_at) for s in chain.segments]


PLANS = st.one_of(
    st.builds(pack, st.integers(1, 5000), st.sampled_from([None, MONTH, Period(PeriodUnit.HOUR, 1)])),
    st.builds(hours, st.integers(1, 900)),
    st.builds(
        lambda o, s, d: pack(o, quota=Quota(octets=o, online_seconds=s, direction=d)),
        st.integers(1, 5000),
        st.integers(1, 900),
        st.sampled_from(Direction),
    ),
    st.builds(lambda o: pack(o, None, concurrent=True, priority=o % 3), st.integers(1, 5000)),
    st.builds(
        lambda o: pack(o, policy=AccessPolicy(on_exhaust=OnExhaust.THROTTLE, throttle=SLOW)),
        st.integers(1, 99),
    ),
    st.builds(lambda: plan(period=Period(PeriodUnit.HOUR, 1))),
    st.builds(lambda: monthly(starts=Starts.ON_FIRST_LOGIN)),
)
"""Plans of every shape, to be bought in any order."""
