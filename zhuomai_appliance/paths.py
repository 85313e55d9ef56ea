"""Where things lie: what the package carries, what is installed beside it, and what a state directory holds.

Two layouts are known. In a checkout ``web/`` stands beside the package. Installed from the Debian package or a wheel it
is under ``share/zhuomai-appliance`` of the Python prefix or of /usr. Nothing depends on the working directory.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

SHARE = "zhuomai-appliance"


def package() -> Path:
    """The folder of the package's own Python files."""
    return Path(__file__).resolve().parent


def queries() -> Path:
    """The folder of the ``.sql`` query files."""
    return package() / "store" / "queries"


def schema() -> Path:
    """The folder of the numbered schema files."""
    return package() / "store" / "schema"


def dictionaries() -> Path:
    """The folder of the RADIUS dictionary files."""
    return package() / "radius" / "dictionaries"


def web(package_dir: Path | None = None, prefixes: tuple[Path, ...] | None = None) -> Path:
    """The folder that holds templates, static, locale and handbook.

    Raises:
        FileNotFoundError: none of the known places has it; the message lists them.
    """
    home = package_dir or package()
    roots = prefixes if prefixes is not None else (Path(sys.prefix), Path("/usr"))
    shares = [root / "share" / SHARE for root in roots]
    places = [home.parent / "web", *(place for share in shares for place in (share / "web", share))]
    for place in places:
        if (place / "templates").is_dir():
            return place
    raise FileNotFoundError("no web files (templates, static) in any of: " + ", ".join(map(str, places)))


def templates() -> Path:
    """Jinja2 templates, one folder for each audience."""
    return web() / "templates"


def static() -> Path:
    """Files served as they are; ``vendor/`` in it is made by the web build."""
    return web() / "static"


def locale() -> Path:
    """Gettext catalogues: ``zh_CN/LC_MESSAGES/*.mo``."""
    return web() / "locale"


def handbook() -> Path:
    """The handbook's sources."""
    return web() / "handbook"


def default_config() -> Path:
    """The settings file of an installed appliance."""
    return Path("/etc/zhuomai/appliance.toml")


def shipped_config() -> Path:
    """The commented settings file that comes with the program: in a checkout, else the installed one."""
    beside = package().parent / "etc" / "zhuomai" / "appliance.toml"
    return beside if beside.is_file() else default_config()


@dataclass(frozen=True, slots=True)
class StateFiles:
    """The files of one state directory. Only names; nothing is created or looked at here."""

    folder: Path

    @property
    def database(self) -> Path:
        """The SQLite file; its ``-wal`` and ``-shm`` lie beside it while it is open."""
        return self.folder / "zhuomai.db"

    @property
    def key_file(self) -> Path:
        """The vault's key, unless the settings name another place."""
        return self.folder / "master.key"

    @property
    def lock(self) -> Path:
        """Held by the one process that writes."""
        return self.folder / "zhuomai.lock"

    @property
    def control_socket(self) -> Path:
        """Where a running daemon takes commands (0600)."""
        return self.folder / "control.sock"

    @property
    def listening(self) -> Path:
        """JSON of the bound addresses, there while the daemon serves."""
        return self.folder / "listening.json"

    @property
    def certificate(self) -> Path:
        """PEM certificate of the secure listener."""
        return self.folder / "tls.crt"

    @property
    def certificate_key(self) -> Path:
        """PEM private key of the secure listener (0600)."""
        return self.folder / "tls.key"

    @property
    def eap_authority(self) -> Path:
        """PEM certificate of our own authority for 802.1X: what devices are told to trust."""
        return self.folder / "eap-ca.crt"

    @property
    def eap_authority_key(self) -> Path:
        """PEM private key of that authority (0600)."""
        return self.folder / "eap-ca.key"

    @property
    def eap_certificate(self) -> Path:
        """PEM certificate that 802.1X and RadSec show, its chain behind it."""
        return self.folder / "eap.crt"

    @property
    def eap_key(self) -> Path:
        """PEM private key of that certificate (0600)."""
        return self.folder / "eap.key"

    def upstream_certificate(self, name: str) -> Path:
        """PEM of our certificate, its key and the other side's authority, for a RADIUS server elsewhere over TLS (0600)."""
        return self.folder / "radsec" / f"{name}.pem"

    @property
    def backups(self) -> Path:
        """Where scheduled backups and those before an upgrade go."""
        return self.folder / "backups"

    @property
    def reserve(self) -> Path:
        """Some MiB to delete when the disk is full, so that an operator can still log in and clear space."""
        return self.folder / "reserve"
