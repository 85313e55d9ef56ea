"""Operators: logging in to the console, bearer tokens of the API, and the changes to both; all of it audited.

The same answer in the same time for known and unknown names; growing delays that follow the pair of name and address,
so that an attacker cannot lock an operator out of his own office (security W9, ASVS 5.0 6.3.1 and 6.3.8).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Final

from zhuomai_appliance.entropy import Entropy
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import (
    ROLES,
    Operator,
    OperatorId,
    Permission,
    is_printable_name,
    normal_name,
)
from zhuomai_appliance.store import journal
from zhuomai_appliance.store import operators as rows
from zhuomai_appliance.store.digests import Digester
from zhuomai_appliance.store.interface import Store, Transaction
from zhuomai_appliance.store.operators import ConsoleSession

IDLE_SECONDS: Final = 30 * 60
ABSOLUTE_SECONDS: Final = 12 * 3600
TOUCH_SECONDS: Final = 60
"""How much later a use must be to be worth a write."""

TOKEN_CHARACTERS: Final = 22
"""132 bits (ASVS 7.2.3 asks for 128)."""

API_TOKEN_PREFIX: Final = "zm_"
PASSWORD_LEAST: Final = 8
PASSWORD_MOST: Final = 128


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, for the audit: an operator's name or a command, and the address it came from."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A new console session: ``token`` goes into the cookie, ``csrf_token`` into the forms."""

    operator: Operator
    token: str = field(repr=False)
    csrf_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class LoginRefused:
    """Wrong name or password, a disabled operator, or too many tries: which of them is not said.

    ``wait_seconds`` above 0: nothing was looked at, and nothing will be before that time has passed.
    """

    wait_seconds: int = 0


class OperatorRefused(Exception):
    """A change of operators that is not allowed; the message is one sentence for the person who asked."""


@dataclass(slots=True)
class _Failures:
    count: int = 0
    until: int = 0
    told: bool = False


class Delays:
    """Failed logins, remembered in memory by key; the delay doubles with each failure past the free ones.

    Bounded: of more than ``capacity`` keys the one that failed longest ago is forgotten.
    """

    def __init__(self, free: int, longest_seconds: int, capacity: int = 10_000) -> None:
        self._free = free
        self._longest_seconds = longest_seconds
        self._capacity = capacity
        self._known: OrderedDict[str, _Failures] = OrderedDict()

    def wait(self, key: str, now: int) -> int:
        """Seconds until this key may try again; 0: now."""
        known = self._known.get(key)
        wait = 0 if known is None else known.until - now
        # More than the longest delay: the clock was set back since, and nobody waits a day for that
        return wait if 0 < wait <= self._longest_seconds else 0

    def failed(self, key: str, now: int) -> None:
        """Count a failure. A day without one forgets the earlier ones."""
        known = self._known.pop(key, None)
        if known is None or now - known.until > 86_400:
            known = _Failures()
        known.count += 1
        known.told = False
        over = known.count - self._free
        known.until = now + (min(1 << min(over, 20), self._longest_seconds) if over > 0 else 0)
        self._known[key] = known
        while len(self._known) > self._capacity:
            self._known.popitem(last=False)

    def succeeded(self, key: str) -> None:
        """Forget the failures of a key."""
        self._known.pop(key, None)

    def forgive(self, key: str) -> None:
        """Take one failure back: the try that was counted before its outcome was known."""
        known = self._known.get(key)
        if known is not None:
            known.count -= 1
            known.until = 0

    def tell_once(self, key: str) -> bool:
        """Whether this is the first refusal since the last failure: one audit row for each delay is enough."""
        known = self._known.get(key)
        if known is None or known.told:
            return False
        known.told = True
        return True


class Operators:
    """Console logins, API tokens and the operators themselves. Times are epoch seconds, handed in as ``now``."""

    def __init__(self, store: Store, entropy: Entropy, digester: Digester) -> None:
        self._store = store
        self._entropy = entropy
        self._digester = digester
        # A pair may be held up for long; an address for what a class room can bear; a name alone for seconds only.
        self._by_pair = Delays(free=3, longest_seconds=900)
        self._by_address = Delays(free=20, longest_seconds=300)
        self._by_name = Delays(free=20, longest_seconds=10)

    async def login(
        self, name: str, password: str, address: str, now: int, user_agent: str = ""
    ) -> LoggedIn | LoginRefused:
        """Check name and password and open a console session.

        Raises:
            StoreUnavailable: it cannot be recorded.
        """
        folded = normal_name(name)[:128].encode("utf-8", "replace").decode()
        keys = ((self._by_pair, f"{folded}\n{address}"), (self._by_address, address), (self._by_name, folded))
        wait = max(delays.wait(key, now) for delays, key in keys)
        if wait:
            if self._by_pair.tell_once(keys[0][1]):
                await self._audit_login(folded, address, now, "refused: too many failures")
            return LoginRefused(wait)
        # Counted before the work: of a hundred tries sent at once, only the free ones are worked.
        for delays, key in keys:
            delays.failed(key, now)
        operator = rows.by_name(self._store.reader, name) if is_printable_name(name) else None
        right = await self._digester.check(None if operator is None else operator.password_digest, password)
        if operator is None or not right or operator.disabled:
            await self._audit_login(folded, address, now, "failed")
            return LoginRefused()
        self._by_pair.succeeded(keys[0][1])
        self._by_name.succeeded(folded)
        # Not all is forgiven: whoever has one good password must not clear the way to guess the next man's.
        self._by_address.forgive(address)
        token, csrf_token = self._entropy.text(TOKEN_CHARACTERS), self._entropy.text(TOKEN_CHARACTERS)

        def task(tx: Transaction) -> None:
            rows.add_session(
                tx,
                operator.id,
                digest_of(token),
                csrf_token,
                address=address,
                user_agent=user_agent[:200],
                at=now,
            )
            rows.drop_old_sessions(tx, created_before=now - ABSOLUTE_SECONDS, seen_before=now - IDLE_SECONDS)
            _audit(tx, Actor(operator.name, address), now, "operator.login", operator.name)

        await self._store.write(task, urgent=True)
        return LoggedIn(operator, token, csrf_token)

    async def _audit_login(self, name: str, address: str, now: int, result: str) -> None:
        actor = Actor(name, address)
        await self._store.write(
            lambda tx: _audit(tx, actor, now, "operator.login", name, result=result), urgent=True
        )

    def session(self, token: str, now: int, *, is_act: bool = True) -> ConsoleSession | None:
        """The console session of a cookie's token, unless it is over: 30 minutes idle, 12 hours in all.

        ``is_act`` False is a page that renews itself: nobody did anything, so the idle time goes on.
        """
        digest = digest_of(token)
        found = rows.find_session(self._store.reader, digest)
        if (
            found is None
            or found.operator.disabled
            or now >= found.created_at + ABSOLUTE_SECONDS
            or now >= found.seen_at + IDLE_SECONDS
        ):
            return None
        if is_act and now >= found.seen_at + TOUCH_SECONDS:
            self._store.enqueue(lambda tx: rows.touch_session(tx, digest, now), droppable=True)
        return found

    async def logout(self, token: str, now: int) -> None:
        """End a console session; an unknown one is no error."""
        digest = digest_of(token)
        found = rows.find_session(self._store.reader, digest)
        if found is None:
            return
        actor = Actor(found.operator.name, found.address)

        def task(tx: Transaction) -> None:
            if rows.delete_session(tx, digest):
                _audit(tx, actor, now, "operator.logout", actor.name)

        await self._store.write(task, urgent=True)

    def bearer(self, token: str, now: int) -> Operator | None:
        """The operator an API token speaks for, his permissions cut down to the token's scopes."""
        if not token.startswith(API_TOKEN_PREFIX):
            return None
        found = rows.find_token(self._store.reader, digest_of(token))
        if found is None or found.operator.disabled:
            return None
        if found.last_used_at is None or now >= found.last_used_at + TOUCH_SECONDS:
            self._store.enqueue(lambda tx: rows.touch_token(tx, found.id, now), droppable=True)
        if found.scopes is None:
            return found.operator
        return replace(found.operator, permissions=found.operator.permissions & found.scopes)

    async def create(
        self,
        actor: Actor,
        name: str,
        role: str,
        password: str,
        now: int,
        project_ids: Sequence[ProjectId] = (),
    ) -> OperatorId:
        """Add an operator.

        Raises:
            OperatorRefused: the name is taken or unfit, the role unknown, or the password too weak.
        """
        check_name(name)
        check_role(role)
        check_password(password)
        digest = await self._digester.make(password)

        def task(tx: Transaction) -> OperatorId:
            return add_operator(tx, actor, name, role, digest, now, project_ids)

        return await self._store.write(task)

    async def reset_password(self, actor: Actor, name: str, password: str, now: int) -> None:
        """Give an operator another password and end his sessions.

        Raises:
            OperatorRefused: nobody has the name, or the password is too weak.
        """
        check_password(password)
        operator = self._named(name)
        digest = await self._digester.make(password)

        def task(tx: Transaction) -> None:
            rows.set_password(tx, operator.id, digest, now)
            rows.delete_sessions_of(tx, operator.id)
            _audit(tx, actor, now, "operator.reset_password", name)

        await self._store.write(task)
        self._by_name.succeeded(normal_name(name))

    async def mint_token(
        self, actor: Actor, operator_name: str, scopes: Iterable[Permission], now: int, label: str = ""
    ) -> str:
        """Make an API token for an operator; it is shown once and kept as a digest. No scopes: all he may do.

        Raises:
            OperatorRefused: nobody has the name, or a scope is more than he may do.
        """
        operator = self._named(operator_name)
        wanted = frozenset(scopes)
        if missing := sorted(wanted - operator.permissions):
            raise OperatorRefused(f"{operator_name} may not do {', '.join(missing)} and cannot pass it on")
        token = API_TOKEN_PREFIX + self._entropy.text(32)

        def task(tx: Transaction) -> None:
            token_id = rows.add_token(tx, operator.id, label, digest_of(token), wanted, now)
            after = {"token": token_id, "label": label, "scopes": sorted(wanted)}
            _audit(tx, actor, now, "operator.token", operator_name, after=after)

        await self._store.write(task)
        return token

    def _named(self, name: str) -> Operator:
        operator = rows.by_name(self._store.reader, name)
        if operator is None:
            raise OperatorRefused(f'there is no operator named "{name}"')
        return operator


def add_operator(
    tx: Transaction,
    actor: Actor,
    name: str,
    role: str,
    password_digest: str,
    now: int,
    project_ids: Sequence[ProjectId] = (),
) -> OperatorId:
    """Add an operator whose password digest is made already, inside a larger change.

    Raises:
        OperatorRefused: the name is taken.
    """
    if rows.by_name(tx, name) is not None:
        raise OperatorRefused(f'there is an operator named "{name}" already')
    operator_id = rows.add(
        tx, name=name, role=role, project_ids=project_ids, password_digest=password_digest, at=now
    )
    _audit(tx, actor, now, "operator.create", name, after={"role": role, "projects": sorted(project_ids)})
    return operator_id


def check_name(name: str) -> None:
    """Whether an operator may be called so.

    Raises:
        OperatorRefused: with the sentence that says why not.
    """
    if not is_printable_name(name) or name != name.strip():
        raise OperatorRefused("an operator's name has 1 to 128 visible characters and no blanks around it")


def check_role(role: str) -> None:
    """Whether there is such a role.

    Raises:
        OperatorRefused: with the roles there are.
    """
    if role not in ROLES:
        raise OperatorRefused(f'there is no role "{role}"; write one of {", ".join(ROLES)}')


def check_password(password: str) -> None:
    """Whether a password is long enough to be one.

    Raises:
        OperatorRefused: with the sentence that says why not.
    """
    if not PASSWORD_LEAST <= len(password) <= PASSWORD_MOST:
        raise OperatorRefused(f"an operator's password has {PASSWORD_LEAST} to {PASSWORD_MOST} characters")


def digest_of(token: str) -> bytes:
    """What the store keeps of a token. Plain SHA-256: a token of 128 random bits needs no slow digest."""
    return sha256(token.encode("utf-8", "surrogatepass")).digest()


def _audit(
    tx: Transaction,
    actor: Actor,
    now: int,
    action: str,
    name: str,
    *,
    after: dict[str, object] | None = None,
    result: str = "ok",
) -> None:
    journal.audit(
        tx,
        at=now,
        project_id=journal.MACHINE,
        actor=actor.name,
        address=actor.address,
        action=action,
        object_kind="operator",
        object_id=name,
        after=after,
        result=result,
    )
