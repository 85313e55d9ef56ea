"""Whose certificate may open a stream: that of the device at the address, in force, issued for it."""

from __future__ import annotations

import pytest

from tests.flows.school import School
from tests.radius import tls_peer
from zhuomai_appliance.flows.radsec_peers import PeerCheck
from zhuomai_appliance.model.certificates import CertificateKind, IssuedCertificate
from zhuomai_appliance.model.network import Nas
from zhuomai_appliance.radius import eap_authority
from zhuomai_appliance.store import certificates

OWN, OTHER = "Authority of tests", "Authority of a federation"


@pytest.fixture
def school() -> School:
    return School()


def check(school: School, nas: Nas, name: str, issuer: str = OWN) -> str:
    judge = PeerCheck(school.store, lambda: tls_peer.authority(OWN).certificate, tls_peer.real_now)
    return judge.refusal(nas, eap_authority.to_der(tls_peer.client(name, issuer).certificate))


def register(school: School, name: str, kind: CertificateKind) -> str:
    """Enter a certificate as issued; its serial number."""
    account = school.person() if kind is CertificateKind.CLIENT else None
    pem = tls_peer.client(name, OWN).certificate
    facts = eap_authority.facts(pem)
    entry = IssuedCertificate(
        project_id=school.project,
        serial=facts.serial,
        kind=kind,
        account_id=account,
        name=name,
        not_before_at=facts.not_before_at,
        not_after_at=facts.not_after_at,
        issued_at=facts.not_before_at,
        issued_by="test",
        pem=pem.decode(),
    )
    school.write(lambda tx: certificates.add(tx, entry))
    return facts.serial


def test_one_issued_for_the_device_opens(school: School) -> None:
    """By our own authority it must stand in the register, as one for RadSec, and not be revoked."""
    assert "none for RadSec" in check(school, school.nas, "ac1")
    serial = register(school, "ac1", CertificateKind.RADSEC)
    assert check(school, school.nas, "ac1") == ""
    school.write(lambda tx: certificates.revoke(tx, school.project, serial, "lost", 1))
    assert "none for RadSec" in check(school, school.nas, "ac1")


def test_a_persons_certificate_opens_no_stream(school: School) -> None:
    """The same authority signs those of people; one of them may well be called like a device."""
    register(school, "ac1", CertificateKind.CLIENT)
    assert "none for RadSec" in check(school, school.nas, "ac1")


def test_the_name_must_be_the_devices(school: School) -> None:
    """Its identifier, or what the quirk says instead; without either nothing can be compared."""
    register(school, "somebody", CertificateKind.RADSEC)
    assert 'not of "ac1"' in check(school, school.nas, "somebody")
    renamed = school.add_nas(
        name="b", address=school.nas.address.__class__("192.0.2.2"), quirks={"radsec": "SomeBody"}
    )
    assert check(school, renamed, "somebody") == ""
    nameless = school.add_nas(name="c", address=school.nas.address.__class__("192.0.2.3"), identifier="")
    assert "neither an identifier" in check(school, nameless, "somebody")


def test_an_authority_of_the_settings_vouches_by_name(school: School) -> None:
    """Its certificates stand in no register of ours."""
    assert check(school, school.nas, "ac1", OTHER) == ""
    assert 'not of "ac1"' in check(school, school.nas, "ac2", OTHER)
