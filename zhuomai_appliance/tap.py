"""`zhuomai` and `twistd zhuomai`: arguments in, a service or an exit status out.

Wrong usage is one line on stderr and status 2; what was asked for and failed is status 1. twistd by itself answers wrong
usage with several lines on stdout and status 1, so the console script parses the arguments first.
"""

from __future__ import annotations

import gc
import os
import sqlite3
import sys
import time
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from twisted.application.service import IService
from twisted.python import usage

from zhuomai_appliance.commands.option_base import Command
from zhuomai_appliance.commands.options import Options
from zhuomai_appliance.config import Config, ConfigErrors

__all__ = ["Options", "main", "makeService"]

SWITCH_SECONDS = 0.0005
"""How long a thread keeps Python's lock while another waits for it. By Python's 5 ms a reactor busy with pages holds up
the writer's thread after each of its statements, and the accounting reports of a whole group with it."""


def makeService(options: Options) -> IService:
    """The daemon's service for ``serve``; every other command runs here and leaves with its exit status."""
    command = options.subOptions
    if options.subCommand == "serve":
        return _daemon(_settings(options, command))
    raise SystemExit(_execute(options))


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """The console script: the same commands without twistd around those that are no daemon."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    options = Options()
    try:
        options.parseOptions(words)
    except usage.UsageError as error:
        _complain([f"{str(error).splitlines()[0]}; see `zhuomai --help`"])
        raise SystemExit(2) from None
    if options.subCommand != "serve":
        raise SystemExit(_execute(options))
    # Wrong settings are told before twistd says its first word.
    _serve(words, _settings(options, options.subOptions))


def _execute(options: Options) -> int:
    from zhuomai_appliance.net.control import CommandFailed

    command = options.subOptions
    module = import_module(command.module)
    try:
        status: int = module.run(_settings(options, command), command)
    except CommandFailed as error:
        _complain(error.errors)
        return 1
    except BrokenPipeError:
        # Whoever read our output has seen enough; Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    return status


def _settings(options: Options, command: Command) -> Config:
    try:
        return command.settings(options["config"])
    except ConfigErrors as error:
        _complain(error.errors)
        raise SystemExit(1) from None


def _daemon(config: Config) -> IService:
    from twisted.internet import reactor

    from zhuomai_appliance.appliance import make_service
    from zhuomai_appliance.commands.backstage import LockHeld, require_books
    from zhuomai_appliance.commands.init import ensure_certificate
    from zhuomai_appliance.net.control import CommandFailed
    from zhuomai_appliance.store.interface import StoreRefused
    from zhuomai_appliance.store.vault import VaultLocked

    try:
        require_books(config)
        ensure_certificate(config, int(time.time()))
        service = make_service(config, reactor)
    except (CommandFailed, LockHeld, StoreRefused, VaultLocked, sqlite3.Error, OSError) as error:
        _complain([str(error)])
        raise SystemExit(1) from None
    reactor.callWhenRunning(_settle_memory)
    sys.setswitchinterval(SWITCH_SECONDS)
    return service


def _settle_memory() -> None:
    """Tell the collector that what the start made stays, and to look less often: a whole look stops all logins."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _serve(words: Sequence[str], config: Config) -> NoReturn:
    from twisted.application import app
    from twisted.internet.error import CannotListenError
    from twisted.scripts._twistd_unix import ServerOptions, UnixApplicationRunner

    from zhuomai_appliance.commands import logs

    logs.set_level(config.log.level)
    logger = "--logger=zhuomai_appliance.commands.logs.observer"
    sys.argv = ["twistd", "--nodaemon", "--pidfile=", "--reactor=asyncio", logger, "zhuomai", *words]
    try:
        # twistd's own `run` would end by the signal that stopped it; a daemon that has drained did what it was told to
        app.run(lambda options: UnixApplicationRunner(options).run(), ServerOptions)
    except CannotListenError as error:
        where = f"{error.interface or 'every address'} port {error.port}"
        # twistd has turned sys.stderr into its log by now.
        sentence = (
            f"cannot listen on {where}: {error.socketError.strerror}; `zhuomai check` looks at every port"
        )
        print(sentence, file=sys.__stderr__, flush=True)
        # The reactor never ran, so nothing will end the threads of what was opened already.
        sys.stdout.flush()
        os._exit(1)
    raise SystemExit(0)


def _complain(lines: Sequence[str]) -> None:
    for line in lines:
        print(line, file=sys.stderr)


if __name__ == "__main__":
    main()
