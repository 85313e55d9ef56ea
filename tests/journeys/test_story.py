"""The whole story in one real process: a phone gets online through the portal, is metered, billed, and can be kicked.

The access controller is the simulator's, which shares no decision code with the box; every octet of both sides crosses
real sockets. At the end the box's books are compared with what the AC counted by itself.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import pytest
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase
from twisted.web.server import Site

from tests.journeys.box import Box
from tests.journeys.campus import SECRET, Ac, Phone, until
from tests.journeys.test_stock_client import ask_at
from zhuomai_appliance.simulator import attributes as a
from zhuomai_appliance.simulator.door import Door
from zhuomai_appliance.simulator.station import Session

pytestmark = pytest.mark.slow

MB = 1 << 20
CAUSES = {a.USER_REQUEST: "User-Request", a.LOST_CARRIER: "Lost-Carrier", a.ADMIN_RESET: "Admin-Reset"}
SITE = """
[[rate]]
name = "8M"
up = "4M"
down = "8M"
[[rate]]
name = "2M"
up = "1M"
down = "2M"
[[plan]]
name = "monthly"
kind = "period"
period = "1 month"
price = "30.00"
rate = "8M"
max_sessions = 1
[[plan]]
name = "pack10"
kind = "data"
data = "10 MB"
price = "10.00"
rate = "2M"
[[group]]
name = "students"
plan = "monthly"
[[account]]
username = "zhang"
password = "zhang's password"
full_name = "张三"
group = "students"
plan = ["pack10", "monthly"]
balance = "50.00"
[[account]]
username = "li"
password = "李的口令"
full_name = "李四"
group = "students"
plan = "pack10"
[[account]]
username = "wang"
password = "wang-password"
group = "students"
"""


class StoryCase(TestCase):
    """A box of its own for every test, started; commands run in a thread, since the AC lives in this process."""

    timeout = 100

    def setUp(self) -> None:
        from twisted.internet import reactor

        self.reactor: Any = reactor
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.box = Box(Path(folder.name))
        self.addCleanup(self.box.kill)
        self.box.init()
        self.box.start()

    async def connect(self, *acs: Ac) -> None:
        """Declare the school with these ACs to the running daemon, then let them start."""
        self.addCleanup(lambda: gatherResults([Deferred.fromCoroutine(ac.close()) for ac in acs]))
        await deferToThread(self.box.apply, SITE + "".join(ac.site for ac in acs))
        for ac in acs:
            await ac.start()

    async def until(self, what: str, sql: str, *wanted: Any) -> None:
        """Wait until a query gives exactly these rows."""
        rows: list[Any] = []

        def holds() -> bool:
            rows[:] = self.box.rows(sql)
            return rows == list(wanted)

        try:
            await until(self.reactor, what, holds)
        except AssertionError as error:
            raise AssertionError(f"{error}; the books say {rows}\n{self.box.output[-2000:]}") from None

    async def affirmed(self, session: Session) -> None:
        await until(self.reactor, "AFF_ACK_AUTH", lambda: session.affirm_by is None)

    async def command(self, *words: str) -> str:
        return await deferToThread(self.box.must, *words)

    async def exported(self, what: str) -> list[dict[str, str]]:
        """The rows of `zhuomai export`."""
        return list(csv.DictReader(io.StringIO(await self.command("export", what))))


class StoryTests(StoryCase):
    async def test_a_school_in_one_day(self) -> None:
        """Redirect, page, wrong password, login, metering, takeover, exhaustion, logout, notice, kick, and true books."""
        ac = Ac(self.reactor, self.box, 21)
        await self.connect(ac)
        await self._redirect(ac)
        zhang = await self._login(ac)
        await self._takeover(ac, zhang)
        await self._logout(zhang)
        await self._used_up(ac)
        await self._notice(ac)
        await self._kick(ac)
        await self._books(ac)

    async def _redirect(self, ac: Ac) -> None:
        """A phone that asks for anything is led to a page of ours: Chinese or English, small, with nothing from elsewhere."""
        phone = Phone(self.reactor, ac)
        status, headers, _ = await phone.once("GET", f"{self.box.url('captive')}generate_204?x=1")
        self.assertEqual((status, headers["cache-control"]), (302, "no-store"))
        door = self.reactor.listenTCP(
            0, Site(Door(self.reactor, ac.core).app.resource()), interface="127.0.0.1"
        )
        self.addCleanup(door.stopListening)
        seen = await phone.open(f"http://127.0.0.1:{door.getHost().port}/news/today.html")
        self.assertTrue(seen.hops[-1].startswith(f"{self.box.url('captive')}?ac-ip="), seen.hops)
        self.assertIn('<html lang="zh', seen.text)
        self.assertIn("登录", seen.text)
        form = seen.page.login_form
        assert form is not None
        self.assertEqual((form.method, form.name_field), ("post", "username"))
        english = Phone(self.reactor, ac, "en-US,en;q=0.9,zh;q=0.5")
        text = (await english.open(english.captive)).text
        self.assertIn('<html lang="en', text)
        self.assertIn("Log in", text)
        for page in (seen.text, text):
            self.assertLess(len(page.encode()), 60_000)
            self.assertEqual(foreign(page, self.box.url("captive")), [])
        status, headers, _ = await phone.once("GET", phone.captive)
        self.assertEqual(status, 200)
        self.assertNotIn("server", headers)
        self.assertIn("content-security-policy", headers)

    async def _login(self, ac: Ac) -> Phone:
        """A wrong password is told with its code and a number for the help desk; the right one brings the phone online."""
        phone = Phone(self.reactor, ac)
        seen = await phone.log_in("zhang", "not his password")
        self.assertIn("A01", seen.words)
        self.assertIsNone(phone.station.session)
        number = lookup_number(seen.words)
        await self.until(
            "the attempt under the number that the page shows",
            f"SELECT username_raw, accepted, reason FROM attempt_all WHERE lookup_code = '{number}'",
            ("zhang", 0, "bad_credentials"),
        )
        seen = await phone.log_in("zhang", "zhang's password")
        self.assertIn("张三", seen.words)
        self.assertIn("10 MB", seen.words)
        self.assertEqual(ac.core.counts["login accepted"], 1)
        session = phone.session
        self.assertEqual(
            (session.up_bps, session.down_bps, session.grant.interim_seconds), (1_000_000, 2_000_000, 60)
        )
        self.assertEqual(len(session.grant.classes), 1)
        await self.affirmed(session)
        await self.until(
            "the Start in the books",
            "SELECT username, mac, ip, plan_name, stopped_at FROM session JOIN account ON account.id = account_id",
            ("zhang", phone.station.mac, phone.station.ip, "pack10", None),
        )
        return phone

    async def _takeover(self, ac: Ac, phone: Phone) -> None:
        """When the pack is used up the monthly plan takes over: same session, its own rate by CoA, no disconnect."""
        session = phone.session
        ac.use(session, 1 * MB, 5 * MB)
        await ac.report(phone.station)
        assert phone.seen is not None
        self.assertIn("4 MB", (await phone.open(phone.seen.page.url)).words)
        ac.use(session, 1 * MB, 4 * MB)
        await ac.report(phone.station)
        await until(self.reactor, "CoA with the monthly plan's rate", lambda: session.down_bps == 8_000_000)
        self.assertEqual(session.up_bps, 4_000_000)
        self.assertIs(phone.station.session, session)
        self.assertEqual((ac.core.dae.counts["COA_ACK"], ac.core.dae.counts["DISCONNECT_ACK"]), (1, 0))
        await self.until(
            "the pack used up to its last octet and the rest drawn from the month",
            """SELECT v.name, s.state, sum(u.input_octets + u.output_octets) FROM usage u
            JOIN subscription s ON s.id = u.subscription_id JOIN account a ON a.id = s.account_id
            JOIN (SELECT pv.id, p.name FROM plan_version pv JOIN plan p ON p.id = pv.plan_id) v
              ON v.id = s.plan_version_id
            WHERE a.username = 'zhang' GROUP BY s.id ORDER BY s.id""",
            ("pack10", "exhausted", 10 * MB),
            ("monthly", "active", 1 * MB),
        )

    async def _logout(self, phone: Phone) -> None:
        """The button of the page ends the session at the AC; the page says so and offers to log in again."""
        assert phone.seen is not None
        await phone.open(phone.seen.page.url)
        before = phone.ac.core.portal.counts["REQ_LOGOUT"]
        seen = await phone.log_out()
        self.assertEqual(phone.ac.core.portal.counts["REQ_LOGOUT"], before + 1)
        self.assertIsNone(phone.station.session)
        self.assertIn("已下线", seen.words)
        await self.until(
            "the Stop of the logout",
            "SELECT cause, closed_by, input_octets, output_octets FROM session",
            (a.USER_REQUEST, "stop", 2 * MB, 9 * MB),
        )

    async def _used_up(self, ac: Ac) -> None:
        """A pack with nothing behind it: the box ends the session, and the next login's page says why."""
        phone = Phone(self.reactor, ac)
        await phone.log_in("li", "李的口令")
        session = phone.session
        ac.use(session, 3 * MB, 9 * MB)
        await ac.report(phone.station)
        await until(self.reactor, "Disconnect-Request at the AC", lambda: phone.station.session is None)
        self.assertEqual(ac.core.dae.counts["DISCONNECT_ACK"], 1)
        await self.until(
            "the Stop after the Disconnect",
            f"SELECT cause, closed_by, output_octets FROM session WHERE mac = '{phone.station.mac}'",
            (a.ADMIN_RESET, "stop", 9 * MB),
        )
        await self.until(
            "the effect that is done",
            "SELECT state, result FROM outbox WHERE kind = 'disconnect'",
            ("done", "ack"),
        )
        seen = await phone.log_in("li", "李的口令")
        self.assertIn("D02", seen.words)
        self.assertIn("流量", seen.page.complaint)
        self.assertIsNone(phone.station.session)

    async def _notice(self, ac: Ac) -> None:
        """The AC ends a session by itself and says so (NTF_LOGOUT): it is answered, and the page knows."""
        phone = Phone(self.reactor, ac)
        seen = await phone.log_in("wang", "wang-password")
        ac.use(phone.session, 7, 11)
        ac.core.end(phone.session, a.LOST_CARRIER, "connection lost")
        await until(self.reactor, "ACK_NTF_LOGOUT", lambda: ac.core.portal.counts["ACK_NTF_LOGOUT"] == 1)
        await self.until(
            "the AC's own Stop",
            f"SELECT cause, input_octets, output_octets FROM session WHERE mac = '{phone.station.mac}'",
            (a.LOST_CARRIER, 7, 11),
        )
        seen = await phone.open(seen.page.url)
        self.assertIsNone(seen.page.logout_form)
        self.assertIn("已下线", seen.words)

    async def _kick(self, ac: Ac) -> None:
        """An operator ends a session by name; the command waits for the device's word. A second device is over the limit."""
        phone, other = Phone(self.reactor, ac), Phone(self.reactor, ac)
        await phone.log_in("wang", "wang-password")
        seen = await other.log_in("wang", "wang-password")
        self.assertIsNone(other.station.session)
        self.assertIn("A19", seen.words)
        ac.use(phone.session, 100, 200)
        said = await self.command("disconnect", "wang")
        self.assertIn("ended (ack)", said)
        self.assertIsNone(phone.station.session)
        await self.until(
            "the audit row of the kick",
            "SELECT actor, action, object_kind FROM audit WHERE action = 'session.disconnect'",
            ("zhuomai disconnect", "session.disconnect", "session"),
        )
        done = await deferToThread(self.box.run, "disconnect", "wang")
        self.assertEqual((done.returncode, len(done.stderr.splitlines())), (1, 1))

    async def _books(self, ac: Ac) -> None:
        """The proof of the books is good, and the exports say what the AC has counted, to the octet and the second."""
        await until(self.reactor, "every Stop answered", lambda: all(r.answered for r in ac.core.records()))
        said = await self.command("verify")
        self.assertNotIn("fail", said)
        self.box.check_books()
        counted = {r.acct_session_id: r for r in ac.core.records()}
        rows = {row["acct_session_id"]: row for row in await self.exported("sessions")}
        self.assertEqual(rows.keys(), counted.keys())
        for session_id, record in counted.items():
            row = rows[session_id]
            self.assertEqual(
                (row["nas"], row["username"], row["mac"], row["ip"]),
                (ac.name, record.username, record.mac, record.ip),
            )
            self.assertEqual(
                (int(row["seconds"]), int(row["input_octets"]), int(row["output_octets"])),
                (record.seconds, record.input_octets, record.output_octets),
            )
            self.assertEqual(row["terminate_cause"], CAUSES[record.cause or 0])
        self.assertEqual(len(counted), 4)
        used: Counter[str] = Counter()
        for row in await self.exported("usage"):
            used[row["username"]] += int(row["input_octets"]) + int(row["output_octets"])
        by_ac: Counter[str] = Counter()
        for record in counted.values():
            by_ac[record.username] += record.input_octets + record.output_octets
        self.assertEqual(used, by_ac)
        postings = await self.exported("postings")
        debits = sum(int(row["debit_fen"] or 0) for row in postings)
        self.assertEqual(debits, sum(int(row["credit_fen"] or 0) for row in postings))
        self.assertGreaterEqual(debits, 5000)


class VariantTests(StoryCase):
    async def test_versions_and_proofs_of_the_portal_protocol(self) -> None:
        """Version 1 and 2, CHAP and PAP: login by the page, the right proof at RADIUS, logout by the page."""
        wanted = [(2, "chap"), (2, "pap"), (1, "chap"), (1, "pap")]
        acs = [
            Ac(self.reactor, self.box, 31 + number, version=version, auth=auth)
            for number, (version, auth) in enumerate(wanted)
        ]
        await self.connect(*acs)
        for ac, (version, auth) in zip(acs, wanted, strict=True):
            with self.subTest(version=version, auth=auth):
                phone = Phone(self.reactor, ac)
                await phone.log_in("wang", "wang-password")
                counts = ac.core.portal.counts
                self.assertEqual(counts["REQ_CHALLENGE"], 1 if auth == "chap" else 0)
                self.assertEqual(counts["REQ_AUTH"], 1)
                session = phone.session
                await self.affirmed(session)
                await phone.log_out()
                self.assertIsNone(phone.station.session)
                self.assertEqual(counts["authenticator"] + counts["malformed"] + counts["foreign"], 0)
                await self.until(
                    "the Stop",
                    f"SELECT cause FROM session WHERE mac = '{phone.station.mac}'",
                    (a.USER_REQUEST,),
                )
        self.box.check_books()

    async def test_stock_client_asks_the_access_controller(self) -> None:
        """radclient's Disconnect and CoA at the AC: ACK for its session, 503 for none, silence for a wrong secret."""
        ac = Ac(self.reactor, self.box, 41)
        await self.connect(ac)
        phone = Phone(self.reactor, ac)
        await phone.log_in("wang", "wang-password")
        session_id = phone.session.session_id

        async def ask(kind: str, words: str, secret: str = SECRET) -> str:
            return await deferToThread(ask_at, ac.dae_address, kind, words, secret=secret, seconds=1.0)

        named = f'Acct-Session-Id="{session_id}"'
        self.assertEqual(await ask("disconnect", named, "another secret"), "")
        self.assertIn("CoA-ACK", await ask("coa", f"{named},Session-Timeout=3600"))
        self.assertIn(
            "Error-Cause = Session-Context-Not-Found", await ask("disconnect", 'Acct-Session-Id="x"')
        )
        self.assertIn("Disconnect-ACK", await ask("disconnect", named))
        self.assertIsNone(phone.station.session)
        await self.until("the Stop", "SELECT cause, closed_by FROM session", (a.ADMIN_RESET, "stop"))

    async def test_power_cut_between_the_books_and_the_device(self) -> None:
        """A pack is used up while the AC cannot be reached, then the power fails: after it the session is ended."""
        ac = Ac(self.reactor, self.box, 43)
        await self.connect(ac)
        phone = Phone(self.reactor, ac)
        await phone.log_in("li", "李的口令")
        number = await ac.deafen()
        ac.use(phone.session, 0, 11 * MB)
        await ac.report(phone.station)
        await self.until(
            "the effect in the books", "SELECT kind, state FROM outbox", ("disconnect", "waiting")
        )
        self.box.pin()
        self.box.kill()
        ac.hear_again(number)
        await deferToThread(self.box.start)
        await until(self.reactor, "Disconnect after the restart", lambda: phone.station.session is None)
        await self.until(
            "the Stop in the books",
            "SELECT cause, closed_by, output_octets FROM session",
            (a.ADMIN_RESET, "stop", 11 * MB),
        )
        seen = await phone.log_in("li", "李的口令")
        self.assertIn("D02", seen.words)
        self.assertNotIn("fail", await self.command("verify"))

    async def test_device_that_is_silent(self) -> None:
        """A login at an AC that is gone ends on the page with a reason, and with a record under its number."""
        ac = Ac(self.reactor, self.box, 42)
        await self.connect(ac)
        await ac.close()
        phone = Phone(self.reactor, ac)
        seen = await phone.log_in("wang", "wang-password")
        self.assertTrue(seen.page.complaint)
        number = lookup_number(seen.words)
        await self.until(
            "the attempt in the books",
            f"SELECT username_raw, reason FROM attempt_all WHERE lookup_code = '{number}'",
            ("wang", "nas_silent"),
        )


def lookup_number(page: str) -> str:
    """The number of a refusal that a page shows for the help desk."""
    found = re.search(r"查询号\s*([0-9A-Z]{4,})", page)
    assert found is not None, page
    return found[1]


def foreign(page: str, ours: str) -> list[str]:
    """Addresses of other hosts that a page would load from or lead to."""
    found = re.findall(
        r"""(?:src|href|action|url)\s*[=(]\s*["']?((?:https?:)?//[^"'\s)>]+)""", page, re.IGNORECASE
    )
    return [url for url in found if urlsplit(url).netloc != urlsplit(ours).netloc]
