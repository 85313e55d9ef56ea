"""Addresses, VLANs and names in every writing that the vendors' guides show, and in hostile ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhuomai_appliance.vendors.identity import (
    Vlans,
    address_and_mac_from,
    mac_from,
    mac_of_name,
    raw_station,
    session_id_from,
    session_id_octets,
    ssid_from,
    usable_address,
    vlans_from,
    words_of,
)

MAC = "a4:5e:60:aa:bb:cc"


@pytest.mark.parametrize(
    "written",
    [
        b"a45e-60aa-bbcc",
        b"A4-5E-60-AA-BB-CC",
        b"a4:5e:60:aa:bb:cc",
        b"a45e.60aa.bbcc",
        b"a45e60aabbcc",
        b"A45E60AABBCC",
        bytes.fromhex("a45e60aabbcc"),
        b" a45e60aabbcc ",
        b"zte_slot_1 a45e60aabbcc",
    ],
)
def test_every_writing_of_a_mac(written: bytes) -> None:
    """A device's way to write an address does not matter."""
    assert mac_from(written) == MAC


@pytest.mark.parametrize(
    "written",
    [None, b"", b"10.1.2.3", b"zhang", b"secret", b"a45e60aabbc", b"a45e60aabbccd", b"\0" * 7, b"\xff"],
)
def test_no_mac(written: bytes | None) -> None:
    """What is no address gives none; six letters are letters."""
    assert mac_from(written) is None


@pytest.mark.parametrize("name", [b"x a45e60aabbcc", b"a45e60aabbcc@dorm", b"a45e-60aabbcc", b"20260001"])
def test_a_name_is_a_mac_only_if_it_is_nothing_else(name: bytes) -> None:
    """An account's name that merely holds twelve hex digits stays an account's name."""
    assert mac_of_name(name) is None


@pytest.mark.parametrize(
    ("port_id", "vlans"),
    [
        ("slot=0;subslot=0;port=12;vlanid=100;interfaceName=GigabitEthernet0/0/12", Vlans(100, None)),
        ("slot=0;subslot=0;port=12;VLAN ID=100;", Vlans(100, None)),
        ("SLOT = 0; subslot = 0; port = 12; vlanid = 7", Vlans(7, None)),
        ("0100000000000100", Vlans(100, None)),
        ("gigabitEthernet1/0/2.5:1001.204", Vlans(1001, 204)),
        ("gigabitEthernet1/0/2.5:1001", Vlans(1001, None)),
        ("gigabitEthernet1/0/2.5", Vlans(None, None)),
        ("eth 3/0/2:4096.1234 guangzhou001/0/31/63/31/127", Vlans(1234, None)),
        ("eth 3/0/2:100.1234 guangzhou001/0/31/63/31/127:x.y", Vlans(100, 1234)),
        ("trunk 0/0/0:4096.4096 x", Vlans(None, None)),
        ("3/0/1:2814.727", Vlans(2814, 727)),
        ("slot=2;subslot=2;port=22;vlanid=503;vlanid2=100;", Vlans(503, 100)),
        ("ether2", Vlans(None, None)),
        ("vlan100-dorm", Vlans(100, None)),
        ("slot=0;port=1;vlanid=0", Vlans(None, None)),
        ("slot=0;port=1;vlanid=999999", Vlans(None, None)),
        ("九号楼三层", Vlans(None, None)),
        ("", Vlans(None, None)),
        (None, Vlans(None, None)),
    ],
)
def test_vlans_of_a_port(port_id: str | None, vlans: Vlans) -> None:
    """All documented forms of NAS-Port-Id are read; 4096 and 0 are no VLAN; an unknown form is no error."""
    assert vlans_from(port_id) == vlans


@pytest.mark.parametrize(
    ("called", "ssid"),
    [
        (b"00-15-70-91-E2-40:Campus", "Campus"),
        (b"00:15:70:91:e2:40:Campus", "Campus"),
        (b"0015-7091-e240:a:b c", "a:b c"),
        (b"001570 91e240:x", None),
        (b"00157091e240:eduroam", "eduroam"),
        ("00-15-70-91-E2-40:校园网".encode("gb18030"), "校园网"),
        ("00-15-70-91-E2-40:校园网".encode(), "校园网"),
        (b"00-15-70-91-E2-40", None),
        (b"00-15-70-91-E2-40:", None),
        (b"00-15-70-91-E2-40:" + b"x" * 33, None),
        (b"hotspot1", None),
        (b"", None),
        (None, None),
    ],
)
def test_network_name(called: bytes | None, ssid: str | None) -> None:
    """The SSID stands behind the access point's address and may hold colons, blanks and Chinese."""
    assert ssid_from(called) == ssid


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("校园".encode("gbk"), "校园"),
        ("校园".encode(), "校园"),
        ("Café".encode(), "Café"),
        ("Кафе5".encode(), "Кафе5"),
        (b"plain", "plain"),
        (b"\xff\xfe", "\N{REPLACEMENT CHARACTER}" * 2),
        (None, None),
    ],
)
def test_encoding_of_names(value: bytes | None, words: str | None) -> None:
    """Chinese in GBK is read as Chinese although its octets are letters of other scripts in UTF-8."""
    assert words_of(value) == words


def test_pair_of_address_and_mac() -> None:
    """26-60 gives both; the address that means "unknown" gives none."""
    assert address_and_mac_from(b"10.1.2.3 a4:5e:60:aa:bb:cc") == ("10.1.2.3", MAC)
    assert address_and_mac_from(b"255.255.255.255 a4:5e:60:aa:bb:cc") == (None, MAC)
    assert address_and_mac_from(b"nonsense") == (None, None)
    assert address_and_mac_from(None) == (None, None)


@pytest.mark.parametrize(
    "address", ["0.0.0.0", "255.255.255.255", "255.255.255.254", "1.2.3", "1.2.3.256", "x", None]
)
def test_addresses_that_are_none(address: str | None) -> None:
    """The values by which devices say "not known yet" are not addresses."""
    assert usable_address(address) is None


@given(st.binary(max_size=253))
def test_session_ids_survive_and_never_meet(value: bytes) -> None:
    """Any Acct-Session-Id becomes printable text and comes back as the same octets: no two fall into one."""
    text = session_id_from(value)
    assert text.isascii()
    assert "\0" not in text
    assert session_id_octets(text) == value


@given(st.binary(max_size=253))
def test_any_octets_are_read(value: bytes) -> None:
    """No reader fails on any octets, and no text keeps a NUL, which a database column may refuse."""
    for reader in (mac_from, mac_of_name, ssid_from, address_and_mac_from):
        reader(value)
    vlans_from(value.decode("latin-1"))
    assert "\0" not in raw_station(value)
    assert "\0" not in (ssid_from(value) or "")
