"""The settings file: TOML into frozen values, every mistake reported at once as ``file: key: what to do``.

Only what must be known before the database opens stands here; everything else lives in the database. Unknown keys are
refused with the nearest known name, because a misspelt setting that is silently ignored is worse than none.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

DEFAULT_STATE: Final = Path("/var/lib/zhuomai")

_LABEL = r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
DNS_NAME: Final = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*")
"""A host name as a certificate carries it (RFC 1034 §3.5)."""


class ConfigErrors(Exception):
    """Everything that is wrong with a file; ``errors`` are complete lines for the operator."""

    def __init__(self, errors: Sequence[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = tuple(errors)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to listen: a literal address (never a name to be looked up) and a port, 0 for any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return ip_address(self.host).is_loopback


def parse_endpoint(text: object) -> Endpoint:
    """Read "0.0.0.0:1812" or "[::]:1812".

    Raises:
        ValueError: anything else; the sentence says what is wrong.
    """
    if isinstance(text, Endpoint):
        return text
    if not isinstance(text, str):
        raise ValueError('write "address:port", such as "0.0.0.0:1812"')
    host, colon, port = text.strip().rpartition(":")
    if not colon or not port.isascii() or not port.isdigit():
        raise ValueError(f'"{text}" is not "address:port", such as "0.0.0.0:1812"')
    if int(port) > 65_535:
        raise ValueError(f'"{text}": a port is at most 65535')
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError(f'"{text}": write an IPv6 address in brackets, such as "[::1]:1812"')
    try:
        return Endpoint(str(ip_address(host)), int(port))
    except ValueError:
        raise ValueError(f'"{text}": "{host}" is not an address; write one, not a name') from None


def _maybe_endpoint(text: object) -> Endpoint | None:
    return None if text in ("", None) else parse_endpoint(text)


def _endpoints(value: object) -> tuple[Endpoint, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError('write a list, such as ["0.0.0.0:1812"]')
    return tuple(parse_endpoint(item) for item in value)


EndpointList = Annotated[tuple[Endpoint, ...], BeforeValidator(_endpoints)]
OneEndpoint = Annotated[Endpoint, BeforeValidator(parse_endpoint)]
MaybeEndpoint = Annotated[Endpoint | None, BeforeValidator(_maybe_endpoint)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class State(_Table):
    """Where the database, the key and the rest of what must survive live."""

    dir: Path = DEFAULT_STATE
    key_file: str = ""

    @property
    def key_path(self) -> Path:
        """The vault's key file: the one named, else master.key in the state directory."""
        return Path(self.key_file) if self.key_file else self.dir / "master.key"


class Radius(_Table):
    """RADIUS listeners: UDP for access and accounting, TLS for RadSec (RFC 6614)."""

    auth: EndpointList = (Endpoint("0.0.0.0", 1812),)
    acct: EndpointList = (Endpoint("0.0.0.0", 1813),)
    tls: EndpointList = ()


class Eap(_Table):
    """802.1X: how many conversations may be open, and the certificates, where they are not those that `init` made.

    RadSec shows the same ones. Every file is PEM.
    """

    conversations: int = Field(default=2048, ge=64, le=65_536)
    server_name: str = ""
    certificate: str = ""
    key: str = ""
    ca: str = ""
    client_ca: str = ""
    client_crl: str = ""

    @field_validator("server_name")
    @classmethod
    def _name(cls, value: str) -> str:
        name = value.strip().rstrip(".")
        if name and not DNS_NAME.fullmatch(name):
            raise ValueError(
                f'"{value}" is not a name that a certificate can carry, such as "radius.school.edu.cn"'
            )
        return name.lower()

    @model_validator(mode="after")
    def _pairs(self) -> Eap:
        if bool(self.certificate) != bool(self.key):
            raise ValueError("certificate and key belong together; name both or neither")
        if self.ca and not self.certificate:
            raise ValueError("ca belongs to a certificate of your own; name certificate and key too")
        if self.client_crl and not self.client_ca:
            raise ValueError("client_crl belongs to client_ca; name both")
        return self


class Portal(_Table):
    """The Huawei Portal protocol, spoken by access controllers."""

    listen: OneEndpoint = Endpoint("0.0.0.0", 50_100)


class Web(_Table):
    """Pages: captive (plain) for clients, secure (TLS) for everything else, plain_admin for loopback alone."""

    captive: OneEndpoint = Endpoint("0.0.0.0", 80)
    secure: OneEndpoint = Endpoint("0.0.0.0", 443)
    plain_admin: MaybeEndpoint = None
    public_url: str = ""

    @field_validator("plain_admin")
    @classmethod
    def _loopback(cls, value: Endpoint | None) -> Endpoint | None:
        if value is not None and not value.is_loopback:
            raise ValueError(
                f'"{value}" can be reached from outside without TLS; write a loopback address such as "127.0.0.1:8081"'
            )
        return value

    @field_validator("public_url")
    @classmethod
    def _url(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in {"http", "https"} or not parts.hostname or parts.query):
            raise ValueError(
                f'"{value}" is not an address for browsers such as "http://portal.school.edu.cn"'
            )
        return value.rstrip("/")


class StoreSettings(_Table):
    """The database engine."""

    engine: Literal["sqlite", "postgresql"] = "sqlite"
    dsn: SecretStr = SecretStr("")

    @model_validator(mode="after")
    def _fits(self) -> StoreSettings:
        if self.engine == "postgresql":
            raise ValueError('this release keeps its books in SQLite alone; write engine = "sqlite"')
        if self.dsn.get_secret_value():
            raise ValueError("dsn belongs to postgresql; remove it")
        return self


class Log(_Table):
    """What is written to stdout."""

    level: Literal["debug", "info", "warn", "error"] = "info"


class Config(_Table):
    """All settings. Frozen: a value that was read cannot change under anybody."""

    state: State = Field(default_factory=State)
    radius: Radius = Field(default_factory=Radius)
    eap: Eap = Field(default_factory=Eap)
    portal: Portal = Field(default_factory=Portal)
    web: Web = Field(default_factory=Web)
    store: StoreSettings = Field(default_factory=StoreSettings)
    log: Log = Field(default_factory=Log)

    def in_state(self, folder: Path) -> Config:
        """The same settings with another state directory."""
        return self.model_copy(update={"state": self.state.model_copy(update={"dir": folder})})


def load(path: Path) -> Config:
    """Read a settings file.

    Raises:
        ConfigErrors: the file cannot be read, is no TOML, or holds anything that is not a setting.
    """
    raw = read_toml(path)
    try:
        return Config.model_validate(raw)
    except ValidationError as error:
        raise ConfigErrors([f"{path}: {line}" for line in sentences(error, Config)]) from None


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file as a mapping.

    Raises:
        ConfigErrors: one line that says why it cannot be read.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigErrors([f"{path}: cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise ConfigErrors([f"{path}: is not UTF-8 text; save it as UTF-8"]) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigErrors([f"{path}: is not valid TOML: {error}"]) from None


def sentences(error: ValidationError, model: type[BaseModel]) -> Iterator[str]:
    """Each mistake as ``key: what to do``, keys dotted; unknown ones with the nearest known name."""
    for item in error.errors(include_url=False, include_input=False):
        location = [part for part in item["loc"] if isinstance(part, str)]
        advice = _advice(item, model, location)
        # A rule about several keys at once names them itself.
        yield f"{'.'.join(location)}: {advice}" if location else advice


def _advice(item: Mapping[str, Any], model: type[BaseModel], location: Sequence[str]) -> str:
    kind, context = item["type"], item.get("ctx", {})
    if kind == "extra_forbidden":
        return unknown_key(location[-1], _fields_at(model, location[:-1]))
    if kind == "missing":
        return "is missing"
    if kind == "value_error":
        return str(context["error"])
    if kind in {"literal_error", "enum"}:
        return f"write one of {context['expected']}"
    if kind in {"string_type", "path_type"}:
        return 'write text in quotes, such as "text"'
    if kind in {"model_type", "dict_type"}:
        return f"write a table: [{location[-1]}] on its own line, its keys below"
    if kind in {"int_type", "int_parsing"}:
        return "write a whole number without quotes"
    if kind in {"bool_type", "bool_parsing"}:
        return "write true or false"
    message: str = item["msg"]
    return message[:1].lower() + message[1:]


def unknown_key(name: str, known: Sequence[str]) -> str:
    """What to say of a key nobody knows."""
    near = get_close_matches(name, known, n=1, cutoff=0.6)
    return (
        f'is not known; did you mean "{near[0]}"?' if near else f"is not known; known are {', '.join(known)}"
    )


def _fields_at(model: type[BaseModel], location: Sequence[str]) -> list[str]:
    for name in location:
        field = model.model_fields.get(name)
        inner = None if field is None else field.annotation
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            return []
        model = inner
    return list(model.model_fields)
