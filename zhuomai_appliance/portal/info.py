"""The traffic figures of one user by REQ_INFO: for display alone, accounting is what is billed.

Both directions are asked for at once, each as an empty attribute: some devices answer the second only beside the
first. What a device calls uplink is not the same with all vendors, another reason not to bill by it.
"""

from __future__ import annotations

from dataclasses import replace

from zhuomai_appliance.portal.packet import AttributeKind, Kind, PortalPacket, decode_text
from zhuomai_appliance.portal.question import QuestionDialogue
from zhuomai_appliance.portal.talk import Talk
from zhuomai_appliance.portal.terms import DialogueSettings, Done, Ending, Traffic


class InfoDialogue(QuestionDialogue):
    """One question about one user. Ends as TOLD with `Outcome.traffic`; as REFUSED where a device has no figures.

    Args:
        serial: a SerialNo (1-65535) that is free among this device's outstanding requests.
    """

    answer_kind = Kind.ACK_INFO

    def __init__(self, settings: DialogueSettings, *, user_ip: str, serial: int) -> None:
        # REQ_INFO is one of the two requests that carry no BAS-IP.
        talk = Talk(replace(settings, bas_ip=None), user_ip, serial=serial)
        wanted = (AttributeKind.UPLINK_FLUX, AttributeKind.DOWNLINK_FLUX, AttributeKind.PORT)
        request = talk.request(Kind.REQ_INFO, *((kind, b"") for kind in wanted))
        super().__init__(talk, request, settings.timings.info_tries, settings.timings.info_seconds)

    def read(self, packet: PortalPacket) -> Done:
        """See `QuestionDialogue.read`."""
        if packet.error_code != 0:
            return self._talk.ended(Ending.REFUSED, packet)
        traffic = Traffic(
            _octets(packet.first(AttributeKind.UPLINK_FLUX)),
            _octets(packet.first(AttributeKind.DOWNLINK_FLUX)),
            decode_text(packet.first(AttributeKind.PORT) or b""),
        )
        done = self._talk.ended(Ending.TOLD, packet)
        return Done(replace(done.outcome, traffic=traffic))


def _octets(value: bytes | None) -> int | None:
    """Flux is told in KB, 8 octets; another size is no figure."""
    return int.from_bytes(value, "big") * 1024 if value is not None and len(value) == 8 else None
