"""Reports about money through the API."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.web.api_client import Api
from zhuomai_appliance.model.commerce import Channel


class ReportTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.api = Api()
        self.school = school = self.api.school
        self.buyer = school.person("20260001")
        school.buy(self.buyer, school.plan(price=3000, subject="包月"), Channel.CASH, shift="cashier1")

    def test_income_ties_and_opens_its_rows(self) -> None:
        """The sum, its part, and the posting behind it."""
        found = self.api.get("/reports/income?unit=month&by=subject&from=2026-11-01&to=2026-12-31").json
        self.assertEqual((found["received_fen"], found["total_fen"]), (3000, 3000))
        (row,) = found["items"]
        self.assertEqual(row["span"], {"label": "2026-11", "first": "2026-11-01", "last": "2026-11-30"})
        self.assertEqual((row["part"], row["net_fen"]), ("包月", 3000))
        (figure,) = self.api.get("/figures?measure=received&subject=%E5%8C%85%E6%9C%88").items
        self.assertEqual(
            (figure["amount_fen"], figure["username"], figure["channel"], figure["day"]),
            (3000, "20260001", "CASH", "2026-11-25"),
        )

    def test_income_as_files(self) -> None:
        """The same rows with their sum, as CSV with a mark and as a workbook."""
        self.school.buy(self.buyer, self.school.plan("other"), Channel.CASH, shift="s1")
        text = self.api.get("/reports/income.csv?by=subject").text
        self.assertEqual(
            text.lstrip("\ufeff").splitlines(),
            [
                "basis,span,first,last,subject,received_fen,returned_fen,net_fen",
                "cash,2026-11-25,2026-11-25,2026-11-25,period,3000,0,3000",
                "cash,2026-11-25,2026-11-25,2026-11-25,包月,3000,0,3000",
                "cash,total,,,,6000,0,6000",
            ],
        )
        reply = self.api.get("/reports/income.xlsx?by=subject")
        self.assertEqual(reply.status, 200)
        self.assertIn("spreadsheetml", reply.headers["content-type"])
        self.assertIn("income-day-cash.xlsx", reply.headers["content-disposition"])

    def test_a_day_is_explained(self) -> None:
        """Without a date it is today's; what was sold is deferred until it is earned."""
        found = self.api.get("/reports/statement").json
        self.assertEqual((found["span"]["label"], found["received_fen"]), ("2026-11-25", 3000))
        self.assertEqual(found["deferred"]["closing_fen"], 3000)
        self.assertEqual(found["wallets"]["closing_fen"], 0)

    def test_a_budget_is_set_once(self) -> None:
        """The second time changes nothing and leaves no audit row; nothing takes it away."""
        body = {
            "month": "2026-11",
            "side": "income",
            "subject": "包月",
            "amount_fen": 9000,
            "project": "main",
        }
        for _ in range(2):
            self.assertEqual(self.api.ask("PUT", "/reports/budget", body).status, 200)
        (row,) = self.api.get("/reports/budget?month=2026-11&project=main").items
        self.assertEqual((row["budget_fen"], row["actual_fen"], row["year_budget_fen"]), (9000, 3000, 9000))
        self.assertEqual(len(self.school.rows("SELECT 1 FROM audit WHERE action = 'budget.set'")), 1)

    def test_wrong_questions_are_answered_by_name(self) -> None:
        """Dates that are none, days in the wrong order, more rows than anybody reads."""
        for question, field in (
            ("from=2026-02-30", "from"),
            ("from=2026-11-02&to=2026-11-01", "to"),
            ("from=1990-01-01&to=2026-11-01", "to"),
            ("by=colour", "by"),
            ("project=elsewhere", "project"),
        ):
            reply = self.api.get(f"/reports/income?{question}")
            self.assertEqual(reply.problem, (422, "invalid"), question)
            self.assertEqual(list(reply.wrong), [field])

    def test_an_investor_sees_income_and_no_person(self) -> None:
        """K06: sums on both bases, and neither postings nor accounts."""
        token = self.api.token("investor1", "investor")
        self.assertEqual(self.api.get("/reports/income?by=channel", token).status, 200)
        self.assertEqual(self.api.get("/figures?measure=received", token).problem, (403, "not_allowed"))
        self.assertEqual(self.api.get("/accounts", token).problem, (403, "not_allowed"))

    def test_another_projects_money_is_not_in_it(self) -> None:
        """Neither in the sums nor in the rows (J11)."""
        theirs = self.api.token("far", "admin", projects=(self.api.other,))
        self.assertEqual(self.api.get("/reports/income", theirs).json["total_fen"], 0)
        self.assertEqual(self.api.get("/figures?measure=received", theirs).items, [])
        self.assertEqual(self.api.get("/reports/income?project=main", theirs).problem, (422, "invalid"))
