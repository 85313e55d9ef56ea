"""What every test needs: the daemon's reactor, and property tests that give the same cases on every run."""

import os

import pytest
from hypothesis import HealthCheck, settings
from twisted.internet import asyncioreactor

# The daemon runs on the asyncio reactor. It must be installed before any module imports twisted.internet.reactor.
asyncioreactor.install()

# A property that fails must fail for everyone: cases are derived from the test, not from chance.
# HYPOTHESIS_PROFILE=explore searches new ones.
settings.register_profile(
    "default", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("explore", deadline=None, derandomize=False, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What this machine did not let us test is said at the end: nothing is left out silently."""
    for report in terminalreporter.stats.get("skipped", []):
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        terminalreporter.write_line(f"NOT TESTED: {report.nodeid}: {why}")
