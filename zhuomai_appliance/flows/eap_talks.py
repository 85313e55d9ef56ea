"""EAP conversations on their way, found by the State that the device was given last (RFC 2865 §5.24).

A State is 16 random octets, good once, for one minute, and for the access device it was given to. What one device can
begin is bounded by what all of them may have open: when that is full, the oldest conversation of whichever device has
the most goes, so that a device which begins and never ends takes nobody else's place.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from zhuomai_appliance.entropy import Entropy
from zhuomai_appliance.model.access import AccessAttempt, Rejection
from zhuomai_appliance.model.network import NasId
from zhuomai_appliance.radius.eap_method import Method

TALK_SECONDS: Final = 60.0
"""For one answer; semantics §5. Somebody may be typing a password meanwhile."""

MOST_TALKS: Final = 2048
"""Unless the settings say otherwise. A tunnel on its way takes 65 KiB, most of it OpenSSL's, and up to 64 KiB more while
a long message of the device is put together: 16 KiB in PEAP and TTLS, 64 in EAP-TLS. One that has only told its name
takes under 2 KiB. So all of them together take 130 MiB when a whole school stands still halfway, 260 at the worst."""

MOST_ROUNDS: Final = 64
"""PEAP takes ten; the rest is for chains of certificates in small fragments."""

STATE_OCTETS: Final = 16
_SWEEP_SECONDS: Final = 5.0


class Talk:
    """One conversation.

    Attributes:
        caller: Calling-Station-Id and User-Name as the device sends them; they stay the same to the end.
        identity: what the device calls itself outside, b"" before it did.
        method: what is spoken, None before.
        identifier: of our last request, which the response must bear.
        offered: methods that the device may still ask for instead; none once it has.
        attempt: the login that was proved or refused inside, by its own name; None before.
        refused: why it was refused.
        words: what `Method.granted` is to hear.
    """

    __slots__ = (
        "attempt", "caller", "expires_at", "identifier", "identity", "method", "offered", "refused", "rounds", "words",
    )  # fmt: skip

    def __init__(self, caller: tuple[str, str]) -> None:
        self.caller = caller
        self.identity = b""
        self.method: Method | None = None
        self.identifier = 0
        self.offered: tuple[str, ...] = ()
        self.rounds = 0
        self.expires_at = 0.0
        self.attempt: AccessAttempt | None = None
        self.refused: Rejection | None = None
        self.words = b""


class Talks:
    """The table. One object per process; ``monotonic`` gives seconds that never go back."""

    def __init__(self, entropy: Entropy, monotonic: Callable[[], float], most: int = MOST_TALKS) -> None:
        self._entropy = entropy
        self._monotonic = monotonic
        self._most = most
        self._of_nas: dict[NasId, OrderedDict[bytes, Talk]] = {}
        self._count = 0
        self._swept_at = 0.0
        #: Conversations that were thrown out for others, and those whose device did not answer in time.
        self.evicted = self.expired = 0

    def __len__(self) -> int:
        return self._count

    def keep(self, nas_id: NasId, talk: Talk) -> bytes:
        """Keep a conversation until the device answers; the State to send."""
        now = self._monotonic()
        if now - self._swept_at >= _SWEEP_SECONDS:
            self.sweep()
        if self._count >= self._most:
            self._evict()
        state = self._entropy.token(STATE_OCTETS)
        talk.expires_at = now + TALK_SECONDS
        self._of_nas.setdefault(nas_id, OrderedDict())[state] = talk
        self._count += 1
        return state

    def has(self, nas_id: NasId, state: bytes) -> bool:
        """Whether a device was given this State, and has not answered it."""
        talks = self._of_nas.get(nas_id)
        talk = None if talks is None else talks.get(state)
        return talk is not None and talk.expires_at > self._monotonic()

    def take(self, nas_id: NasId, state: bytes, caller: tuple[str, str]) -> Talk | None:
        """The conversation of a State, which is then used up; None for one that is none, over, or somebody else's."""
        talks = self._of_nas.get(nas_id)
        talk = None if talks is None else talks.get(state)
        if talks is None or talk is None:
            return None
        if not talk.identity and not talk.caller[1] and talk.caller[0] == caller[0]:
            # The device began before it knew a name (RFC 3579 §2.1); from the identity on it has one
            talk.caller = caller
        if talk.caller != caller:
            return None
        self._drop(nas_id, talks, state)
        if talk.expires_at > self._monotonic():
            return talk
        self.expired += 1
        return None

    def sweep(self) -> None:
        """Let go of what was never ended; the oldest stand first."""
        now = self._swept_at = self._monotonic()
        for nas_id, talks in list(self._of_nas.items()):
            while talks:
                state, talk = next(iter(talks.items()))
                if talk.expires_at > now:
                    break
                self._drop(nas_id, talks, state)
                self.expired += 1

    def _evict(self) -> None:
        self.sweep()
        if self._count >= self._most:
            nas_id, talks = max(self._of_nas.items(), key=lambda pair: len(pair[1]))
            self._drop(nas_id, talks, next(iter(talks)))
            self.evicted += 1

    def _drop(self, nas_id: NasId, talks: OrderedDict[bytes, Talk], state: bytes) -> None:
        del talks[state]
        self._count -= 1
        if not talks:
            del self._of_nas[nas_id]
