"""`zhuomai cards FILE`: the exported cards of a batch as a PDF to be printed and cut, a QR code on each.

The PDF (ISO 32000-1) is written here: pages of filled rectangles and short lines of a standard font, which every reader
brings along. Nothing of it needs the database or its key; who has the file has the cards already.
"""

from __future__ import annotations

import csv
import os
import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from pathlib import Path
from typing import BinaryIO, Final

from qrcode.constants import ERROR_CORRECT_L
from qrcode.main import QRCode

from zhuomai_appliance.commands.options import CardSheet
from zhuomai_appliance.config import Config
from zhuomai_appliance.flows.card_batches import COLUMNS
from zhuomai_appliance.net.control import CommandFailed

WIDTH, HEIGHT = 595.28, 841.89
"""A4 in points."""

ACROSS, DOWN = 3, 8
CARD_WIDTH, CARD_HEIGHT = 180.0, 96.0
QR_POINTS: Final = 72.0
QUIET_MODULES: Final = 4
_MASK: Final = 2
"""Any mask can be read; looking for the best one would take four times as long."""


def run(config: Config, options: CardSheet) -> int:
    """Write the sheet; see `CardSheet`."""
    title = str(options["title"])
    try:
        title.encode("ascii")
    except UnicodeEncodeError:
        raise CommandFailed("--title is printed in a font of Latin letters: write it in ASCII") from None
    source, target = Path(options["file"]), Path(options["out"])
    try:
        with source.open(encoding="utf-8", newline="") as file:
            cards = list(read(file))
        if not cards:
            raise ValueError("there is no card in it")
        # Only whoever runs this may read it: it holds every PIN
        with os.fdopen(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as out:
            write(out, cards, title)
    except FileExistsError:
        raise CommandFailed(f"{target} is there already; name another file") from None
    except OSError as error:
        raise CommandFailed(f"{error.filename or source}: {error.strerror}") from None
    except (ValueError, csv.Error) as error:
        raise CommandFailed(f"{source}: {error}") from None
    pages = -(-len(cards) // (ACROSS * DOWN))
    print(f"{len(cards)} cards on {pages} pages: {target}")
    return 0


def read(lines: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """Number, PIN and QR text of each card of an export.

    Raises:
        ValueError: it is not one.
    """
    found = csv.reader(lines)
    if tuple(next(found, ())) != COLUMNS:
        raise ValueError(f"this is no export of cards: its first line is not {','.join(COLUMNS)}")
    for line, row in enumerate(found, 2):
        if len(row) != len(COLUMNS) or not (row[0] + row[1]).isascii() or not (row[0] + row[1]).isdigit():
            raise ValueError(f"line {line} is no card")
        yield row[0], row[1], row[2]


def write(out: BinaryIO, cards: Sequence[tuple[str, str, str]], title: str) -> None:
    """A PDF of all cards, page after page."""
    pages = -(-len(cards) // (ACROSS * DOWN))
    kids = " ".join(f"{4 + 2 * page} 0 R" for page in range(pages))
    offsets: list[int] = []

    def put(body: bytes) -> None:
        offsets.append(out.tell())
        out.write(b"%d 0 obj\n%b\nendobj\n" % (len(offsets), body))

    out.write(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    put(b"<< /Type /Catalog /Pages 2 0 R >>")
    put(f"<< /Type /Pages /Count {pages} /Kids [{kids}] >>".encode())
    put(b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier-Bold /Encoding /WinAnsiEncoding >>")
    rest = iter(cards)
    for page in range(pages):
        content = zlib.compress(_page(islice(rest, ACROSS * DOWN), title).encode())
        put(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}] /Contents {5 + 2 * page} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        put(b"<< /Length %d /Filter /FlateDecode >>\nstream\n%b\nendstream" % (len(content), content))
    table = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(offsets) + 1))
    out.writelines(b"%010d 00000 n \n" % offset for offset in offsets)
    out.write(b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(offsets) + 1, table))


def _page(cards: Iterable[tuple[str, str, str]], title: str) -> str:
    """The marks of one page: each card with its frame to cut along, its QR code, and what people read."""
    left, top = (WIDTH - ACROSS * CARD_WIDTH) / 2, (HEIGHT + DOWN * CARD_HEIGHT) / 2
    marks = ["0.4 w 0.6 G"]
    for place, (number, pin, text) in enumerate(cards):
        x = left + place % ACROSS * CARD_WIDTH
        y = top - (place // ACROSS + 1) * CARD_HEIGHT
        marks.append(f"{x:.2f} {y:.2f} {CARD_WIDTH} {CARD_HEIGHT} re S")
        marks += _qr(text, x + 6, y + (CARD_HEIGHT - QR_POINTS) / 2)
        lines = (title, "No.", *_grouped(number), "PIN", *_grouped(pin))
        for line, words in enumerate(lines):
            size = 8 if line == 0 else 6 if words in ("No.", "PIN") else 9
            marks.append(
                f"BT /F1 {size} Tf {x + 84:.2f} {y + CARD_HEIGHT - 14 - 11 * line:.2f} Td ({_quoted(words)}) Tj ET"
            )
    return "\n".join(marks)


def _grouped(digits: str) -> list[str]:
    """Digits by fours, two or three groups a line, as they are read aloud."""
    fours = [digits[at : at + 4] for at in range(0, len(digits), 4)]
    half = -(-len(fours) // 2)
    return [" ".join(fours[:half]), " ".join(fours[half:])]


def _quoted(words: str) -> str:
    return words.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def _qr(text: str, x: float, y: float) -> Iterator[str]:
    """The dark modules of a QR code as rectangles, those of a row that touch as one."""
    code = QRCode(error_correction=ERROR_CORRECT_L, border=0, mask_pattern=_MASK)
    code.add_data(text)
    code.make()
    rows = code.get_matrix()
    step = QR_POINTS / (len(rows) + 2 * QUIET_MODULES)
    yield "0 g"
    for row, modules in enumerate(rows):
        at = 0
        for dark, run_ in groupby(modules):
            length = len(list(run_))
            if dark:
                yield (
                    f"{x + (at + QUIET_MODULES) * step:.2f} "
                    f"{y + QR_POINTS - (row + 1 + QUIET_MODULES) * step:.2f} {length * step:.2f} {step:.2f} re f"
                )
            at += length
