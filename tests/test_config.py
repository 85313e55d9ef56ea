"""Settings: defaults, all mistakes at once, nothing guessed, no secret shown."""

import tomllib
from pathlib import Path

import pytest
from pydantic import SecretStr

from zhuomai_appliance import config
from zhuomai_appliance.config import Config, ConfigErrors, Endpoint, load, parse_endpoint

SHIPPED = Path(__file__).parent.parent / "etc" / "zhuomai" / "appliance.toml"


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "appliance.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_shipped_file_holds_every_setting_with_its_default() -> None:
    """The file in etc/ names every setting there is (but the dsn of an absent engine), each with its default."""
    raw = tomllib.loads(SHIPPED.read_text(encoding="utf-8"))
    assert load(SHIPPED) == Config()
    for table, field in Config.model_fields.items():
        assert field.annotation is not None
        assert set(raw[table]) == set(field.annotation.model_fields) - {"dsn"}, table


def test_empty_file_gives_the_defaults_of_the_contract(tmp_path: Path) -> None:
    """With nothing written the daemon listens where a NAS expects it and keeps its state in /var/lib/zhuomai."""
    got = load(written(tmp_path, ""))
    assert got.radius.auth == (Endpoint("0.0.0.0", 1812),)
    assert got.portal.listen.port == 50100
    assert got.web.plain_admin is None
    assert got.state.key_path == Path("/var/lib/zhuomai/master.key")


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    """One reading names each wrong key with the file, a near name for the unknown ones, and what to write."""
    path = written(
        tmp_path,
        '[radius]\nauth = ["one:1812"]\nacc = []\n[web]\ncaptive = 80\nplain_admin = "0.0.0.0:8081"\n'
        '[log]\nlevel = "loud"\n[sate]\ndir = "x"\n',
    )
    with pytest.raises(ConfigErrors) as caught:
        load(path)
    lines = caught.value.errors
    assert all(line.startswith(f"{path}: ") for line in lines)
    told = {line.removeprefix(f"{path}: ").split(":")[0] for line in lines}
    assert told == {"radius.auth", "radius.acc", "web.captive", "web.plain_admin", "log.level", "sate"}
    assert any('radius.acc: is not known; did you mean "acct"?' in line for line in lines)
    assert any('sate: is not known; did you mean "state"?' in line for line in lines)
    assert any("loopback" in line for line in lines)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a =", "not valid TOML"),
        ("[store]\nengine = 'postgresql'\n", "SQLite alone"),
        ("[store]\ndsn = 'hush-hush'\n", "belongs to postgresql"),
        ("[web]\npublic_url = 'portal'\n", "not an address for browsers"),
        ("web = 3\n", "write a table"),
    ],
)
def test_mistake_is_one_clear_line(tmp_path: Path, text: str, says: str) -> None:
    """Each kind of mistake has a sentence of its own, and no value of a secret key is in it."""
    with pytest.raises(ConfigErrors) as caught:
        load(written(tmp_path, text))
    assert says in str(caught.value)
    assert "hush" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_file_is_one_line(tmp_path: Path) -> None:
    """A file that is not there is named, in one line."""
    with pytest.raises(ConfigErrors, match=r"nowhere\.toml: cannot be read"):
        load(tmp_path / "nowhere.toml")


def test_secret_is_never_printed() -> None:
    """The database address with its password does not appear where settings are printed."""
    settings = config.StoreSettings.model_construct(dsn=SecretStr("hush"))
    assert "hush" not in repr(settings)


@pytest.mark.parametrize("text", ["127.0.0.1:0", "[::1]:1812", "0.0.0.0:65535"])
def test_endpoint_is_written_as_it_is_read(text: str) -> None:
    """Addresses of both families and port 0 are read, and written back the same."""
    assert str(parse_endpoint(text)) == text


@pytest.mark.parametrize(
    "text", ["1812", "::1:1812", "localhost:80", "1.2.3.4:", "1.2.3.4:70000", 80, "1.2.3.4:٣"]
)
def test_no_endpoint_is_guessed(text: object) -> None:
    """Names, bare ports, unbracketed IPv6 and impossible ports are refused."""
    with pytest.raises(ValueError, match=r"address|brackets|port"):
        parse_endpoint(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("certificate = 'a.crt'", "certificate and key belong together"),
        ("ca = 'ca.crt'", "name certificate and key too"),
        ("client_crl = 'a.crl'", "belongs to client_ca"),
        ("server_name = 'my_radius'", "not a name that a certificate can carry"),
        ("server_name = '-a.example'", "not a name that a certificate can carry"),
    ],
)
def test_certificates_of_ones_own_come_complete(tmp_path: Path, text: str, says: str) -> None:
    """Half a pair, or a name that no certificate can carry, is told before anything is served."""
    with pytest.raises(ConfigErrors, match=says):
        load(written(tmp_path, f"[eap]\n{text}\n"))
