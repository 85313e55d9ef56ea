"""Whether the box is alive, and its figures: GET /healthz for anybody, GET /metrics for Prometheus (loopback or token)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from ipaddress import ip_address
from typing import Any, Final

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString
from twisted.web.resource import Resource

from zhuomai_appliance.flows.meters import Histogram, Sample
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
    """The figures in the text format of Prometheus, with those of the process itself."""

    isLeaf = True

    def __init__(
        self, gauges: Callable[[], Iterable[Sample]], operators: Operators, clock: Callable[[], int]
    ) -> None:
        super().__init__()
        self._operators = operators
        self._clock = clock
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_Figures(gauges))
        ProcessCollector(registry=self._registry)

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


class _Figures(Collector):
    def __init__(self, figures: Callable[[], Iterable[Sample]]) -> None:
        self._figures = figures

    def collect(self) -> Iterable[Metric]:
        families: dict[str, CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily] = {}
        for sample in self._figures():
            name, words, labels = sample.metric
            family = families.get(name)
            if isinstance(sample.value, Histogram):
                if not isinstance(family, HistogramMetricFamily):
                    family = families[name] = HistogramMetricFamily(name, words, labels=labels)
                counts = sample.value.cumulative()
                bounds = [*map(floatToGoString, sample.value.bounds), "+Inf"]
                family.add_metric(sample.labels, list(zip(bounds, counts, strict=True)), sample.value.total)
            else:
                if not isinstance(family, (CounterMetricFamily, GaugeMetricFamily)):
                    kind = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
                    family = families[name] = kind(name, words, labels=labels)
                family.add_metric(sample.labels, sample.value)
        return families.values()
