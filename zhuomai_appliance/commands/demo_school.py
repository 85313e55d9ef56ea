"""The invented school of `make run`: settings and a site file on loopback. Nobody in it exists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FAMILY_NAMES: Final = "王李张刘陈杨黄赵周吴徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹"
GIVEN_NAMES: Final = [
    "子涵",
    "雨桐",
    "浩然",
    "欣怡",
    "宇轩",
    "思远",
    "诗琪",
    "俊杰",
    "梦瑶",
    "一诺",
    "博文",
    "佳怡",
    "明轩",
    "若曦",
    "天宇",
    "雅婷",
    "志强",
    "晓彤",
    "文博",
    "静怡",
]
PEOPLE: Final = 60

SETTINGS: Final = """\
# Made by `make run`: a demo school on loopback. Remove the folder to begin anew.
[state]
dir = "{state}"
[radius]
auth = ["127.0.0.1:11812"]
acct = ["127.0.0.1:11813"]
[portal]
listen = "127.0.0.1:50100"
[web]
captive = "127.0.0.1:8080"
secure = "127.0.0.1:8443"
plain_admin = "127.0.0.1:8081"
"""

SITE: Final = """\
# The demo school. `zhuomai --config {config} apply {site}` brings in what you change here.
[[project]]
name = "main"
zone = "Asia/Shanghai"
title = "蓉城理工学院（演示）"
hotline = "028-8555 0119"
hours = "8:00–22:00"

[[rate]]
name = "8M"
up = "4M"
down = "8M"
[[rate]]
name = "50M"
up = "20M"
down = "50M"

[[nas]]
name = "library-ac"
address = "127.0.0.1"
secret = "{secret}"
vendor = "huawei-campus"
coa_port = 13799
portal_version = 2
portal_port = 2000
portal_secret = "{portal_secret}"
portal_auth = "chap"
interim = 60
user_networks = ["10.9.0.0/16"]

[[wifi]]
ssid = "RCIT-1X"

[[plan]]
name = "包月 30 元"
kind = "period"
period = "1 month"
price = "30.00"
rate = "8M"
max_sessions = 2
silent_login_days = 30
[[plan]]
name = "流量包 10 GB"
kind = "data"
data = "10 GB"
price = "10.00"
rate = "50M"
max_sessions = 2
[[plan]]
name = "体验包 20 MB"
kind = "data"
data = "20 MB"
price = "1.00"
rate = "50M"
[[plan]]
name = "教职工"
kind = "free"
rate = "50M"
max_sessions = 3

[[group]]
name = "学生"
plan = "包月 30 元"
[[group]]
name = "信息学院"
parent = "学生"
[[group]]
name = "文学院"
parent = "学生"
[[group]]
name = "教职工"
plan = "教职工"

[[list]]
kind = "mac"
action = "deny"
value = "02:00:00:00:00:09"
reason = "设备挂失"
"""


@dataclass(frozen=True, slots=True)
class Invented:
    """One person of the demo school."""

    username: str
    password: str
    full_name: str
    group: str
    plan: str
    balance: str

    def as_toml(self, number: int) -> str:
        """The person as a table of the site file."""
        lines = [
            "[[account]]",
            f'username = "{self.username}"',
            f'password = "{self.password}"',
            f'full_name = "{self.full_name}"',
            f'group = "{self.group}"',
            # 170 was never given to a subscriber with these digits after it
            f'phone = "1700000{number:04d}"',
            *([f"plan = {self.plan}"] if self.plan else []),
            *([f'balance = "{self.balance}"'] if self.balance else []),
        ]
        return "\n".join(lines) + "\n"


def people() -> Iterator[Invented]:
    """Everybody, the same at every run. The first is yours: the simulator leaves that account alone."""
    for number in range(PEOPLE):
        name = FAMILY_NAMES[number % len(FAMILY_NAMES)] + GIVEN_NAMES[number * 7 % len(GIVEN_NAMES)]
        if number % 10 == 9:
            group, plan, username = "教职工", "", f"T{2000 + number}"
        else:
            group, plan, username = ("信息学院", "文学院")[number % 2], "", f"2026{number + 1:04d}"
        if number == 0:
            plan = '["流量包 10 GB", "包月 30 元"]'
        elif number % 10 == 3:
            plan = '"体验包 20 MB"'
        elif number % 10 == 5:
            plan = '["体验包 20 MB", "包月 30 元"]'
        elif number % 10 == 7:
            plan = '"流量包 10 GB"'
        balance = f"{number * 3 % 50 + 5}.00" if number % 4 == 0 else ""
        yield Invented(username, f"demo-{number + 1:04d}", name, group, plan, balance)


def settings_text(state: Path) -> str:
    """The settings file of a demo in this directory."""
    return SETTINGS.format(state=state)


def site_text(config: Path, site: Path, secret: str, portal_secret: str) -> str:
    """The site file of the demo school."""
    head = SITE.format(config=config, site=site, secret=secret, portal_secret=portal_secret)
    return "\n".join([head, *(person.as_toml(number) for number, person in enumerate(people(), 1))])


def simulated_text() -> str:
    """The people that the simulator plays, as CSV of username and password: everybody but the first."""
    rows = [f"{person.username},{person.password}" for person in list(people())[1:]]
    return "\n".join(["username,password", *rows]) + "\n"
