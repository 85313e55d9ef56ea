"""Does an access device hear us, and do we hear it? What the console's test button asks.

Nothing is changed at the device: the Disconnect names a session that cannot exist, so a device that takes our requests
says «not found» (RFC 5176, Error-Cause 503), and the portal question is about an address that is nobody's (RFC 5737).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from twisted.internet.defer import Deferred, gatherResults

from zhuomai_appliance.flows.ports import ControlOutcome, ControlResult, PortalDoor, SessionControl
from zhuomai_appliance.flows.tables import Tables
from zhuomai_appliance.model.network import Nas
from zhuomai_appliance.portal.terms import Ending, Outcome
from zhuomai_appliance.store import sessions
from zhuomai_appliance.store.interface import Store
from zhuomai_appliance.vendors.dynamic import error_cause

PATIENCE_SECONDS: Final = 6.0
"""A page waits for this; a device on a campus answers in milliseconds or not at all."""

NOBODYS_ADDRESS: Final = "192.0.2.254"
NO_SESSION: Final = b"zhuomai-test-no-such-session"

SILENT_SECONDS: Final = 1200


class What(StrEnum):
    """What was tried."""

    SIGNED = "signed"
    REPORTS = "reports"
    DISCONNECT = "disconnect"
    PORTAL = "portal"


class Mark(StrEnum):
    """How it went: works, worth a look, does not work."""

    WORKS = "works"
    WATCH = "watch"
    FAILS = "fails"


@dataclass(frozen=True, slots=True)
class Finding:
    """One result. ``word`` is the finding's stable name, which pages have a sentence for.

    ``at`` is when something was last heard, epoch seconds; ``milliseconds`` how long an answer took; ``detail`` the
    device's own words.
    """

    what: What
    mark: Mark
    word: str
    at: int | None = None
    milliseconds: int | None = None
    detail: str = ""


class NasChecker:
    """Tries a device out. ``later(seconds, f)`` calls f then and gives something with ``cancel``."""

    def __init__(
        self,
        store: Store,
        tables: Tables,
        control: SessionControl,
        door: PortalDoor,
        clock: Callable[[], int],
        monotonic: Callable[[], float],
        later: Callable[..., Any],
    ) -> None:
        self._store = store
        self._tables = tables
        self._control = control
        self._door = door
        self._clock = clock
        self._monotonic = monotonic
        self._later = later

    async def check(self, nas: Nas) -> tuple[Finding, ...]:
        """Ask everything at once; the answers in the order of `What`."""
        heard = await self._store.read(lambda reader: sessions.last_packets(reader).get(nas.id))
        found = [self._signed(nas), self._reports(heard)]
        if not nas.is_single_host:
            # Of a network of devices there is none to ask: each is met when it speaks
            return (*found, Finding(What.DISCONNECT, Mark.WATCH, "network"))
        asked = [self._disconnect(nas), self._portal(nas)]
        return (*found, *await gatherResults(asked, consumeErrors=True))

    def _signed(self, nas: Nas) -> Finding:
        if self._tables.signs(nas, nas.host):
            return Finding(What.SIGNED, Mark.WORKS, "signs")
        return Finding(What.SIGNED, Mark.WATCH, "never_signed")

    def _reports(self, heard: int | None) -> Finding:
        if heard is None:
            return Finding(What.REPORTS, Mark.WATCH, "never_reported")
        silent = self._clock() - heard > SILENT_SECONDS
        return Finding(
            What.REPORTS, Mark.FAILS if silent else Mark.WORKS, "silent" if silent else "reports", heard
        )

    def _disconnect(self, nas: Nas) -> Deferred[Finding]:
        asked = self._control.disconnect(nas, nas.host, ((44, NO_SESSION),))
        return self._in_time(asked, _judge_disconnect, Finding(What.DISCONNECT, Mark.FAILS, "no_answer"))

    def _portal(self, nas: Nas) -> Deferred[Finding]:
        asked = self._door.info(nas, NOBODYS_ADDRESS)
        return self._in_time(asked, _judge_portal, Finding(What.PORTAL, Mark.FAILS, "no_answer"))

    def _in_time(
        self, asked: Deferred[Any], judge: Callable[[Any, int], Finding], otherwise: Finding
    ) -> Deferred[Finding]:
        """The judgement of an answer, or of the lack of one when the patience is over."""
        since = self._monotonic()
        done: Deferred[Finding] = Deferred()

        def too_late() -> None:
            if not done.called:
                done.callback(otherwise)

        timer = self._later(PATIENCE_SECONDS, too_late)

        def answered(answer: Any) -> None:
            if not done.called:
                timer.cancel()
                done.callback(judge(answer, round((self._monotonic() - since) * 1000)))

        asked.addCallback(answered)
        return done


def _judge_disconnect(result: ControlResult, milliseconds: int) -> Finding:
    what = What.DISCONNECT
    match result.outcome:
        case ControlOutcome.ACK:
            return Finding(what, Mark.WORKS, "answers", milliseconds=milliseconds)
        case ControlOutcome.NAK:
            cause = error_cause(result.error_cause)
            if cause.number == 503:
                return Finding(what, Mark.WORKS, "answers", milliseconds=milliseconds)
            word = "prohibited" if cause.number == 501 else "refuses"
            return Finding(what, Mark.WATCH, word, milliseconds=milliseconds, detail=cause.name)
        case ControlOutcome.UNVERIFIED:
            return Finding(what, Mark.FAILS, "secret_differs")
        case ControlOutcome.BUSY:
            return Finding(what, Mark.WATCH, "busy")
        case _:
            return Finding(what, Mark.FAILS, "no_answer")


def _judge_portal(outcome: Outcome, milliseconds: int) -> Finding:
    if outcome.ending is Ending.BUSY:
        return Finding(What.PORTAL, Mark.WATCH, "busy")
    if outcome.ending is not Ending.TIMEOUT:
        # A refusal with a right authenticator proves address, port and key as well as an answer does
        return Finding(What.PORTAL, Mark.WORKS, "answers", milliseconds=milliseconds, detail=outcome.text)
    if outcome.forged_answers:
        return Finding(What.PORTAL, Mark.FAILS, "secret_differs")
    return Finding(What.PORTAL, Mark.FAILS, "no_answer")
