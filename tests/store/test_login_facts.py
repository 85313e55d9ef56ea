"""One statement tells of a login what several told before, and no less."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import LAPTOP, NOW, PHONE, PHONE_IP, START, School
from zhuomai_appliance.model.network import NasId
from zhuomai_appliance.model.people import BindingKind
from zhuomai_appliance.store import accounts, login_facts


class LoginFactsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = School()
        self.account_id = self.school.person("stu2026", self.school.plan(), aliases=("card77",))

    def facts(self, name: str = "stu2026") -> login_facts.LoginFacts:
        school = self.school
        found = login_facts.find_facts(school.store.reader, school.project, name, school.nas.id)
        assert found is not None
        return found

    def bind(self, mac: str, at: int) -> None:
        school = self.school
        school.write(lambda tx: accounts.bind_device(tx, school.project, self.account_id, mac, BindingKind.LEARNED, "portal", None, at))  # fmt: skip

    def test_the_same_as_one_by_one(self) -> None:
        """Login and devices are those of the separate statements, the device seen last first; by any of the names."""
        school = self.school
        reader = school.store.reader
        self.bind(PHONE, NOW)
        self.bind(LAPTOP, NOW + 5)
        for name in ("stu2026", "CARD77"):
            found = self.facts(name)
            self.assertEqual(found.login, accounts.find_login(reader, school.project, name))
            self.assertEqual(list(found.bindings), accounts.bindings(reader, school.project, self.account_id))
        self.assertEqual([binding.mac for binding in found.bindings], [LAPTOP, PHONE])

    def test_nobody(self) -> None:
        """A name or a device of nobody is None."""
        reader, project = self.school.store.reader, self.school.project
        self.assertIsNone(login_facts.find_facts(reader, project, "nobody", self.school.nas.id))
        self.assertIsNone(login_facts.facts_of_device(reader, project, PHONE))

    def test_says_whether_more_must_be_asked(self) -> None:
        """An open session and an unused one-time secret of this very device are pointed at."""
        school = self.school
        self.assertEqual((self.facts().has_sessions, self.facts().has_secrets, self.facts().bindings), (False, False, ()))  # fmt: skip
        school.report(START, name="stu2026")
        self.assertTrue(self.facts().has_sessions)
        school.write(
            lambda tx: accounts.add_portal_secret(
                tx, project_id=school.project, account_id=self.account_id, nas_id=school.nas.id, user_ip=PHONE_IP,
                mac=None, secret_sealed=b"", secret=b"", at=NOW, expires_at=NOW + 60,
            )
        )  # fmt: skip
        self.assertTrue(self.facts().has_secrets)
        other = login_facts.find_facts(school.store.reader, school.project, "stu2026", NasId(99))
        assert other is not None
        self.assertFalse(other.has_secrets)
        school.write(lambda tx: accounts.use_portal_secret(tx, 1, NOW))
        self.assertFalse(self.facts().has_secrets)
