"""EAP-MD5 and EAP-MSCHAPv2 by themselves."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.radius.eap_devices import md5_answer, ms_chap_v2_answer
from tests.radius.vectors import cases, name_of
from zhuomai_appliance.radius import mschap
from zhuomai_appliance.radius.eap_md5 import EapMd5
from zhuomai_appliance.radius.eap_method import Digest, Done, Failed, Method, MsChap2, Prove, Send
from zhuomai_appliance.radius.eap_mschapv2 import EapMsChapV2
from zhuomai_appliance.radius.passwords import chap_matches

CHALLENGE = bytes(range(16))
RFC2759 = next(case for case in cases("mschap.txt") if name_of(case) == "rfc2759-9.2")


def offer_of(step: object) -> object:
    assert isinstance(step, Prove)
    assert step.name is None
    return step.offer


class TestMd5:
    def test_the_digest_is_chap_s(self) -> None:
        """Over the identifier of the request, which the response repeats (RFC 3748 §5.4)."""
        method = EapMd5(CHALLENGE)
        request = method.begin(7)
        assert request == Send(b"\x10" + CHALLENGE)
        offer = offer_of(method.step(md5_answer(request.data, 7, b"secret") + b"a name", 8))
        assert isinstance(offer, Digest)
        assert chap_matches(bytes((offer.ident,)) + offer.response, b"secret", offer.challenge)
        assert not chap_matches(bytes((offer.ident,)) + offer.response, b"other", offer.challenge)

    def test_its_end(self) -> None:
        """There are no keys; a wrong password is a failure."""
        assert EapMd5(CHALLENGE).proved(b"secret") == Done(b"")
        assert isinstance(EapMd5(CHALLENGE).proved(None), Failed)

    @pytest.mark.parametrize("data", [b"", b"\x10" + bytes(15), b"\x11" + bytes(17)])
    def test_a_wrong_size(self, data: bytes) -> None:
        """A digest has 16 octets."""
        assert isinstance(EapMd5(CHALLENGE).step(data, 8), Failed)


class TestMsChapV2:
    def test_the_whole_way(self) -> None:
        """Challenge, response, our own proof by the values of RFC 2759 §9.2, its acknowledgement, keys."""
        challenge, peer, response = (
            bytes.fromhex(RFC2759[key][0]) for key in ("challenge", "peer", "response")
        )
        method = EapMsChapV2(challenge)
        request = method.begin(5)
        assert isinstance(request, Send)
        assert request.data[:5] == bytes((1, 5, 0, len(request.data), 16))
        assert request.data[5:21] == challenge
        value = b"\x31" + peer + bytes(8) + response + b"\0User"
        offer = offer_of(method.step(bytes((2, 5, 0, len(value) + 4)) + value, 6))
        assert offer == MsChap2(5, challenge, peer, response, b"User")
        said = method.proved(b"clientPass")
        assert isinstance(said, Send)
        assert said.data[:2] == b"\3\5"
        assert said.data[4:].startswith(RFC2759["says"][0].encode())
        assert int.from_bytes(said.data[2:4], "big") == len(said.data)
        keys = mschap.master_session_key(mschap.nt_hash(b"clientPass"), response)
        assert method.step(b"\3", 7) == Done(keys)
        assert keys[:16].hex() == RFC2759["receive"][0].replace(" ", "")

    def test_a_wrong_password(self) -> None:
        """The device hears that there is no further try; whatever it says then, it is over."""
        for last in (b"\4", b"\2" + bytes(60), b"\7change"):
            method = EapMsChapV2(CHALLENGE)
            request = method.begin(5)
            assert isinstance(request, Send)
            method.step(ms_chap_v2_answer(request.data, b"alice", b"guess"), 6)
            said = method.proved(None)
            assert isinstance(said, Send)
            assert said.data[:1] == b"\4"
            assert said.data[4:].startswith(b"E=691 R=0 C=")
            assert isinstance(method.step(last, 7), Failed)

    def test_a_device_that_does_not_trust_our_proof(self) -> None:
        """It says failure where success was due, and gets no keys."""
        method = EapMsChapV2(CHALLENGE)
        request = method.begin(5)
        assert isinstance(request, Send)
        method.step(ms_chap_v2_answer(request.data, b"alice", b"secret"), 6)
        method.proved(b"secret")
        assert isinstance(method.step(b"\4", 7), Failed)

    def test_an_answer_to_another_challenge(self) -> None:
        """Its identifier tells."""
        method = EapMsChapV2(CHALLENGE)
        request = method.begin(5)
        assert isinstance(request, Send)
        answer = ms_chap_v2_answer(request.data, b"alice", b"secret")
        assert isinstance(method.step(answer[:1] + b"\6" + answer[2:], 6), Failed)

    def test_an_early_success(self) -> None:
        """Nobody gets in by acknowledging what was never said."""
        method = EapMsChapV2(CHALLENGE)
        method.begin(5)
        assert isinstance(method.step(b"\3", 6), Failed)


@given(st.sampled_from((EapMd5, EapMsChapV2)), st.lists(st.binary(max_size=80), max_size=5), st.booleans())
def test_nothing_a_device_sends_raises(
    make: Callable[[bytes], Method], answers: list[bytes], proves: bool
) -> None:
    """And nobody is through whose proof did not hold."""
    method = make(CHALLENGE)
    method.begin(1)
    for number, answer in enumerate(answers):
        step = method.step(answer, number + 2)
        if isinstance(step, Prove):
            step = method.proved(b"secret" if proves else None)
        if isinstance(step, Done):
            assert proves
        if not isinstance(step, Send):
            break
