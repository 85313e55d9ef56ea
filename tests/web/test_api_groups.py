"""Groups through the API: a tree with inherited switches, lists by subtree, and operators bound to one."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import START
from tests.web.api_client import Api
from zhuomai_appliance.store import operators
from zhuomai_appliance.web.api.routes import ROUTES
from zhuomai_appliance.web.api.routes_people import WITHIN_GROUPS


class GroupCase(SynchronousTestCase):
    """school > dorm > dorm1, and staff beside it."""

    def setUp(self) -> None:
        self.api = Api()
        self.school = self.api.school
        self.keys = iter(range(10_000))
        self.ids: dict[str, int] = {}
        for name, parent in (("school", None), ("dorm", "school"), ("dorm1", "dorm"), ("staff", "school")):
            self.group(name, parent=parent)

    def group(self, name: str, project: str = "main", **body: Any) -> Any:
        wanted: dict[str, Any] = {"name": name, "project": project, **body}
        reply = self.api.ask("POST", "/groups", wanted, key=f"g{next(self.keys)}")
        if reply.status == 201:
            self.ids[name] = reply.json["id"]
            self.school.reload()
        return reply

    def change(self, name: str, **body: Any) -> Any:
        reply = self.api.ask("PATCH", f"/groups/{self.ids[name]}", body)
        self.school.reload()
        return reply

    def person(self, username: str, group: str | None, token: str = "") -> Any:
        body: dict[str, Any] = {"username": username, "project": "main", "plan": [], "group": group}
        return self.api.ask("POST", "/accounts", body, key=f"p{next(self.keys)}", token=token)

    def bound(self, name: str, *groups: str, role: str = "admin") -> str:
        """The token of an operator bound to groups."""
        token = self.api.token(name, role, projects=(self.school.project,))
        found = operators.by_name(self.school.store.reader, name)
        assert found is not None
        self.school.write(lambda tx: operators.set_groups(tx, found.id, [self.ids[one] for one in groups]))  # type: ignore[misc]
        return token


class TreeTests(GroupCase):
    def test_a_switch_holds_for_all_below_until_one_says_otherwise(self) -> None:
        """Every switch on a group shows below with the name of who set it, and an override wins from there on down."""
        for switch, value, other in (
            ("must_change_password", True, False),
            ("must_bind_phone", True, False),
            ("must_bind_email", True, False),
            ("may_sponsor_guests", True, False),
            ("is_guest_group", True, False),
            ("self_registration", True, False),
            ("unbinds_per_month", 3, 0),
            ("binding", "fixed", "none"),
        ):
            with self.subTest(switch=switch):
                self.change("school", **{switch: value})
                found = self.api.get(f"/groups/{self.ids['dorm1']}").json
                self.assertEqual(found["effective"][switch], {"value": value, "set_by": "school"})
                self.assertIsNone(found[switch])
                self.change("dorm", **{switch: other})
                found = self.api.get(f"/groups/{self.ids['dorm1']}").json
                self.assertEqual(found["effective"][switch], {"value": other, "set_by": "dorm"})
                staff = self.api.get(f"/groups/{self.ids['staff']}").json
                self.assertEqual(staff["effective"][switch], {"value": value, "set_by": "school"})
                self.change("dorm", **{switch: None})
                found = self.api.get(f"/groups/{self.ids['dorm1']}").json
                self.assertEqual(found["effective"][switch], {"value": value, "set_by": "school"})
        self.assertEqual(self.api.get(f"/groups/{self.ids['dorm1']}").json["path"], ["school", "dorm"])

    def test_what_cannot_be_is_refused_with_its_field(self) -> None:
        """A taken name, an unknown parent, a circle, a group in use: named, and nothing changes."""
        self.assertEqual(self.group("dorm").wrong, {"name": "unfit"})
        self.assertEqual(
            self.group("x", parent="nowhere", rate="y").wrong, {"parent": "unfit", "rate": "unfit"}
        )
        self.assertEqual(self.change("school", parent="dorm1").wrong, {"parent": "unfit"})
        self.person("a", "dorm1")
        for name in ("dorm", "dorm1"):
            self.assertEqual(self.api.ask("DELETE", f"/groups/{self.ids[name]}").problem, (409, "in_use"))
        self.assertEqual(self.api.ask("DELETE", f"/groups/{self.ids['staff']}").json, {"done": True})
        self.school.reload()
        self.assertEqual(self.api.get(f"/groups/{self.ids['staff']}").problem, (404, "not_found"))
        actions = [row[0] for row in self.school.rows("SELECT action FROM audit WHERE object_kind = 'group'")]
        self.assertEqual(actions, ["group.create"] * 4 + ["group.remove"])

    def test_another_projects_group_does_not_exist(self) -> None:
        """Neither seen, changed nor removed, and it is no parent for one of ours."""
        theirs = self.api.token("far", "admin", projects=(self.api.other,))
        for method, body in (("GET", None), ("PATCH", {"name": "x"}), ("DELETE", None)):
            reply = self.api.ask(method, f"/groups/{self.ids['dorm']}", body, token=theirs)
            self.assertEqual(reply.problem, (404, "not_found"))
        self.assertEqual(self.group("x", project="other", parent="dorm").wrong, {"parent": "unfit"})


class SubtreeTests(GroupCase):
    def setUp(self) -> None:
        super().setUp()
        for username, group in (("a", "dorm"), ("b", "dorm1"), ("c", "staff"), ("d", None)):
            self.person(username, group)

    def names(self, path: str, token: str = "") -> list[str]:
        return sorted(item["username"] for item in self.api.get(path, token).items)

    def test_lists_keep_to_a_group_and_all_below(self) -> None:
        """Accounts of a subtree, whatever else is asked; an unknown group is a mistake, not an empty list."""
        self.assertEqual(self.names("/accounts?under=school"), ["a", "b", "c"])
        self.assertEqual(self.names("/accounts?under=dorm"), ["a", "b"])
        self.assertEqual(self.names("/accounts?under=dorm1&status=no_plan"), ["b"])
        self.assertEqual(self.api.get("/accounts?under=mars").wrong, {"under": "unknown"})
        monthly = self.school.plan()
        for username in ("a", "c"):
            self.school.buy(self.names_id(username), monthly)
        for path in ("/orders", "/subscriptions"):
            self.assertEqual(self.names(f"{path}?under=dorm"), ["a"])
            self.assertEqual(self.names(path), ["a", "c"])
        self.school.login("c")
        self.assertEqual(self.names("/attempts?under=dorm"), [])
        self.assertEqual(self.names("/attempts?under=staff"), ["c"])
        self.school.report(START, name="c")
        self.assertEqual(self.names("/sessions?under=dorm"), [])
        self.assertEqual(self.names("/sessions?under=staff"), ["c"])

    def names_id(self, username: str) -> Any:
        return self.api.get(f"/accounts?username={username}").items[0]["id"]

    def test_a_bound_operator_sees_and_makes_only_his_own_people(self) -> None:
        """Everybody else is not there for him: lists, addresses, changes, new people and moves out of his groups."""
        token = self.bound("warden", "dorm")
        self.assertEqual(self.names("/accounts", token), ["a", "b"])
        self.assertEqual(self.names("/accounts?under=dorm1", token), ["b"])
        self.assertEqual(self.api.get("/accounts?under=staff", token).wrong, {"under": "unknown"})
        self.assertEqual([one["name"] for one in self.api.get("/groups", token).items], ["dorm", "dorm1"])
        stranger = self.names_id("c")
        for method, path, body in (
            ("GET", f"/accounts/{stranger}", None),
            ("PATCH", f"/accounts/{stranger}", {"full_name": "x"}),
            ("GET", f"/accounts/{stranger}/devices", None),
            ("GET", f"/groups/{self.ids['staff']}", None),
        ):
            self.assertEqual(self.api.ask(method, path, body, token=token).problem, (404, "not_found"), path)
        self.assertEqual(self.person("e", "staff", token).wrong, {"group": "unknown"})
        self.assertEqual(self.person("e", None, token).wrong, {"group": "unknown"})
        self.assertEqual(self.person("e", "dorm1", token).status, 201)
        own = self.names_id("a")
        reply = self.api.ask("PATCH", f"/accounts/{own}", {"group": "staff"}, token=token)
        self.assertEqual(reply.wrong, {"group": "unknown"})
        self.assertEqual(self.api.ask("PATCH", f"/accounts/{own}", {"group": None}, token=token).status, 422)
        self.assertEqual(
            self.api.ask("PATCH", f"/accounts/{own}", {"group": "dorm1"}, token=token).status, 200
        )

    def test_a_bound_operator_gets_no_answer_from_what_cannot_be_narrowed(self) -> None:
        """Every other operation refuses him, also one that is added tomorrow and forgets him."""
        token = self.bound("warden", "dorm")
        for route in ROUTES:
            if route.name in WITHIN_GROUPS or route.method != "GET" or "<" in route.path:
                continue
            self.assertEqual(self.api.get(route.path, token).problem, (403, "not_allowed"), route.name)
        self.assertEqual(WITHIN_GROUPS - {route.name for route in ROUTES}, frozenset())
