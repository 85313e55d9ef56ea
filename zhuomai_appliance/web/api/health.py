"""Whether the box is alive, and its counts: GET /healthz for anybody, GET /metrics for Prometheus (loopback or token)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from ipaddress import ip_address
from typing import Any, Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from twisted.web.resource import Resource

from zhuomai_appliance.flows.operators import Operators
from zhuomai_appliance.model.people import Permission
from zhuomai_appliance.store.interface import Condition, Store

_BEARER: Final = "Bearer "


class HealthResource(Resource):
    """200 while everything is served; 503 with the reason while something is not."""

    isLeaf = True

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._store = store

    def render_GET(self, request: Any) -> bytes:
        """The condition in one word and one sentence; HEAD gives the status alone."""
        state = self._store.state
        good = state.condition is Condition.OK
        request.setResponseCode(200 if good else 503)
        request.setHeader(b"content-type", b"application/json")
        request.setHeader(b"cache-control", b"no-store")
        return json.dumps({"status": state.condition.value, "reason": state.reason}).encode() + b"\n"


class MetricsResource(Resource):
    """The counts in the text format of Prometheus; a name that ends with ``_total`` is a counter, others are gauges."""

    isLeaf = True

    def __init__(
        self, gauges: Callable[[], Mapping[str, float]], operators: Operators, clock: Callable[[], int]
    ) -> None:
        super().__init__()
        self._operators = operators
        self._clock = clock
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_Counts(gauges))

    def render_GET(self, request: Any) -> bytes:
        """The counts, to this machine itself and to a token that may look at the console."""
        request.setHeader(b"cache-control", b"no-store")
        if not self._may(request):
            request.setResponseCode(403)
            request.setHeader(b"content-type", b"text/plain; charset=utf-8")
            return b"metrics are for this machine, or for a token with console.view\n"
        request.setHeader(b"content-type", CONTENT_TYPE_LATEST.encode())
        return generate_latest(self._registry)

    def _may(self, request: Any) -> bool:
        try:
            if ip_address(request.getClientAddress().host).is_loopback:
                return True
        except (AttributeError, ValueError):
            pass  # a peer without an address, as on a local socket: the token decides
        given = (request.getHeader(b"authorization") or b"").decode("latin-1")
        if not given.startswith(_BEARER):
            return False
        operator = self._operators.bearer(given.removeprefix(_BEARER).strip(), self._clock())
        return operator is not None and operator.may(Permission.CONSOLE_VIEW)


class _Counts(Collector):
    def __init__(self, gauges: Callable[[], Mapping[str, float]]) -> None:
        self._gauges = gauges

    def collect(self) -> Iterable[Metric]:
        for name, value in sorted(self._gauges().items()):
            family = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
            yield family(name, name.removeprefix("zhuomai_").replace("_", " "), value=value)
