"""What an operator is shown of servers elsewhere, and what his test button does."""

from __future__ import annotations

import pytest

from tests.fakes.home import says
from tests.flows.roamers import Roamers
from zhuomai_appliance.flows.proxying import NotAsked
from zhuomai_appliance.flows.roster import Standing
from zhuomai_appliance.flows.server_desk import ServerDesk, Trial
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.radius.packet import Code


@pytest.fixture
def school() -> Roamers:
    school = Roamers()
    school.away()
    school.realm("hotel", upstreams=("far",))
    return school


def desk(school: Roamers) -> ServerDesk:
    return ServerDesk(school.tables, school.roster, school.home, school.clock.seconds)


def test_each_server_is_shown_with_its_realms_and_how_it_does(school: Roamers) -> None:
    """Those of the operator's projects alone; counts and latency are of what was really asked."""
    school.home.script["far"] = [says(Code.ACCESS_ACCEPT)]
    school.login("zhang@edu.cn")
    school.clock.advance(5)
    far, near = desk(school).servers({school.project})
    assert (far.name, far.realms, far.standing, far.answered, far.milliseconds) == (
        "far", ("edu.cn", "hotel"), Standing.ALIVE, 1, 0,
    )  # fmt: skip
    assert (near.name, near.realms, near.standing, near.silent) == ("near", ("edu.cn",), Standing.DOUBTFUL, 1)
    assert near.silent_seconds == 5
    assert desk(school).servers({ProjectId(99)}) == []


def test_a_test_counts_as_any_other_question(school: Roamers) -> None:
    """A dead server that answers the button is alive again; one that does not is a little more dead."""
    near = school.servers["near"]
    for _ in range(3):
        school.roster.was_silent(near)
    assert school.run(desk(school).test(school.project, "near")) == Trial(answers=True, milliseconds=0)
    assert school.roster.state(near).standing is Standing.ALIVE
    school.home.lives = False
    assert school.run(desk(school).test(school.project, "near")) == Trial(answers=False, milliseconds=None)
    assert school.roster.state(near).standing is Standing.DOUBTFUL
    assert school.run(desk(school).test(school.project, "nobody")) is None


def test_a_test_that_cannot_be_sent_says_so(school: Roamers) -> None:
    """And nothing of the server."""
    school.home.refuses = {"near": NotAsked("busy", is_hopeless=False)}
    assert school.run(desk(school).test(school.project, "near")) == Trial(answers=False, milliseconds=None)
    assert school.roster.state(school.servers["near"]).standing is Standing.ALIVE
