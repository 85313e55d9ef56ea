"""The wiring diagram in code: settings and a reactor in, one service out.

    sockets (net) -> flows -> rules (policy, billing) and books (store)

Everything that is shared is made here, once, and handed to whoever needs it.
"""

from __future__ import annotations

import errno
import json
import os
import time
from contextlib import suppress
from typing import Any, Final

from twisted.application.service import IService, MultiService
from twisted.internet import ssl
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort
from twisted.internet.task import deferLater
from twisted.logger import Logger

from zhuomai_appliance import paths
from zhuomai_appliance.commands.backstage import Backstage, take_lock
from zhuomai_appliance.commands.eap_files import CertificateWatch, open_tls
from zhuomai_appliance.commands.handlers import handlers
from zhuomai_appliance.commands.trace import trace_handlers
from zhuomai_appliance.config import Config, Endpoint
from zhuomai_appliance.entropy import SystemEntropy
from zhuomai_appliance.figures import must_sign
from zhuomai_appliance.flows.access import AccessFlow
from zhuomai_appliance.flows.accounting import AccountingFlow
from zhuomai_appliance.flows.alarms import Alarms
from zhuomai_appliance.flows.disconnect import Dispatcher
from zhuomai_appliance.flows.follow_up import FollowUp
from zhuomai_appliance.flows.interims import Interims
from zhuomai_appliance.flows.nas_admin import NasAdmin
from zhuomai_appliance.flows.nas_check import NasChecker
from zhuomai_appliance.flows.operators import Operators
from zhuomai_appliance.flows.pacing import BURST, PER_SECOND
from zhuomai_appliance.flows.portal_login import PortalLogin
from zhuomai_appliance.flows.reaping import Reaper
from zhuomai_appliance.flows.reservations import Reservations
from zhuomai_appliance.flows.session_admin import SessionAdmin
from zhuomai_appliance.flows.tables import Tables
from zhuomai_appliance.flows.throttle import Throttle
from zhuomai_appliance.flows.trace import Tracer
from zhuomai_appliance.flows.tracing import Tracing
from zhuomai_appliance.flows.verdicts import VerdictBoard
from zhuomai_appliance.flows.visitors import Reception
from zhuomai_appliance.flows.watched import Watched
from zhuomai_appliance.loop_calls import LoopCalls
from zhuomai_appliance.model.network import Nas
from zhuomai_appliance.model.roaming import Transport
from zhuomai_appliance.net import control, udp_port
from zhuomai_appliance.net.clocks import Clocks
from zhuomai_appliance.net.coa_client import CoaClient
from zhuomai_appliance.net.http import AdmittingSite, TlsDoor
from zhuomai_appliance.net.load import Beat, Load
from zhuomai_appliance.net.outbox import Outbox
from zhuomai_appliance.net.page_turns import PageTurns
from zhuomai_appliance.net.portal_udp import PortalProtocol
from zhuomai_appliance.net.radius_port import RadiusPort
from zhuomai_appliance.net.radius_udp import AcctProtocol, AuthProtocol
from zhuomai_appliance.net.timers import Round
from zhuomai_appliance.paths import StateFiles
from zhuomai_appliance.portal.heartbeat import Notice
from zhuomai_appliance.roaming import Roaming, Streams
from zhuomai_appliance.rounds import rounds
from zhuomai_appliance.sites import sites
from zhuomai_appliance.slow_turns import SlowTurns
from zhuomai_appliance.store.digests import Digester
from zhuomai_appliance.store.sqlite import SqliteStore
from zhuomai_appliance.store.vault import load_key
from zhuomai_appliance.web.render import Renderer
from zhuomai_appliance.web.sentences import Sentences

RECEIVE_BUFFER_OCTETS: Final = 8 * 1024 * 1024
"""A school that comes back after a power cut sends its logins at once; the default buffer holds a few hundred."""

CAPTIVE_CONNECTIONS_OF_ADDRESS: Final = 64
"""Many phones may stand behind one address at the captive page."""

HTTP_BACKLOG: Final = 256
"""Connections that the kernel keeps while we accept none; whoever finds that full asks again after a second."""

DRAIN_SECONDS: Final = 5.0


def make_service(config: Config, reactor: Any) -> IService:
    """Open the books and lay out every part; nothing listens before the service starts.

    Raises:
        LockHeld: another process works on the state directory.
        StoreRefused, VaultLocked: the database or its key cannot be used; one line says why.
        OSError: the state directory is not there or not ours.
    """
    return Appliance(config, reactor)


class Appliance(MultiService):
    """The whole daemon. Starting binds every port or none; stopping drains, then closes the books."""

    log = Logger(namespace="zhuomai.appliance")

    def __init__(self, config: Config, reactor: Any) -> None:
        super().__init__()
        self.config = config
        self.reactor = reactor
        self.files = StateFiles(config.state.dir)
        self._lock = _lock_or_none(self.files)
        self.entropy = SystemEntropy()
        self.vault = load_key(config.state.key_path, self.entropy)
        self.clocks = Clocks(reactor, time.time, time.monotonic)
        self.tls = open_tls(config, self.clocks.now(), self.clocks.monotonic, self.log)
        self.certificates = CertificateWatch(config, self.tls, self.log)
        self.outbox = Outbox()
        calls = LoopCalls(reactor, run=self.outbox.run)
        self.store = SqliteStore(self.files.database, calls, backup_folder=self.files.backups)
        self.tables = Tables()
        self.tables.reload(self.store.reader, self.vault)
        self._ports: list[IListeningPort] = []
        self.began, self.started_at = self.clocks.monotonic(), self.clocks.now()
        #: The web listeners by name, for /metrics.
        self.admitting: list[tuple[str, AdmittingSite]] = []
        self._lay_out()

    def _lay_out(self) -> None:
        """Make the flows and the protocols, and the rounds of work by the clock."""
        clocks, store, tables = self.clocks, self.store, self.tables
        throttle, board = Throttle(), VerdictBoard()
        self.reservations = reservations = Reservations()
        self.renderer = Renderer(paths.web())
        self.words = words = Sentences(self.renderer.words, clocks.now)
        self.digester = Digester(self.entropy)
        self.tracer = Tracer(clocks.wall, clocks.monotonic, clocks.later)
        self.tracing = Tracing(self.tracer, store, tables, clocks.now)
        self.coa = CoaClient(clocks, self.tracer)
        self.alarms, self.watched, self.interims = Alarms(), Watched(), Interims()
        self.watched.load(store.reader)
        self.dispatcher = Dispatcher(
            store, tables, self.coa, clocks.now, clocks.monotonic, self.alarms, self.watched
        )
        effects = Round("effects", BURST / PER_SECOND, self.dispatcher.run, clocks)
        self.reaper = Reaper(
            store,
            tables,
            self.dispatcher.abilities,
            self.interims,
            self.alarms,
            self.watched,
            effects.soon,
            clocks.now(),
        )
        self.follow_up = follow_up = FollowUp(store, self.interims, self.watched, self.alarms, effects.soon)
        self.streams = streams = Streams(self.files, self.tls, clocks, self.reactor)
        lanes = {Transport.TLS: streams.lane}
        self.roaming = roaming = Roaming(
            store, self.vault, tables, self.entropy, clocks, self.reactor, lanes, self.tracer
        )
        self.access = AccessFlow(
            store,
            self.vault,
            tables,
            reservations,
            throttle,
            board,
            words,
            self.entropy,
            clocks.monotonic,
            clocks.later,
            roaming.proxying,
            self.tls,
            streams.authority,
            self.config.eap.conversations,
        )
        self.accounting = AccountingFlow(
            store, self.vault, tables, reservations, effects.soon, roaming.guests, follow_up=follow_up
        )
        self.load = load = Load(clocks.monotonic)
        self.auth = AuthProtocol(tables, self.access, clocks, load, self.tracer)
        self.acct = AcctProtocol(tables, self.accounting, clocks, load, self.tracer)
        self.auth.intake.reads = store
        self.auth.intake.outbox = self.acct.intake.outbox = self.outbox
        streams.serve(store, tables, self.auth, self.acct, self.coa)
        self.portal = PortalProtocol(
            tables, clocks, self.entropy.nonce16, self._hear_notice, tracer=self.tracer
        )
        self.portal_login = PortalLogin(
            store,
            self.vault,
            tables,
            Reception(tables, self.vault),
            throttle,
            board,
            self.portal,
            self.entropy,
            clocks.now,
            clocks.monotonic,
            effects.soon,
            clocks.later,
        )
        self.session_admin = SessionAdmin(store, tables, clocks.now, effects.soon)
        self.operators = Operators(store, self.entropy, self.digester)
        self.nas_admin = NasAdmin(store, self.vault, clocks.now, self.reload)
        self.nas_checker = NasChecker(
            store, tables, self.coa, self.portal, clocks.now, clocks.monotonic, clocks.later
        )
        places = self.reservations.places
        self.places = Round("places", 60.0, lambda: places.recount(store, tables, clocks.now()), clocks)
        self.slow_turns = SlowTurns(self.reactor.callFromThread, clocks.monotonic)
        for service in (
            *rounds(self, effects, reservations),
            *roaming.rounds(),
            Beat(load, clocks),
            self.slow_turns,
        ):
            service.setServiceParent(self)

    def reload(self) -> None:
        """Read the tables in memory anew after a change, and count whoever is at a place that is limited now."""
        self.tables.reload(self.store.reader, self.vault)
        if self.reservations.places.is_behind(self.tables):
            self.places.soon()

    def _hear_notice(self, nas: Nas, notice: Notice) -> None:
        # The flow and the protocol need each other; the protocol is made first
        self.portal_login.on_notice(nas, notice)

    # Starting ---------------------------------------------------------------------------------------------------------

    def startService(self) -> None:
        """Bind every port; a port that cannot be bound ends the start with its own error."""
        settings = self.config
        bound: dict[str, list[str]] = {
            name: [] for name in ("auth", "acct", "radsec", "portal", "captive", "secure", "plain_admin")
        }
        captive, console = sites(self)
        self.reservations.places.count_first(self.store.reader, self.tables, self.clocks.now())
        try:
            for endpoint in settings.radius.auth:
                bound["auth"].append(self._udp_port(endpoint, self.auth))
            for endpoint in settings.radius.acct:
                bound["acct"].append(self._udp_port(endpoint, self.acct))
            for endpoint in settings.radius.tls:
                door = self.streams.door()
                if door is not None:
                    port = self.reactor.listenTCP(endpoint.port, door, interface=endpoint.host)
                    bound["radsec"].append(self._bound(port))
            bound["portal"].append(self._udp_port(settings.portal.listen, self.portal))
            # Devices take CoA and Disconnect from the address alone that they list as their RADIUS server
            asked_at = next(iter(settings.radius.auth), settings.portal.listen)
            self._udp_port(Endpoint(asked_at.host, 0), self.coa)
            turns = PageTurns(self.clocks, is_writing=self.store.is_writing)
            shared: dict[str, Any] = {"load": self.load, "turns": turns}
            phones = AdmittingSite(captive, self.reactor, of_address=CAPTIVE_CONNECTIONS_OF_ADDRESS, **shared)
            bound["captive"].append(self._site_port("captive", settings.web.captive, phones))
            tls = ssl.DefaultOpenSSLContextFactory(
                str(self.files.certificate_key), str(self.files.certificate)
            )
            desks = AdmittingSite(console, self.reactor, holds_requests=True, **shared)
            bound["secure"].append(self._site_port("secure", settings.web.secure, desks, tls))
            if settings.web.plain_admin is not None:
                plain = AdmittingSite(console, self.reactor, holds_requests=True, **shared)
                bound["plain_admin"].append(self._site_port("plain_admin", settings.web.plain_admin, plain))
            self._listen_for_commands()
        except BaseException:
            for port in self._ports:
                port.stopListening()
            raise
        super().startService()
        # Not before the reactor runs: whoever reads that we listen may stop us, and signals are only heard from then on
        self.reactor.callWhenRunning(self._serving, bound)

    def _serving(self, bound: dict[str, list[str]]) -> None:
        self._write_listening(bound)
        self.log.info("serving: {bound}", bound={name: places for name, places in bound.items() if places})
        free = [nas.name for nas in self.tables.all_nas() if not must_sign(self.tables, nas)]
        if free:
            self.log.warn(
                "{count} devices need not sign their logins (CVE-2024-3596), such as {names}:"
                " set message_authenticator to require where they can",
                count=len(free),
                names=", ".join(free[:5]),
            )

    def _listen_for_commands(self) -> None:
        """The control socket; without one on a disk that cannot be written, where commands could change nothing."""
        try:
            offered = {**handlers(self._backstage()), **trace_handlers(self.tracing)}
            port = control.listen(self.reactor, self.files.control_socket, offered)
        except (CannotListenError, OSError) as error:
            if self.store.state.writable:
                raise
            self.log.warn("no control socket: {error}", error=str(error))
        else:
            self._ports.append(port)

    def _backstage(self) -> Backstage:
        return Backstage(
            files=self.files,
            store=self.store,
            vault=self.vault,
            entropy=self.entropy,
            digester=self.digester,
            now=self.clocks.now,
            changed=self.reload,
            reservations=self.reservations,
            config=self.config,
            renewed=self.certificates.renew,
        )

    def radius_ports(self) -> list[RadiusPort]:
        """Whatever takes RADIUS requests."""
        return [self.auth, self.acct]

    def _udp_port(self, endpoint: Endpoint, protocol: Any) -> str:
        port = udp_port.listen(
            self.reactor,
            endpoint.port,
            protocol,
            endpoint.host,
            receive_buffer_octets=RECEIVE_BUFFER_OCTETS,
            outbox=self.outbox,
        )
        return self._bound(port)

    def _site_port(self, name: str, endpoint: Endpoint, site: AdmittingSite, tls: Any = None) -> str:
        self.admitting.append((name, site))
        if tls is None:
            door: Any = site
        else:
            door = TlsDoor(site, tls, self.reactor)
        site.port = self.reactor.listenTCP(endpoint.port, door, HTTP_BACKLOG, endpoint.host)
        return self._bound(site.port)

    def _bound(self, port: Any) -> str:
        self._ports.append(port)
        where = port.getHost()
        return f"[{where.host}]:{where.port}" if ":" in where.host else f"{where.host}:{where.port}"

    def _write_listening(self, bound: dict[str, list[str]]) -> None:
        """Tell scripts and tests where we listen, whole or not at all."""
        if not self.store.state.writable:
            return
        partial = self.files.listening.with_suffix(".partial")
        partial.write_text(json.dumps(bound, indent=1) + "\n", encoding="utf-8")
        partial.replace(self.files.listening)

    # Stopping ---------------------------------------------------------------------------------------------------------

    def stopService(self) -> Deferred[None]:
        """Take no more, answer what was taken, close the books, all within ten seconds."""
        with suppress(OSError):
            self.files.listening.unlink(missing_ok=True)
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        deadline = self.clocks.monotonic() + DRAIN_SECONDS
        for port in self._ports:
            if hasattr(port, "stopReading"):
                port.stopReading()
        while (self.auth.in_flight or self.acct.in_flight) and self.clocks.monotonic() < deadline:
            await deferLater(self.reactor, 0.02)
        self.roaming.client.close()
        self.streams.close()
        stopped = super().stopService()
        if stopped is not None:
            await stopped
        await gatherResults([_maybe(port.stopListening()) for port in self._ports], consumeErrors=True)
        self.access.flush()
        await self.store.close()
        if self._lock is not None:
            os.close(self._lock)


def _lock_or_none(files: StateFiles) -> int | None:
    """The state directory's lock; on a read-only disk nobody can write, so nobody can be in the way (security S6)."""
    try:
        return take_lock(files)
    except OSError as error:
        if error.errno != errno.EROFS:
            raise
        return None


def _maybe(result: Any) -> Deferred[Any]:
    if isinstance(result, Deferred):
        return result
    done: Deferred[Any] = Deferred()
    done.callback(result)
    return done
