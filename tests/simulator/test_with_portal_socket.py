"""The product's own portal socket and the virtual AC, joined in memory: both sides of the protocol meet."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network
from itertools import count

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.testing import FakeDatagramTransport

from tests.simulator.world import HOST, KEY, PORTAL, World
from zhuomai_appliance.model.network import (
    MessageAuthenticatorPolicy,
    Nas,
    NasId,
    PortalAuth,
    ProjectId,
    TrafficUnit,
    Vendor,
)
from zhuomai_appliance.net.clocks import Clocks
from zhuomai_appliance.net.portal_udp import PortalProtocol
from zhuomai_appliance.portal.heartbeat import Notice
from zhuomai_appliance.portal.terms import Ending, Outcome
from zhuomai_appliance.simulator import attributes as a

AC = "127.0.0.1"
NAS = Nas(
    id=NasId(1),
    project_id=ProjectId(1),
    name="ac1",
    address=ip_network(AC),
    identifier="",
    vendor=Vendor.HUAWEI_CAMPUS,
    device_kind="ac",
    secret=b"testing123",
    coa_port=3799,
    portal_port=2000,
    portal_version=2,
    portal_auth=PortalAuth.CHAP,
    portal_secret=KEY,
    user_networks=(),
    interim_seconds=300,
    traffic_unit=TrafficUnit.BYTE,
    swap_direction=False,
    ipv6_counters=False,
    message_authenticator=MessageAuthenticatorPolicy.AUTO,
    message_authenticator_learned=False,
    quirks={},
)


class OneNas:
    def __init__(self, nas: Nas) -> None:
        self.nas = nas

    def find(self, host: str) -> Nas | None:
        return self.nas if host == AC else None

    def signs(self, nas: Nas, host: str) -> bool:
        return False


class Joined:
    """The box's portal socket at HOST:PORTAL, the AC at 127.0.0.1:2000, and RADIUS answered as in World."""

    def __init__(self, nas: Nas = NAS, **settings: object) -> None:
        self.world = World(**settings)  # type: ignore[arg-type]
        self.notices: list[Notice] = []
        serials = count(1)
        self.portal = PortalProtocol(
            OneNas(nas),
            Clocks.of(self.world.clock),
            lambda: next(serials),
            lambda nas, notice: self.notices.append(notice),
        )
        self.wire = FakeDatagramTransport()
        self.portal.makeConnection(self.wire)
        self.nas = nas

    def carry(self) -> None:
        """Move datagrams both ways until all is quiet."""
        moved = 1
        while moved:
            out, self.wire.written = self.wire.written, []
            for datagram, addr in out:
                assert addr == (AC, 2000)
                self.world.ac.portal.datagramReceived(datagram, (HOST, PORTAL))
            back, self.world.wires["portal"].written = self.world.wires["portal"].written, []
            for datagram, addr in back:
                assert addr == (HOST, PORTAL)
                self.portal.datagramReceived(datagram, (AC, 2000))
            moved = len(out) + len(back) + self.world.serve_radius()

    def wait(self, asked: Deferred[Outcome], seconds: float = 60) -> Outcome:
        found: list[Outcome] = []
        asked.addCallback(found.append)
        for _ in range(round(seconds * 2)):
            self.carry()
            if found:
                return found[0]
            self.world.clock.advance(0.5)
        raise AssertionError("no outcome")


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("auth", list(PortalAuth))
def test_login_and_logout(version: int, auth: PortalAuth) -> None:
    """In every variant a user gets online and off again, and each side knows it."""
    joined = Joined(replace(NAS, portal_version=version, portal_auth=auth))
    station = joined.world.ac.attach()
    outcome = joined.wait(joined.portal.login(joined.nas, station.ip, "stu2026", b"Pa55-word"))
    assert (outcome.ending, outcome.mac) == (Ending.ONLINE, station.mac)
    joined.carry()
    joined.world.pass_time(40)
    assert joined.world.ac.online == 1  # affirmed, or the AC would have cut it after 30 s
    outcome = joined.wait(joined.portal.logout(joined.nas, station.ip, station.mac))
    assert outcome.ending is Ending.OFFLINE
    assert joined.world.statuses() == [a.START, a.STOP]


def test_refusal_brings_the_words() -> None:
    """What RADIUS answers in Reply-Message arrives at whoever asked the portal socket."""
    joined = Joined()
    station = joined.world.ac.attach()
    outcome = joined.wait(joined.portal.login(joined.nas, station.ip, "stu2026", b"wrong"))
    assert (outcome.ending, outcome.text) == (Ending.REFUSED, "密码错误")


def test_forced_logout_is_heard_once_and_answered() -> None:
    """The AC's NTF_LOGOUT is news once, and its acknowledgement stops the repeats."""
    joined = Joined(grant=(a.integer(a.SESSION_TIMEOUT, 20),))
    station = joined.world.ac.attach()
    joined.wait(joined.portal.login(joined.nas, station.ip, "stu2026", b"Pa55-word"))
    for _ in range(100):
        joined.carry()
        joined.world.clock.advance(0.5)
        joined.world.ac.beat()
    assert [(notice.user_ip, notice.text) for notice in joined.notices] == [(station.ip, "session timeout")]
    assert joined.world.ac.portal.counts["ACK_NTF_LOGOUT"] == 1
    assert joined.world.ac.portal.counts["NTF_LOGOUT unanswered"] == 0


def test_different_keys() -> None:
    """With different keys the AC is silent, and the login ends as a timeout."""
    joined = Joined(replace(NAS, portal_secret=b"another"))
    station = joined.world.ac.attach()
    outcome = joined.wait(joined.portal.login(joined.nas, station.ip, "stu2026", b"Pa55-word"))
    assert outcome.ending is Ending.TIMEOUT


def test_signs_of_life_are_answered() -> None:
    """The box's STATUS_NOTIFY is understood by the AC, and its answer by the box."""
    joined = Joined()
    joined.portal.beat([NAS])
    joined.carry()
    assert joined.world.ac.portal.counts["STATUS_NOTIFY"] == 1
    assert joined.portal.counters["status_acknowledged"] == 1


def test_a_class_begins() -> None:
    """Two hundred logins at once all succeed: the box paces them, the AC answers them."""
    joined = Joined()
    stations = [joined.world.ac.attach() for _ in range(200)]
    asked = [joined.portal.login(NAS, station.ip, "stu2026", b"Pa55-word") for station in stations]
    endings = [joined.wait(one).ending for one in asked]
    assert endings == [Ending.ONLINE] * 200
    assert joined.world.ac.online == 200
