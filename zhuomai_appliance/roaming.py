"""The part of the wiring diagram about servers elsewhere and streams: who asks, who listens, who looks after whom."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from twisted.internet.protocol import ServerFactory
from twisted.logger import Logger

from zhuomai_appliance.entropy import Entropy
from zhuomai_appliance.flows.guest_reports import GuestReports
from zhuomai_appliance.flows.proxying import Proxying, Tending
from zhuomai_appliance.flows.radsec_peers import PeerCheck
from zhuomai_appliance.flows.roster import Roster
from zhuomai_appliance.flows.server_desk import ServerDesk
from zhuomai_appliance.flows.tables import Tables
from zhuomai_appliance.flows.trace import Tracer
from zhuomai_appliance.model.roaming import Transport, Upstream
from zhuomai_appliance.net.clocks import Clocks
from zhuomai_appliance.net.coa_client import CoaClient
from zhuomai_appliance.net.complaints import Complaints
from zhuomai_appliance.net.proxy_client import MakeLane, ProxyClient, UdpLane
from zhuomai_appliance.net.radius_port import RadiusPort
from zhuomai_appliance.net.radsec import Door, RadsecConnection, RadsecFactory
from zhuomai_appliance.net.radsec_client import RadsecLane
from zhuomai_appliance.net.radsec_tls import ServerSide, client_side
from zhuomai_appliance.net.timers import Round
from zhuomai_appliance.paths import StateFiles
from zhuomai_appliance.radius.packet import Secret
from zhuomai_appliance.radius.tls_engine import TlsContext
from zhuomai_appliance.store.interface import Store
from zhuomai_appliance.store.vault import Vault

NONCE_OCTETS: Final = 16


class Streams:
    """RADIUS over TLS: what listens for it, and what connects."""

    log = Logger(namespace="zhuomai.radsec")

    def __init__(self, files: StateFiles, tls: TlsContext | None, clocks: Clocks, reactor: Any) -> None:
        self._files = files
        self._tls = tls
        self._clocks = clocks
        self._reactor = reactor
        self._complaints = Complaints(clocks.monotonic)
        self.factory: RadsecFactory | None = None

    def serve(self, store: Store, tables: Tables, auth: RadiusPort, acct: RadiusPort, coa: CoaClient) -> None:
        """Make what serves devices: the same work as over UDP, and CoA by the stream of the device."""
        check = PeerCheck(store, self.authority, self._clocks.now)

        def control(datagram: bytes, connection: RadsecConnection) -> None:
            if connection.nas is not None:
                coa.datagramReceived(datagram, (connection.host, connection.nas.coa_port))

        self.factory = factory = RadsecFactory(tables, check.refusal, auth, acct, control, self._clocks)
        coa.stream_of = factory.connection_of

    def authority(self) -> bytes | None:
        """The PEM of our own authority for client certificates; None without one."""
        try:
            return self._files.eap_authority.read_bytes()
        except OSError:
            return None

    def door(self) -> ServerFactory | None:
        """What listens; None, and a line in the log, where there is no certificate to show or nobody to be believed."""
        if self.factory is None or self._tls is None or not self._tls.asks_certificates:
            self.log.error("no RADIUS over TLS: certificate or authority are missing; see `zhuomai check`")
            return None
        return Door(self.factory, ServerSide(self._tls.stream_context), self._reactor)

    def lane(self, upstream: Upstream, secret: Secret) -> RadsecLane:
        """A connection to a server elsewhere, with the certificate that its people gave us."""
        return RadsecLane(self._reactor, self._clocks, upstream, secret, self._client_side, self._complaints)

    def _client_side(self, upstream: Upstream) -> Any:
        path = self._files.upstream_certificate(upstream.name)
        try:
            return client_side(path.read_bytes(), upstream.server_name or upstream.address)
        except OSError as error:
            raise OSError(f"{path}: {error.strerror}") from None
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None

    def close(self) -> None:
        """Hang up on every device."""
        if self.factory is not None:
            self.factory.close()


class Roaming:
    """Everything towards servers elsewhere. ``lanes`` are the transports beside UDP."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        tables: Tables,
        entropy: Entropy,
        clocks: Clocks,
        reactor: Any,
        lanes: Mapping[Transport, MakeLane],
        tracer: Tracer,
    ) -> None:
        def udp(upstream: Upstream, secret: Secret) -> UdpLane:
            return UdpLane(reactor, clocks, upstream, secret)

        self._store = store
        self._tables = tables
        self._clocks = clocks
        self.roster = Roster(clocks.monotonic)
        self.client = ProxyClient(
            {Transport.UDP: udp, **lanes}, lambda: entropy.token(NONCE_OCTETS), clocks, tracer
        )
        self.proxying = Proxying(store, vault, self.client, self.roster, entropy, clocks.monotonic)
        self.guests = GuestReports(store, vault, tables, self.client, self.roster, clocks.now)
        self.desk = ServerDesk(tables, self.roster, self.client, clocks.monotonic)
        self._tending = Tending(self.client, self.roster, tables.upstreams)

    def rounds(self) -> tuple[Round, ...]:
        """What is done by the clock."""
        return (
            Round("servers elsewhere", 2.0, self._tend, self._clocks),
            Round("reports elsewhere", 1.0, self.guests.run, self._clocks),
            Round("guests", 3600.0, self._while_writable(self.guests.tidy), self._clocks),
        )

    async def _tend(self) -> None:
        self.client.keep(self._tables.upstreams())
        await self._tending.run()

    def _while_writable(self, work: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            if self._store.state.writable:
                await work()

        return run
