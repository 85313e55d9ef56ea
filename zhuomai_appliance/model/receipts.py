"""Receipts (票据), the series that number them, and the amount in capital figures (features E06)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import ProjectId

_DIGITS: Final = "零壹贰叁肆伍陆柒捌玖"
_PLACES: Final = ("", "拾", "佰", "仟")
_GROUPS: Final = ("", "万", "亿", "万亿")


@dataclass(frozen=True, slots=True)
class ReceiptSeries:
    """Numbers of receipts: prefix and a serial of so many digits. ``title`` is the paper's head, ``note`` its foot."""

    project_id: ProjectId
    prefix: str
    digits: int
    title: str
    note: str
    next_serial: int = 1


@dataclass(frozen=True, slots=True)
class Receipt:
    """One receipt for one order; ``prints`` counts how often it was put on paper, ``buyer`` empty is the person."""

    project_id: ProjectId
    number: str
    order_no: str
    amount_fen: Fen
    issued_at: int
    issued_by: str
    buyer: str
    tax_no: str
    prints: int
    voided_at: int | None
    voided_by: str
    void_reason: str

    @property
    def key(self) -> str:
        """Where it stands in a list over several projects, in which numbers come again."""
        return f"{self.number} {self.project_id}"


def number(prefix: str, digits: int, serial: int) -> str:
    """Prefix and serial, filled up with zeros; a serial of more digits is written whole."""
    return f"{prefix}{serial:0{digits}d}"


def in_capitals(fen: int) -> str:
    """The amount in capital figures (人民币大写), so that nobody can add a digit: 30.05 is 叁拾元零伍分.

    Raises:
        ValueError: below zero, or 10^16 yuan and more.
    """
    if not 0 <= fen < 10**18:
        raise ValueError(f"{fen} fen cannot be written in capitals")
    yuan, jiao, cent = fen // 100, fen // 10 % 10, fen % 10
    words = f"{_whole(yuan)}元" if yuan else ""
    if not jiao and not cent:
        return f"{words or '零元'}整"
    if jiao:
        words += f"{_DIGITS[jiao]}角"
    elif yuan:
        words += "零"
    return words + (f"{_DIGITS[cent]}分" if cent else "整")


def _whole(yuan: int) -> str:
    """A whole number, four digits at a time; zeros between figures are one 零, those at the end of a group none."""
    words, gap, group = "", False, 3
    while group >= 0:
        part = yuan // 10_000**group % 10_000
        if part:
            for place in (3, 2, 1, 0):
                digit = part // 10**place % 10
                if digit:
                    words += ("零" if gap and words else "") + _DIGITS[digit] + _PLACES[place]
                    gap = False
                else:
                    gap = True
            words += _GROUPS[group]
        else:
            gap = True
        group -= 1
    return words
