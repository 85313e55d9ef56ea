"""The AC's view of a terminal: where it stands in its login, and what its session has moved."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from zhuomai_appliance.simulator.attributes import Grant


class Stage(Enum):
    """Where a terminal stands. AFF_WAIT: accepted, metered, not affirmed by the portal server yet."""

    OFFLINE = "offline"
    CHALLENGED = "challenged"
    AUTHENTICATING = "authenticating"
    AFF_WAIT = "aff_wait"
    ONLINE = "online"


@dataclass(frozen=True, slots=True)
class Challenge:
    """An issued portal challenge; dead at `dead_at`."""

    req_id: int
    value: bytes
    dead_at: float


@dataclass(slots=True)
class Session:
    """One metered session. Counters are whole octets, from the user (input) and to the user (output), and only grow.

    Attributes:
        up_share, down_share: which part of the granted rates the terminal uses, 0.0 to 1.0.
        active_at: when traffic last moved.
        timeout_at: end by Session-Timeout. interim_at: the next interim update. None: never.
        reported: seconds, input and output octets of the last accounting report that was answered.
        req_id: ReqID of the login, which NTF_LOGOUT repeats.
    """

    session_id: str
    username: bytes
    grant: Grant
    started_at: float
    settled_at: float
    active_at: float
    line_bps: int
    speed: float
    req_id: int = 0
    timeout_at: float | None = None
    interim_at: float | None = None
    affirm_by: float | None = None
    up_share: float = 0.0
    down_share: float = 0.0
    input_octets: int = 0
    output_octets: int = 0
    reported: tuple[int, int, int] = (0, 0, 0)
    _fractions: list[float] = field(default_factory=lambda: [0.0, 0.0])

    @property
    def up_bps(self) -> int:
        """The rate in force towards the network, bit/s."""
        return self.line_bps if self.grant.up_bps is None else self.grant.up_bps

    @property
    def down_bps(self) -> int:
        """The rate in force towards the terminal, bit/s."""
        return self.line_bps if self.grant.down_bps is None else self.grant.down_bps

    @property
    def octets(self) -> int:
        """Both directions together."""
        return self.input_octets + self.output_octets

    def seconds(self, now: float) -> int:
        """Whole seconds since the start."""
        return max(0, int(now - self.started_at))

    def settle(self, now: float) -> None:
        """Move the traffic of the time since the last call, never more than a granted volume."""
        elapsed = max(0.0, now - self.settled_at) * self.speed / 8
        self.settled_at = max(self.settled_at, now)
        moved = [
            self._whole(0, self.up_bps * self.up_share * elapsed),
            self._whole(1, self.down_bps * self.down_share * elapsed),
        ]
        if self.grant.octets_left is not None:
            room = max(0, self.grant.octets_left - self.octets)
            moved[1] = min(moved[1], room)
            moved[0] = min(moved[0], room - moved[1])
        if any(moved):
            self.active_at = now
        self.input_octets += moved[0]
        self.output_octets += moved[1]

    def use(self, up_share: float, down_share: float, now: float) -> None:
        """From now on move this part of the granted rates."""
        self.settle(now)
        self.up_share, self.down_share = up_share, down_share

    @property
    def used_up(self) -> bool:
        """Whether a granted volume is spent."""
        return self.grant.octets_left is not None and self.octets >= self.grant.octets_left

    def _whole(self, direction: int, octets: float) -> int:
        total = octets + self._fractions[direction]
        whole = int(total)
        self._fractions[direction] = total - whole
        return whole


@dataclass(slots=True)
class Station:
    """A terminal with its lease.

    Attributes:
        login: counts logins; a RADIUS verdict for an earlier one comes too late.
        reachable: turns False, with the time in `gone_at`, when the terminal leaves without a word.
    """

    mac: str
    ip: str
    stage: Stage = Stage.OFFLINE
    challenge: Challenge | None = None
    session: Session | None = None
    login: int = 0
    reachable: bool = True
    gone_at: float = 0.0


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """A session as the AC counted it; what an export of the box is compared with.

    Attributes:
        cause: Acct-Terminate-Cause; None while the session is open.
        answered: whether the figures below are those of an accounting report that the box has answered. For an open
            session they always are (zeros before the first answer).
    """

    acct_session_id: str
    username: str
    mac: str
    ip: str
    start: float
    seconds: int
    input_octets: int
    output_octets: int
    cause: int | None
    answered: bool
