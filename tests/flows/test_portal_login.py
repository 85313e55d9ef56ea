"""From form to online page: what the student is told, and that the device never learns the password."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import (
    DAY,
    GB,
    INTERIM,
    LAPTOP,
    LAPTOP_IP,
    NOW,
    PHONE,
    PHONE_IP,
    START,
    School,
)
from zhuomai_appliance.flows.portal_login import Refused, Standing
from zhuomai_appliance.flows.visitors import Online
from zhuomai_appliance.model.access import Reason, SessionId
from zhuomai_appliance.model.roaming import Realm, Upstream, UpstreamId
from zhuomai_appliance.portal.heartbeat import Notice
from zhuomai_appliance.portal.kinds import Kind
from zhuomai_appliance.portal.terms import Ending, Outcome
from zhuomai_appliance.store import accounts, roaming


class PortalTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = School()
        self.account_id = self.school.person("20260001", self.school.pack(10 * GB))

    def submit(self, password: str = "pass-word", name: str = "20260001", **who: Any) -> Online | Refused:
        school = self.school
        got: Online | Refused = school.run(school.portal.with_password(school.visitor(**who), name, password))
        return got

    def reason(self, got: Online | Refused) -> Reason:
        assert isinstance(got, Refused), got
        return got.rejection.reason

    def told(self, ending: Ending, **more: Any) -> None:
        """Let the device end the login like this, without asking RADIUS."""
        self.school.door.on_login = lambda *_: succeed(Outcome(ending, **more))


class LoginTests(PortalTests):
    def test_online(self) -> None:
        """The right password gets online; the device was given the account's own name and a one-time secret."""
        got = self.submit(name="２０２６0001 ")
        self.assertEqual(got, Online(self.school.visitor(), self.account_id))
        ((ip, name, secret),) = self.school.door.logins
        self.assertEqual((ip, name, len(secret)), (PHONE_IP, "20260001", 16))
        self.assertNotEqual(secret, b"pass-word")
        self.assertEqual(self.school.attempts(), [(1, "")])

    def test_wrong_password_never_reaches_the_device(self) -> None:
        """It is refused by the page itself, under a number that finds the attempt."""
        got = self.submit("guess")
        self.assertEqual(self.reason(got), Reason.BAD_CREDENTIALS)
        assert isinstance(got, Refused)
        self.assertEqual(
            self.school.rows("SELECT lookup_code, account_id, mac, access_kind FROM attempt_202611"),
            [(got.lookup_code, self.account_id, PHONE, "portal")],
        )
        self.assertEqual(self.school.door.logins, [])

    def test_unknown_name_and_hostile_input(self) -> None:
        """A name nobody has, a password without end and broken characters are refusals, never errors."""
        for name, password, why in (
            ("nobody", "x", Reason.UNKNOWN_USER),
            ("20260001", "x" * 100_000, Reason.BAD_CREDENTIALS),
            ("20260001", "\ud800", Reason.BAD_CREDENTIALS),
            ("\ud800" * 5000, "x", Reason.UNKNOWN_USER),
            ("no\0body", "x", Reason.UNKNOWN_USER),
        ):
            self.assertEqual(self.reason(self.submit(password, name)), why)
        names = self.school.rows("SELECT username_raw FROM attempt_202611 ORDER BY id")
        self.assertEqual(len(names), 5)
        self.assertEqual(names[-1], ("no\N{REPLACEMENT CHARACTER}body",))

    def test_names_are_cut_as_radius_cuts_them(self) -> None:
        """Realms that are nobody else's and the domain of Windows; a name that stands so in the books goes first."""
        for name in ("20260001@dorm", "20260001＠dorm", "CAMPUS\\20260001", "campus\\20260001@dorm"):
            self.assertEqual(self.submit(name=name), Online(self.school.visitor(), self.account_id))
        mail = self.school.person("20260001@mail.cn", self.school.pack(10 * GB))
        self.school.door.on_login = lambda *_: succeed(Outcome(Ending.ONLINE))
        self.assertEqual(self.submit(name="20260001@mail.cn"), Online(self.school.visitor(), mail))
        self.assertEqual({name for _, name, _ in self.school.door.logins}, {"20260001", "20260001@mail.cn"})

    def test_other_writings_of_a_name_have_no_tries_of_their_own(self) -> None:
        """Whoever guesses with a realm, a domain or full-width letters guesses at one account."""
        for name in ("20260001@a", "20260001@b", "X\\20260001", "Y\\20260001", "２０２６0001"):
            self.submit("guess", name)
        self.assertEqual(self.reason(self.submit()), Reason.WAIT_BEFORE_RETRY)
        self.assertIn(b"wait_before_retry", dict(self.school.login().attributes)[18])

    def test_guests_are_told_where_they_log_in(self) -> None:
        """Their password is another server's to know, and goes neither there nor to the device from this page."""
        home = Upstream(UpstreamId(0), self.school.project, "home", "198.51.100.7", b"their-secret")
        self.school.write(lambda tx: roaming.add_upstream(tx, self.school.vault, home))
        for realm in (
            Realm(self.school.project, "edu.cn", upstreams=("home",)),
            Realm(self.school.project, "hotel", reject="no visitors"),
        ):
            self.school.write(partial(roaming.put_realm, realm=realm))
        self.school.reload()
        for name, why, facts in (
            ("20260001@EDU.cn", Reason.NOT_BY_PAGE, {"x": "edu.cn"}),
            ("20260001@hotel", Reason.REALM_REFUSED, {"x": "hotel", "words": "no visitors"}),
        ):
            got = self.submit(name=name)
            assert isinstance(got, Refused)
            self.assertEqual((got.rejection.reason, dict(got.rejection.facts)), (why, facts))
        self.assertEqual(self.school.door.logins, [])
        self.assertEqual(self.school.attempts(), [(0, "not_by_page"), (0, "realm_refused")])
        self.assertIsInstance(self.submit(), Online)

    def test_guests_by_the_network_are_told_too(self) -> None:
        """Where a network's people are another server's, its page serves nobody, and does not let them guess."""
        home = Upstream(UpstreamId(0), self.school.project, "home", "198.51.100.7", b"their-secret")
        self.school.write(lambda tx: roaming.add_upstream(tx, self.school.vault, home))
        realm = Realm(self.school.project, "edu.cn", upstreams=("home",), ssids=("Campus",))
        self.school.write(lambda tx: roaming.put_realm(tx, realm))
        self.school.reload()
        self.assertEqual(self.reason(self.submit()), Reason.NOT_BY_PAGE)

    def test_guessing_waits(self) -> None:
        """The sixth try of one phone waits and is told how long; another phone is served."""
        for _ in range(5):
            self.submit("guess")
        got = self.submit()
        assert isinstance(got, Refused)
        self.assertEqual(got.rejection.reason, Reason.WAIT_BEFORE_RETRY)
        self.assertEqual(dict(got.rejection.facts)["n"], 11)
        self.assertIsInstance(self.submit(mac=LAPTOP, ip=LAPTOP_IP), Online)

    def test_guessing_with_made_up_addresses(self) -> None:
        """A MAC comes from the browser's query: another one for each try wins a guesser nothing."""
        for number in range(5):
            self.submit("guess", mac=f"02:00:00:00:00:0{number}")
        self.assertEqual(self.reason(self.submit(mac="02:00:00:00:00:09")), Reason.WAIT_BEFORE_RETRY)

    def test_guessing_with_made_up_clients(self) -> None:
        """Where the client's address is the query's word too, the peer has twenty tries for a name, whoever it plays."""
        school = self.school

        def guess(number: int) -> Reason:
            visitor = replace(school.visitor(mac=None, ip=f"10.9.2.{number}"), peer="192.0.2.9")
            return self.reason(school.run(school.portal.with_password(visitor, "20260001", "guess")))

        told = [guess(number) for number in range(21)]
        self.assertEqual(told, [Reason.BAD_CREDENTIALS] * 20 + [Reason.WAIT_BEFORE_RETRY])

    def test_page_and_radius_count_together(self) -> None:
        """Wrong tries at the page slow the same phone at RADIUS."""
        for _ in range(5):
            self.submit("guess")
        answer = self.school.login()
        self.assertIn(b"wait_before_retry", dict(answer.attributes)[18])

    def test_refusal_of_radius_reaches_the_page(self) -> None:
        """Why RADIUS said no is what the page says, with the same look-up code, and is recorded once."""
        school = self.school
        school.report(2, 60, 0, 11 * GB)
        got = self.submit()
        assert isinstance(got, Refused)
        self.assertEqual(
            (got.rejection.reason, got.rejection.facts), (Reason.DATA_USED_UP, (("plan", "pack"),))
        )
        self.assertEqual(school.rows("SELECT lookup_code FROM attempt_202611"), [(got.lookup_code,)])

    def test_locked_account_reads_why(self) -> None:
        """A locked student reads the reason of the lock, not that the network does not answer."""
        self.school.write(lambda tx: accounts.set_lock(tx, self.account_id, 0, "fees"))
        got = self.submit()
        assert isinstance(got, Refused)
        self.assertEqual(
            (got.rejection.reason, got.rejection.facts), (Reason.ACCOUNT_LOCKED, (("x", "fees"),))
        )

    def test_device_that_does_not_answer(self) -> None:
        """Silence, a device's own error and an unknown client each have their sentence and their attempt."""
        for ending, why in (
            (Ending.TIMEOUT, Reason.NAS_SILENT),
            (Ending.DEVICE_FAILED, Reason.NAS_SILENT),
            (Ending.BUSY, Reason.LOGGING_IN),
            (Ending.UNKNOWN_USER_IP, Reason.DEVICE_UNKNOWN_TO_NAS),
        ):
            self.told(ending)
            self.assertEqual(self.reason(self.submit()), why)
        self.assertEqual(len(self.school.attempts()), 4)

    def test_wrong_portal_key_is_named(self) -> None:
        """Silence after answers that did not verify tells the operator that the keys differ."""
        self.told(Ending.TIMEOUT, forged_answers=2)
        got = self.submit()
        assert isinstance(got, Refused)
        self.assertIn("portal keys differ", got.rejection.detail)

    def test_every_ending_has_an_answer(self) -> None:
        """However a login ends, the page has a result."""
        for ending in set(Ending) - {Ending.OFFLINE, Ending.TOLD}:
            self.told(ending)
            self.assertIsInstance(self.submit(), Online | Refused)

    def test_two_taps_are_one_login(self) -> None:
        """A second send of the same form joins the first; other words for the same client are told to wait."""
        school, waiting = self.school, Deferred[Outcome]()
        school.door.on_login = lambda *_: waiting
        results: list[Online | Refused] = []
        for password in ("pass-word", "pass-word", "guess"):
            login = school.portal.with_password(school.visitor(), "20260001", password)
            Deferred.fromCoroutine(login).addCallback(results.append)
        self.assertEqual([self.reason(got) for got in results], [Reason.LOGGING_IN])
        waiting.callback(Outcome(Ending.ONLINE))
        self.assertEqual(len(school.door.logins), 1)
        self.assertEqual(results[1:], [Online(school.visitor(), self.account_id)] * 2)

    def test_failure_inside_frees_the_client(self) -> None:
        """A login that fails inside is an error for one page and no lock for the next."""
        self.school.door.on_login = _broken
        with self.assertRaises(ZeroDivisionError):
            self.submit()
        self.school.door.on_login = self.school.ask_radius
        self.assertIsInstance(self.submit(), Online)

    def test_online_already(self) -> None:
        """A client whose own session runs is online; nothing is done to it."""
        self.school.report(START)
        self.told(Ending.ALREADY_ONLINE)
        self.assertIsInstance(self.submit(), Online)
        self.assertEqual(self.school.door.logouts, [])

    def test_address_held_by_somebody_else(self) -> None:
        """Another person's session at this address is ended once, then the login is tried again."""
        school = self.school
        school.person("20260002", school.plan())
        school.report(START, name="20260002")
        endings = iter([Outcome(Ending.ALREADY_ONLINE), Outcome(Ending.ONLINE)])
        school.door.on_login = lambda *_: succeed(next(endings))
        self.assertIsInstance(self.submit(), Online)
        self.assertEqual((school.door.logouts, len(school.door.logins)), ([(PHONE_IP, PHONE)], 2))
        self.told(Ending.ALREADY_ONLINE)
        self.assertEqual(self.reason(self.submit()), Reason.LOGGING_IN)

    def test_nobody_is_thrown_out_by_a_query(self) -> None:
        """Whoever only says that an address is his cannot have the session of its owner ended."""
        school = self.school
        school.person("20260002", school.plan())
        school.report(START, name="20260002")
        self.told(Ending.ALREADY_ONLINE)
        visitor = replace(school.visitor(), peer="192.0.2.9")
        got = school.run(school.portal.with_password(visitor, "20260001", "pass-word"))
        self.assertEqual((self.reason(got), school.door.logouts), (Reason.LOGGING_IN, []))

    def test_device_that_was_removed(self) -> None:
        """A form for a device that is no longer listed has expired."""
        self.school.sql("DELETE FROM nas")
        self.school.reload()
        self.assertEqual(self.reason(self.submit()), Reason.PAGE_EXPIRED)


def _broken(*_: object) -> Deferred[Outcome]:
    raise ZeroDivisionError


class OnlineTests(PortalTests):
    def setUp(self) -> None:
        super().setUp()
        got = self.submit()
        assert isinstance(got, Online)
        self.online = got

    def standing(self) -> Standing:
        standing = self.school.portal.standing(self.online)
        assert standing is not None
        return standing

    def test_figures(self) -> None:
        """The page shows what is left, what the session used and since when."""
        school = self.school
        school.report(START)
        school.clock.advance(300)
        school.report(INTERIM, 300, GB, 2 * GB)
        self.assertEqual(
            self.standing(),
            Standing(
                "20260001",
                "张三",
                "pack",
                NOW + 30 * DAY,
                7 * GB,
                None,
                NOW,
                300,
                GB,
                2 * GB,
                True,
                session_id=SessionId(1),
            ),
        )

    def test_online_before_the_start_arrives(self) -> None:
        """Just after the login there is no session yet, and the page says online all the same, for a minute."""
        self.assertTrue(self.standing().is_online)
        self.school.clock.advance(60)
        self.assertFalse(self.standing().is_online)

    def test_somebody_elses_session_is_not_shown(self) -> None:
        """A new tenant of the address is not shown to the old one's page."""
        self.school.person("20260002", self.school.plan())
        self.school.clock.advance(100)
        self.school.report(START, name="20260002")
        self.assertEqual((self.standing().started_at, self.standing().is_online), (None, False))

    def test_logout(self) -> None:
        """The device is asked to log the client out, and the page says that it is over."""
        self.assertTrue(self.school.run(self.school.portal.logout(self.online)))
        self.assertEqual(self.school.door.logouts, [(PHONE_IP, PHONE)])
        self.assertFalse(self.standing().is_online)

    def test_logout_where_the_portal_protocol_fails(self) -> None:
        """A device that does not answer gets a Disconnect-Request for the client's own session."""
        school = self.school
        school.report(START)
        school.door.logout_ends = Ending.TIMEOUT
        self.assertFalse(school.run(school.portal.logout(self.online)))
        self.assertEqual((school.effects(), school.wakes), ([("disconnect:1", "waiting", "")], 1))

    def test_logout_ends_nobody_elses_session(self) -> None:
        """The fallback touches no session of another account at the same address."""
        school = self.school
        school.person("20260002", school.plan())
        school.report(START, name="20260002")
        school.door.logout_ends = Ending.TIMEOUT
        school.run(school.portal.logout(self.online))
        self.assertEqual(school.effects(), [])

    def test_notice_of_the_device(self) -> None:
        """A client that the device logged out is offline on its page, with the device's words; the next login is not."""
        school = self.school
        school.report(START)
        school.clock.advance(10)
        school.portal.on_notice(school.nas, notice(Kind.NTF_LOGOUT, PHONE_IP, "idle cut"))
        self.assertEqual((self.standing().is_online, self.standing().ended_words), (False, "idle cut"))
        got = self.submit()
        assert isinstance(got, Online)
        self.online = got
        self.assertTrue(self.standing().is_online)

    def test_account_that_is_gone(self) -> None:
        """There are no figures of an account that was removed."""
        self.school.sql("DELETE FROM entitlement")
        self.assertIsNone(self.school.portal.standing(Online(self.online.visitor, type(self.account_id)(99))))
        self.assertEqual(self.standing().octets_left, None)


def notice(kind: Kind, user_ip: str, text: str) -> Notice:
    return Notice(kind, user_ip, None, 0, text, "")
