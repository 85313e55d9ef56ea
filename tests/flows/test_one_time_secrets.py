"""Logins by the one-time secrets that our own portal mints."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import (
    LAPTOP_IP,
    NOW,
    PHONE,
    PHONE_IP,
    School,
    reason,
)
from zhuomai_appliance.model.access import Reason, Rejection
from zhuomai_appliance.radius.values import integer_value
from zhuomai_appliance.store import accounts
from zhuomai_appliance.store.interface import Condition, StoreUnavailable


class OneTimeSecretTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = School()
        self.account_id = self.school.person("20260001", self.school.plan())
        self.secret = b"one-time-secret!"
        self.mint(self.secret)

    def mint(self, secret: bytes, ip: str = PHONE_IP) -> None:
        school = self.school
        sealed = school.vault.seal(secret, accounts.portal_context(self.account_id, school.nas.id, ip))
        school.write(
            lambda tx: accounts.add_portal_secret(
                tx, project_id=school.project, account_id=self.account_id, nas_id=school.nas.id, user_ip=ip,
                mac=PHONE, secret_sealed=sealed, secret=secret, at=NOW, expires_at=NOW + 60,
            )
        )  # fmt: skip

    def test_used_once(self) -> None:
        """The secret logs in once; the second request with it is a wrong password, and costs the owner nothing."""
        self.assertEqual(reason(self.school.login(password=self.secret)), "accepted")
        self.assertEqual(reason(self.school.login(password=self.secret)), "bad_credentials")
        self.assertEqual(reason(self.school.login()), "accepted")

    def test_by_chap(self) -> None:
        """A device that speaks CHAP with the portal proves the secret, not the user's password."""
        self.assertEqual(reason(self.school.login(password=self.secret, chap=True)), "accepted")
        self.assertEqual(self.school.rows("SELECT used_at FROM portal_secret"), [(NOW,)])

    def test_belongs_to_device_name_and_address(self) -> None:
        """Another access device, another account or another client address cannot use it."""
        school = self.school
        school.person("20260002", school.plan())
        other = school.add_nas(name="ac2", address=ip_network("192.0.2.2"))
        answers = [
            school.login(password=self.secret, nas=other),
            school.login("20260002", self.secret),
            school.login(password=self.secret, ip=LAPTOP_IP),
        ]
        self.assertEqual([reason(answer) for answer in answers], ["bad_credentials"] * 3)
        self.assertEqual(school.rows("SELECT used_at FROM portal_secret"), [(None,)])

    def test_device_that_names_no_address(self) -> None:
        """Where the request says no client address, device and name suffice."""
        self.assertEqual(reason(self.school.login(password=self.secret, ip=None)), "accepted")

    def test_expires(self) -> None:
        """After a minute it is worth nothing."""
        self.school.clock.advance(60)
        self.assertEqual(reason(self.school.login(password=self.secret)), "bad_credentials")

    def test_not_for_802_1x(self) -> None:
        """A secret of the portal opens nothing but a portal login."""
        eap_like = (26, b"\x00\x00\x07\xdb" + bytes((153, 6)) + integer_value(1))
        self.assertEqual(
            reason(self.school.login("20260001", self.secret, PHONE, PHONE_IP, eap_like)), "bad_credentials"
        )

    def test_fresh_secret_passes_a_throttled_device(self) -> None:
        """Who was let in at our own page is not stopped by the device's earlier guesses."""
        for _ in range(5):
            self.school.login(password="guess")
        self.assertEqual(reason(self.school.login(password=self.secret)), "accepted")

    def test_refusal_is_told_to_the_page_at_once(self) -> None:
        """A login that proved the secret and is refused leaves its reason for the page, without delay."""
        school = self.school
        school.sql(f"UPDATE account SET closed_at = {NOW}")
        answer = school.login(password=self.secret)
        self.assertEqual((reason(answer), answer.delay_seconds), ("account_closed", 0))
        told = school.board.take(1)
        assert told is not None
        self.assertEqual(told.verdict, Rejection(Reason.ACCOUNT_CLOSED))
        self.assertEqual(school.rows("SELECT lookup_code FROM attempt_202611"), [(told.lookup_code,)])
        self.assertIsNone(school.board.take(1))

    def test_refusal_before_proof_is_told_to_the_page(self) -> None:
        """A locked account is refused before its password is looked at; the page that waits hears why all the same."""
        school = self.school
        school.write(lambda tx: accounts.set_lock(tx, self.account_id, 0, "fees"))
        answer = school.login(password=self.secret)
        self.assertEqual((reason(answer), answer.delay_seconds), ("account_locked", 0))
        told = school.board.take(1)
        assert told is not None
        assert isinstance(told.verdict, Rejection)
        self.assertEqual(told.verdict.reason, Reason.ACCOUNT_LOCKED)

    def test_disk_that_fails_lets_nobody_in(self) -> None:
        """A secret that cannot be marked as used is no proof: silence, and the device asks again."""
        school = self.school
        school.store.state = replace(school.store.state, condition=Condition.READ_ONLY, reason="disk full")
        with self.assertRaises(StoreUnavailable):
            school.login(password=self.secret)
