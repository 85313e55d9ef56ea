"""A real `zhuomai serve` in a child process, on ports of its own, over a state directory of its own."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

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

ZHUOMAI = (str(Path(sys.executable).with_name("zhuomai")),)
"""The command of this checkout's environment."""

START_SECONDS = 10.0
STOP_SECONDS = 10.0
LOOK_SECONDS = 0.02


class Box:
    """Used as a context: whatever a test does, no process outlives it.

    Attributes:
        folder: holds the settings, the state directory and the daemon's output.
        state: the state directory; a test whose settings name another one says so here.
        process: the daemon, None while there is none.
    """

    def __init__(self, folder: Path, settings: str = SETTINGS) -> None:
        self.folder = folder
        self.config = self.write("appliance.toml", settings.format(folder=folder))
        self.process: subprocess.Popen[bytes] | None = None
        self.state = folder / "state"
        self.starts = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    @property
    def listening(self) -> Path:
        return self.state / "listening.json"

    @property
    def output(self) -> str:
        """What the daemon has printed, of all its lives."""
        path = self.folder / "daemon.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def write(self, name: str, text: str) -> Path:
        """A file beside the settings."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    # Commands ---------------------------------------------------------------------------------------------------------

    def run(self, *words: str, seconds: float = 60.0) -> subprocess.CompletedProcess[str]:
        """Run `zhuomai WORDS` beside the daemon, or without one."""
        return subprocess.run(
            [*ZHUOMAI, "--config", str(self.config), *words],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def must(self, *words: str, seconds: float = 60.0) -> str:
        """Run a command that has to succeed; what it printed."""
        done = self.run(*words, seconds=seconds)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout

    def init(self) -> None:
        """Make the state directory."""
        self.write("password", "a good password\n")
        self.must("init", "--admin", "boss", "--admin-password-file", str(self.folder / "password"))

    def apply(self, site: str) -> str:
        """Declare a site."""
        return self.must("apply", str(self.write("site.toml", site)))

    # Life -------------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the daemon and wait until it has told where it listens."""
        self.listening.unlink(missing_ok=True)
        self.launch()
        assert self.process is not None
        deadline = time.monotonic() + START_SECONDS
        while not self.listening.exists():
            assert self.process.poll() is None, f"the daemon ended at its start:\n{self.output[-3000:]}"
            assert time.monotonic() < deadline, (
                f"not listening within {START_SECONDS} s:\n{self.output[-3000:]}"
            )
            time.sleep(LOOK_SECONDS)

    def launch(self) -> None:
        """Start the daemon and wait for nothing."""
        assert self.process is None, "it runs already"
        with (self.folder / "daemon.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*ZHUOMAI, "--config", str(self.config), "serve"],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.starts += 1

    def terminate(self) -> None:
        """Tell the daemon to stop (SIGTERM), without waiting."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)

    def wait(self) -> int:
        """The exit status of a daemon that was told to stop."""
        assert self.process is not None
        status = self.process.wait(STOP_SECONDS)
        self.process = None
        return status

    def stop(self) -> int:
        """Stop the daemon in order; its exit status."""
        self.terminate()
        return self.wait()

    def kill(self) -> None:
        """End the daemon as a power cut would (SIGKILL)."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    # Looking ----------------------------------------------------------------------------------------------------------

    def address(self, name: str) -> tuple[str, int]:
        """Host and port of a listener: auth, acct, portal, captive, secure, plain_admin."""
        host, _, port = json.loads(self.listening.read_text(encoding="utf-8"))[name][0].rpartition(":")
        return host, int(port)

    def pin(self) -> None:
        """Write the ports in use into the settings: the next life listens where this one does, as at a school."""
        text = self.config.read_text(encoding="utf-8")
        for key, name in (("auth", "auth"), ("acct", "acct"), ("listen", "portal"), ("captive", "captive")):
            port = self.address(name)[1]
            text = re.sub(rf'(?m)^({key} = \[?"127\.0\.0\.1):0"', rf'\g<1>:{port}"', text)
        self.config.write_text(text, encoding="utf-8")

    def url(self, name: str) -> str:
        """The address of a site, with its last slash."""
        host, port = self.address(name)
        return f"{'https' if name == 'secure' else 'http'}://{host}:{port}/"

    def rows(self, sql: str, *values: Any) -> list[Any]:
        """Rows of the database as they are committed at this moment."""
        with self.database() as database:
            return database.execute(sql, values).fetchall()

    @contextlib.contextmanager
    def database(self) -> Iterator[sqlite3.Connection]:
        """The database, for reading."""
        database = sqlite3.connect(f"file:{self.state / 'zhuomai.db'}?mode=ro", uri=True, timeout=10.0)
        try:
            yield database
        finally:
            database.close()

    def check_books(self) -> None:
        """Prove by SQL of our own what must always hold, whatever happened: none of the product's code is asked."""
        with self.database() as database:
            found: Sequence[Any] = database.execute("PRAGMA integrity_check").fetchall()
            assert found == [("ok",)], found
            for promise, sql in IDENTITIES.items():
                found = database.execute(sql).fetchall()
                assert not found, f"{promise}: {found[:5]}"


IDENTITIES = {
    "no reference points nowhere": "PRAGMA foreign_key_check",
    "every posting sums to zero": """
        SELECT posting_id, sum(amount_fen) FROM posting_line GROUP BY posting_id HAVING sum(amount_fen) <> 0""",
    "every posting has lines": """
        SELECT id FROM posting WHERE id NOT IN (SELECT posting_id FROM posting_line)""",
    "balances are the sums of their lines": """
        SELECT b.ledger_account, b.balance_fen, coalesce(sum(l.amount_fen), 0)
        FROM ledger_balance b LEFT JOIN posting_line l USING (project_id, ledger_account)
        GROUP BY b.project_id, b.ledger_account HAVING b.balance_fen <> coalesce(sum(l.amount_fen), 0)""",
    "usage sums to what was accounted": """
        SELECT s.id, s.input_octets, s.output_octets, s.session_seconds, u.up, u.down, u.seconds
        FROM session s LEFT JOIN (
            SELECT session_id, sum(input_octets) AS up, sum(output_octets) AS down, sum(seconds) AS seconds
            FROM usage GROUP BY session_id) u ON u.session_id = s.id
        WHERE s.input_octets <> coalesce(u.up, 0) OR s.output_octets <> coalesce(u.down, 0)
           OR s.session_seconds <> coalesce(u.seconds, 0)""",
    "usage has its session": "SELECT session_id FROM usage WHERE session_id NOT IN (SELECT id FROM session)",
    "an ended session ended after it began": """
        SELECT id FROM session WHERE stopped_at < started_at OR (stopped_at IS NULL) <> (closed_by IS NULL)""",
}
