"""Alive or not, and the counts: for anybody the one, for this machine or a token the other."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from twisted.web.test.requesthelper import DummyRequest

from tests.web.api_client import Api
from zhuomai_appliance.flows.meters import Histogram, Metric, Sample
from zhuomai_appliance.model.people import Permission
from zhuomai_appliance.store.interface import Condition, StoreState
from zhuomai_appliance.web.api.health import HealthResource, MetricsResource


def request(address: str = "127.0.0.1", token: str = "") -> Any:
    made: Any = DummyRequest([b""])
    made.getClientAddress = lambda: SimpleNamespace(host=address)
    if token:
        made.requestHeaders.addRawHeader(b"authorization", f"Bearer {token}".encode())
    return made


ANSWERS = Metric("zhuomai_radius_answers_total", "Requests answered.", ("port", "kind"))
WAITING = Metric("zhuomai_store_waiting", "Writes that wait.")
SECONDS = Metric("zhuomai_radius_answer_seconds", "Until the answer.", ("port",))


class HealthTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.api = Api()
        self.waiting = 3
        self.took = Histogram((0.01, 0.1))
        self.metrics = MetricsResource(self.figures, self.api.operators, self.api.school.now)

    def figures(self) -> list[Sample]:
        return [
            Sample(ANSWERS, 7, ("auth", "accept")),
            Sample(ANSWERS, 2, ("auth", "reject")),
            Sample(WAITING, self.waiting),
            Sample(SECONDS, self.took, ("auth",)),
        ]

    def test_alive_and_why_not(self) -> None:
        """200 while all is well, 503 with a sentence while writes are refused."""
        resource, asked = HealthResource(self.api.school.store), request("203.0.113.9")
        self.assertIn(b'"status": "ok"', resource.render_GET(asked))
        self.assertEqual(asked.responseCode, 200)
        self.api.school.store.state = StoreState(Condition.READ_ONLY, "the disk is full")
        self.assertIn(b"the disk is full", resource.render_GET(asked))
        self.assertEqual(asked.responseCode, 503)

    def test_figures_in_the_format_of_prometheus(self) -> None:
        """Totals are counters and the rest gauges, with their labels, read anew each time; the process is there too."""
        text = self.metrics.render_GET(request()).decode()
        self.assertIn("# TYPE zhuomai_radius_answers_total counter", text)
        self.assertIn('zhuomai_radius_answers_total{kind="accept",port="auth"} 7.0', text)
        self.assertIn('zhuomai_radius_answers_total{kind="reject",port="auth"} 2.0', text)
        self.assertIn("# TYPE zhuomai_store_waiting gauge", text)
        self.assertIn("process_resident_memory_bytes", text)
        self.waiting = 9
        self.assertIn("zhuomai_store_waiting 9.0", self.metrics.render_GET(request("::1")).decode())

    def test_histogram(self) -> None:
        """A bucket holds all that took at most so long, and the last one everything."""
        for seconds in (0.01, 0.05, 3.0):
            self.took.observe(seconds)
        text = self.metrics.render_GET(request()).decode()
        for bound, count in (("0.01", 1), ("0.1", 2), ("+Inf", 3)):
            self.assertIn(f'zhuomai_radius_answer_seconds_bucket{{le="{bound}",port="auth"}} {count}.0', text)
        self.assertIn('zhuomai_radius_answer_seconds_count{port="auth"} 3.0', text)
        self.assertIn('zhuomai_radius_answer_seconds_sum{port="auth"} 3.06', text)

    def test_counts_are_not_for_everybody(self) -> None:
        """From elsewhere a token is needed, and one that may look at the console."""
        seeing = self.api.token("eyes", "audit")
        blind = self.api.token("blind", "admin", (Permission.ORDERS_CASH,))
        for token, status in (("", 403), ("zm_guessed", 403), (blind, 403), (seeing, None)):
            asked = request("203.0.113.9", token)
            body = self.metrics.render_GET(asked)
            self.assertEqual(asked.responseCode, status, token)
            self.assertEqual(b"zhuomai_radius" in body, status is None)
