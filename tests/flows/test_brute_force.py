"""Guessers at RADIUS (features C15): by name, by terminal, through one address; the owner is never locked out."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import LAPTOP, LAPTOP_IP, PHONE, School, reason
from zhuomai_appliance.flows.throttle import FREE_TRIES, FREE_TRIES_OF_DEVICE, FREE_TRIES_OF_NAME
from zhuomai_appliance.model.products import AccessPolicy


class BruteForceTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = School()
        plan = self.school.plan(policy=AccessPolicy(max_sessions=0, max_macs=0))
        for name in ("20260001", "20260002"):
            self.school.person(name, plan)

    def guess(
        self, name: str = "20260001", mac: str | None = LAPTOP, password: str = "guess", *, chap: bool = False
    ) -> str:
        return reason(self.school.login(name, password, mac, None, chap=chap))

    def test_terminal_that_guesses_waits_and_the_owner_does_not(self) -> None:
        """After five wrong passwords a terminal waits, with the right one too; the owner's own goes on as before."""
        said = [self.guess() for _ in range(FREE_TRIES + 1)]
        self.assertEqual(said, ["bad_credentials"] * FREE_TRIES + ["wait_before_retry"])
        self.assertEqual(self.guess(mac=PHONE, password="pass-word"), "accepted")
        self.assertEqual(self.guess("20260002", password="pass-word"), "accepted")
        self.school.clock.advance(11)
        self.assertEqual(self.guess(password="pass-word"), "accepted")

    def test_kinds_of_proof_share_the_count(self) -> None:
        """CHAP goes on where PAP left off."""
        for number in range(FREE_TRIES):
            self.guess(chap=bool(number % 2))
        self.assertEqual(self.guess(chap=True), "wait_before_retry")

    def test_terminal_that_goes_through_names(self) -> None:
        """Twenty names that are nobody's slow a terminal for every name, and nobody else."""
        for number in range(FREE_TRIES_OF_DEVICE):
            self.guess(f"nobody{number}")
        self.assertEqual(self.guess("20260002"), "wait_before_retry")
        self.assertEqual(self.guess("20260002", PHONE, "pass-word"), "accepted")

    def test_one_name_from_ever_new_terminals(self) -> None:
        """Forged MACs do not help: strangers to an account wait, a terminal known to have its password never does."""
        self.assertEqual(self.guess(mac=PHONE, password="pass-word"), "accepted")
        for number in range(FREE_TRIES_OF_NAME):
            self.assertEqual(self.guess(mac=f"02:00:00:00:01:{number:02x}"), "bad_credentials")
        self.assertEqual(self.guess(mac="02:00:00:00:02:00"), "wait_before_retry")
        self.assertEqual(self.guess(mac=PHONE, password="pass-word"), "accepted")
        self.assertEqual(self.guess(mac=PHONE), "bad_credentials")

    def test_device_bound_to_the_account_counts_as_its_owner_s(self) -> None:
        """After a restart too, when nothing is remembered but the books."""
        limited = School()
        limited.person("20260001", limited.plan(policy=AccessPolicy(max_sessions=0, max_macs=2)))
        self.assertEqual(reason(limited.login("20260001", mac=PHONE)), "accepted")
        limited.throttle._own.clear()
        for number in range(FREE_TRIES_OF_NAME):
            limited.login("20260001", "guess", f"02:00:00:00:01:{number:02x}", None)
        self.assertEqual(reason(limited.login("20260001", "guess", LAPTOP, LAPTOP_IP)), "wait_before_retry")
        self.assertEqual(reason(limited.login("20260001", mac=PHONE)), "accepted")

    def test_many_people_behind_one_device_are_not_one_guesser(self) -> None:
        """Where the device tells no MAC a crowd's wrong passwords slow each name alone."""
        for number in range(100):
            self.guess(f"person{number}", mac=None)
        self.assertEqual(self.guess("20260002", mac=None, password="pass-word"), "accepted")
