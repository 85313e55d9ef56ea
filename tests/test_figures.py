"""What /metrics tells of parts of the daemon that can be had without all of it."""

from __future__ import annotations

from tests.flows.dot1x import ConversationCase, Supplicant, with_tls
from tests.flows.school import School
from tests.radius.tls_peer import Peer
from zhuomai_appliance.figures import of_eap
from zhuomai_appliance.flows.eap_talks import TALK_SECONDS
from zhuomai_appliance.radius import eap


class EapTests(ConversationCase):
    def told(self, school: School | None = None) -> dict[str, float]:
        """Every figure that is not 0, by its name and labels."""
        desk = (school or self.school).access.eap
        return {
            " ".join((sample.metric.name.removeprefix("zhuomai_eap_"), *sample.labels)): float(sample.value)
            for sample in of_eap(desk)
            if isinstance(sample.value, int | float) and sample.value
        }

    def test_every_end_is_told_by_method_and_outcome(self) -> None:
        """Granted, refused by the proof or by the rules, or broken; before a method it is none of them."""
        Supplicant(self.school).ttls(Peer())
        Supplicant(self.school).ms_chap()
        Supplicant(self.school).ms_chap("guess")
        self.school.person("poor")
        Supplicant(self.school, "poor").ms_chap()
        device = Supplicant(self.school)
        device.want(eap.TTLS)
        device.respond(eap.TTLS, b"\0nonsense")
        Supplicant(self.school).send(eap.response(1, eap.IDENTITY, b""))
        self.assertEqual(
            self.told(),
            {
                "begun_total": 6,
                "ended_total ttls granted": 1,
                "ended_total mschapv2 granted": 1,
                "ended_total mschapv2 refused": 2,
                "ended_total ttls broken": 1,
                "ended_total none broken": 1,
            },
        )

    def test_what_never_ends_is_told_too(self) -> None:
        """Open, grown old, pushed out, and packets of no conversation."""
        school = with_tls(School(), conversations=2)
        for _ in range(3):
            Supplicant(school).identify()
        Supplicant(school).send(eap.response(1, eap.IDENTITY, b"x"), state=bytes(16))
        self.assertEqual(
            self.told(school), {"open": 2, "begun_total": 3, "lost_total no_room": 1, "stray_total": 1}
        )
        school.clock.advance(TALK_SECONDS)
        school.access.eap.talks.sweep()
        told = self.told(school)
        self.assertEqual((told.get("open"), told["lost_total expired"]), (None, 2))

    def test_whoever_comes_back_is_told(self) -> None:
        """By password in a tunnel, with either version of TLS."""
        for version in ("TLSv1.2", "TLSv1.3"):
            peer = Peer(version)
            Supplicant(self.school).ttls(peer)
            peer.keep()
            peer.connect()
            device = Supplicant(self.school)
            device.shake(peer)
            if version == "TLSv1.3":  # which hears from inside that it is over, and says that it heard
                device.respond(eap.TTLS, b"\0")
        told = self.told()
        self.assertEqual((told["resumed_total ttls"], told["ended_total ttls granted"]), (2, 4))
