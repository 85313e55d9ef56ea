"""A key does its work once, whoever sends it again."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import NOW, School
from zhuomai_appliance.flows.once import KeyReused, once
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.model.network import Project

WANG, LI = Actor("wangmin", "10.1.1.9"), Actor("lihua", "10.1.1.8")


class OnceTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = School()
        project = self.school.tables.project(self.school.project)
        assert project is not None
        self.project: Project = project
        self.made = 0

    def make(self) -> dict[str, int]:
        self.made += 1
        return {"made": self.made}

    def ask(self, key: str = "k1", request: tuple[object, ...] = ("do", 1), actor: Actor = WANG) -> object:
        return self.school.write(lambda tx: once(tx, actor, NOW, self.project, key, list(request), self.make))

    def test_p2_a_key_that_comes_again_gets_its_first_answer(self) -> None:
        """Nothing is done a second time."""
        self.assertEqual((self.ask(), self.ask(), self.made), ({"made": 1}, {"made": 1}, 1))

    def test_a_key_with_another_request_is_refused(self) -> None:
        """A key that was used for something else does nothing."""
        self.ask()
        with self.assertRaises(KeyReused):
            self.ask(request=("do", 2))
        self.assertEqual(self.made, 1)

    def test_keys_belong_to_one_person(self) -> None:
        """Two people's forms may carry the same key."""
        self.assertEqual((self.ask(), self.ask(actor=LI)), ({"made": 1}, {"made": 2}))

    def test_what_fails_leaves_the_key_free(self) -> None:
        """The form can be sent again after its mistake is mended."""

        def fail() -> dict[str, int]:
            raise ValueError("no")

        with self.assertRaises(ValueError):
            self.school.write(lambda tx: once(tx, WANG, NOW, self.project, "k1", ["do", 1], fail))
        self.assertEqual(self.ask(), {"made": 1})
