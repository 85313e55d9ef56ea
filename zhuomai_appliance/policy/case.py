"""One login as the checks see it: what was asked, what is known, and what follows from both, worked out once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar, overload

from zhuomai_appliance.model.access import AccessAttempt, MacProof, Rejection
from zhuomai_appliance.model.allowances import NO_LIMITS, Limits, limits_of, rested
from zhuomai_appliance.model.entitlement import Entitlement, Standing, first_login, standing
from zhuomai_appliance.model.segments import Segment
from zhuomai_appliance.policy.devices import BindingPlan, binding_for, room
from zhuomai_appliance.policy.facts import AccessFacts, OpenSession
from zhuomai_appliance.policy.limits import session_timeout
from zhuomai_appliance.policy.lists import ListBook
from zhuomai_appliance.policy.rules import OPEN, Ruling, Where

T = TypeVar("T")


class _Nobody:
    """Stands for the facts of an account that is not there: whoever asks it anything has a mistake to find."""

    def __getattr__(self, name: str) -> Any:
        raise LookupError(f"this login is nobody's, it has no {name}")


NOBODY: Final[Any] = _Nobody()


class _Once(Generic[T]):
    """A property worked out at its first use. functools' own one takes a lock for it (until Python 3.12)."""

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make = make
        self._name = make.__name__
        self.__doc__ = make.__doc__

    @overload
    def __get__(self, case: None, owner: type) -> _Once[T]: ...

    @overload
    def __get__(self, case: Case, owner: type) -> T: ...

    def __get__(self, case: Case | None, owner: type) -> _Once[T] | T:
        if case is None:
            return self
        value = self._make(case)
        # Found before this descriptor from now on, since that has no __set__
        case.__dict__[self._name] = value
        return value


class Case:
    """Nothing here changes; a value that several checks need is worked out when the first of them asks.

    ``known`` are the account's facts; only to be asked for behind the check that there is an account.

    Args:
        facts: None means that nobody has this name, or that no account owns this device.
        now: UTC epoch seconds.
    """

    def __init__(self, attempt: AccessAttempt, facts: AccessFacts | None, lists: ListBook, now: int) -> None:
        self.attempt = attempt
        self.facts = facts
        self.known: AccessFacts = NOBODY if facts is None else facts
        self.lists = lists
        self.now = now

    @property
    def is_silent(self) -> bool:
        """Whether the device's address is all that it shows."""
        return isinstance(self.attempt.proof, MacProof)

    @_Once
    def ruling(self) -> Ruling:
        """What the project's access rules say."""
        facts = self.facts
        if facts is None or facts.rules is None:
            return OPEN
        attempt = self.attempt
        where = Where(
            facts.account.group_id,
            attempt.nas_id,
            attempt.access_kind,
            attempt.ssid,
            attempt.vlan,
            facts.outer_vlan,
            attempt.ip,
        )
        return facts.rules.ruling(where, self.now)

    @_Once
    def chain(self) -> Entitlement | None:
        """What the account owns, as if this login had started what waits for a first one."""
        facts = self.facts
        chain = facts.entitlement if facts is not None else None
        if chain is None:
            return None
        chain = first_login(chain, self.now)
        return chain if facts is None or facts.use is None else rested(chain, facts.use, self.now)

    @_Once
    def standing(self) -> Standing | None:
        """The plan in use and what is left; None where there is none to be online with."""
        facts = self.facts
        if facts is None or facts.entitlement is None:
            return None
        chain = facts.entitlement if facts.use is None else self.chain
        return None if chain is None else standing(chain, self.now)

    @property
    def segment(self) -> Segment | None:
        """The segment being consumed."""
        found = self.standing
        return None if found is None else found.segment

    @_Once
    def timeout(self) -> int | None:
        """Session-Timeout in seconds; None if nothing ends the session, 0 if it must not begin."""
        found = self.standing
        if found is None:
            return None
        forbidden_at = None if self.known.rules is None else self.ruling.forbidden_at
        policy, limits = found.segment.policy, self.limits
        return session_timeout(
            policy,
            found.coverage_end,
            self.now,
            found.seconds_left,
            forbidden_at,
            limits.money_seconds,
            limits.seconds,
        )

    @property
    def limits(self) -> Limits:
        """What the plan's rules about use leave of today and this month."""
        found, use = self.standing, self.known.use
        if found is None or use is None:
            return NO_LIMITS
        return limits_of(found.segment, use, self.now, found.chain)

    @_Once
    def binding(self) -> BindingPlan | Rejection | None:
        """What this login binds, or why its device may not be used; None without a plan, or with nothing to bind."""
        segment = self.segment
        if segment is None:
            return None
        facts, attempt = self.known, self.attempt
        return binding_for(
            attempt.mac,
            facts.bindings,
            segment.policy,
            self.now,
            login_kind=attempt.access_kind.value,
            mode=facts.binding,
            is_silent=self.is_silent,
        )

    @_Once
    def room(self) -> Rejection | tuple[OpenSession, ...]:
        """The sessions that end for this one, or that there is no place for it."""
        found, facts, attempt = self.standing, self.known, self.attempt
        if found is None:
            return ()
        return room(
            attempt.mac,
            attempt.ip,
            found.max_sessions,
            facts.open_sessions,
            facts.reservations,
            self.now,
            found.segment.policy.when_full,
            facts.kicks,
        )
