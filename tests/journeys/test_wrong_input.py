"""Wrong input to a real process: every mistake at once with file and key, one clear line each, nothing half done."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.box import SETTINGS, Box

pytestmark = pytest.mark.slow

SITE = """
[[rate]]
name = "8M"
up = "4M"
down = "8M"
[[nas]]
name = "ac1"
address = "127.0.0.1"
secret = "testing123"
vendor = "huawei-campus"
[[plan]]
name = "monthly"
kind = "period"
period = "1 month"
price = "30.00"
rate = "8M"
[[account]]
username = "alice"
password = "wonderland"
plan = "monthly"
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state directory with a small school, to be copied."""
    folder = tmp_path_factory.mktemp("made")
    with Box(folder) as box:
        box.init()
        box.apply(SITE)
    return folder / "state"


@pytest.fixture
def box(tmp_path: Path, made: Path) -> Iterator[Box]:
    shutil.copytree(made, tmp_path / "state")
    (tmp_path / "state").chmod(0o700)
    with Box(tmp_path) as box:
        yield box


def refused(done: subprocess.CompletedProcess[str], status: int = 1) -> list[str]:
    """The lines on stderr of a command that had to fail with this status, without a traceback."""
    assert done.returncode == status, (done.stdout, done.stderr)
    assert "Traceback" not in done.stdout + done.stderr
    lines = done.stderr.splitlines()
    assert lines
    assert all(line.strip() for line in lines), lines
    return lines


def one_line(done: subprocess.CompletedProcess[str], status: int = 1) -> str:
    lines = refused(done, status)
    assert len(lines) == 1, lines
    return lines[0]


def books(box: Box) -> str:
    """A digest of everything that people put into the books; a daemon makes tables of months by itself."""
    with box.database() as database:
        rows = [database.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall() for table in TABLES]
    return hashlib.sha256(repr(rows).encode()).hexdigest()


TABLES = (
    *("project", "setting", "rate", "nas", "access_list", "plan", "plan_version", "user_group", "account"),
    *(
        "identifier",
        "subscription",
        "entitlement",
        "orders",
        "payment",
        "posting",
        "posting_line",
        "operator",
    ),
    *("audit", "schema_meta"),
)


class TestSettings:
    MISTAKES = """
colour = "blue"
[state]
dir = "{folder}/state"
[radius]
auth = ["127.0.0.1"]
acct = ["127.0.0.1:99999"]
[portal]
listen = 50100
[web]
captive = "127.0.0.1:0"
plain_admin = "0.0.0.0:8081"
public_uri = "http://portal.example"
[store]
engine = "mysql"
"""
    KEYS = (
        "colour",
        "radius.auth",
        "radius.acct",
        "portal.listen",
        "web.plain_admin",
        "web.public_uri",
        "store.engine",
    )

    @pytest.mark.parametrize("command", ["serve", "init", "check"])
    def test_every_mistake_is_told_at_once(self, tmp_path: Path, command: str) -> None:
        """Seven mistakes are seven lines with the file's name and the key, and nothing is made."""
        box = Box(tmp_path, self.MISTAKES)
        lines = refused(box.run(command))
        assert len(lines) == len(self.KEYS), lines
        for key in self.KEYS:
            assert any(line.startswith(f"{box.config}: {key}: ") for line in lines), (key, lines)
        assert not box.state.exists()

    def test_file_that_is_no_toml_names_its_line(self, tmp_path: Path) -> None:
        """A file that cannot be read as TOML is one line that says where."""
        box = Box(tmp_path, '[state]\ndir = "{folder}/state"\n[radius\n')
        line = one_line(box.run("serve"))
        assert str(box.config) in line
        assert "line 3" in line

    def test_wrong_usage_is_status_2(self, box: Box) -> None:
        """An unknown command, an unknown option, a missing file name."""
        for words in (("dance",), ("serve", "--fast"), ("apply",), ("export", "everything", "--what")):
            assert "zhuomai" in one_line(box.run(*words), 2)


class TestSite:
    MISTAKES = """
[[rate]]
name = "fast"
up = "4M"
down = "very much"
[[nas]]
name = "ac2"
address = "10.0.0.1/8"
secret = ""
vendor = "nobody"
[[plan]]
name = "weekly"
kind = "period"
period = "1 fortnight"
price = "3,00"
[[group]]
name = "students"
plan = "no such plan"
colour = "blue"
[[account]]
username = "bob"
password = "builder"
group = "no such group"
[[account]]
username = "carol"
password = "singer"
plan = "monthly"
[[teapot]]
name = "short"
"""
    WORDS = (
        "down",
        "address",
        "vendor",
        "period",
        "price",
        "no such plan",
        "colour",
        "no such group",
        "teapot",
    )

    @pytest.mark.parametrize("serving", [False, True], ids=["alone", "beside the daemon"])
    def test_every_mistake_is_told_and_nothing_is_done(self, box: Box, serving: bool) -> None:
        """Mistakes of reading and of reference come together; the good account among them is not created either."""
        if serving:
            box.start()
        before = books(box)
        path = box.write("site.toml", self.MISTAKES)
        lines = refused(box.run("apply", str(path)))
        for word in self.WORDS:
            assert any(word in line for line in lines), (word, lines)
        assert all(line.startswith(f"{path}: ") for line in lines), lines
        assert len(lines) >= len(self.WORDS)
        assert books(box) == before
        assert box.rows("SELECT username FROM account") == [("alice",)]

    def test_file_that_is_not_there(self, box: Box) -> None:
        """A file name with a mistake in it is one line."""
        assert "nowhere.toml" in one_line(box.run("apply", "nowhere.toml"))


class TestServe:
    def test_udp_port_in_use(self, box: Box) -> None:
        """A taken RADIUS port is one line that names it; nothing stays locked, a free port then works."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
            free = box.config.read_text()
            box.config.write_text(free.replace('auth = ["127.0.0.1:0"]', f'auth = ["127.0.0.1:{port}"]'))
            line = last_line(box.run("serve", seconds=20))
            assert str(port) in line
            assert not box.listening.exists()
        box.config.write_text(free)
        box.start()
        assert box.stop() == 0

    def test_tcp_port_in_use(self, box: Box) -> None:
        """A taken port of the pages is told the same way."""
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen(1)
            port = taken.getsockname()[1]
            text = box.config.read_text()
            box.config.write_text(text.replace('captive = "127.0.0.1:0"', f'captive = "127.0.0.1:{port}"'))
            assert str(port) in last_line(box.run("serve", seconds=20))
            assert not box.listening.exists()

    def test_key_file_is_missing(self, box: Box) -> None:
        """Without the key nothing starts, and the line says which file and which key is missed."""
        (box.state / "master.key").unlink()
        line = one_line(box.run("serve", seconds=20))
        assert "master.key" in line
        assert not (box.state / "master.key").exists(), "a new key would lock the old books for ever"

    def test_key_of_another_box(self, box: Box, tmp_path: Path) -> None:
        """A key that is not this database's is told, not used."""
        other = tmp_path / "other"
        other.mkdir()
        Box(other, SETTINGS).init()
        shutil.copy(other / "state" / "master.key", box.state / "master.key")
        assert "key" in one_line(box.run("serve", seconds=20))

    def test_books_of_a_newer_release(self, box: Box) -> None:
        """A database that a newer release has changed is left alone."""
        database = sqlite3.connect(box.state / "zhuomai.db")
        database.execute("UPDATE schema_meta SET value = '9999:9999' WHERE name = 'compat'")
        database.execute("PRAGMA user_version = 9999")
        database.commit()
        database.close()
        before = books(box)
        for command in (("serve",), ("apply", str(box.write("site.toml", SITE)))):
            assert "newer" in one_line(box.run(*command, seconds=20))
        assert books(box) == before

    def test_no_state_directory(self, tmp_path: Path) -> None:
        """Before `init` the line says what to run, and nothing is made."""
        box = Box(tmp_path)
        assert "zhuomai init" in one_line(box.run("serve", seconds=20))
        assert not box.state.exists()

    def test_damaged_books(self, box: Box) -> None:
        """A file that is no database any more is one line."""
        path = box.state / "zhuomai.db"
        path.write_bytes(os.urandom(path.stat().st_size))
        one_line(box.run("serve", seconds=20))

    def test_second_daemon(self, box: Box) -> None:
        """Two daemons never work on one directory; the first goes on."""
        box.start()
        assert str(box.state) in one_line(box.run("serve", seconds=20))
        assert box.process is not None
        assert box.process.poll() is None
        assert box.stop() == 0


def last_line(done: subprocess.CompletedProcess[str]) -> str:
    """The one line on stderr of a daemon that began to start: what it logged before is on stdout."""
    assert done.returncode == 1, (done.stdout, done.stderr)
    assert "Traceback" not in done.stdout + done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == 1, lines
    return lines[0]
