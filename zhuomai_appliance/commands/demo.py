"""`make run`: a demo school on loopback, from nothing to a living campus, with one key to end it all.

``python -m zhuomai_appliance.commands.demo --state .run``
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import IO, Final

from zhuomai_appliance.commands import check, demo_school, sitefile
from zhuomai_appliance.commands.backstage import drive, lock_is_held, opened
from zhuomai_appliance.commands.handlers import handlers
from zhuomai_appliance.commands.init import make_box, one_time_password
from zhuomai_appliance.config import Config, ConfigErrors, load, read_toml
from zhuomai_appliance.entropy import SystemEntropy
from zhuomai_appliance.net.control import CommandFailed
from zhuomai_appliance.paths import StateFiles

ADMIN: Final = "admin"
START_SECONDS: Final = 30.0
STOP_SECONDS: Final = 12.0
DOOR: Final = "127.0.0.1:8090"


class Stopped(Exception):
    """Somebody asked for the end."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Make what is missing, start the daemon and the campus, tell where to look, wait, end both."""
    parser = argparse.ArgumentParser(prog="make run", description="a demo school on 127.0.0.1")
    parser.add_argument("--state", type=Path, default=Path(".run"), help="where it lives")
    parser.add_argument("--door", default=DOOR, help="where your browser plays a phone")
    chosen = parser.parse_args(arguments)
    folder: Path = chosen.state.absolute()
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    children: list[subprocess.Popen[bytes]] = []
    try:
        config, password = prepare(folder)
        _start(children, folder, "serve", config)
        _wait_for_daemon(children[0], folder)
        _start(
            children,
            folder,
            "simulate",
            *("--config", str(config), "--site", str(folder / "site.toml")),
            *("--users", str(folder / "people.csv"), "--door", chosen.door),
        )
        print(welcome(folder, password, chosen.door, _console(folder)), flush=True)
        return _watch(children, folder)
    except (ConfigErrors, CommandFailed) as error:
        print("\n".join(error.errors), file=sys.stderr)
        return 1
    except Stopped:
        return 0
    finally:
        _end(children)


def _stop(number: int, frame: FrameType | None) -> None:
    # Only once: a second Ctrl-C must not interrupt the ending of the children.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise Stopped


def prepare(folder: Path) -> tuple[Path, str]:
    """Settings, database and school in a folder, made where they are missing; and a new password for the admin.

    Raises:
        CommandFailed: it runs already, or cannot be made.
    """
    config_path, site_path = folder / "appliance.toml", folder / "site.toml"
    entropy = SystemEntropy()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not config_path.exists():
        config_path.write_text(demo_school.settings_text(folder), encoding="utf-8")
    config = load(config_path).in_state(folder)
    files = StateFiles(folder)
    if lock_is_held(files):
        raise CommandFailed(f"a demo runs in {folder} already; end it first")
    _refuse_taken_ports(config, files)
    if not site_path.exists():
        text = demo_school.site_text(config_path, site_path, entropy.text(24), entropy.text(24))
        site_path.touch(mode=0o600)
        site_path.write_text(text, encoding="utf-8")
    (folder / "people.csv").write_text(demo_school.simulated_text(), encoding="utf-8")
    password = one_time_password(entropy)
    if not files.database.exists():
        make_box(config, ADMIN, password, entropy)
    with opened(config) as stage:
        site, errors = sitefile.for_the_wire(read_toml(site_path), folder)
        commands = handlers(stage)
        params = {"site": site, "errors": errors, "dry_run": False, "origin": str(site_path)}
        drive(commands["apply"], params)
        reset = {"what": "reset-password", "name": ADMIN, "password": password}
        drive(commands["operator"], reset)
    return config_path, password


def _refuse_taken_ports(config: Config, files: StateFiles) -> None:
    taken = [one.sentence for one in check.ports(config, files) if one.word == "fail"]
    if taken:
        raise CommandFailed(*taken)


def _start(children: list[subprocess.Popen[bytes]], folder: Path, command: str, *words: object) -> None:
    own = ["--config", str(words[0]), "serve"] if command == "serve" else [command, *map(str, words)]
    log: IO[bytes]
    with (folder / f"{command}.log").open("wb") as log:
        children.append(
            subprocess.Popen(
                [sys.executable, "-m", "zhuomai_appliance.tap", *own],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Out of our group: Ctrl-C comes to us alone, and we end the children one after the other.
                start_new_session=True,
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
            )
        )


def _wait_for_daemon(daemon: subprocess.Popen[bytes], folder: Path) -> None:
    listening = StateFiles(folder).listening
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if daemon.poll() is not None:
            raise CommandFailed(f"the daemon ended at once; {_last_line(folder / 'serve.log')}")
        try:
            if json.loads(listening.read_text(encoding="utf-8")):
                return
        except (OSError, ValueError):
            time.sleep(0.1)
    raise CommandFailed(f"the daemon does not listen after {START_SECONDS:.0f} s; see {folder / 'serve.log'}")


def _watch(children: Sequence[subprocess.Popen[bytes]], folder: Path) -> int:
    while True:
        for child, name in zip(children, ("serve", "simulate"), strict=True):
            if child.poll() is not None:
                raise CommandFailed(f"{name} has ended; {_last_line(folder / f'{name}.log')}")
        time.sleep(0.5)


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return f"its last line: {lines[-1]}" if lines else f"see {log}"


def _end(children: Sequence[subprocess.Popen[bytes]]) -> None:
    """End the children by their process ids: the campus first, so that its sessions are still stopped properly."""
    for child in reversed(children):
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
            try:
                child.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def _console(folder: Path) -> str:
    listening = json.loads(StateFiles(folder).listening.read_text(encoding="utf-8"))
    return str(listening["plain_admin"][0])


def welcome(folder: Path, password: str, door: str, console: str) -> str:
    """Where to look and how to log in."""
    you = next(demo_school.people())
    return f"""
  A demo school is alive on this machine.                              演示校园已启动

  Be a phone          手机上网      http://{door}/
                                    account 账号 {you.username}   password 密码 {you.password}
  Console             管理后台      http://{console}/
                                    operator 操作员 {ADMIN}   password 密码 {password}   (new at every start)

  {demo_school.PEOPLE - 1} invented people come and go by themselves; watch them in the console.
  Command line:       .venv/bin/zhuomai --config {folder / "appliance.toml"} check
  Logs:               {folder / "serve.log"}, {folder / "simulate.log"}

  Ctrl-C ends it. 按 Ctrl-C 结束。
"""


if __name__ == "__main__":
    sys.exit(main())
