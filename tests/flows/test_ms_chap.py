"""MS-CHAP as PPPoE servers and VPN gateways send it: both ends prove themselves, and keys come of it."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import School, first, reason, station
from tests.vendors.examples import a_packet
from zhuomai_appliance.flows.ports import AccessAnswer
from zhuomai_appliance.radius import mschap
from zhuomai_appliance.radius.hidden import hidden_attributes, reveal
from zhuomai_appliance.radius.packet import Code, Secret, sub_attributes, vendor_attribute
from zhuomai_appliance.radius.passwords import reveal_pap

CHALLENGE, PEER = bytes(range(16)), bytes(range(100, 116))
MICROSOFT = 311


def said(answer: AccessAnswer, number: int) -> bytes:
    """A value of Microsoft's; empty without it."""
    for at, value in answer.attributes:
        if at == 26 and value[:4] == MICROSOFT.to_bytes(4, "big"):
            for sub, inside in sub_attributes(value):
                if sub == number:
                    return inside
    return b""


class MsChapTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = School()
        self.school.person("20260001", self.school.plan())

    def version_2(self, password: str = "pass-word", name: str = "20260001") -> AccessAnswer:
        hashed = mschap.challenge_hash(PEER, CHALLENGE, name.encode())
        response = mschap.challenge_response(hashed, mschap.nt_hash(password.encode()))
        return self.school.ask(
            a_packet(
                [
                    (1, name.encode()),
                    *station("a4:5e:60:aa:bb:cc", None),
                    vendor_attribute(MICROSOFT, 11, CHALLENGE),
                    vendor_attribute(MICROSOFT, 25, b"\7\0" + PEER + bytes(8) + response),
                ]
            ),
            None,
        )

    def version_1(self, password: str = "pass-word", *, allowed: bool = True, flags: int = 1) -> AccessAnswer:
        nas = replace(self.school.nas, quirks=MappingProxyType({"ms_chap_v1": allowed}))
        response = mschap.challenge_response(CHALLENGE[:8], mschap.nt_hash(password.encode()))
        return self.school.ask(
            a_packet(
                [
                    (1, b"20260001"),
                    vendor_attribute(MICROSOFT, 11, CHALLENGE[:8]),
                    vendor_attribute(MICROSOFT, 1, bytes((7, flags)) + bytes(24) + response),
                ]
            ),
            None,
            nas,
        )

    def test_version_2_proves_both_ends(self) -> None:
        """MS-CHAP2-Success repeats the identifier and has our proof; two keys of 16 octets are hidden by the port."""
        answer = self.version_2()
        self.assertIs(answer.code, Code.ACCESS_ACCEPT)
        known = mschap.nt_hash(b"pass-word")
        response = mschap.challenge_response(mschap.challenge_hash(PEER, CHALLENGE, b"20260001"), known)
        ours = mschap.authenticator_response(known, response, PEER, CHALLENGE, b"20260001")
        self.assertEqual(said(answer, 26), b"\7" + ours)
        keys = mschap.keys_2(known, response)
        self.assertEqual(
            {value.number: value.clear for value in answer.hidden}, {16: keys.send, 17: keys.receive}
        )
        self.assertEqual((said(answer, 7), said(answer, 8)), (b"\0\0\0\1", b"\0\0\0\6"))
        self.assertEqual(self.school.rows("SELECT proof_kind FROM attempt_202611"), [("mschapv2",)])

    def test_a_wrong_password(self) -> None:
        """MS-CHAP-Error says 691, no further try, and the sentence; Reply-Message says it too."""
        answer = self.version_2("guess")
        self.assertEqual(reason(answer), "bad_credentials")
        error = said(answer, 2)
        self.assertTrue(
            error.startswith(b"\7E=691 R=0 C=" + CHALLENGE.hex().upper().encode() + b" V=3 M=X01 ")
        )
        self.assertEqual(answer.hidden, ())
        self.assertEqual(said(answer, 26), b"")

    def test_other_refusals_have_other_numbers(self) -> None:
        """Windows tells its user of a disabled account, and not to try another password."""
        self.school.person("poor")
        self.assertIn(b"E=649", said(self.version_2(name="poor"), 2))
        self.school.sql("UPDATE account SET locked_until = 0 WHERE username = '20260001'")
        self.assertEqual(reason(self.version_2()), "account_locked")
        self.assertIn(b"E=647", said(self.version_2(), 2))

    def test_the_name_is_hashed_as_it_was_sent(self) -> None:
        """With its realm, though the account is looked up without."""
        self.assertIs(self.version_2(name="20260001@campus").code, Code.ACCESS_ACCEPT)

    def test_wrong_passwords_are_slowed_down(self) -> None:
        """By the same count as everywhere."""
        for _ in range(5):
            self.version_2("guess")
        self.assertEqual(reason(self.version_2()), "wait_before_retry")

    def test_version_1_where_it_is_allowed(self) -> None:
        """Off by default; with the device's quirk it has one attribute of keys, hidden as a password is."""
        refused = self.version_1(allowed=False)
        self.assertEqual(reason(refused), "malformed")
        answer = self.version_1()
        self.assertIs(answer.code, Code.ACCESS_ACCEPT)
        (keys,) = answer.hidden
        self.assertEqual(keys.number, 12)
        secret, authenticator = Secret(b"secret"), bytes(16)
        ((_, value),) = hidden_attributes(answer.hidden, secret, authenticator)
        self.assertEqual(reveal_pap(value[6:], secret, authenticator), keys.clear.rstrip(b"\0"))
        self.assertEqual(keys.clear[8:24], mschap.md4(mschap.nt_hash(b"pass-word")))

    def test_version_1_refusals(self) -> None:
        """Its error has no message and says version 2's predecessor; LAN Manager alone proves nothing."""
        self.assertTrue(said(self.version_1("guess"), 2).endswith(b" V=2"))
        self.assertEqual(reason(self.version_1(flags=0)), "malformed")

    def test_nothing_secret_is_shown(self) -> None:
        """Neither in what is printed of an answer."""
        answer = self.version_2()
        for value in answer.hidden:
            self.assertNotIn(value.clear, repr(answer).encode("latin-1"))
            self.assertIn("16 octets", repr(value))

    def test_keys_of_one_packet_have_their_own_salts(self) -> None:
        """RFC 2548 §2.4.2: the top bit set, no two alike; the device reveals what was hidden."""
        answer = self.version_2()
        secret, authenticator = Secret(b"secret"), bytes(range(16))
        made = [value[6:] for _, value in hidden_attributes(answer.hidden, secret, authenticator)]
        self.assertEqual(len({value[:2] for value in made}), 2)
        self.assertTrue(all(value[0] & 0x80 for value in made))
        revealed = [reveal(value, secret, authenticator) for value in made]
        self.assertEqual(revealed, [value.clear for value in answer.hidden])
        self.assertEqual(first(answer, 2), b"")
