"""What every EAP method is to whoever runs the conversation: three questions in, one of four steps out.

    begin ──> Send ──step(response)──> Send ... Prove ──proved(secret)──> Send ... ──> Done | Failed

A method never looks anybody up. It says what the device offers as proof (`Prove`), and hears what secret that proved,
or that it proved none. `Done` tells that the method is through; whether the login is granted is not its business, but
it hears it (`granted`), so that a tunnel can be resumed by those alone who got in.

Octets are type-data: what follows the Type of an EAP request or response (RFC 3748 §4.1).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from zhuomai_appliance.radius.tls_engine import TlsFault


@dataclass(frozen=True, slots=True)
class Password:
    """A password in clear, from inside a tunnel."""

    password: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Digest:
    """MD5 of identifier, password and challenge: CHAP (RFC 1994 §4.1), and EAP-MD5 alike (RFC 3748 §5.4)."""

    ident: int
    response: bytes = field(repr=False)
    challenge: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class MsChap2:
    """An MS-CHAP-V2 response (RFC 2759 §8). ``name`` is the user name that the device put into the challenge's hash."""

    ident: int
    challenge: bytes = field(repr=False)
    peer_challenge: bytes = field(repr=False)
    response: bytes = field(repr=False)
    name: bytes = b""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate (DER) that TLS has verified, now or when the session began that has been ``resumed``."""

    der: bytes = field(repr=False)
    resumed: bool = False


@dataclass(frozen=True, slots=True)
class Resumed:
    """An earlier session went on; ``words`` are those that came with its `granted`."""

    words: bytes = field(repr=False)


Offer = Password | Digest | MsChap2 | Certificate | Resumed


class Send(NamedTuple):
    """Ask the device: type-data of the next request."""

    data: bytes


class Prove(NamedTuple):
    """Find out whether ``offer`` proves whoever is called ``name``; None is the name of the EAP identity."""

    name: bytes | None
    offer: Offer


class Done(NamedTuple):
    """The method is through, and what was proved stands.

    ``keys`` are 64 octets, MS-MPPE-Recv-Key and then MS-MPPE-Send-Key; empty where the method gives none.
    """

    keys: bytes

    def __repr__(self) -> str:
        return f"Done({len(self.keys)} octets)"


class Failed(NamedTuple):
    """The method is over without success. ``fault`` is what broke a tunnel; None where a proof failed, or EAP did."""

    why: str
    fault: TlsFault | None = None


Step = Send | Prove | Done | Failed


class Method(Protocol):
    """One conversation of one method.

    Attributes:
        eap_type: its Type in EAP packets.
        name: what people call it.
    """

    eap_type: int
    name: str

    def begin(self, identifier: int) -> Step:
        """The first request, to be sent under this EAP identifier."""

    def step(self, data: bytes, identifier: int) -> Step:
        """Take a response's type-data; a request that follows will have this identifier."""

    def proved(self, secret: bytes | None) -> Step:
        """After `Prove`: the secret it proved (UTF-8; empty where no secret is behind it), None where it proved none."""

    def granted(self, words: bytes) -> None:
        """The login got in; a later `Resumed` may bring these words back."""
