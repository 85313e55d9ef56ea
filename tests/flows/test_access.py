"""From Access-Request to answer: who gets online, who does not and why, and what a login leaves in the books."""

from __future__ import annotations

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import (
    DAY,
    GB,
    LAPTOP,
    LAPTOP_IP,
    NOW,
    PHONE,
    START,
    School,
    first,
    huawei_number,
    number,
    reason,
)
from tests.vendors.examples import a_packet
from zhuomai_appliance.flows import access, class_token, housekeeping
from zhuomai_appliance.flows.access import REJECT_DELAY_SECONDS, AccessFlow
from zhuomai_appliance.model.moment import parse_rfc3339
from zhuomai_appliance.model.network import AccessListEntry, ListAction, ListKind
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.products import AccessPolicy, Starts
from zhuomai_appliance.radius.packet import Code
from zhuomai_appliance.radius.values import integer_value
from zhuomai_appliance.store import accounts, network
from zhuomai_appliance.store.interface import Condition


class LoginTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = School()

    def test_pap_accept_carries_the_plan(self) -> None:
        """The right password gets rates, Session-Timeout, interim interval and our Class in the device's dialect."""
        school = self.school
        account_id = school.person("20260001", school.plan())
        answer = school.login()
        self.assertIs(answer.code, Code.ACCESS_ACCEPT)
        self.assertEqual((huawei_number(answer, 2), huawei_number(answer, 5)), (4_000_000, 8_000_000))
        self.assertEqual(number(answer, 27), 30 * DAY)
        self.assertEqual(number(answer, 85), 300)
        self.assertEqual(class_token.read(school.vault, first(answer, 25)), account_id)
        self.assertEqual(answer.delay_seconds, 0)
        self.assertEqual(school.attempts(), [(1, "")])

    def test_chap(self) -> None:
        """CHAP proves the stored password over the request's challenge; a wrong one is refused."""
        school = self.school
        school.person("20260001", school.plan())
        self.assertEqual(reason(school.login(chap=True)), "accepted")
        self.assertEqual(reason(school.login(password="other", chap=True)), "bad_credentials")

    def test_names_are_folded_and_realms_cut(self) -> None:
        """Full-width forms, capitals, a realm and an alias all find the one account."""
        school = self.school
        school.person("stu2026", school.plan(policy=AccessPolicy(max_sessions=0)), aliases=("card77",))
        for name in ("STU2026", "ＳＴＵ2026", "stu2026@campus", "card77"):
            self.assertEqual(reason(school.login(name)), "accepted", name)

    def test_wrong_password_waits(self) -> None:
        """A wrong password is refused with a sentence, after a second, and is written down with a look-up code."""
        school = self.school
        school.person("20260001", school.plan())
        answer = school.login(password="guess")
        self.assertEqual((reason(answer), answer.delay_seconds), ("bad_credentials", REJECT_DELAY_SECONDS))
        ((reason_text, code, account_id),) = school.rows(
            "SELECT reason, lookup_code, account_id FROM attempt_202611"
        )
        self.assertEqual((reason_text, len(code)), ("bad_credentials", 5))
        self.assertIsNotNone(account_id)

    def test_unknown_name(self) -> None:
        """A name that nobody has is refused and recorded without an account."""
        answer = self.school.login("nobody")
        self.assertEqual((reason(answer), answer.delay_seconds), ("unknown_user", REJECT_DELAY_SECONDS))
        self.assertEqual(
            self.school.rows("SELECT account_id, username_raw FROM attempt_202611"), [(None, "nobody")]
        )

    def test_locked_until_the_lock_ends(self) -> None:
        """A lock refuses with its reason while it lasts, whatever the password, and no longer."""
        school = self.school
        account_id = school.person("20260001", school.plan())
        school.write(lambda tx: accounts.set_lock(tx, account_id, NOW + 60, "fees"))
        self.assertEqual(reason(school.login()), "account_locked")
        school.clock.advance(60)
        self.assertEqual(reason(school.login()), "accepted")

    def test_closed_is_told_to_its_owner_only(self) -> None:
        """That an account is closed is told to who knows its password; a guesser hears of a wrong password."""
        school = self.school
        account_id = school.person("20260001", school.plan())
        school.sql(f"UPDATE account SET closed_at = {NOW} WHERE id = {account_id}")
        self.assertEqual(reason(school.login()), "account_closed")
        self.assertEqual(reason(school.login(password="guess")), "bad_credentials")

    def test_no_plan_expired_and_used_up(self) -> None:
        """What there is no plan for is said: none ever, an ended one, a used-up one."""
        school = self.school
        school.person("none")
        self.assertEqual(reason(school.login("none")), "no_plan")
        school.person("old", school.plan())
        school.person("used", school.pack(GB))
        school.report(2, 60, 0, GB, name="used", sid="U")
        self.assertEqual(reason(school.login("used")), "data_used_up")
        school.clock.advance(31 * DAY)
        school.run(housekeeping.prepare_months(school.store, school.now()))
        self.assertEqual(reason(school.login("old")), "expired")

    def test_session_timeout_runs_to_the_end_of_the_queue(self) -> None:
        """Two months of the same plan, one queued behind the other, are one Session-Timeout."""
        school = self.school
        school.person("20260001", school.plan(), school.plan())
        self.assertEqual(number(school.login(), 27), 61 * DAY)

    def test_small_rest_shortens_the_interval(self) -> None:
        """When the line could draw what is left within two intervals the device must report sooner."""
        school = self.school
        school.person("20260001", school.pack(300_000_000))
        self.assertEqual(number(school.login(), 85), 100)

    def test_blocked_device(self) -> None:
        """A device on the black list is refused before its password is looked at."""
        school = self.school
        school.person("20260001", school.plan())
        entry = AccessListEntry(school.project, ListKind.MAC, ListAction.DENY, PHONE, "stolen", None)
        school.write(lambda tx: network.put_list_entry(tx, entry, NOW))
        school.reload()
        self.assertEqual(reason(school.login()), "device_blocked")
        self.assertEqual(reason(school.login(mac=LAPTOP, ip=LAPTOP_IP)), "accepted")

    def test_administrators_of_the_device_are_no_accounts(self) -> None:
        """A login to the device itself is refused even with a good name and password."""
        school = self.school
        school.person("20260001", school.plan())
        packet = a_packet([(1, b"20260001"), (2, bytes(16)), (6, integer_value(6))])
        self.assertEqual(reason(school.ask(packet, b"pass-word")), "admin_login")

    def test_probe_is_nobodys_failed_login(self) -> None:
        """A device that only asks whether we live is answered at once and leaves no attempt."""
        school = self.school
        nas = replace(school.nas, quirks={"probe_username": "probe"})
        answer = school.login("probe", nas=nas)
        self.assertEqual((answer.code, answer.delay_seconds), (Code.ACCESS_REJECT, 0))
        self.assertEqual(school.attempts(), [])

    def test_store_that_cannot_write_gets_known_users_online(self) -> None:
        """With a full disk a known user is still let in; nothing is remembered of it."""
        school = self.school
        school.person("20260001", school.plan())
        school.store.state = replace(school.store.state, condition=Condition.READ_ONLY, reason="disk full")
        self.assertEqual(reason(school.login()), "accepted")

    def test_first_login_starts_the_plan(self) -> None:
        """A plan bought to begin with the first login begins then, and its row says so."""
        school = self.school
        account_id = school.person("20260001", school.plan(starts=Starts.ON_FIRST_LOGIN))
        self.assertEqual([state for _, state, _ in school.subscriptions()], ["reserved"])
        school.clock.advance(5 * DAY)
        self.assertEqual(number(school.login(), 27), 30 * DAY)
        self.assertEqual(
            school.rows("SELECT state, starts_at FROM subscription"), [("active", NOW + 5 * DAY)]
        )
        login = accounts.login_by_id(school.store.reader, account_id)
        assert login is not None
        self.assertEqual(login.account.first_login_at, NOW + 5 * DAY)

    def test_signing_is_learned_once(self) -> None:
        """A device that proved to sign is remembered in memory and in the books; again changes nothing."""
        school = self.school
        for _ in range(2):
            school.access.proved_signing(school.nas, "192.0.2.1", NOW)
        self.assertTrue(school.tables.signs(school.nas, "192.0.2.1"))
        self.assertEqual(network.signers(school.store.reader), {(school.nas.id, "192.0.2.1")})


class GatheredTests(SynchronousTestCase):
    """Attempts are written together where the flow has a clock to wait by."""

    def setUp(self) -> None:
        self.school = school = School()
        school.person("20260001", school.plan())
        school.access = AccessFlow(
            school.store, school.vault, school.tables, school.reservations, school.throttle, school.board,
            school.words, school.entropy, school.clock.seconds, school.clock.callLater,
        )  # fmt: skip

    def test_written_together_within_a_second(self) -> None:
        """Nothing is written at once; a moment later all of it is, in order, by one write, and again the next time."""
        school = self.school
        for _ in range(2):
            before, known = school.store.counters.tasks, len(school.attempts())
            for password in ("guess", "pass-word", "guess"):
                school.login(password=password)
            settled = school.store.counters.tasks - before
            self.assertEqual(len(school.attempts()), known)
            school.clock.advance(access.ATTEMPTS_WAIT_SECONDS)
            self.assertEqual([ok for ok, _ in school.attempts()][known:], [0, 1, 0])
            self.assertEqual(school.store.counters.tasks - before, settled + 1)

    def test_flood_is_written_before_it_is_kept(self) -> None:
        """Many attempts do not wait for the clock."""
        self.patch(access, "ATTEMPTS_GATHERED", 5)
        for _ in range(12):
            self.school.login("nobody")
        self.assertEqual(len(self.school.attempts()), 10)
        self.school.access.flush()
        self.assertEqual(len(self.school.attempts()), 12)
        self.school.access.flush()
        self.assertEqual(len(self.school.attempts()), 12)

    def test_month_that_ends_meanwhile(self) -> None:
        """Attempts of two months that are written together each go into their own."""
        school = self.school
        school.clock.advance(parse_rfc3339("2026-12-01T00:00:00Z") - 0.1 - school.clock.seconds())
        school.login("nobody")
        school.clock.advance(0.1)
        school.login("nobody")
        school.access.flush()
        counts = [school.rows(f"SELECT COUNT(*) FROM attempt_{month}") for month in ("202611", "202612")]
        self.assertEqual(counts, [[(1,)], [(1,)]])


class DeviceTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = School()

    def test_bound_device_comes_back_silently(self) -> None:
        """After a login with password the device's address alone opens its owner's account, with the owner's name."""
        school = self.school
        policy = AccessPolicy(silent_login_days=7)
        account_id = school.person("20260001", school.plan(policy=policy))
        self.assertEqual(reason(school.login_by_mac()), "device_not_registered")
        school.login()
        answer = school.login_by_mac()
        self.assertEqual(reason(answer), "accepted")
        self.assertEqual(first(answer, 1), b"20260001")
        self.assertEqual(class_token.read(school.vault, first(answer, 25)), account_id)
        self.assertEqual(number(answer, 29), 1)
        school.clock.advance(7 * DAY)
        self.assertEqual(reason(school.login_by_mac()), "device_not_registered")

    def test_a_shared_device_comes_back_to_whoever_used_it_last(self) -> None:
        """Two people take turns at one device within the hour: its address opens the account of the last of them."""
        school = self.school
        policy = AccessPolicy(silent_login_days=7, max_sessions=0)
        one = school.person("one", school.plan(policy=policy))
        other = school.person("other", school.plan(policy=policy))
        for name, owner in (("one", one), ("other", other), ("one", one)):
            school.clock.advance(600)
            school.login(name)
            self.assertEqual(class_token.read(school.vault, first(school.login_by_mac(), 25)), owner, name)

    def test_silent_login_needs_a_plan_that_allows_it(self) -> None:
        """A device that is bound, under a plan without silent login, must show its password."""
        school = self.school
        school.person("20260001", school.plan())
        school.login()
        self.assertEqual(reason(school.login_by_mac()), "device_not_registered")

    def test_an_account_named_like_a_device_gives_nothing(self) -> None:
        """Whoever names an account after somebody's device address cannot be logged in by that device."""
        school = self.school
        digits = PHONE.replace(":", "")
        school.person(digits, school.plan(policy=AccessPolicy(silent_login_days=7)), password=digits)
        self.assertEqual(reason(school.login_by_mac()), "device_not_registered")
        self.assertEqual(school.rows("SELECT account_id FROM attempt_202611"), [(None,)])

    def test_silent_failure_is_not_delayed(self) -> None:
        """An unknown device is refused at once: the page waits behind it, and nobody guesses addresses here."""
        self.assertEqual(self.school.login_by_mac().delay_seconds, 0)

    def test_bindings_are_written_when_they_are_news(self) -> None:
        """A login each minute refreshes its device's row once an hour, not each time."""
        school = self.school
        school.person("20260001", school.plan(policy=AccessPolicy(silent_login_days=7)))
        for _ in range(3):
            school.login()
            school.clock.advance(60)
        self.assertEqual(school.rows("SELECT mac, last_seen_at FROM device_binding"), [(PHONE, NOW)])
        school.clock.advance(3600)
        school.login()
        self.assertEqual(school.rows("SELECT last_seen_at FROM device_binding"), [(NOW + 3780,)])

    def test_device_without_a_mac_may_ask_again(self) -> None:
        """A client known by its address alone, or by nothing at all, is not in its own way; another address is."""
        school = self.school
        school.person("20260002", school.plan("one", policy=AccessPolicy(max_sessions=1)))
        for ip, wait_seconds in ((None, 0), (None, 0), ("10.9.1.9", 61), ("10.9.1.9", 1)):
            school.clock.advance(wait_seconds)
            self.assertEqual(school.login("20260002", mac=None, ip=ip).code, Code.ACCESS_ACCEPT, ip)
        self.assertEqual(reason(school.login("20260002", mac=None, ip="10.9.1.10")), "too_many_sessions")

    def test_second_device_over_the_limit(self) -> None:
        """Two devices asking at once do not both pass a limit of one; the first may ask again."""
        school = self.school
        school.person("20260001", school.plan())
        self.assertEqual(reason(school.login()), "accepted")
        self.assertEqual(reason(school.login(mac=LAPTOP, ip=LAPTOP_IP)), "too_many_sessions")
        self.assertEqual(reason(school.login()), "accepted")

    def test_reservation_becomes_a_session_and_ends_with_it(self) -> None:
        """The Start takes over from the reservation; after the Stop the place is free at once."""
        school = self.school
        account_id = school.person("20260001", school.plan())
        token = first(school.login(), 25)
        school.report(1, token=token)
        self.assertEqual(school.reservations.of(account_id, NOW), [])
        self.assertEqual(reason(school.login(mac=LAPTOP, ip=LAPTOP_IP)), "too_many_sessions")
        school.clock.advance(100)
        school.report(2, 100, token=token)
        self.assertEqual(reason(school.login(mac=LAPTOP, ip=LAPTOP_IP)), "accepted")

    def test_forgotten_places_come_free(self) -> None:
        """A login without a Start frees its place after a minute; a silent session after two intervals."""
        school = self.school
        school.person("20260001", school.plan())
        school.login()
        school.clock.advance(60)
        token = first(school.login(mac=LAPTOP, ip=LAPTOP_IP), 25)
        school.report(1, token=token, mac=LAPTOP, ip=LAPTOP_IP)
        school.clock.advance(2 * 300 + 59)
        self.assertEqual(reason(school.login()), "too_many_sessions")
        school.clock.advance(1)
        self.assertEqual(reason(school.login()), "accepted")

    def test_failed_logins_take_no_place(self) -> None:
        """A wrong password holds no place against its owner."""
        school = self.school
        school.person("20260001", school.plan())
        school.login(password="guess", mac=LAPTOP, ip=LAPTOP_IP)
        self.assertEqual(reason(school.login()), "accepted")

    def test_a_start_frees_the_place_of_a_client_known_by_its_port(self) -> None:
        """A client that only its port told apart at the login has an address at its Start: it counts once all the same."""
        school = self.school
        school.person("20260001", school.plan(policy=AccessPolicy(max_sessions=2)))
        one, other = (31, b"port 1"), (31, b"port 2")
        self.assertEqual(reason(school.login("20260001", "pass-word", None, None, one)), "accepted")
        school.report(START, 0, 0, 0, one, mac=None, ip=LAPTOP_IP)
        self.assertEqual(reason(school.login("20260001", "pass-word", None, None, other)), "accepted")


class ThrottledTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = School()
        self.school.person("20260001", self.school.plan())

    def test_guesser_waits_and_the_owner_does_not(self) -> None:
        """After five wrong tries a device waits, even with the right password; the owner's own device is let in."""
        school = self.school
        for _ in range(5):
            self.assertEqual(reason(school.login(password="guess", mac=LAPTOP, ip=LAPTOP_IP)), "bad_credentials")  # fmt: skip
        self.assertEqual(reason(school.login(mac=LAPTOP, ip=LAPTOP_IP)), "wait_before_retry")
        self.assertEqual(reason(school.login()), "accepted")
        school.reservations.release(AccountId(1), PHONE)
        school.clock.advance(11)
        self.assertEqual(reason(school.login(mac=LAPTOP, ip=LAPTOP_IP)), "accepted")

    def test_waiting_hides_whether_the_password_was_right(self) -> None:
        """Within the wait the right and a wrong password get the same answer."""
        school = self.school
        for _ in range(5):
            school.login(password="guess")
        answers = [school.login(password=word) for word in ("pass-word", "guess")]
        self.assertEqual([reason(answer) for answer in answers], ["wait_before_retry"] * 2)

    def test_unknown_names_count_against_the_device(self) -> None:
        """A device that goes through many names is slowed as well."""
        school = self.school
        for i in range(20):
            school.login(f"name{i}", mac=LAPTOP, ip=LAPTOP_IP)
        self.assertEqual(reason(school.login(mac=LAPTOP, ip=LAPTOP_IP)), "wait_before_retry")
        self.assertEqual(reason(school.login()), "accepted")
