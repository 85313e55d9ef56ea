"""Certificates are issued, revoked and looked up as the register says, each step audited."""

from __future__ import annotations

import json

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import School
from tests.radius.tls_peer import authority, real_now
from zhuomai_appliance.entropy import SeededEntropy
from zhuomai_appliance.flows.certificates import (
    CertificateDesk,
    CertificateRefused,
    Issued,
    normal_serial,
    radsec_peer,
)
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.model.certificates import CertificateKind
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.radius import eap_authority
from zhuomai_appliance.store import certificates, network
from zhuomai_appliance.store.digests import Digester, run_at_once

BOSS = Actor("boss", "192.0.2.7")


class Desk(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = School()
        self.account_id = self.school.person("20260001")
        self.project = Project(self.school.project, "main", "Asia/Shanghai")
        self.now = real_now()
        digester = Digester(SeededEntropy(), run_at_once)
        self.desk = CertificateDesk(self.school.store, digester, lambda: self.now)

    def issue(self, username: str = "20260001", days: int = 30) -> Issued:
        found: Issued = self.school.run(
            self.desk.issue_client(BOSS, authority(), self.project, username, days)
        )
        return found

    def issue_radsec(self, name: str = "ac1") -> Issued:
        found: Issued = self.school.run(self.desk.issue_radsec(BOSS, authority(), self.project, name))
        return found

    def revoke(self, serial: str, reason: str = "lost") -> None:
        self.school.run(self.desk.revoke(BOSS, [self.project.id], serial, reason))

    def refused(self, coroutine: object) -> str:
        with self.assertRaises(CertificateRefused) as caught:
            self.school.run(coroutine)
        return str(caught.exception)

    def audited(self) -> list[tuple[str, str, str]]:
        rows = self.school.rows("SELECT action, actor, object_id FROM audit ORDER BY id")
        return [(row[0], row[1], row[2]) for row in rows]


class IssuingTests(Desk):
    def test_a_certificate_is_entered_and_its_key_is_not_kept(self) -> None:
        """The register has the certificate as issued; the private key is in no table."""
        issued = self.issue("２０２６０００１ ")
        made = issued.certificate
        found = certificates.by_serial(self.school.store.reader, self.project.id, made.serial)
        self.assertEqual(found, made)
        self.assertEqual((made.kind, made.account_id, made.name), ("client", self.account_id, "20260001"))
        facts = eap_authority.facts(issued.pair.certificate)
        self.assertEqual((facts.serial, facts.identities), (made.serial, ("20260001",)))
        self.assertEqual((made.not_before_at, made.not_after_at), (facts.not_before_at, facts.not_after_at))
        secret = issued.pair.key.splitlines()[5].decode()
        dump = "\n".join(str(row) for row in self.school.rows("SELECT * FROM certificate"))
        self.assertNotIn(secret, dump)
        self.assertEqual(self.audited()[-1], ("certificate.issue", "boss", made.serial))

    def test_nobody_gets_one_who_is_not_there(self) -> None:
        """Unknown and closed accounts, days without end, names that cannot be shown: refused in a sentence."""
        self.assertIn(
            'no account "ghost"',
            self.refused(self.desk.issue_client(BOSS, authority(), self.project, "ghost")),
        )
        for days in (0, 3651):
            self.assertIn(
                "1 to 3650 days",
                self.refused(self.desk.issue_client(BOSS, authority(), self.project, "20260001", days)),
            )
        self.assertIn(
            "is not a name", self.refused(self.desk.issue_radsec(BOSS, authority(), self.project, "a\nb"))
        )
        self.assertIn(
            "1 to 64", self.refused(self.desk.issue_radsec(BOSS, authority(), self.project, "x" * 65))
        )
        self.school.sql(f"UPDATE account SET closed_at = 5 WHERE id = {self.account_id}")
        self.assertIn(
            "is closed", self.refused(self.desk.issue_client(BOSS, authority(), self.project, "20260001"))
        )
        self.assertEqual(certificates.listing(self.school.store.reader), [])

    def test_revoking_is_told_once(self) -> None:
        """However the serial number is written; a second time, and one that nobody was given, are refused."""
        serial = self.issue().certificate.serial
        self.revoke(f" {serial.upper()[:2]}:{serial[2:]} ", "lost phone")
        found = certificates.by_serial(self.school.store.reader, self.project.id, serial)
        assert found is not None
        self.assertEqual((found.revoked_at, found.revoked_reason), (self.now, "lost phone"))
        self.assertEqual(self.audited()[-1], ("certificate.revoke", "boss", serial))
        (after,) = self.school.rows("SELECT after FROM audit ORDER BY id DESC LIMIT 1")[0]
        self.assertEqual(json.loads(after), {"username": "20260001", "why": "lost phone"})
        revoke = self.desk.revoke
        self.assertIn("revoked already", self.refused(revoke(BOSS, [self.project.id], serial, "again")))
        self.assertIn("was issued", self.refused(revoke(BOSS, [self.project.id], "abc", "")))

    def test_serial_numbers_as_people_copy_them(self) -> None:
        """Colons, blanks, capitals, 0x and leading zeros do not matter."""
        for text in ("4bf1a0", "4B:F1:A0", " 4b f1 a0", "0x4bf1a0", "00:4b:f1:a0"):
            self.assertEqual(normal_serial(text), "4bf1a0")


class PeerTests(Desk):
    def peer(self, certificate: bytes, signer: str = "Authority of tests") -> str | None:
        pem = authority(signer).certificate
        found = radsec_peer(self.school.store.reader, self.project.id, certificate, pem, self.now)
        return None if found is None else found.name

    def test_a_peer_connects_until_it_is_revoked_or_over(self) -> None:
        """What was issued for RadSec is let in by the register, from the commit of a revocation on no more."""
        issued = self.issue_radsec()
        der = eap_authority.to_der(issued.pair.certificate)
        self.assertEqual(issued.certificate.kind, CertificateKind.RADSEC)
        self.assertEqual(self.peer(der), "ac1")
        self.now = issued.certificate.not_after_at
        self.assertIsNone(self.peer(der))
        self.now = real_now()
        self.revoke(issued.certificate.serial)
        self.assertIsNone(self.peer(der))

    def test_a_persons_certificate_connects_no_peer(self) -> None:
        """Nor does one of another authority, one of another project, or no certificate at all."""
        self.assertIsNone(self.peer(eap_authority.to_der(self.issue().pair.certificate)))
        peer = eap_authority.to_der(self.issue_radsec().pair.certificate)
        self.assertIsNone(self.peer(peer, "Another authority"))
        self.assertIsNone(self.peer(b"nothing"))
        other = self.school.write(lambda tx: network.add_project(tx, "other", "Asia/Shanghai", 5))
        self.project = Project(other, "other", "Asia/Shanghai")
        self.assertIsNone(self.peer(peer))
