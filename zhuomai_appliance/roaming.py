"""The part of the wiring diagram that is about servers elsewhere: who asks them, who looks after them, who tells them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from zhuomai_appliance.entropy import Entropy
from zhuomai_appliance.flows.guest_reports import GuestReports
from zhuomai_appliance.flows.proxying import Proxying, Tending
from zhuomai_appliance.flows.roster import Roster
from zhuomai_appliance.flows.tables import Tables
from zhuomai_appliance.model.roaming import Transport, Upstream
from zhuomai_appliance.net.clocks import Clocks
from zhuomai_appliance.net.proxy_client import MakeLane, ProxyClient, UdpLane
from zhuomai_appliance.net.timers import Round
from zhuomai_appliance.radius.packet import Secret
from zhuomai_appliance.store.interface import Store
from zhuomai_appliance.store.vault import Vault

NONCE_OCTETS: Final = 16


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
    ) -> None:
        def udp(upstream: Upstream, secret: Secret) -> UdpLane:
            return UdpLane(reactor, clocks, upstream, secret)

        self._store = store
        self._clocks = clocks
        self.roster = Roster(clocks.monotonic)
        self.client = ProxyClient({Transport.UDP: udp, **lanes}, lambda: entropy.token(NONCE_OCTETS), clocks)
        self.proxying = Proxying(store, vault, self.client, self.roster, entropy, clocks.monotonic)
        self.guests = GuestReports(store, vault, tables, self.client, self.roster, clocks.now)
        self._tending = Tending(self.client, self.roster, tables.upstreams)

    def rounds(self) -> tuple[Round, ...]:
        """What is done by the clock."""
        return (
            Round("servers elsewhere", 2.0, self._tending.run, self._clocks),
            Round("reports elsewhere", 1.0, self.guests.run, self._clocks),
            Round("guests", 3600.0, self._while_writable(self.guests.tidy), self._clocks),
        )

    def _while_writable(self, work: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            if self._store.state.writable:
                await work()

        return run
