"""Which verified certificate logs which account in."""

from __future__ import annotations

import pytest

from tests.flows.test_certificates import BOSS, Desk
from tests.radius.tls_peer import authority, real_now
from zhuomai_appliance.flows.certificate_checks import FAULT_REASONS, agree, client_fault
from zhuomai_appliance.model.access import Reason
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.radius import eap_authority
from zhuomai_appliance.radius.tls_engine import TlsFault
from zhuomai_appliance.store import network


class ClientTests(Desk):
    def reason(
        self, certificate: bytes, account_id: AccountId | None = None, identity: str = "20260001"
    ) -> Reason | None:
        rejection = client_fault(
            self.school.store.reader,
            self.project.id,
            account_id or self.account_id,
            identity,
            eap_authority.to_der(certificate),
            authority().certificate,
            self.now,
        )
        return None if rejection is None else rejection.reason

    def test_it_opens_its_own_account(self) -> None:
        """The one that it was issued for, and no other."""
        mine = self.issue().pair.certificate
        other = self.school.person("20260002")
        self.assertIsNone(self.reason(mine))
        self.assertEqual(self.reason(mine, other, "20260002"), Reason.CERTIFICATE_UNKNOWN)

    def test_a_revoked_one_opens_nothing_from_then_on(self) -> None:
        """The very next look at it refuses, with serial number and reason for the log."""
        issued = self.issue()
        self.revoke(issued.certificate.serial, "lost phone")
        self.assertEqual(self.reason(issued.pair.certificate), Reason.CERTIFICATE_REVOKED)

    def test_its_days_are_counted_at_every_login(self) -> None:
        """A resumed session does not outlive the certificate that began it."""
        issued = self.issue(days=30)
        self.now = issued.certificate.not_after_at - 1
        self.assertIsNone(self.reason(issued.pair.certificate))
        self.now += 1
        self.assertEqual(self.reason(issued.pair.certificate), Reason.CERTIFICATE_EXPIRED)
        self.now = issued.certificate.not_before_at - 1
        self.assertEqual(self.reason(issued.pair.certificate), Reason.CERTIFICATE_EXPIRED)

    def test_a_peers_certificate_logs_nobody_in(self) -> None:
        """Not even an account of the peer's name."""
        account_id = self.school.person("ac1")
        peer = self.issue_radsec("ac1").pair.certificate
        self.assertEqual(self.reason(peer, account_id, "ac1"), Reason.CERTIFICATE_UNKNOWN)

    def test_what_our_authority_signed_counts_only_when_it_is_entered(self) -> None:
        """A certificate made with a stolen key, or of another project, is not in this register."""
        forged = eap_authority.issue_client(authority(), "20260001", "main", real_now())
        self.assertEqual(self.reason(forged.certificate), Reason.CERTIFICATE_UNKNOWN)
        mine = self.issue().pair.certificate
        other = self.school.write(lambda tx: network.add_project(tx, "other", "Asia/Shanghai", 5))
        self.project = Project(other, "other", "Asia/Shanghai")
        self.assertEqual(self.reason(mine), Reason.CERTIFICATE_UNKNOWN)

    def test_a_certificate_of_the_institution_must_bear_the_identity(self) -> None:
        """Of another authority that TLS believes: its name is the account's, folded, with or without realm."""
        theirs = eap_authority.issue_client(
            authority("Another authority"), "Zhang@EDU.example", "x", real_now()
        )
        account_id = self.school.person("zhang")
        for identity in ("zhang", "ZHANG@edu.example"):
            self.assertIsNone(self.reason(theirs.certificate, account_id, identity))
        for identity in ("zhang@other.example", "wang", ""):
            self.assertEqual(
                self.reason(theirs.certificate, account_id, identity), Reason.CERTIFICATE_UNKNOWN
            )

    def test_the_issuer_appears_in_the_audit(self) -> None:
        """Who had it issued can be found later."""
        serial = self.issue().certificate.serial
        self.assertIn(("certificate.issue", BOSS.name, serial), self.audited())


@pytest.mark.parametrize(
    ("identity", "name", "same"),
    [
        ("zhang", "zhang", True),
        ("ＺＨＡＮＧ", "zhang", True),
        ("zhang@a.example", "zhang", True),
        ("zhang", "zhang@a.example", True),
        ("zhang@a.example", "zhang@b.example", False),
        ("zhang", "wang", False),
        ("", "zhang", False),
        ("@a.example", "zhang@a.example", False),
    ],
)
def test_when_two_names_mean_one_person(identity: str, name: str, same: bool) -> None:
    """Two realms must be one; a missing one says nothing."""
    assert agree(identity, name) is same


def test_every_fault_that_somebody_can_mend_has_a_reason() -> None:
    """What is left without one is for engineers: broken records, sizes, versions."""
    assert set(TlsFault) - set(FAULT_REASONS) == {
        TlsFault.PROTOCOL,
        TlsFault.TOO_LARGE,
        TlsFault.VERSION,
    }
