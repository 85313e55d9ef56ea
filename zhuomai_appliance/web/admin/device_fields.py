"""The fields of an access device's form, in the order in which they stand on the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zhuomai_appliance.web.admin import device_labels as labels
from zhuomai_appliance.web.admin.device_forms import NasForm
from zhuomai_appliance.web.admin.device_views import Field, Section
from zhuomai_appliance.web.admin.views import Choice
from zhuomai_appliance.web.formats import Formatter
from zhuomai_appliance.web.words import Words


def sections(form: NasForm, f: Formatter, *, new: bool) -> tuple[Section, ...]:
    """The whole form; ``new`` for a device that is not entered yet."""
    make = _Maker(form, f.words)
    text = f.words.text
    kept = "" if new else text("Stored. Leave it empty to keep it.")
    return (
        Section(
            text("Basics"),
            (
                make.field("name", text("Device name"), required=True, most=64),
                make.select(
                    "project",
                    text("Project"),
                    tuple(Choice(str(one), name) for one, name in form.projects),
                    required=True,
                ),
                make.field(
                    "address",
                    text("Address or network"),
                    required=True,
                    hint=text("Where its packets come from"),
                ),
                make.select("vendor", text("Vendor"), labels.vendors(f.words), required=True),
                make.field(
                    "secret",
                    text("RADIUS shared secret"),
                    required=new,
                    secret=True,
                    most=128,
                    hint=kept or text("16 characters or more, the same on both sides."),
                ),
                make.select("device_kind", text("Kind of device"), _labelled(labels.KINDS, f.words)),
                make.field("coa_port", text("CoA / Disconnect port"), numeric=True, required=True, most=5),
                make.field(
                    "interim",
                    text("Accounting interval"),
                    numeric=True,
                    required=True,
                    unit=text("s"),
                    most=5,
                ),
            ),
        ),
        Section(
            "Portal",
            (
                make.select(
                    "portal_version", text("Portal version"), (Choice("2", "2.0"), Choice("1", "1.0"))
                ),
                make.field("portal_port", text("Portal port"), numeric=True, required=True, most=5),
                make.field(
                    "portal_secret",
                    text("Portal shared key"),
                    secret=True,
                    most=128,
                    hint=kept or text("Empty: the RADIUS secret serves for both."),
                ),
                make.select("portal_auth", text("Portal method"), _labelled(labels.PORTAL_AUTHS, f.words)),
                make.field(
                    "user_networks",
                    text("Networks of its clients"),
                    wide=True,
                    most=2000,
                    hint=text("For example 10.9.0.0/16, 10.10.0.0/16; empty: any"),
                ),
            ),
        ),
        Section(
            text("Counting and safety"),
            (
                make.select("traffic_unit", text("Traffic unit"), _labelled(labels.UNITS, f.words)),
                make.select(
                    "message_authenticator", "Message-Authenticator", _labelled(labels.SIGNING, f.words)
                ),
                make.field("identifier", "NAS-Identifier"),
                make.tick("swap_direction", text("It counts up and down the other way round")),
                make.tick("ipv6_counters", text("It counts IPv6 apart: add it")),
                make.lines(
                    "quirks",
                    text("Special settings"),
                    hint=text("One a line, such as: rate_unit = 1000. The handbook lists them by vendor."),
                ),
            ),
            is_folded=not any(form[name].errors for name in ("identifier", "quirks")),
        ),
    )


class _Maker:
    """Reads the state of each field off the form."""

    def __init__(self, form: NasForm, words: Words) -> None:
        self._form = form
        self._problems = form.problems(words.text)

    def field(
        self,
        name: str,
        label: str,
        *,
        hint: str = "",
        unit: str = "",
        required: bool = False,
        secret: bool = False,
        numeric: bool = False,
        wide: bool = False,
        most: int = 253,
    ) -> Field:
        return Field(
            name,
            label,
            "" if secret else self._value(name),
            self._problems.get(name, ""),
            hint,
            unit,
            required=required,
            secret=secret,
            numeric=numeric,
            is_wide=wide,
            most=most,
        )

    def select(self, name: str, label: str, choices: tuple[Choice, ...], *, required: bool = False) -> Field:
        return Field(
            name,
            label,
            self._value(name),
            self._problems.get(name, ""),
            choices=choices,
            required=required,
        )

    def tick(self, name: str, label: str) -> Field:
        return Field(name, label, "1" if self._form[name].data else "", is_tick=True, is_wide=True)

    def lines(self, name: str, label: str, *, hint: str) -> Field:
        return Field(
            name,
            label,
            self._value(name),
            self._problems.get(name, ""),
            hint,
            rows=3,
            is_wide=True,
            most=4000,
        )

    def _value(self, name: str) -> str:
        """What was typed, also where it was wrong."""
        held: Any = self._form[name]
        typed = getattr(held, "raw_data", None)
        if typed and held.errors:
            return str(typed[0])
        return "" if held.data is None else str(held.data)


def _labelled(labels_by_word: Mapping[Any, str], words: Words) -> tuple[Choice, ...]:
    return tuple(
        Choice(str(getattr(key, "value", key)), words.text(label)) for key, label in labels_by_word.items()
    )
