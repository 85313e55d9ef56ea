"""What the AC tells RADIUS about itself, a terminal and a session: identity attributes and accounting reports."""

from __future__ import annotations

from collections import Counter

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from zhuomai_appliance.radius.packet import Attribute, Code, Packet
from zhuomai_appliance.simulator import attributes as a
from zhuomai_appliance.simulator.ac_radius import RadiusClient
from zhuomai_appliance.simulator.settings import AcSettings
from zhuomai_appliance.simulator.station import Session, Station


class Reports:
    """Builds and sends accounting reports of one AC.

    Attributes:
        counts: reports by kind and by whether they were answered.
    """

    def __init__(self, clock: IReactorTime, settings: AcSettings, radius: RadiusClient) -> None:
        self._clock = clock
        self._settings = settings
        self._radius = radius
        self._booted_at = int(clock.seconds())
        self._session_ids = 0
        self.counts: Counter[str] = Counter()

    def new_session_id(self) -> str:
        """Unique over restarts of the AC: its name, the time of its start, and a number."""
        self._session_ids += 1
        return f"{self._settings.name[:7]}{self._booted_at:08x}{self._session_ids:07d}"

    def identity(self, station: Station, session_id: str) -> tuple[Attribute, ...]:
        """Where a terminal is and who it is, as all its requests and reports say."""
        settings = self._settings
        return (
            *self._nas(),
            a.integer(a.NAS_PORT, settings.vlan),
            a.integer(a.NAS_PORT_TYPE, a.PORT_WIRELESS),
            a.text(a.NAS_PORT_ID, f"slot=0;subslot=0;port=0;vlanid={settings.vlan}"),
            a.integer(a.SERVICE_TYPE, a.SERVICE_FRAMED),
            a.integer(a.FRAMED_PROTOCOL, a.PROTOCOL_PPP),
            a.address(a.FRAMED_IP_ADDRESS, station.ip),
            a.text(a.CALLING_STATION_ID, a.hyphened(station.mac)),
            a.text(a.CALLED_STATION_ID, a.called_station(settings.ap_mac, settings.ssid)),
            a.text(a.SESSION_ID, session_id),
            a.huawei_integer(a.STARTUP_TIMESTAMP, self._booted_at),
            a.huawei_text(a.IP_HOST_ADDRESS, f"{station.ip} {station.mac}"),
            a.huawei_integer(a.ACCESS_TYPE, a.ACCESS_TYPE_PORTAL),
        )

    def of_session(
        self,
        session: Session,
        station: Station,
        status: int,
        seconds: int,
        *,
        cause: int | None = None,
        ended_at: float | None = None,
    ) -> Deferred[Packet | None]:
        """Report a session with its counters of this moment.

        Args:
            cause: Acct-Terminate-Cause of a Stop.
            ended_at: when a Stop happened, if it is told late: Event-Timestamp, and Acct-Delay-Time since then.
        """
        now = self._clock.seconds()
        at = now if ended_at is None else ended_at
        figures = (seconds, session.input_octets, session.output_octets)
        asked = self._radius.ask(
            self._settings.box.acct_port,
            Code.ACCOUNTING_REQUEST,
            (
                a.integer(a.STATUS_TYPE, status),
                (a.USER_NAME, session.username),
                *self.identity(station, session.session_id),
                *((a.CLASS, value) for value in session.grant.classes),
                a.integer(a.AUTHENTIC, a.AUTHENTIC_RADIUS),
                a.integer(a.EVENT_TIMESTAMP, int(at)),
                a.integer(a.DELAY_TIME, int(now - at)),
                *(() if status == a.START else a.counters(*figures)),
                # The rates in force prove that a grant or a CoA has taken effect.
                a.huawei_integer(a.UP_RATE, session.up_bps),
                a.huawei_integer(a.DOWN_RATE, session.down_bps),
                *(() if cause is None else (a.integer(a.TERMINATE_CAUSE, cause),)),
            ),
        )

        def answered(reply: Packet | None) -> Packet | None:
            self._count(status, reply)
            if reply is not None:
                session.reported = max(session.reported, figures)
            return reply

        return asked.addCallback(answered)

    def of_nas(self, status: int) -> Deferred[Packet | None]:
        """Accounting-On or Accounting-Off of the whole device."""
        asked = self._radius.ask(
            self._settings.box.acct_port,
            Code.ACCOUNTING_REQUEST,
            (
                a.integer(a.STATUS_TYPE, status),
                *self._nas(),
                a.integer(a.EVENT_TIMESTAMP, int(self._clock.seconds())),
                a.text(a.SESSION_ID, f"{self._settings.name[:7]}{self._booted_at:08x}0000000"),
                a.huawei_integer(a.STARTUP_TIMESTAMP, self._booted_at),
            ),
        )

        def answered(reply: Packet | None) -> Packet | None:
            self._count(status, reply)
            return reply

        return asked.addCallback(answered)

    def _count(self, status: int, reply: Packet | None) -> None:
        self.counts[f"{a.STATUS_NAMES[status]} {'unanswered' if reply is None else 'answered'}"] += 1

    def _nas(self) -> tuple[Attribute, ...]:
        settings = self._settings
        return a.address(a.NAS_IP_ADDRESS, settings.address), a.text(a.NAS_IDENTIFIER, settings.name)
