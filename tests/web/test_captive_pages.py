"""The captive site as a phone uses it: led in from anywhere, logged in without script, told why not."""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import Any
from urllib.parse import parse_qs, urlsplit

from treq.testing import StubTreq
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import (
    GB,
    INTERIM,
    LAPTOP,
    LAPTOP_IP,
    NOW,
    PHONE,
    PHONE_IP,
    START,
    STOP,
    School,
    result,
)
from tests.web.fixtures import WEB
from zhuomai_appliance.portal.heartbeat import Notice
from zhuomai_appliance.portal.kinds import Kind
from zhuomai_appliance.portal.terms import Ending, Outcome
from zhuomai_appliance.web.app import captive_site
from zhuomai_appliance.web.captive.pages import PATIENCE_SECONDS, STOP_SECONDS, CaptiveDeps
from zhuomai_appliance.web.render import Renderer

RENDERER = Renderer(WEB)
HERE = "http://portal.school.example"
CHINESE = {"Accept-Language": "zh-CN,zh;q=0.9"}
ENGLISH = {"Accept-Language": "en-GB"}


class Answer:
    """A page as the phone got it."""

    def __init__(self, response: Any, body: bytes) -> None:
        self.code = response.code
        self.headers = response.headers
        self.text = body.decode()

    def header(self, name: str) -> str:
        found = self.headers.getRawHeaders(name) or [""]
        return str(found[0])

    def hidden(self, name: str) -> str:
        found = re.search(rf'name="{name}" value="([^"]*)"', self.text)
        assert found is not None, self.text
        return found[1]


class CaptiveTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = School()
        self.account_id = self.school.person("20260001", self.school.pack(10 * GB))
        deps = CaptiveDeps(
            portal_login=self.school.portal,
            tables=self.school.tables,
            store=self.school.store,
            renderer=RENDERER,
            clock=self.school.now,
            later=self.school.clock.callLater,
            reference=lambda: "REF23",
            public_url=HERE,
        )
        self.phone: Any = StubTreq(captive_site(deps))

    def ask(self, method: str, url: str, **more: Any) -> Answer:
        response = result(self.send(method, url, **more))
        return Answer(response, result(response.content()))

    def send(self, method: str, url: str, **more: Any) -> Deferred[Any]:
        more.setdefault("headers", CHINESE)
        sent: Deferred[Any] = self.phone.request(method, url, allow_redirects=False, **more)
        self.phone.flush()
        return sent

    def landing(self, **more: Any) -> Answer:
        query = (
            f"userip={PHONE_IP}&usermac={PHONE.replace(':', '-')}&ac-ip={self.school.nas.host}&ssid=Campus"
        )
        return self.ask("GET", f"{HERE}/?{query}", **more)

    def submit(self, token: str, password: str = "pass-word", username: str = "20260001") -> Answer:
        data = {"token": token, "username": username, "password": password}
        return self.ask("POST", f"{HERE}/login", data=data)

    def online(self) -> tuple[str, Answer]:
        answer = self.submit(self.landing().hidden("token"))
        self.assertEqual(answer.code, 303)
        return answer.header("Location"), self.ask("GET", HERE + answer.header("Location"))


class LandingTests(CaptiveTests):
    def test_any_address_leads_to_the_page(self) -> None:
        """A probe or any other address is answered by a 302 that nobody may cache, with the query kept."""
        for url in (
            "http://captive.apple.com/hotspot-detect.html",
            "http://wifi.vivo.com.cn/generate_204",
            f"{HERE}/x/y",
            f"{HERE}/a%0Ab",
            f"{HERE}//a//b",
        ):
            answer = self.ask("GET", f"{url}?userip=10.9.1.2")
            self.assertEqual(answer.code, 302, url)
            self.assertEqual(answer.header("Location"), f"{HERE}/?userip=10.9.1.2")
            self.assertEqual(answer.header("Cache-Control"), "no-store")
            self.assertLess(len(answer.text), 1024)

    def test_login_page_by_language(self) -> None:
        """The form is Chinese unless the browser asks for English, and small in both."""
        for headers, word in ((CHINESE, "登录"), (ENGLISH, "Log in")):
            answer = self.landing(headers=headers)
            self.assertEqual(answer.code, 200)
            self.assertIn(word, answer.text)
            self.assertLess(len(answer.text.encode()), 60_000)
            self.assertNotIn("Server", [str(name) for name, _ in answer.headers.getAllRawHeaders()])

    def test_language_choice_stays(self) -> None:
        """The switch on the page sets a cookie."""
        answer = self.ask("GET", f"{HERE}/?lang=en&userip={PHONE_IP}&ac-ip={self.school.nas.host}")
        self.assertIn("zm_lang=en", answer.header("Set-Cookie"))
        self.assertIn("Log in", answer.text)

    def test_unknown_device(self) -> None:
        """Where several devices are listed, parameters that name none of them give a sentence and no form."""
        self.school.add_nas(
            name="ac2", address=ip_network("192.0.2.77"), user_networks=(ip_network("10.8.0.0/16"),)
        )
        answer = self.ask("GET", f"{HERE}/?userip=172.16.0.9&ac-ip=203.0.113.9")
        self.assertIn("B03", answer.text)
        self.assertNotIn('name="password"', answer.text)
        answer = self.ask("GET", f"{HERE}/?userip=nonsense&usermac=<script>alert(1)</script>")
        self.assertIn("B03", answer.text)
        self.assertNotIn("alert(1)", answer.text)

    def test_foreign_methods_and_hosts(self) -> None:
        """Methods that no page serves are refused."""
        self.assertEqual(self.ask("DELETE", f"{HERE}/").code, 405)
        self.assertEqual(self.ask("BREW", f"{HERE}/").code, 405)
        self.assertEqual(self.ask("PUT", f"{HERE}/login").code, 405)


class LoginTests(CaptiveTests):
    def test_right_password(self) -> None:
        """The form logs in and the online page says what is left; its address tells nothing that could be guessed."""
        where, page = self.online()
        self.assertEqual(page.code, 200)
        self.assertIn("已连接", page.text)
        self.assertGreater(len(parse_qs(urlsplit(where).query)["token"][0]), 60)

    def test_wrong_password(self) -> None:
        """The form comes back with the account, the sentence, its code and a number that the help desk finds."""
        answer = self.submit(self.landing().hidden("token"), "wrong")
        self.assertEqual(answer.code, 200)
        self.assertIn("账号或密码不对", answer.text)
        self.assertIn("A01", answer.text)
        self.assertIn('value="20260001"', answer.text)
        code = re.search(r"查询号 ?([2-9A-HJ-NP-Z]{5})", answer.text)
        assert code is not None, answer.text
        ((found,),) = self.school.rows(f"SELECT COUNT(*) FROM attempt_202611 WHERE lookup_code = '{code[1]}'")
        self.assertEqual(found, 1)
        self.assertNotIn("wrong", answer.text)

    def test_hostile_name_stays_text(self) -> None:
        """What was typed comes back escaped."""
        answer = self.submit(self.landing().hidden("token"), "x", '"><img src=x onerror=alert(1)>')
        self.assertNotIn("<img", answer.text)

    def test_forged_or_old_form(self) -> None:
        """A form that is not ours, or lay open for hours, says so and logs nobody in."""
        self.assertIn("B02", self.submit("AAAA").text)
        token = self.landing().hidden("token")
        self.school.clock.advance(2 * 3600)
        self.assertIn("B02", self.submit(token).text)
        self.assertEqual(self.school.door.logins, [])

    def test_expired_plan_fills_the_page(self) -> None:
        """Without a plan the reason fills the page, with a way to another account."""
        self.school.person("20260002")
        answer = self.submit(self.landing().hidden("token"), username="20260002")
        self.assertIn("D08", answer.text)
        self.assertIn("/?token=", answer.text)

    def test_full_account_takes_a_place(self) -> None:
        """A19 lists what is online with the end of its address; one press logs it out and this phone in."""
        school = self.school
        school.login(mac=LAPTOP, ip=LAPTOP_IP)
        school.report(START, sid="L1", mac=LAPTOP, ip=LAPTOP_IP)
        school.report(INTERIM, 60, 0, 3 * GB, sid="L1", mac=LAPTOP, ip=LAPTOP_IP)
        refused = self.submit(self.landing().hidden("token"))
        self.assertEqual(refused.code, 200)
        for words in ("设备数已满", "选一台下线", "11:22:33", "2.8 GB", "换下它", "A19"):
            self.assertIn(words, refused.text)
        self.assertNotIn("a4:5e:60:11:22:33", refused.text.lower())
        waiting = self.send("POST", f"{HERE}/replace", data={"token": refused.hidden("token")})
        school.dispatch()
        school.report(STOP, 61, 0, 3 * GB, sid="L1", mac=LAPTOP, ip=LAPTOP_IP)
        school.clock.advance(0.1)
        self.phone.flush()
        response = result(waiting)
        self.assertEqual(response.code, 303)
        self.assertIn("/online?token=", str(response.headers.getRawHeaders("Location")))

    def test_a_place_needs_a_token_of_that_page(self) -> None:
        """The login form's token, none, or an old one replaces nobody."""
        token = self.landing().hidden("token")
        for bad in (token, "", "x" * 5000):
            answer = self.ask("POST", f"{HERE}/replace", data={"token": bad})
            self.assertIn("B02", answer.text)
        self.assertEqual(self.school.effects(), [])

    def test_slow_device(self) -> None:
        """A login that takes long is waited for by a page that asks again, and its result is not lost."""
        slow: Deferred[Outcome] = Deferred()
        self.school.door.on_login = lambda *_: slow
        token = self.landing().hidden("token")
        sent = self.send(
            "POST", f"{HERE}/login", data={"token": token, "username": "20260001", "password": "pass-word"}
        )
        self.assertNoResult(sent)
        self.school.clock.advance(PATIENCE_SECONDS)
        self.phone.flush()
        response = result(sent)
        page = Answer(response, result(response.content()))
        self.assertIn('http-equiv="refresh"', page.text)
        following = re.search(r"url=(/wait\?token=[^\"]+)", page.text)
        assert following is not None
        self.assertIn('http-equiv="refresh"', self.ask("GET", HERE + following[1]).text)
        slow.callback(Outcome(Ending.ONLINE))
        # Nobody else who says the same address in a query is led to the page of who logged in
        self.assertIn("B02", self.ask("GET", f"{HERE}/wait?token={token}").text)
        self.assertEqual(self.ask("GET", HERE + following[1]).code, 303)


class OnlineTests(CaptiveTests):
    def test_figures_of_the_session(self) -> None:
        """Time and traffic used come from the device's newest report."""
        where, _ = self.online()
        self.school.report(START, at=NOW)
        self.school.report(INTERIM, at=NOW + 600, seconds=600, up=GB, down=2 * GB)
        page = self.ask("GET", HERE + where)
        self.assertIn("本次上网", page.text)
        self.assertIn("10分", page.text)

    def test_logout(self) -> None:
        """Logging out asks the device and says goodbye; a token of the form is no token to log somebody out."""
        where, page = self.online()
        self.assertIn(
            "B02", self.ask("POST", f"{HERE}/logout", data={"token": self.landing().hidden("token")}).text
        )
        self.assertEqual(self.school.door.logouts, [])
        answer = self.ask("POST", f"{HERE}/logout", data={"token": page.hidden("token")})
        self.assertIn("已下线", answer.text)
        self.assertEqual([ip for ip, *_ in self.school.door.logouts], [PHONE_IP])
        self.assertIn("已下线", self.ask("GET", HERE + where).text)

    def test_goodbye_names_the_figures_of_the_stop(self) -> None:
        """The page waits a moment for the device's Stop, whose totals it then shows."""
        _, page = self.online()
        self.school.report(START, at=NOW)
        sent = self.send("POST", f"{HERE}/logout", data={"token": page.hidden("token")})
        self.assertNoResult(sent)
        self.school.report(STOP, at=NOW + 600, seconds=600, up=GB, down=2 * GB)
        self.school.clock.advance(STOP_SECONDS)
        self.phone.flush()
        response = result(sent)
        goodbye = Answer(response, result(response.content()))
        self.assertIn("用时10分，流量2.8", goodbye.text)

    def test_notice_of_the_device(self) -> None:
        """After the device's own NTF_LOGOUT the page says that it is over."""
        where, _ = self.online()
        self.school.clock.advance(5)
        self.school.portal.on_notice(
            self.school.nas, Notice(Kind.NTF_LOGOUT, PHONE_IP, PHONE, 0, "idle cut", "")
        )
        self.assertIn("已下线", self.ask("GET", HERE + where).text)

    def test_crash_tells_a_number(self) -> None:
        """An error inside shows a reference and nothing of itself."""

        def broken(*_: object) -> None:
            raise RuntimeError("secret detail")

        self.school.portal.standing = broken  # type: ignore[method-assign, assignment]
        where = self.submit(self.landing().hidden("token")).header("Location")
        answer = self.ask("GET", HERE + where)
        self.assertEqual(answer.code, 500)
        self.assertIn("REF23", answer.text)
        self.assertNotIn("secret detail", answer.text)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)
