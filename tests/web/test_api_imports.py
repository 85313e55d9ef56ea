"""Tables of people sent to the API: every encoding of the field, row and column of each mistake, sent twice is once."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]
from twisted.trial.unittest import SynchronousTestCase

from tests.web.api_client import Api, Reply
from zhuomai_appliance.flows import imports
from zhuomai_appliance.model.people import Permission
from zhuomai_appliance.radius.packet import Code
from zhuomai_appliance.web.api.imports import MOST_OCTETS

CSV = {"Content-Type": "text/csv"}
ROWS = "学号,密码,姓名,手机号\n30001,pass-word,李四,13900000001\n30002,pass-word,王五,\n"


def sheet(*rows: list[object]) -> bytes:
    memory = io.BytesIO()
    book = xlsxwriter.Workbook(memory)
    page = book.add_worksheet()
    for number, row in enumerate(rows):
        page.write_row(number, 0, row)
    book.close()
    return memory.getvalue()


class ImportApiTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.api = Api()
        self.school = self.api.school

    def send(
        self, data: bytes, *, dry_run: bool = False, token: str = "", project: str = "main", **more: Any
    ) -> Reply:
        path = f"/account-imports?project={project}&dry_run={str(dry_run).lower()}"
        return self.api.ask("POST", path, raw=data, headers=dict(CSV), token=token, **more)

    def counts(self, reply: Reply) -> tuple[int, int, int]:
        self.assertEqual(reply.status, 200, reply.text)
        return reply.json["created"], reply.json["changed"], reply.json["left"]

    def accounts(self) -> int:
        ((count,),) = self.school.rows("SELECT COUNT(*) FROM account")
        return int(count)

    def test_every_encoding_is_looked_at_then_taken_then_left(self) -> None:
        """The dry run tells each row and changes nothing; the same again in another encoding changes nothing either."""
        looked = self.send(ROWS.encode("gb18030"), dry_run=True)
        self.assertEqual((self.counts(looked), self.accounts()), ((2, 0, 0), 0))
        self.assertEqual(
            looked.json["rows"][0], {"row": 2, "username": "30001", "outcome": "created", "note": ""}
        )
        self.assertEqual(self.counts(self.send(ROWS.encode("gb18030"))), (2, 0, 0))
        self.assertEqual(self.counts(self.send(ROWS.encode("utf-8-sig"))), (0, 0, 2))
        changed = self.send(ROWS.replace("王五", "王武").encode())
        self.assertEqual(self.counts(changed), (0, 1, 1))
        self.assertEqual(changed.json["rows"][1]["note"], "full_name")
        self.assertEqual(self.api.get("/accounts?username=30002").items[0]["full_name"], "王武")

    def test_a_spreadsheet_is_read_by_what_it_is(self) -> None:
        """Numbers become names; digits that a cell has lost are a mistake at row and column."""
        self.assertEqual(self.counts(self.send(sheet(["username", "full_name"], [30001, "李四"]))), (1, 0, 0))
        lost = self.send(sheet(["username", "id_number"], ["30009", 110101199001011234]))
        self.assertEqual(lost.wrong, {"2.B": "unfit"})

    def test_every_mistake_is_told_with_row_and_column_and_nothing_is_taken(self) -> None:
        """What cannot be read, and what the books refuse, are told alike."""
        plain = "username,balance,group\n40001,5.001,\n40002,,\n"
        self.assertEqual(self.send(plain.encode()).wrong, {"2.balance": "unfit"})
        books = "username,group,plan,phone\n40001,none,,\n40002,,nope,\n40003,,,13900000009\n40004,,,13900000009\n"
        self.assertEqual(self.send(books.encode()).wrong, {"5": "unfit"})
        self.assertEqual(
            self.send(books.replace("40004,,,13900000009\n", "").encode()).wrong,
            {"2.group": "unfit", "3.plan": "unfit"},
        )
        self.school.person("40009")
        self.assertEqual(self.send(b"username,aliases\n40001,40009\n").wrong, {"2.aliases": "unfit"})
        self.assertEqual(self.send(b"usernam\n40001\n").wrong, {"": "unfit"})
        self.assertEqual(self.accounts(), 1)

    def test_an_interrupted_import_goes_on_where_it_stopped(self) -> None:
        """Parts that were taken are left as they are the second time."""
        rows = [f"5{number:04d},pass-word" for number in range(imports.AT_ONCE + 7)]
        first = "\n".join(["username,password", *rows[: imports.AT_ONCE]])
        self.assertEqual(self.counts(self.send(first.encode())), (imports.AT_ONCE, 0, 0))
        whole = "\n".join(["username,password", *rows])
        self.assertEqual(self.counts(self.send(whole.encode())), (7, 0, imports.AT_ONCE))

    def test_what_is_no_table_or_too_much_is_refused(self) -> None:
        """Too long, of another kind, no spreadsheet, one that unpacks to more than there is memory."""
        self.assertEqual(self.send(b"x" * (MOST_OCTETS + 1)).problem, (413, "too_big"))
        self.assertEqual(
            self.api.ask("POST", "/account-imports", {"username": "x"}).problem, (415, "not_a_file")
        )
        self.assertEqual(self.send(b"PK\x03\x04 nothing").wrong, {"": "unfit"})
        bomb = io.BytesIO()
        with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr("xl/worksheets/sheet1.xml", bytes(80 * 2**20))
        self.assertIn("unpacks", self.send(bomb.getvalue()[:MOST_OCTETS]).text)

    def test_an_import_stays_in_its_project_and_money_needs_more(self) -> None:
        """A column cannot lead elsewhere; a foreign project is not there; a balance needs the right to correct the ledger."""
        self.assertEqual(self.send(b"username,project\n60001,other\n").wrong, {"2.project": "unfit"})
        own = self.api.token("own", "admin", projects=(self.school.project,))
        self.assertEqual(
            self.send(b"username\n60001\n", token=own, project="other").wrong, {"project": "unknown"}
        )
        clerk = self.api.token("clerk", "admin", scopes=(Permission.ACCOUNTS_WRITE,))
        self.assertEqual(
            self.send(b"username,balance\n60001,5.00\n", token=clerk).problem, (403, "not_allowed")
        )
        self.assertEqual(self.counts(self.send(b"username,balance\n60001,5.00\n")), (1, 0, 0))
        self.assertEqual(self.accounts(), 1)

    def test_who_was_imported_logs_in(self) -> None:
        """With the password and the plan of the table."""
        self.school.plan()
        self.send(b"username,password,plan\n70001,pass-word,monthly\n")
        self.assertIs(self.school.login("70001").code, Code.ACCESS_ACCEPT)
