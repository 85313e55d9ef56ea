"""The question for a user's traffic figures."""

from __future__ import annotations

import pytest

from tests.portal.device import KEY, USER_IP, answer, outcomes, sent
from tests.portal.vectors import read_vectors
from zhuomai_appliance.portal.dialogue import DialogueSettings, Ending, InfoDialogue
from zhuomai_appliance.portal.packet import AttributeKind
from zhuomai_appliance.portal.terms import Traffic

VECTORS = read_vectors()


def info(key: bytes = KEY, user_ip: str = USER_IP, serial: int = 0x303C, version: int = 2) -> InfoDialogue:
    return InfoDialogue(DialogueSettings(key, version, bas_ip="10.1.1.2"), user_ip=user_ip, serial=serial)


def test_question_writes_the_vector_and_reads_its_answer() -> None:
    """The computed REQ_INFO goes out, without BAS-IP; the computed ACK_INFO is read in octets."""
    dialogue = info()
    assert sent(dialogue.start(0)).datagram == VECTORS["req-info"].datagram
    (outcome,) = outcomes(dialogue.receive(VECTORS["ack-info"].datagram, 1))
    assert outcome.ending is Ending.TOLD
    assert outcome.traffic == Traffic(4194305 * 1024, 12345678 * 1024, "AC6508-vlan-00-0101@vlan")
    assert dialogue.next_at is None


def test_answer_of_a_real_device() -> None:
    """The answer printed in the vendor's manual proves itself and holds a port, but no figures."""
    question = VECTORS["device-req-info"]
    dialogue = info(b"portal", question.user_ip, question.serial)
    dialogue.start(0)
    # That device was asked for the port alone, so its answer does not fit our question's authenticator.
    assert dialogue.receive(VECTORS["device-ack-info"].datagram, 1) == ()
    assert dialogue.forged_answers == 1
    version_1 = info(b"", version=1)
    request = sent(version_1.start(0))
    port = ((AttributeKind.PORT, b"AR49-45-vlan-00-0000@vlan"), (AttributeKind.UPLINK_FLUX, b"short"))
    (outcome,) = outcomes(version_1.receive(answer(request, attributes=port), 1))
    assert outcome.traffic == Traffic(None, None, "AR49-45-vlan-00-0000@vlan")


@pytest.mark.parametrize("code", [1, 2, 9])
def test_devices_without_figures(code: int) -> None:
    """Any ErrCode but 0 means that there is nothing to show."""
    dialogue = info()
    (outcome,) = outcomes(dialogue.receive(answer(sent(dialogue.start(0)), code), 1))
    assert (outcome.ending, outcome.error_code, outcome.traffic) == (Ending.REFUSED, code, None)


def test_silence() -> None:
    """The question is asked once and waits 3 s: figures are not worth more."""
    dialogue = info()
    dialogue.start(0)
    assert dialogue.tick(2.9) == ()
    (outcome,) = outcomes(dialogue.tick(3))
    assert (outcome.ending, outcome.traffic) == (Ending.TIMEOUT, None)
