"""What a command works with: inside the daemon its own parts, without one the database opened for the while.

Beside a daemon a command goes through the control socket, so that every in-memory table hears of a change. Without one
it takes the state directory's lock and opens the store itself; the same handler runs in both cases.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from zhuomai_appliance.config import Config
from zhuomai_appliance.entropy import Entropy, SystemEntropy
from zhuomai_appliance.flows.reservations import Reservations
from zhuomai_appliance.net.control import CommandFailed, Handler, short_name
from zhuomai_appliance.paths import StateFiles
from zhuomai_appliance.store import migrate
from zhuomai_appliance.store.digests import Digester, run_at_once
from zhuomai_appliance.store.inline import InlineStore
from zhuomai_appliance.store.interface import (
    SchemaTooOld,
    Store,
    StoreMissing,
    StoreRefused,
    StoreUnavailable,
)
from zhuomai_appliance.store.sqlite import reading
from zhuomai_appliance.store.vault import Vault, VaultLocked, load_key

T = TypeVar("T")

ANSWER_SECONDS = 600.0
"""How long a command waits for the daemon's answer."""


@dataclass(frozen=True, slots=True)
class Backstage:
    """The parts that handlers use.

    Attributes:
        files: names of the state directory's files.
        store, vault, entropy, digester: open and ready.
        now: epoch seconds.
        changed: called after a change of devices, rates, groups, lists or projects; the daemon reloads its tables.
        reservations: the daemon's memory of who was let in a moment ago and is where; None without a daemon.
        config: the settings.
        renewed: called after a change of the files behind 802.1X; the daemon shows the new certificate from then on.
    """

    files: StateFiles
    store: Store
    vault: Vault
    entropy: Entropy
    digester: Digester
    now: Callable[[], int]
    changed: Callable[[], None]
    reservations: Reservations | None = None
    config: Config = field(default_factory=Config)
    renewed: Callable[[], None] = lambda: None


class LockHeld(Exception):
    """Another process works on the state directory; the message is one line."""


def take_lock(files: StateFiles) -> int:
    """Take the state directory's lock for the life of the returned descriptor (and this process at most).

    Raises:
        LockHeld: another process has it.
        OSError: the directory is not there or not ours.
    """
    descriptor = os.open(files.lock, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise LockHeld(f"another zhuomai process works on {files.folder}; wait until it is done") from None
    return descriptor


@contextlib.contextmanager
def locked(files: StateFiles) -> Iterator[None]:
    """Hold the lock for a while.

    Raises:
        CommandFailed: another process has it, or the directory cannot be used.
    """
    try:
        descriptor = take_lock(files)
    except LockHeld as error:
        raise CommandFailed(str(error)) from None
    except OSError as error:
        raise CommandFailed(f"{files.folder} cannot be used: {error.strerror}") from None
    try:
        yield
    finally:
        os.close(descriptor)


def lock_is_held(files: StateFiles) -> bool:
    """Whether a daemon or a command works on the state directory at this moment. Makes no file: only looks."""
    try:
        descriptor = os.open(files.lock, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


class NoDaemon(Exception):
    """Nobody listens on the control socket."""


def ask_daemon(files: StateFiles, command: str, params: Mapping[str, Any]) -> Any:
    """Have the running daemon do something; its result.

    Raises:
        NoDaemon: there is none.
        CommandFailed: it could not be done.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as talk:
        talk.settimeout(ANSWER_SECONDS)
        try:
            talk.connect(short_name(files.control_socket))
        except PermissionError:
            raise CommandFailed(
                f"{files.control_socket} belongs to another user; run this as the service's user"
            ) from None
        except OSError:
            raise NoDaemon from None
        try:
            talk.sendall(json.dumps({"command": command, "params": dict(params)}).encode() + b"\n")
            with talk.makefile("rb") as answers:
                line = answers.readline()
        except OSError as error:
            raise CommandFailed(f"the daemon stopped answering: {error}; look whether it was done") from None
    if not line.endswith(b"\n"):
        raise CommandFailed("the daemon ended before it answered; look whether it was done")
    answer = json.loads(line)
    if not answer["ok"]:
        raise CommandFailed(*answer["errors"])
    return answer["result"]


@contextlib.contextmanager
def opened(config: Config) -> Iterator[Backstage]:
    """Open the store of a state directory for the while, without a daemon.

    Raises:
        CommandFailed: it is locked, missing, damaged, too new, or its key is not there.
    """
    files = StateFiles(config.state.dir)
    if not files.database.exists():
        raise CommandFailed(f"there is no database {files.database}; `zhuomai init` makes one")
    with locked(files):
        try:
            store = InlineStore(files.database)
        except (StoreRefused, StoreMissing) as error:
            raise CommandFailed(str(error)) from None
        except (sqlite3.Error, OSError) as error:
            raise CommandFailed(f"{files.database} cannot be opened: {error}") from None
        try:
            entropy = SystemEntropy()
            vault = open_vault(config, store, entropy)
            digester = Digester(entropy, run_at_once)
            yield Backstage(
                files,
                store,
                vault,
                entropy,
                digester,
                now=lambda: int(time.time()),
                changed=lambda: None,
                config=config,
            )
        finally:
            store.close()


def open_vault(config: Config, store: Store, entropy: Entropy) -> Vault:
    """The key that the database was made with.

    Raises:
        CommandFailed: it is not there; the line names its id.
    """
    try:
        return load_key(
            config.state.key_path, entropy, expected=migrate.get_meta(store.reader, migrate.KEY_ID)
        )
    except VaultLocked as error:
        raise CommandFailed(str(error)) from None


def require_books(config: Config) -> None:
    """Whether there is a database here and the key it was made with, before a daemon opens them.

    Raises:
        CommandFailed: with the one line that says which is missing.
    """
    files = StateFiles(config.state.dir)
    if not files.database.exists():
        raise CommandFailed(f"there is no database {files.database}; `zhuomai init` makes one")
    key_id = None
    # An older schema is upgraded by the daemon itself, which then looks at the key in its own way; a database on a
    # read-only disk it opens in its own way too.
    with contextlib.suppress(SchemaTooOld, sqlite3.OperationalError), reading(files.database) as reader:
        key_id = migrate.get_meta(reader, migrate.KEY_ID)
    try:
        load_key(config.state.key_path, SystemEntropy(), expected=key_id)
    except VaultLocked as error:
        raise CommandFailed(f"{error}; put the copy of the key file there") from None


def drive(handler: Handler, params: Mapping[str, Any]) -> Any:
    """Run a handler to its end on an inline store.

    Raises:
        CommandFailed: it could not be done.
    """
    # Through JSON, so that a handler sees the same values as behind the socket.
    return finish(Deferred.fromCoroutine(handler(json.loads(json.dumps(dict(params))))))


def finish(work: Deferred[T]) -> T:
    """The result of work on an inline store, which is done already.

    Raises:
        CommandFailed: the store refused it, or it waits for something that only a daemon has.
        Exception: what the work raised.
    """
    done: list[T | Failure] = []
    work.addBoth(done.append)
    if not done:
        raise CommandFailed("this needs a running daemon; start it with `zhuomai serve`")
    result = done[0]
    if isinstance(result, Failure):
        if result.check(StoreUnavailable):
            raise CommandFailed(result.getErrorMessage())
        result.raiseException()
    return result


@contextlib.contextmanager
def connected(config: Config) -> Iterator[Callable[[str, Mapping[str, Any]], Any]]:
    """A way to have several commands done: by the running daemon, or here when there is none.

    Raises:
        CommandFailed: it could not be done.
    """
    from zhuomai_appliance.commands.handlers import handlers

    files = StateFiles(config.state.dir)
    try:
        ask_daemon(files, "ping", {})
        daemon = True
    except NoDaemon:
        daemon = False
    if daemon:
        yield lambda command, params: ask_daemon(files, command, params)
    else:
        with opened(config) as stage:
            known = handlers(stage)
            yield lambda command, params: drive(known[command], params)


def perform(config: Config, command: str, params: Mapping[str, Any]) -> Any:
    """Have one command done; see `connected`."""
    with connected(config) as call:
        return call(command, params)
