"""Values are read from any octets and written only if they fit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhuomai_appliance.radius import values

READERS = [
    values.integer,
    values.address,
    values.address6,
    values.prefix6,
    values.interface_id,
    values.text,
]


@given(st.none() | st.binary(max_size=253))
def test_readers_take_anything(octets: bytes | None) -> None:
    """Whatever an attribute holds, a reader gives a value or None and raises nothing."""
    for reader in READERS:
        value = reader(octets)
        assert value is None or isinstance(value, int | str)


@pytest.mark.parametrize(
    ("reader", "sizes"),
    [
        (values.integer, (0, 1, 3, 5)),
        (values.address, (0, 1, 3, 5)),
        (values.address6, (0, 4, 15, 17)),
        (values.prefix6, (0, 1, 19)),
        (values.interface_id, (0, 7, 9)),
    ],
)
def test_a_wrong_size_is_no_value(reader: object, sizes: tuple[int, ...]) -> None:
    """A value whose size is not its type's is None, not zero and not an error."""
    assert callable(reader)
    assert [reader(bytes(size)) for size in sizes] == [None] * len(sizes)


@pytest.mark.parametrize(
    ("reader", "octets", "value"),
    [
        (values.integer, "00000000", 0),
        (values.integer, "ffffffff", 0xFFFFFFFF),
        (values.address, "c0a80110", "192.168.1.16"),
        (values.address6, "20010db8000000000000000000000001", "2001:db8::1"),
        (values.prefix6, "002020010db8", "2001:db8::/32"),
        (values.prefix6, "0000", "::/0"),
        (values.prefix6, "008020010db8000000000000000000000001", "2001:db8::1/128"),
        (values.prefix6, "002020010db8ffff", "2001:db8::/32"),
        (values.prefix6, "008120010db8", None),
        (values.interface_id, "02005efffe005301", "0200:5eff:fe00:5301"),
        (values.text, "e58d93e8bf88", "卓迈"),
        (values.text, "d7bfc2f5", "卓迈"),
        (values.text, "616263ff", "abc\ufffd"),
    ],
)
def test_known_values(reader: object, octets: str, value: object) -> None:
    """Octets that a document or a device shows are read as it says, GBK included."""
    assert callable(reader)
    assert reader(bytes.fromhex(octets)) == value


@given(st.integers(0, 0xFFFFFFFF))
def test_integers(number: int) -> None:
    """Every number of 32 bits comes back."""
    assert values.integer(values.integer_value(number)) == number


@given(st.ip_addresses(v=4).map(str))
def test_addresses(dotted: str) -> None:
    """Every IPv4 address comes back."""
    assert values.address(values.address_value(dotted)) == dotted


@given(st.ip_addresses(v=6).map(str), st.integers(0, 128))
def test_ipv6(words: str, length: int) -> None:
    """Every IPv6 address comes back, and a prefix of it comes back once its host bits are gone."""
    assert values.address6(values.address6_value(words)) == words
    prefix = values.prefix6(values.prefix6_value(f"{words}/{length}"))
    assert prefix is not None
    assert prefix.endswith(f"/{length}")
    assert values.prefix6(values.prefix6_value(prefix)) == prefix


@given(st.text(max_size=60))
def test_texts(words: str) -> None:
    """Every text of fitting length comes back."""
    assert values.text(values.text_value(words)) == words


@pytest.mark.parametrize(
    ("writer", "value"),
    [
        (values.integer_value, -1),
        (values.integer_value, 0x1_0000_0000),
        (values.address_value, "192.0.2.256"),
        (values.address6_value, "192.0.2.1"),
        (values.prefix6_value, "2001:db8::"),
        (values.prefix6_value, "2001:db8::/129"),
        (values.prefix6_value, "2001:db8::/-1"),
        (values.interface_id_value, "1:2:3:4"),
        (values.interface_id_value, "zzzz:0000:0000:0000"),
        (values.text_value, "卓" * 85),
    ],
)
def test_what_does_not_fit(writer: object, value: object) -> None:
    """A value that its type cannot hold is refused, never cut or wrapped round."""
    assert callable(writer)
    with pytest.raises(ValueError, match=r"."):
        writer(value)


@given(st.text())
def test_escaped_is_one_visible_line(words: str) -> None:
    """Nothing that a terminal would obey or hide is left, and different texts stay different."""
    shown = values.escaped(words)
    assert shown.isprintable()
    assert shown.replace("\\\\", "\0").count("\\") == sum(
        1 for character in words if not character.isprintable()
    )


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("张三 20260001", "张三 20260001"),
        ("a\r\nb", r"a\x0d\x0ab"),
        ("\x1b[2J", r"\x1b[2J"),
        ("abc\u202efdp.exe", r"abc\u202efdp.exe"),
        ("a\\x00", r"a\\x00"),
        ("\U000e0001", r"\U000e0001"),
    ],
)
def test_escaped(words: str, shown: str) -> None:
    """Chinese text stays readable, controls and bidirectional marks become visible."""
    assert values.escaped(words) == shown
