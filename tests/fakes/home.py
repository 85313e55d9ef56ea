"""Servers elsewhere that answer by script: what the flows ask them through `ServerClient`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twisted.internet.defer import Deferred, fail, succeed

from zhuomai_appliance.flows.proxying import ServerReply
from zhuomai_appliance.model.roaming import Upstream
from zhuomai_appliance.radius.hidden import HiddenValue
from zhuomai_appliance.radius.packet import Attribute, Code, Secret, decode, encode_reply, encode_request

_SECRET = Secret(b"secret")
_ASKED = decode(encode_request(Code.ACCESS_REQUEST, 1, (), _SECRET, authenticator=bytes(16), sign=False))

Answer = Callable[[Sequence[Attribute]], ServerReply | None]


def says(code: Code, *attributes: Attribute, hidden: Sequence[HiddenValue] = ()) -> Answer:
    """A server that gives every Proxy-State back, as it has to."""

    def answer(asked: Sequence[Attribute]) -> ServerReply:
        states = [one for one in asked if one[0] == 33]
        reply = encode_reply(code, _ASKED, [*attributes, *states], _SECRET, sign=True)
        return ServerReply(decode(reply), tuple(hidden))

    return answer


def silence(asked: Sequence[Attribute]) -> ServerReply | None:
    """A server that is not there."""
    return None


class Home:
    """Every server by name: what it says next, then silence. `asked` is what each was asked, in order."""

    def __init__(self) -> None:
        self.script: dict[str, list[Answer]] = {}
        self.asked: list[tuple[str, tuple[Attribute, ...], bytes | None]] = []
        self.reports: list[tuple[str, tuple[Attribute, ...]]] = []
        self.takes_reports = True
        self.refuses: dict[str, Exception] = {}
        self.lives = True
        self.probes: list[str] = []

    def ask(
        self, upstream: Upstream, attributes: Sequence[Attribute], password: bytes | None
    ) -> Deferred[ServerReply | None]:
        if upstream.name in self.refuses:
            return fail(self.refuses[upstream.name])
        self.asked.append((upstream.name, tuple(attributes), password))
        script = self.script.get(upstream.name, [])
        return succeed(script.pop(0)(attributes) if script else None)

    def report(self, upstream: Upstream, attributes: Sequence[Attribute]) -> Deferred[bool]:
        if upstream.name in self.refuses:
            return fail(self.refuses[upstream.name])
        self.reports.append((upstream.name, tuple(attributes)))
        return succeed(self.takes_reports)

    def probe(self, upstream: Upstream) -> Deferred[bool]:
        if upstream.name in self.refuses:
            return fail(self.refuses[upstream.name])
        self.probes.append(upstream.name)
        return succeed(self.lives)

    def names(self) -> list[str]:
        """Who was asked, in order."""
        return [name for name, _, _ in self.asked]
