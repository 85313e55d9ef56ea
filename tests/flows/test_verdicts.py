"""Page and RADIUS meet over a one-time secret, also while the disk takes nothing."""

from __future__ import annotations

from dataclasses import replace

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import GB, PHONE_IP, School
from zhuomai_appliance.flows.verdicts import SpareSecrets
from zhuomai_appliance.flows.visitors import Online
from zhuomai_appliance.model.network import Nas, NasId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.portal.terms import Outcome
from zhuomai_appliance.radius.packet import Code
from zhuomai_appliance.store.interface import Condition

ANNA, AC = AccountId(1), NasId(1)


class FullDiskTests(SynchronousTestCase):
    def test_people_log_in_through_the_page(self) -> None:
        """Nothing can be recorded, and the right password gets online all the same, its secret once only."""
        school = School()
        account_id = school.person("20260001", school.pack(10 * GB))
        school.login()  # the first login of all starts the pack, which is to be recorded
        school.store.state = replace(school.store.state, condition=Condition.READ_ONLY, reason="disk full")
        shown: list[bytes] = []

        def twice(nas: Nas, ip: str, name: str, secret: bytes) -> Deferred[Outcome]:
            shown.append(secret)
            return school.ask_radius(nas, ip, name, secret)

        school.door.on_login = twice
        got = school.run(school.portal.with_password(school.visitor(), "20260001", "pass-word"))
        self.assertEqual(got, Online(school.visitor(), account_id))
        self.assertIs(school.login(password=shown[0], ip=PHONE_IP).code, Code.ACCESS_REJECT)


def test_a_spare_secret_is_for_one_account_one_device_and_one_time() -> None:
    """It lives until its end, is used up once, and its id is no row's."""
    spares = SpareSecrets()
    secret_id = spares.add(ANNA, AC, "10.9.1.2", b"secret", 1060)
    assert secret_id < 0
    assert [spare.secret for spare in spares.live(ANNA, AC, 1059)] == [b"secret"]
    assert spares.live(AccountId(2), AC, 1059) == spares.live(ANNA, NasId(2), 1059) == []
    assert "secret'" not in repr(spares.live(ANNA, AC, 1059))
    assert (spares.use(secret_id), spares.use(secret_id), spares.live(ANNA, AC, 1059)) == (True, False, [])
    over = spares.add(ANNA, AC, "10.9.1.2", b"secret", 1060)
    assert spares.live(ANNA, AC, 1060) == []
    assert not spares.use(over)


def test_spare_secrets_are_bounded() -> None:
    """However long the disk is full, the newest are held and no more."""
    spares = SpareSecrets(limit=3)
    for number in range(10):
        spares.add(ANNA, AC, f"10.9.1.{number}", b"secret", 1060)
    assert [spare.user_ip for spare in spares.live(ANNA, AC, 1000)] == ["10.9.1.7", "10.9.1.8", "10.9.1.9"]
