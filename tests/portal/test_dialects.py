"""Redirect parameters of many vendors, addresses that may be shown, and the table of dialects."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhuomai_appliance.portal.dialects import DIALECTS, RedirectFacts, normal_mac, read_redirect, safe_url
from zhuomai_appliance.portal.kinds import Kind

HUAWEI = (
    "ac-ip=10.1.1.2&user-ipaddress=10.9.0.7&user-mac=0200-0000-00a7&ssid=Campus&ap-mac=00e0-fc12-3456"
    "&user-vlan=109&redirect-url=http%3A%2F%2Fexample.com%2Fnews%3Fa%3D1%26b%3D2"
)


@pytest.mark.parametrize(
    ("query", "facts"),
    [
        (
            HUAWEI,
            RedirectFacts(
                user_ip="10.9.0.7",
                mac="02:00:00:00:00:a7",
                device="10.1.1.2",
                ssid="Campus",
                ap="00:e0:fc:12:34:56",
                vlan=109,
                original_url="http://example.com/news?a=1&b=2",
            ),
        ),
        (
            "wlanuserip=10.9.0.7&wlanacname=AC-EAST.1&ssid=%E6%A0%A1%E5%9B%AD&wlanusermac=02-00-00-00-00-A7",
            RedirectFacts(user_ip="10.9.0.7", mac="02:00:00:00:00:a7", device="AC-EAST.1", ssid="校园"),
        ),
        (
            "userip=MTAuOS4wLjc=&usermac=02:00:00:00:00:a7&nasid=bas1&userurl=https://example.com/",
            RedirectFacts(
                user_ip="10.9.0.7",
                mac="02:00:00:00:00:a7",
                device="bas1",
                original_url="https://example.com/",
            ),
        ),
        (
            "cmd=login&mac=0200.0000.00a7&essid=Guest&ip=10.9.0.7&apname=ap-3&switchip=10.1.1.9&url=http://a.cn",
            RedirectFacts(
                user_ip="10.9.0.7",
                mac="02:00:00:00:00:a7",
                device="10.1.1.9",
                ssid="Guest",
                ap="ap-3",
                original_url="http://a.cn",
            ),
        ),
        (
            "mac=0200000000A7&ip=10.9.0.7&link-login-only=http://10.5.0.1/login&link-orig=http://a.cn/",
            RedirectFacts(
                user_ip="10.9.0.7",
                mac="02:00:00:00:00:a7",
                login_url="http://10.5.0.1/login",
                original_url="http://a.cn/",
            ),
        ),
        ("USERIP=10.9.0.7&UserMac=0200000000a7", RedirectFacts(user_ip="10.9.0.7", mac="02:00:00:00:00:a7")),
        ("", RedirectFacts()),
    ],
    ids=["huawei", "operator", "h3c-base64", "aruba", "routeros", "any-case", "nothing"],
)
def test_parameters_of_vendors(query: str, facts: RedirectFacts) -> None:
    """The names seen in the field are read, in any case, each value in its normal form."""
    assert read_redirect(parse_qs(query)) == facts


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("userip", "10.9.0"),
        ("userip", "0.0.0.0"),
        ("userip", "224.0.0.1"),
        ("userip", "255.255.255.255"),
        ("userip", "fe80::1"),
        ("userip", "10.9.0.7' or 1=1"),
        ("usermac", "02000000"),
        ("usermac", "00-00-00-00-00-00"),
        ("usermac", "0200000000zz"),
        ("acname", "<script>"),
        ("acname", "x" * 65),
        ("ssid", "x" * 33),
        ("ssid", "a\x1b[31m"),
        ("vlan", "4095"),
        ("vlan", "0"),
        ("vlan", "-1"),
        ("vlan", "１００"),
        ("url", "javascript:alert(1)"),
        ("login-url", "ftp://10.1.1.2/"),
    ],
)
def test_invalid_is_dropped(name: str, value: str) -> None:
    """A value that is not of its type is as if it had not been sent."""
    assert read_redirect({name: [value]}) == RedirectFacts()


def test_own_names_of_a_device_come_first() -> None:
    """A device's configured names win over the table, which still fills what they do not give."""
    query = {"u": ["10.9.0.8"], "userip": ["10.9.0.7"], "usermac": ["0200000000a7"]}
    facts = read_redirect(query, {"user_ip": ("U",)})
    assert (facts.user_ip, facts.mac) == ("10.9.0.8", "02:00:00:00:00:a7")


def test_first_valid_value_counts() -> None:
    """An invalid value hides neither a later one of the same name nor one of another name."""
    assert read_redirect({"userip": ["x", "10.9.0.7"]}).user_ip == "10.9.0.7"
    assert read_redirect({"userip": ["x"], "wlanuserip": ["10.9.0.7"]}).user_ip == "10.9.0.7"


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("http://example.com/", "http://example.com/"),
        ("HTTPS://Example.com:8443/a?b=c#d", "HTTPS://Example.com:8443/a?b=c#d"),
        ("http://[2001:db8::1]/", "http://[2001:db8::1]/"),
        ("http://example.com/新闻", "http://example.com/%E6%96%B0%E9%97%BB"),
        ('http://example.com/"><script>', "http://example.com/%22%3E%3Cscript%3E"),
        ("http://example.com/a%20b", "http://example.com/a%20b"),
        ("//example.com/", None),
        ("/\\example.com/", None),
        ("https:example.com", None),
        ("https:/example.com", None),
        ("http:///example.com", None),
        ("http://\\example.com", None),
        ("http://user:pw@example.com/", None),
        ("http://good.cn\t.evil.cn/", None),
        ("http://exa mple.com/", None),
        (" http://example.com/", None),
        ("http://example.com/\n", None),
        ("javascript:alert(1)//http://x", None),
        ("data:text/html,x", None),
        ("http://example.com:99999/", None),
        ("http://[::1/", None),
        ("http://例子.cn/", None),
        ("http://-x.cn/", None),
        ("http://" + "a" * 3000, None),
        ("", None),
    ],
)
def test_only_plain_web_addresses_are_shown(url: str, safe: str | None) -> None:
    """Rule W4: http and https with a plain host; every trick is refused, odd characters are percent-encoded."""
    assert safe_url(url) == safe


def test_allowed_hosts() -> None:
    """With a list of hosts, only those pass; letter case of the host is no way around it."""
    hosts = {"www.school.edu.cn"}
    assert safe_url("http://WWW.school.edu.cn/x", hosts) == "http://WWW.school.edu.cn/x"
    assert safe_url("http://www.school.edu.cn.evil.cn/", hosts) is None


def test_mac_forms() -> None:
    """Every usual way to write a MAC address reads as the same text."""
    forms = ("aabbccddeeff", "AA-BB-CC-DD-EE-FF", "aa:bb:cc:dd:ee:ff", "aabb-ccdd-eeff", "aabb.ccdd.eeff ")
    assert {normal_mac(form) for form in forms} == {"aa:bb:cc:dd:ee:ff"}


@given(
    st.dictionaries(
        st.sampled_from(("userip", "mac", "acname", "ssid", "vlan", "url", "apmac")), st.lists(st.text())
    )
)
def test_any_query_is_read_without_an_exception(query: dict[str, list[str]]) -> None:
    """Whatever a browser sends, reading it gives facts; none holds a control character."""
    facts = read_redirect(query)
    for value in (facts.user_ip, facts.mac, facts.device, facts.ssid, facts.ap, facts.original_url):
        assert value is None or value.isprintable()


@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_what_is_shown_stays_inside_an_attribute(tail: str) -> None:
    """No address that passes holds a quote, an angle bracket or a blank."""
    shown = safe_url("http://example.com/" + tail)
    assert shown is None or not set("\"'<> \t\r\n") & set(shown)


def test_dialects_name_every_vendor_of_the_settings() -> None:
    """Each vendor that a device may be declared with has a dialect; vendors differ where it matters."""
    named = [
        "standard",
        "zhuomai",
        "huawei-campus",
        "huawei-bras",
        "h3c",
        "ruijie",
        "zte",
        "mikrotik",
        "cisco",
        "aruba",
    ]
    assert sorted(DIALECTS) == sorted(named)
    assert DIALECTS["huawei-campus"].sign_of_life is Kind.STATUS_NOTIFY
    assert DIALECTS["h3c"].sign_of_life is Kind.NTF_HEARTBEAT
    assert not DIALECTS["mikrotik"].speaks
