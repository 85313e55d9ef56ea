"""Our two ends of RadSec connections: what the server shows, and what we show and believe as somebody's client."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from twisted.internet.interfaces import IOpenSSLContextFactory
from twisted.internet.ssl import (
    Certificate,
    PrivateCertificate,
    TLSVersion,
    optionsForClientTLS,
    trustRootFromCertificates,
)
from zope.interface import implementer

_BLOCK: Final = re.compile(
    rb"-----BEGIN ([A-Z ]+)-----\r?\n[A-Za-z0-9+/=\r\n]+-----END \1-----\r?\n?",
)


@implementer(IOpenSSLContextFactory)
class ServerSide:
    """What Twisted asks for a context at each connection: the certificate shown is always the newest."""

    def __init__(self, context: Callable[[], Any]) -> None:
        self._context = context

    def getContext(self) -> Any:
        """The OpenSSL context of the next connection."""
        return self._context()


def client_side(bundle: bytes, server_name: str) -> Any:
    """Our end of a connection to a server that another school runs.

    Args:
        bundle: PEM of our certificate, its private key, and the authorities that the server's certificate may come from,
            as `zhuomai certificate issue --radsec NAME --out FILE.pem` makes it there.
        server_name: what the server's certificate must be for: a DNS name, or an address.

    Raises:
        ValueError: the bundle is none; one sentence says what is missing.
    """
    certificates: list[bytes] = []
    keys: list[bytes] = []
    for found in _BLOCK.finditer(bundle):
        if found[1] == b"CERTIFICATE":
            certificates.append(found[0])
        elif found[1].endswith(b"PRIVATE KEY"):
            keys.append(found[0])
    if len(certificates) < 2 or len(keys) != 1:
        raise ValueError(
            "a certificate, its private key and the authority of the other side must stand in it"
        )
    try:
        own = PrivateCertificate.loadPEM(certificates[0] + keys[0])
        trust = trustRootFromCertificates([Certificate.loadPEM(one) for one in certificates[1:]])
    except Exception as error:  # noqa: BLE001 - OpenSSL's own errors, whatever they are: the file cannot be used
        raise ValueError(f"it cannot be read as PEM: {error}") from None
    return optionsForClientTLS(
        server_name,
        trustRoot=trust,
        clientCertificate=own,
        extraCertificateOptions={"raiseMinimumTo": TLSVersion.TLSv1_2},
    )
