"""The virtual AC as a NAS: what it asks, what it counts, how sessions end, Disconnect and CoA."""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred

from tests.simulator.world import NOW, SECRET, World, number
from zhuomai_appliance.portal.dialogue import Ending
from zhuomai_appliance.radius.packet import (
    Code,
    Packet,
    Secret,
    accounting_authenticator_ok,
    encode_request,
)
from zhuomai_appliance.simulator import attributes as a
from zhuomai_appliance.simulator.station import Session, Station

RATES = (a.huawei_integer(a.UP_RATE, 4_000_000), a.huawei_integer(a.DOWN_RATE, 8_000_000))


def online(world: World) -> tuple[Station, Session]:
    """A fresh terminal that is online."""
    station = world.ac.attach()
    assert world.log_in(station).ending is Ending.ONLINE
    assert station.session is not None
    return station, station.session


def total(report: Packet, octets: int, gigawords: int) -> int:
    return (number(report, gigawords) << 32) + number(report, octets)


def test_access_request_says_what_a_huawei_ac_says() -> None:
    """The request carries who, where and how, in the forms of a Huawei campus AC, and no Message-Authenticator."""
    world = World()
    station, session = online(world)
    (request,) = world.requests
    digits = station.mac.replace(":", "")
    assert request.first(a.USER_NAME) == b"stu2026"
    assert request.first(a.CALLING_STATION_ID) == f"{digits[:4]}-{digits[4:8]}-{digits[8:]}".encode()
    assert request.first(a.CALLED_STATION_ID) == b"00-E0-FC-12-34-56:Campus"
    assert request.first(a.NAS_IP_ADDRESS) == bytes((127, 0, 0, 1))
    assert request.first(a.NAS_PORT_ID) == b"slot=0;subslot=0;port=0;vlanid=109"
    assert request.first(a.SESSION_ID) == session.session_id.encode()
    assert request.vendor(a.HUAWEI, a.ACCESS_TYPE) == b"\0\0\0\3"
    assert request.vendor(a.HUAWEI, a.IP_HOST_ADDRESS) == f"{station.ip} {station.mac}".encode()
    assert not request.has(a.MESSAGE_AUTHENTICATOR)
    assert len(request.first(a.CHAP_PASSWORD) or b"") == 17


def test_message_authenticator_where_it_is_wanted() -> None:
    """`sign_access` plays a device that signs every Access-Request, first attribute."""
    world = World(sign_access=True)
    online(world)
    assert world.requests[0].attributes[0][0] == a.MESSAGE_AUTHENTICATOR


def test_reports_of_a_session() -> None:
    """Start, interim at the granted interval, Stop: Class echoed, rates in force, whole and growing counters."""
    world = World(grant=(*RATES, (a.CLASS, b"ticket"), a.integer(a.INTERIM_INTERVAL, 60)))
    station, session = online(world)
    session.use(0.5, 1.0, world.clock.seconds())
    world.pass_time(120)
    world.log_out(station)
    assert world.statuses() == [a.START, a.INTERIM, a.INTERIM, a.STOP]
    for report in world.reports:
        assert accounting_authenticator_ok(report, SECRET)
        assert report.first(a.CLASS) == b"ticket"
        assert report.first(a.SESSION_ID) == session.session_id.encode()
        assert report.vendor(a.HUAWEI, a.DOWN_RATE) == (8_000_000).to_bytes(4, "big")
    stop = world.reports[-1]
    assert number(stop, a.SESSION_TIME) == 120
    assert total(stop, a.INPUT_OCTETS, a.INPUT_GIGAWORDS) == session.input_octets == 120 * 250_000
    assert total(stop, a.OUTPUT_OCTETS, a.OUTPUT_GIGAWORDS) == session.output_octets == 120 * 1_000_000
    assert [number(report, a.EVENT_TIMESTAMP) for report in world.reports[:2]] == [int(NOW), int(NOW) + 60]


def test_counters_beyond_32_bits() -> None:
    """Octets are 64 bit: the low word wraps and the gigawords say how often."""
    world = World(grant=RATES, speed=1000.0)
    station, session = online(world)
    session.use(0.0, 1.0, world.clock.seconds())
    world.pass_time(20)
    world.log_out(station)
    stop = world.reports[-1]
    assert total(stop, a.OUTPUT_OCTETS, a.OUTPUT_GIGAWORDS) == session.output_octets == 20_000_000_000
    assert number(stop, a.OUTPUT_GIGAWORDS) == 4


def test_name_of_the_accept_is_used_in_accounting() -> None:
    """A User-Name in the Access-Accept is the one that accounting reports (RFC 2865 §5.1)."""
    world = World(grant=((a.USER_NAME, b"real-name"),))
    online(world)
    assert world.reports[0].first(a.USER_NAME) == b"real-name"


@pytest.mark.parametrize(
    ("grant", "seconds", "cause", "text"),
    [
        ((a.integer(a.SESSION_TIMEOUT, 30),), 30, a.TIMEOUT, "session timeout"),
        ((a.integer(a.IDLE_TIMEOUT, 20),), 20, a.IDLE, "idle timeout"),
    ],
)
def test_sessions_end_by_the_clock(
    grant: tuple[tuple[int, bytes]], seconds: int, cause: int, text: str
) -> None:
    """Session-Timeout and Idle-Timeout end a session on time, with their cause, and the portal server is told."""
    world = World(grant=grant, up_share=0.0, down_share=0.0)
    online(world)
    world.pass_time(seconds + 1)
    stop = world.reports[-1]
    assert (number(stop, a.STATUS_TYPE), number(stop, a.TERMINATE_CAUSE)) == (a.STOP, cause)
    assert number(stop, a.SESSION_TIME) == seconds
    assert world.told[0].texts == (text,)


def test_granted_volume_is_the_end_to_the_octet() -> None:
    """HW-Remanent-Volume (KB) ends the session when it is spent, never later."""
    world = World(grant=(*RATES, a.huawei_integer(a.REMAINING_KILOBYTES, 2000)))
    _, session = online(world)
    session.use(1.0, 1.0, world.clock.seconds())
    world.pass_time(60, until=lambda: world.ac.online == 0)
    assert session.octets == 2000 * 1024
    assert number(world.reports[-1], a.TERMINATE_CAUSE) == a.TIMEOUT


def test_vanished_terminal() -> None:
    """A terminal out of range moves nothing more and is missed after a while: Lost-Carrier."""
    world = World(detect_seconds=20)
    station, session = online(world)
    world.pass_time(5)
    world.ac.detach(station)
    moved = session.octets
    world.pass_time(21)
    assert number(world.reports[-1], a.TERMINATE_CAUSE) == a.LOST_CARRIER
    assert session.octets == moved
    world.ac.return_station(station)
    assert world.log_in(station).ending is Ending.ONLINE


def test_stop_is_told_until_it_is_heard() -> None:
    """While the box is away the Stop is kept and told again, with its own time and a growing Acct-Delay-Time."""
    world = World()
    station, session = online(world)
    world.pass_time(10)
    world.radius_up = False
    world.log_out(station)
    world.pass_time(20)
    assert [record.answered for record in world.ac.records()] == [False]
    world.radius_up = True
    world.pass_time(10)
    stop = world.reports[-1]
    assert number(stop, a.STATUS_TYPE) == a.STOP
    assert number(stop, a.EVENT_TIMESTAMP) == int(NOW) + 10
    assert number(stop, a.DELAY_TIME) >= 18
    (record,) = world.ac.records()
    assert record.answered
    assert (record.seconds, record.input_octets) == (10, session.input_octets)


def test_records_of_open_sessions_are_those_that_were_answered() -> None:
    """An open session counts what the box has acknowledged, not what is still on its way."""
    world = World(grant=(a.integer(a.INTERIM_INTERVAL, 60),))
    online(world)
    world.pass_time(70)
    (record,) = world.ac.records()
    assert (record.cause, record.answered, record.seconds) == (None, True, 60)
    assert record.acct_session_id == (world.reports[0].first(a.SESSION_ID) or b"").decode()
    world.radius_up = False
    world.pass_time(60)
    (record,) = world.ac.records()
    assert record.seconds == 60


def test_start_and_stop_of_the_device() -> None:
    """The AC says Accounting-On, and before it goes down a Stop for each session and Accounting-Off."""
    world = World()
    world.ac.start()
    world.serve_radius()
    online(world)
    finished = Deferred.fromCoroutine(world.ac.stop())
    for _ in range(4):
        world.serve_radius()
    assert finished.called
    assert world.statuses() == [a.ACCT_ON, a.START, a.STOP, a.ACCT_OFF]
    assert number(world.reports[2], a.TERMINATE_CAUSE) == a.ADMIN_REBOOT


def test_going_down_does_not_wait_for_ever() -> None:
    """A box that is gone holds the AC's end up only for one round of repeats."""
    world = World()
    online(world)
    world.radius_up = False
    finished = Deferred.fromCoroutine(world.ac.stop())
    world.pass_time(30)
    assert finished.called
    assert [record.answered for record in world.ac.records()] == [False]


def test_many_requests_at_once() -> None:
    """More requests than identifiers wait their turn; none is lost."""
    world = World()
    answers = [world.ac.reports.of_nas(a.ACCT_ON) for _ in range(300)]
    while world.serve_radius():
        pass
    assert len(world.reports) == 300
    assert all(answer.result is not None for answer in answers)


# --- Disconnect and CoA


def test_disconnect() -> None:
    """A Disconnect-Request with Acct-Session-Id is acknowledged; the session ends as Admin-Reset with a notice."""
    world = World()
    station, session = online(world)
    reply = world.ask_dae(Code.DISCONNECT_REQUEST, [a.text(a.SESSION_ID, session.session_id)])
    assert reply is not None
    assert reply.code == Code.DISCONNECT_ACK
    world.serve_radius()
    world.heard()
    assert number(world.reports[-1], a.TERMINATE_CAUSE) == a.ADMIN_RESET
    assert [packet.user_ip for packet in world.told] == [station.ip]


@pytest.mark.parametrize(
    ("code", "attributes", "cause"),
    [
        (Code.DISCONNECT_REQUEST, [a.text(a.SESSION_ID, "unknown")], 503),
        (Code.DISCONNECT_REQUEST, [(a.USER_NAME, b"stu2026")], 402),
        (Code.DISCONNECT_REQUEST, [a.text(a.SESSION_ID, "x"), a.text(a.NAS_IDENTIFIER, "other")], 403),
        (Code.DISCONNECT_REQUEST, [a.text(a.SESSION_ID, "x"), a.address(a.NAS_IP_ADDRESS, "10.0.0.9")], 403),
        (Code.COA_REQUEST, [a.text(a.SESSION_ID, "unknown")], 503),
    ],
)
def test_refusals_name_their_cause(code: int, attributes: list[tuple[int, bytes]], cause: int) -> None:
    """An unknown session is 503, a missing id 402, another NAS 403, in a NAK of the right code."""
    world = World()
    online(world)
    reply = world.ask_dae(code, attributes)
    assert reply is not None
    assert reply.code == code + 2
    assert number(reply, a.ERROR_CAUSE) == cause
    assert world.ac.online == 1


def test_disconnect_of_somebody_else() -> None:
    """A User-Name that is not the session's is 503: the id has been reused."""
    world = World()
    _, session = online(world)
    reply = world.ask_dae(
        Code.DISCONNECT_REQUEST, [a.text(a.SESSION_ID, session.session_id), (a.USER_NAME, b"other")]
    )
    assert reply is not None
    assert (reply.code, number(reply, a.ERROR_CAUSE)) == (Code.DISCONNECT_NAK, 503)


def test_silence_for_what_proves_nothing() -> None:
    """Wrong secrets, foreign servers, stale times, other codes and noise are dropped and counted."""
    world = World()
    _, session = online(world)
    identity = [a.text(a.SESSION_ID, session.session_id)]
    assert world.ask_dae(Code.DISCONNECT_REQUEST, identity, secret=Secret(b"other")) is None
    assert world.ask_dae(Code.DISCONNECT_REQUEST, identity, host="192.0.2.99") is None
    stale = [*identity, a.integer(a.EVENT_TIMESTAMP, int(NOW) - 301)]
    assert world.ask_dae(Code.DISCONNECT_REQUEST, stale) is None
    assert world.ask_dae(Code.ACCOUNTING_REQUEST, identity) is None
    assert world.send_dae(b"noise") is None
    counts = world.ac.dae.counts
    assert (counts["authenticator"], counts["foreign"], counts["stale"], counts["malformed"]) == (1, 1, 1, 2)
    assert world.ac.online == 1


def test_repeated_disconnect_draws_the_same_octets() -> None:
    """A retransmission is answered from memory: ACK again, not 503."""
    world = World()
    _, session = online(world)
    datagram = encode_request(Code.DISCONNECT_REQUEST, 9, [a.text(a.SESSION_ID, session.session_id)], SECRET)
    first, again = world.send_dae(datagram), world.send_dae(datagram)
    assert first == again
    assert first is not None
    assert first.code == Code.DISCONNECT_ACK


def test_change_of_rates_and_times() -> None:
    """A CoA changes rates, interval and the time that is left; the next interim reports the new rates."""
    world = World(grant=RATES)
    _, session = online(world)
    world.pass_time(10)
    reply = world.ask_dae(
        Code.COA_REQUEST,
        [
            a.text(a.SESSION_ID, session.session_id),
            a.huawei_integer(a.UP_RATE, 512_000),
            a.huawei_integer(a.DOWN_RATE, 1_000_000),
            a.integer(a.SESSION_TIMEOUT, 90),
            a.integer(a.INTERIM_INTERVAL, 60),
        ],
    )
    assert reply is not None
    assert reply.code == Code.COA_ACK
    assert (session.up_bps, session.down_bps) == (512_000, 1_000_000)
    world.pass_time(61)
    assert world.reports[-1].vendor(a.HUAWEI, a.UP_RATE) == (512_000).to_bytes(4, "big")
    world.pass_time(30)
    assert number(world.reports[-1], a.TERMINATE_CAUSE) == a.TIMEOUT
    assert number(world.reports[-1], a.SESSION_TIME) == 100


def test_new_volume_counts_from_now() -> None:
    """A CoA with a remaining volume gives that much more."""
    world = World(grant=(*RATES, a.huawei_integer(a.REMAINING_KILOBYTES, 100_000)))
    _, session = online(world)
    world.pass_time(5)
    moved = session.octets
    world.ask_dae(
        Code.COA_REQUEST,
        [a.text(a.SESSION_ID, session.session_id), a.huawei_integer(a.REMAINING_KILOBYTES, 10)],
    )
    world.pass_time(60, until=lambda: world.ac.online == 0)
    assert session.octets == moved + 10 * 1024


@pytest.mark.parametrize(
    "attribute", [(200, b"x"), (26, b"\0\0\x09\x01\x01\x06\0\0\0\1"), (26, b"\0\0\7\xdb\x01\x00")]
)
def test_change_that_is_not_understood(attribute: tuple[int, bytes]) -> None:
    """An attribute that the device does not know is refused whole: 401, and nothing is changed."""
    world = World(grant=RATES)
    _, session = online(world)
    reply = world.ask_dae(
        Code.COA_REQUEST,
        [a.text(a.SESSION_ID, session.session_id), a.huawei_integer(a.UP_RATE, 64_000), attribute],
    )
    assert reply is not None
    assert (reply.code, number(reply, a.ERROR_CAUSE)) == (Code.COA_NAK, 401)
    assert session.up_bps == 4_000_000


def test_leaving_without_a_word() -> None:
    """An AC that gives up asks nothing more, and whoever waited for an answer gets none."""
    world = World()
    waiting = world.ac.start()
    world.ac.give_up()
    assert waiting.result is None
    assert world.clock.getDelayedCalls() == []
