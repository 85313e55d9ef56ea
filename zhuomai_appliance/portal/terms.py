"""What a portal dialogue is told and what it tells: settings, timings, actions, outcomes. No behaviour of the wire."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum

from zhuomai_appliance.portal.packet import PortalPacket


@dataclass(frozen=True, slots=True)
class Timings:
    """Waiting and repeating, in seconds and counts. The protocol has no retransmission of its own.

    Attributes:
        challenge_tries, auth_tries, logout_tries, info_tries: datagrams in all, the first one included.
        busy_tries: how often a login is begun anew after ACK_CHALLENGE 3 (a login for this address is running).
        auth_patience_seconds: how long a final ACK_AUTH is awaited after ACK_AUTH 3.
        linger_seconds: how long a finished login still listens, to affirm repeated ACK_AUTH and to undo late ones.
    """

    challenge_tries: int = 3
    challenge_seconds: float = 2.0
    auth_tries: int = 3
    auth_seconds: float = 4.0
    logout_tries: int = 3
    logout_seconds: float = 3.0
    info_tries: int = 1
    info_seconds: float = 3.0
    busy_tries: int = 3
    busy_seconds: float = 2.0
    auth_patience_seconds: float = 15.0
    linger_seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class DialogueSettings:
    """How one access device is spoken to.

    Attributes:
        key: shared key; unused in version 1, where only the source address protects an answer.
        version: 1 or 2. Answers of the other version are ignored.
        pap: True sends the password in clear (PAP); False answers a challenge (CHAP).
        bas_ip: the device's address for the BAS-IP attribute, dotted IPv4; None leaves the attribute out.
    """

    key: bytes = field(repr=False)
    version: int = 2
    pap: bool = False
    bas_ip: str | None = None
    timings: Timings = Timings()


class Ending(Enum):
    """How a dialogue ended, told by the device or by the clock."""

    ONLINE = "online"
    OFFLINE = "offline"
    TOLD = "told"
    """The figures that were asked for are there."""
    REFUSED = "refused"
    """The device or its RADIUS server said no."""
    ALREADY_ONLINE = "already_online"
    BUSY = "busy"
    """Another login for this address is running at the device."""
    UNKNOWN_USER_IP = "unknown_user_ip"
    DEVICE_FAILED = "device_failed"
    """An error inside the device, or between it and its RADIUS server."""
    TIMEOUT = "timeout"
    """No valid answer. A wrong shared key looks just the same: devices drop such requests in silence."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """A user's traffic as the device tells it, in octets (whole KB); None where it does not. `port` may be empty."""

    up_octets: int | None
    down_octets: int | None
    port: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a dialogue.

    Attributes:
        error_code: ErrCode of the deciding answer; None when the clock decided.
        text: words of the device (TextInfo), often the RADIUS Reply-Message; empty when there are none.
        error_id: the five characters of operator-mode devices, e.g. `AC102`; empty when there are none.
        mac: the user's MAC address when the device told it, `aa:bb:cc:dd:ee:ff`.
        forged_answers: answers dropped for their authenticator; more than 0 with TIMEOUT: the keys probably differ.
        traffic: the figures, with TOLD alone.
    """

    ending: Ending
    error_code: int | None = None
    text: str = ""
    error_id: str = ""
    mac: str | None = None
    forged_answers: int = 0
    traffic: Traffic | None = None


@dataclass(frozen=True, slots=True)
class Send:
    """Send this datagram to the device."""

    datagram: bytes


@dataclass(frozen=True, slots=True)
class Done:
    """The dialogue has its outcome; said exactly once. The dialogue may still linger: see `next_at`."""

    outcome: Outcome


Action = Send | Done
Actions = tuple[Action, ...]

_ERROR_ID = re.compile(r"(?:AC|RD|RC)\d{3}")


def read_words(packet: PortalPacket) -> tuple[str, str]:
    """Text and error id of an answer: TextInfo is prose, or a five-character code on operator-mode devices."""
    codes = [text for text in packet.texts if _ERROR_ID.fullmatch(text)]
    prose = [text for text in packet.texts if not _ERROR_ID.fullmatch(text)]
    return " ".join(prose), codes[0] if codes else ""
