"""The daemon's log on stdout: one line an event, from the level of the settings up.

twistd takes this as its ``--logger``. Twisted's own announcements (ports that open, factories that start) say what our
own line about the bound ports says better, and come through from warnings up.
"""

from __future__ import annotations

import sys
from typing import Final, TextIO, cast

from twisted.logger import ILogObserver, LogEvent, textFileLogObserver
from zope.interface import directlyProvides

LEVELS: Final = ("debug", "info", "warn", "error", "critical")
QUIET: Final = ("log_legacy", "twisted.scripts", "zhuomai_appliance.net.http.AdmittingSite")

_chosen = ["info"]


def set_level(word: str) -> None:
    """Choose the level before twistd asks for the observer, which takes no arguments: debug, info, warn or error."""
    _chosen[:] = [word]


def observer(out: TextIO | None = None) -> ILogObserver:
    """The observer twistd logs to, on stdout; see `set_level`."""
    write = textFileLogObserver(sys.stdout if out is None else out)
    least = LEVELS.index(_chosen[0])

    def filtered(event: LogEvent) -> None:
        namespace = str(event.get("log_namespace", "log_legacy"))
        quiet = namespace.startswith(QUIET)
        if rank(event) >= (max(least, LEVELS.index("warn")) if quiet else least):
            write(event)

    directlyProvides(filtered, ILogObserver)
    return cast("ILogObserver", filtered)


def rank(event: LogEvent) -> int:
    """How loud an event is; one without a level, from Twisted's oldest logging, is information."""
    level = event.get("log_level")
    return LEVELS.index("info" if level is None else level.name)
