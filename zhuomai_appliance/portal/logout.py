"""One logout with an access device: REQ_LOGOUT ErrCode 0, repeated until ACK_LOGOUT or the end of patience.

ACK_LOGOUT 3 says that the user is off already, which is what was wanted. No answer leaves the truth to RADIUS: the
caller falls back to a Disconnect-Request, and accounting closes the session.
"""

from __future__ import annotations

from zhuomai_appliance.portal.packet import AttributeKind, Kind, PortalPacket
from zhuomai_appliance.portal.question import QuestionDialogue
from zhuomai_appliance.portal.talk import Talk
from zhuomai_appliance.portal.terms import DialogueSettings, Done, Ending

_ENDINGS = {0: Ending.OFFLINE, 1: Ending.REFUSED, 3: Ending.OFFLINE}


class LogoutDialogue(QuestionDialogue):
    """One logout of one user at one device, on the user's or the server's wish.

    Args:
        serial: a SerialNo (1-65535) that is free among this device's outstanding requests.
        req_id: 0 works everywhere seen; some devices want the ReqID of the login.
        mac: `aa:bb:cc:dd:ee:ff`, sent as SESSION-ID; None leaves it out.
    """

    answer_kind = Kind.ACK_LOGOUT

    def __init__(
        self,
        settings: DialogueSettings,
        *,
        user_ip: str,
        serial: int,
        req_id: int = 0,
        mac: str | None = None,
    ) -> None:
        talk = Talk(settings, user_ip, serial=serial)
        session = () if mac is None else ((AttributeKind.SESSION_ID, bytes.fromhex(mac.replace(":", ""))),)
        request = talk.request(Kind.REQ_LOGOUT, *session, req_id=req_id)
        super().__init__(talk, request, settings.timings.logout_tries, settings.timings.logout_seconds)

    def read(self, packet: PortalPacket) -> Done:
        """See `QuestionDialogue.read`."""
        return self._talk.ended(_ENDINGS.get(packet.error_code, Ending.DEVICE_FAILED), packet)
