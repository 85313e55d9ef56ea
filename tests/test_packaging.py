"""What must stay true of the files that set up, build and ship the product."""

import json
import os
import re
import tomllib
from pathlib import Path

from twisted.application.service import IServiceMaker, ServiceMaker
from twisted.plugin import getPlugins

from zhuomai_appliance import __version__

ROOT = Path(__file__).parent.parent
LOCKS = ("requirements.lock", "requirements-dev.lock")


def pinned(lock: str) -> dict[str, list[str]]:
    """Map each `name==version` of a lock file to its hashes."""
    text = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    return {line.split()[0]: re.findall(r"--hash=sha256:[0-9a-f]{64}", line) for line in text.splitlines()}


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[><=;~ ]", line)[0] for line in requirements if line and line[0] not in "#-"}


def test_every_python_pin_is_exact_and_hashed() -> None:
    """A box built next year holds byte for byte what was tested today."""
    for lock in LOCKS:
        pins = pinned(lock)
        assert len(pins) > 20
        assert all("==" in pin and hashes for pin, hashes in pins.items())


def test_no_lock_file_names_an_address() -> None:
    """A school or a mirror installs from its own registry: the lock files say what, never where from."""
    for lock in (*LOCKS, "web/package-lock.json"):
        text = (ROOT / lock).read_text(encoding="utf-8")
        assert not re.search(r'"resolved"|index-url|find-links|@ http|registry\.', text), lock


def test_browser_libraries_are_hashed() -> None:
    """Each browser library is known by its digest, as the Python ones are."""
    packages = json.loads((ROOT / "web/package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert all(package["integrity"].startswith("sha512-") for name, package in packages.items() if name)


def test_the_wheel_and_the_lock_want_the_same_libraries() -> None:
    """What pyproject.toml asks for is what requirements.in locks, and all of it is in the lock."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = (ROOT / "requirements.in").read_text(encoding="utf-8").splitlines()
    assert set(project["dependencies"]) == {line for line in asked if line and not line.startswith("#")}
    assert names(asked) <= {pin.split("==")[0] for pin in pinned("requirements.lock")}


def test_twistd_finds_zhuomai() -> None:
    """`twistd zhuomai` works from a checkout, and our plugin folder hides none of Twisted's own plugins."""
    found = {plugin.tapname: plugin for plugin in getPlugins(IServiceMaker)}
    ours = found["zhuomai"]
    assert isinstance(ours, ServiceMaker)
    assert ours.module == "zhuomai_appliance.tap"
    assert "web" in found
    assert not (ROOT / "twisted/__init__.py").exists()
    assert not (ROOT / "twisted/plugins/__init__.py").exists()


def test_the_version_is_told_once() -> None:
    """The package's own word is the version; the browser files carry the same."""
    assert json.loads((ROOT / "web/package.json").read_text(encoding="utf-8"))["version"] == __version__


def test_ci_runs_what_a_developer_runs() -> None:
    """The gate is an executable script that calls the same two commands."""
    gate = ROOT / ".ci/run"
    assert os.access(gate, os.X_OK)
    assert {"make check", "make test"} <= {line.split(" <")[0] for line in gate.read_text().splitlines()}


def test_news_is_filed_under_a_known_kind() -> None:
    """A fragment with a mistyped kind would silently be missing from the changelog."""
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    kinds = {kind["directory"] for kind in tools["towncrier"]["type"]}
    fragments = list((ROOT / tools["towncrier"]["directory"]).glob("+*"))
    assert fragments
    assert {fragment.name.split(".")[-2] for fragment in fragments} <= kinds
