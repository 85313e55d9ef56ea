"""`zhuomai init`: a state directory from nothing. What is there already is never touched."""

from __future__ import annotations

import contextlib
import json
import socket
import sqlite3
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from zhuomai_appliance.commands.backstage import finish, locked
from zhuomai_appliance.commands.eap_files import eap_paths, ensure_eap
from zhuomai_appliance.commands.options import Init
from zhuomai_appliance.config import Config
from zhuomai_appliance.entropy import Entropy, SystemEntropy
from zhuomai_appliance.flows.operators import (
    Actor,
    OperatorRefused,
    add_operator,
    check_name,
    check_password,
)
from zhuomai_appliance.net.control import CommandFailed
from zhuomai_appliance.paths import StateFiles
from zhuomai_appliance.store import migrate, network, operators
from zhuomai_appliance.store.digests import make_digest
from zhuomai_appliance.store.inline import InlineStore
from zhuomai_appliance.store.interface import Transaction
from zhuomai_appliance.store.vault import create_key

FIRST_PROJECT: Final = ("main", "Asia/Shanghai")
CERTIFICATE_DAYS: Final = 820
"""Browsers of phones refuse certificates of more than 825 days, even those their owner trusts."""


def run(config: Config, options: Init) -> int:
    """Make the state directory; see `Init`."""
    files = StateFiles(config.state.dir)
    name = str(options["admin"])
    entropy = SystemEntropy()
    password, printed = read_password(options["admin-password-file"], entropy)
    key_id = make_box(config, name, password, entropy)
    answer = {
        "state": str(files.folder),
        "key_file": str(config.state.key_path),
        "key_id": key_id,
        "operator": name,
    }
    if printed:
        answer["password"] = password
    if options["json"]:
        print(json.dumps(answer))
        return 0
    print(f"Made {files.folder}: database, key, self-signed certificate, project {FIRST_PROJECT[0]}.")
    print(f"Copy {config.state.key_path} (key {key_id}) to a safe place away from this machine:")
    print("without it a backup gives back everything except passwords, secrets and personal data.")
    print(f"Copy {files.eap_authority} and {files.eap_authority_key} too, if Wi-Fi devices log in by 802.1X:")
    print("they trust this authority, and with another one each would have to be set up anew.")
    if printed:
        print(f"First operator: {name}   password, shown this once: {password}")
    else:
        print(f"First operator: {name}, with the password of {options['admin-password-file']}")
    print("Next: `zhuomai apply FILE` declares the site, `zhuomai serve` starts.")
    return 0


def make_box(config: Config, name: str, password: str, entropy: Entropy) -> str:
    """Make the state directory with its first operator, all or nothing; the key's id.

    Raises:
        CommandFailed: name or password are unfit, something is there already, or the disk fails.
    """
    files = StateFiles(config.state.dir)
    refuse_unfit(name, password)
    _refuse_existing(config, files)
    make_folder(files.folder)
    with locked(files), _all_or_nothing(config, files):
        return _create(config, files, name, password, entropy)


def read_password(file: str | None, entropy: Entropy) -> tuple[str, bool]:
    """The first line of a password file, or a new password; whether it was made here and must be shown.

    Raises:
        CommandFailed: the file cannot be read or is empty.
    """
    if file is None:
        return one_time_password(entropy), True
    try:
        lines = Path(file).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "is not UTF-8 text"
        raise CommandFailed(f"{file}: cannot be read: {why}") from None
    if not lines or not lines[0]:
        raise CommandFailed(f"{file}: the first line is empty; write the password on it")
    return lines[0], False


def one_time_password(entropy: Entropy) -> str:
    """80 bits in four groups that can be read aloud."""
    code = entropy.lookup_code(16)
    return "-".join(code[start : start + 4] for start in range(0, 16, 4))


def refuse_unfit(name: str, password: str) -> None:
    """Look at an operator's name and password before anything is done.

    Raises:
        CommandFailed: with the sentence that says why not.
    """
    try:
        check_name(name)
        check_password(password)
    except OperatorRefused as error:
        raise CommandFailed(str(error)) from None


def make_folder(folder: Path) -> None:
    """Make a state directory that only its owner may read, or take the one that is there.

    Raises:
        CommandFailed: it cannot be made.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise CommandFailed(f"{folder}: cannot be made: {error.strerror}") from None


def _refuse_existing(config: Config, files: StateFiles) -> None:
    for path in (files.database, config.state.key_path):
        if path.exists():
            raise CommandFailed(f"{path} exists; nothing was changed: name another directory with --state")


@contextlib.contextmanager
def _all_or_nothing(config: Config, files: StateFiles) -> Iterator[None]:
    ours = [
        path
        for path in (
            files.database,
            config.state.key_path,
            files.certificate,
            files.certificate_key,
            *eap_paths(files),
        )
        if not path.exists()
    ]
    try:
        yield
    except BaseException as error:
        for path in ours:
            path.unlink(missing_ok=True)
        if isinstance(error, OSError | sqlite3.Error):
            raise CommandFailed(f"{files.folder}: {error}; nothing was made") from None
        raise


def _create(config: Config, files: StateFiles, name: str, password: str, entropy: Entropy) -> str:
    now = int(time.time())
    key_path = config.state.key_path
    key_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    vault = create_key(key_path, entropy)
    ensure_certificate(config, now)
    ensure_eap(config, now)
    files.backups.mkdir(mode=0o700, exist_ok=True)
    digest = make_digest(password, entropy.token(16))

    def task(tx: Transaction) -> None:
        migrate.set_meta(tx, migrate.KEY_ID, vault.key_id)
        operators.seed_roles(tx)
        network.add_project(tx, *FIRST_PROJECT, now)
        add_operator(tx, Actor("zhuomai init", "local"), name, "admin", digest, now)

    store = InlineStore(files.database)
    try:
        finish(store.write(task))
    finally:
        store.close()
    return vault.key_id


def ensure_certificate(config: Config, now: int) -> None:
    """Make a self-signed certificate where there is none; refuse one that cannot be used.

    Raises:
        CommandFailed: certificate and key do not belong together, or one of them is missing.
        OSError: it cannot be written.
    """
    files = StateFiles(config.state.dir)
    if not files.certificate.exists() and not files.certificate_key.exists():
        certificate, key = self_signed(certificate_names(config), now)
        _write_private(files.certificate_key, key)
        files.certificate.write_bytes(certificate)
        return
    why = certificate_fault(files)
    if why is not None:
        raise CommandFailed(why)


def certificate_fault(files: StateFiles) -> str | None:
    """Why certificate and key cannot be used, in one line; None if they can."""
    for path in (files.certificate, files.certificate_key):
        if not path.exists():
            return (
                f"{path} is not there; put your own there, or remove both and one is made at the next start"
            )
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
            files.certificate, files.certificate_key
        )
    except (OSError, ValueError) as error:
        # A key that does not fit is an ssl.SSLError, which is an OSError too.
        return f"{files.certificate} with {files.certificate_key} cannot be used: {error}"
    return None


def certificate_names(config: Config) -> list[str]:
    """The names and addresses a certificate of this machine should carry."""
    host = urlsplit(config.web.public_url).hostname
    names = [*([host] if host else []), socket.gethostname(), "localhost", "127.0.0.1", "::1"]
    if config.web.secure.host not in {"0.0.0.0", "::"}:
        names.insert(0, config.web.secure.host)
    return list(dict.fromkeys(name for name in names if name))


def self_signed(names: list[str], now: int) -> tuple[bytes, bytes]:
    """A self-signed server certificate and its key, both PEM, valid from a day ago for `CERTIFICATE_DAYS`."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64]),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "ZhuoMai appliance, self-signed"),
        ]
    )
    start = datetime.fromtimestamp(now, UTC) - timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=CERTIFICATE_DAYS))
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM), private


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name.encode("idna").decode() if not name.isascii() else name)


def _write_private(path: Path, content: bytes) -> None:
    """Write a new file that only its owner may read."""
    path.touch(mode=0o600, exist_ok=False)
    path.write_bytes(content)
