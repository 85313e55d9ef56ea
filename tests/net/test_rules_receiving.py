"""radius-semantics §1, receiving: each rule by its number, at the real ports with the real flows behind them."""

from __future__ import annotations

import time
from ipaddress import ip_network

import pytest
from twisted.logger import capturedLogs

from tests.journeys import wire
from tests.net.rig import DEVICE, NAME, PASSWORD, SECRET, STRANGER, Rig, login, pap, report, request
from zhuomai_appliance.model.network import NasId
from zhuomai_appliance.net.intake import PATIENCE_SECONDS, WAITING
from zhuomai_appliance.net.load import LATE_SECONDS
from zhuomai_appliance.net.radius_auth import CLIENT_BURST, DOUBTS

ACCEPT, REJECT = wire.ACCESS_ACCEPT, wire.ACCESS_REJECT


@pytest.fixture
def rig() -> Rig:
    return Rig()


def code(answer: bytes | None) -> int | None:
    """The code of an answer, None for silence."""
    return None if answer is None else answer[0]


def test_rule_01_source_address_chooses_the_secret_by_longest_prefix(rig: Rig) -> None:
    """The nearest network names the device and its secret, whatever the packet claims; a stranger meets silence."""
    rig.school.add_nas(name="wide", address=ip_network("198.51.0.0/16"), secret=b"wide-secret")
    rig.school.add_nas(name="near", address=ip_network("198.51.100.0/24"), secret=b"near-secret")
    claims = [(4, bytes((192, 0, 2, 1))), (32, b"ac1")]
    assert code(rig.ask(login(1, claims, secret=b"near-secret"), STRANGER)) == ACCEPT
    assert code(rig.ask(login(2, claims, secret=b"wide-secret"), STRANGER)) == REJECT
    assert code(rig.ask(login(3, claims, secret=b"wide-secret"), ("198.51.7.7", 1))) == ACCEPT
    assert rig.ask(login(4, claims), ("203.0.113.5", 1)) is None
    assert rig.counted()["unknown_nas"] == 1


def test_rule_01_stranger_costs_less_than_a_device(rig: Rig) -> None:
    """What comes from no device is dropped before anything of it is read: for a fraction of a bad packet's cost."""
    bad, good = login(1, secret=b"x", sign=True), time.perf_counter
    costs = []
    for addr in (STRANGER, DEVICE):
        best = 9.0
        for _ in range(5):
            began = good()
            for _ in range(400):
                rig.auth.datagramReceived(bad, addr)
            best = min(best, good() - began)
        costs.append(best)
    assert costs[0] < 0.6 * costs[1], costs


def test_rule_01_log_of_strangers_is_bounded(rig: Rig) -> None:
    """A thousand forged sources leave a thousand counts and thirty lines at most."""
    with capturedLogs() as lines:
        for number in range(1000):
            rig.auth.datagramReceived(login(), (f"203.0.{number >> 8}.{number & 255}", 1))
    assert rig.counted()["unknown_nas"] == 1000
    assert len(lines) <= 30


def test_rule_02_length(rig: Rig) -> None:
    """20 to 4096 octets; less than it says is dropped, more is padding."""
    whole = login()
    assert code(rig.ask(whole + b"12345678")) == ACCEPT
    for datagram in (
        b"",
        whole[:19],
        whole[:-1],
        whole[:2] + (len(whole) + 4).to_bytes(2, "big") + whole[4:],
        whole[:2] + (19).to_bytes(2, "big") + whole[4:],
        pap(wire.packed([(26, bytes(250))] * 17)),
    ):
        assert rig.ask(datagram) is None, len(datagram)
    assert rig.counted()["malformed"] == 6


@pytest.mark.parametrize("number", [0, 2, 3, 4, 5, 11, 13, 40, 41, 42, 43, 44, 45, 99, 255])
def test_rule_03_codes_of_the_port_for_logins(rig: Rig, number: int) -> None:
    """Only 1 and 12 are heard."""
    assert rig.ask(pap(code=number) if number != 4 else report()) is None
    assert rig.counted() == {"malformed": 1}


@pytest.mark.parametrize("number", [0, 1, 2, 3, 5, 11, 13, 40, 43, 99])
def test_rule_03_codes_of_the_port_for_accounting(rig: Rig, number: int) -> None:
    """Only 4 and 12 are heard."""
    right = report()
    assert rig.tell(bytes((number,)) + right[1:]) is None
    assert dict(rig.acct.counters) == {"malformed": 1}


@pytest.mark.parametrize(
    "tail",
    [
        b"\x05\x01",
        b"\x05\x00",
        b"\x05\x07abc",
        b"\x05",
        b"\x00\x03a",
        wire.packed([(26, b"\0\0\7\xdb\1\3a")] * 199),
    ],
    ids=["length 1", "length 0", "overrun", "half", "type 0", "201 attributes"],
)
def test_rule_04_attributes_fill_the_packet(rig: Rig, tail: bytes) -> None:
    """A length under 2, an overrun, type 0 and more than 200 attributes are silence."""
    assert rig.ask(pap(tail)) is None
    assert rig.counted() == {"malformed": 1}


def test_rule_04_two_hundred_attributes_are_heard(rig: Rig) -> None:
    """The bound itself is allowed."""
    assert code(rig.ask(pap(wire.packed([(26, b"\0\0\7\xdb\1\3a")] * 198)))) == ACCEPT


@pytest.mark.parametrize(
    "attribute",
    [(5, b"\0\1"), (8, b"\1\2\3"), (61, b""), (55, b"12345"), (95, b"x"), (6, b"\0"), (87, b"\xff\xfe")],
)
def test_rule_05_known_attribute_of_a_wrong_size(rig: Rig, attribute: wire.Attribute) -> None:
    """It is passed over and the login goes on."""
    assert code(rig.ask(pap(wire.packed([attribute])))) == ACCEPT


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"\0",
        b"\0\0\7\xdb",
        b"\0\0\7\xdb\1",
        b"\0\0\7\xdb\1\0",
        b"\0\0\7\xdb\1\1",
        b"\0\0\7\xdb\1\x20ab",
        b"\xff" * 9,
    ],
)
def test_rule_06_vendor_attribute_that_does_not_add_up(rig: Rig, value: bytes) -> None:
    """It stays whole and unread, and the login goes on; a report likewise."""
    assert code(rig.ask(pap(wire.packed([(26, value)])))) == ACCEPT
    assert code(rig.tell(report(more=[(26, value)]))) == wire.ACCOUNTING_RESPONSE


def test_rule_07_message_authenticator(rig: Rig) -> None:
    """One, of 18 octets, and right: anything else is silence."""
    right = login(1, sign=True)
    assert code(rig.ask(right)) == ACCEPT
    assert rig.ask(login(2, sign=True, secret=b"other")) is None
    assert rig.ask(pap(wire.packed([(80, bytes(15))]), identifier=3)) is None
    assert rig.ask(pap(wire.packed([(80, bytes(16))]), identifier=4, sign=True)) is None
    assert rig.ask(pap(wire.packed([(80, bytes(16))]), identifier=5)) is None
    assert rig.counted()["bad_message_authenticator"] == 4


def test_rule_08_eap_without_message_authenticator(rig: Rig) -> None:
    """Silence, however good the rest is."""
    start = wire.packed([(1, NAME), (79, b"\2\1\0\x0d\1" + NAME)])
    assert rig.ask(request(start)) is None
    assert rig.counted() == {"unsigned": 1}


@pytest.mark.parametrize(
    "other",
    [
        [(3, bytes(17))],
        [(79, b"\2\1\0\5\1")],
        [(26, b"\0\0\1\x37\x0b\x0a12345678"), (26, b"\0\0\1\x37\x19\x34" + bytes(50))],
    ],
    ids=["CHAP", "EAP", "MS-CHAP"],
)
def test_rule_09_one_kind_of_credential(rig: Rig, other: list[wire.Attribute]) -> None:
    """A right password beside another proof is refused."""
    assert code(rig.ask(pap(wire.packed(other), sign=True))) == REJECT


def test_rule_10_no_credential(rig: Rig) -> None:
    """User-Name alone is a Reject, not silence."""
    assert code(rig.ask(request(wire.packed([(1, NAME)])))) == REJECT


def test_rule_11_no_word_of_the_device(rig: Rig) -> None:
    """Without NAS-IP-Address, NAS-IPv6-Address and NAS-Identifier the source tells who asks."""
    assert code(rig.ask(login())) == ACCEPT
    ((nas_id,),) = rig.school.rows("SELECT nas_id FROM attempt_202611")
    assert nas_id == rig.nas.id


@pytest.mark.parametrize(
    "name",
    [
        b"",
        NAME + b"\0",
        b"\0",
        NAME + b"\r\nx",
        b"\x1b[2J",
        "a\u202eb".encode(),
        b"x" * 253,
        b"\xff\xfe",
        b"'; DROP TABLE account; --",
    ],
)
def test_rule_12_odd_names(rig: Rig, name: bytes) -> None:
    """Refused, and kept for the log as they came; no line of the log has an octet that a terminal would obey."""
    with capturedLogs() as lines:
        assert code(rig.ask(pap(name=name))) == REJECT
    assert not any("\x1b" in repr(line) or "\u202e" in str(line) for line in lines)
    assert rig.school.rows("SELECT count(*) FROM account") == [(1,)]
    assert code(rig.ask(login(9))) == ACCEPT


def test_rule_13_accounting_under_another_secret(rig: Rig) -> None:
    """Silence, a count for the device, and a line that names it and says what to compare."""
    with capturedLogs() as lines:
        assert rig.tell(report(secret=b"other")) is None
    assert rig.acct.wrong_secret[rig.nas.id] == 1
    assert dict(rig.acct.counters) == {"wrong_secret": 1}
    assert [line["nas"] for line in lines] == [rig.nas.name]
    assert "compare the shared secrets" in lines[0]["words"]
    assert rig.school.sessions() == []
    assert code(rig.tell(report())) == wire.ACCOUNTING_RESPONSE


def test_rule_14_wrong_secret_on_pap(rig: Rig) -> None:
    """Passwords that are no text, from a device that never succeeded: the log says that the secret probably differs."""
    with capturedLogs() as lines:
        for number in range(DOUBTS + 2):
            assert code(rig.ask(login(number, secret=b"other", authenticator=bytes([number]) * 16))) == REJECT
    said = [line for line in lines if "shared secret probably differs" in line["log_format"]]
    assert [line["nas"] for line in said] == [rig.nas.name]
    assert rig.auth.doubts[rig.nas.id] >= DOUBTS


def test_rule_14_device_that_has_succeeded_is_not_doubted(rig: Rig) -> None:
    """One Accept or one right signature proves the secret; from then on noise is somebody's typing."""
    assert code(rig.ask(login(1))) == ACCEPT
    with capturedLogs() as lines:
        for number in range(2, 2 + DOUBTS * 2):
            rig.ask(login(number, password=b"\xff\xfe\x00\x01"))
    assert not [line for line in lines if "shared secret" in line["log_format"]]
    assert rig.auth.doubts[rig.nas.id] == 0


def test_rule_14_wrong_passwords_that_are_text_are_just_wrong(rig: Rig) -> None:
    """UTF-8 and GBK passwords raise no doubt."""
    for number, password in enumerate((b"guess", "密码不对".encode(), "密码不对".encode("gbk")) * 2):
        rig.ask(login(number, password=password))
    assert rig.auth.doubts[NasId(rig.nas.id)] == 0


class TestRule15:
    """Overload: the oldest unprocessed go first, repetitions are cheap, probes are answered."""

    def put(self, rig: Rig, datagram: bytes, addr: tuple[str, int] = DEVICE, age: float = 0.0) -> None:
        rig.auth.intake.put(datagram, addr, rig.auth, rig.clock.seconds() - age)

    def work(self, rig: Rig) -> None:
        """Turn after turn until nothing waits."""
        rig.auth.intake.turn()
        while rig.auth.intake.waiting:
            rig.clock.advance(0)

    def test_rule_15_what_waited_too_long_is_not_worked_on(self, rig: Rig) -> None:
        """A device waits some three seconds; older requests are dropped, and younger ones behind them answered."""
        for number in range(5):
            self.put(rig, login(number, name=b"nobody"), age=PATIENCE_SECONDS + 0.1)
        self.put(rig, login(99), age=PATIENCE_SECONDS - 0.1)
        self.work(rig)
        assert [datagram[:2] for datagram, _ in rig.auth_wire.written] == [bytes((ACCEPT, 99))]
        assert rig.counted()["too_old"] == 5
        assert len(rig.school.attempts()) == 1

    def test_rule_15_oldest_goes_when_there_is_no_room(self, rig: Rig) -> None:
        """One more than fits costs the oldest its place; what waits is bounded in number."""
        for number in range(WAITING + 3):
            self.put(rig, number.to_bytes(4, "big"))
        assert rig.auth.intake.waiting == WAITING
        assert rig.counted()["no_room"] == 3

    def test_rule_15_octets_that_wait_are_bounded(self, rig: Rig) -> None:
        """Long datagrams fill the room sooner."""
        for _ in range(WAITING):
            self.put(rig, bytes(4096))
        assert rig.auth.intake.octets <= 8 * 1024 * 1024
        assert rig.auth.intake.waiting == 2048

    def test_rule_15_device_in_a_storm_waits_behind_itself(self, rig: Rig) -> None:
        """Another device's one request is served next, and never loses its place to the storm."""
        calm = ("192.0.2.50", 7)
        rig.school.add_nas(name="calm", address=ip_network("192.0.2.50/32"))
        for _ in range(2000):
            self.put(rig, b"storm")
        self.put(rig, b"calm", calm)
        for _ in range(WAITING):
            self.put(rig, b"storm")
        served: list[bytes] = []
        rig.auth.receive = lambda datagram, *_: served.append(datagram)  # type: ignore[method-assign]
        self.work(rig)
        assert served.index(b"calm") <= 1
        assert (len(served), rig.counted()["no_room"]) == (WAITING, 2001)

    def test_rule_15_probe_waits_for_nobody(self, rig: Rig) -> None:
        """Status-Server is answered at once, however much waits."""
        for number in range(1000):
            self.put(rig, login(number % 256))
        self.put(rig, request(b"", code=wire.STATUS_SERVER, sign=True))
        assert [datagram[0] for datagram, _ in rig.auth_wire.written] == [ACCEPT]
        assert rig.auth.intake.waiting == 1000

    def test_rule_15_turn_with_several_requests_is_one_batch(self, rig: Rig) -> None:
        """Its look-ups share a snapshot and its answers leave together at its end; a request alone needs neither."""
        told: list[str] = []
        wire, outbox = rig.auth_wire, rig.auth.intake.outbox

        class Reads:
            def begin_reads(self) -> None:
                told.append(f"begin, {len(wire.written)} sent")

            def end_reads(self) -> None:
                told.append(f"end, {len(wire.written)} sent")

        class Way:
            def send(self, datagram: bytes, addr: tuple[str, int]) -> None:
                outbox.put(wire.write, datagram, addr)

        rig.auth.intake.reads = Reads()
        for count in (1, 3):
            for number in range(count):
                rig.auth.intake.put(login(count * 10 + number), DEVICE, Way(), rig.clock.seconds())
            self.work(rig)
        assert told == ["begin, 1 sent", "end, 1 sent"]
        assert len(wire.written) == 4

    def test_rule_15_repetition_is_answered_without_work(self, rig: Rig) -> None:
        """Under overload too: the same octets once more, and one attempt in the books."""
        asked = login(1)
        rig.auth.is_late = True
        for _ in range(50):
            rig.auth.datagramReceived(asked, DEVICE)
        assert len({datagram for datagram, _ in rig.auth_wire.written}) == 1
        assert len(rig.auth_wire.written) == 50
        assert len(rig.school.attempts()) == 1

    def test_rule_15_client_that_asks_without_end_is_slowed_while_others_wait(self, rig: Rig) -> None:
        """While the port is late a client has thirty new logins and ten a second; the others have all of theirs."""
        station = [(31, b"a45e-60aa-bbcc")]
        rig.auth.is_late = True
        for number in range(100):
            rig.auth.datagramReceived(login(number, station), DEVICE)
        assert rig.counted()["client_too_fast"] == 100 - CLIENT_BURST
        assert code(rig.ask(login(200, [(31, b"a45e-60aa-bbcd")]))) is not None
        assert rig.counted()["client_too_fast"] == 100 - CLIENT_BURST
        rig.clock.advance(1)
        assert code(rig.ask(login(201, station))) is not None

    def test_rule_15_only_a_conversation_under_way_is_carried_on(self, rig: Rig) -> None:
        """The State of a challenge of ours lets a client past, once; one that somebody made up never does."""
        station = [(31, b"a45e-60aa-bbcc")]

        def eap(identifier: int, packet: bytes, *more: wire.Attribute) -> bytes:
            body = wire.packed([(1, NAME), *station, (79, packet), *more])
            return request(body, identifier=identifier, sign=True)

        asked = eap(1, b"\2\1\0\x0d\1" + NAME)
        challenge = rig.ask(asked)
        assert challenge is not None
        state = dict(wire.verified(challenge, asked, SECRET))[24]
        rig.auth.is_late = True
        for number in range(100):
            rig.auth.datagramReceived(login(number, [*station, (24, bytes(16))]), DEVICE)
        assert rig.counted()["client_too_fast"] == 100 - CLIENT_BURST
        nak = b"\2\2\0\6\3\x1a"
        rig.auth.datagramReceived(eap(200, nak, (24, state)), DEVICE)
        assert rig.counted()["access_reject"] == 1
        for number in range(10):
            rig.auth.datagramReceived(eap(number, nak, (24, state)), DEVICE)
        assert rig.counted()["client_too_fast"] == 110 - CLIENT_BURST

    def test_rule_15_nobody_is_slowed_while_nobody_waits(self, rig: Rig) -> None:
        """A measuring client that sends a thousand requests of one name is served all of them."""
        for number in range(1000):
            rig.auth.datagramReceived(login(number % 256), ("192.0.2.1", 1 + number // 256))
        assert rig.counted()["access_accept"] == 1000

    def test_rule_15_interims_go_before_starts_and_stops(self, rig: Rig) -> None:
        """While logins or reports wait long, interims are left to their next time: unanswered, so nothing is lost."""
        assert rig.tell(report(1, b"S1", identifier=1)) is not None
        rig.auth.pressed(LATE_SECONDS + 0.1, 100)
        rig.acct.pressed(0.0, 1)
        assert rig.tell(report(3, b"S1", identifier=2)) is None
        assert rig.tell(report(2, b"S1", identifier=3)) is not None
        assert rig.acct.counters["shed_interim"] == 1
        rig.clock.advance(1)
        rig.acct.pressed(0.0, 1)
        assert rig.tell(report(3, b"S2", identifier=2)) is not None

    def test_rule_15_device_s_own_bound(self) -> None:
        """A quirk sets how many requests a second a device may send."""
        rig = Rig(quirks={"requests_per_second": 5})
        for number in range(30):
            self.put(rig, login(number))
        refused = rig.counted()["too_fast"]
        assert 19 <= refused <= 21
        rig.clock.advance(1)
        self.put(rig, login(40))
        assert rig.counted()["too_fast"] == refused


def test_what_was_dropped_under_overload_is_worked_on_when_it_comes_again(rig: Rig) -> None:
    """A shed request leaves nothing behind: its repetition is a new try."""
    rig.auth.is_late = True
    for number in range(CLIENT_BURST + 1):
        rig.auth.datagramReceived(login(number), DEVICE)
    asked = login(99)
    assert rig.ask(asked) is None
    rig.auth.is_late = False
    assert code(rig.ask(asked)) == ACCEPT
    assert rig.auth.in_flight == 0


def test_passwords_never_reach_a_log(rig: Rig) -> None:
    """Neither right nor wrong ones, whatever happens to the packet."""
    with capturedLogs() as lines:
        rig.ask(login(1))
        rig.ask(login(2, password=b"guessed-word"))
        rig.ask(login(3, secret=b"other", sign=True))
        rig.ask(login(4)[:-3])
    said = repr(lines)
    for secret in (PASSWORD.decode(), "guessed-word", SECRET.decode() + "'"):
        assert secret not in said
