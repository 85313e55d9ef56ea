"""A state directory in a test's own folder, and the console script run in this process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from zhuomai_appliance import tap
from zhuomai_appliance.paths import StateFiles

SETTINGS = """
[state]
dir = "{folder}/state"
[radius]
auth = ["127.0.0.1:0"]
acct = ["127.0.0.1:0"]
[portal]
listen = "127.0.0.1:0"
[web]
captive = "127.0.0.1:0"
secure = "127.0.0.1:0"
plain_admin = "127.0.0.1:0"
"""

SITE = """
[[rate]]
name = "8M"
up = "4M"
down = "8M"
[[nas]]
name = "ac1"
address = "192.0.2.1"
secret = "secret-of-ac1"
vendor = "huawei-campus"
user_networks = ["10.9.0.0/16"]
[[plan]]
name = "monthly"
kind = "period"
period = "1 month"
price = "30.00"
rate = "8M"
max_sessions = 2
[[plan]]
name = "pack10"
kind = "data"
data = "10 GB"
price = "10.00"
[[plan]]
name = "term"
kind = "buyout"
until = 2027-01-17
price = "100.00"
[[group]]
name = "students"
parent = "all"
plan = "monthly"
must_bind_phone = true
[[group]]
name = "all"
unbinds_per_month = 3
[[account]]
username = "20260001"
password = "pw-1"
full_name = "张三"
group = "students"
phone = "13800000001"
plan = ["pack10", "monthly"]
balance = "50.00"
[[account]]
username = "20260002"
password = "pw-2"
group = "students"
[[operator]]
name = "cashier1"
role = "cashier"
password_file = "pw"
[[list]]
kind = "mac"
action = "deny"
value = "02-00-00-00-00-09"
reason = "被盗"
"""


@dataclass
class Box:
    """One state directory with its settings file; `run` is the console script."""

    folder: Path
    capsys: pytest.CaptureFixture[str]

    @property
    def files(self) -> StateFiles:
        return StateFiles(self.folder / "state")

    @property
    def config(self) -> Path:
        return self.folder / "appliance.toml"

    def write(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def run(self, *words: str) -> tuple[int, str, list[str]]:
        """Exit status, what was printed, and the lines on stderr."""
        self.capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            tap.main(["--config", str(self.config), *words])
        out, err = self.capsys.readouterr()
        assert isinstance(end.value.code, int)
        return end.value.code, out, err.splitlines()


def make_box(folder: Path, capsys: pytest.CaptureFixture[str]) -> Box:
    """A folder with settings, a site file and its password file; nothing initialised yet."""
    box = Box(folder, capsys)
    box.write("appliance.toml", SETTINGS.format(folder=folder))
    box.write("pw", "a good password\n")
    box.write("site.toml", SITE)
    return box
