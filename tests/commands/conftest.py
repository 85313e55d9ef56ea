import shutil
from pathlib import Path

import pytest

from tests.commands.box import Box, make_box


@pytest.fixture
def empty_box(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Box:
    return make_box(tmp_path, capsys)


@pytest.fixture(scope="session")
def initialised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the first box of the run leaves its state; the others copy it, since a digest and a key take their time."""
    return tmp_path_factory.mktemp("initialised")


@pytest.fixture
def box(empty_box: Box, initialised: Path) -> Box:
    kept = initialised / "state"
    if not kept.exists():
        password = str(empty_box.folder / "pw")
        assert empty_box.run("init", "--admin", "boss", "--admin-password-file", password)[0] == 0
        shutil.copytree(empty_box.files.folder, kept)
        kept.chmod(0o700)
        return empty_box
    shutil.copytree(kept, empty_box.files.folder)
    return empty_box
