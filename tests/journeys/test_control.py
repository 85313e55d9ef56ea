"""Changes that reach a running session: by CoA, by Disconnect where the device cannot, and what happens when it is deaf.

A real process and a virtual access controller over real sockets; what the controller did is compared with the books.
"""

from __future__ import annotations

import pytest

from tests.journeys.campus import Ac, Phone, pause, until
from tests.journeys.test_story import MB, StoryCase

pytestmark = pytest.mark.slow

ACCOUNT = """
[[account]]
username = "wang"
rate = "{rate}"
"""
NEW_RATE = """
[[rate]]
name = "own"
up = "3M"
down = "6M"
"""


class ControlTests(StoryCase):
    async def online(self, ac: Ac) -> Phone:
        """Wang's phone, online at an AC, its Start in the books."""
        await self.connect(ac)
        phone = Phone(self.reactor, ac)
        await phone.log_in("wang", "wang-password")
        await self.until("the Start in the books", "SELECT stopped_at FROM session", (None,))
        return phone

    async def apply(self, text: str) -> None:
        await self.command("apply", str(self.box.write("change.toml", text)))

    async def test_rate_of_a_live_session(self) -> None:
        """A rate given to a person who is online is in force at the AC within seconds, and proved by its next interim."""
        ac = Ac(self.reactor, self.box, 51)
        phone = await self.online(ac)
        session = phone.session
        self.assertEqual(session.down_bps, 8_000_000)
        await self.apply(NEW_RATE + ACCOUNT.format(rate="own"))
        await until(
            self.reactor, "the CoA", lambda: (session.up_bps, session.down_bps) == (3_000_000, 6_000_000)
        )
        self.assertIs(phone.station.session, session)
        await self.until(
            "its result", "SELECT state, result FROM outbox WHERE kind = 'change'", ("done", "ack")
        )
        await pause(self.reactor, 1.1)
        # An interim of a later second than the acknowledgement
        await ac.report(phone.station)
        await self.until(
            "the proof",
            "SELECT state, result FROM outbox WHERE kind = 'verify'",
            ("done", "the device reports the rate that it was given"),
        )

    async def test_device_that_refuses_to_change(self) -> None:
        """NAK to the CoA: the session is ended instead, and comes back at the new speed."""
        ac = Ac(self.reactor, self.box, 52, serves_coa=False)
        phone = await self.online(ac)
        await self.apply(NEW_RATE + ACCOUNT.format(rate="own"))
        await until(self.reactor, "the Disconnect", lambda: phone.station.session is None)
        self.assertEqual((ac.core.dae.counts["COA_NAK"], ac.core.dae.counts["DISCONNECT_ACK"]), (1, 1))
        await self.until("the Stop in the books", "SELECT closed_by FROM session", ("stop",))
        await phone.log_in("wang", "wang-password")
        self.assertEqual(phone.session.down_bps, 6_000_000)

    async def test_deaf_device(self) -> None:
        """A device that hears nothing: the session is marked, and ended as soon as the device reports and hears again."""
        ac = Ac(self.reactor, self.box, 53)
        await self.connect(ac)
        phone = Phone(self.reactor, ac)
        await phone.log_in("li", "李的口令")
        number = await ac.deafen()
        ac.use(phone.session, 0, 11 * MB)
        await ac.report(phone.station)
        # The Disconnect is sent three times within 14 seconds
        await until(
            self.reactor,
            "the mark",
            lambda: self.box.rows("SELECT why, said FROM must_reauth") == [("used_up", "no answer")],
            20,
        )
        self.assertIsNotNone(phone.station.session)
        ac.hear_again(number)
        await ac.report(phone.station)
        await until(self.reactor, "the Disconnect", lambda: phone.station.session is None)
        await self.until("the Stop in the books", "SELECT closed_by FROM session", ("stop",))
