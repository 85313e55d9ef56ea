"""A school of a few rows with its flows on one clock, and an access device that does what a test says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ipaddress import ip_network
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from tests.vendors.examples import a_nas, a_packet
from zhuomai_appliance.entropy import SeededEntropy
from zhuomai_appliance.flows import housekeeping, purchases
from zhuomai_appliance.flows.access import AccessFlow
from zhuomai_appliance.flows.accounting import AccountingFlow
from zhuomai_appliance.flows.alarms import Alarms
from zhuomai_appliance.flows.disconnect import Dispatcher
from zhuomai_appliance.flows.follow_up import FollowUp
from zhuomai_appliance.flows.interims import Interims
from zhuomai_appliance.flows.portal_login import PortalLogin
from zhuomai_appliance.flows.ports import AccessAnswer, ControlOutcome, ControlResult
from zhuomai_appliance.flows.reaping import Reaper
from zhuomai_appliance.flows.reservations import Reservations
from zhuomai_appliance.flows.tables import Tables
from zhuomai_appliance.flows.throttle import Throttle
from zhuomai_appliance.flows.verdicts import VerdictBoard
from zhuomai_appliance.flows.visitors import Reception, Visitor
from zhuomai_appliance.flows.watched import Watched
from zhuomai_appliance.model.access import Reason, Rejection, SessionId
from zhuomai_appliance.model.commerce import Channel
from zhuomai_appliance.model.moment import Period, PeriodUnit, Zone, parse_rfc3339
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import Nas, Vendor
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.products import AccessPolicy, PlanKind, PlanVersion, Quota, Terms
from zhuomai_appliance.model.traffic import RateLimit
from zhuomai_appliance.portal.terms import Ending, Outcome
from zhuomai_appliance.radius.packet import Attribute, Code, Packet, vendor_attribute
from zhuomai_appliance.radius.passwords import chap_response
from zhuomai_appliance.radius.values import address_value, integer_value
from zhuomai_appliance.store import accounts, network, products, sessions
from zhuomai_appliance.store.inline import InlineStore
from zhuomai_appliance.store.interface import Row, Transaction
from zhuomai_appliance.store.sessions import StoredSession
from zhuomai_appliance.store.sql import Query
from zhuomai_appliance.store.vault import Vault

T = TypeVar("T")

NOW = parse_rfc3339("2026-11-25T10:00:00+08:00")
SHANGHAI = Zone("Asia/Shanghai")
DAY = 86_400
GB = 10**9
MONTH = Period(PeriodUnit.MONTH, 1)
RATE = RateLimit(4_000_000, 8_000_000)
PHONE, LAPTOP = "a4:5e:60:aa:bb:cc", "a4:5e:60:11:22:33"
PHONE_IP, LAPTOP_IP = "10.9.1.2", "10.9.1.3"
HUAWEI = 2011
START, STOP, INTERIM, ON, OFF = 1, 2, 3, 7, 8


def result(deferred: Deferred[T]) -> T:
    """What a Deferred that has fired brought; its exception is raised."""
    found: list[T | Failure] = []
    deferred.addBoth(found.append)
    assert found, "the flow still waits"
    if isinstance(found[0], Failure):
        found[0].raiseException()
    return found[0]


class Words:
    """The one table of sentences, reduced to the reason's own word."""

    def code(self, reason: Reason) -> str:
        return "X01"

    def sentence(self, rejection: Rejection, zone: Zone, language: str | None = None) -> str:
        return f"refused: {rejection.reason.value}"


class Control:
    """Devices that answer Disconnect and CoA by script; after the script, with ACK."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, tuple[Attribute, ...]]] = []
        self.script: list[ControlResult] = []

    def disconnect(self, nas: Nas, host: str, attributes: Sequence[Attribute]) -> Deferred[ControlResult]:
        return self._answer("disconnect", host, attributes)

    def change(self, nas: Nas, host: str, attributes: Sequence[Attribute]) -> Deferred[ControlResult]:
        return self._answer("change", host, attributes)

    def _answer(self, kind: str, host: str, attributes: Sequence[Attribute]) -> Deferred[ControlResult]:
        self.asked.append((kind, host, tuple(attributes)))
        return succeed(self.script.pop(0) if self.script else ControlResult(ControlOutcome.ACK, None))

    def kinds(self) -> list[str]:
        """What was asked for, in order."""
        return [kind for kind, _, _ in self.asked]


Logins = Callable[[Nas, str, str, bytes], Deferred[Outcome]]


class Door:
    """The portal protocol's side of an access device: `on_login` is what it does when a login comes."""

    def __init__(self, on_login: Logins) -> None:
        self.on_login = on_login
        self.logins: list[tuple[str, str, bytes]] = []
        self.logouts: list[tuple[str, str | None]] = []
        self.logout_ends = Ending.OFFLINE
        self.info_ends: Deferred[Outcome] | None = None

    def login(self, nas: Nas, user_ip: str, username: str, password: bytes) -> Deferred[Outcome]:
        self.logins.append((user_ip, username, password))
        return self.on_login(nas, user_ip, username, password)

    def logout(self, nas: Nas, user_ip: str, mac: str | None) -> Deferred[Outcome]:
        self.logouts.append((user_ip, mac))
        return succeed(Outcome(self.logout_ends))

    def info(self, nas: Nas, user_ip: str) -> Deferred[Outcome]:
        """As a device that hears of an address it does not know."""
        return self.info_ends if self.info_ends is not None else succeed(Outcome(Ending.REFUSED, 1))


class School:
    """One project, one Huawei access controller, whatever plans and people a test adds, and every flow on them."""

    def __init__(self) -> None:
        self.store, self.entropy, self.clock = InlineStore(), SeededEntropy(), Clock()
        self.clock.advance(NOW)
        self.vault = Vault(bytes(range(32)), self.entropy)
        self.tables, self.reservations = Tables(), Reservations()
        self.throttle, self.board, self.words = Throttle(), VerdictBoard(), Words()
        self.control, self.door = Control(), Door(self.ask_radius)
        self.wakes = 0
        self.macs = {PHONE_IP: PHONE, LAPTOP_IP: LAPTOP}
        self.project = self.write(lambda tx: network.add_project(tx, "main", SHANGHAI.name, NOW))
        self.nas = self.add_nas()
        self.access = AccessFlow(
            self.store, self.vault, self.tables, self.reservations, self.throttle, self.board, self.words,
            self.entropy, self.clock.seconds,
        )  # fmt: skip
        self.alarms, self.watched, self.interims = Alarms(), Watched(), Interims()
        self.follow_up = FollowUp(self.store, self.interims, self.watched, self.alarms, self.wake)
        self.accounting = AccountingFlow(
            self.store, self.vault, self.tables, self.reservations, self.wake, follow_up=self.follow_up
        )
        self.dispatcher = Dispatcher(
            self.store, self.tables, self.control, self.now, self.clock.seconds, self.alarms, self.watched
        )
        self.reaper = Reaper(
            self.store,
            self.tables,
            self.dispatcher.abilities,
            self.interims,
            self.alarms,
            self.watched,
            self.wake,
            NOW,
        )
        self.reception = Reception(self.tables, self.vault)
        self.portal = PortalLogin(
            self.store, self.vault, self.tables, self.reception, self.throttle, self.board, self.door,
            self.entropy, self.now, self.clock.seconds, self.wake, self.clock.callLater,
        )  # fmt: skip
        self.run(housekeeping.prepare_months(self.store, NOW))

    # The house ------------------------------------------------------------------------------------------------------

    def now(self) -> int:
        return int(self.clock.seconds())

    def wake(self) -> None:
        self.wakes += 1

    def run(self, coroutine: Any) -> Any:
        return result(Deferred.fromCoroutine(coroutine))

    def write(self, task: Callable[[Transaction], T]) -> T:
        return result(self.store.write(task))

    def rows(self, sql: str) -> list[Row]:
        return self.store.reader.all(Query.of("test", sql))

    def sql(self, sql: str) -> None:
        self.write(lambda tx: tx.run(Query.of("test", sql)))

    def attempts(self) -> list[tuple[int, str]]:
        """Accepted or not, and the reason, of every attempt so far."""
        return [(accepted, reason) for accepted, reason in self.rows("SELECT accepted, reason FROM attempt_202611 ORDER BY id")]  # fmt: skip

    def effects(self) -> list[tuple[str, str, str]]:
        """Key, state and result of every effect that is a request to a device."""
        return [(key, state, said) for key, state, said in self.rows("SELECT key, state, result FROM outbox WHERE kind <> 'confirm' ORDER BY id")]  # fmt: skip

    def dispatch(self) -> int:
        begun: int = self.run(self.dispatcher.run())
        return begun

    # What there is --------------------------------------------------------------------------------------------------

    def add_nas(self, **changes: Any) -> Nas:
        values: dict[str, Any] = {
            "project_id": self.project,
            "vendor": Vendor.HUAWEI_CAMPUS,
            "user_networks": (ip_network("10.9.0.0/16"),),
        } | changes
        nas = self.write(lambda tx: network.add_nas(tx, self.vault, a_nas(**values)))
        self.reload()
        return nas

    def reload(self) -> None:
        self.tables.reload(self.store.reader, self.vault)

    def plan(
        self, name: str = "monthly", kind: PlanKind = PlanKind.PERIOD, price: int = 3000, **terms: Any
    ) -> PlanVersion:
        values: dict[str, Any] = {"period": MONTH, "policy": AccessPolicy(rate=RATE)} | terms
        return self.write(
            lambda tx: products.publish(tx, self.project, name, kind, Fen(price), Terms(**values), at=NOW)
        ).version

    def pack(self, octets: int, name: str = "pack", **terms: Any) -> PlanVersion:
        return self.plan(name, PlanKind.DATA, **{"quota": Quota(octets=octets), **terms})

    def person(
        self, name: str = "20260001", *plans: PlanVersion, password: str = "pass-word", **changes: Any
    ) -> AccountId:
        values: dict[str, Any] = {
            "full_name": "张三", "group_id": None, "rate_id": None, "person": accounts.PersonData(),
            "aliases": (),
        } | changes  # fmt: skip
        account_id = self.write(
            lambda tx: accounts.add(
                tx, self.vault, project_id=self.project, username=name, password=password, created_by="test",
                at=self.now(), **values,
            )
        )  # fmt: skip
        for version in plans:
            self.buy(account_id, version)
        return account_id

    def buy(
        self, account_id: AccountId, version: PlanVersion, channel: Channel = Channel.GRANT, **more: Any
    ) -> purchases.Purchase:
        return self.write(
            lambda tx: purchases.buy(
                tx, project_id=self.project, account_id=account_id, version=version, channel=channel,
                zone=SHANGHAI, at=self.now(), operator="cashier1", **more,
            )
        )  # fmt: skip

    # What a device says -----------------------------------------------------------------------------------------------

    def login(
        self,
        name: str = "20260001",
        password: str | bytes = "pass-word",
        mac: str | None = PHONE,
        ip: str | None = PHONE_IP,
        *more: Attribute,
        nas: Nas | None = None,
        chap: bool = False,
    ) -> AccessAnswer:
        """Ask RADIUS as a device with a captive portal would."""
        secret = password if isinstance(password, bytes) else password.encode()
        attributes = [(1, name.encode()), (61, integer_value(19)), *station(mac, ip), *more]
        attributes.append((3, chap_response(7, secret, bytes(range(16)))) if chap else (2, bytes(16)))
        return self.ask(a_packet(attributes), None if chap else secret, nas)

    def login_by_mac(self, mac: str = PHONE, *more: Attribute) -> AccessAnswer:
        """Ask RADIUS as a device that authenticates addresses (Service-Type Call-Check)."""
        digits = mac.replace(":", "").encode()
        return self.ask(a_packet([(1, digits), (2, bytes(16)), (6, integer_value(10)), *station(mac, None), *more]), digits)  # fmt: skip

    def ask(self, packet: Packet, password: bytes | None, nas: Nas | None = None) -> AccessAnswer:
        nas = nas or self.nas
        return result(self.access.answer(packet, nas, nas.host, password, self.now()))

    def ask_radius(self, nas: Nas, user_ip: str, username: str, password: bytes) -> Deferred[Outcome]:
        """What an access controller does with a portal login: ask us, and tell the portal what came of it."""
        answer = self.login(username, password, self.macs[user_ip], user_ip, nas=nas)
        if answer.code is Code.ACCESS_ACCEPT:
            return succeed(Outcome(Ending.ONLINE))
        return succeed(Outcome(Ending.REFUSED, 1, first(answer, 18).decode()))

    def report(
        self,
        kind: int,
        seconds: int = 0,
        up: int = 0,
        down: int = 0,
        *more: Attribute,
        sid: str = "S1",
        name: str = "20260001",
        mac: str | None = PHONE,
        ip: str | None = PHONE_IP,
        token: bytes = b"",
        at: int | None = None,
        gigawords: bool = True,
        nas: Nas | None = None,
    ) -> bool:
        """Send one accounting report, as of now or with an Event-Timestamp."""
        attributes: list[Attribute] = [
            (40, integer_value(kind)), (44, sid.encode()), (1, name.encode()), (61, integer_value(19)),
            *station(mac, ip), (46, integer_value(seconds)),
            (42, integer_value(up & 0xFFFFFFFF)), (43, integer_value(down & 0xFFFFFFFF)),
        ]  # fmt: skip
        if gigawords:
            attributes += [(52, integer_value(up >> 32)), (53, integer_value(down >> 32))]
        if token:
            attributes.append((25, token))
        if at is not None:
            attributes.append((55, integer_value(at)))
        nas = nas or self.nas
        return result(self.accounting.record(a_packet([*attributes, *more], 4), nas, nas.host, self.now()))

    # What the books say -------------------------------------------------------------------------------------------------

    def sessions(self) -> list[tuple[str, int | None, int, int, int, str | None]]:
        """Id, account, up, down, seconds and who ended it, of every session."""
        return [tuple(row) for row in self.rows("SELECT acct_session_id, account_id, input_octets, output_octets, session_seconds, closed_by FROM session ORDER BY id")]  # fmt: skip

    def only_session(self) -> StoredSession:
        ((session_id,),) = self.rows("SELECT id FROM session")
        stored = sessions.by_id(self.store.reader, SessionId(session_id))
        assert stored is not None
        return stored

    def usage(self) -> list[tuple[int, int, int, int, int]]:
        """Subscription, local day counted from today, up, down, seconds."""
        today = (NOW + 8 * 3600) // DAY
        return [(sub, day - today, up, down, seconds) for sub, day, up, down, seconds in self.rows(
            "SELECT subscription_id, day, input_octets, output_octets, seconds FROM usage ORDER BY session_id, day, subscription_id")]  # fmt: skip

    def subscriptions(self) -> list[tuple[int, str, int | None]]:
        """Id, state and octets left of every subscription row."""
        return [(i, state, left) for i, state, left in self.rows("SELECT id, state, octets_left FROM subscription ORDER BY id")]  # fmt: skip

    def check_usage(self) -> None:
        """The invariant of every moment: what is kept by subscription and day sums up to each session's counters."""
        wrong = self.rows(
            "SELECT s.id FROM session s LEFT JOIN usage u ON u.session_id = s.id GROUP BY s.id"
            " HAVING COALESCE(SUM(u.input_octets), 0) <> s.input_octets"
            " OR COALESCE(SUM(u.output_octets), 0) <> s.output_octets"
            " OR COALESCE(SUM(u.seconds), 0) <> s.session_seconds"
        )
        assert not wrong, f"usage and counters differ in sessions {wrong}"

    def visitor(self, mac: str | None = PHONE, ip: str = PHONE_IP) -> Visitor:
        return Visitor(self.nas.id, ip, mac, "Campus", None, self.now(), peer=ip)


def station(mac: str | None, ip: str | None) -> list[Attribute]:
    """Calling-Station-Id in Huawei's writing and Framed-IP-Address."""
    found: list[Attribute] = []
    if mac is not None:
        digits = mac.replace(":", "")
        found.append((31, f"{digits[:4]}-{digits[4:8]}-{digits[8:]}".encode()))
    if ip is not None:
        found.append((8, address_value(ip)))
    return found


def first(answer: AccessAnswer, number: int) -> bytes:
    """The first value of an attribute of a reply; empty without one."""
    return next((value for at, value in answer.attributes if at == number), b"")


def number(answer: AccessAnswer, attribute: int) -> int:
    """The first value of an attribute as an integer."""
    return int.from_bytes(first(answer, attribute), "big")


def huawei_number(answer: AccessAnswer, sub: int) -> int | None:
    """An integer of Huawei's own attributes, None without it."""
    head = vendor_attribute(HUAWEI, sub, bytes(4))[1][:6]
    for at, value in answer.attributes:
        if at == 26 and value[:6] == head:
            return int.from_bytes(value[6:], "big")
    return None


def reason(answer: AccessAnswer) -> str:
    """The reason's word out of a Reject's sentence; `accepted` for an Accept."""
    if answer.code is Code.ACCESS_ACCEPT:
        return "accepted"
    return first(answer, 18).decode().rpartition(" ")[2]
