"""Sessions are found by whom or what is named; without a daemon the request waits for it."""

import json
import time

import pytest

from tests.commands.books import add_session, write
from tests.commands.box import SITE, Box
from zhuomai_appliance.commands import disconnect
from zhuomai_appliance.model.network import NasId
from zhuomai_appliance.store import journal
from zhuomai_appliance.store.sqlite import reading


@pytest.mark.parametrize(
    "words", [["20260001"], ["13800000001"], ["02-00-00-00-00-01"], ["ac1"], ["--session", "s1"]]
)
def test_session_is_found_and_asked_for(box: Box, words: list[str]) -> None:
    """A user, his phone, his device, the access device and the session's own id all name it; it waits in the outbox."""
    assert box.run("apply", box.write("site.toml", SITE))[0] == 0
    session_id = write(box, lambda tx: add_session(tx, 1, seconds=60, up=1, down=1))
    status, out, _ = box.run("disconnect", *words, "--json")
    assert status == 0
    assert json.loads(out)["sessions"][str(session_id)]["state"] == "waiting"
    with reading(box.files.database) as reader:
        (row,) = journal.effects_due(reader, NasId(1), 2**40, 10)
        assert row.payload["session_id"] == session_id


def test_nobody_online_is_a_failure(box: Box) -> None:
    """Nothing found is told in one line, status 1."""
    status, _, err = box.run("disconnect", "ghost")
    assert (status, err) == (1, ["nobody is online as ghost"])


def test_whole_device_tells_how_far_it_is(
    box: Box, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ending a device's sessions says every second how many have answered, asks only about the rest, and ends with all."""
    asked: list[list[int]] = []
    clock = [0.0]

    def perform(_config: object, _name: str, _params: object) -> dict[str, list[int]]:
        return {"sessions": list(range(1, 1201))}

    def ask_daemon(_files: object, _name: str, params: dict[str, list[int]]) -> dict[str, dict[str, object]]:
        asked.append(params["sessions"])
        done = int(clock[0] * 400)
        return {
            str(n): {"state": "done" if n <= done else "waiting", "words": "ack", "tries": 1}
            for n in params["sessions"]
        }

    def sleep(seconds: float) -> None:
        clock[0] += seconds

    monkeypatch.setattr(disconnect, "perform", perform)
    monkeypatch.setattr(disconnect, "ask_daemon", ask_daemon)
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(time, "sleep", sleep)
    status, out, err = box.run("disconnect", "ac1")
    assert status == 0
    assert err == ["400 of 1200 answered", "800 of 1200 answered"]
    assert len(out.splitlines()) == 1200
    first_round, third_round = asked[:3], asked[6:8]
    assert [len(part) for part in first_round] == [500, 500, 200]
    assert ([len(part) for part in third_round], third_round[0][0]) == ([500, 300], 401)
