"""Where things are looked for in a checkout and when installed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from zhuomai_appliance import paths


def test_a_checkout_uses_the_folder_beside_the_package(tmp_path: Path) -> None:
    """``web/`` of the checkout wins over an installed one."""
    (tmp_path / "checkout" / "web" / "templates").mkdir(parents=True)
    (tmp_path / "usr" / "share" / "zhuomai-appliance" / "templates").mkdir(parents=True)
    found = paths.web(tmp_path / "checkout" / "zhuomai_appliance", (tmp_path / "usr",))
    assert found == tmp_path / "checkout" / "web"


@pytest.mark.parametrize("inner", ["", "web"])
def test_an_installation_uses_share(tmp_path: Path, inner: str) -> None:
    """Either the share folder itself or ``web`` in it; the first prefix that has one wins."""
    share = tmp_path / "usr" / "share" / "zhuomai-appliance" / inner
    (share / "templates").mkdir(parents=True)
    assert paths.web(tmp_path / "lib" / "zhuomai_appliance", (tmp_path / "venv", tmp_path / "usr")) == share


def test_missing_files_are_listed(tmp_path: Path) -> None:
    """The message names every place that was looked at."""
    with pytest.raises(FileNotFoundError) as caught:
        paths.web(tmp_path / "lib" / "zhuomai_appliance", (tmp_path / "usr",))
    assert str(tmp_path / "lib" / "web") in str(caught.value)
    assert str(tmp_path / "usr" / "share" / "zhuomai-appliance") in str(caught.value)


def test_data_files_come_with_the_package() -> None:
    """Schema and queries are there wherever the package is."""
    assert list(paths.schema().glob("0001_*.sql"))
    assert list(paths.queries().glob("*.sql"))
    assert paths.dictionaries().parent.parent == paths.package()


def test_nothing_depends_on_the_working_directory(tmp_path: Path) -> None:
    """The same absolute answers from anywhere."""
    functions = (paths.package, paths.queries, paths.schema, paths.shipped_config, paths.default_config)
    before = [function() for function in functions]
    here = Path.cwd()
    os.chdir(tmp_path)
    try:
        assert [function() for function in functions] == before
    finally:
        os.chdir(here)
    assert all(path.is_absolute() for path in before)


def test_state_files_lie_in_one_folder() -> None:
    """Names are distinct, and those that the outside relies on are as promised."""
    state = paths.StateFiles(Path("/var/lib/zhuomai"))
    names = [
        state.database,
        state.key_file,
        state.lock,
        state.control_socket,
        state.listening,
        state.certificate,
        state.certificate_key,
        state.backups,
        state.reserve,
    ]
    assert len(set(names)) == len(names)
    assert {path.parent for path in names} == {state.folder}
    assert (state.key_file.name, state.listening.name) == ("master.key", "listening.json")
