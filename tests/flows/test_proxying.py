"""Realms: whose a login is, what becomes of it here, and what a server elsewhere may say of it."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest

from tests.fakes.home import says, silence
from tests.flows.roamers import Roamers
from tests.flows.school import NOW, PHONE, first
from tests.vendors.examples import a_packet
from zhuomai_appliance.flows.access import HomeSilent
from zhuomai_appliance.flows.proxying import PATIENCE_SECONDS, NotAsked, Tending
from zhuomai_appliance.flows.roster import IDLE_SECONDS, PROBE_SECONDS, Standing
from zhuomai_appliance.model.roaming import WhenSilent
from zhuomai_appliance.radius.hidden import HiddenValue
from zhuomai_appliance.radius.packet import Code, vendor_attribute
from zhuomai_appliance.radius.values import integer_value

ACCEPT, REJECT, CHALLENGE = Code.ACCESS_ACCEPT, Code.ACCESS_REJECT, Code.ACCESS_CHALLENGE
CAMPUS = (30, b"00-11-22-33-44-55:eduroam")


@pytest.fixture
def school() -> Roamers:
    return Roamers()


# Realms of our own ------------------------------------------------------------------------------------------------------


def test_without_realms_a_name_is_cut_as_ever(school: Roamers) -> None:
    """A school that declares nothing serves «name@anything» by the name before it."""
    school.person("lisi", school.plan())
    assert school.login("lisi@anything").code is ACCEPT
    school.realm("staff")
    assert school.login("lisi@anything").code is ACCEPT


def test_a_local_realm_may_be_one_groups_alone(school: Roamers) -> None:
    """Only accounts of the group or below it log in by the realm, whether the name or the network says it."""
    staff = school.group("staff")
    library = school.group("library", staff)
    plan = school.plan()
    school.person("teacher", plan, group_id=library)
    school.person("student", plan)
    school.realm("staff", group_id=staff, ssids=("Staff",))
    assert school.login("teacher@STAFF").code is ACCEPT
    assert school.login("student@staff").code is REJECT
    at_staff = (30, b"00-11-22-33-44-55:Staff")
    assert school.login("student", "pass-word", PHONE, None, at_staff).code is REJECT
    assert school.login("student").code is ACCEPT
    assert school.attempts()[1] == (0, "place_not_allowed")


def test_a_local_realm_may_be_part_of_the_name(school: Roamers) -> None:
    """Without `strip` the whole name is the account's, in logins and in reports."""
    account = school.person("li@mail.cn", school.plan())
    school.person("li")
    school.realm("mail.cn", strip=False)
    assert school.login("li@mail.cn").code is ACCEPT
    assert school.login("LAB\\li@mail.cn").code is ACCEPT
    school.report(1, name="LAB\\li@mail.cn")
    assert school.only_session().session.account_id == account


def test_a_refused_realm_is_told_why(school: Roamers) -> None:
    """The operator's words reach the rule's facts, and nobody is looked up; the star stands for all that are not named."""
    school.person("lisi", school.plan())
    school.realm("*", reject="no visitors")
    school.realm("here")
    assert school.login("lisi@here").code is ACCEPT
    assert school.login("lisi@there").code is REJECT
    assert school.login("lisi").code is ACCEPT
    assert school.attempts()[1] == (0, "realm_refused")


def test_the_longest_domain_wins(school: Roamers) -> None:
    """A realm of its own before the domain it lies in, that before the one around it, the star last."""
    for name in (".cn", ".edu.cn", "xidian.edu.cn", "*"):
        school.realm(name, reject=name)
    realms = school.tables.realms(school.project)
    assert realms is not None
    for name, wanted in (
        ("xidian.edu.cn", "xidian.edu.cn"),
        ("XJTU.edu.cn", ".edu.cn"),
        ("a.b.edu.cn", ".edu.cn"),
        ("edu.cn", ".cn"),
        ("mit.edu", "*"),
    ):
        found = realms.find(name, None)
        assert found is not None and found.realm.name == wanted, name


# Passed on --------------------------------------------------------------------------------------------------------------


def test_a_guest_is_passed_on_and_let_in(school: Roamers) -> None:
    """The other server says who it is and for how long; the Class, the interval and the service are ours."""
    school.away()
    school.home.script["near"] = [
        says(
            ACCEPT,
            (1, b"inner@edu.cn"),
            (25, b"their-class"),
            (27, integer_value(1800)),
            (11, b"root"),
            vendor_attribute(2011, 5, integer_value(10**9)),
            hidden=[HiddenValue(311, 16, b"send")],
        )
    ]
    answer = school.login("zhang@edu.cn")
    assert answer.code is ACCEPT
    assert answer.hidden == (HiddenValue(311, 16, b"send"),)
    numbers = [number for number, _ in answer.attributes]
    assert first(answer, 1) == b"inner@edu.cn"
    assert first(answer, 27) == integer_value(1800)
    assert first(answer, 85) == integer_value(300)
    assert first(answer, 25).startswith(b"z2") and numbers.count(25) == 1
    assert 11 not in numbers and not any(
        value.startswith(b"\0\0\x07\xdb\x05") for _, value in answer.attributes
    )
    ((name, attributes, password),) = school.home.asked
    assert (name, password) == ("near", b"pass-word")
    assert [number for number, _ in attributes].count(33) == 1
    assert 2 not in dict(attributes)
    assert school.attempts() == [(1, "")]


def test_what_a_server_may_set_is_said_in_its_entry(school: Roamers) -> None:
    """Attributes that the entry names come through, those beside them do not."""
    school.server(
        "guide", accept_attributes=("Tunnel-Private-Group-Id", "HW-Input-Committed-Information-Rate")
    )
    school.realm("edu.cn", upstreams=("guide",))
    rate = vendor_attribute(2011, 2, integer_value(8_000_000))
    school.home.script["guide"] = [says(ACCEPT, (81, b"100"), (88, b"pool"), rate)]
    answer = school.login("zhang@edu.cn")
    assert (81, b"100") in answer.attributes
    assert rate in answer.attributes
    assert 88 not in dict(answer.attributes)


def test_a_name_from_elsewhere_must_be_of_its_realm(school: Roamers) -> None:
    """A device would report under it: «zhang», or somebody of another realm, is not theirs to name."""
    school.away()
    for name, kept in ((b"inner@EDU.cn", True), (b"zhang", False), (b"boss@staff", False), (b"\xff@", False)):
        school.home.script["near"] = [says(ACCEPT, (1, name))]
        answer = school.login("anonymous@edu.cn")
        assert ((1, name) in answer.attributes) is kept


def test_a_refusal_from_elsewhere_is_recorded_as_one(school: Roamers) -> None:
    """Its words reach the user and the record; a second server is not asked whether it thinks otherwise."""
    school.away()
    school.home.script["near"] = [says(REJECT, (18, b"expired"), (27, integer_value(9)))]
    answer = school.login("zhang@edu.cn")
    assert (answer.code, answer.attributes, answer.delay_seconds) == (REJECT, ((18, b"expired"),), 0.0)
    assert school.home.names() == ["near"]
    assert school.attempts() == [(0, "home_refused")]
    school.home.script["near"] = [says(REJECT)]
    assert first(school.login("zhang@edu.cn"), 18) == b"X01 refused: home_refused"


def test_the_next_server_is_asked_when_one_is_silent(school: Roamers) -> None:
    """And is asked first from then on, until the silent one is heard of again."""
    school.away()
    school.home.script["far"] = [says(ACCEPT), says(ACCEPT)]
    assert school.login("zhang@edu.cn").code is ACCEPT
    assert school.login("zhang@edu.cn").code is ACCEPT
    assert school.home.names() == ["near", "far", "far"]
    school.roster.answered(school.servers["near"], 0.0)
    school.home.script["near"] = [says(ACCEPT)]
    assert school.login("zhang@edu.cn").code is ACCEPT
    assert school.home.names()[-1] == "near"


def test_nobody_answers(school: Roamers) -> None:
    """The device hears nothing and asks again, or is refused where the realm says so; both are recorded."""
    school.away()
    with pytest.raises(HomeSilent):
        school.login("zhang@edu.cn")
    school.away(when_silent=WhenSilent.REJECT)
    assert school.login("zhang@edu.cn").code is REJECT
    assert school.attempts() == [(0, "home_silent")] * 2


def test_nobody_is_asked_for_a_device_that_waits_no_more(school: Roamers) -> None:
    """With patient entries the device would have asked again before the last server is asked."""
    school.away()

    def slow(asked: object) -> None:
        school.clock.advance(PATIENCE_SECONDS)

    school.home.script["near"] = [slow]
    with pytest.raises(HomeSilent):
        school.login("zhang@edu.cn")
    assert school.home.names() == ["near"]


def test_an_answer_without_our_proxy_state_is_none(school: Roamers) -> None:
    """RFC 2865 §5.33: whoever does not give it back has answered something else."""
    school.away()
    school.home.script["near"] = [lambda asked: says(ACCEPT)([(33, b"other")])]
    school.home.script["far"] = [says(REJECT)]
    assert school.login("zhang@edu.cn").code is REJECT
    assert school.roster.state(school.servers["near"]).refused == 1


def test_a_request_that_comes_back_goes_no_further(school: Roamers) -> None:
    """Our own Proxy-State inside, or too many of others', is a circle."""
    school.away()
    school.home.script["near"] = [silence]
    with pytest.raises(HomeSilent):
        school.login("zhang@edu.cn")
    mark = dict(school.home.asked[0][1])[33]
    for states in ([mark], [b"%d" % hop for hop in range(8)]):
        answer = school.login("zhang@edu.cn", "x", PHONE, None, *[(33, state) for state in states])
        assert answer.code is REJECT
    assert len(school.home.asked) == 2
    assert school.attempts()[-1] == (0, "realm_refused")


def test_a_server_is_not_asked_about_what_it_asked(school: Roamers) -> None:
    """Two schools may pass guests to each other; a request does not go back to where it came from."""
    school.away()
    nas = school.add_nas(name="far school", address=ip_network("198.51.100.7"), secret=b"s")
    school.home.script["near"] = [says(ACCEPT)]
    with pytest.raises(HomeSilent):
        school.login("zhang@edu.cn", nas=nas)
    assert not school.home.asked


def test_names_are_passed_on_as_the_realm_says(school: Roamers) -> None:
    """With or without the realm; beside EAP and MS-CHAP-v2 untouched, since the proof covers the name."""
    school.realm("edu.cn", upstreams=("near",), strip=True)
    school.realm("hotel", upstreams=("near",), strip=False, ssids=("eduroam",))
    eap, ms_chap = (79, b"\2\1\0\5\1"), vendor_attribute(311, 25, bytes(50))
    for name, more, wanted in (
        ("zhang@edu.cn", (), b"zhang"),
        ("zhang@EDU.CN", (), b"zhang"),
        ("zhang", (CAMPUS,), b"zhang@hotel"),
        ("LAB\\zhang@edu.cn", (), b"LAB\\zhang"),
        ("LAB\\zhang@edu.cn", (eap,), b"LAB\\zhang@edu.cn"),
        ("zhang@edu.cn", (CAMPUS, eap), b"zhang@edu.cn"),
        ("zhang", (CAMPUS, ms_chap), b"zhang"),
    ):
        proof = [] if eap in more or ms_chap in more else [(2, bytes(16))]
        packet = a_packet([(1, name.encode()), *more, *proof])
        with pytest.raises(HomeSilent):
            school.ask(packet, b"x" if proof else None)
        assert school.names_sent()[-1] == wanted


def test_a_chap_challenge_is_written_down(school: Roamers) -> None:
    """It was the request's own authenticator, and the next request has another."""
    school.away()
    with pytest.raises(HomeSilent):
        school.login("zhang@edu.cn", chap=True)
    assert dict(school.home.asked[0][1])[60] == bytes(range(16))


def test_eap_ends_with_failure_whatever_the_server_forgot(school: Roamers) -> None:
    """A Reject without EAP-Message, or with a Success in it, reaches the terminal as EAP-Failure under its own identifier."""
    school.away()
    asked = a_packet([(1, b"zhang@edu.cn"), (79, b"\2\7\0\5\1")])
    own, wrong = (79, b"\4\x09\0\4"), (79, b"\3\7\0\4")
    for said, wanted in (
        ((), [(79, b"\4\7\0\4")]),
        (((18, b"expired"),), [(79, b"\4\7\0\4")]),
        ((wrong,), [(79, b"\4\7\0\4")]),
        ((own,), [own]),
    ):
        school.home.script["near"] = [says(REJECT, *said)]
        answer = school.ask(asked, None)
        assert (answer.code, list(answer.attributes)) == (REJECT, wanted)
    assert school.rows("SELECT detail FROM attempt_202611 ORDER BY id")[1] == ("near: expired",)


def test_a_conversation_stays_with_its_server(school: Roamers) -> None:
    """A challenge goes back to whoever made it, also when another server would be asked first."""
    school.away()
    school.home.script["far"] = [says(CHALLENGE, (24, b"state-1"), (79, b"\1\2\0\5\x04")), says(ACCEPT)]
    name = (1, b"zhang@edu.cn")
    challenge = school.ask(a_packet([name, (79, b"\2\1\0\5\1")]), None)
    assert (challenge.code, dict(challenge.attributes)[24]) == (CHALLENGE, b"state-1")
    assert school.access.is_under_way(school.nas, b"state-1")
    assert not school.access.is_under_way(school.nas, b"state-2")
    school.roster.answered(school.servers["near"], 0.0)
    answer = school.ask(a_packet([name, (79, b"\2\2\0\5\4"), (24, b"state-1")]), None)
    assert answer.code is ACCEPT
    assert school.home.names() == ["near", "far", "far"]
    assert school.attempts() == [(1, "")]


def test_our_lists_come_first_and_mistyped_realms_stay(school: Roamers) -> None:
    """A device that is blocked here asks nobody; neither does «zhang@edu..cn»."""
    school.away("*")
    school.sql(
        "INSERT INTO access_list (project_id, kind, action, value, reason, expires_at, created_at)"
        f" VALUES ({school.project}, 'mac', 'deny', '{PHONE}', 'stolen', NULL, {NOW})"
    )
    school.reload()
    assert school.login("zhang@edu.cn").code is REJECT
    assert school.login("zhang@edu..cn", mac=None).code is REJECT
    assert school.login("zhang@edu cn", mac=None).code is REJECT
    assert not school.home.asked
    assert [reason for _, reason in school.attempts()] == ["device_blocked", "realm_refused", "realm_refused"]


def test_a_devices_address_is_our_own_matter(school: Roamers) -> None:
    """A silent login is looked up here, on a guests' network too."""
    school.away(ssids=("eduroam",))
    assert school.login_by_mac(PHONE, CAMPUS).code is REJECT
    assert not school.home.asked


# How servers are doing ----------------------------------------------------------------------------------------------------


def test_a_dead_server_is_probed_until_it_answers(school: Roamers) -> None:
    """Three silences in a row make it dead; Status-Server finds it alive again without a login's help."""
    school.away()
    near = school.servers["near"]
    tending = Tending(school.home, school.roster, school.tables.upstreams)
    assert school.run(tending.run()) == 0
    for _ in range(3):
        school.roster.was_silent(near)
    assert school.roster.state(near).standing is Standing.DEAD
    school.clock.advance(PROBE_SECONDS)
    school.home.lives = False
    assert school.run(tending.run()) == 1
    assert school.roster.state(near).standing is Standing.DEAD
    school.clock.advance(PROBE_SECONDS)
    school.home.lives = True
    school.run(tending.run())
    assert school.roster.state(near).standing is Standing.ALIVE
    school.clock.advance(IDLE_SECONDS)
    school.run(tending.run())
    assert school.home.probes == ["near", "near", "near", "far"]


def test_all_servers_dead_is_no_reason_not_to_ask(school: Roamers) -> None:
    """One of them is asked all the same, so that our opinion alone locks nobody out."""
    school.away()
    for server in school.servers.values():
        for _ in range(3):
            school.roster.was_silent(server)
    school.home.script["near"] = [says(ACCEPT)]
    assert school.login("zhang@edu.cn").code is ACCEPT
    assert school.home.names() == ["near"]


def test_a_question_that_cannot_be_sent_says_nothing_of_the_server(school: Roamers) -> None:
    """Too long for one, too many for another: nobody is thought dead for it."""
    school.away()
    near, far = school.servers["near"], school.servers["far"]
    school.home.refuses = {"near": NotAsked("too long", is_hopeless=True)}
    for _ in range(4):
        school.home.script["far"] = [says(ACCEPT)]
        assert school.login("zhang@edu.cn").code is ACCEPT
    assert school.roster.state(near).standing is Standing.ALIVE
    assert school.roster.state(far).standing is Standing.ALIVE


def test_a_changed_entry_is_judged_anew(school: Roamers) -> None:
    """What was thought of the former address says nothing of the new one, nor does what still comes of questions to it."""
    near = school.servers["near"]
    for _ in range(3):
        school.roster.was_silent(near)
    assert school.roster.state(near).standing is Standing.DEAD
    moved = replace(near, address="198.51.100.77")
    assert school.roster.state(moved).standing is Standing.ALIVE
    for _ in range(3):
        assert not school.roster.was_silent(near)
    school.roster.refused(near)
    school.roster.answered(near, 0.0)
    state = school.roster.state(moved)
    assert (state.standing, state.silent, state.answered, state.refused) == (Standing.ALIVE, 0, 0, 0)
    assert [one.name for one in school.roster.states()] == ["near"]


def test_words_from_elsewhere_are_kept_short_and_plain(school: Roamers) -> None:
    """What another server says is stored and shown: no control characters, no page of it."""
    school.away()
    school.home.script["near"] = [says(REJECT, (18, b"\x1b[31m" + b"x" * 240))]
    school.login("zhang@edu.cn")
    ((detail,),) = school.rows("SELECT detail FROM attempt_202611")
    assert "\x1b" not in detail
    assert len(detail) < 220
