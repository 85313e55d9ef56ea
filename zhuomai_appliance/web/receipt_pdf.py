"""A receipt as PDF, on a strip of 58 mm or on A4, in the Chinese font that fontconfig names. Slow: never on the reactor thread."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from zhuomai_appliance.model.commerce import OrderLine
from zhuomai_appliance.model.money import format_yuan
from zhuomai_appliance.model.receipts import Receipt, ReceiptSeries, in_capitals

STRIP: Final = "58mm"
A4: Final = "a4"
_FONT: Final = "cjk"
_SECONDS: Final = 10


class NoFont(Exception):
    """This machine has no font with Chinese characters."""


class FontFile(NamedTuple):
    """A font file and, in a collection, the place of the font."""

    path: str
    place: int


@dataclass(frozen=True, slots=True)
class Paper:
    """All that stands on a receipt; ``when`` is the local time as it is printed, ``payer`` who paid."""

    series: ReceiptSeries
    receipt: Receipt
    lines: Sequence[OrderLine]
    when: str
    payer: str


@lru_cache(maxsize=1)
def chinese_font() -> FontFile:
    """The font for simplified Chinese.

    Raises:
        NoFont: there is none, or no fontconfig.
    """
    asked = ("fc-match", "-f", "%{file}\t%{index}\t%{lang}", ":lang=zh-cn")
    try:
        said = subprocess.run(asked, capture_output=True, text=True, timeout=_SECONDS, check=True).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise NoFont("fontconfig cannot be asked for a font") from error
    path, _, rest = said.partition("\t")
    place, _, languages = rest.partition("\t")
    if "zh-cn" not in languages.split("|"):
        raise NoFont("no font with Chinese characters is installed, such as fonts-noto-cjk")
    return FontFile(path, int(place or 0) & 0xFFFF)


def write(paper: Paper, layout: str) -> bytes:
    """The PDF of a receipt; 0.5 to 1 s.

    Args:
        paper: what stands on it.
        layout: `STRIP` or `A4`.

    Raises:
        NoFont: there is no font to write it in.
    """
    # Some hundred modules that a server which prints nothing does not need
    from fpdf import FPDF
    from fpdf.enums import XPos, YPos

    font = chinese_font()
    narrow = layout == STRIP
    rows = _rows(paper)
    size, height, margin = (8, 4.5, 3) if narrow else (12, 8, 20)
    page = (58.0, max(60.0, height * (len(rows) * 1.3 + 4))) if narrow else (210.0, 297.0)
    pdf = FPDF(unit="mm", format=page)
    pdf.set_margin(margin)
    pdf.set_auto_page_break(not narrow, margin)
    pdf.add_font(_FONT, "", font.path, collection_font_number=font.place)
    pdf.add_page()
    for label, text in rows:
        is_head = not label and text == paper.series.title
        pdf.set_font(_FONT, size=size + 3 if is_head else size)
        if not label:
            pdf.multi_cell(0, height, text, align="C", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
            continue
        wide = max(pdf.get_string_width(label) + 2, 0 if narrow else 40)
        pdf.cell(wide, height, label)
        pdf.multi_cell(0, height, text, align="R" if narrow else "L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    if paper.receipt.voided_at is not None:
        pdf.set_font(_FONT, size=size * 3)
        pdf.set_text_color(200, 0, 0)
        pdf.cell(0, height * 3, "作废", align="C")
    return bytes(pdf.output())


def _rows(paper: Paper) -> list[tuple[str, str]]:
    """Label and text of each row; without a label it stands in the middle."""
    one = paper.receipt
    copy = f"（第 {one.prints} 次打印）" if one.prints > 1 else ""
    found = [("", paper.series.title), ("", f"收据{copy}"), ("编号", one.number), ("时间", paper.when)]
    found.append(("付款人", one.buyer or paper.payer))
    if one.tax_no:
        found.append(("税号", one.tax_no))
    found += [(line.text or line.subject, format_yuan(line.net_fen)) for line in paper.lines]
    found += [
        ("合计（元）", format_yuan(one.amount_fen)),
        ("大写", in_capitals(one.amount_fen)),
        ("订单", one.order_no),
        ("收款人", one.issued_by),
    ]
    if paper.series.note:
        found.append(("", paper.series.note))
    return found
