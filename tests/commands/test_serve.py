"""The daemon as a process: commands go through it, it starts in one line or says in one why not, and ends in order."""

import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from twisted.logger import Logger, LogPublisher

from tests.commands.box import SITE, Box
from zhuomai_appliance.commands import logs

ROOT = Path(__file__).resolve().parents[2]


def start(box: Box) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "zhuomai_appliance.tap", "--config", str(box.config), "serve"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def serving(box: Box) -> Iterator[subprocess.Popen[str]]:
    """A daemon that listens, ended by its process id."""
    daemon = start(box)
    try:
        deadline = time.monotonic() + 30
        while not box.files.listening.exists():
            assert daemon.poll() is None, daemon.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield daemon
    finally:
        if daemon.poll() is None:
            daemon.kill()
        daemon.communicate()


@pytest.mark.slow
def test_commands_go_through_the_daemon(box: Box) -> None:
    """Beside the daemon a site is applied, read, copied and proved; what needs it stopped refuses; SIGTERM ends it, 0."""
    with serving(box) as daemon:
        bound = json.loads(box.files.listening.read_text())
        assert set(bound) == {"auth", "acct", "radsec", "portal", "captive", "secure", "plain_admin"}
        assert bound["auth"][0].startswith("127.0.0.1:")
        for _ in range(2):
            status, out, err = box.run("apply", box.write("site.toml", SITE))
            assert status == 0, err
        assert out.splitlines()[-1] == "0 created, 0 changed, 11 left"
        status, out, err = box.run("operator", "token", "boss", "--json")
        assert json.loads(out)["token"].startswith("zm_")
        people = box.write("p.csv", "username,password,group\n30001,p,students\n")
        assert box.run("import", "accounts", people)[0] == 0
        assert "30001" in box.run("export", "accounts")[1]
        assert box.run("backup", str(box.folder / "copy.db"))[0] == 0
        assert box.run("verify")[0] == 0
        status, out, _ = box.run("check")
        assert status == 0
        assert "held by the running daemon" in out
        assert box.run("disconnect", "20260001")[2] == ["nobody is online as 20260001"]
        for refused in (["migrate"], ["restore", str(box.folder / "copy.db")]):
            status, _, err = box.run(*refused)
            assert (status, len(err)) == (1, 1)
            assert "daemon is running" in err[0]
        second = start(box)
        assert second.wait(20) == 1
        assert len((second.communicate()[1] or "").splitlines()) == 1
        daemon.send_signal(signal.SIGTERM)
        out, err_text = daemon.communicate(timeout=15)
        assert (daemon.returncode, err_text) == (0, "")
        assert not box.files.listening.exists()
        assert "serving" in out
        assert "Starting factory" not in out


@pytest.mark.slow
def test_killed_daemon_leaves_nothing_in_the_way(box: Box) -> None:
    """After kill -9 its socket and its port list lie about; commands work without it, and it starts again."""
    with serving(box) as daemon:
        daemon.kill()
        daemon.wait()
    assert box.files.control_socket.exists()
    assert box.run("apply", box.write("site.toml", SITE))[0] == 0
    box.files.listening.unlink(missing_ok=True)
    with serving(box):
        assert box.run("apply", str(box.folder / "site.toml"))[1].endswith("0 created, 0 changed, 11 left\n")


@pytest.mark.slow
@pytest.mark.parametrize("what", ["port", "key", "database", "settings", "certificate"])
def test_start_that_fails_is_one_line(box: Box, what: str) -> None:
    """A taken port, a missing key, no database, wrong settings: one line that names it, status 1, no traceback."""
    with socket.socket() as taken:
        if what == "port":
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            where = "127.0.0.1:%d" % taken.getsockname()[1]
            box.write(
                "appliance.toml",
                box.config.read_text().replace('captive = "127.0.0.1:0"', f'captive = "{where}"'),
            )
        elif what == "key":
            box.files.key_file.unlink()
        elif what == "certificate":
            box.files.certificate_key.write_text("no key")
        elif what == "database":
            box.files.database.unlink()
        else:
            box.write("appliance.toml", "[web]\nplain_admin = 'here'\n")
        daemon = start(box)
        out, err = daemon.communicate(timeout=30)
    assert daemon.returncode == 1
    assert len(err.splitlines()) == 1, err
    assert "Traceback" not in out + err
    expected = {
        "port": "cannot listen on 127.0.0.1",
        "key": "is missing",
        "database": "zhuomai init",
        "settings": "plain_admin",
        "certificate": "cannot be used",
    }
    assert expected[what] in err
    assert not box.files.listening.exists()


def test_level_of_the_settings_is_kept() -> None:
    """Below the level nothing is written; Twisted's own chatter needs a warning; a failure keeps its traceback."""
    out = io.StringIO()
    logs.set_level("warn")
    publisher = LogPublisher(logs.observer(out))
    logs.set_level("info")
    publisher.addObserver(logs.observer(out))
    ours = Logger(namespace="zhuomai.test", observer=publisher)
    chatter = Logger(namespace="log_legacy", observer=publisher)
    ours.debug("never")
    ours.info("once")
    ours.warn("twice")
    chatter.info("never")
    chatter.warn("twice")
    try:
        raise RuntimeError("broken")
    except RuntimeError:
        ours.failure("twice")
    lines = out.getvalue()
    assert "never" not in lines
    assert (lines.count("once"), lines.count("twice"), lines.count("RuntimeError: broken")) == (1, 6, 2)
    assert os.linesep in lines
