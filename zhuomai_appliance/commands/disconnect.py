"""`zhuomai disconnect USER|MAC|NAS|--session ID`: end sessions at their device, and wait for what it says."""

from __future__ import annotations

import json
import time
from typing import Any, Final

from zhuomai_appliance.commands.backstage import NoDaemon, ask_daemon, perform
from zhuomai_appliance.commands.options import Disconnect
from zhuomai_appliance.config import Config
from zhuomai_appliance.net.control import CommandFailed
from zhuomai_appliance.paths import StateFiles

PATIENCE_SECONDS: Final = 45.0
"""Three tries of the dispatcher, each with its retransmissions, take at most so long."""


def run(config: Config, options: Disconnect) -> int:
    """Ask for the end of sessions and print how each ended; 1 if there was none or a device refused."""
    params = {"who": options["who"], "session": options["session"]}
    asked: list[int] = perform(config, "disconnect", params)["sessions"]
    answers = _wait(StateFiles(config.state.dir), asked)
    failed = [one for one in answers.values() if one["state"] == "failed"]
    if options["json"]:
        print(json.dumps({"sessions": answers}))
    else:
        for session_id, one in answers.items():
            print(f"session {session_id}: {_sentence(one)}")
        if not asked:
            raise CommandFailed(f"nobody is online as {options['who'] or options['session']}")
    return 1 if failed or not asked else 0


def _wait(files: StateFiles, asked: list[int]) -> dict[str, dict[str, Any]]:
    answers: dict[str, dict[str, Any]] = {
        str(session_id): {"state": "waiting", "words": "", "tries": 0} for session_id in asked
    }
    deadline = time.monotonic() + PATIENCE_SECONDS
    while asked and time.monotonic() < deadline:
        try:
            answers = ask_daemon(files, "disconnect-result", {"sessions": asked})
        except NoDaemon:
            for one in answers.values():
                one["words"] = "it is sent as soon as the daemon serves"
            break
        if all(one["state"] != "waiting" for one in answers.values()):
            break
        time.sleep(0.2)
    return answers


def _sentence(answer: dict[str, Any]) -> str:
    words = f" ({answer['words']})" if answer["words"] else ""
    return {"done": "ended", "failed": "not ended", "waiting": "asked for"}[answer["state"]] + words
