"""HTTP listeners: admitted, not merely accepted, so that a flood of pages never starves RADIUS (architecture: Fairness).

For each listener a number of connections in all and for one address, a number of requests in work, and a deadline by
which a request must have arrived whole, however it drips (security §5). While RADIUS waits, captive pages are put off
with a constant answer and the console's requests are held until it waits no more.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from twisted.internet.interfaces import IAddress, IDelayedCall
from twisted.internet.protocol import ServerFactory, connectionDone
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure
from twisted.web import http, server
from twisted.web.resource import IResource, Resource

from zhuomai_appliance.net.load import Load
from zhuomai_appliance.net.page_turns import PageTurns

CONNECTIONS: Final = 256
CONNECTIONS_OF_ADDRESS: Final = 16
IN_WORK: Final = 64
WAITING_FOR_A_TURN: Final = 4
"""Requests of all listeners; with more than that, one that gets more of them accepts nobody until all had their turn."""
REQUEST_SECONDS: Final = 10.0
IDLE_SECONDS: Final = 30
RETRY_SECONDS: Final = 3
HELD_SECONDS: Final = 5.0
"""How long a request of the console waits for RADIUS; then it is put off too."""
LOOK_AGAIN_SECONDS: Final = 0.02
BODY_OCTETS: Final = 128 * 1024
"""No form of ours is a tenth as long; a body is held in memory and taken apart in one piece (a mebibyte of small fields
held everything else up for a third of a second), so it is cut off as it arrives."""


class PlainRequest(server.Request):
    """A request of bounded size whose answers do not tell what serves them."""

    _received = 0

    def process(self) -> None:
        """Have the request served when its turn comes."""
        channel: Any = self.channel
        site = channel.site
        if not isinstance(site, AdmittingSite):
            super().process()
        elif not site.holds(self):
            site.serve(self)

    def process_now(self) -> None:
        """Serve the request, unless its browser has left meanwhile."""
        if self.channel is not None:
            super().process()

    def gotLength(self, length: int | None) -> None:
        """Hang up on a body that says it is too long."""
        super().gotLength(length)
        if length is not None and length > BODY_OCTETS:
            self._hang_up()

    def handleContentChunk(self, data: bytes) -> None:
        """Take a piece of the body, unless it is one too many."""
        self._received += len(data)
        if self._received > BODY_OCTETS:
            self._hang_up()
        else:
            super().handleContentChunk(data)

    def _hang_up(self) -> None:
        # None once the connection is gone, whatever the annotation says
        channel: Any = self.channel
        if channel is not None and channel.transport is not None:
            channel.transport.write(
                b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            )
            channel.loseConnection()

    def setHeader(self, name: bytes | str, value: bytes | str) -> None:
        """Set a header; the version banner that `server.Request.process` wants to add is left out."""
        if (name if isinstance(name, bytes) else name.encode()).lower() != b"server":
            super().setHeader(name, value)


class DeadlineChannel(http.HTTPChannel):
    """A connection that is closed when a request takes longer than its deadline to arrive."""

    requestFactory = PlainRequest
    _deadline: IDelayedCall | None = None

    @property
    def is_idle(self) -> bool:
        """Whether the browser keeps the connection for later: nothing of a request is here, none is in work."""
        return self._deadline is None and not self.requests

    def dataReceived(self, data: bytes) -> None:
        """Start the deadline with the first octet of a request."""
        if self._deadline is None and isinstance(self.factory, AdmittingSite):
            self._deadline = self.factory.reactor.callLater(REQUEST_SECONDS, self._too_slow)
        super().dataReceived(data)

    def allContentReceived(self) -> None:
        """The request is whole."""
        self._stop_deadline()
        super().allContentReceived()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Free the connection's place."""
        self._stop_deadline()
        if isinstance(self.factory, AdmittingSite):
            self.factory.left(self)
        super().connectionLost(reason)

    def _too_slow(self) -> None:
        self._deadline = None
        if isinstance(self.factory, AdmittingSite):
            self.factory.counters["too_slow"] += 1
        self.forceAbortClient()

    def _stop_deadline(self) -> None:
        if self._deadline is not None and self._deadline.active():
            self._deadline.cancel()
        self._deadline = None


class _Busy(Resource):
    """A constant answer when too much is in work: it costs nothing and says when to come back."""

    isLeaf = True
    body: Final = "现在繁忙，几秒后自动重试。\nBusy: this page tries again in a few seconds.\n".encode()

    def render(self, request: Any) -> bytes:
        """503 with Retry-After, and for what may be asked again the browsers' own word for it."""
        request.setResponseCode(503)
        request.setHeader(b"Retry-After", b"%d" % RETRY_SECONDS)
        if request.method in (b"GET", b"HEAD"):
            request.setHeader(b"Refresh", b"%d" % RETRY_SECONDS)
        request.setHeader(b"Cache-Control", b"no-store")
        request.setHeader(b"Content-Type", b"text/plain; charset=utf-8")
        return self.body


class AdmittingSite(server.Site):
    """A site that counts who is inside.

    Args:
        of_address: connections that one address may hold; schools behind NAT need more on the captive site.
        load: how long RADIUS waits; None where it does not matter.
        turns: what pages may take of a turn, shared by all listeners; None for no bound.
        holds_requests: while RADIUS waits, requests are held for a while (a console) and not put off at once (a
            captive page, whose phones come back by themselves).
    """

    # Site's own protocol hides its channel behind a proxy that negotiates HTTP/2
    protocol: Any = DeadlineChannel

    def __init__(
        self,
        resource: IResource,
        reactor: Any,
        *,
        of_address: int = CONNECTIONS_OF_ADDRESS,
        load: Load | None = None,
        turns: PageTurns | None = None,
        holds_requests: bool = False,
    ) -> None:
        super().__init__(resource, requestFactory=PlainRequest, timeout=IDLE_SECONDS, reactor=reactor)
        self.displayTracebacks = False
        self.reactor = reactor
        self._of_address = of_address
        self._load = load
        self._turns = turns
        self._holds_requests = holds_requests
        self._inside: dict[DeadlineChannel, str] = {}
        self._from: Counter[str] = Counter()
        self._in_work = 0
        self._busy = _Busy()
        self.counters: Counter[str] = Counter()
        #: The listening port, when it is known: it accepts nobody while every place is taken.
        self.port: Any = None
        self._is_full = self._is_paused = False
        if turns is not None:
            turns.when_served.append(self._go_on)

    @property
    def connections(self) -> int:
        """Connections open now."""
        return len(self._inside)

    @property
    def in_work(self) -> int:
        """Requests in work now."""
        return self._in_work

    def admits(self, host: str) -> bool:
        """Whether there is a place for one more connection of an address; who is turned away is counted."""
        if self._from[host] >= self._of_address:
            self.counters["too_many_of_address"] += 1
            return False
        if len(self._inside) >= CONNECTIONS:
            self.counters["too_many_connections"] += 1
            return False
        return True

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """A connection, or None when there is no place for it."""
        host = str(getattr(addr, "host", ""))
        if not self.admits(host):
            return None
        channel = super().buildProtocol(addr)
        if isinstance(channel, DeadlineChannel):
            self._inside[channel] = host
            self._from[host] += 1
        self.counters["connections"] += 1
        if len(self._inside) >= CONNECTIONS:
            self._make_room()
        return channel

    def _make_room(self) -> None:
        """The last place was taken: a connection that is only kept for later is closed, or nobody more is accepted."""
        self._is_full = True
        self._mind_port()
        self._close_idle()

    def _mind_port(self) -> None:
        """Accept, or leave whoever comes where he waits: in the kernel's queue."""
        if self.port is None:
            return
        if self._is_full or self._is_paused:
            self.port.stopReading()
        else:
            self.port.startReading()

    def _close_idle(self) -> None:
        # In the order they came: the one that has been here longest goes first
        for channel in self._inside:
            transport: Any = channel.transport
            if channel.is_idle and transport is not None and not transport.disconnecting:
                self.counters["idle_closed"] += 1
                channel.loseConnection()
                break

    def left(self, channel: DeadlineChannel) -> None:
        """A connection is over."""
        host = self._inside.pop(channel, None)
        if host is not None:
            self._from[host] -= 1
            if not self._from[host]:
                del self._from[host]
        if self._is_full and len(self._inside) < CONNECTIONS:
            self._is_full = False
            self._mind_port()

    def stopFactory(self) -> None:
        """The port is closed: it reads no more, whoever leaves."""
        self.port = None
        super().stopFactory()

    def holds(self, request: Any) -> bool:
        """Keep a request back while RADIUS waits; it is served later, at once when that is over."""
        if not self._holds_requests or self._load is None or not self._load.presses:
            return False
        self.counters["held"] += 1
        held = _Held(self, request, self._load, self.reactor.seconds() + HELD_SECONDS)
        request.notifyFinish().addErrback(held.gone)
        held.look()
        return True

    def serve(self, request: PlainRequest) -> None:
        """Serve a request in this turn or a later one."""
        if self._turns is None:
            request.process_now()
        else:
            self._turns.run(request.process_now)
            if self._turns.waiting > WAITING_FOR_A_TURN and not self._is_paused:
                self._is_paused = True
                self._mind_port()

    def _go_on(self) -> None:
        """Every request had its turn."""
        if self._is_paused:
            self._is_paused = False
            self._mind_port()

    def getResourceFor(self, request: Any) -> IResource:
        """The resource of a request, or the busy answer."""
        if self._in_work >= IN_WORK:
            self.counters["busy"] += 1
            return self._busy
        if self._load is not None and self._load.presses:
            self.counters["radius_waits"] += 1
            return self._busy
        self._in_work += 1
        self.counters["requests"] += 1
        request.notifyFinish().addBoth(self._done)
        found: IResource = super().getResourceFor(request)
        return found

    def _done(self, _: object) -> None:
        self._in_work -= 1
        if self._is_full:
            # Its connection is idle once the answer is out
            self.reactor.callLater(0, self._close_idle)

    def log(self, request: Any) -> None:
        """Pages are not logged line by line: the address of a captive page holds MAC and IP."""


class _Held:
    """A request that waits until RADIUS does not."""

    def __init__(self, site: AdmittingSite, request: Any, load: Load, until: float) -> None:
        self._site = site
        self._request = request
        self._load = load
        self._until = until
        self._next: IDelayedCall | None = None

    def look(self) -> None:
        """Serve it, or look again soon."""
        if self._load.presses and self._site.reactor.seconds() < self._until:
            self._next = self._site.reactor.callLater(LOOK_AGAIN_SECONDS, self.look)
        else:
            self._next = None
            self._site.serve(self._request)

    def gone(self, _: object) -> None:
        """The browser left."""
        if self._next is not None and self._next.active():
            self._next.cancel()


class TlsDoor(ServerFactory):
    """A site behind TLS. Twisted's own factory wraps whatever the site gives, also the None that turns somebody away."""

    noisy = False

    def __init__(self, site: AdmittingSite, context: Any, reactor: Any) -> None:
        self._site = site
        self._tls = TLSMemoryBIOFactory(context, False, site, reactor)

    def startFactory(self) -> None:
        """The site begins with its listener."""
        self._tls.doStart()

    def stopFactory(self) -> None:
        """And ends with it."""
        self._tls.doStop()

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """None, and the connection is closed, for who is not admitted."""
        if not self._site.admits(str(getattr(addr, "host", ""))):
            return None
        return self._tls.buildProtocol(addr)
