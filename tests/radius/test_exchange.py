"""Our own requests are repeated with patience, and only a reply that verifies ends one."""

import pytest

from zhuomai_appliance.radius.attributes import ACCT_SESSION_ID
from zhuomai_appliance.radius.exchange import Action, ExchangeKey, ExchangeTable, Pending
from zhuomai_appliance.radius.packet import Code, Secret, decode, encode_reply

PEER = ("192.0.2.1", 3799)
SECRET = Secret(b"testing123")
SESSION = [(ACCT_SESSION_ID, b"ac1-0001")]


def table() -> ExchangeTable:
    return ExchangeTable(tries=3, first_wait_seconds=2.0, factor=2.0)


def disconnect(exchanges: ExchangeTable, now: float = 0.0, peer: tuple[str, int] = PEER) -> Pending:
    pending = exchanges.open(peer, Code.DISCONNECT_REQUEST, SESSION, SECRET, now)
    assert pending is not None
    return pending


def answer(pending: Pending, secret: Secret = SECRET) -> bytes:
    return encode_reply(Code.DISCONNECT_ACK, decode(pending.datagram), [], secret, sign=True)


def test_the_schedule() -> None:
    """Sent at 0, 2 and 6 seconds with the same octets, given up at 14; then nothing is left."""
    exchanges = table()
    pending = disconnect(exchanges)
    octets = pending.datagram
    happened = []
    for now in range(20):
        for about, action in exchanges.due(float(now)):
            assert about is pending
            assert about.datagram == octets
            happened.append((now, action))
    assert happened == [(2, Action.RESEND), (6, Action.RESEND), (14, Action.GAVE_UP)]
    assert pending.sent == 3
    assert len(exchanges) == 0
    assert exchanges.next_at() is None


def test_next_at_follows_the_schedule() -> None:
    """The owner learns when to come back, and need not come earlier."""
    exchanges = table()
    assert exchanges.next_at() is None
    disconnect(exchanges, now=10.0)
    assert exchanges.next_at() == 12.0
    assert exchanges.due(11.9) == []
    exchanges.due(12.0)
    assert exchanges.next_at() == 16.0


def test_a_late_owner_still_waits_after_a_resend() -> None:
    """After a stall the request is sent once, not once for each wait that went by."""
    exchanges = table()
    disconnect(exchanges)
    assert [action for _, action in exchanges.due(100.0)] == [Action.RESEND]
    assert exchanges.next_at() == 104.0


def test_a_reply_ends_the_exchange() -> None:
    """A verified reply comes back with its request, once, and nothing is resent."""
    exchanges = table()
    pending = disconnect(exchanges)
    matched = exchanges.receive(PEER, answer(pending))
    assert matched is not None
    assert matched[0] is pending
    assert matched[1].code == Code.DISCONNECT_ACK
    assert exchanges.receive(PEER, answer(pending)) is None
    assert exchanges.next_at() is None
    assert exchanges.due(100.0) == []


def test_a_forged_reply_ends_nothing() -> None:
    """A reply under another secret is counted and the request goes on waiting for the right one."""
    exchanges = table()
    pending = disconnect(exchanges)
    assert exchanges.receive(PEER, answer(pending, Secret(b"guess"))) is None
    assert pending.refused == 1
    assert exchanges.receive(PEER, answer(pending)) is not None


@pytest.mark.parametrize("peer", [("192.0.2.2", 3799), ("192.0.2.1", 3798)])
def test_a_reply_from_elsewhere(peer: tuple[str, int]) -> None:
    """A right reply from another address or port is none."""
    exchanges = table()
    pending = disconnect(exchanges)
    assert exchanges.receive(peer, answer(pending)) is None
    assert len(exchanges) == 1


@pytest.mark.parametrize("datagram", [b"", b"\x29", b"\x29\x00", bytes(20), b"\xff" * 4097])
def test_noise(datagram: bytes) -> None:
    """Octets that are no packet neither raise nor end anything."""
    exchanges = table()
    disconnect(exchanges)
    assert exchanges.receive(PEER, datagram) is None
    assert len(exchanges) == 1


def test_an_answer_of_another_kind() -> None:
    """A CoA-ACK under the right secret does not answer a Disconnect-Request."""
    exchanges = table()
    pending = disconnect(exchanges)
    other = encode_reply(Code.COA_ACK, decode(pending.datagram), [], SECRET, sign=True)
    assert exchanges.receive(PEER, other) is None
    assert pending.refused == 1


def test_identifiers_go_round() -> None:
    """An identifier is not used again until the other 255 were, and each peer has its own round."""
    exchanges = table()
    given = []
    for _ in range(257):
        pending = disconnect(exchanges)
        given.append(pending.key.identifier)
        exchanges.close(pending)
    assert given[:256] == list(range(256))
    assert given[256] == 0
    assert disconnect(exchanges, peer=("192.0.2.9", 3799)).key == ExchangeKey(("192.0.2.9", 3799), 0)


@pytest.mark.parametrize("ended", [0, 77, 255])
def test_256_at_once_and_no_more(ended: int) -> None:
    """A peer has 256 identifiers; when all wait the next request is refused, and one reply makes room for one."""
    exchanges = table()
    waiting = [disconnect(exchanges) for _ in range(256)]
    assert exchanges.open(PEER, Code.DISCONNECT_REQUEST, SESSION, SECRET, 0.0) is None
    assert exchanges.receive(PEER, answer(waiting[ended])) is not None
    assert disconnect(exchanges).key.identifier == ended


def test_closing_twice() -> None:
    """Closing a request that is over does not close the newer one under the same identifier."""
    exchanges = table()
    first = disconnect(exchanges)
    exchanges.close(first)
    for _ in range(255):
        exchanges.close(disconnect(exchanges))
    second = disconnect(exchanges)
    assert second.key == first.key
    exchanges.close(first)
    assert len(exchanges) == 1


def test_a_refused_request_takes_no_identifier() -> None:
    """A request that cannot be encoded raises and leaves nothing behind."""
    exchanges = table()
    with pytest.raises(ValueError, match="random"):
        exchanges.open(PEER, Code.ACCESS_REQUEST, [], SECRET, 0.0)
    assert len(exchanges) == 0
    assert disconnect(exchanges).key.identifier == 0


@pytest.mark.parametrize(("tries", "first", "factor"), [(0, 1.0, 1.0), (1, 0.0, 1.0), (1, 1.0, 0.5)])
def test_senseless_schedules(tries: int, first: float, factor: float) -> None:
    """A schedule that would never send, or never wait, is refused when it is made."""
    with pytest.raises(ValueError, match="positive"):
        ExchangeTable(tries, first, factor)
