"""Whose address is it? Everything in a redirect comes from a browser (contract: «Whose address is it?»)."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace
from ipaddress import ip_network

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import DAY, NOW, PHONE, PHONE_IP, School
from zhuomai_appliance.flows.visitors import Online, Reception, Visitor
from zhuomai_appliance.model.access import Reason, Rejection
from zhuomai_appliance.model.people import AccountId

NAT = "203.0.113.9"
"""A peer that lies in no device's user networks."""


def query(**values: str) -> dict[str, list[str]]:
    return {name.replace("_", "-"): [value] for name, value in values.items()}


class ReceptionTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = School()
        self.reception = self.school.reception

    def refused(self, got: Visitor | Rejection) -> Reason:
        assert isinstance(got, Rejection), got
        return got.reason

    def test_peer_of_a_user_network_is_the_user(self) -> None:
        """Where the client speaks to us itself its own address counts, with or without the query's word for it."""
        for words in (query(userip=PHONE_IP, ac_ip="192.0.2.1"), query(ac_ip="192.0.2.1"), {}):
            got = self.reception.receive(words, PHONE_IP, NOW)
            assert isinstance(got, Visitor)
            self.assertEqual((got.nas_id, got.user_ip), (self.school.nas.id, PHONE_IP))

    def test_peer_cannot_claim_a_neighbours_address(self) -> None:
        """A client that names another address than its own is refused."""
        got = self.reception.receive(query(userip="10.9.1.77"), PHONE_IP, NOW)
        self.assertEqual(self.refused(got), Reason.DEVICE_UNKNOWN_TO_NAS)

    def test_behind_a_nat_the_query_is_believed_within_the_networks(self) -> None:
        """Through NAT the query's address is taken if its device can have such a client, else refused."""
        got = self.reception.receive(query(userip=PHONE_IP, ac_ip="192.0.2.1", usermac=PHONE), NAT, NOW)
        assert isinstance(got, Visitor)
        self.assertEqual((got.user_ip, got.mac), (PHONE_IP, PHONE))
        for words in (query(userip="10.77.0.1", ac_ip="192.0.2.1"), query(ac_ip="192.0.2.1")):
            self.assertEqual(self.refused(self.reception.receive(words, NAT, NOW)), Reason.DEVICE_UNKNOWN_TO_NAS)  # fmt: skip

    def test_one_machine_of_a_network_of_devices(self) -> None:
        """Where the entry is a network the login goes to the machine the redirect names, which must lie in it."""
        nas = self.school.add_nas(
            name="acs",
            identifier="acs",
            address=ip_network("198.51.100.0/24"),
            user_networks=(ip_network("10.8.0.0/16"),),
        )
        got = self.reception.receive(query(userip="10.8.0.5", ac_ip="198.51.100.7"), NAT, NOW)
        assert isinstance(got, Visitor)
        again = self.reception.from_form(self.reception.form_token(got), NOW)
        assert isinstance(again, Visitor)
        self.assertEqual(again, got)
        machine = self.reception.nas_of(again)
        assert machine is not None
        self.assertEqual((machine.id, machine.host, machine.is_single_host), (nas.id, "198.51.100.7", True))
        for words in (query(userip="10.8.0.5"), query(userip="10.8.0.5", ac_ip="acs")):
            self.assertEqual(
                self.refused(self.reception.receive(words, NAT, NOW)), Reason.DEVICE_UNKNOWN_TO_NAS
            )
        self.assertIsNone(self.reception.nas_of(replace(got, device="203.0.113.1")))
        self.assertIsNone(self.reception.nas_of(replace(got, device=None)))

    def test_device_by_address_name_or_elimination(self) -> None:
        """The device is the one named, or the only one that can have this client; two candidates are none."""
        school = self.school
        other = school.add_nas(
            name="ac2", identifier="ac2", address=ip_network("192.0.2.2"), user_networks=()
        )
        for said, nas in (
            ("192.0.2.2", other),
            ("ac2", other),
            ("ac1", school.nas),
            ("unheard-of", school.nas),
        ):
            got = self.reception.receive(query(userip=PHONE_IP, wlanacname=said), NAT, NOW)
            assert isinstance(got, Visitor)
            self.assertEqual(got.nas_id, nas.id, said)
        got = self.reception.receive(query(userip="10.77.0.1", wlanacname="unheard-of"), NAT, NOW)
        self.assertEqual(self.refused(got), Reason.DEVICE_UNKNOWN_TO_NAS)

    def test_hostile_query(self) -> None:
        """Nothing in a query raises: broken addresses, endless values, foreign schemes."""
        for words in (
            query(userip="10.9.1.2' OR 1=1", ac_ip="192.0.2.1"),
            query(userip=PHONE_IP, ac_ip="\x00" * 9000),
            query(userip=PHONE_IP, url="javascript:alert(1)"),
        ):
            got = self.reception.receive(words, NAT, NOW)
            self.assertTrue(isinstance(got, Rejection) or got.original_url is None)
        self.assertIsInstance(self.reception.receive(query(userip=PHONE_IP), "not an address", NOW), Visitor)


class TokenTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = School()
        self.reception = self.school.reception
        self.visitor = replace(self.school.visitor(), original_url="http://example.com/?a=1&b=张")

    def test_form_token_carries_the_visitor_for_an_hour(self) -> None:
        """What the form was made with comes back whole, until it lay open for an hour."""
        token = self.reception.form_token(self.visitor)
        self.assertEqual(self.reception.from_form(token, NOW + 3600), self.visitor)
        got = self.reception.from_form(token, NOW + 3601)
        self.assertEqual(got, Rejection(Reason.PAGE_EXPIRED, "older than an hour"))

    def test_clock_that_was_set_back(self) -> None:
        """A minute of a clock set back is borne; a token from the future is not."""
        token = self.reception.form_token(self.visitor)
        self.assertEqual(self.reception.from_form(token, NOW - 60), self.visitor)
        self.assertIsInstance(self.reception.from_form(token, NOW - 61), Rejection)

    def test_every_changed_bit_is_noticed(self) -> None:
        """No octet of a token can be changed, and nothing that is no token is taken for one."""
        token = self.reception.form_token(self.visitor)
        whole = bytearray(urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        for at in range(len(whole)):
            changed = bytes(octet ^ (i == at) for i, octet in enumerate(whole))
            got = self.reception.from_form(urlsafe_b64encode(changed).decode().rstrip("="), NOW)
            self.assertIsInstance(got, Rejection, at)
        for junk in ("", "x", "é" * 40, "A" * 5000, token[:-1], token + token):
            self.assertIsInstance(self.reception.from_form(junk, NOW), Rejection, junk)

    def test_tokens_have_one_purpose_and_one_key(self) -> None:
        """A form's token opens no online page, and another installation's token opens nothing here."""
        online = Online(self.visitor, AccountId(5))
        form, link = self.reception.form_token(self.visitor), self.reception.online_token(online, NOW)
        self.assertIsNone(self.reception.from_online(form, NOW))
        self.assertIsInstance(self.reception.from_form(link, NOW), Rejection)
        other = School()
        other.vault = type(other.vault)(bytes(32), other.entropy)
        foreign = Reception(other.tables, other.vault)
        self.assertIsInstance(foreign.from_form(form, NOW), Rejection)

    def test_online_link_lives_a_week(self) -> None:
        """The link to figures and logout names its account and ends after seven days."""
        link = self.reception.online_token(Online(self.visitor, AccountId(5)), NOW)
        got = self.reception.from_online(link, NOW + 7 * DAY)
        self.assertEqual(got, Online(self.visitor, AccountId(5)))
        self.assertIsNone(self.reception.from_online(link, NOW + 7 * DAY + 1))


RECEPTION = School().reception


@given(st.text(max_size=200), st.dictionaries(st.text(max_size=12), st.lists(st.text(max_size=40), max_size=2), max_size=4), st.text(max_size=40))  # fmt: skip
def test_nothing_a_browser_sends_raises(token: str, words: dict[str, list[str]], peer: str) -> None:
    """Any token, any query and any peer get an answer."""
    assert isinstance(RECEPTION.from_form(token, NOW), Rejection)
    assert RECEPTION.from_online(token, NOW) is None
    assert isinstance(RECEPTION.receive(words, peer, NOW), Visitor | Rejection)
