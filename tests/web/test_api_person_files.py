"""What the desk keeps of a person: unbinding by month, names of one person, notes and real names with a log of who saw them."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import LAPTOP, PHONE
from tests.web.api_client import Api
from zhuomai_appliance.model.people import BindingKind
from zhuomai_appliance.model.plan_rules import SaleRules
from zhuomai_appliance.radius.packet import Code
from zhuomai_appliance.store import accounts
from zhuomai_appliance.store.accounts import PersonData
from zhuomai_appliance.store.interface import Transaction

TABLET = "a4:5e:60:00:00:01"


class FileTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.api = Api()
        self.school = self.api.school
        group = {"name": "dorm", "project": "main", "unbinds_per_month": 2}
        self.group = self.api.ask("POST", "/groups", group, key="g").json["id"]
        self.below = self.api.ask(
            "POST", "/groups", {"name": "d1", "parent": "dorm", "project": "main"}, key="h"
        ).json["id"]
        self.school.reload()
        data = PersonData(id_number="11010119900101123X", phone="13900000001")
        self.person = self.school.person("20260001", group_id=self.below, person=data)
        self.path = f"/accounts/{self.person}"

    def bind(self, *macs: str) -> None:
        def task(tx: Transaction) -> None:
            for mac in macs:
                accounts.bind_device(
                    tx, self.school.project, self.person, mac, BindingKind.LEARNED, "web", None, self.school.now()
                )  # fmt: skip

        self.school.write(task)

    def acts(self, action: str) -> list[dict[str, object]]:
        return [one["after"] for one in self.api.get(f"/audit?action={action}").items]

    def test_unbinding_counts_by_calendar_month_and_an_override_is_logged(self) -> None:
        """Two in the month by the group above; the third is refused, an override needs a reason; the next month is new."""
        self.bind(PHONE, LAPTOP, TABLET)
        for left, mac in ((1, PHONE), (0, LAPTOP)):
            reply = self.api.ask("POST", f"{self.path}/unbindings", {"mac": mac})
            self.assertEqual((reply.status, reply.json["left"]), (200, left), reply.text)
        third = {"mac": TABLET}
        self.assertEqual(
            self.api.ask("POST", f"{self.path}/unbindings", third).problem, (409, "unbinds_used_up")
        )
        bare = self.api.ask("POST", f"{self.path}/unbindings", third | {"override": True})
        self.assertEqual(bare.problem, (409, "reason"))
        done = self.api.ask("POST", f"{self.path}/unbindings", third | {"override": True, "reason": "stolen"})
        self.assertEqual((done.json["used"], done.json["items"][0]["by_user"]), (2, False))
        self.assertEqual(self.acts("device.unbind_override"), [{"mac": TABLET, "reason": "stolen"}])
        self.assertEqual(
            self.api.ask("POST", f"{self.path}/unbindings", third).problem, (409, "unbinds_used_up")
        )
        self.school.clock.advance(6 * 86_400)
        self.assertEqual(self.api.get(f"{self.path}/unbindings").json["left"], 2)
        self.assertEqual(self.api.ask("POST", f"{self.path}/unbindings", third).problem, (404, "not_found"))

    def test_the_plan_in_use_goes_before_the_group(self) -> None:
        """It may allow more than the group, or nothing at all."""
        self.bind(PHONE)
        more = self.school.plan("more", sale=SaleRules(unbinds_per_month=5))
        self.school.buy(self.person, more)
        self.assertEqual(self.api.get(f"{self.path}/unbindings").json["per_month"], 5)
        other = self.school.person(
            "20260002", self.school.plan("none", sale=SaleRules(user_may_unbind=False))
        )
        self.assertEqual(self.api.get(f"/accounts/{other}/unbindings").json["left"], 0)
        refused = self.api.ask("POST", f"/accounts/{other}/unbindings", {"mac": PHONE})
        self.assertEqual(refused.problem, (409, "may_not_unbind"))
        free = self.school.person("20260003")
        self.assertIsNone(self.api.get(f"/accounts/{free}/unbindings").json["left"])

    def test_a_name_belongs_to_one_person_who_is_named(self) -> None:
        """Folded forms are the same name; it opens the account, and no more when it is taken away."""
        self.school.buy(self.person, self.school.plan())
        other = self.school.person("20260002")
        added = self.api.ask("POST", f"{self.path}/names", {"value": "T-100", "kind": "staff_no"})
        self.assertIn({"value": "t-100", "kind": "staff_no"}, added.json["items"])
        taken = self.api.ask("POST", f"/accounts/{other}/names", {"value": "Ｔ-100", "kind": "student_no"})
        self.assertEqual((taken.problem, taken.json["owner"]), ((409, "name_taken"), "20260001"))
        self.assertEqual(
            self.api.ask("POST", f"/accounts/{other}/names", {"value": "20260001"}).problem,
            (409, "name_taken"),
        )
        self.assertIs(self.school.login("T-100").code, Code.ACCESS_ACCEPT)
        self.assertEqual(
            self.api.ask("DELETE", f"{self.path}/names/username/20260001").problem, (409, "kind")
        )
        self.assertEqual(self.api.ask("DELETE", f"{self.path}/names/alias/T-100").problem, (404, "not_found"))
        self.assertEqual(self.api.ask("DELETE", f"{self.path}/names/staff_no/T-100").status, 200)
        self.assertIs(self.school.login("T-100").code, Code.ACCESS_REJECT)
        clerk = self.api.token("clerk", "cashier")
        phones = [
            one
            for one in self.api.get(f"{self.path}/names", token=clerk).json["items"]
            if one["kind"] == "phone"
        ]
        self.assertNotIn("13900000001", str(phones))

    def test_notes_are_kept_found_by_tag_and_reading_is_logged(self) -> None:
        """The log says that there was a note and who read it, never what it says."""
        note = self.api.ask("POST", f"{self.path}/notes", {"text": "pays late"})
        self.assertEqual(note.status, 201, note.text)
        self.api.ask("PUT", f"{self.path}/tags", {"tags": ["vip", "dorm 3", "vip"]})
        kept = self.api.get(f"{self.path}/file").json
        self.assertEqual(
            ([one["text"] for one in kept["notes"]], kept["tags"]), (["pays late"], ["dorm 3", "vip"])
        )
        self.assertEqual([one["id"] for one in self.api.get("/accounts?tag=vip").items], [self.person])
        self.assertEqual(self.api.get("/accounts?tag=vi").items, [])
        self.assertEqual(self.acts("account.notes_read"), [{"notes": 1}])
        self.assertNotIn("pays late", self.api.get("/audit").text)
        self.assertEqual(self.api.ask("DELETE", f"{self.path}/notes/{note.json['id']}").status, 200)
        self.assertEqual(
            self.api.ask("DELETE", f"{self.path}/notes/{note.json['id']}").problem, (404, "not_found")
        )
        self.assertEqual(self.api.get(f"{self.path}/file").json["notes"], [])
        self.assertEqual(self.api.ask("PUT", f"{self.path}/tags", {"tags": [" "]}).problem, (409, "tags"))

    def test_real_names_are_shown_for_a_purpose_that_is_logged(self) -> None:
        """Without the permission there is nothing, without a purpose neither; the log holds the purpose and no number."""
        body = {"purpose": "police enquiry 7"}
        clerk = self.api.token("clerk", "cashier")
        self.assertEqual(
            self.api.ask("POST", f"{self.path}/person-data", body, token=clerk).problem, (403, "not_allowed")
        )
        self.assertEqual(self.api.ask("POST", f"{self.path}/person-data", {"purpose": ""}).status, 422)
        self.assertEqual(
            self.api.ask("POST", f"{self.path}/person-data", {"purpose": " "}).problem, (409, "purpose")
        )
        shown = self.api.ask("POST", f"{self.path}/person-data", body)
        self.assertEqual(shown.json["id_number"], "11010119900101123X")
        self.assertEqual(
            self.acts("account.person_data"),
            [{"purpose": "police enquiry 7", "shown": ["id_number", "phone"]}],
        )
        self.assertNotIn("123X", self.api.get("/audit").text)
        self.api.ask("PUT", f"{self.path}/verification", {"seen": True})
        self.assertEqual(self.api.get(f"{self.path}/file").json["verified_by"], "boss")
