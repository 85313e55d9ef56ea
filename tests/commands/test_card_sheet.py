"""The sheet of cards: a whole PDF whose marks are the cards of the export, readable by its owner alone."""

from __future__ import annotations

import io
import re
import stat
import zlib
from pathlib import Path

import pytest
from qrcode.constants import ERROR_CORRECT_L
from qrcode.main import QRCode

from tests.commands.box import Box
from zhuomai_appliance.billing import cards as rules
from zhuomai_appliance.commands import card_sheet

SEED = bytes(range(32))


def exported(count: int, folder: Path) -> Path:
    """A file as the API gives it."""
    lines = [
        f"{one.number},{one.pin},{rules.qr_text(one)}" for one in rules.secrets(SEED, 1, 1, 12, 1, count)
    ]
    path = folder / "cards.csv"
    path.write_text("number,pin,qr\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def pages(pdf: bytes) -> list[str]:
    """The marks of every page."""
    streams = re.findall(rb"/Length (\d+) /Filter /FlateDecode >>\nstream\n", pdf)
    found = []
    at = 0
    for length in map(int, streams):
        at = pdf.index(b"stream\n", at) + len(b"stream\n")
        found.append(zlib.decompress(pdf[at : at + length]).decode())
        at += length + len(b"\nendstream")
    return found


def made(cards: list[tuple[str, str, str]], title: str = "") -> bytes:
    out = io.BytesIO()
    card_sheet.write(out, cards, title)
    return out.getvalue()


def test_every_object_is_where_the_table_says() -> None:
    """Offsets, counts and the end are as a PDF reader expects them (ISO 32000-1 §7.5)."""
    cards = [(one.number, one.pin, "x") for one in rules.secrets(SEED, 1, 1, 12, 1, 50)]
    pdf = made(cards)
    assert pdf.startswith(b"%PDF-1.4\n") and pdf.endswith(b"%%EOF\n")
    table = int(re.findall(rb"startxref\n(\d+)\n", pdf)[0])
    assert pdf[table:].startswith(b"xref\n0 10\n")
    offsets = [int(one) for one in re.findall(rb"(\d{10}) 00000 n ", pdf[table:])]
    for number, offset in enumerate(offsets, 1):
        assert pdf[offset:].startswith(b"%d 0 obj\n" % number)
    assert b"/Count 3 " in pdf and len(pages(pdf)) == 3


def test_each_card_is_on_the_sheet_once() -> None:
    """All numbers and PINs, by fours, in the order of the export; the title on each; 24 a page."""
    cards = [(one.number, one.pin, "x") for one in rules.secrets(SEED, 1, 1, 16, 1, 30)]
    marks = pages(made(cards, "50 CNY (A\\B)"))
    assert [page.count("BT /F1 8 Tf") for page in marks] == [24, 6]
    words = [text for page in marks for text in re.findall(r"\((.*)\) Tj", page)]
    digits = "".join(text for text in words if re.fullmatch(r"[\d ]+", text)).replace(" ", "")
    assert digits == "".join(number + pin for number, pin, _ in cards)
    assert words.count(r"50 CNY \(A\\B\)") == 30


def test_the_rectangles_are_the_qr_code() -> None:
    """What is drawn, laid on a grid again, is the code of the text, with a quiet zone around it (ISO/IEC 18004 §6.3.8)."""
    text = "https://net.school.example/card#n=01000010000012&p=123456789012"
    code = QRCode(error_correction=ERROR_CORRECT_L, border=0, mask_pattern=2)
    code.add_data(text)
    code.make()
    expected = code.get_matrix()
    (page,) = pages(made([("01000010000012", "123456789012", text)]))
    size = len(expected)
    step = card_sheet.QR_POINTS / (size + 8)
    boxes = [tuple(map(float, one)) for one in re.findall(r"([\d.]+) ([\d.]+) ([\d.]+) ([\d.]+) re f", page)]
    left, top = min(x for x, *_ in boxes), max(y + h for _, y, _, h in boxes)
    drawn = [[False] * size for _ in range(size)]
    for x, y, width, height in boxes:
        row, column = round((top - y - height) / step), round((x - left) / step)
        for more in range(round(width / step)):
            drawn[row][column + more] = True
    assert drawn == expected
    frame = re.search(r"([\d.]+) [\d.]+ [\d.]+ [\d.]+ re S", page)
    assert frame is not None and left - float(frame[1]) >= 4 * step


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no export of cards"),
        ("username,password\na,b\n", "no export of cards"),
        ("number,pin,qr\n", "no card in it"),
        ("number,pin,qr\n12,34\n", "line 2"),
        ("number,pin,qr\n12,(3),x\n", "line 2"),
        ("number,pin,qr\n\uff11\uff12,34,x\n", "line 2"),
    ],
)
def test_what_is_no_export_is_refused(text: str, why: str, box: Box) -> None:
    """Each with a sentence that names the file; no half sheet is left that somebody might print."""
    path = box.folder / "cards.csv"
    path.write_text(text, encoding="utf-8")
    status, _, err = box.run("cards", str(path), "--out", str(box.folder / "sheet.pdf"))
    assert status == 1 and why in err[0]
    assert not (box.folder / "sheet.pdf").exists()


def test_only_its_owner_can_read_it(box: Box) -> None:
    """0600, and never over a file that is there."""
    path, target = exported(25, box.folder), box.folder / "sheet-owner.pdf"
    status, out, _ = box.run("cards", str(path), "--out", str(target), "--title", "50 CNY")
    assert (status, out.strip()) == (0, f"25 cards on 2 pages: {target}")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    again = box.run("cards", str(path), "--out", str(target))
    assert again[0] == 1 and "already" in again[2][0]
    wide = box.run("cards", str(path), "--out", str(box.folder / "x.pdf"), "--title", "五十元")
    assert wide[0] == 1 and "ASCII" in wide[2][0]
