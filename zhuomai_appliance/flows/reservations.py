"""Logins granted a moment ago whose Start has not come yet: they count as online (billing rules §14).

Without them two logins at once would both pass a limit of one. One process holds them in memory; where several share
a database the reservation is a row instead.
"""

from __future__ import annotations

from typing import Final

from zhuomai_appliance.flows.intervals import Intervals
from zhuomai_appliance.flows.kicks import Kicks
from zhuomai_appliance.flows.places import Places
from zhuomai_appliance.model.people import AccountId

RESERVED_SECONDS: Final = 60


class Reservations:
    """Recent grants by account and device. ``now`` is UTC epoch seconds, as in the rules that read them.

    With them goes what else admission counts in memory: ``places`` how many devices are where, ``kicks`` which had to
    go for another, ``intervals`` what sessions that begin together are told to report in.
    """

    def __init__(self) -> None:
        self.places = Places()
        self.kicks = Kicks()
        self.intervals = Intervals()
        self._held: dict[AccountId, dict[str, int]] = {}

    def hold(self, account_id: AccountId, device: str, now: int) -> None:
        """Count a device as online until its Start arrives, for a minute at most."""
        self._held.setdefault(account_id, {})[device] = now + RESERVED_SECONDS

    def release(self, account_id: AccountId, device: str) -> None:
        """The Start came, or the login failed after all."""
        held = self._held.get(account_id)
        if held is not None:
            held.pop(device, None)
            if not held:
                del self._held[account_id]

    def of(self, account_id: AccountId, now: int) -> list[tuple[str, int]]:
        """The devices held for an account, each with the time its reservation ends."""
        held = self._held.get(account_id)
        if not held:
            return []
        # One that ends later than any can was made before the clock was set back
        live = {device: until for device, until in held.items() if 0 < until - now <= RESERVED_SECONDS}
        if len(live) != len(held):
            if live:
                self._held[account_id] = live
            else:
                del self._held[account_id]
        return list(live.items())

    def sweep(self, now: int) -> None:
        """Forget what ended, for accounts that nobody asks about."""
        for account_id in list(self._held):
            self.of(account_id, now)
        self.kicks.sweep(now)
