"""Constants and names that the invented data of the pages share."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from zhuomai_appliance.web.formats import Formatter
from zhuomai_appliance.web.words import Language

WEB: Final = Path(__file__).parents[2] / "web"
ZONE: Final = ZoneInfo("Asia/Shanghai")
#: Sunday 2026-11-22 21:40:06 in Shanghai.
NOW: Final = 1795354806
GB: Final = 2**30
DAY: Final = 86400
MIDNIGHT: Final = 1795276800

HOSTILE: Final = (
    "<script>alert(1)</script>",
    "\u202egnp.exe\"'><img src=x onerror=alert(1)>",
    "名" * 200,
    "{{ 7*7 }}%(n)s",
)


def is_zh(f: Formatter) -> bool:
    """Whether the page is Chinese."""
    return f.words.language is Language.ZH


def person(f: Formatter, n: int, hostile: bool) -> str:
    """An invented name."""
    if hostile:
        return HOSTILE[n % len(HOSTILE)]
    zh = ("张雨桐", "陈嘉怡", "王思远", "刘子墨", "阿依古丽·买买提", "赵磊", "李思琪", "马超")
    en = (
        "Zhang Yutong",
        "Chen Jiayi",
        "Wang Siyuan",
        "Liu Zimo",
        "Ayguli Memet",
        "Zhao Lei",
        "Li Siqi",
        "Ma Chao",
    )
    return (zh if is_zh(f) else en)[n % 8]
