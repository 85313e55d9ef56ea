"""How a device is asked, and asked again, by what it answers."""

from __future__ import annotations

from ipaddress import ip_network
from unittest.mock import patch

from tests.flows.school import LAPTOP, NOW, START
from tests.flows.test_disconnect import SILENT, OneSession, nak
from zhuomai_appliance.flows import effects
from zhuomai_appliance.model.access import SessionId
from zhuomai_appliance.model.network import Vendor


class NamesTests(OneSession):
    """What a device's Error-Cause says of how it was asked (semantics §7)."""

    def asked(self) -> list[list[int]]:
        return [[number for number, _ in attributes] for _, _, attributes in self.school.control.asked]

    def test_several_sessions_match(self) -> None:
        """NAK 508 is answered at once with the whole identification, also to a CoA."""
        school = self.school
        school.control.script = [nak(508)]
        school.write(lambda tx: effects.change_sessions_of(tx, self.account_id, school.project, NOW))
        school.dispatch()
        first, second = self.asked()
        self.assertEqual((first[:1], second[:4]), ([44], [44, 31, 8, 1]))
        self.assertEqual(school.effects()[0][:2], ("change:1", "done"))

    def test_wants_more_names_for_ever(self) -> None:
        """A device that asks for more names though it has them all is given up."""
        self.end(nak(402), nak(402), nak(402))
        self.assertEqual((len(self.asked()), self.state()), (2, ("failed", "nak 402 Missing Attribute")))

    def test_device_that_is_not_itself(self) -> None:
        """NAK 403 is answered without the device's own address and name, where they were in the request."""
        named = ((4, bytes(4)), (32, b"ac1"), (44, b"S1"))
        with patch("zhuomai_appliance.flows.asking.disconnect_attributes", lambda *_, **__: named):
            self.end(nak(403))
        self.assertEqual(self.asked(), [[4, 32, 44], [44]])
        self.assertEqual(self.state(), ("done", "ack"))

    def test_device_that_is_not_itself_without_having_been_named(self) -> None:
        """Where nothing can be left out, the refusal is what the operator is told."""
        self.end(nak(403))
        self.assertEqual((len(self.asked()), self.state()[0]), (1, "failed"))

    def test_residual_context(self) -> None:
        """Error-Cause 201 in a NAK is a session that has ended."""
        self.end(nak(201))
        self.assertEqual(self.state()[0], "done")

    def test_two_ports_of_mikrotik(self) -> None:
        """A router that is silent is asked at one of two documented ports: the other is named to the operator."""
        school = self.school
        nas = school.add_nas(name="ros", address=ip_network("192.0.2.7"), vendor=Vendor.MIKROTIK)
        school.report(START, sid="R1", mac=LAPTOP, ip=None, nas=nas)
        school.control.script = [SILENT]
        school.write(lambda tx: effects.end_session(tx, SessionId(2), school.project, "kicked", NOW))
        school.dispatch()
        self.assertEqual(school.effects()[0][2], "no answer at port 3799; this maker also uses 1700")
