"""What the pages of access devices show: plain values, ready to print. Times are UTC epoch seconds."""

from __future__ import annotations

from dataclasses import dataclass

from zhuomai_appliance.web.admin.cookbook import Line
from zhuomai_appliance.web.admin.views import Badge, Choice


@dataclass(frozen=True, slots=True)
class DeviceLine:
    """One access device in the list. ``signed`` says whether its logins carry a Message-Authenticator."""

    url: str
    name: str
    address: str
    vendor: str
    kind: str
    project: str
    online: int
    online_url: str
    last_report_at: int | None
    badge: Badge
    signed: Badge


@dataclass(frozen=True, slots=True)
class DevicesView:
    """The list of access devices. ``add_url`` is empty for whoever may not change it."""

    rows: tuple[DeviceLine, ...]
    q: str
    vendors: tuple[Choice, ...]
    vendor: str
    online: int
    add_url: str
    has_projects: bool

    @property
    def filtered(self) -> bool:
        """Whether the list is not whole."""
        return bool(self.q or self.vendor)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form. ``choices`` makes it a select, ``rows`` a text of several lines, ``is_tick`` a box."""

    name: str
    label: str
    value: str = ""
    problem: str = ""
    hint: str = ""
    unit: str = ""
    choices: tuple[Choice, ...] = ()
    required: bool = False
    secret: bool = False
    is_tick: bool = False
    is_wide: bool = False
    rows: int = 0
    most: int = 253
    numeric: bool = False
    kind: str = "text"


@dataclass(frozen=True, slots=True)
class Section:
    """Fields under one title; ``is_folded`` for what is rarely touched."""

    title: str
    fields: tuple[Field, ...]
    is_folded: bool = False


@dataclass(frozen=True, slots=True)
class FindingLine:
    """One result of a test: what, how it went in a sentence, how long it took."""

    title: str
    sentence: str
    icon: str
    mark: str
    time: str = ""


@dataclass(frozen=True, slots=True)
class DeviceView:
    """One access device: its form, the test, the commands for it. ``save_url`` is empty for whoever may only look.

    ``reports`` tells of the interims of the last hour, ``alarms`` what is wrong with it right now.
    """

    title: str
    badge: Badge | None
    online: int
    last_report_at: int | None
    was: str
    save_url: str
    test_url: str
    remove_url: str
    asking_removal: bool
    cancel_url: str
    list_url: str
    sections: tuple[Section, ...]
    commands: tuple[Line, ...]
    commands_title: str
    findings: tuple[FindingLine, ...] = ()
    tested_at: int | None = None
    problem: str = ""
    reports: str = ""
    alarms: tuple[str, ...] = ()
