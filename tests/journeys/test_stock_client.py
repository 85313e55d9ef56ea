"""A stock RADIUS client and hand-made datagrams against the running daemon, over real sockets.

The rules are those of RFC 2865, 2866, 3579, 5080 and 5997; nothing of the product takes part on the client's side.
"""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys import wire
from tests.journeys.box import Box
from tests.journeys.wire import Wire

pytestmark = pytest.mark.slow

SECRET = "testing123"
KEY = SECRET.encode()
SITE = """
[[rate]]
name = "8M"
up = "4M"
down = "8M"
[[nas]]
name = "plain"
address = "127.0.0.1"
secret = "testing123"
vendor = "standard"
[[nas]]
name = "strict"
address = "127.0.0.2"
secret = "testing123"
vendor = "standard"
message_authenticator = "require"
[[nas]]
name = "learning"
address = "127.0.0.3"
secret = "testing123"
vendor = "standard"
[[plan]]
name = "monthly"
kind = "period"
period = "1 month"
price = "30.00"
rate = "8M"
max_sessions = 0
[[account]]
username = "alice"
password = "wonderland"
plan = "monthly"
[[account]]
username = "bob"
password = "builder"
"""


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    with Box(tmp_path_factory.mktemp("stock")) as box:
        box.init()
        box.apply(SITE)
        box.start()
        yield box


@pytest.fixture
def plain() -> Iterator[Wire]:
    device = Wire()
    yield device
    device.close()


def radclient(
    box: Box, kind: str, words: str, *, secret: str = SECRET, tries: int = 1, seconds: float = 3.0
) -> str:
    """What radclient printed; empty for no answer."""
    host, port = box.address("acct" if kind == "acct" else "auth")
    return ask_at(f"{host}:{port}", kind, words, secret=secret, tries=tries, seconds=seconds)


def ask_at(
    where: str, kind: str, words: str, *, secret: str = SECRET, tries: int = 1, seconds: float = 3.0
) -> str:
    done = subprocess.run(
        ["radclient", "-x", "-r", str(tries), "-t", str(seconds), where, kind, secret],
        input=words + "\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return "".join(re.findall(r"^Received .*(?:\n\t.*)*", done.stdout, re.MULTILINE))


def acct(box: Box, status: str, session: str, more: str = "") -> str:
    return radclient(
        box, "acct", f'User-Name="alice",Acct-Status-Type={status},Acct-Session-Id="{session}"{more}'
    )


class TestRadclient:
    def test_pap_is_accepted_with_the_policy(self, box: Box) -> None:
        """A right password brings Accept with Session-Timeout, interim interval, Class and our signature."""
        said = radclient(box, "auth", 'User-Name="alice",User-Password="wonderland"')
        assert "Received Access-Accept" in said
        for name in ("Session-Timeout", "Acct-Interim-Interval = 300", "Class", "Message-Authenticator"):
            assert name in said, said

    def test_chap_is_accepted(self, box: Box) -> None:
        """CHAP with the stored password works like PAP."""
        said = radclient(box, "auth", 'User-Name="alice",CHAP-Password="wonderland"')
        assert "Received Access-Accept" in said

    @pytest.mark.parametrize("proof", ["User-Password", "CHAP-Password"])
    def test_wrong_password_is_refused_with_a_reason(self, box: Box, proof: str) -> None:
        """A wrong password brings Reject with the reason's code, and no Session-Timeout or Class."""
        said = radclient(box, "auth", f'User-Name="bob",{proof}="nonsense"')
        assert "Received Access-Reject" in said
        assert re.search(r'Reply-Message = "A01 ', said), said
        assert "Class" not in said

    def test_person_without_plan_is_refused_with_that_reason(self, box: Box) -> None:
        """A right password without anything owned brings the reason of that."""
        said = radclient(box, "auth", 'User-Name="bob",User-Password="builder"')
        assert "Received Access-Reject" in said
        assert re.search(r'Reply-Message = "[B-D]\d\d ', said), said

    def test_status_server_answers_on_both_ports(self, box: Box) -> None:
        """A signed probe brings Accept at the authentication port and Response at the accounting port."""
        for name, answer in (("auth", "Access-Accept"), ("acct", "Accounting-Response")):
            host, port = box.address(name)
            said = ask_at(f"{host}:{port}", "status", "Message-Authenticator=0x00")
            assert f"Received {answer}" in said, (name, said)

    def test_session_is_recorded_from_start_to_stop(self, box: Box) -> None:
        """Start, Interim-Update and Stop are answered and end as one row with the last totals."""
        assert "Received Accounting-Response" in acct(box, "Start", "rc-1")
        figures = ",Acct-Session-Time=60,Acct-Input-Octets=1000,Acct-Output-Octets=5000"
        assert "Received Accounting-Response" in acct(box, "Interim-Update", "rc-1", figures)
        figures = (
            ",Acct-Session-Time=90,Acct-Input-Octets=2000,Acct-Output-Octets=100"
            ",Acct-Output-Gigawords=1,Acct-Terminate-Cause=User-Request"
        )
        assert "Received Accounting-Response" in acct(box, "Stop", "rc-1", figures)
        rows = box.rows(
            """SELECT s.input_octets, s.output_octets, s.session_seconds, s.cause, s.closed_by, a.username
            FROM session s JOIN account a ON a.id = s.account_id WHERE acct_session_id = 'rc-1'"""
        )
        assert rows == [(2000, 4294967396, 90, 1, "stop", "alice")]
        box.check_books()

    def test_accounting_on_ends_what_the_device_had_open(self, box: Box) -> None:
        """After a device's restart its sessions are closed, without traffic they never had."""
        assert acct(box, "Start", "rc-2")
        assert acct(box, "Interim-Update", "rc-2", ",Acct-Session-Time=1,Acct-Input-Octets=7")
        time.sleep(1.1)  # a restart ends what began before it; the wire tells whole seconds
        assert "Accounting-Response" in radclient(box, "acct", "Acct-Status-Type=Accounting-On")
        rows = box.rows("SELECT input_octets, closed_by FROM session WHERE acct_session_id = 'rc-2'")
        assert rows == [(7, "nas_restart")]

    def test_user_that_nobody_knows_is_recorded(self, box: Box) -> None:
        """Accounting of an unknown user is answered and kept, billed to nobody."""
        said = radclient(
            box,
            "acct",
            'User-Name="ghost",Acct-Status-Type=Stop,Acct-Session-Id="rc-3",Acct-Session-Time=5,'
            "Acct-Input-Octets=11,Acct-Output-Octets=12",
        )
        assert "Received Accounting-Response" in said
        rows = box.rows(
            "SELECT account_id, username_raw, input_octets FROM session WHERE acct_session_id = 'rc-3'"
        )
        assert rows == [(None, "ghost", 11)]

    def test_wrong_secret_is_silence_on_accounting(self, box: Box) -> None:
        """A report that is not signed with our secret is neither answered nor recorded."""
        words = 'User-Name="alice",Acct-Status-Type=Start,Acct-Session-Id="rc-4"'
        assert radclient(box, "acct", words, secret="another", seconds=1) == ""
        assert box.rows("SELECT id FROM session WHERE acct_session_id = 'rc-4'") == []

    def test_wrong_secret_never_lets_anybody_in(self, box: Box, plain: Wire) -> None:
        """A login made with another secret is dropped where it is signed and refused where it is not."""
        words = 'User-Name="bob",User-Password="builder",Message-Authenticator=0x00'
        assert radclient(box, "auth", words, secret="another", seconds=1) == ""
        reply = plain.ask(wire.login(1, b"bob", b"builder", b"another"), box.address("auth"))
        assert reply is not None
        assert reply[0] == wire.ACCESS_REJECT

    def test_many_at_once(self, box: Box, tmp_path: Path) -> None:
        """Two hundred logins over one socket with fifty on their way are all accepted."""
        file = tmp_path / "many.txt"
        file.write_text("\n\n".join(['User-Name="alice"\nUser-Password="wonderland"'] * 200) + "\n")
        host, port = box.address("auth")
        done = subprocess.run(
            ["radclient", "-q", "-s", "-p", "50", "-f", str(file), f"{host}:{port}", "auth", SECRET],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert re.search(r"Accepted\s*:\s*200", done.stdout), done.stdout


def good(identifier: int, *, sign: bool = False) -> bytes:
    return wire.login(identifier, b"alice", b"wonderland", KEY, sign=sign)


class TestDatagrams:
    def test_unknown_device_meets_silence(self, box: Box) -> None:
        """A source that is no NAS gets nothing back, on either port."""
        stranger = Wire("127.0.0.9")
        try:
            assert stranger.ask(good(1), box.address("auth"), 0.5) is None
            start = wire.request(4, 2, wire.packed([(40, b"\0\0\0\1"), (44, b"s")]), KEY)
            assert stranger.ask(start, box.address("acct"), 0.5) is None
        finally:
            stranger.close()

    def test_malformed_requests_meet_silence(self, box: Box, plain: Wire) -> None:
        """Bad lengths, attributes and codes are dropped, and the daemon goes on answering (semantics §1.2-§1.4)."""
        name = wire.packed([(1, b"alice")])

        def bad(body: bytes, code: int = 1, length: int | None = None) -> bytes:
            return wire.request(code, 9, body, KEY, length=length)

        broken = [
            b"",
            b"\1",
            good(9)[:19],
            bad(name, length=20 + len(name) + 4),
            bad(name, length=19),
            bad(name, length=0),
            bad(name + b"\x05\x01"),
            bad(name + b"\x05\x00"),
            bad(name + b"\x05"),
            bad(name + b"\x05\x09\x00"),
            bad(name + b"\x00\x03x"),
            bad(name + wire.packed([(18, b"x")]) * 201),
            bad(name + wire.packed([(26, bytes(250))]) * 18),
            *(bad(name, code) for code in (0, 2, 3, 4, 5, 11, 40, 43, 99, 255)),
        ]
        assert plain.is_silent(broken, box.address("auth"), good(10))

    def test_bad_signatures_meet_silence(self, box: Box, plain: Wire) -> None:
        """A Message-Authenticator that is wrong, short or there twice, and EAP without one, are dropped."""
        signed = good(11, sign=True)
        at = 22
        wrong = signed[:at] + bytes(16) + signed[at + 16 :]
        short = wire.login(11, b"alice", b"wonderland", KEY, [(80, bytes(15))])
        body = signed[20:]
        twice = wire.request(1, 11, body + wire.packed([(80, body[2:18])]), KEY, authenticator=signed[4:20])
        eap = wire.request(1, 11, wire.packed([(1, b"alice"), (79, b"\2\1\0\5\1")]), KEY)
        probe = wire.request(12, 11, b"", KEY)
        assert plain.is_silent([wrong, short, twice, eap, probe], box.address("auth"), good(12))

    def test_odd_but_lawful_requests_are_answered(self, box: Box, plain: Wire) -> None:
        """Padding after Length, an integer of two octets, a vendor attribute that does not add up: all answered."""
        at = box.address("auth")
        odd = [
            good(13) + b"padding!",
            wire.login(14, b"alice", b"wonderland", KEY, [(5, b"\0\1")]),
            wire.login(15, b"alice", b"wonderland", KEY, [(26, b"\0\0\x07\xdb\1\0")]),
            wire.login(16, b"alice", b"wonderland", KEY, [(26, b"\0")]),
        ]
        for datagram in odd:
            reply = plain.ask(datagram, at)
            assert reply is not None, datagram[1]
            assert (reply[0], reply[1]) == (wire.ACCESS_ACCEPT, datagram[1])

    def test_every_access_reply_begins_with_its_signature(self, box: Box, plain: Wire) -> None:
        """Accept, Reject and the answer to a probe carry Message-Authenticator as the first attribute, and it is right."""
        at = box.address("auth")
        asked = {
            wire.ACCESS_ACCEPT: good(17),
            wire.ACCESS_REJECT: wire.login(18, b"nobody", b"x", KEY),
        }
        for code, datagram in asked.items():
            reply = plain.ask(datagram, at, 5)
            assert reply is not None
            assert reply[0] == code
            assert wire.verified(reply, datagram, KEY)[0][0] == wire.SIGNATURE
        probe = wire.request(wire.STATUS_SERVER, 19, b"", KEY, sign=True)
        reply = plain.ask(probe, at)
        assert reply is not None
        assert [number for number, _ in wire.verified(reply, probe, KEY)] == [wire.SIGNATURE]

    def test_replayed_login_draws_the_same_octets(self, box: Box, plain: Wire) -> None:
        """A datagram sent three times is worked on once and answered three times with identical octets."""
        before = box.rows("SELECT count(*) FROM attempt_all")[0][0]
        datagram = good(20)
        replies = [plain.ask(datagram, box.address("auth")) for _ in range(3)]
        assert replies[0] is not None
        assert replies[0] == replies[1] == replies[2]
        renewed = plain.ask(good(20), box.address("auth"))
        assert renewed is not None
        assert renewed != replies[0]
        deadline = time.monotonic() + 5
        while box.rows("SELECT count(*) FROM attempt_all")[0][0] < before + 2:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert box.rows("SELECT count(*) FROM attempt_all")[0][0] == before + 2

    def test_replayed_report_is_counted_once(self, box: Box, plain: Wire) -> None:
        """A report sent three times draws identical answers and its octets are in the books once."""
        body = wire.packed(
            [(1, b"alice"), (40, b"\0\0\0\2"), (44, b"replay"), (46, b"\0\0\0\5"), (42, b"\0\0\3\xe8")]
        )
        datagram = wire.request(4, 21, body, KEY)
        replies = [plain.ask(datagram, box.address("acct")) for _ in range(3)]
        assert replies[0] is not None
        assert replies[0] == replies[1] == replies[2]
        assert wire.verified(replies[0], datagram, KEY) == []
        again = plain.ask(wire.request(4, 22, body, KEY), box.address("acct"))
        assert again is not None
        rows = box.rows("SELECT input_octets FROM session WHERE acct_session_id = 'replay'")
        assert rows == [(1000,)]
        box.check_books()

    def test_proxy_states_come_back_in_order(self, box: Box) -> None:
        """Every Proxy-State is in the reply, untouched and in order, also in a Reject."""
        states = [(33, b"outer"), (33, b"\0\xff"), (33, b"")]
        for name, code in ((b"alice", wire.ACCESS_ACCEPT), (b"nobody", wire.ACCESS_REJECT)):
            datagram = wire.login(23, name, b"wonderland", KEY, states, sign=True)
            device = Wire("127.0.0.2")
            try:
                answer = device.ask(datagram, box.address("auth"), 5)
            finally:
                device.close()
            assert answer is not None
            assert answer[0] == code
            found = [pair for pair in wire.verified(answer, datagram, KEY) if pair[0] == 33]
            assert found == states

    def test_unsigned_request_with_proxy_state_is_dropped(self, box: Box, plain: Wire) -> None:
        """Before a device has shown that it signs, an unsigned request with Proxy-State is dropped (CVE-2024-3596)."""
        forged = wire.login(24, b"alice", b"wonderland", KEY, [(33, b"a")])
        assert plain.is_silent([forged], box.address("auth"), good(25))

    def test_device_that_must_sign(self, box: Box) -> None:
        """Under `require` an unsigned login is dropped and a signed one answered."""
        device = Wire("127.0.0.2")
        try:
            assert device.is_silent([good(26)], box.address("auth"), good(27, sign=True))
        finally:
            device.close()

    def test_device_that_signed_once_must_go_on(self, box: Box) -> None:
        """Under `auto` a device may come unsigned until its first signed login; from then on it must sign."""
        device = Wire("127.0.0.3")
        try:
            assert device.ask(good(28), box.address("auth")) is not None
            assert device.ask(good(29, sign=True), box.address("auth")) is not None
            assert device.is_silent([good(30)], box.address("auth"), good(31, sign=True))
        finally:
            device.close()

    def test_refusals_wait_and_hold_nobody_up(self, box: Box, plain: Wire) -> None:
        """A Reject takes a second or more; a hundred good logins sent meanwhile are answered before it."""
        at = box.address("auth")
        began = time.monotonic()
        plain.send(wire.login(0, b"alice", b"wrong one", KEY), at)
        for number in range(1, 101):
            plain.send(good(number), at)
        order = []
        for _ in range(101):
            reply = plain.receive(5)
            assert reply is not None
            order.append((reply[1], reply[0]))
        assert order[-1] == (0, wire.ACCESS_REJECT)
        assert time.monotonic() - began >= 1.0
        assert sorted(number for number, _ in order) == list(range(101))

    def test_request_without_credential_is_refused(self, box: Box, plain: Wire) -> None:
        """No credential at all, a password of a wrong size, two kinds at once: Reject, not silence."""
        authenticator = bytes(range(16))
        bodies = [
            wire.packed([(1, b"alice")]),
            wire.packed([(1, b"alice"), (2, bytes(15))]),
            wire.packed([(1, b"alice"), (2, wire.hidden(b"wonderland", KEY, authenticator)), (3, bytes(17))]),
            wire.packed([(1, b""), (2, wire.hidden(b"wonderland", KEY, authenticator))]),
            wire.packed([(1, b"al\0ice"), (2, wire.hidden(b"wonderland", KEY, authenticator))]),
        ]
        at = box.address("auth")
        for number, body in enumerate(bodies, 40):
            plain.send(wire.request(1, number, body, KEY, authenticator=authenticator), at)
        replies = [plain.receive(5) for _ in bodies]
        assert sorted((r[1], r[0]) for r in replies if r) == [(n, 3) for n in range(40, 40 + len(bodies))]
