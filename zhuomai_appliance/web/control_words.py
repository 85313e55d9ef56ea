"""What an access device said to a request about a session, in sentences that say what to do about it.

The flows keep one stable line (flows.asking); here it becomes words of a language. Error-Cause: RFC 5176 §3.5.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from zhuomai_appliance.flows.alarms import AlarmKind
from zhuomai_appliance.web.words import Words, mark

#: By Error-Cause.
CAUSES: Final[Mapping[int, str]] = {
    201: mark("The device had only a remainder of the session and removed it."),
    202: mark("The device could not read the EAP packet."),
    401: mark("The device does not support an attribute of the request: it cannot change sessions."),
    402: mark("The device misses an attribute: it wants to be told more of the session."),
    403: mark("The device does not take the request for its own: check its address and identifier."),
    404: mark("The device takes the request for invalid."),
    405: mark("The device does not support this kind of request."),
    406: mark("The device does not support an extension of the request."),
    407: mark("The device refuses a value: a group, an ACL or a rate that it does not know."),
    501: mark("The device is forbidden to do so: switch its dynamic authorisation on and list our address."),
    502: mark("The device does not know where to pass the request."),
    503: mark("The device does not know the session."),
    504: mark("The device cannot remove the session now."),
    505: mark("A proxy on the way could not pass the request."),
    506: mark("The device has no resources for it now."),
    507: mark("The device has begun and is not done yet."),
    508: mark("The device has several sessions that match."),
}

#: By the stable line of a result that is no NAK.
RESULTS: Final[Mapping[str, str]] = {
    "ack": mark("The device agreed."),
    "ack, which this maker's reports cannot prove": mark(
        "The device agreed. Reports of this maker do not show whether it took effect."
    ),
    "ack, but the device reports the session alive": mark("The device agreed, and reports the session on."),
    "no answer": mark("The device does not answer: switch its dynamic authorisation on, and check the port."),
    "answers do not verify: the shared secrets differ": mark("Its answers do not verify: the secrets differ."),
    "too many requests on their way to the device": mark("Too many requests are on their way to the device."),
    "the session is over": mark("The session was over already."),
    "a fault of this machine: its log has it": mark("A fault of this machine: its log has it."),
    "closed without a Stop": mark("The device agreed and sent no end: closed at its last report."),
    "its access device is no longer listed": mark("Its access device is no longer listed."),
    "the device cannot change a session": mark("This maker's devices cannot change it: the session ends instead."),
    "the device refused to change sessions before": mark("The device refused changes before: the session ends instead."),
    "a limit is not lifted by a change": mark("A change cannot lift a limit: the session ends instead."),
    "nothing allows the session any more": mark("Nothing allows the session any more: it ends."),
    "the device reports the rate that it was given": mark("The device reports the rate that it was given."),
    "the device has not reported since": mark("The device has not reported since, so nothing is proved."),
}  # fmt: skip

ALARMS: Final[Mapping[AlarmKind, str]] = {
    AlarmKind.NAS_UNREACHABLE: mark("Access device not heard: its sessions are kept open"),
    AlarmKind.NAS_QUIET: mark("Access device sends too few reports"),
    AlarmKind.MUST_REAUTH: mark("Session could not be ended at its device"),
    AlarmKind.RATE_DIFFERS: mark("Session runs at another rate than its device agreed to"),
    AlarmKind.EFFECT_FAILED: mark("Requests to the device fail by a fault of this machine"),
}

_NAK: Final = re.compile(r"^nak (\d+)\b")
_PORT: Final = re.compile(r"^no answer at port (\d+); this maker also uses (\d+)$")
_LEFT: Final = "left as it is: "


def said(words: Words, result: str) -> str:
    """The sentence for a result line; the line itself where there is none for it."""
    result = result.removeprefix(_LEFT)
    nak = _NAK.match(result)
    if nak is not None:
        cause = CAUSES.get(int(nak[1]))
        return (
            words.text(cause)
            if cause is not None
            else words.text("The device refused without a known cause.")
        )
    port = _PORT.match(result)
    if port is not None:
        return words.text(
            "The device does not answer at port %(port)s; this maker also uses %(other)s.",
            port=port[1],
            other=port[2],
        )
    known = RESULTS.get(result)
    return result if known is None else words.text(known)
