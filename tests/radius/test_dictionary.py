"""Dictionaries explain packets to people, without their secrets."""

import csv
import re
from pathlib import Path

import pytest

from zhuomai_appliance.radius import attributes
from zhuomai_appliance.radius.dictionary import FOLDER, HUAWEI_FILES, STANDARD_FILES, VENDOR_FILES, load
from zhuomai_appliance.radius.packet import Attribute, Code, Secret, decode, encode_request, vendor_attribute
from zhuomai_appliance.radius.passwords import hide_pap

SECRET = Secret(b"testing123")
AUTHENTICATOR = bytes(range(16))

# values of Acct-Status-Type, named like the attributes beside them
STATUSES = {"ACCT_START", "ACCT_STOP", "ACCT_INTERIM", "ACCT_ON", "ACCT_OFF"}


def described(
    given: list[Attribute], dialect: str = "huawei-campus", *, reveal: bool = False
) -> list[tuple[str, str]]:
    request = encode_request(Code.ACCESS_REQUEST, 1, given, SECRET, authenticator=AUTHENTICATOR, sign=False)
    return load(dialect).describe(decode(request), reveal)


def test_no_file_is_forgotten() -> None:
    """Every file of the folder is loaded, and every loaded file is there."""
    loaded = {*STANDARD_FILES, *VENDOR_FILES, *HUAWEI_FILES.values()}
    assert {path.name for path in FOLDER.iterdir()} == loaded


def test_constants_agree_with_the_files() -> None:
    """Each attribute that code names has the same name in the dictionaries."""
    numbers = {
        name: number
        for name, number in vars(attributes).items()
        if isinstance(number, int) and name not in STATUSES and not re.match("ERROR_[^C]|VENDOR_[^S]", name)
    }
    assert len(numbers) > 40
    for name, number in numbers.items():
        assert load().name_of(number).upper().replace("-", "_") == name


def test_vendor_numbers_agree_with_the_files() -> None:
    """Each vendor that code names has attributes in the dictionaries."""
    known = {kind.vendor_id for kind in load()} - {0}
    named = {number for name, number in vars(attributes).items() if name.startswith("VENDOR_")}
    assert named - {attributes.VENDOR_SPECIFIC} == known


def test_the_two_huaweis() -> None:
    """The same numbers of vendor 2011 are explained by the kind of device; names are known in both."""
    campus, bras = load("huawei-campus"), load("huawei-bras")
    assert campus.name_of(3, 2011) == "HW-Input-Committed-Burst-Size"
    assert bras.name_of(3, 2011) == "Huawei-Input-Peak-Rate"
    assert campus.name_of(146, 2011) == "HW-User-Policy"
    assert bras.name_of(146, 2011) == "Huawei-Acct-IPv6-Input-Packets"
    assert campus.named("Huawei-Input-Peak-Rate") == bras.named("Huawei-Input-Peak-Rate")
    assert load("mikrotik").name_of(3, 2011) == campus.name_of(3, 2011)


FACTS = Path(__file__).parents[1] / "vectors" / "attributes.csv"


def test_every_known_fact_is_in_the_dictionaries() -> None:
    """Names, numbers and types are those of the documents, for each dialect.

    One differs on purpose: Huawei's BRAS sends its sub-cause as a number unless it is told to send text.
    """
    with FACTS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 270
    for row in rows:
        dialect = "huawei-bras" if row["vendor"] == "Huawei-BRAS" else "huawei-campus"
        kind = load(dialect).numbered(int(row["number"]), int(row["vendor_id"]))
        assert kind is not None, row
        assert kind.name == row["attribute"]
        assert kind.kind == row["type"] or kind.name == "Huawei-Acct-Terminate-Subcause", row


def test_h3c_gigawords_are_148_and_149() -> None:
    """The IPv6 gigawords of H3C do not share numbers with the packets, as one widespread dictionary has it."""
    assert load().named("H3C-Acct-IPv6-Input-Gigawords").number == 148
    assert load().named("H3C-Acct-IPv6-Output-Gigawords").number == 149


def test_unknown_numbers() -> None:
    """An attribute that no file knows has a name all the same, and is shown as octets."""
    given = [(250, b"\x01\x02"), vendor_attribute(2011, 77, bytes(4)), vendor_attribute(99999, 7, b"x")]
    assert described(given) == [
        ("Attr-250", "0x0102"),
        ("HW-Input-Peak-Burst-Size", "0"),
        ("Attr-26.99999.7", "0x78"),
    ]


def test_description() -> None:
    """Values are readable and in order; a wrong size and a broken inside are shown as octets."""
    broken = (26, bytes.fromhex("000007db9900"))
    given = [
        (1, "张三".encode()),
        (4, bytes((192, 0, 2, 1))),
        (5, b"\0\1"),
        (6, bytes((0, 0, 0, 2))),
        (26, bytes.fromhex("000007db020600001388") + bytes.fromhex("990600000003")),
        broken,
        (61, bytes((0, 0, 0, 19))),
        (64, bytes((1, 0, 0, 13))),
        (81, b"\x01100"),
        (97, bytes.fromhex("002020010db8")),
        (25, b"\xff\x00"),
    ]
    assert described(given) == [
        ("User-Name", "张三"),
        ("NAS-IP-Address", "192.0.2.1"),
        ("NAS-Port", "0x0001"),
        ("Service-Type", "Framed"),
        ("HW-Input-Committed-Information-Rate", "5000"),
        ("HW-Access-Type", "Portal"),
        ("Vendor-Specific", "0x000007db9900"),
        ("NAS-Port-Type", "Wireless-802.11"),
        ("Tunnel-Type:1", "VLAN"),
        ("Tunnel-Private-Group-Id:1", "100"),
        ("Framed-IPv6-Prefix", "2001:db8::/32"),
        ("Class", "0xff00"),
    ]


def test_hostile_text() -> None:
    """A user name cannot move the cursor, start a line or turn the text round."""
    assert described([(1, "a\n\x1b[31m\u202e\0b".encode())]) == [("User-Name", r"a\x0a\x1b[31m\u202e\x00b")]


@pytest.mark.parametrize(
    "secret",
    [
        (2, hide_pap(b"password", SECRET, AUTHENTICATOR)),
        (3, bytes(17)),
        (60, bytes(16)),
        (79, bytes(8)),
        (69, bytes(20)),
        vendor_attribute(311, 1, bytes(50)),
        vendor_attribute(311, 11, bytes(16)),
        vendor_attribute(311, 12, bytes(32)),
        vendor_attribute(311, 16, bytes(50)),
        vendor_attribute(311, 17, bytes(50)),
        vendor_attribute(311, 25, bytes(50)),
        vendor_attribute(14988, 16, b"wifi-key"),
    ],
)
def test_secrets_are_hidden(secret: Attribute) -> None:
    """A trace shows of a secret only its size; who asks for it sees the octets of the wire."""
    (_, shown), *_ = described([secret])
    assert shown.startswith("<hidden, ")
    (_, revealed), *_ = described([secret], reveal=True)
    assert not revealed.startswith("<hidden")


def test_bras_passwords_are_hidden() -> None:
    """Number 33 is a password on a Huawei BRAS and a flag on campus devices."""
    password = vendor_attribute(2011, 33, b"secret")
    assert described([password], "huawei-bras") == [("Huawei-User-Password", "<hidden, 6 octets>")]
    flag = vendor_attribute(2011, 33, bytes((0, 0, 0, 1)))
    assert described([flag]) == [("HW-VoiceVlan", "1")]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("Session-Timeout", 3600, (27, bytes.fromhex("00000e10"))),
        ("Session-Timeout", "3600", (27, bytes.fromhex("00000e10"))),
        ("Service-Type", "Framed", (6, bytes.fromhex("00000002"))),
        ("Framed-IP-Address", "192.0.2.7", (8, bytes.fromhex("c0000207"))),
        ("Class", b"\x00\x01", (25, b"\x00\x01")),
        ("Delegated-IPv6-Prefix", "2001:db8::/56", (123, bytes.fromhex("003820010db8") + bytes(12))),
        ("Mikrotik-Rate-Limit", "4M/8M", (26, bytes.fromhex("00003a8c0807") + b"4M/8M")),
        ("H3C-Backup-NAS-IP", "192.0.2.7", (26, bytes.fromhex("000063a2cf06c0000207"))),
        ("Tunnel-Type", "VLAN", (64, bytes.fromhex("0000000d"))),
        ("Tunnel-Private-Group-Id", "100", (81, b"100")),
    ],
)
def test_encoding_by_name(name: str, value: str | int | bytes, expected: Attribute) -> None:
    """A value given by name becomes the octets that the documents show, and is read back."""
    kind = load().named(name)
    number, octets = kind.encode(value)
    assert (number, octets) == expected
    inside = octets[6:] if kind.vendor_id else octets
    back = kind.decode(inside)
    assert back == value or kind.show(inside) == value


def test_tags() -> None:
    """A tag stands before the value and is taken off again; a text's first letter is no tag (RFC 2868 §3.6)."""
    kind = load().named("Tunnel-Private-Group-Id")
    assert kind.encode("100", tag=3) == (81, b"\x03100")
    assert (kind.tag(b"\x03100"), kind.decode(b"\x03100")) == (3, "100")
    assert (kind.tag(b"100"), kind.decode(b"100")) == (0, "100")
    assert load().named("Tunnel-Medium-Type").encode("IEEE-802", tag=3) == (65, bytes((3, 0, 0, 6)))


@pytest.mark.parametrize(
    ("name", "value", "tag"),
    [
        ("Session-Timeout", -1, 0),
        ("Session-Timeout", "soon", 0),
        ("Framed-IP-Address", "elsewhere", 0),
        ("Framed-IP-Address", 7, 0),
        ("State", "text", 0),
        ("User-Name", 7, 0),
        ("User-Name", "x", 1),
        ("Tunnel-Type", "VLAN", 32),
        ("Tunnel-Private-Group-Id", "100", 32),
        ("Tunnel-Type", 0x01000000, 0),
        ("Mikrotik-Rate-Limit", "x" * 248, 0),
    ],
)
def test_values_that_do_not_fit(name: str, value: str | int | bytes, tag: int) -> None:
    """A value or tag that the type cannot hold is refused."""
    with pytest.raises(ValueError, match=r"."):
        load().named(name).encode(value, tag)


def test_an_unknown_name() -> None:
    """A name that no file has is refused."""
    with pytest.raises(KeyError):
        load().named("User-Nmae")
