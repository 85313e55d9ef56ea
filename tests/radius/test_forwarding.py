"""What a proxy passes on and brings back, whatever the other end sends."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.vendors.examples import a_packet
from zhuomai_appliance.radius import attributes as attr
from zhuomai_appliance.radius.forwarding import (
    HIDDEN,
    MOST_HOPS,
    attributes_in,
    came_back,
    forwarded,
    forwarded_report,
    is_looping,
    octets_of,
    permitted,
)
from zhuomai_appliance.radius.packet import (
    Attribute,
    Code,
    Packet,
    Secret,
    decode,
    encode_reply,
    vendor_attribute,
)

SECRET = Secret(b"secret")
NUMBERS = st.integers(1, 255).filter(lambda number: number != attr.MESSAGE_AUTHENTICATOR)
ATTRIBUTES = st.lists(st.tuples(NUMBERS, st.binary(max_size=253)), max_size=12)


def a_reply(code: int, *attributes: Attribute) -> Packet:
    return decode(encode_reply(code, a_packet([]), attributes, SECRET, sign=True))


@given(ATTRIBUTES)
def test_rule_19_proxy_states_of_others_pass_untouched_and_in_order(attributes: list[Attribute]) -> None:
    """RFC 2865 §5.33: ours stands behind them all, and nothing but password and signature is left out."""
    packet = a_packet(attributes)
    passed = forwarded(packet, None, b"ours")
    states = [value for number, value in attributes if number == attr.PROXY_STATE]
    assert [value for number, value in passed if number == attr.PROXY_STATE] == [*states, b"ours"]
    kept = [one for one in attributes if one[0] != attr.USER_PASSWORD]
    assert list(passed)[: len(kept)] == kept


@given(ATTRIBUTES, st.sampled_from([Code.ACCESS_ACCEPT, Code.ACCESS_REJECT, Code.ACCESS_CHALLENGE]))
def test_nothing_comes_back_that_is_not_on_the_list(attributes: list[Attribute], code: Code) -> None:
    """Whatever is in the answer: no rate, no VLAN, no Class, no hidden key, no half vendor attribute; never an exception."""
    harmless = {1, 18, 24, 26, 27, 28, 79, 89, 101}
    kept = permitted(a_reply(code, *attributes), frozenset())
    assert {number for number, _ in kept} <= harmless
    assert all(value[:4] == b"\0\0\x01\x37" for number, value in kept if number == 26)


def test_accepted_attributes_are_those_of_an_accept() -> None:
    """The entry's permission opens an Access-Accept, not a Reject or a Challenge, and never hidden keys."""
    rate = vendor_attribute(2011, 2, b"\0\0\0\1")
    key = vendor_attribute(311, 16, bytes(34))
    accepted = frozenset({(2011, 2), *HIDDEN})
    assert permitted(a_reply(Code.ACCESS_ACCEPT, rate, key), accepted) == (rate,)
    assert permitted(a_reply(Code.ACCESS_REJECT, rate), accepted) == ()


def test_a_sentence_does_not_go_beside_eap() -> None:
    """RFC 3579 §2.6.5."""
    eap = (attr.EAP_MESSAGE, b"\4\1\0\4")
    assert permitted(a_reply(Code.ACCESS_REJECT, eap, (attr.REPLY_MESSAGE, b"no")), frozenset()) == (eap,)


def test_circles_are_seen() -> None:
    """Our own mark anywhere, or as many hops as nobody needs."""
    others = [(attr.PROXY_STATE, b"%d" % hop) for hop in range(MOST_HOPS - 1)]
    assert not is_looping(a_packet(others), b"zm")
    assert is_looping(a_packet([*others, (attr.PROXY_STATE, b"x")]), b"zm")
    assert is_looping(a_packet([(attr.PROXY_STATE, b"zm1"), (attr.PROXY_STATE, b"x")]), b"zm")


def test_an_answer_is_ours_by_its_last_proxy_state() -> None:
    """Missing, changed or not the last: another's."""
    states = [(attr.PROXY_STATE, b"theirs"), (attr.PROXY_STATE, b"ours")]
    assert came_back(a_reply(Code.ACCESS_ACCEPT, *states), b"ours")
    assert not came_back(a_reply(Code.ACCESS_ACCEPT, *reversed(states)), b"ours")
    assert not came_back(a_reply(Code.ACCESS_ACCEPT), b"ours")


@given(ATTRIBUTES)
def test_kept_reports_are_read_as_they_were_written(attributes: list[Attribute]) -> None:
    """Days later, in another process."""
    assert list(attributes_in(octets_of(attributes))) == attributes


def test_a_report_carries_what_the_other_server_knows() -> None:
    """Its own Class values for ours, the name it knows, our delay left to the moment of telling."""
    packet = a_packet(
        [
            (1, b"zhang@edu.cn"),
            (25, b"z2ours"),
            (25, b"other"),
            (33, b"state"),
            (41, b"\0\0\0\5"),
            (44, b"S1"),
        ],
        4,
    )
    told = forwarded_report(packet, b"zhang", (b"c1", b"c2"), b"z2ours", [(32, b"ap"), (44, b"not again")])
    assert told == ((32, b"ap"), (1, b"zhang"), (25, b"c1"), (25, b"c2"), (25, b"other"), (44, b"S1"))
