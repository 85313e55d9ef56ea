"""Who may speak RADIUS over TLS: the device that is known by its address and shows a certificate in its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from zhuomai_appliance.flows.certificates import radsec_peer
from zhuomai_appliance.model.network import Nas
from zhuomai_appliance.radius import eap_authority
from zhuomai_appliance.radius.eap_authority import CertificateUnusable
from zhuomai_appliance.store.interface import Store

QUIRK: Final = "radsec"
"""The name in a device's certificate, where that is not its identifier."""


class PeerCheck:
    """Looks at certificates that TLS has verified. One object per process, on the reactor thread.

    ``authority`` gives the PEM of our own authority, None without one; ``clock`` epoch seconds.
    """

    def __init__(self, store: Store, authority: Callable[[], bytes | None], clock: Callable[[], int]) -> None:
        self._store = store
        self._authority = authority
        self._clock = clock

    def refusal(self, nas: Nas, certificate: bytes) -> str:
        """Why the device may not connect with this certificate (DER); empty when it may.

        A certificate of our own authority must be issued for RadSec and in force: that authority signs those of people
        too. One of an authority that the settings name has only its name to show.
        """
        wanted = str(nas.quirks.get(QUIRK, "") or nas.identifier)
        if not wanted:
            return f"{nas.name} has neither an identifier nor the quirk {QUIRK} to compare a certificate with"
        try:
            facts = eap_authority.facts(certificate)
        except CertificateUnusable as error:
            return str(error)
        names = {facts.common_name, *facts.dns_names}
        authority = self._authority()
        if authority is not None and eap_authority.is_issued_by(certificate, authority):
            now = self._clock()
            entry = radsec_peer(self._store.reader, nas.project_id, certificate, authority, now)
            if entry is None:
                return f"certificate {facts.serial} is none for RadSec, or is revoked or over"
            names.add(entry.name)
        if wanted.casefold() not in {name.casefold() for name in names}:
            return f'its certificate is of "{facts.common_name}", not of "{wanted}"'
        return ""
