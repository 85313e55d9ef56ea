"""What the API says and takes about what the desk keeps of a person."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from zhuomai_appliance.web.api.fields import Mac, Memo, Strict, Text, Time
from zhuomai_appliance.web.api.items import Answer


class UnbindingItem(Answer):
    """A device that was taken off; `by_user` counts against the allowance."""

    mac: str
    by_user: bool
    at: Time
    by: str
    reason: str


class UnbindingList(Answer):
    """What of taking devices off is left this month, null: as many as one likes; and what was taken off."""

    may: bool
    per_month: int | None
    used: int
    left: int | None
    items: list[UnbindingItem]


class UnbindBody(Strict):
    """A device the person takes off; `override` goes beyond the allowance and needs a `reason`."""

    mac: Mac
    reason: Memo = ""
    override: bool = False


class NameItem(Answer):
    """A name to log in with."""

    value: str
    kind: str


class NameList(Answer):
    """All names an account logs in with, folded; a phone number is masked unless the token may see person data."""

    items: list[NameItem]


class NameBody(Strict):
    """One more name."""

    value: Text = Field(min_length=1)
    kind: Literal["alias", "student_no", "staff_no"] = "alias"


class NoteItem(Answer):
    """A note about a person."""

    id: int
    text: str
    at: Time
    by: str


class FileItem(Answer):
    """What the desk keeps of a person: notes, the newest first, tags, and when and by whom the identity card was seen."""

    notes: list[NoteItem]
    tags: list[str]
    verified_at: Time | None
    verified_by: str


class NoteBody(Strict):
    """A note."""

    text: str = Field(min_length=1, max_length=4000)


class TagsBody(Strict):
    """All tags of a person."""

    tags: list[Annotated[Text, Field(min_length=1, max_length=40)]] = Field(max_length=20)


class PurposeBody(Strict):
    """What the data is needed for; it is logged."""

    purpose: Annotated[Memo, Field(min_length=1)]


class SeenBody(Strict):
    """Whether the identity card was seen."""

    seen: bool


class PersonItem(Answer):
    """The data of a person, whole."""

    id_number: str = Field(repr=False)
    phone: str = Field(repr=False)
    email: str = Field(repr=False)
    address: str = Field(repr=False)
