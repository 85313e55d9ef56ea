"""The virtual AC as a portal device: logins, refusals, repeats, forgeries, and its own notices."""

from __future__ import annotations

import pytest

from tests.simulator.world import HOST, KEY, World, number
from zhuomai_appliance.portal.dialogue import Ending
from zhuomai_appliance.portal.packet import (
    AttributeKind,
    Kind,
    chap_password,
    encode_answer,
    encode_request,
    is_authentic_answer,
    is_authentic_request,
)
from zhuomai_appliance.simulator import attributes as a
from zhuomai_appliance.simulator.station import Stage

VARIANTS = [(version, pap) for version in (1, 2) for pap in (False, True)]


@pytest.mark.parametrize(("version", "pap"), VARIANTS)
def test_login_in_every_variant(version: int, pap: bool) -> None:
    """A login by either version and either password method opens a session, affirmed and reported to accounting."""
    world = World()
    station = world.ac.attach()
    outcome = world.log_in(station, version=version, pap=pap)
    assert (outcome.ending, outcome.mac) == (Ending.ONLINE, station.mac)
    assert station.stage is Stage.ONLINE
    assert world.statuses() == [a.START]
    (request,) = world.requests
    assert request.has(a.USER_PASSWORD) is pap
    assert request.first(a.FRAMED_IP_ADDRESS) == bytes(map(int, station.ip.split(".")))


@pytest.mark.parametrize(("version", "pap"), VARIANTS)
def test_wrong_password_brings_the_words_of_radius(version: int, pap: bool) -> None:
    """A Reject becomes ACK_AUTH 1 with Reply-Message as TextInfo, and no session."""
    world = World()
    station = world.ac.attach()
    outcome = world.log_in(station, version=version, pap=pap, password=b"wrong")
    assert (outcome.ending, outcome.error_code, outcome.text) == (Ending.REFUSED, 1, "密码错误")
    assert (station.stage, world.statuses()) == (Stage.OFFLINE, [])


def test_second_login_of_the_same_address() -> None:
    """Who is online gets ErrCode 2, by CHAP at the challenge and by PAP at the authentication."""
    world = World()
    station = world.ac.attach()
    world.log_in(station)
    for pap in (False, True):
        assert world.log_in(station, pap=pap).ending is Ending.ALREADY_ONLINE
    assert world.ac.online == 1


def test_address_without_a_lease_is_unknown() -> None:
    """An address that no terminal holds is refused in every exchange; giving up on it is met with silence."""
    world = World()
    station = world.ac.attach()
    station.ip = "10.9.77.77"
    assert world.log_in(station).ending is Ending.UNKNOWN_USER_IP
    assert world.log_in(station, pap=True).ending is Ending.REFUSED
    assert world.log_out(station).ending is Ending.REFUSED
    assert world.say(world.request(Kind.REQ_LOGOUT, station, error_code=1)) == []
    (info,) = world.say(world.request(Kind.REQ_INFO, station))
    assert info.error_code == 1


def test_wrong_key_is_met_with_silence() -> None:
    """A request with a bad authenticator, a foreign server, and noise get no answer; each is counted."""
    world = World()
    station = world.ac.attach()
    assert world.log_in(station, key=b"another").ending is Ending.TIMEOUT
    assert world.say(world.request(Kind.REQ_CHALLENGE, station), "192.0.2.99") == []
    assert world.say(b"noise") == []
    assert world.say(world.request(Kind.REQ_MACBINDING_INFO, station)) == []
    counts = world.ac.portal.counts
    assert counts["authenticator"] == 4  # three challenges and the cancel
    assert (counts["foreign"], counts["malformed"], counts["unexpected"]) == (1, 1, 1)


def test_radius_that_does_not_answer() -> None:
    """Repeats of REQ_AUTH draw ErrCode 3 while RADIUS is asked three times; its silence is ErrCode 4."""
    world = World()
    world.radius_up = False
    station = world.ac.attach()
    outcome = world.log_in(station, pap=True)
    assert (outcome.ending, outcome.error_code) == (Ending.DEVICE_FAILED, 4)
    assert station.stage is Stage.OFFLINE
    assert world.ac.counts["login unanswered"] == 1
    world.radius_up = True
    assert world.log_in(station).ending is Ending.ONLINE


def test_repeated_requests_draw_the_same_octets() -> None:
    """A repeated REQ_CHALLENGE gives the same challenge; a repeated REQ_AUTH after the verdict gives that verdict."""
    world = World()
    station = world.ac.attach()
    question = world.request(Kind.REQ_CHALLENGE, station)
    (first,), (again,) = world.say(question), world.say(question)
    assert first == again
    proof = chap_password(first.req_id, b"Pa55-word", first.first(AttributeKind.CHALLENGE) or b"")
    login = world.request(
        Kind.REQ_AUTH,
        station,
        req_id=first.req_id,
        attributes=((AttributeKind.USER_NAME, b"stu2026"), (AttributeKind.CHAP_PASSWORD, proof)),
    )
    assert world.say(login) == []
    (wait,) = world.say(login)
    assert wait.error_code == 3
    world.serve_radius()
    (verdict,) = world.heard()
    assert verdict.error_code == 0
    assert world.say(login) == [verdict]
    assert world.ac.online == 1
    assert len(world.requests) == 1


def test_another_login_while_one_runs() -> None:
    """A new challenge or authentication for an address that is being authenticated draws ErrCode 3."""
    world = World()
    station = world.ac.attach()
    pap = {"pap": True, "attributes": ((AttributeKind.USER_NAME, b"x"), (AttributeKind.PASSWORD, b"x"))}
    world.say(world.request(Kind.REQ_AUTH, station, **pap))
    for datagram in (
        world.request(Kind.REQ_CHALLENGE, station),
        world.request(Kind.REQ_AUTH, station, **pap),
    ):
        (packet,) = world.say(datagram)
        assert packet.error_code == 3


@pytest.mark.parametrize("fault", ["late", "req_id", "challenge", "proof", "name", "unasked"])
def test_faulty_authentication_is_refused_without_radius(fault: str) -> None:
    """A dead challenge, another ReqID or Challenge, a missing proof or name: ErrCode 1, and RADIUS is not asked."""
    world = World()
    station = world.ac.attach()
    req_id, challenge = 7, bytes(16)
    if fault != "unasked":
        (given,) = world.say(world.request(Kind.REQ_CHALLENGE, station))
        req_id, challenge = given.req_id, given.first(AttributeKind.CHALLENGE) or b""
    if fault == "late":
        world.clock.advance(15.1)
    name = b"" if fault == "name" else b"stu2026"
    proof = b"short" if fault == "proof" else chap_password(req_id, b"Pa55-word", challenge)
    (packet,) = world.say(
        world.request(
            Kind.REQ_AUTH,
            station,
            req_id=req_id ^ 1 if fault == "req_id" else req_id,
            attributes=(
                (AttributeKind.USER_NAME, name),
                (AttributeKind.CHALLENGE, bytes(16) if fault == "challenge" else challenge),
                (AttributeKind.CHAP_PASSWORD, proof),
            ),
        )
    )
    assert (packet.kind, packet.error_code) == (Kind.ACK_AUTH, 1)
    world.serve_radius()
    assert world.requests == []


def test_login_that_was_given_up() -> None:
    """After REQ_LOGOUT ErrCode 1 the verdict of RADIUS is dropped: no session, no answer, and a new login works."""
    world = World()
    station = world.ac.attach()
    attributes = ((AttributeKind.USER_NAME, b"stu2026"), (AttributeKind.PASSWORD, b"Pa55-word"))
    world.say(world.request(Kind.REQ_AUTH, station, pap=True, attributes=attributes))
    assert world.say(world.request(Kind.REQ_LOGOUT, station, error_code=1)) == []
    world.serve_radius()
    assert world.heard() == []
    assert world.ac.online == 0
    assert world.log_in(station).ending is Ending.ONLINE


def test_giving_up_ends_a_session_that_was_not_affirmed() -> None:
    """A session still waiting for AFF_ACK_AUTH ends when the server gives up; an affirmed one does not."""
    world = World()
    station = world.ac.attach()
    attributes = ((AttributeKind.USER_NAME, b"stu2026"), (AttributeKind.PASSWORD, b"Pa55-word"))
    world.say(world.request(Kind.REQ_AUTH, station, pap=True, attributes=attributes))
    world.serve_radius()
    assert station.stage is Stage.AFF_WAIT
    world.say(world.request(Kind.REQ_LOGOUT, station, error_code=1))
    world.serve_radius()
    assert world.statuses() == [a.START, a.STOP]
    world.log_in(station)
    world.say(world.request(Kind.REQ_LOGOUT, station, error_code=1))
    assert station.stage is Stage.ONLINE


def test_session_that_is_never_affirmed_is_cut() -> None:
    """Without AFF_ACK_AUTH the session ends after 30 s, and the portal server is told."""
    world = World()
    station = world.ac.attach()
    attributes = ((AttributeKind.USER_NAME, b"stu2026"), (AttributeKind.PASSWORD, b"Pa55-word"))
    world.say(world.request(Kind.REQ_AUTH, station, pap=True, attributes=attributes))
    world.serve_radius()
    world.pass_time(29.5)
    assert world.ac.online == 1
    world.pass_time(1)
    assert world.ac.online == 0
    assert [packet.user_ip for packet in world.told] == [station.ip]


def test_logout() -> None:
    """REQ_LOGOUT ends the session as User-Request without a notice; a second one says that the user is off."""
    world = World()
    station = world.ac.attach()
    world.log_in(station)
    world.clock.advance(10)
    outcome = world.log_out(station)
    assert (outcome.ending, outcome.error_code) == (Ending.OFFLINE, 0)
    assert number(world.reports[-1], a.TERMINATE_CAUSE) == a.USER_REQUEST
    assert number(world.reports[-1], a.SESSION_TIME) == 10
    assert world.log_out(station).error_code == 3
    assert world.told == []


def test_notice_is_repeated_until_it_is_acknowledged() -> None:
    """NTF_LOGOUT goes out four times, 5 s apart, the same octets; ACK_NTF_LOGOUT by either formula ends it."""
    for formula in ("answer", "zeros", "none"):
        world = World(grant=(a.integer(a.SESSION_TIMEOUT, 10),))
        station = world.ac.attach()
        world.log_in(station)
        world.pass_time(11)
        (notice,) = world.told
        assert (notice.kind, notice.mac, notice.texts) == (Kind.NTF_LOGOUT, station.mac, ("session timeout",))
        assert is_authentic_request(notice, KEY)
        if formula != "none":
            over = notice.authenticator if formula == "answer" else bytes(16)
            acknowledged = encode_answer(
                Kind.ACK_NTF_LOGOUT,
                version=2,
                key=KEY,
                request_authenticator=over,
                serial=notice.serial,
                user_ip=station.ip,
                req_id=notice.req_id,
            )
            assert world.say(acknowledged) == []
        world.pass_time(30)
        assert set(world.told) == {notice}
        assert len(world.told) == (4 if formula == "none" else 1)
        assert world.ac.portal.counts["NTF_LOGOUT unanswered"] == (formula == "none")


def test_signs_of_life_and_user_lists() -> None:
    """STATUS_NOTIFY is answered, NTF_HEARTBEAT is not, USER_SYN is answered with those who are gone."""
    world = World()
    station, other = world.ac.attach(), world.ac.attach()
    world.log_in(station)
    life = encode_request(Kind.STATUS_NOTIFY, version=2, key=KEY, serial=1)
    (alive,) = world.say(life)
    assert alive.kind is Kind.ACK_STATUS_NOTIFY
    assert is_authentic_answer(alive, KEY, life[16:32])
    assert world.say(encode_request(Kind.NTF_HEARTBEAT, version=2, key=KEY, serial=2)) == []
    users = b"".join(bytes(map(int, ip.split("."))) for ip in (station.ip, other.ip))
    attributes = ((AttributeKind.USER_LIST, users),)
    (gone,) = world.say(encode_request(Kind.USER_SYN, version=2, key=KEY, serial=3, attributes=attributes))
    assert gone.first(AttributeKind.USER_LIST) == bytes(map(int, other.ip.split(".")))


def test_traffic_figures() -> None:
    """REQ_INFO is answered in KB for what is asked; nothing asked is ErrCode 2; who is offline is ErrCode 1."""
    world = World(grant=(a.huawei_integer(a.UP_RATE, 819_200), a.huawei_integer(a.DOWN_RATE, 8_192_000)))
    station = world.ac.attach()
    asked = ((AttributeKind.UPLINK_FLUX, b""), (AttributeKind.DOWNLINK_FLUX, b""), (AttributeKind.PORT, b""))
    (offline,) = world.say(world.request(Kind.REQ_INFO, station, attributes=asked))
    assert offline.error_code == 1
    world.log_in(station)
    assert station.session is not None
    station.session.use(1.0, 1.0, world.clock.seconds())
    before = station.session.input_octets
    world.clock.advance(10)
    (info,) = world.say(world.request(Kind.REQ_INFO, station, attributes=asked))
    assert info.error_code == 0
    up = int.from_bytes(info.first(AttributeKind.UPLINK_FLUX) or b"", "big")
    assert up == (before + 1_024_000) // 1024
    assert info.first(AttributeKind.PORT) == b"ac1-vlan-109"
    (nothing,) = world.say(world.request(Kind.REQ_INFO, station))
    assert nothing.error_code == 2


def test_answers_go_where_the_question_came_from() -> None:
    """The source port of a request gets its answer, whatever port the server listens on."""
    world = World()
    station = world.ac.attach()
    world.ac.portal.datagramReceived(world.request(Kind.REQ_CHALLENGE, station), (HOST, 41000))
    ((_, addr),) = world.wires["portal"].written
    assert addr == (HOST, 41000)
