"""Receipts through the API and on paper: the number, the amount in figures and capitals, the mark of a copy."""

from __future__ import annotations

import pytest
from twisted.trial.unittest import SynchronousTestCase

from tests.web.api_client import Api
from zhuomai_appliance.model.commerce import OrderLine
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.receipts import Receipt, ReceiptSeries
from zhuomai_appliance.store import verify
from zhuomai_appliance.web import receipt_pdf
from zhuomai_appliance.web.receipt_pdf import A4, STRIP, NoFont, Paper

SERIES = ReceiptSeries(ProjectId(1), "A", 8, "示范大学网络中心", "谢谢")
RECEIPT = Receipt(
    ProjectId(1), "A00000001", "1-20261125-000001", Fen(3000), 0, "wangmin", "", "", 2, None, "", ""
)
PAPER = Paper(
    SERIES, RECEIPT, [OrderLine("包月", "包月 30 元", Fen(3000))], "2026-11-25 10:00", "王小明 20260001"
)


@pytest.mark.parametrize(("layout", "width"), [(STRIP, 58), (A4, 210)])
def test_paper_has_its_width(layout: str, width: int) -> None:
    """A PDF of one page, as wide as the paper, with the Chinese font in it."""
    made = receipt_pdf.write(PAPER, layout)
    assert made.startswith(b"%PDF-")
    assert made.count(b"/Type /Page\n") == 1
    assert f"/MediaBox [0 0 {width * 72 / 25.4:.2f}".encode() in made
    assert b"/FontFile" in made


def test_rows_of_a_copy() -> None:
    """The second print says so; the amount stands in figures and in capitals; the buyer takes the payer's place."""
    rows = dict(receipt_pdf._rows(PAPER))
    assert (rows["合计（元）"], rows["大写"], rows["付款人"]) == ("30.00", "叁拾元整", "王小明 20260001")
    assert ("", "收据（第 2 次打印）") in receipt_pdf._rows(PAPER)


def test_no_font_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without fontconfig there is an error of its own, and no paper full of boxes."""
    receipt_pdf.chinese_font.cache_clear()
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(NoFont):
        receipt_pdf.chinese_font()


class ReceiptApiTests(SynchronousTestCase):
    def test_from_the_series_to_the_paper(self) -> None:
        """No series, no receipt; then numbered with the recharge, printed twice, void, and issued anew."""
        receipt_pdf.chinese_font.cache_clear()
        api = Api()
        account_id = api.school.person("20260001")
        self.assertIsNone(api.get("/receipt-series?project=main").json["next_number"])
        body = {"project": "main", "prefix": "A", "digits": 4, "title": "示范大学"}
        self.assertEqual(api.ask("PUT", "/receipt-series", body).json["next_number"], "A0001")
        api.ask("POST", "/orders", {"account_id": account_id, "amount_fen": 3000}, key="o1")
        (listed,) = api.get("/receipts").items
        self.assertEqual((listed["id"], listed["amount_fen"], listed["prints"]), ("A0001", 3000, 0))
        first = api.ask(
            "POST", "/receipts/A0001/print", {"project": "main", "layout": "58mm", "buyer": "ACME"}
        )
        self.assertEqual((first.status, first.headers["content-type"]), (200, "application/pdf"))
        other = api.ask("POST", "/receipts/A0001/print", {"project": "main", "buyer": "Other"})
        self.assertEqual(other.problem, (409, "buyer"))
        void = {"project": "main", "reason": "torn"}
        done = api.ask("POST", "/receipts/A0001/void", void, key="v1")
        self.assertEqual((done.json["prints"], done.json["void_reason"]), (1, "torn"))
        issue = {"project": "main", "order_no": listed["order_no"]}
        self.assertEqual(api.ask("POST", "/receipts", issue, key="i1").json["id"], "A0002")
        self.assertEqual(api.ask("POST", "/receipts", issue, key="i2").problem, (409, "issued"))
        self.assertEqual(api.ask("POST", "/receipts/A9/void", void, key="v2").problem, (404, "not_found"))
        self.assertEqual(
            [fault for proof in verify.prove(api.school.store.reader) for fault in proof.faults], []
        )
