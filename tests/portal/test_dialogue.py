"""The login dialogue: every answer, every silence, every forgery, in both versions, by CHAP and by PAP."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.portal.device import (
    CHALLENGE,
    USER_IP,
    VARIANTS,
    all_sent,
    answer,
    asked,
    every_variant,
    login,
    outcomes,
    sent,
)
from tests.portal.vectors import read_vectors
from zhuomai_appliance.portal.dialogue import DialogueSettings, Ending, LoginDialogue, Send
from zhuomai_appliance.portal.packet import AttributeKind, Kind, chap_password

VECTORS = read_vectors()


def test_chap_login_writes_the_vectors() -> None:
    """A whole CHAP login of version 2 sends the computed vectors octet for octet."""
    dialogue = login()
    said = [*dialogue.start(0)]
    said += dialogue.receive(VECTORS["ack-challenge"].datagram, 0.1)
    said += dialogue.receive(VECTORS["ack-auth-ok"].datagram, 0.2)
    datagrams = [action.datagram.hex() for action in said if isinstance(action, Send)]
    expected = ("req-challenge", "req-auth-chap", "aff-ack-auth")
    assert datagrams == [VECTORS[name].datagram.hex() for name in expected]
    (outcome,) = outcomes(said)
    assert (outcome.ending, outcome.error_code) == (Ending.ONLINE, 0)
    assert (outcome.text, outcome.mac) == ("欢迎", "02:00:00:00:00:a7")


def test_refusal_carries_the_words_of_radius() -> None:
    """ACK_AUTH 1 ends as REFUSED with TextInfo, where devices pass on the RADIUS Reply-Message."""
    dialogue = login()
    dialogue.start(0)
    dialogue.receive(VECTORS["ack-challenge"].datagram, 0)
    (outcome,) = outcomes(dialogue.receive(VECTORS["ack-auth-refused"].datagram, 0))
    assert (outcome.ending, outcome.error_code, outcome.text) == (Ending.REFUSED, 1, "E02 余额不足")
    assert dialogue.next_at is None


@every_variant
def test_login_in_every_variant(version: int, pap: bool) -> None:
    """The right password proof goes out, and AFF_ACK_AUTH repeats the SerialNo and the login's ReqID."""
    dialogue = login(version, pap)
    request = asked(dialogue)
    assert (request.version, request.pap) == (version, pap)
    if pap:
        assert request.req_id == 0
        assert request.first(AttributeKind.PASSWORD) == b"Pa55-word"
    else:
        assert request.req_id == 0x1F42
        proof = chap_password(0x1F42, b"Pa55-word", CHALLENGE)
        assert request.first(AttributeKind.CHAP_PASSWORD) == proof
        assert request.first(AttributeKind.CHALLENGE) == (CHALLENGE if version == 2 else None)
    actions = dialogue.receive(answer(request, req_id=0x1F42 if not pap else 0x0777), 1)
    affirmed = sent(actions)
    assert (affirmed.kind, affirmed.version) == (Kind.AFF_ACK_AUTH, version)
    assert affirmed.serial == request.serial
    assert affirmed.req_id == (0x0777 if pap else 0x1F42)
    assert [outcome.ending for outcome in outcomes(actions)] == [Ending.ONLINE]


def test_version_1_login_writes_the_vector() -> None:
    """Version 1 without BAS-IP sends the plain packets that old devices know."""
    dialogue = LoginDialogue(
        DialogueSettings(key=b"", version=1),
        user_ip=USER_IP,
        username=b"stu2026",
        password=b"Pa55-word",
        take_serial=lambda: 0x3040,
    )
    first = dialogue.start(0)
    second = dialogue.receive(answer(sent(first)), 0)
    datagrams = [action.datagram for action in (*first, *second) if isinstance(action, Send)]
    assert datagrams == [VECTORS["v1-req-challenge"].datagram, VECTORS["v1-req-auth-chap"].datagram]


def test_silence_to_the_challenge() -> None:
    """REQ_CHALLENGE goes out three times, 2 s apart, the same octets; then the device is told to forget it."""
    dialogue = login()
    first = dialogue.start(100)
    assert dialogue.next_at == 102
    assert dialogue.tick(101.9) == ()
    assert dialogue.tick(102) == first
    assert dialogue.tick(104) == first
    actions = dialogue.tick(106)
    cancel = sent(actions)
    assert (cancel.kind, cancel.error_code, cancel.serial, cancel.req_id) == (Kind.REQ_LOGOUT, 1, 0x3039, 0)
    assert [(o.ending, o.error_code) for o in outcomes(actions)] == [(Ending.TIMEOUT, None)]
    assert dialogue.next_at == 136
    assert dialogue.tick(136) == ()
    assert dialogue.next_at is None


@every_variant
def test_silence_to_the_authentication(version: int, pap: bool) -> None:
    """REQ_AUTH goes out three times, 4 s apart, the same octets; the cancel repeats its SerialNo and ReqID."""
    dialogue = login(version, pap)
    request = asked(dialogue, 50)
    for at in (54, 58):
        assert dialogue.tick(at) == (Send(request.datagram),)
    actions = dialogue.tick(62)
    cancel = sent(actions)
    assert (cancel.kind, cancel.error_code) == (Kind.REQ_LOGOUT, 1)
    assert (cancel.serial, cancel.req_id) == (request.serial, request.req_id)
    assert [o.ending for o in outcomes(actions)] == [Ending.TIMEOUT]


def test_cancel_without_bas_ip_writes_the_vector() -> None:
    """The cancel of a login without BAS-IP is the computed vector."""
    dialogue = login(bas_ip=None)
    asked(dialogue)
    for at in (4, 8):
        dialogue.tick(at)
    assert sent(dialogue.tick(12)).datagram == VECTORS["req-logout-giving-up"].datagram


def test_lost_answer_is_found_by_the_repeat() -> None:
    """An ACK that was lost once arrives for the repeated request, and the login goes on as if nothing had happened."""
    dialogue = login()
    dialogue.start(0)
    challenge_request = sent(dialogue.tick(2))
    request = sent(dialogue.receive(answer(challenge_request), 2.1))
    again = sent(dialogue.tick(6.1))
    assert again == request
    assert [o.ending for o in outcomes(dialogue.receive(answer(again), 6.2))] == [Ending.ONLINE]


def test_busy_challenge_is_tried_anew_with_another_serial() -> None:
    """ACK_CHALLENGE 3 means wait 2 s and begin anew, at most three times; then the login ends as BUSY."""
    dialogue = login()
    request = sent(dialogue.start(0))
    now = 0.0
    serials = [request.serial]
    for _ in range(3):
        assert dialogue.receive(answer(request, 3), now) == ()
        assert dialogue.receive(answer(request, 3), now) == ()  # a duplicate costs no try
        assert dialogue.next_at == now + 2
        now += 2
        request = sent(dialogue.tick(now))
        serials.append(request.serial)
    assert len(set(serials)) == 4
    actions = dialogue.receive(answer(request, 3), now)
    assert [(o.ending, o.error_code) for o in outcomes(actions)] == [(Ending.BUSY, 3)]
    assert dialogue.next_at is None


def test_busy_challenge_may_succeed_at_the_next_try() -> None:
    """After one ACK_CHALLENGE 3 a good answer to the new request carries on; a late one to the old does not."""
    dialogue = login()
    old = sent(dialogue.start(0))
    dialogue.receive(answer(old, 3), 0)
    new = sent(dialogue.tick(2))
    assert dialogue.receive(answer(old), 2.1) == ()
    assert sent(dialogue.receive(answer(new), 2.2)).serial == new.serial


def test_busy_authentication_is_waited_for() -> None:
    """ACK_AUTH 3 means that RADIUS is at work: repeats go on, and the final answer counts up to 15 s later."""
    dialogue = login()
    request = asked(dialogue)
    assert dialogue.tick(4) == (Send(request.datagram),)
    assert dialogue.receive(answer(request, 3), 4.5) == ()
    assert dialogue.receive(answer(request, 3), 4.6) == ()
    assert dialogue.tick(8) == (Send(request.datagram),)
    assert dialogue.next_at == 19.5
    assert [o.ending for o in outcomes(dialogue.receive(answer(request), 19))] == [Ending.ONLINE]


def test_busy_authentication_without_end() -> None:
    """A device that only ever says 3 is left after 15 s as BUSY, with a cancel."""
    dialogue = login()
    request = asked(dialogue)
    dialogue.receive(answer(request, 3), 1)
    dialogue.tick(4)
    dialogue.tick(8)
    assert dialogue.next_at == 16
    actions = dialogue.tick(16)
    assert sent(actions).error_code == 1
    assert [o.ending for o in outcomes(actions)] == [Ending.BUSY]


def test_every_success_is_affirmed() -> None:
    """Each ACK_AUTH 0, repeated ones too, draws an AFF_ACK_AUTH; the outcome is told once; later errors are nothing."""
    dialogue = login()
    request = asked(dialogue)
    first = dialogue.receive(answer(request), 1)
    again = dialogue.receive(answer(request), 2)
    assert all_sent(again) == all_sent(first)
    assert outcomes(again) == []
    assert dialogue.receive(answer(request, 2), 3) == ()
    assert dialogue.receive(answer(request, 3), 3) == ()
    assert dialogue.tick(30.9) == ()
    assert dialogue.receive(answer(request), 30.9) == again
    assert dialogue.tick(31) == ()
    assert dialogue.next_at is None
    assert dialogue.receive(answer(request), 32) == ()


def test_success_after_the_cancel_is_undone() -> None:
    """An ACK_AUTH 0 after the cancel draws a normal REQ_LOGOUT with a new SerialNo, until ACK_LOGOUT comes."""
    dialogue = login()
    request = asked(dialogue)
    for at in (4, 8, 12):
        dialogue.tick(at)
    actions = dialogue.receive(answer(request), 13)
    logout = sent(actions)
    assert (logout.kind, logout.error_code) == (Kind.REQ_LOGOUT, 0)
    assert logout.serial != request.serial
    assert outcomes(actions) == []
    assert dialogue.receive(answer(request), 13.5) == ()
    assert dialogue.tick(16) == (Send(logout.datagram),)
    assert dialogue.receive(answer(logout, key=b"wrong"), 16.5) == ()
    assert dialogue.receive(answer(logout), 17) == ()
    assert dialogue.next_at is None
    assert dialogue.receive(answer(logout), 18) == ()


def test_undoing_gives_up_quietly() -> None:
    """The logout of a late success is sent three times; then accounting closes the session."""
    dialogue = login(pap=True)
    request = asked(dialogue)
    for at in (4, 8, 12):
        dialogue.tick(at)
    dialogue.receive(answer(request), 13)
    sends = [dialogue.tick(at) for at in (16, 19)]
    assert all(len(actions) == 1 for actions in sends)
    assert dialogue.tick(22) == ()
    assert dialogue.next_at is None


def test_late_refusal_after_the_cancel_is_nothing() -> None:
    """After the cancel the user has been told; a late refusal or a late challenge changes nothing."""
    dialogue = login()
    first = sent(dialogue.start(0))
    request = sent(dialogue.receive(answer(first), 0))
    for at in (4, 8, 12):
        dialogue.tick(at)
    assert dialogue.receive(answer(request, 1), 13) == ()
    assert dialogue.receive(answer(request, 3), 13) == ()
    assert dialogue.receive(answer(first), 13) == ()


def test_duplicated_challenge_answer_is_nothing() -> None:
    """A second ACK_CHALLENGE, whatever it says, does not disturb a running authentication."""
    dialogue = login()
    first = sent(dialogue.start(0))
    dialogue.receive(answer(first), 0)
    for code in (0, 1, 2, 3, 4):
        assert dialogue.receive(answer(first, code), 1) == ()
    assert dialogue.next_at == 4


def test_forged_success_is_counted_and_ignored() -> None:
    """ErrCode 0 with a bad authenticator opens nothing; the count tells the administrator to compare the keys."""
    dialogue = login()
    request = asked(dialogue)
    assert dialogue.receive(answer(request, key=b"guess"), 1) == ()
    assert dialogue.receive(answer(request, 1, key=b"guess"), 1) == ()
    assert dialogue.forged_answers == 2
    for at in (4, 8):
        dialogue.tick(at)
    (outcome,) = outcomes(dialogue.tick(12))
    assert (outcome.ending, outcome.forged_answers) == (Ending.TIMEOUT, 2)


def test_answer_for_another_request_is_forged() -> None:
    """An ACK_AUTH signed over the authenticator of REQ_CHALLENGE is not an answer to REQ_AUTH."""
    dialogue = login()
    first = sent(dialogue.start(0))
    dialogue.receive(answer(first), 0)
    assert dialogue.receive(answer(first, kind=Kind.ACK_AUTH), 1) == ()
    assert dialogue.forged_answers == 1


@every_variant
@pytest.mark.parametrize("field", ["serial", "user_ip", "version", "kind", "noise"])
def test_what_is_not_ours_is_nothing(version: int, pap: bool, field: str) -> None:
    """Another SerialNo, user, version or kind, and noise, change nothing and count as no forgery."""
    dialogue = login(version, pap)
    request = asked(dialogue)
    strangers = {
        "serial": answer(request, serial=request.serial ^ 1),
        "user_ip": answer(request, user_ip="10.9.0.8"),
        "version": answer(asked(login(3 - version, pap))),
        "kind": answer(request, kind=Kind.ACK_INFO),
        "noise": b"\x02\x04 no packet",
    }
    assert dialogue.receive(strangers[field], 1) == ()
    assert dialogue.forged_answers == 0
    assert [o.ending for o in outcomes(dialogue.receive(answer(request), 2))] == [Ending.ONLINE]


def test_success_before_it_was_asked_for_is_nothing() -> None:
    """An ACK_AUTH or ACK_LOGOUT while the challenge is awaited answers nothing of ours."""
    dialogue = login()
    first = sent(dialogue.start(0))
    assert dialogue.receive(answer(first, kind=Kind.ACK_AUTH), 1) == ()
    assert dialogue.receive(answer(first, kind=Kind.ACK_LOGOUT), 1) == ()


events = st.lists(
    st.tuples(
        st.sampled_from(("tick", "challenge", "auth", "logout", "forged", "noise")),
        st.integers(0, 5),
        st.floats(0, 6),
        st.integers(0, 3),
    ),
    max_size=30,
)


@given(events, st.sampled_from(VARIANTS))
def test_any_order_of_events_keeps_the_promises(
    steps: list[tuple[str, int, float, int]], variant: tuple[int, bool]
) -> None:
    """Whatever comes in whatever order: no exception, one outcome at most, every AFF for an ACK_AUTH 0, an end."""
    dialogue = login(*variant)
    said = [*dialogue.start(0)]
    now = 0.0
    for event, code, wait, back in steps:
        now += wait
        requests = [
            p for p in all_sent(said) if p.kind in (Kind.REQ_CHALLENGE, Kind.REQ_AUTH, Kind.REQ_LOGOUT)
        ]
        request = requests[-1 - back % len(requests)]
        kinds = {"challenge": Kind.ACK_CHALLENGE, "auth": Kind.ACK_AUTH, "logout": Kind.ACK_LOGOUT}
        if event == "tick":
            actions = dialogue.tick(now)
        elif event == "noise":
            actions = dialogue.receive(bytes([code]) * 40, now)
        elif event == "forged":
            actions = (
                dialogue.receive(answer(request, code, key=b"guess"), now) if request.version == 2 else ()
            )
            assert actions == ()
        else:
            actions = dialogue.receive(answer(request, code, kind=kinds[event]), now)
            affirmed = [p for p in all_sent(actions) if p.kind is Kind.AFF_ACK_AUTH]
            assert not affirmed or (event, code) == ("auth", 0)
        said += actions
    for _ in range(40):
        if dialogue.next_at is None:
            break
        now = max(now, dialogue.next_at)
        said += dialogue.tick(now)
    assert dialogue.next_at is None
    assert len(outcomes(said)) == 1
