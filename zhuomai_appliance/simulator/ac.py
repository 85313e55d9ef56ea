"""A virtual Huawei access controller: terminals with leases, portal logins, RADIUS, metering, Disconnect and CoA.

It is driven by its sockets and by a beat twice a second. What it counts is the truth that the box's books are
compared with: see `AccessController.records`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network
from itertools import islice
from random import Random

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall

from zhuomai_appliance.portal.packet import AttributeKind, PortalPacket
from zhuomai_appliance.radius.packet import Attribute, Code, Packet
from zhuomai_appliance.radius.passwords import hide_pap
from zhuomai_appliance.simulator import attributes as a
from zhuomai_appliance.simulator.ac_dae import DaeServer
from zhuomai_appliance.simulator.ac_portal import PortalAnswer, PortalSide
from zhuomai_appliance.simulator.ac_radius import RadiusClient
from zhuomai_appliance.simulator.ac_reports import Reports
from zhuomai_appliance.simulator.settings import AcSettings
from zhuomai_appliance.simulator.station import Challenge, Session, SessionRecord, Stage, Station

BEAT_SECONDS = 0.5

OK, REFUSED, ALREADY_ONLINE, BUSY, FAILED = 0, 1, 2, 3, 4
_ALREADY_OFF = 3


@dataclass(slots=True)
class _Closed:
    """A session that is over; `answered` once the box has acknowledged its Stop."""

    session: Session
    station: Station
    seconds: int
    cause: int
    answered: bool = False


class AccessController:
    """The AC. Bind `portal`, `radius` and `dae` to UDP ports, then `start`."""

    def __init__(self, clock: IReactorTime, settings: AcSettings, random: Random) -> None:
        self._clock = clock
        self._random = random
        self.settings = settings
        box = settings.box
        self.radius = RadiusClient(
            clock, box.host, box.secret, settings.radius_tries, settings.radius_seconds
        )
        self.portal = PortalSide(clock, settings, self)
        self.dae = DaeServer(clock, settings, self)
        self.counts: Counter[str] = Counter()
        """Logins by verdict."""
        self._stations: dict[str, Station] = {}
        self._sessions: dict[str, tuple[Session, Station]] = {}
        self._closed: list[_Closed] = []
        # The first address of the network is the gateway's.
        self._leases: Iterator[str] = map(str, islice(IPv4Network(settings.network).hosts(), 1, None))
        self.reports = Reports(clock, settings, self.radius)
        self._beat = LoopingCall(self.beat)
        self._beat.clock = clock
        self._stopping = False

    # --- life

    def start(self) -> Deferred[Packet | None]:
        """Tell the box that the AC has started (Accounting-On), and begin to beat."""
        self._beat.start(BEAT_SECONDS, now=False)
        return self.reports.of_nas(a.ACCT_ON)

    async def stop(self) -> None:
        """End all sessions as a reboot does, wait for the answers, say Accounting-Off."""
        if self._beat.running:
            self._beat.stop()
        self._stopping = True
        stops = [self.end(session, a.ADMIN_REBOOT) for session, _ in list(self._sessions.values())]
        await DeferredList(stops)
        await self.reports.of_nas(a.ACCT_OFF)
        self.radius.close()

    def give_up(self) -> None:
        """Leave without a word: there is no box to talk to."""
        if self._beat.running:
            self._beat.stop()
        self.radius.close()

    def attach(self, mac: str | None = None) -> Station:
        """A terminal joins the SSID and gets a lease. Without `mac` it gets a random one, as phones choose them."""
        ip = next(self._leases)
        chosen = mac or bytes((2, *self._random.randbytes(5))).hex(":")
        station = Station(chosen, ip)
        self._stations[ip] = station
        return station

    def detach(self, station: Station) -> None:
        """The terminal walks out of range without a word."""
        station.reachable = False
        station.gone_at = self._clock.seconds()
        if station.session is not None:
            station.session.use(0.0, 0.0, station.gone_at)

    def return_station(self, station: Station) -> None:
        """The terminal is back in range, with the same lease."""
        station.reachable = True

    def records(self) -> list[SessionRecord]:
        """Every session so far, the closed ones first; open ones with the figures of their last answered report."""
        closed = [
            self._record(
                c.session, c.station, (c.seconds, c.session.input_octets, c.session.output_octets), c
            )
            for c in self._closed
        ]
        return closed + [self._record(s, station, s.reported, None) for s, station in self._sessions.values()]

    def open_sessions(self) -> list[Session]:
        """Sessions that are running."""
        return [session for session, _ in self._sessions.values()]

    @property
    def online(self) -> int:
        """How many sessions are running."""
        return len(self._sessions)

    # --- what the portal side asks

    def station_at(self, ip: str) -> Station | None:
        """The terminal with this lease."""
        return self._stations.get(ip)

    def is_online(self, ip: str) -> bool:
        """Whether this address has a session."""
        station = self._stations.get(ip)
        return station is not None and station.session is not None

    def challenge(self, station: Station) -> tuple[int, int, bytes]:
        """Error code, ReqID and challenge for a new CHAP login; a new challenge replaces the old one."""
        if station.session is not None:
            return ALREADY_ONLINE, 0, b""
        if station.stage is Stage.AUTHENTICATING:
            return BUSY, 0, b""
        dead_at = self._clock.seconds() + self.settings.challenge_seconds
        challenge = Challenge(self._random.randrange(1, 0x10000), self._random.randbytes(16), dead_at)
        station.challenge, station.stage = challenge, Stage.CHALLENGED
        return OK, challenge.req_id, challenge.value

    def authenticate(self, station: Station, request: PortalPacket, answer: PortalAnswer) -> None:
        """Ask RADIUS about a REQ_AUTH; ErrCode 1 at once when the packet itself is wrong."""
        if station.session is not None:
            answer(ALREADY_ONLINE, "")
            return
        if station.stage is Stage.AUTHENTICATING:
            answer(BUSY, "")
            return
        authenticator = self._random.randbytes(16)
        username = request.first(AttributeKind.USER_NAME)
        proof = self._proof(station, request, authenticator)
        if not username or proof is None:
            answer(REFUSED, "")
            return
        station.login += 1
        station.stage, station.challenge = Stage.AUTHENTICATING, None
        session_id = self.reports.new_session_id()
        asked = self.radius.ask(
            self.settings.box.auth_port,
            Code.ACCESS_REQUEST,
            ((a.USER_NAME, username), *proof, *self.reports.identity(station, session_id)),
            authenticator=authenticator,
            sign=self.settings.sign_access,
        )
        asked.addCallback(self._judged, station, station.login, session_id, username, request.req_id, answer)

    def affirmed(self, station: Station) -> None:
        """AFF_ACK_AUTH came: the login is complete."""
        if station.session is not None and station.stage is Stage.AFF_WAIT:
            station.stage = Stage.ONLINE
            station.session.affirm_by = None

    def forget(self, station: Station) -> None:
        """The server gave up this login: drop what is half open. A complete session stays."""
        if station.stage is Stage.AFF_WAIT and station.session is not None:
            self.end(station.session, a.NAS_REQUEST)
        elif station.session is None:
            station.login += 1
            station.stage, station.challenge = Stage.OFFLINE, None

    def log_out(self, station: Station) -> int:
        """End the session as the user's wish; the error code of ACK_LOGOUT (3: was off already)."""
        if station.session is None:
            return _ALREADY_OFF
        self.end(station.session, a.USER_REQUEST)
        return OK

    def traffic(self, station: Station) -> tuple[int, int, str] | None:
        """Octets up and down and the port's name, or None when the terminal is not online."""
        session = station.session
        if session is None:
            return None
        session.settle(self._clock.seconds())
        return session.input_octets, session.output_octets, f"{self.settings.name}-vlan-{self.settings.vlan}"

    # --- what the DAE server asks

    def session(self, session_id: str) -> Session | None:
        """An open session by its Acct-Session-Id."""
        found = self._sessions.get(session_id)
        return None if found is None else found[0]

    def disconnect(self, session: Session) -> None:
        """End a session on the RADIUS server's wish."""
        self.end(session, a.ADMIN_RESET, "forced offline by the server")

    def change(self, session: Session, grant: a.Grant) -> None:
        """Apply a CoA. A new Session-Timeout and a new remaining volume count from now."""
        now = self._clock.seconds()
        session.settle(now)
        for name in ("up_bps", "down_bps", "idle_timeout_seconds", "interim_seconds", "filter_id"):
            value = getattr(grant, name)
            if value is not None:
                setattr(session.grant, name, value)
        if grant.octets_left is not None:
            session.grant.octets_left = session.octets + grant.octets_left
        if grant.session_timeout_seconds is not None:
            session.timeout_at = now + grant.session_timeout_seconds
        if grant.interim_seconds is not None:
            session.interim_at = now + grant.interim_seconds

    # --- metering

    def beat(self) -> None:
        """Move traffic, end what is due to end, send the interim updates that are due."""
        now = self._clock.seconds()
        for session, station in list(self._sessions.values()):
            session.settle(now)
            due = self._due(session, station, now)
            if due is not None:
                self.end(session, *due)
            elif session.interim_at is not None and now >= session.interim_at:
                session.interim_at += self._interim(session)
                self.reports.of_session(session, station, a.INTERIM, session.seconds(now))

    def end(self, session: Session, cause: int, text: str | None = None) -> Deferred[None]:
        """End a session with this Acct-Terminate-Cause. Fires when the box has answered the Stop, or never will.

        Args:
            text: reason for NTF_LOGOUT; None sends none, as at the user's own logout.
        """
        now = self._clock.seconds()
        session.settle(now)
        _, station = self._sessions.pop(session.session_id)
        station.session, station.stage = None, Stage.OFFLINE
        closed = _Closed(session, station, session.seconds(now), cause)
        self._closed.append(closed)
        if text is not None:
            self.portal.notify_logout(station, session.req_id, text)
        return Deferred.fromCoroutine(self._send_stop(closed, now))

    def _due(self, session: Session, station: Station, now: float) -> tuple[int, str] | None:
        idle = session.grant.idle_timeout_seconds
        if session.affirm_by is not None and now >= session.affirm_by:
            return a.NAS_REQUEST, "login was not confirmed"
        if session.timeout_at is not None and now >= session.timeout_at:
            return a.TIMEOUT, "session timeout"
        if session.used_up:
            return a.TIMEOUT, "traffic used up"
        if not station.reachable and now >= station.gone_at + self.settings.detect_seconds:
            return a.LOST_CARRIER, "connection lost"
        if idle is not None and now >= session.active_at + idle:
            return a.IDLE, "idle timeout"
        return None

    def _interim(self, session: Session) -> int:
        named = session.grant.interim_seconds
        return self.settings.interim_seconds if named is None else named

    # --- RADIUS

    def _proof(
        self, station: Station, request: PortalPacket, authenticator: bytes
    ) -> tuple[Attribute, ...] | None:
        if request.pap:
            password = request.first(AttributeKind.PASSWORD)
            if password is None or len(password) > 128:
                return None
            return ((a.USER_PASSWORD, hide_pap(password, self.settings.box.secret, authenticator)),)
        challenge, response = station.challenge, request.first(AttributeKind.CHAP_PASSWORD)
        if challenge is None or challenge.req_id != request.req_id or response is None or len(response) != 16:
            return None
        if request.first(AttributeKind.CHALLENGE) not in (None, challenge.value):
            return None
        if self._clock.seconds() > challenge.dead_at:
            return None
        identifier = bytes((challenge.req_id & 0xFF,))
        return (a.CHAP_PASSWORD, identifier + response), (a.CHAP_CHALLENGE, challenge.value)

    def _judged(
        self,
        reply: Packet | None,
        station: Station,
        login: int,
        session_id: str,
        username: bytes,
        req_id: int,
        answer: PortalAnswer,
    ) -> None:
        if station.login != login:
            self.counts["login forgotten"] += 1
            return
        station.stage = Stage.OFFLINE
        if reply is None:
            self.counts["login unanswered"] += 1
            answer(FAILED, "")
        elif reply.code != Code.ACCESS_ACCEPT:
            self.counts["login refused"] += 1
            answer(REFUSED, a.reply_text(reply))
        else:
            self.counts["login accepted"] += 1
            self._open(station, session_id, username, req_id, a.read_grant(reply))
            answer(OK, a.reply_text(reply))

    def _open(self, station: Station, session_id: str, username: bytes, req_id: int, grant: a.Grant) -> None:
        now, settings = self._clock.seconds(), self.settings
        session = Session(
            session_id,
            grant.username or username,
            grant,
            started_at=now,
            settled_at=now,
            active_at=now,
            line_bps=settings.line_bps,
            speed=settings.speed,
            req_id=req_id,
            up_share=settings.up_share if station.reachable else 0.0,
            down_share=settings.down_share if station.reachable else 0.0,
        )
        if grant.session_timeout_seconds is not None:
            session.timeout_at = now + grant.session_timeout_seconds
        if self._interim(session):
            session.interim_at = now + self._interim(session)
        if settings.affirm_required:
            session.affirm_by = now + settings.affirm_seconds
        station.session, station.stage = session, Stage.AFF_WAIT
        self._sessions[session_id] = (session, station)
        self.reports.of_session(session, station, a.START, 0)

    async def _send_stop(self, closed: _Closed, ended_at: float) -> None:
        """Tell the Stop until it is answered: devices keep unanswered Stops, or the last octets would be lost."""
        for _ in range(self.settings.stop_tries):
            reply = await self.reports.of_session(
                closed.session, closed.station, a.STOP, closed.seconds, cause=closed.cause, ended_at=ended_at
            )
            closed.answered = reply is not None
            if closed.answered or self._stopping:
                return

    def _record(
        self, session: Session, station: Station, figures: tuple[int, int, int], closed: _Closed | None
    ) -> SessionRecord:
        return SessionRecord(
            session.session_id,
            session.username.decode("utf-8", "replace"),
            station.mac,
            station.ip,
            session.started_at,
            *figures,
            cause=None if closed is None else closed.cause,
            answered=closed is None or closed.answered,
        )
