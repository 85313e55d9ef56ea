"""The control socket: commands of this machine's administrator, one JSON line each way.

    -> {"command": "apply", "params": {...}}
    <- {"ok": true, "result": ...}
    <- {"ok": false, "errors": ["one line", ...]}

It is a Unix socket of mode 0600 in the state directory (0700): whoever can open it may read the database anyway.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Coroutine, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, TypeAlias

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IListeningPort, IReactorUNIX
from twisted.internet.protocol import Factory, connectionDone
from twisted.logger import Logger
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure

MAX_LINE: Final = 16 * 1024 * 1024
"""A whole school in one site file stays far below it."""

MAX_PATH: Final = 100
"""A Unix socket's name has at most 107 octets on Linux (unix(7)); longer ones go through the folder's descriptor."""

_log = Logger()


class CommandFailed(Exception):
    """What was asked for cannot be done; ``errors`` are whole lines for the person who asked."""

    def __init__(self, *errors: str) -> None:
        super().__init__("\n".join(errors))
        self.errors = errors


Params: TypeAlias = Mapping[str, Any]
Handler: TypeAlias = Callable[[Params], Coroutine[Any, Any, Any]]


class ControlProtocol(LineReceiver):
    """One connection; its commands are answered in order, one at a time."""

    delimiter = b"\n"
    MAX_LENGTH = MAX_LINE

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        self._handlers = handlers
        self._gone = False

    def lineReceived(self, line: bytes) -> None:
        """Run a command and answer when it is done; nothing more is read meanwhile."""
        self.pauseProducing()
        answered = Deferred.fromCoroutine(answer(self._handlers, line))
        answered.addCallback(self._reply)
        answered.addErrback(lambda failure: _log.failure("a command's answer was lost", failure))

    def _reply(self, line: bytes) -> None:
        if not self._gone:
            self.sendLine(line)
            self.resumeProducing()

    def lineLengthExceeded(self, line: bytes) -> None:
        """Say so and hang up."""
        self.sendLine(_encode({"ok": False, "errors": [f"a command has at most {MAX_LINE} bytes"]}))
        if self.transport is not None:
            self.transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Whoever asked went away; a command that runs is finished all the same."""
        self._gone = True


async def answer(handlers: Mapping[str, Handler], line: bytes) -> bytes:
    """The answer to one request, without the newline. Never raises: a command's own failure is an answer too."""
    try:
        request = json.loads(line)
        command, params = request["command"], request.get("params", {})
        if not isinstance(params, dict):
            raise TypeError("params")
    except (ValueError, KeyError, TypeError, AttributeError):
        return _encode({"ok": False, "errors": ["this is not a command of the control socket"]})
    handler = handlers.get(command) if isinstance(command, str) else None
    if handler is None:
        return _encode({"ok": False, "errors": [f"the running daemon knows no command {command!r}"]})
    try:
        return _encode({"ok": True, "result": await handler(params)})
    except CommandFailed as error:
        return _encode({"ok": False, "errors": list(error.errors)})
    except Exception as error:  # noqa: BLE001 - a command must not end the daemon, and must be answered
        _log.failure("the command {command} failed", command=command)
        text = str(error).splitlines()[0] if str(error) else type(error).__name__
        return _encode({"ok": False, "errors": [f"{command} failed: {text}; the daemon's log says more"]})


def _encode(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


class ControlFactory(Factory):
    """Makes a protocol for each connection."""

    noisy = False

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        self._handlers = handlers

    def buildProtocol(self, addr: IAddress | None) -> ControlProtocol:
        """See `Factory.buildProtocol`."""
        return ControlProtocol(self._handlers)


def listen(reactor: IReactorUNIX, path: Path, handlers: Mapping[str, Handler]) -> IListeningPort:
    """Listen on a Unix socket; the caller holds the state directory's lock, so an old socket is a dead one.

    Raises:
        CannotListenError: the socket cannot be made.
    """
    path.unlink(missing_ok=True)
    before = os.umask(0o177)
    try:
        return reactor.listenUNIX(short_name(path), ControlFactory(handlers), backlog=50, mode=0o600)
    finally:
        os.umask(before)


@lru_cache(maxsize=16)
def short_name(path: Path) -> str:
    """A name for the socket that fits the kernel's limit.

    For a deep folder the name goes through a descriptor of that folder, which stays open until the process ends:
    the listening port removes the socket by the same name.
    """
    text = str(path)
    if len(os.fsencode(text)) <= MAX_PATH:
        return text
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    return f"/proc/self/fd/{folder}/{path.name}"
