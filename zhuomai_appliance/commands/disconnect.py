"""`zhuomai disconnect USER|MAC|NAS|--session ID`: end sessions at their device, and wait for what it says."""

from __future__ import annotations

import json
import sys
import time
from typing import Any, Final

from zhuomai_appliance.commands.backstage import NoDaemon, ask_daemon, perform
from zhuomai_appliance.commands.options import Disconnect
from zhuomai_appliance.config import Config
from zhuomai_appliance.flows.pacing import PER_SECOND
from zhuomai_appliance.net.control import CommandFailed
from zhuomai_appliance.paths import StateFiles

PATIENCE_SECONDS: Final = 60.0
"""Three tries of the dispatcher, each with its retransmissions, take at most so long."""

PROGRESS_SECONDS: Final = 1.0
ASKED_AT_ONCE: Final = 500
"""Sessions asked about in one question, so that the daemon answers it between two packets."""


def run(config: Config, options: Disconnect) -> int:
    """Ask for the end of sessions and print how each ended; 1 if there was none or a device refused."""
    params = {"who": options["who"], "session": options["session"]}
    asked: list[int] = perform(config, "disconnect", params)["sessions"]
    answers = _wait(StateFiles(config.state.dir), asked, quiet=bool(options["json"]))
    failed = [one for one in answers.values() if one["state"] == "failed"]
    if options["json"]:
        print(json.dumps({"sessions": answers}))
    else:
        for session_id, one in answers.items():
            print(f"session {session_id}: {_sentence(one)}")
        if not asked:
            raise CommandFailed(f"nobody is online as {options['who'] or options['session']}")
    return 1 if failed or not asked else 0


def _wait(files: StateFiles, asked: list[int], *, quiet: bool) -> dict[str, dict[str, Any]]:
    """Ask how far it is until all are through, or patience ends: each second's worth of requests adds a second."""
    answers: dict[str, dict[str, Any]] = {
        str(session_id): {"state": "waiting", "words": "", "tries": 0} for session_id in asked
    }
    waiting, told_at = list(asked), time.monotonic()
    deadline = told_at + PATIENCE_SECONDS + len(asked) / PER_SECOND
    while waiting and time.monotonic() < deadline:
        try:
            for start in range(0, len(waiting), ASKED_AT_ONCE):
                part = waiting[start : start + ASKED_AT_ONCE]
                answers |= ask_daemon(files, "disconnect-result", {"sessions": part})
        except NoDaemon:
            for one in answers.values():
                one["words"] = one["words"] or "it is sent as soon as the daemon serves"
            break
        waiting = [one for one in waiting if answers[str(one)]["state"] == "waiting"]
        if waiting and not quiet and time.monotonic() - told_at >= PROGRESS_SECONDS:
            told_at = time.monotonic()
            print(f"{len(asked) - len(waiting)} of {len(asked)} answered", file=sys.stderr, flush=True)
        if waiting:
            time.sleep(0.2 if len(waiting) <= ASKED_AT_ONCE else PROGRESS_SECONDS)
    return answers


def _sentence(answer: dict[str, Any]) -> str:
    words = f" ({answer['words']})" if answer["words"] else ""
    return {"done": "ended", "failed": "not ended", "waiting": "asked for"}[answer["state"]] + words
