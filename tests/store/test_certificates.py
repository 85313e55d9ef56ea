"""The register of issued certificates."""

from dataclasses import replace
from functools import partial

import pytest
from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import NOW, School
from zhuomai_appliance.model.certificates import CertificateKind, IssuedCertificate
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.store import certificates, network


class RegisterTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = School()
        self.reader = self.school.store.reader
        self.one = IssuedCertificate(
            project_id=self.school.project,
            serial="4bf1a0",
            kind=CertificateKind.CLIENT,
            account_id=self.school.person(),
            name="20260001",
            not_before_at=NOW - 86_400,
            not_after_at=NOW + 86_400,
            issued_at=NOW,
            issued_by="boss",
            pem="-----BEGIN CERTIFICATE-----",
        )
        self.school.write(lambda tx: certificates.add(tx, self.one))

    def find(self, serial: str = "4bf1a0", project: ProjectId | None = None) -> IssuedCertificate | None:
        return certificates.by_serial(self.reader, project or self.school.project, serial)

    def test_what_went_in_comes_out(self) -> None:
        """By serial number, by account, and in the whole list."""
        self.assertEqual(self.find(), self.one)
        assert self.one.account_id is not None
        found = certificates.of_account(self.reader, self.school.project, self.one.account_id)
        self.assertEqual(found, [self.one])
        self.assertEqual(certificates.listing(self.reader), [self.one])
        self.assertIsNone(self.find("4bf1a1"))

    def test_another_project_does_not_have_it(self) -> None:
        """A serial number is looked up in its own project alone."""
        other = self.school.write(lambda tx: network.add_project(tx, "other", "Asia/Shanghai", NOW))
        self.assertIsNone(self.find(project=other))

    def test_revoking_happens_once(self) -> None:
        """The first revocation stays with its time and reason; another project cannot do it."""
        for project, reason, done in (
            (ProjectId(99), "no", False),
            (self.school.project, "lost", True),
            (self.school.project, "again", False),
        ):
            task = partial(
                certificates.revoke, project_id=project, serial="4bf1a0", reason=reason, at=NOW + 5
            )
            revoked = self.school.write(task)
            self.assertEqual(revoked, done)
        self.assertEqual(self.find(), replace(self.one, revoked_at=NOW + 5, revoked_reason="lost"))

    def test_a_certificate_is_good_while_it_lasts(self) -> None:
        """From its first second to before its last, unless it was revoked."""
        for at, good in ((-86_401, False), (-86_400, True), (86_399, True), (86_400, False)):
            self.assertEqual(self.one.is_good(NOW + at), good)
        self.assertFalse(replace(self.one, revoked_at=NOW).is_good(NOW))

    def test_the_books_refuse_a_person_without_account(self) -> None:
        """A client certificate has an account, a peer's has none."""
        for wrong in (
            replace(self.one, serial="1", account_id=None),
            replace(self.one, serial="2", kind=CertificateKind.RADSEC),
        ):
            with pytest.raises(Exception, match="CHECK"):
                self.school.write(partial(certificates.add, certificate=wrong))
