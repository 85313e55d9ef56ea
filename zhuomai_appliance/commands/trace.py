"""`zhuomai trace USER|MAC|NAS`: decoded packets as they pass the running daemon, secrets hidden."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from zhuomai_appliance.commands.backstage import NoDaemon, ask_daemon
from zhuomai_appliance.commands.options import Trace
from zhuomai_appliance.config import Config
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.trace import TraceRefused
from zhuomai_appliance.flows.tracing import Tracing
from zhuomai_appliance.net.control import CommandFailed, Handler, Params
from zhuomai_appliance.paths import StateFiles

_ACTOR = Actor("zhuomai trace", "local")
_ARROWS = {"in": "<-", "out": "->", "none": "--"}


def run(config: Config, options: Trace) -> int:
    """Print packets until the time is over, enough were seen, or the person presses Ctrl-C; 1 if none came."""
    files = StateFiles(config.state.dir)
    asked = {"who": options["who"], "seconds": options["seconds"], "count": options["count"]}
    try:
        opened = ask_daemon(files, "trace-open", asked)
    except NoDaemon:
        raise CommandFailed("nothing runs here; start it with `zhuomai serve`") from None
    if not options["json"]:
        print(f"tracing {opened['what']} for {opened['seconds']} s; Ctrl-C ends it", flush=True)
    seen = 0
    try:
        while True:
            try:
                read = ask_daemon(files, "trace-read", {"id": opened["id"]})
            except NoDaemon:
                raise CommandFailed("the daemon has ended") from None
            for event in read["events"]:
                print(json.dumps(event, ensure_ascii=False) if options["json"] else story(event), flush=True)
            seen += len(read["events"])
            if read["lost"] and not options["json"]:
                print(f"({read['lost']} packets came faster than they could be shown)", flush=True)
            if read["ended"]:
                break
    except KeyboardInterrupt:
        with contextlib.suppress(NoDaemon, CommandFailed):
            ask_daemon(files, "trace-close", {"id": opened["id"]})
    return 0 if seen else 1


def story(event: Mapping[str, Any]) -> str:
    """An event as lines for a terminal."""
    at = (
        time.strftime("%H:%M:%S", time.localtime(event["at"]))
        + f".{round(event['at'] % 1 * 1000) % 1000:03d}"
    )
    note = f"  ({event['note']})" if event["note"] else ""
    head = (
        f"{at} {event['flow']:<6} {_ARROWS[event['direction']]} {event['nas']} {event['peer']}"
        f"  {event['name']} {event['identifier']}{note}"
    )
    return "\n".join([head, *(f"    {name} = {value}" for name, value in event["attributes"])])


# In the daemon ----------------------------------------------------------------------------------------------------------


def trace_handlers(tracing: Tracing) -> Mapping[str, Handler]:
    """What the control socket offers for it: open, read (waits up to a second) and close."""
    return {
        "trace-open": partial(_open, tracing),
        "trace-read": partial(_read, tracing),
        "trace-close": partial(_close, tracing),
    }


async def _open(tracing: Tracing, params: Params) -> Any:
    try:
        watch = tracing.open(_ACTOR, params["who"], params["seconds"], params["count"])
    except TraceRefused as error:
        raise CommandFailed(str(error)) from None
    return {"id": watch.id, "what": watch.target.words(), "seconds": params["seconds"]}


async def _read(tracing: Tracing, params: Params) -> Any:
    watch = tracing.find(_ACTOR, params["id"])
    if watch is None:
        return {"events": [], "lost": 0, "ended": "it has ended"}
    events, lost = await tracing.read(watch)
    return {"events": events, "lost": lost, "ended": watch.ended}


async def _close(tracing: Tracing, params: Params) -> Any:
    watch = tracing.find(_ACTOR, params["id"])
    if watch is not None:
        tracing.close(watch)
    return {}
