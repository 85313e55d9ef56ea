"""Logging in and out through our page: check the password here, then let the access device do the rest.

    form -> throttle -> password -> one-time secret -> portal protocol -> the device's Access-Request -> verdict -> page

The user's own password never leaves this process: the device gets a one-time secret that RADIUS accepts once, from that
device, for that account and address (portal notes §6).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from zhuomai_appliance.entropy import Entropy
from zhuomai_appliance.flows import effects
from zhuomai_appliance.flows.ports import PortalDoor
from zhuomai_appliance.flows.realms import local_name, refusal_by_page
from zhuomai_appliance.flows.replacement import Replacer
from zhuomai_appliance.flows.tables import Tables
from zhuomai_appliance.flows.throttle import Throttle
from zhuomai_appliance.flows.verdicts import VerdictBoard
from zhuomai_appliance.flows.visitors import Online, Reception, Replacement, Visitor
from zhuomai_appliance.model import entitlement as chain_rules
from zhuomai_appliance.model.access import (
    AccessAttempt,
    AccessKind,
    PapProof,
    Reason,
    Rejection,
    SessionId,
)
from zhuomai_appliance.model.network import Nas, NasId
from zhuomai_appliance.model.people import AccountId, is_printable_name, normal_name
from zhuomai_appliance.policy import credentials
from zhuomai_appliance.portal.heartbeat import Notice
from zhuomai_appliance.portal.kinds import Kind
from zhuomai_appliance.portal.terms import Ending, Outcome
from zhuomai_appliance.store import accounts, journal, sessions
from zhuomai_appliance.store.interface import Store, StoreUnavailable, Transaction
from zhuomai_appliance.store.vault import Vault
from zhuomai_appliance.vendors.identity import storable

SECRET_SECONDS: Final = 60
SECRET_CHARACTERS: Final = 16
"""96 bits; devices document 16 as the limit of a PAP password (portal notes §4)."""

NOTICES_KEPT: Final = 20_000
MAX_NAME_CHARACTERS: Final = 128
MAX_PASSWORD_OCTETS: Final = 256

#: Any other ending is the access device's own trouble, and the page says that it is not the password.
_ENDINGS: Final = {
    Ending.UNKNOWN_USER_IP: Reason.DEVICE_UNKNOWN_TO_NAS,
    Ending.BUSY: Reason.LOGGING_IN,
    Ending.ALREADY_ONLINE: Reason.LOGGING_IN,
}


@dataclass(frozen=True, slots=True)
class Refused:
    """A login that did not happen, with the number the help desk can search.

    ``full_account`` is set where the password was right and every place of the account is taken.
    """

    rejection: Rejection
    lookup_code: str
    full_account: AccountId | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What an online page shows: what is left, what this session used, since when. None: nothing limits it.

    Octets are of the device's newest report, so at most one interim interval old; seconds run on meanwhile.
    """

    username: str
    full_name: str
    plan_name: str
    covered_until: int | None
    octets_left: int | None
    seconds_left: int | None
    started_at: int | None
    session_seconds: int
    input_octets: int
    output_octets: int
    is_online: bool
    ended_words: str = ""
    session_id: SessionId | None = None


class PortalLogin:
    """Login, figures and logout for the captive pages."""

    log = Logger(namespace="zhuomai.portal")

    def __init__(
        self,
        store: Store,
        vault: Vault,
        tables: Tables,
        reception: Reception,
        throttle: Throttle,
        board: VerdictBoard,
        door: PortalDoor,
        entropy: Entropy,
        clock: Callable[[], int],
        monotonic: Callable[[], float],
        wake: Callable[[], None],
        later: Callable[..., Any],
    ) -> None:
        self._store = store
        self._vault = vault
        self._tables = tables
        self.reception = reception
        self._throttle = throttle
        self._board = board
        self._door = door
        self._entropy = entropy
        self._clock = clock
        self._monotonic = monotonic
        self._wake = wake
        self.replacer = Replacer(store, tables, clock, later, wake)
        self._running: dict[tuple[NasId, str], tuple[bytes, list[Deferred[Online | Refused]]]] = {}
        self._notices: OrderedDict[tuple[NasId, str], tuple[int, str]] = OrderedDict()

    # Login ------------------------------------------------------------------------------------------------------------

    async def with_password(self, visitor: Visitor, username: str, password: str) -> Online | Refused:
        """Log a visitor in. A second send of the same form joins the login that is running (two taps, one login)."""
        digest = sha256(f"{username}\0{password}".encode("utf-8", "surrogatepass")).digest()
        return await self._alone(visitor, digest, lambda: self._login(visitor, username, password))

    async def replace(self, wanted: Replacement) -> Online | Refused:
        """Log a visitor in whose account is full, in the place of a session that is ended first.

        Where that session's device does not end it in time, nothing else is tried and the page says so.
        """
        digest = sha256(f"replace {wanted.account_id} {wanted.session_id}".encode()).digest()
        return await self._alone(wanted.visitor, digest, lambda: self._in_place(wanted))

    async def _in_place(self, wanted: Replacement) -> Online | Refused:
        nas = self.reception.nas_of(wanted.visitor)
        login = accounts.login_by_id(self._store.reader, wanted.account_id)
        if nas is None or login is None:
            return Refused(Rejection(Reason.PAGE_EXPIRED, "the device or the account is no longer there"), "")
        account = login.account
        if not await self.replacer.end(wanted.visitor, account, wanted.session_id):
            rejection = Rejection(Reason.NAS_SILENT, "the session to be replaced was not ended")
            return self._refuse(wanted.visitor, nas, account.username, account.id, rejection, self._clock())
        return await self._at_device(wanted.visitor, nas, login, may_log_out=True)

    async def _alone(
        self, visitor: Visitor, digest: bytes, work: Callable[[], Awaitable[Online | Refused]]
    ) -> Online | Refused:
        """One login of a client at a time; the same asked twice is done once and answers both."""
        key = (visitor.nas_id, visitor.user_ip)
        running = self._running.get(key)
        if running is not None:
            if running[0] == digest:
                waiting: Deferred[Online | Refused] = Deferred()
                running[1].append(waiting)
                return await waiting
            return Refused(Rejection(Reason.LOGGING_IN), "")
        others: list[Deferred[Online | Refused]] = []
        self._running[key] = (digest, others)
        result: Online | Refused = Refused(Rejection(Reason.NAS_SILENT, "the login failed inside"), "")
        try:
            result = await work()
        finally:
            del self._running[key]
            for waiting in others:
                waiting.callback(result)
        return result

    async def _login(self, visitor: Visitor, username: str, password: str) -> Online | Refused:
        now = self._clock()
        nas = self.reception.nas_of(visitor)
        if nas is None:
            return Refused(Rejection(Reason.PAGE_EXPIRED, "the device is no longer listed"), "")
        realms = self._tables.realms(nas.project_id)
        typed = normal_name(username)
        # RADIUS counts wrong passwords by this name too: no other writing of it has tries of its own
        own = local_name(typed, visitor.ssid, realms)
        name, sources = own[:MAX_NAME_CHARACTERS], visitor.sources()
        wait = max(self._throttle.wait_seconds(name, source, self._monotonic()) for source in sources)
        if wait:
            return self._refuse(
                visitor, nas, username, None, Rejection(Reason.WAIT_BEFORE_RETRY, facts=(("n", wait),)), now
            )
        elsewhere = refusal_by_page(typed, visitor.ssid, realms)
        if elsewhere is not None:
            return self._refuse(visitor, nas, username, None, elsewhere, now)
        login = None
        if is_printable_name(username.strip()):
            find, reader = accounts.find_login, self._store.reader
            login = find(reader, nas.project_id, typed) or find(reader, nas.project_id, own)
        if login is None or not self._is_password(login, password):
            for source in sources:
                self._throttle.failed(name, source, self._monotonic())
            reason = Reason.UNKNOWN_USER if login is None else Reason.BAD_CREDENTIALS
            account_id = None if login is None else login.account.id
            return self._refuse(visitor, nas, username, account_id, Rejection(reason), now)
        for source in sources:
            self._throttle.succeeded(name, source)
        return await self._at_device(visitor, nas, login, may_log_out=True)

    def _is_password(self, login: accounts.Login, password: str) -> bool:
        """Compared in constant time; a name or password over the limits is nobody's."""
        offered = password.encode("utf-8", "surrogatepass")
        if login.secret_sealed is None or len(offered) > MAX_PASSWORD_OCTETS:
            return False
        stored = self._vault.open(login.secret_sealed, accounts.secret_context(login.account.id))
        return credentials.check(PapProof(offered), stored) is not None

    async def _at_device(
        self, visitor: Visitor, nas: Nas, login: accounts.Login, *, may_log_out: bool
    ) -> Online | Refused:
        account = login.account
        secret_id, secret = await self._mint(visitor, nas, account.id)
        outcome = await self._door.login(nas, visitor.user_ip, account.username, secret)
        told = self._board.take(secret_id)
        now = self._clock()
        if outcome.ending is Ending.ONLINE:
            self._notices.pop((nas.id, visitor.user_ip), None)
            return Online(visitor, account.id)
        if outcome.ending is Ending.ALREADY_ONLINE:
            stored = sessions.open_at_address(self._store.reader, nas.project_id, nas.id, visitor.user_ip)
            if stored is not None and stored.session.account_id == account.id:
                return Online(visitor, account.id)
            if may_log_out and (stored is None or visitor.is_proved):
                # Somebody else's session, or one we know nothing of, holds the address: end it, then try once more.
                # Not for a query's word alone: anybody with an account could throw anybody out.
                await self._door.logout(nas, visitor.user_ip, visitor.mac)
                return await self._at_device(visitor, nas, login, may_log_out=False)
        if told is not None and isinstance(told.verdict, Rejection):
            full = account.id if told.verdict.reason is Reason.TOO_MANY_SESSIONS else None
            return Refused(told.verdict, told.lookup_code, full)
        self._complain(nas, outcome)
        rejection = Rejection(_ENDINGS.get(outcome.ending, Reason.NAS_SILENT), _detail(outcome))
        return self._refuse(visitor, nas, account.username, account.id, rejection, now)

    async def _mint(self, visitor: Visitor, nas: Nas, account_id: AccountId) -> tuple[int, bytes]:
        """A one-time secret, durable before the device can ask for it, or in memory while the disk takes nothing."""
        now = self._clock()
        secret = self._entropy.text(SECRET_CHARACTERS).encode()
        sealed = self._vault.seal(secret, accounts.portal_context(account_id, nas.id, visitor.user_ip))
        until = now + SECRET_SECONDS

        def add(tx: Transaction) -> int:
            return accounts.add_portal_secret(
                tx,
                project_id=nas.project_id,
                account_id=account_id,
                nas_id=nas.id,
                user_ip=visitor.user_ip,
                mac=visitor.mac,
                secret_sealed=sealed,
                secret=secret,
                at=now,
                expires_at=until,
            )

        try:
            secret_id = await self._store.write(add, urgent=True)
        except StoreUnavailable:
            secret_id = self._board.spares.add(account_id, nas.id, visitor.user_ip, secret, until)
        return secret_id, secret

    def _complain(self, nas: Nas, outcome: Outcome) -> None:
        self.log.warn(
            "portal login at {nas} ended {ending}, code {code}: {words}",
            nas=nas.name,
            ending=outcome.ending.value,
            code=outcome.error_code,
            words=_detail(outcome),
        )

    def _refuse(
        self,
        visitor: Visitor,
        nas: Nas,
        username: str,
        account_id: AccountId | None,
        rejection: Rejection,
        now: int,
    ) -> Refused:
        """Record a refusal of our own page, under a number that the help desk can search."""
        lookup_code = self._entropy.lookup_code()
        attempt = AccessAttempt(
            username=username[:MAX_NAME_CHARACTERS],
            username_raw=storable(username[:MAX_NAME_CHARACTERS].encode("utf-8", "replace").decode()),
            realm=None,
            proof=PapProof(b""),
            nas_id=nas.id,
            mac=visitor.mac,
            ip=visitor.user_ip,
            ssid=visitor.ssid,
            vlan=None,
            port_id=None,
            access_kind=AccessKind.PORTAL,
            acct_session_id=None,
            calling_station_raw=visitor.mac or "",
            called_station_raw="",
            at=now,
        )
        self._store.enqueue(
            lambda tx: journal.add_attempt(
                tx,
                nas.project_id,
                attempt,
                account_id=account_id,
                accepted=False,
                reason=rejection.reason.value,
                detail=rejection.detail,
                lookup_code=lookup_code,
            ),
            droppable=True,
        )
        return Refused(rejection, lookup_code)

    # Online -----------------------------------------------------------------------------------------------------------

    def standing(self, online: Online) -> Standing | None:
        """The figures of a client; None when the account is gone."""
        now, visitor = self._clock(), online.visitor
        reader = self._store.reader
        login = accounts.login_by_id(reader, online.account_id)
        nas = self.reception.nas_of(visitor)
        if login is None or nas is None:
            return None
        stored = sessions.open_at_address(reader, nas.project_id, nas.id, visitor.user_ip)
        session = stored.session if stored is not None else None
        if session is not None and session.account_id != online.account_id:
            session = None
        noticed = self._notices.get((nas.id, visitor.user_ip))
        is_over = noticed is not None and noticed[0] >= visitor.at
        chain = None if login.chain is None else chain_rules.load(login.chain)
        segment = None if chain is None else chain_rules.current(chain, now)
        seconds = 0 if session is None else max(session.session_seconds, now - session.started_at)
        return Standing(
            session_id=session.id if session is not None else None,
            username=login.account.username,
            full_name=login.account.full_name,
            plan_name=segment.plan_name if segment is not None else "",
            covered_until=None if chain is None else chain_rules.owned_until(chain),
            octets_left=None if chain is None else chain_rules.octets_left(chain, now),
            seconds_left=None if chain is None else chain_rules.seconds_left(chain, now),
            started_at=session.started_at if session is not None else None,
            session_seconds=seconds,
            input_octets=session.input_octets if session is not None else 0,
            output_octets=session.output_octets if session is not None else 0,
            is_online=not is_over and (session is not None or now - visitor.at < SECRET_SECONDS),
            ended_words=noticed[1] if is_over and noticed is not None else "",
        )

    def figures(self, session_id: SessionId) -> tuple[int, int] | None:
        """Seconds and octets of a session by the device's newest report, its Stop where that has come."""
        stored = sessions.by_id(self._store.reader, session_id)
        if stored is None:
            return None
        session = stored.session
        return session.session_seconds, session.input_octets + session.output_octets

    async def logout(self, online: Online) -> bool:
        """Log a client out at its device; where the device does not answer, RADIUS ends the session. Always works out."""
        visitor = online.visitor
        nas = self.reception.nas_of(visitor)
        if nas is None:
            return False
        outcome = await self._door.logout(nas, visitor.user_ip, visitor.mac)
        now = self._clock()
        self._note((nas.id, visitor.user_ip), now, "")
        if outcome.ending is not Ending.OFFLINE:
            self._complain(nas, outcome)
            stored = sessions.open_at_address(self._store.reader, nas.project_id, nas.id, visitor.user_ip)
            if stored is not None and stored.session.account_id == online.account_id:
                session = stored.session
                await self._store.write(
                    lambda tx: effects.end_session(tx, session.id, nas.project_id, "logout", now, again=True)
                )
                self._wake()
        return outcome.ending is Ending.OFFLINE

    def on_notice(self, nas: Nas, notice: Notice) -> None:
        """The device logged a client out on its own: the page says so; the money clock follows RADIUS."""
        if notice.kind is Kind.NTF_LOGOUT:
            self._note((nas.id, notice.user_ip), self._clock(), notice.text)

    def _note(self, key: tuple[NasId, str], at: int, words: str) -> None:
        self._notices.pop(key, None)
        self._notices[key] = (at, words)
        if len(self._notices) > NOTICES_KEPT:
            self._notices.popitem(last=False)


def _detail(outcome: Outcome) -> str:
    words = " ".join(filter(None, (outcome.error_id, outcome.text)))
    if outcome.ending is Ending.TIMEOUT and outcome.forged_answers:
        return "answers had a wrong authenticator: the portal keys differ"
    return words or outcome.ending.value
