"""Accounts through the API: found, created once for one key, changed with an audit row, locked with a reason."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import PHONE, START
from tests.web.api_client import Api
from zhuomai_appliance.model.people import BindingKind, Group, GroupId, Permission
from zhuomai_appliance.model.traffic import RateLimit
from zhuomai_appliance.store import accounts, products


class AccountCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.api = Api()
        self.school = self.api.school
        self.monthly = self.school.plan()
        self.school.write(lambda tx: products.add_rate(tx, self.school.project, "2M", RateLimit(1, 2)))
        self.school.write(
            lambda tx: products.add_group(
                tx, Group(GroupId(0), self.school.project, None, "students", plan_id=self.monthly.plan_id)
            )
        )

    def create(self, key: str = "k1", **body: Any) -> Any:
        wanted = {"username": "20260001", "project": "main"} | body
        return self.api.ask("POST", "/accounts", wanted, key=key)

    def audit(self) -> list[tuple[str, str, str]]:
        """Action, object and the operator, of every act but those of the set-up."""
        found = self.school.rows(
            "SELECT action, object_id, actor FROM audit WHERE action NOT LIKE 'operator%'"
        )
        return [tuple(row) for row in found]


class ListTests(AccountCase):
    def test_filters_bear_the_columns_names(self) -> None:
        """What an item shows can be asked for by the same name."""
        self.create(full_name="张三", group="students", phone="13900000001")
        self.create("k2", username="20260002", plan=[])
        for question, names in (
            ("q=%E5%BC%A0", ["20260001"]),
            ("q=13900000001", ["20260001"]),
            ("username=20260002", ["20260002"]),
            ("full_name=%E5%BC%A0%E4%B8%89", ["20260001"]),
            ("group=students", ["20260001"]),
            ("phone=13900000001", ["20260001"]),
            ("phone=13900000002", []),
            ("status=normal", ["20260001"]),
            ("status=no_plan", ["20260002"]),
            ("online=true", []),
            ("mac=A45E-60AA-BBCC", []),
            ("order=newest", ["20260002", "20260001"]),
            ("project=main", ["20260001", "20260002"]),
            ("project=other", []),
        ):
            found = [item["username"] for item in self.api.get(f"/accounts?{question}").items]
            self.assertEqual(found, names, question)
        self.assertEqual(self.api.get("/accounts?project=mars").wrong, {"project": "unknown"})

    def test_an_item_is_told_in_words_and_the_schools_time(self) -> None:
        """Names for ids, RFC 3339 with the project's offset, no secret."""
        self.create(full_name="张三", group="students", rate="2M", password="s3cret")
        reply = self.api.get("/accounts")
        (item,) = reply.items
        self.assertEqual(item["id"], 1)
        self.assertEqual((item["project"], item["group"], item["rate"]), ("main", "students", "2M"))
        self.assertEqual((item["plan"], item["status"]), ("monthly", "normal"))
        self.assertEqual(item["created_at"], "2026-11-25T10:00:00+08:00")
        self.assertEqual(item["ends_at"], "2026-12-25T10:00:00+08:00")
        self.assertNotIn("s3cret", reply.text)

    def test_a_walk_sees_everybody_once(self) -> None:
        """`next` leads from page to page and is null at the end, however the rows divide."""
        for number in range(6):
            self.school.person(f"u{number}")
        for limit in (1, 2, 4, 6, 7):
            seen, after, pages = [], "", 0
            while True:
                page = self.api.get(f"/accounts?limit={limit}{after}").json
                pages += 1
                self.assertLessEqual(len(page["items"]), limit)
                seen += [item["username"] for item in page["items"]]
                if page["next"] is None:
                    break
                after = f"&after={page['next']}"
            self.assertEqual((seen, pages), ([f"u{number}" for number in range(6)], -(-6 // limit)))

    def test_another_projects_people_do_not_exist(self) -> None:
        """To an operator of another project they are not in lists, not at their address and not to be changed."""
        self.create()
        theirs = self.api.token("far", "admin", projects=(self.api.other,))
        self.assertEqual(self.api.get("/accounts", theirs).items, [])
        self.assertEqual(self.api.get("/accounts/1", theirs).problem, (404, "not_found"))
        reply = self.api.ask("PATCH", "/accounts/1", {"full_name": "x"}, token=theirs)
        self.assertEqual(reply.problem, (404, "not_found"))
        reply = self.api.ask("POST", "/accounts", {"username": "a", "project": "main"}, token=theirs, key="k")
        self.assertEqual(reply.wrong, {"project": "unknown"})
        self.assertEqual(self.api.get("/accounts?project=main", theirs).wrong, {"project": "unknown"})


class CreateTests(AccountCase):
    def test_one_key_makes_one_account(self) -> None:
        """Asked again with the same key, the first answer comes back and nothing is made; with other content 422."""
        first = self.create(password="a password", group="students")
        self.assertEqual(first.status, 201)
        again = self.create(password="a password", group="students")
        self.assertEqual((again.status, again.json), (201, first.json))
        self.assertEqual(again.headers["idempotency-replayed"], "true")
        self.assertNotIn("idempotency-replayed", first.headers)
        other = self.create(password="another", group="students")
        self.assertEqual(other.problem, (422, "key_reused"))
        self.assertEqual(self.school.rows("SELECT count(*) FROM account"), [(1,)])
        self.assertEqual(self.audit(), [("account.create", "20260001", "boss")])

    def test_keys_belong_to_their_operator(self) -> None:
        """Two operators may use the same key; a missing, doubled or odd key is refused."""
        self.create()
        token = self.api.token("second", "admin")
        reply = self.api.ask("POST", "/accounts", {"username": "b", "project": "main"}, token=token, key="k1")
        self.assertEqual(reply.status, 201)
        for key in (None, "", "x" * 201, "a b"):
            reply = self.api.ask("POST", "/accounts", {"username": "c", "project": "main"}, key=key)
            self.assertEqual(reply.problem, (400, "key_missing"), key)

    def test_what_is_kept_does_not_help_to_guess(self) -> None:
        """Neither the request nor the password stands in the row of the key."""
        self.create(password="a password", phone="13900000001")
        ((digest, response),) = self.school.rows("SELECT request_digest, response FROM idempotency")
        self.assertNotIn("password", response)
        self.assertNotIn("13900000001", response)
        self.assertEqual(len(digest), 64)

    def test_a_new_account_gets_its_groups_plan(self) -> None:
        """As with a site file: the plans it names, else its group's, else none."""
        self.create(group="students")
        self.create("k2", username="b", plan=["monthly", "monthly"])
        self.create("k3", username="c")
        plans = self.school.rows("SELECT account_id, count(*) FROM subscription GROUP BY 1 ORDER BY 1")
        self.assertEqual(plans, [(1, 1), (2, 2)])

    def test_all_mistakes_at_once_and_nothing_done(self) -> None:
        """Unknown group, rate and plan are named together; a taken name is 409."""
        reply = self.create(group="x", rate="y", plan=["z"])
        self.assertEqual(reply.problem, (422, "invalid"))
        self.assertEqual(reply.wrong, {"group": "unfit", "rate": "unfit", "plan": "unfit"})
        self.assertEqual(self.school.rows("SELECT count(*) FROM account"), [(0,)])
        self.create()
        self.assertEqual(self.create("k2").problem, (409, "name_taken"))
        taken = self.create("k3", username="b", aliases=["20260001"])
        self.assertEqual(taken.wrong, {"aliases": "unfit"})

    def test_the_project_must_be_named_among_several(self) -> None:
        """Two projects: it is asked for. An operator of one project need not say it."""
        reply = self.api.ask("POST", "/accounts", {"username": "a"}, key="k")
        self.assertEqual(reply.wrong, {"project": "missing"})
        ours = self.api.token("near", "admin", projects=(self.school.project,))
        reply = self.api.ask("POST", "/accounts", {"username": "a"}, key="k", token=ours)
        self.assertEqual((reply.status, reply.json["project"]), (201, "main"))


class ChangeTests(AccountCase):
    def change(self, **body: Any) -> Any:
        return self.api.ask("PATCH", "/accounts/1", body)

    def test_only_what_is_named_changes(self) -> None:
        """Name, group, rate; null takes away; nothing asked for changes and audits nothing."""
        self.create(full_name="张三", group="students", phone="13900000001")
        self.assertEqual(self.change(rate="2M").json["rate"], "2M")
        changed = self.change(full_name="李四", group=None).json
        self.assertEqual((changed["full_name"], changed["group"], changed["rate"]), ("李四", None, "2M"))
        self.assertEqual(changed["phone"], "13900000001")
        self.assertEqual(self.change().status, 200)
        self.assertEqual(self.change(full_name="李四").status, 200)
        acts = [act for act in self.audit() if act[0] != "account.person_data"]
        self.assertEqual([action for action, _, _ in acts], ["account.create"] + ["account.change"] * 2)

    def test_a_change_is_audited_without_its_secrets(self) -> None:
        """The row names what changed; password and phone are not in it."""
        self.create()
        self.assertEqual(self.change(password="s3cret-word", phone="13900000001", full_name="N").status, 200)
        ((before, after),) = self.school.rows(
            "SELECT before, after FROM audit WHERE action = 'account.change'"
        )
        for secret in ("s3cret", "13900000001"):
            self.assertNotIn(secret, before + after)
        self.assertIn('"password":"changed"', after)
        login = accounts.login_by_id(self.school.store.reader, 1)  # type: ignore[arg-type]
        assert login is not None
        assert login.secret_sealed is not None
        held = self.school.vault.open(login.secret_sealed, accounts.secret_context(login.account.id))
        self.assertEqual(held, b"s3cret-word")

    def test_a_lock_needs_a_reason_and_ends_sessions(self) -> None:
        """Locked people are told so in lists, their sessions are asked to end, and an unlock takes it back."""
        account_id = self.school.person("20260001", self.monthly)
        self.school.report(START)
        self.assertEqual(self.change(locked=True).wrong, {"locked_reason": "unfit"})
        locked = self.change(locked=True, locked_reason="lost card", locked_until="2026-11-26T10:00:00+08:00")
        self.assertEqual((account_id, locked.json["status"]), (1, "locked"))
        self.assertEqual(locked.json["locked_until"], "2026-11-26T10:00:00+08:00")
        self.assertEqual([key for key, _, _ in self.school.effects()], ["disconnect:1"])
        self.assertEqual(self.api.get("/accounts?status=locked").items[0]["locked_reason"], "lost card")
        self.assertEqual(self.change(locked=False).json["status"], "normal")
        self.assertEqual(len([act for act in self.audit() if act[0] == "account.change"]), 2)

    def test_a_new_group_reaches_running_sessions(self) -> None:
        """Its policy may be another: a change of authorization is put on its way."""
        self.school.person("20260001", self.monthly)
        self.school.report(START)
        self.change(group="students")
        self.assertEqual([key for key, _, _ in self.school.effects()], ["change:1"])

    def test_unfit_changes_do_nothing(self) -> None:
        """Unknown group and rate are told at once; somebody's phone is refused and the rest of the change with it."""
        self.create(phone="13900000001")
        self.create("k2", username="b")
        self.assertEqual(self.change(group="x", rate="y").wrong, {"group": "unfit", "rate": "unfit"})
        reply = self.api.ask("PATCH", "/accounts/2", {"full_name": "N", "phone": "13900000001"})
        self.assertEqual(reply.wrong, {"phone": "unfit"})
        self.assertEqual(self.api.get("/accounts/2").json["full_name"], "")

    def test_person_data_is_masked_or_audited(self) -> None:
        """Whole only for a token with accounts.person_data, and each such look leaves a row."""
        self.create(phone="13900000001", id_number="110101199001011234", email="a@b.cn", aliases=["card1"])
        desk = self.api.token("desk", "helpdesk")
        masked = self.api.get("/accounts/1", desk)
        self.assertEqual(masked.json["aliases"], ["card1"])
        for secret in ("13900000001", "1990", "a@b.cn"):
            self.assertNotIn(secret, masked.text)
        self.assertNotIn("account.person_data", [action for action, _, _ in self.audit()])
        whole = self.api.get("/accounts/1")
        self.assertEqual((whole.json["phone"], whole.json["email"]), ("13900000001", "a@b.cn"))
        self.assertEqual(self.audit()[-1], ("account.person_data", "20260001", "boss"))

    def test_a_token_without_the_right_cannot_see_by_changing(self) -> None:
        """The answer to a change is masked as well."""
        self.create(phone="13900000001")
        scopes = (Permission.ACCOUNTS_WRITE, Permission.ACCOUNTS_READ)
        token = self.api.token("writer", "admin", scopes)
        reply = self.api.ask("PATCH", "/accounts/1", {"full_name": "N"}, token=token)
        self.assertEqual(reply.status, 200)
        self.assertNotIn("13900000001", reply.text)

    def test_a_device_finds_its_owner(self) -> None:
        """A bound MAC, in any writing, is a filter."""
        account_id = self.school.person("20260001", self.monthly)
        self.school.person("20260002", self.monthly)
        project, now = self.school.project, self.school.now()
        self.school.write(
            lambda tx: accounts.bind_device(
                tx, project, account_id, PHONE, BindingKind.LEARNED, "portal", None, now
            )
        )
        for question in (
            f"mac={PHONE.upper().replace(':', '-')}",
            f"q={PHONE}",
            f"q={PHONE.replace(':', '')}",
        ):
            found = self.api.get(f"/accounts?{question}").items
            self.assertEqual([item["id"] for item in found], [account_id], question)
