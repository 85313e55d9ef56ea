"""The page of profiles, as phones and computers open it, and what they download from it."""

from __future__ import annotations

import hashlib
import plistlib
import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from treq.testing import StubTreq
from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import School, result
from tests.radius.tls_peer import authority
from tests.web.fixtures import NOW, WEB, ZONE
from zhuomai_appliance.model.wifi import WifiMethod, WifiNetwork
from zhuomai_appliance.radius import eap_authority
from zhuomai_appliance.store import network, settings
from zhuomai_appliance.web.app import captive_site
from zhuomai_appliance.web.captive import profiles
from zhuomai_appliance.web.captive.pages import CaptiveDeps
from zhuomai_appliance.web.captive.profiles import WifiTrust
from zhuomai_appliance.web.render import Renderer
from zhuomai_appliance.web.words import Language

RENDERER = Renderer(WEB)
HERE = "http://portal.school.example"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)"
ODD = '校园<&>"网'


def read_xml(document: bytes) -> ET.Element:
    return ET.fromstring(document)  # noqa: S314 - our own


class WifiPageTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = School()
        self.authority = eap_authority.to_der(authority().certificate)
        self.trust: WifiTrust | None = WifiTrust("radius.school.example", self.authority)
        self.offer(WifiNetwork("Campus-1X"), WifiNetwork(ODD, WifiMethod.TTLS_PAP, True, "anon"))
        deps = CaptiveDeps(
            portal_login=self.school.portal,
            tables=self.school.tables,
            store=self.school.store,
            renderer=RENDERER,
            clock=self.school.now,
            later=self.school.clock.callLater,
            reference=lambda: "REF23",
            public_url=HERE,
            trust=lambda: self.trust,
        )
        self.phone: Any = StubTreq(captive_site(deps))

    def offer(self, *networks: WifiNetwork) -> None:
        self.school.write(lambda tx: settings.put_wifi(tx, self.school.project, networks))

    def get(self, path: str, **headers: str) -> tuple[int, Any, bytes]:
        response = result(self.phone.get(f"{HERE}{path}", headers={"Accept-Language": "zh-CN", **headers}))
        return response.code, response.headers, result(response.content())

    def page(self, path: str = "/wifi", **headers: str) -> str:
        code, _, body = self.get(path, **headers)
        self.assertEqual(code, 200)
        return body.decode()

    def test_whoever_comes_sees_his_own_system_first(self) -> None:
        """In his language, with the server's name and the fingerprint to compare, and no login asked for."""
        for agent, first in (
            (IPHONE, "apple"),
            ("Mozilla/5.0 (Linux; Android 15; HarmonyOS)", "android"),
            ("Mozilla/5.0 (Windows NT 10.0; Win64; x64)", "windows"),
            ("Mozilla/5.0 (X11; Linux x86_64)", "linux"),
            ("curl", "apple"),
        ):
            page = self.page(**{"User-Agent": agent})
            found = re.findall(r'class="card" id="(\w+)"', page)
            self.assertEqual((found[0], len(found)), (first, 4))
        self.assertIn("radius.school.example", page)
        digest = hashlib.sha256(self.authority).hexdigest().upper()
        self.assertIn(digest, re.sub(r"[ \n]", "", page))
        self.assertIn("无线配置", page)
        self.assertIn("Wi-Fi set-up", self.page(**{"Accept-Language": "en"}))
        self.assertIn("Wi-Fi set-up", self.page("/wifi?lang=en"))
        self.assertIn("Wi-Fi set-up", self.page("/wifi/?lang=en"))

    def test_each_network_has_its_files(self) -> None:
        """The links of the page lead to the files of that very network."""
        for path, ssid in (("/wifi", "Campus-1X"), ("/wifi?p=1&n=1", ODD)):
            page = self.page(path)
            for kind, link in re.findall(r'href="(?:/wifi/wifi\.(mobileconfig|xml)\?([^"]+))"', page):
                code, _, body = self.get(f"/wifi/wifi.{kind}?{link.replace('&amp;', '&')}")
                self.assertEqual(code, 200)
                if kind == "mobileconfig":
                    self.assertEqual(plistlib.loads(body)["PayloadDisplayName"], ssid)
                else:
                    self.assertEqual(read_xml(body)[0].text, ssid)

    def test_files_come_as_files(self) -> None:
        """Each with the type that its system knows, under a name of its own, the authority's as it is."""
        code, headers, body = self.get("/wifi/ca.crt")
        self.assertEqual((code, body), (200, self.authority))
        self.assertEqual(headers.getRawHeaders("content-type"), ["application/x-x509-ca-cert"])
        _, headers, _ = self.get("/wifi/wifi.mobileconfig?p=1&n=1")
        self.assertEqual(headers.getRawHeaders("content-type"), ["application/x-apple-aspen-config"])
        (words,) = headers.getRawHeaders("content-disposition")
        self.assertIn('filename="_______.mobileconfig"', words)
        self.assertIn("filename*=UTF-8''%E6%A0%A1", words)
        _, _, body = self.get("/wifi/ca.pem")
        self.assertEqual(eap_authority.to_der(body), self.authority)

    def test_without_networks_or_certificate_there_is_nothing(self) -> None:
        """A sentence with status 404, for the page and for every file; also for what does not exist."""
        for path in (
            "/wifi/nothing",
            "/wifi/ca.crt/x",
            "/wifi?p=1&n=7",
            "/wifi?p=x&n=0",
            "/wifi/wifi.xml?p=9&n=0",
        ):
            self.assertEqual(self.get(path)[0], 404, path)
        self.trust = None
        self.assertEqual(self.get("/wifi/ca.crt")[0], 404)
        self.trust = WifiTrust("radius.school.example", None)
        self.assertEqual(self.get("/wifi/ca.crt")[0], 404)
        self.assertNotIn("ca.crt", self.page())
        self.assertIn("使用系统证书", self.page())
        self.offer()
        code, _, body = self.get("/wifi")
        self.assertEqual(code, 404)
        self.assertIn("这里没有无线配置", body.decode())

    def test_only_reading_is_served(self) -> None:
        """HEAD as GET, everything else not."""
        self.assertEqual(result(self.phone.head(f"{HERE}/wifi")).code, 200)
        self.assertEqual(result(self.phone.post(f"{HERE}/wifi")).code, 405)

    def test_another_host_is_led_to_the_login(self) -> None:
        """A phone that asks some site for /wifi is captive like for any other address."""
        response = result(self.phone.get("http://other.example/wifi", allow_redirects=False))
        self.assertEqual(response.code, 302)

    def test_certificates_need_no_apple_profile(self) -> None:
        """A profile without the person's own certificate would be of no use."""
        self.offer(WifiNetwork("Staff", WifiMethod.TLS))
        page = self.page()
        self.assertNotIn("mobileconfig", page)
        self.assertIn(".p12", page)
        self.assertEqual(self.get("/wifi/wifi.mobileconfig")[0], 404)

    def test_every_project_has_its_networks(self) -> None:
        """All are offered, each under the name of its own school."""
        other = self.school.write(lambda tx: network.add_project(tx, "other", "Asia/Shanghai", 5))
        self.school.write(lambda tx: settings.put_wifi(tx, other, [WifiNetwork("Other-1X")]))
        self.school.write(lambda tx: settings.put_branding(tx, other, settings.Branding(title="另一所学校")))
        self.school.reload()
        self.assertIn("Other-1X", self.page())
        self.assertIn("另一所学校", self.page(f"/wifi?p={other}&n=0"))

    def test_the_login_page_leads_here(self) -> None:
        """If there is something to set up."""
        nas = self.school.tables.projects()
        self.assertTrue(nas)
        link = 'href="/wifi"'
        token = self.school.portal.reception.form_token(self.school.visitor())
        self.assertIn(link, self.page(f"/?token={token}"))
        self.offer()
        self.assertNotIn(link, self.page(f"/?token={token}"))


TRUST = WifiTrust("radius.school.example", b"authority")
NO_AUTHORITY = WifiTrust("radius.school.example", None)
every_method = pytest.mark.parametrize("method", list(WifiMethod))


def eap_of(profile: bytes) -> dict[str, Any]:
    found: dict[str, Any] = plistlib.loads(profile)["PayloadContent"][-1]["EAPClientConfiguration"]
    return found


def test_an_apple_profile_trusts_one_server_of_one_authority() -> None:
    """The anchor is the certificate in the same profile, and nobody can add another by hand."""
    profile = plistlib.loads(profiles.apple(WifiNetwork(ODD, hidden=True), TRUST, "学校"))
    anchor, wifi = profile["PayloadContent"]
    eap = wifi["EAPClientConfiguration"]
    assert anchor["PayloadContent"] == b"authority"
    assert eap["PayloadCertificateAnchorUUID"] == [anchor["PayloadUUID"]]
    assert eap["TLSTrustedServerNames"] == ["radius.school.example"]
    assert (wifi["SSID_STR"], wifi["HIDDEN_NETWORK"], wifi["EncryptionType"]) == (ODD, True, "WPA2")
    assert profile["PayloadOrganization"] == "学校"
    assert "OuterIdentity" not in eap


def test_an_apple_profile_replaces_itself() -> None:
    """The same network has the same identifiers, another one others; within a profile all differ."""
    one = plistlib.loads(profiles.apple(WifiNetwork("a"), TRUST, "x"))
    again = plistlib.loads(profiles.apple(WifiNetwork("a", WifiMethod.TTLS_PAP), TRUST, "y"))
    other = plistlib.loads(profiles.apple(WifiNetwork("b"), TRUST, "x"))
    assert one["PayloadUUID"] == again["PayloadUUID"] != other["PayloadUUID"]
    found = [one["PayloadUUID"], *(part["PayloadUUID"] for part in one["PayloadContent"])]
    assert len(set(found)) == 3


@pytest.mark.parametrize(
    ("method", "types", "inner"),
    [
        (WifiMethod.PEAP, [25], None),
        (WifiMethod.TTLS_PAP, [21], "PAP"),
        (WifiMethod.TTLS_MSCHAPV2, [21], "MSCHAPv2"),
    ],
)
def test_an_apple_profile_names_the_method(method: WifiMethod, types: list[int], inner: str | None) -> None:
    """EAP types by number (IANA), the second phase of TTLS by Apple's word, and who is named in clear."""
    eap = eap_of(profiles.apple(WifiNetwork("a", method, outer_identity="anon@x"), NO_AUTHORITY, "x"))
    assert eap["AcceptEAPTypes"] == types
    assert eap.get("TTLSInnerAuthentication") == inner
    assert eap["OuterIdentity"] == "anon@x"
    assert "PayloadCertificateAnchorUUID" not in eap


def windows(network: WifiNetwork, trust: WifiTrust = TRUST) -> ET.Element:
    formatter = RENDERER.formatter(Language.EN, ZONE, NOW)
    return read_xml(profiles.windows(network, trust, RENDERER, formatter))


def words_of(profile: ET.Element, tag: str) -> list[str | None]:
    return [one.text for one in profile.iter() if one.tag.rpartition("}")[2] == tag]


def outer_type(profile: ET.Element) -> str | None:
    return words_of(profile, "Type")[0]


@every_method
def test_a_windows_profile_asks_nobody_whether_to_trust(method: WifiMethod) -> None:
    """Server name and authority are pinned, the prompt is off, the network's name is there in hexadecimal too."""
    profile = windows(WifiNetwork(ODD, method, hidden=True, outer_identity='a<"&'))
    assert words_of(profile, "name") == [ODD, ODD]
    assert words_of(profile, "hex") == [ODD.encode().hex().upper()]
    assert words_of(profile, "nonBroadcast") == ["true"]
    assert words_of(profile, "ServerNames") == ["radius.school.example"]
    hashes = words_of(profile, "TrustedRootCA") + words_of(profile, "TrustedRootCAHash")
    assert [str(one).replace(" ", "") for one in hashes] == [hashlib.sha1(b"authority").hexdigest()]
    prompts = words_of(profile, "DisableUserPromptForServerValidation") + words_of(profile, "DisablePrompt")
    assert prompts == ["true"]
    asked = words_of(profile, "PerformServerValidation") + words_of(profile, "AcceptServerName")
    assert asked == ([] if outer_type(profile) == "21" else ["true", "true"])
    named = words_of(profile, "AnonymousUserName") + words_of(profile, "AnonymousIdentity")
    assert named == ([] if method is WifiMethod.TLS else ['a<"&'])


@every_method
def test_a_windows_profile_takes_a_name_for_many_as_an_expression(method: WifiMethod) -> None:
    """The dots stand for themselves then: a name that only looks alike is none."""
    (told,) = words_of(windows(WifiNetwork("a", method), WifiTrust("*.school.example", None)), "ServerNames")
    assert told is not None
    assert re.fullmatch(told, "radius.school.example")
    assert re.fullmatch(told, "*.school.example")
    assert not re.fullmatch(told, "radius-school.example")
    assert not re.fullmatch(told, "radius.school-example")


@pytest.mark.parametrize(
    ("method", "types", "tag"),
    [
        (WifiMethod.PEAP, ["25", "25", "26"], "UseWinLogonCredentials"),
        (WifiMethod.TTLS_PAP, ["21"], "PAPAuthentication"),
        (WifiMethod.TTLS_MSCHAPV2, ["21"], "MSCHAPv2Authentication"),
        (WifiMethod.TLS, ["13", "13"], "CertificateStore"),
    ],
)
def test_a_windows_profile_names_the_method(method: WifiMethod, types: list[str], tag: str) -> None:
    """EAP types by number; the second phase by Microsoft's element; without an authority none is pinned."""
    profile = windows(WifiNetwork("a", method), NO_AUTHORITY)
    assert words_of(profile, "Type") == types
    assert len(words_of(profile, tag)) == 1
    assert words_of(profile, "AuthorId") == ["311" if types[0] == "21" else "0"]
    assert words_of(profile, "TrustedRootCA") + words_of(profile, "TrustedRootCAHash") == []


@every_method
def test_a_linux_block_trusts_one_server_too(method: WifiMethod) -> None:
    """Name of the server and its authority; a name of odd letters cannot leave its line."""
    network = WifiNetwork('a"\n}', method, hidden=True, outer_identity='x"y')
    block = profiles.supplicant(network, TRUST)
    assert f"ssid={network.ssid.encode().hex()}\n" in block
    outer = b'x"y'.hex()
    assert f"anonymous_identity={outer}\n" in block
    assert 'domain_match="radius.school.example"' in block
    assert 'ca_cert="ca.pem"' in block
    assert "scan_ssid=1" in block
    assert ("private_key=" in block) == (method is WifiMethod.TLS)
    assert ('phase2="auth=' in block) == (method is not WifiMethod.TLS)
    assert "ca-certificates.crt" in profiles.supplicant(network, NO_AUTHORITY)
