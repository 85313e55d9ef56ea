"""Usage: one line and status 2 for what nobody can mean, words in any order otherwise."""

from pathlib import Path

import pytest

from tests.commands.box import Box
from zhuomai_appliance import __version__, tap
from zhuomai_appliance.commands.options import Options


@pytest.mark.parametrize(
    "words",
    [
        ["frob"],
        ["apply"],
        ["apply", "a", "b"],
        ["apply", "a", "--frob"],
        ["export", "everything"],
        ["export", "sessions", "--format", "pdf"],
        ["import", "cats", "file"],
        ["operator"],
        ["operator", "add"],
        ["operator", "token"],
        ["disconnect"],
        ["disconnect", "u", "--session", "s"],
        ["backup"],
    ],
)
def test_wrong_usage_is_one_line_and_status_2(empty_box: Box, words: list[str]) -> None:
    """Whatever is wrong with the words, stdout stays empty and stderr has one line."""
    status, out, err = empty_box.run(*words)
    assert (status, out, len(err)) == (2, "", 1)


def test_settings_with_mistakes_are_status_1_a_line_each(empty_box: Box) -> None:
    """A command under wrong settings does nothing and names every mistake with file and key."""
    empty_box.write("appliance.toml", "[radus]\n[web]\ncaptive = 80\n")
    status, out, err = empty_box.run("check")
    assert (status, out) == (1, "")
    assert len(err) == 2
    assert all(str(empty_box.config) in line for line in err)


def test_options_may_follow_the_words() -> None:
    """`apply FILE --dry-run` and `apply --dry-run FILE` are the same, and --config may stand after the command."""
    for words in (["apply", "f", "--dry-run", "--config", "c"], ["apply", "--config=c", "--dry-run", "f"]):
        options = Options()
        options.parseOptions(words)
        assert (options.subOptions["file"], options.subOptions["dry-run"]) == ("f", 1)
        assert options.subOptions["config"] == "c"


def test_serve_is_the_default() -> None:
    """No command at all is the daemon."""
    options = Options()
    options.parseOptions([])
    assert options.subCommand == "serve"


def test_simulator_reads_its_own_words() -> None:
    """What follows `simulate` is not judged here."""
    options = Options()
    options.parseOptions(["simulate", "--users", "30", "x"])
    assert options.subOptions["words"] == ["--users", "30", "x"]


def test_version_is_ours(capsys: pytest.CaptureFixture[str]) -> None:
    """--version names this program, before and after a command."""
    for words in (["--version"], ["apply", "--version"]):
        with pytest.raises(SystemExit) as end:
            tap.main(words)
        assert end.value.code == 0
        assert capsys.readouterr().out == f"zhuomai-appliance {__version__}\n"


def test_missing_settings_file_is_one_line(empty_box: Box, tmp_path: Path) -> None:
    """A settings file that is not there is named."""
    empty_box.config.unlink()
    status, _, err = empty_box.run("check")
    assert (status, len(err)) == (1, 1)
    assert "cannot be read" in err[0]
