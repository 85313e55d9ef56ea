"""What each answer of the device means to a login."""

from __future__ import annotations

import pytest

from tests.portal.device import CHALLENGE, all_sent, answer, asked, every_variant, login, outcomes, sent
from zhuomai_appliance.portal.dialogue import Ending
from zhuomai_appliance.portal.packet import Kind

CHALLENGE_ANSWERS = [
    (1, Ending.UNKNOWN_USER_IP),
    (2, Ending.ALREADY_ONLINE),
    (4, Ending.DEVICE_FAILED),
    (5, Ending.DEVICE_FAILED),
    (99, Ending.DEVICE_FAILED),
]
AUTH_ANSWERS = [
    (1, Ending.REFUSED),
    (2, Ending.ALREADY_ONLINE),
    (4, Ending.DEVICE_FAILED),
    (5, Ending.DEVICE_FAILED),
    (6, Ending.DEVICE_FAILED),
    (7, Ending.DEVICE_FAILED),
    (200, Ending.DEVICE_FAILED),
]


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize(("code", "ending"), CHALLENGE_ANSWERS)
def test_error_of_the_challenge(version: int, code: int, ending: Ending) -> None:
    """Each ErrCode of ACK_CHALLENGE but 0 and 3 ends the login with its meaning, and nothing more is sent."""
    dialogue = login(version)
    actions = dialogue.receive(answer(sent(dialogue.start(0)), code), 1)
    assert [(o.ending, o.error_code) for o in outcomes(actions)] == [(ending, code)]
    assert all_sent(actions) == []
    assert dialogue.next_at is None


@every_variant
@pytest.mark.parametrize(("code", "ending"), AUTH_ANSWERS)
def test_error_of_the_authentication(version: int, pap: bool, code: int, ending: Ending) -> None:
    """Each ErrCode of ACK_AUTH but 0 and 3 ends the login with its meaning, and nothing is affirmed."""
    dialogue = login(version, pap)
    actions = dialogue.receive(answer(asked(dialogue), code), 1)
    assert [(o.ending, o.error_code) for o in outcomes(actions)] == [(ending, code)]
    assert all_sent(actions) == []
    assert dialogue.next_at is None


@pytest.mark.parametrize(
    ("error_id", "ending"),
    [
        ("AC101", Ending.ALREADY_ONLINE),
        ("AC102", Ending.UNKNOWN_USER_IP),
        ("AC103", Ending.UNKNOWN_USER_IP),
        ("AC201", Ending.DEVICE_FAILED),
        ("AC999", Ending.REFUSED),
        ("RD055", Ending.REFUSED),
    ],
)
def test_operator_mode_code_is_more_exact_than_the_error_code(error_id: str, ending: Ending) -> None:
    """The five-character code of operator-mode devices decides, and is kept apart from words for people."""
    dialogue = login(pap=True)
    (outcome,) = outcomes(dialogue.receive(answer(asked(dialogue), 1, text=error_id), 1))
    assert (outcome.ending, outcome.error_id, outcome.text) == (ending, error_id, "")


def test_challenge_answer_without_challenge_is_a_fault_of_the_device() -> None:
    """ACK_CHALLENGE 0 must carry a Challenge; without it there is nothing to prove."""
    dialogue = login()
    request = sent(dialogue.start(0))
    bare = answer(request, 0, kind=Kind.ACK_CHALLENGE)
    without = bare.replace(b"\x03\x12" + CHALLENGE, b"\x63\x12" + CHALLENGE)
    assert dialogue.receive(without, 1) == ()  # changed in transit: forged
    plain = login(version=1)
    bare = answer(sent(plain.start(0))).replace(b"\x03\x12" + CHALLENGE, b"\x63\x12" + CHALLENGE)
    (outcome,) = outcomes(plain.receive(bare, 1))
    assert outcome.ending is Ending.DEVICE_FAILED
