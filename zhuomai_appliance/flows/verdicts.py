"""What the page's half of a portal login and RADIUS's half of it tell each other, in one process.

The page mints a one-time secret, the access device shows it to RADIUS, and RADIUS's verdict goes back to the page.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from itertools import count

from zhuomai_appliance.model.access import Verdict
from zhuomai_appliance.model.network import NasId
from zhuomai_appliance.model.people import AccountId


@dataclass(frozen=True, slots=True)
class Told:
    """What was decided about a one-time secret, for the page that waits for it."""

    verdict: Verdict
    lookup_code: str


@dataclass(frozen=True, slots=True)
class Spare:
    """A one-time secret in memory; ``id`` is negative, so that it is never taken for a row's."""

    id: int
    account_id: AccountId
    nas_id: NasId
    user_ip: str
    secret: bytes = field(repr=False)
    expires_at: int = 0


class SpareSecrets:
    """One-time secrets that could not be written down: while the disk is full people log in all the same (security S5).

    A restart forgets them: then nobody waits for them either. Bounded, oldest out first.
    """

    def __init__(self, limit: int = 2000) -> None:
        self._limit = limit
        self._numbers = count(1)
        self._held: OrderedDict[int, Spare] = OrderedDict()

    def add(self, account_id: AccountId, nas_id: NasId, user_ip: str, secret: bytes, expires_at: int) -> int:
        """Keep a secret until a time, UTC epoch seconds; its id."""
        spare = Spare(-next(self._numbers), account_id, nas_id, user_ip, secret, expires_at)
        self._held[spare.id] = spare
        if len(self._held) > self._limit:
            self._held.popitem(last=False)
        return spare.id

    @property
    def is_any(self) -> bool:
        """Whether any secret is kept here: it hardly ever is, and every login asks."""
        return bool(self._held)

    def live(self, account_id: AccountId, nas_id: NasId, now: int) -> list[Spare]:
        """The secrets that may prove a login of an account at a device; what is over is forgotten."""
        for spare in [one for one in self._held.values() if one.expires_at <= now]:
            del self._held[spare.id]
        return [one for one in self._held.values() if (one.account_id, one.nas_id) == (account_id, nas_id)]

    def use(self, secret_id: int) -> bool:
        """Use a secret up; False when it was used already."""
        return self._held.pop(secret_id, None) is not None


class VerdictBoard:
    """The RADIUS side's verdicts, by one-time secret: the portal page reads its own one. Bounded, oldest out first."""

    def __init__(self, limit: int = 10_000) -> None:
        self._limit = limit
        self._told: OrderedDict[int, Told] = OrderedDict()
        self.spares = SpareSecrets()

    def tell(self, secret_id: int, told: Told) -> None:
        """Put a verdict up."""
        self._told[secret_id] = told
        if len(self._told) > self._limit:
            self._told.popitem(last=False)

    def take(self, secret_id: int) -> Told | None:
        """Take a verdict down; None when RADIUS never asked."""
        return self._told.pop(secret_id, None)
