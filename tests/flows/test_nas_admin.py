"""Entering, changing and removing access devices, and trying whether one answers."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest
from twisted.internet.defer import Deferred, succeed

from tests.flows.school import School
from zhuomai_appliance.flows.nas_admin import NasAdmin, NasRefused
from zhuomai_appliance.flows.nas_check import PATIENCE_SECONDS, Finding, Mark, NasChecker, What
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.ports import ControlOutcome, ControlResult
from zhuomai_appliance.model.network import Nas, NasId, ProjectId
from zhuomai_appliance.portal.terms import Ending, Outcome

BOSS = Actor("boss", "192.0.2.77")


@pytest.fixture
def school() -> School:
    return School()


@pytest.fixture
def admin(school: School) -> NasAdmin:
    return NasAdmin(school.store, school.vault, school.now, school.reload)


def another(nas: Nas, **changes: Any) -> Nas:
    fresh: dict[str, Any] = {"id": NasId(0), "name": "ac2", "address": ip_network("192.0.2.200")}
    return replace(nas, **(fresh | changes))


def refusal(school: School, done: Any) -> str:
    with pytest.raises(NasRefused) as refused:
        school.run(done)
    return refused.value.why


def test_a_new_device_is_met_by_its_next_packet(school: School, admin: NasAdmin) -> None:
    """What was entered is in the table in memory when the call is over, with its secret, and audited."""
    nas_id = school.run(admin.save(BOSS, another(school.nas)))
    found = school.tables.find("192.0.2.200")
    assert found is not None
    assert (found.id, found.secret) == (nas_id, school.nas.secret)
    ((action, after),) = school.rows("SELECT action, after FROM audit WHERE object_id = 'ac2'")
    assert action == "nas.create"
    assert school.nas.secret.decode() not in after


def test_two_devices_share_neither_address_nor_name(school: School, admin: NasAdmin) -> None:
    """The one in the way is named; nothing is written."""
    assert refusal(school, admin.save(BOSS, another(school.nas, address=school.nas.address))) == "address"
    assert refusal(school, admin.save(BOSS, another(school.nas, name=school.nas.name))) == "name"
    assert len(school.tables.all_nas()) == 1


def test_a_form_made_before_somebodys_change_changes_nothing(school: School, admin: NasAdmin) -> None:
    """Two operators at one device: the second is told, also when the first changed nothing but the secret."""
    was = admin.fingerprint(school.nas)
    school.run(admin.save(BOSS, replace(school.nas, secret=b"another secret"), was=was))
    assert refusal(school, admin.save(BOSS, replace(school.nas, coa_port=1700), was=was)) == "changed"
    (nas,) = school.tables.all_nas()
    assert (nas.coa_port, nas.secret) == (3799, b"another secret")


def test_the_same_form_twice_writes_once(school: School, admin: NasAdmin) -> None:
    """A form sent unchanged leaves no trace in the audit log."""
    school.run(admin.save(BOSS, school.nas, was=admin.fingerprint(school.nas)))
    assert school.rows("SELECT count(*) FROM audit WHERE action = 'nas.change'") == [(0,)]


def test_an_operator_of_another_project_changes_nothing(school: School, admin: NasAdmin) -> None:
    """Neither an existing device nor a new one of a project that is not his."""
    elsewhere = (ProjectId(99),)
    was = admin.fingerprint(school.nas)
    assert refusal(school, admin.save(BOSS, school.nas, was=was, projects=elsewhere)) == "changed"
    assert refusal(school, admin.save(BOSS, another(school.nas), projects=elsewhere)) == "changed"
    assert refusal(school, admin.remove(BOSS, school.nas.id, elsewhere)) == "changed"


def test_only_a_device_without_sessions_is_removed(school: School, admin: NasAdmin) -> None:
    """The log goes on naming a device that reported; one that never did is a stranger again at once."""
    nas_id = school.run(admin.save(BOSS, another(school.nas)))
    assert school.run(admin.remove(BOSS, nas_id)) == "ac2"
    assert school.tables.find("192.0.2.200") is None
    school.person("20260001", school.plan())
    school.report(1, 0, 0, 0)
    assert refusal(school, admin.remove(BOSS, school.nas.id)) == "in_use"


# The test button ---------------------------------------------------------------------------------------------------------


class Control:
    """A device that answers a Disconnect as it was told to."""

    def __init__(self, answer: Deferred[ControlResult]) -> None:
        self.answer = answer
        self.asked: list[tuple[str, Any]] = []

    def disconnect(self, nas: Nas, host: str, attributes: Any) -> Deferred[ControlResult]:
        self.asked.append((host, attributes))
        return self.answer

    change = disconnect


def checked(
    school: School, answer: Deferred[ControlResult], *, wait: float = 0, nas: Nas | None = None
) -> dict[What, Finding]:
    checker = NasChecker(
        school.store,
        school.tables,
        Control(answer),
        school.door,
        school.now,
        school.clock.seconds,
        school.clock.callLater,
    )
    done = Deferred.fromCoroutine(checker.check(nas or school.nas))
    found: list[Any] = []
    done.addCallback(found.append)
    school.clock.advance(wait)
    return {finding.what: finding for finding in found[0]}


@pytest.mark.parametrize(
    ("result", "mark", "word"),
    [
        (ControlResult(ControlOutcome.NAK, 503), Mark.WORKS, "answers"),
        (ControlResult(ControlOutcome.ACK, None), Mark.WORKS, "answers"),
        (ControlResult(ControlOutcome.NAK, 501), Mark.WATCH, "prohibited"),
        (ControlResult(ControlOutcome.NAK, 404), Mark.WATCH, "refuses"),
        (ControlResult(ControlOutcome.UNVERIFIED, None), Mark.FAILS, "secret_differs"),
        (ControlResult(ControlOutcome.BUSY, None), Mark.WATCH, "busy"),
        (ControlResult(ControlOutcome.SILENT, None), Mark.FAILS, "no_answer"),
    ],
)
def test_what_a_disconnect_of_nobody_tells(
    school: School, result: ControlResult, mark: Mark, word: str
) -> None:
    """«Session not found» proves that the device takes our requests; the rest names its likeliest cause."""
    found = checked(school, succeed(result))[What.DISCONNECT]
    assert (found.mark, found.word) == (mark, word)


def test_a_silent_device_costs_seconds_and_no_more(school: School) -> None:
    """Whatever is not answered is said so when the patience is over; a late answer changes nothing."""
    late: Deferred[ControlResult] = Deferred()
    school.door.info_ends = Deferred()
    found = checked(school, late, wait=PATIENCE_SECONDS)
    assert {found[what].word for what in (What.DISCONNECT, What.PORTAL)} == {"no_answer"}
    late.callback(ControlResult(ControlOutcome.ACK, None))


@pytest.mark.parametrize(
    ("outcome", "word"),
    [
        (Outcome(Ending.REFUSED, 1), "answers"),
        (Outcome(Ending.TIMEOUT), "no_answer"),
        (Outcome(Ending.TIMEOUT, forged_answers=2), "secret_differs"),
        (Outcome(Ending.BUSY), "busy"),
    ],
)
def test_what_the_portal_question_tells(school: School, outcome: Outcome, word: str) -> None:
    """A refusal with our authenticator proves the key; answers without it prove that the keys differ."""
    school.door.info_ends = succeed(outcome)
    assert checked(school, succeed(ControlResult(ControlOutcome.ACK, None)))[What.PORTAL].word == word


def test_reports_and_signatures_are_looked_up(school: School) -> None:
    """What was heard of the device so far: nothing, a report, silence; a signed login."""

    def words() -> tuple[str, str]:
        found = checked(school, succeed(ControlResult(ControlOutcome.ACK, None)))
        return found[What.REPORTS].word, found[What.SIGNED].word

    assert words() == ("never_reported", "never_signed")
    school.person("20260001", school.plan())
    school.report(1, 0, 0, 0)
    school.tables.add_signer(school.nas.id, school.nas.host)
    assert words() == ("reports", "signs")
    school.clock.advance(1300)
    assert words() == ("silent", "signs")


def test_a_network_of_devices_has_nobody_to_ask(school: School) -> None:
    """Nothing is sent to an entry that names a network."""
    network = replace(school.nas, address=ip_network("192.0.2.0/24"))
    never: Deferred[ControlResult] = Deferred()
    assert checked(school, never, nas=network)[What.DISCONNECT].word == "network"
