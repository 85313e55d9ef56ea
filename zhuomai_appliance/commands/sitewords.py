"""How the words of a site file are read: "8M", "10 GB", "30.00", addresses, dates and times."""

from __future__ import annotations

from datetime import date
from ipaddress import ip_network
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, SecretStr

from zhuomai_appliance.model.moment import Zone, parse_rfc3339
from zhuomai_appliance.model.money import parse_yuan
from zhuomai_appliance.model.network import Network
from zhuomai_appliance.model.traffic import parse_duration, parse_rate, parse_size
from zhuomai_appliance.portal.dialects import safe_url


def read_zone(text: object) -> str:
    """An IANA time zone."""
    if not isinstance(text, str):
        raise ValueError('write a time zone such as "Asia/Shanghai"')
    return Zone(text).name


def _network(text: object) -> Network:
    try:
        if not isinstance(text, str):
            raise ValueError
        return ip_network(text.strip())
    except ValueError as error:
        if "host bits" in str(error):
            raise ValueError(f'"{text}" has bits beyond its prefix; write the first address of it') from None
        raise ValueError(
            f'{text!r} is no address such as "192.0.2.1" or network such as "10.9.0.0/16"'
        ) from None


def _date(text: object) -> object:
    if isinstance(text, str):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise ValueError(f"{text!r} is no date such as 2027-01-17")


def read_instant(text: object) -> int:
    """A time with its offset."""
    if not isinstance(text, str):
        raise ValueError("write a time with its offset, such as 2027-01-17T00:00:00+08:00")
    return parse_rfc3339(text)


def _seconds(value: object) -> int:
    """A length of time: whole seconds, or text such as "2 h"."""
    return value if type(value) is int else parse_duration(value)


def as_list(value: object) -> object:
    """One value alone stands for a list of it."""
    return value if isinstance(value, list) else [value]


def _names(value: object) -> object:
    return [value] if isinstance(value, str) else value


def read_home(text: object) -> str:
    """The address of a page to go to, or empty."""
    if not isinstance(text, str) or (text and safe_url(text) is None):
        raise ValueError('write the address of a page, such as "https://www.school.edu.cn/"')
    return text


BRANDING: Final = ("title", "service", "hotline", "hours", "home_url", "home_label", "notice")
"""What a project shows of itself on its pages (features B08)."""

PageText = Annotated[str, Field(max_length=200)]
Yuan = Annotated[int, BeforeValidator(parse_yuan)]
Bps = Annotated[int, BeforeValidator(parse_rate)]
Octets = Annotated[int, BeforeValidator(parse_size)]
Seconds = Annotated[int, BeforeValidator(_seconds), Field(ge=0)]
Interim = Annotated[int, Field(ge=60, le=86_400, strict=True)]
Port = Annotated[int, Field(ge=1, le=65_535, strict=True)]
Count = Annotated[int, Field(ge=0, le=1_000_000, strict=True)]
Address = Annotated[Any, BeforeValidator(_network)]
Day = Annotated[date, BeforeValidator(_date)]
Name = Annotated[str, Field(min_length=1, max_length=128, strict=True)]
Text = Annotated[str, Field(max_length=500, strict=True)]
Names = Annotated[list[Name], BeforeValidator(_names)]
SilentKind = Literal["portal", "pppoe", "802.1x", "other"]
Yes = Annotated[bool, Field(strict=True)]
Secret = Annotated[SecretStr, Field(min_length=1, max_length=128)]
