"""A holiday for groups through the API: lines first, one batch for a key, undone as one."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.web.api_client import Api
from zhuomai_appliance.model.people import Group, GroupId
from zhuomai_appliance.store import products


class HolidayTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.api = Api()
        school = self.api.school
        group = school.write(
            lambda tx: products.add_group(tx, Group(GroupId(0), school.project, None, "grade"))
        )
        school.reload()
        month = school.plan()
        for name in ("20260001", "20260002"):
            school.person(name, month, group_id=group.id)
        school.person("20260003", group_id=group.id)

    def ask(self, key: str = "k1", token: str = "", **body: Any) -> Any:
        wanted = {
            "project": "main", "groups": ["grade"], "begins_at": "2026-12-01T00:00:00+08:00",
            "resumes_at": "2026-12-11T00:00:00+08:00", "reason": "winter",
        } | body  # fmt: skip
        return self.api.ask("POST", "/holiday-batches", wanted, key=key, token=token)

    def test_lines_then_one_batch_then_undone(self) -> None:
        """Ten days for those who have something that runs; the same key makes no second batch."""
        seen = self.ask(dry_run=True, limit=2)
        self.assertEqual((seen.status, seen.json["planned"], seen.json["next"]), (200, 2, 2))
        rest = self.ask(dry_run=True, after=2)
        self.assertEqual([one["code"] for one in rest.json["lines"]], ["nothing_runs"])
        done = self.ask()
        self.assertEqual((done.status, done.json["id"], done.json["planned"]), (200, 1, 2))
        self.assertEqual(self.ask().json, done.json)
        undone = self.api.ask("POST", "/holiday-batches/1/undo", {"project": "main"}, key="u1")
        self.assertEqual(undone.json, {"id": 1, "undone": 2})
        missing = self.api.ask("POST", "/holiday-batches/9/undo", {"project": "main"}, key="u2")
        self.assertEqual(missing.problem, (404, "not_found"))

    def test_what_is_refused(self) -> None:
        """A group that is not there, an end before the begin, another project's operator."""
        self.assertEqual(self.ask("k2", groups=["none"]).status, 422)
        self.assertEqual(self.ask("k3", resumes_at="2026-11-30T00:00:00+08:00").status, 422)
        theirs = self.api.token("far", "admin", projects=(self.api.other,))
        self.assertEqual(self.ask("k4", theirs).status, 422)
        undo = self.api.ask("POST", "/holiday-batches/1/undo", {}, key="u3", token=theirs)
        self.assertEqual(undo.problem, (404, "not_found"))
