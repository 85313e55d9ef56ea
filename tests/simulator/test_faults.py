"""The bad network, and what the AC's counting makes of it."""

from __future__ import annotations

from collections import Counter
from random import Random

from twisted.internet.task import Clock

from tests.simulator.world import World, number
from zhuomai_appliance.simulator import attributes as a
from zhuomai_appliance.simulator.faults import BadNetwork, Faults

PEER = ("192.0.2.1", 1813)


def carried(faults: Faults, count: int = 1000) -> tuple[list[bytes], BadNetwork]:
    """What arrives, in order, of `count` datagrams sent one each second."""
    clock, arrived = Clock(), list[bytes]()
    network = BadNetwork(clock, faults, Random(3))
    carry = network.worsen(lambda datagram, addr: arrived.append(datagram))
    for at in range(count):
        carry(str(at).encode(), PEER)
        clock.advance(1)
    clock.advance(10)
    return arrived, network


def test_a_good_network_changes_nothing() -> None:
    """Without faults every datagram arrives once and in order."""
    assert not Faults().any
    arrived, _ = carried(Faults())
    assert arrived == [str(at).encode() for at in range(1000)]


def test_loss() -> None:
    """About the named part is lost, and what is lost is counted."""
    arrived, network = carried(Faults(lose=0.2))
    assert len(arrived) == 1000 - network.lost
    assert 150 < network.lost < 250


def test_repetition() -> None:
    """About the named part comes twice, all of it at least once."""
    arrived, network = carried(Faults(repeat=0.2))
    assert 150 < network.repeated < 250
    assert len(set(arrived)) == 1000
    assert sum(times - 1 for times in Counter(arrived).values()) == network.repeated


def test_lateness_changes_the_order() -> None:
    """Late datagrams arrive within their time, behind later ones, and none is lost."""
    arrived, network = carried(Faults(late=0.3))
    assert sorted(arrived, key=int) == [str(at).encode() for at in range(1000)]
    assert arrived != sorted(arrived, key=int)
    assert 250 < network.delayed < 350


def test_sessions_over_a_bad_network_are_told_in_full() -> None:
    """Lost, doubled and late datagrams both ways: each Stop reaches the server in the end with the AC's own figures."""
    world = World()
    network = BadNetwork(world.clock, Faults(lose=0.3, repeat=0.3, late=0.3), Random(4))
    world.ac.radius.use(network)
    for _ in range(10):
        station = world.ac.attach()
        assert world.log_in(station).ending.value == "online"
    world.pass_time(30)
    for session in world.ac.open_sessions():
        world.ac.end(session, a.USER_REQUEST)
    world.pass_time(120)
    assert network.lost > 10
    stops = {
        (report.first(a.SESSION_ID) or b"").decode(): number(report, a.OUTPUT_OCTETS)
        for report in world.reports
        if number(report, a.STATUS_TYPE) == a.STOP
    }
    records = world.ac.records()
    assert all(record.answered for record in records)
    assert stops == {record.acct_session_id: record.output_octets for record in records}
