"""A box is made once, never overwritten, and looked over in one line for each thing."""

import json
import os
import socket
import stat

import pytest

from tests.commands.box import Box
from zhuomai_appliance.commands.backstage import take_lock
from zhuomai_appliance.entropy import SystemEntropy
from zhuomai_appliance.store import migrate, network, operators
from zhuomai_appliance.store.digests import check_digest
from zhuomai_appliance.store.sqlite import reading
from zhuomai_appliance.store.vault import load_key


def words(box: Box) -> tuple[int, dict[str, tuple[str, str]]]:
    status, out, _ = box.run("check", "--json")
    return status, {one["what"]: (one["word"], one["sentence"]) for one in json.loads(out)["checks"]}


def test_init_makes_everything_private(box: Box) -> None:
    """Database, key, certificate, first operator, a first project; nobody else can read the folder."""
    assert stat.S_IMODE(box.files.folder.stat().st_mode) == 0o700
    for path in (box.files.database, box.files.key_file, box.files.certificate_key):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with reading(box.files.database) as reader:
        key_id = migrate.get_meta(reader, migrate.KEY_ID)
        boss = operators.by_name(reader, "boss")
        assert [(one.name, one.zone) for one in network.projects(reader)] == [("main", "Asia/Shanghai")]
    assert load_key(box.files.key_file, SystemEntropy(), expected=key_id).key_id == key_id
    assert boss is not None
    assert boss.role == "admin"
    assert check_digest(boss.password_digest, "a good password")


def test_one_time_password_is_printed_once_and_works(empty_box: Box) -> None:
    """Without a password file a password is made, printed, and kept nowhere in clear."""
    status, out, _ = empty_box.run("init", "--json")
    answer = json.loads(out)
    assert status == 0
    assert answer["operator"] == "admin"
    with reading(empty_box.files.database) as reader:
        admin = operators.by_name(reader, "admin")
    assert admin is not None
    assert check_digest(admin.password_digest, answer["password"])
    for path in empty_box.files.folder.rglob("*"):
        assert path.is_dir() or answer["password"].encode() not in path.read_bytes()


def test_init_says_to_copy_the_key(empty_box: Box) -> None:
    """Whoever makes a box learns that a backup is worth little without the key."""
    _, out, _ = empty_box.run("init")
    assert "Copy" in out
    assert "master.key" in out


def test_init_never_overwrites(box: Box) -> None:
    """A second init is refused in one line and leaves every byte as it was."""
    before = {path: path.read_bytes() for path in box.files.folder.iterdir() if path.is_file()}
    status, _, err = box.run("init")
    assert (status, len(err)) == (1, 1)
    assert "exists; nothing was changed" in err[0]
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize("text", ["short\n", "", "\n"])
def test_unfit_password_makes_nothing(empty_box: Box, text: str) -> None:
    """A password file that holds none leaves no half-made directory."""
    status, _, err = empty_box.run("init", "--admin-password-file", empty_box.write("bad", text))
    assert (status, len(err)) == (1, 1)
    assert not empty_box.files.database.exists()


def test_init_that_fails_leaves_nothing(empty_box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fails in the middle does not leave a key without its database."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("zhuomai_appliance.store.migrate._apply", full)
    status, _, err = empty_box.run("init")
    assert (status, len(err)) == (1, 1)
    assert not empty_box.files.key_file.exists()
    assert not empty_box.files.certificate.exists()


def test_state_option_names_another_directory(empty_box: Box) -> None:
    """--state wins over the settings."""
    other = empty_box.folder / "other"
    assert empty_box.run("init", "--state", str(other))[0] == 0
    assert (other / "zhuomai.db").exists()
    assert not empty_box.files.folder.exists()


def test_check_of_a_good_box_fails_nowhere(box: Box) -> None:
    """Fresh from init everything is right but the backup, which is only a warning."""
    status, found = words(box)
    assert status == 0
    assert {word for word, _ in found.values()} == {"ok", "warn"}
    assert found["backup"][0] == "warn"
    assert {"settings", "key", "database", "schema", "clock", "certificate", "disk", "port auth"} <= set(
        found
    )


def test_check_names_what_is_wrong(box: Box) -> None:
    """A missing key, a foreign certificate key and a taken port are told in one run, status 1."""
    with reading(box.files.database) as reader:
        key_id = migrate.get_meta(reader, migrate.KEY_ID) or "none"
    box.files.key_file.rename(box.files.folder / "elsewhere")
    box.files.certificate_key.write_text("no key")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        box.write(
            "appliance.toml",
            box.config.read_text().replace('acct = ["127.0.0.1:0"]', f'acct = ["127.0.0.1:{port}"]'),
        )
        status, found = words(box)
    assert status == 1
    assert key_id in found["key"][1]
    assert "cannot be used" in found["certificate"][1]
    assert "taken by another program" in found["port acct"][1]
    assert found["port auth"][0] == "ok"


def test_port_of_the_running_daemon_is_no_fault(box: Box) -> None:
    """While our own daemon serves, its ports are held, not taken."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
        ours.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{ours.getsockname()[1]}"
        box.write(
            "appliance.toml",
            box.config.read_text().replace('auth = ["127.0.0.1:0"]', f'auth = ["{address}"]'),
        )
        box.files.listening.write_text(json.dumps({"auth": [address]}))
        lock = take_lock(box.files)
        try:
            assert words(box)[1]["port auth"] == ("ok", f"{address}, held by the running daemon")
        finally:
            os.close(lock)
        assert words(box)[1]["port auth"][0] == "fail"


def test_damaged_database_is_told(box: Box) -> None:
    """Overwritten pages are found, in one line, without a traceback."""
    data = bytearray(box.files.database.read_bytes())
    data[4096 : 4096 * 20] = b"\xa5" * (4096 * 19)
    box.files.database.write_bytes(data)
    status, found = words(box)
    assert status == 1
    assert found["database"][0] == "fail"


def test_check_before_init_says_what_to_do(empty_box: Box) -> None:
    """Nothing there yet is a failure that names the command."""
    status, out, _ = empty_box.run("check")
    assert status == 1
    assert "zhuomai init" in out
