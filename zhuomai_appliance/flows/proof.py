"""Does a login know its secret? The proof is held against every secret it may mean, and guessers are slowed down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from zhuomai_appliance.flows.access_facts import Known
from zhuomai_appliance.flows.throttle import Device, Throttle
from zhuomai_appliance.model.access import AccessAttempt, MsChap2Proof, MsChapProof, Reason, Rejection
from zhuomai_appliance.model.people import normal_name
from zhuomai_appliance.policy import credentials

_LASTING: Final = (MsChapProof, MsChap2Proof)
"""Proofs of the account's own password alone: what follows from them, keys and our own proof, is made of it too."""


class Prover:
    """Checks proofs. One object per process, on the reactor thread; ``monotonic`` gives seconds that never go back."""

    def __init__(self, throttle: Throttle, monotonic: Callable[[], float]) -> None:
        self._throttle = throttle
        self._monotonic = monotonic

    def prove(self, attempt: AccessAttempt, known: Known | None) -> tuple[Rejection | None, int | None]:
        """Check the credentials; a refusal, or the one-time secret that was shown and is still to be used up."""
        name, device = normal_name(attempt.username), device_of(attempt)
        secrets = known.secrets if known is not None and not isinstance(attempt.proof, _LASTING) else ()
        password = known.facts.password if known is not None else None
        wait = self._wait_seconds(name, device, attempt, known)
        matched = credentials.check(attempt.proof, password, [secret for _, secret in secrets])
        if wait and not matched:
            # A fresh one-time secret was earned at our own page, which has its own limits
            return Rejection(Reason.WAIT_BEFORE_RETRY, facts=(("n", wait),)), None
        if matched is None:
            self.count_failure(attempt)
            return Rejection(Reason.BAD_CREDENTIALS), None
        self._throttle.succeeded(name, device)
        return None, None if matched == credentials.STORED_PASSWORD else secrets[matched - 1][0]

    def wait_seconds(self, attempt: AccessAttempt, known: Known | None) -> int:
        """How long a login's terminal must wait before a wrong secret of it is looked at once more; 0 for now."""
        return self._wait_seconds(normal_name(attempt.username), device_of(attempt), attempt, known)

    def _wait_seconds(self, name: str, device: Device, attempt: AccessAttempt, known: Known | None) -> int:
        now = self._monotonic()
        wait = self._throttle.wait_seconds(name, device, now)
        others = self._throttle.stranger_wait_seconds(name, device, now)
        if others > wait and not (
            known is not None and any(bound.mac == attempt.mac for bound in known.facts.bindings)
        ):
            return others
        return wait

    def count_failure(self, attempt: AccessAttempt) -> None:
        """Count a wrong try against the name and the device it came from."""
        self._throttle.failed(normal_name(attempt.username), device_of(attempt), self._monotonic())


def shown_secret(attempt: AccessAttempt, known: Known | None) -> int | None:
    """The one-time secret shown with a login that is refused whatever it proves: the page behind it is told why."""
    if known is None or not known.secrets:
        return None
    matched = credentials.check(attempt.proof, None, [secret for _, secret in known.secrets])
    return known.secrets[matched - 1][0] if matched else None


def device_of(attempt: AccessAttempt) -> Device:
    """Where a login's tries are counted: its terminal, or what the access device says of it."""
    if attempt.mac is not None:
        return Device(attempt.mac, is_one=True)
    return Device(f"nas:{attempt.nas_id}:{attempt.calling_station_raw}", is_one=False)
