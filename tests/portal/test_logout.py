"""The logout dialogue."""

from __future__ import annotations

import pytest

from tests.portal.device import KEY, USER_IP, answer, outcomes, sent
from tests.portal.vectors import read_vectors
from zhuomai_appliance.portal.dialogue import DialogueSettings, Ending, LogoutDialogue, Send
from zhuomai_appliance.portal.packet import AttributeKind, Kind

VECTORS = read_vectors()


def logout(version: int = 2) -> LogoutDialogue:
    settings = DialogueSettings(key=KEY, version=version, bas_ip="10.1.1.2")
    return LogoutDialogue(settings, user_ip=USER_IP, serial=0x303B)


def test_logout_writes_the_vector_and_reads_its_answer() -> None:
    """A logout sends the computed REQ_LOGOUT; the computed ACK_LOGOUT ends it as OFFLINE."""
    dialogue = logout()
    assert sent(dialogue.start(0)).datagram == VECTORS["req-logout"].datagram
    (outcome,) = outcomes(dialogue.receive(VECTORS["ack-logout"].datagram, 1))
    assert (outcome.ending, outcome.error_code, outcome.mac) == (Ending.OFFLINE, 0, "02:00:00:00:00:a7")
    assert dialogue.next_at is None
    assert dialogue.receive(VECTORS["ack-logout"].datagram, 2) == ()


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize(
    ("code", "ending"),
    [
        (0, Ending.OFFLINE),
        (1, Ending.REFUSED),
        (2, Ending.DEVICE_FAILED),
        (3, Ending.OFFLINE),
        (9, Ending.DEVICE_FAILED),
    ],
)
def test_error_codes(version: int, code: int, ending: Ending) -> None:
    """Each ErrCode of ACK_LOGOUT has its meaning; 3, the user is off already, is a success."""
    dialogue = logout(version)
    actions = dialogue.receive(answer(sent(dialogue.start(0)), code), 1)
    assert [(o.ending, o.error_code) for o in outcomes(actions)] == [(ending, code)]


def test_silence() -> None:
    """REQ_LOGOUT goes out three times, 3 s apart, the same octets; then the ending is TIMEOUT."""
    dialogue = logout()
    first = dialogue.start(10)
    assert dialogue.tick(12.9) == ()
    assert [dialogue.tick(at) for at in (13, 16)] == [first, first]
    actions = dialogue.tick(19)
    assert [o.ending for o in outcomes(actions)] == [Ending.TIMEOUT]
    assert not any(isinstance(action, Send) for action in actions)
    assert dialogue.next_at is None


def test_forged_and_foreign_answers_are_nothing() -> None:
    """A bad authenticator is counted; another user, SerialNo or kind, and noise, are ignored."""
    dialogue = logout()
    request = sent(dialogue.start(0))
    for stranger in (
        answer(request, key=b"guess"),
        answer(request, serial=1),
        answer(request, user_ip="10.9.0.8"),
        answer(request, kind=Kind.ACK_AUTH),
        b"noise",
    ):
        assert dialogue.receive(stranger, 1) == ()
    assert dialogue.forged_answers == 1
    assert dialogue.next_at == 3


def test_mac_and_req_id_are_sent_where_a_device_wants_them() -> None:
    """The user's MAC goes as SESSION-ID, and the login's ReqID in the header."""
    settings = DialogueSettings(key=KEY)
    dialogue = LogoutDialogue(settings, user_ip=USER_IP, serial=1, req_id=7, mac="02:00:00:00:00:a7")
    request = sent(dialogue.start(0))
    assert (request.req_id, request.mac) == (7, "02:00:00:00:00:a7")
    assert request.first(AttributeKind.BAS_IP) is None
