"""Sessions that come back: what they bring, and how long they may."""

from __future__ import annotations

import pytest

from tests.radius.tls_peer import Hours, Peer, client, context, shake
from zhuomai_appliance.radius import tls_engine
from zhuomai_appliance.radius.tls_engine import MAX_REMEMBERED, RESUMPTION_SECONDS

both_versions = pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])


@both_versions
@pytest.mark.parametrize("tickets", [True, False])
@pytest.mark.parametrize("with_certificate", [True, False])
def test_a_remembered_session_comes_back_with_its_words(
    version: str, tickets: bool, with_certificate: bool
) -> None:
    """By ticket or session id, several times in a row, the words are there and so is the certificate."""
    tls = context()
    peer = Peer(version, client() if with_certificate else None, tickets=tickets)
    for turn in range(4):
        peer.connect()
        engine = tls.engine(client_certificate=with_certificate)
        shake(engine, peer)
        assert engine.resumed == (turn > 0)
        assert engine.remembered == (b"20260001" if turn else None)
        assert (engine.peer_certificate is not None) == with_certificate
        engine.remember(b"20260001")
        engine.write(b"\0")
        assert peer.hear(engine.take()) == b"\0"
        engine.receive(peer.say(b"last words"))
        assert engine.read() == b"last words"
        peer.keep()
        del engine


@both_versions
def test_a_session_in_which_nothing_was_proved_brings_nothing(version: str) -> None:
    """A ticket of a tunnel whose inner method failed may be resumed; whoever does must prove himself inside."""
    tls = context()
    peer = Peer(version)
    shake(tls.engine(), peer)
    peer.keep()
    peer.connect()
    engine = tls.engine()
    shake(engine, peer)
    assert engine.handshake_done
    assert engine.remembered is None


def test_words_stay_with_their_own_session() -> None:
    """Two devices, one after the other and mixed: each comes back as itself."""
    tls = context()
    peers = [Peer("TLSv1.2"), Peer("TLSv1.3"), Peer("TLSv1.2", tickets=False), Peer("TLSv1.3")]
    for number, peer in enumerate(peers):
        engine = tls.engine()
        shake(engine, peer)
        engine.remember(b"user %d" % number)
        peer.hear(engine.take())
        peer.keep()
    for number, peer in enumerate(peers):
        peer.connect()
        engine = tls.engine()
        shake(engine, peer)
        assert (engine.resumed, engine.remembered) == (True, b"user %d" % number)


@both_versions
def test_any_of_several_tickets_brings_the_words(version: str) -> None:
    """In TLS 1.3 a device gets two tickets and may come back with either; one of the first meeting serves again."""
    tls = context()
    peer = Peer(version)
    engine = tls.engine()
    shake(engine, peer)
    engine.remember(b"20260001")
    peer.keep()
    first = peer.session
    for _ in range(2):
        peer.session = first
        peer.connect()
        engine = tls.engine()
        shake(engine, peer)
        assert engine.remembered == b"20260001"
        peer.keep()


@both_versions
def test_a_tunnel_without_certificate_is_not_resumed_as_one_with(version: str) -> None:
    """PEAP's session does not open EAP-TLS, nor the other way round."""
    tls = context()
    for before, after in ((False, True), (True, False)):
        peer = Peer(version, client())
        engine = tls.engine(client_certificate=before)
        shake(engine, peer)
        engine.remember(b"20260001")
        peer.keep()
        peer.connect()
        engine = tls.engine(client_certificate=after)
        shake(engine, peer)
        assert not engine.resumed
        assert engine.remembered is None
        assert (engine.peer_certificate is not None) == after


@both_versions
def test_after_a_day_everything_begins_anew(version: str) -> None:
    """However often a session was renewed, a day after the context's birth it is no longer known."""
    hours = Hours()
    tls, peer = context(hours), Peer(version)
    engine = tls.engine()
    shake(engine, peer)
    engine.remember(b"20260001")
    peer.keep()
    hours.seconds += RESUMPTION_SECONDS - 1
    peer.connect()
    engine = tls.engine()
    shake(engine, peer)
    assert engine.resumed
    engine.remember(b"20260001")
    peer.keep()
    hours.seconds += 1
    peer.connect()
    engine = tls.engine()
    shake(engine, peer)
    assert (engine.resumed, engine.remembered) == (False, None)


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound the oldest session is forgotten."""
    assert MAX_REMEMBERED >= 10_000
    monkeypatch.setattr(tls_engine, "MAX_REMEMBERED", 2)
    tls = context()
    peers = [Peer("TLSv1.2") for _ in range(3)]
    for number, peer in enumerate(peers):
        engine = tls.engine()
        shake(engine, peer)
        engine.remember(b"user %d" % number)
        peer.keep()
    found = []
    for peer in peers:
        peer.connect()
        engine = tls.engine()
        shake(engine, peer)
        found.append(engine.remembered)
    assert found == [None, b"user 1", b"user 2"]


def test_nothing_can_be_remembered_before_the_handshake() -> None:
    """An unfinished tunnel has proved nothing."""
    with pytest.raises(ValueError, match="before the handshake"):
        context().engine().remember(b"20260001")
