"""Packets in a stream come out as they went in, however the stream is cut."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhuomai_appliance.radius.framing import PacketStream
from zhuomai_appliance.radius.packet import WireError

packets = st.integers(20, 4096).map(lambda size: b"\1\7" + size.to_bytes(2, "big") + bytes(size - 4))


@given(st.lists(packets, max_size=4), st.lists(st.integers(0, 16_384), max_size=8))
def test_cuts_do_not_matter(sent: list[bytes], cuts: list[int]) -> None:
    """One octet at a time or everything at once."""
    stream, octets, found = PacketStream(), b"".join(sent), list[bytes]()
    places = [0, *sorted(cut for cut in cuts if cut < len(octets)), len(octets)]
    for begin, end in itertools.pairwise(places):
        found += stream.feed(octets[begin:end])
    assert found == sent
    assert not stream.is_unfinished


@pytest.mark.parametrize("length", [0, 4, 19, 4097, 65_535])
def test_a_length_that_no_packet_has_ends_the_stream(length: int) -> None:
    """As soon as it is read: nobody waits for the rest, and nobody holds it."""
    with pytest.raises(WireError):
        PacketStream().feed(b"\1\7" + length.to_bytes(2, "big"))


def test_what_is_unfinished_is_known() -> None:
    """So that somebody who never finishes can be hung up on."""
    stream = PacketStream()
    assert stream.feed(b"\1\7\0") == []
    assert stream.is_unfinished
    assert stream.feed(b"\x14" + bytes(16)) == [b"\1\7\0\x14" + bytes(16)]
    assert not stream.is_unfinished
