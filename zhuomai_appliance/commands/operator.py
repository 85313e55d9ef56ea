"""`zhuomai operator add|reset-password|token`."""

from __future__ import annotations

import json
from typing import Any

from twisted.python import usage

from zhuomai_appliance.commands.backstage import perform
from zhuomai_appliance.commands.init import read_password
from zhuomai_appliance.commands.options import OperatorCommand
from zhuomai_appliance.config import Config
from zhuomai_appliance.entropy import SystemEntropy


def run(config: Config, options: OperatorCommand) -> int:
    """Have an operator added, his password reset, or a token made; see `OperatorCommand`."""
    inner: usage.Options = options.subOptions
    name, what = str(inner["name"]), str(options.subCommand)
    params: dict[str, Any] = {"what": what, "name": name}
    answer: dict[str, str] = {"operator": name}
    if what == "token":
        params |= {"scopes": inner["scopes"], "label": inner["label"]}
        answer = {"token": perform(config, "operator", params)["token"]}
    else:
        password, printed = read_password(inner["password-file"], SystemEntropy())
        params["password"] = password
        if what == "add":
            params["role"] = inner["role"]
        perform(config, "operator", params)
        if printed:
            answer["password"] = password
    if inner["json"]:
        print(json.dumps(answer))
    elif what == "token":
        print(answer["token"])
    else:
        done = f"added as {inner['role']}" if what == "add" else "has a new password, his sessions are ended"
        shown = f"; the password, shown this once: {answer['password']}" if "password" in answer else ""
        print(f"{name}: {done}{shown}")
    return 0
