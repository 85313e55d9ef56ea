"""The console's forms as WTForms: what a field may hold, checked before any flow sees it.

Messages are ids of the catalogue; the page that shows a form translates them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wtforms import Form, HiddenField, PasswordField, StringField
from wtforms.fields import DateField, IntegerField
from wtforms.validators import AnyOf, InputRequired, Length, NumberRange, Optional, ValidationError

from zhuomai_appliance.web.api.fields import BIGGEST, MOST_FEN
from zhuomai_appliance.web.session import text_of

MOST_PAGES = 200
"""Numbered pages end here: whoever is looking for something older narrows the filter instead."""


def _one_of(*words: str) -> StringField:
    """A choice among words of ours; empty is no choice."""
    return StringField(validators=[Optional(), AnyOf(words)], default="")


def _id() -> IntegerField:
    """The number of a row, as the books can hold it; empty is none."""
    return IntegerField(validators=[Optional(), NumberRange(1, BIGGEST)])


def _day() -> DateField:
    """A day of a filter; empty is none."""
    return DateField(validators=[Optional(), _of_our_time])


def _of_our_time(form: Form, field: Any) -> None:
    # The day after the calendar's last one has no name
    if field.data is not None and not 1970 <= field.data.year < 9000:
        raise ValidationError("Out of range.")


class Fields:
    """A request's parameters as WTForms wants them."""

    def __init__(self, arguments: Mapping[bytes, list[bytes]]) -> None:
        self._values = {
            text_of(name): [text_of(value) for value in values] for name, values in arguments.items()
        }

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Any:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def getlist(self, name: str) -> list[str]:
        """Every value of a field."""
        return self._values.get(name, [])


class LoginForm(Form):
    """Name and password of an operator, and the path that was asked for."""

    name = StringField(validators=[InputRequired(), Length(max=128)])
    password = PasswordField(validators=[InputRequired(), Length(max=1024)])
    next = HiddenField(validators=[Length(max=2000)])


class KickForm(Form):
    """Where to go back to after a session was asked to end."""

    back = HiddenField(validators=[Length(max=2000)])


class SaleForm(Form):
    """A sale at the counter with the figures that were shown; the button that was pressed says how it is paid."""

    key = HiddenField(validators=[InputRequired(), Length(max=64)])
    at = IntegerField(validators=[InputRequired()])
    version = IntegerField(validators=[InputRequired(), NumberRange(1, BIGGEST)])
    revision = IntegerField(validators=[InputRequired()])
    price = IntegerField(validators=[InputRequired(), NumberRange(0)])
    until = IntegerField(validators=[Optional()])
    channel = StringField(validators=[InputRequired(), AnyOf(("CASH", "BALANCE"))])
    memo = StringField(validators=[Length(max=200)], default="")


class RechargeForm(Form):
    """Cash into the wallet with the figures that were shown."""

    key = HiddenField(validators=[InputRequired(), Length(max=64)])
    at = IntegerField(validators=[InputRequired()])
    fen = IntegerField(validators=[InputRequired(), NumberRange(1, MOST_FEN)])
    before = IntegerField(validators=[InputRequired()])
    memo = StringField(validators=[Length(max=200)], default="")


class ListForm(Form):
    """What every list takes: words, the page, and the row that asks for confirmation."""

    q = StringField(validators=[Length(max=200)], default="")
    page = IntegerField(validators=[Optional(), NumberRange(1, MOST_PAGES)], default=1)
    confirm = _id()
    done = _id()

    def word(self, name: str) -> str:
        """A field's value as text, empty where it is missing or does not pass."""
        held = self[name]
        return str(held.data).strip() if held.data is not None and not held.errors else ""

    def number(self, name: str, otherwise: int = 0) -> int:
        """A field's value as a number, ``otherwise`` where it is missing or does not pass."""
        held = self[name]
        return int(held.data) if isinstance(held.data, int) and not held.errors else otherwise


class UsersForm(ListForm):
    """The list of accounts."""

    view = _one_of("soon", "expired", "suspended", "locked", "online")
    group = _id()
    plan = _id()
    sort = _one_of("username", "ends")


class UserForm(ListForm):
    """The page of one person."""

    show = _one_of("login", "refused", "money", "change")


class OnlineForm(ListForm):
    """The list of people online."""

    nas = _id()
    kind = StringField(validators=[Length(max=20)], default="")
    suspect = _one_of("1")


class DevicesForm(ListForm):
    """The list of access devices."""

    vendor = StringField(validators=[Length(max=20)], default="")


class SessionsForm(ListForm):
    """The session log."""

    nas = StringField(validators=[Length(max=128)], default="")
    state = _one_of("open", "closed")
    since = _day()
    until = _day()


class AttemptsForm(ListForm):
    """The log of login attempts; ``code`` is the stable word of a reason."""

    result = _one_of("accepted", "refused")
    code = StringField(validators=[Length(max=40)], default="")


class AuditForm(ListForm):
    """The audit log."""

    who = StringField(validators=[Length(max=128)], default="")


def read_list(form: type[ListForm], request: Any) -> Any:
    """A list's filter from the address. What does not pass is as if it were not there: a list never fails."""
    filled = form(Fields(request.args or {}))
    filled.validate()
    return filled
