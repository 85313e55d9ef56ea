"""Sessions are found by whom or what is named; without a daemon the request waits for it."""

import json

import pytest

from tests.commands.books import add_session, write
from tests.commands.box import SITE, Box
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
