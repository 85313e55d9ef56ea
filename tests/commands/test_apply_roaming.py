"""Realms and servers elsewhere of a site file: in the books, once, or told what is wrong."""

from __future__ import annotations

import pytest

from tests.commands.box import Box
from tests.commands.test_apply import MAIN, SCHOOL, apply, refused
from zhuomai_appliance.entropy import SystemEntropy
from zhuomai_appliance.model.roaming import Realm, Transport, WhenSilent
from zhuomai_appliance.store import roaming
from zhuomai_appliance.store.sqlite import reading
from zhuomai_appliance.store.vault import load_key

SITE = (
    SCHOOL
    + """
[[group]]
name = "staff"
[[upstream]]
name = "near"
address = "192.0.2.7"
secret = "their secret"
[[upstream]]
name = "far"
address = "2001:db8::7"
transport = "tls"
server_name = "radius.example.edu"
accept_attributes = ["Tunnel-Private-Group-Id"]
[[realm]]
name = "Staff"
ssids = ["Staff"]
group = "staff"
[[realm]]
name = ".EDU.cn"
upstreams = ["near", "far"]
when_silent = "reject"
[[realm]]
name = "电信"
[[realm]]
name = "cmcc_dorm"
upstreams = ["near"]
[[realm]]
name = "*"
reject = "no visitors"
"""
)


def test_a_declared_realm_is_in_the_books_once(box: Box) -> None:
    """Every key arrives, secrets sealed; the second time nothing changes, one key changes one item."""
    apply(box, SITE)
    vault = load_key(box.files.key_file, SystemEntropy())
    with reading(box.files.database) as reader:
        far, near = roaming.upstreams(reader, vault)
        realms = {one.name: one for one in roaming.realms(reader)}
    assert (near.address, near.secret, near.auth_port, near.acct_port) == (
        "192.0.2.7", b"their secret", 1812, 1813,
    )  # fmt: skip
    assert (far.transport, far.secret, far.auth_port, far.acct_port) == (Transport.TLS, b"radsec", 2083, 2083)
    assert far.accept_attributes == ("Tunnel-Private-Group-Id",)
    assert realms["staff"].group_id is not None and realms["staff"].strip
    assert realms[".edu.cn"] == Realm(
        MAIN, ".edu.cn", upstreams=("near", "far"), strip=False, when_silent=WhenSilent.REJECT
    )
    assert realms["*"].reject == "no visitors"
    assert {one["outcome"] for one in apply(box, SITE).values()} == {"left"}
    items = apply(box, SITE.replace('secret = "their secret"', 'secret = "another"'))
    assert {name: one["note"] for name, one in items.items() if one["outcome"] == "changed"} == {
        "upstream near": "secret"
    }


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ('[[realm]]\nname = "a b"', "realm a b: name"),
        ('[[realm]]\nname = "电信"\nupstreams = ["near"]', '"电信" is no realm'),
        (
            '[[nas]]\nname = "n"\naddress = "10.0.0.0/8"\nsecret = "s"\nquirks = { proxy = true }',
            "proxy is one server",
        ),
        ('[[realm]]\nname = "x"\nupstreams = ["gone"]', 'there is no upstream "gone"'),
        (
            '[[realm]]\nname = "x"\nreject = "no"\ngroup = "staff"',
            "belongs to a realm whose accounts are here",
        ),
        ('[[realm]]\nname = "x"\nssids = ["Staff"]', '"Staff" stands for "staff" already'),
        ('[[realm]]\nname = ".x"\nssids = ["Other"]', "stand for one realm"),
        ('[[upstream]]\nname = "u"\naddress = "radius.example.edu"\nsecret = "s"', "is no address"),
        ('[[upstream]]\nname = "u"\naddress = "192.0.2.8"', "secret: is missing"),
        ('[[realm]]\nname = "x"\nupstreams = ["near"]\nremoved = true\nreject = "no"', "not both"),
        (
            '[[upstream]]\nname = "u"\naddress = "192.0.2.8"\nsecret = "s"\naccept_attributes = ["Nonsense"]',
            'no dictionary knows "Nonsense"',
        ),
    ],
)
def test_what_is_wrong_is_told(box: Box, wrong: str, told: str) -> None:
    """A realm that would let the wrong people in, or none, is refused with table, name and key."""
    assert any(told in line for line in refused(box, SITE + wrong))


def test_realms_and_servers_can_be_taken_away(box: Box) -> None:
    """A server not before the last realm that is passed on to it; what is gone already is left."""
    apply(box, SITE)
    near = '[[upstream]]\nname = "near"\naddress = "192.0.2.7"\nremoved = true\n'
    assert refused(box, SCHOOL + near) == [
        'realm .edu.cn: upstreams: "near" is removed',
        'realm cmcc_dorm: upstreams: "near" is removed',
    ]
    gone = "".join(f'[[realm]]\nname = "{name}"\nremoved = true\n' for name in (".edu.cn", "cmcc_dorm"))
    items = apply(box, SCHOOL + near + gone)
    assert {name: one["note"] for name, one in items.items() if one["outcome"] == "changed"} == {
        "upstream near": "removed",
        "realm .edu.cn": "removed",
        "realm cmcc_dorm": "removed",
    }
    assert {one["outcome"] for one in apply(box, SCHOOL + near + gone).values()} == {"left"}
