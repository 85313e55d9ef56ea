"""The form of an access device: texts of a browser to the values of the model, every mistake beside its field."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from ipaddress import ip_network
from typing import Any, Final

from wtforms import Form, HiddenField, PasswordField, StringField, TextAreaField
from wtforms.fields import BooleanField, IntegerField
from wtforms.validators import AnyOf, InputRequired, Length, NumberRange, Optional, ValidationError

from zhuomai_appliance.model.network import (
    MessageAuthenticatorPolicy,
    Nas,
    NasId,
    Network,
    PortalAuth,
    ProjectId,
    TrafficUnit,
    Vendor,
)
from zhuomai_appliance.web.words import mark

KINDS: Final = ("ac", "bras", "switch", "firewall", "router", "ap")

_REQUIRED: Final = InputRequired(mark("Please fill this in."))
_PORT: Final = NumberRange(1, 65_535, mark("A port is 1 to 65535."))


def _one_of(values: Iterable[str], otherwise: str) -> StringField:
    """A select's value: one of some words of ours."""
    return StringField(validators=[AnyOf(tuple(values))], default=otherwise)


def _network(form: Form, field: Any) -> None:
    _networks(form, field)
    if len(str(field.data).split()) != 1:
        raise ValidationError(mark("Write one address or network."))


def _networks(form: Form, field: Any) -> None:
    for text in split(str(field.data or "")):
        try:
            ip_network(text)
        except ValueError:
            raise ValidationError(
                mark("Write an address such as 192.0.2.1 or a network such as 10.9.0.0/16.")
            ) from None


def _secret(form: Form, field: Any) -> None:
    value = str(field.data or "")
    if value and (not value.isascii() or not value.isprintable()):
        raise ValidationError(
            mark("Letters, digits and signs of the keyboard alone; devices know no others.")
        )


def _project(form: Form, field: Any) -> None:
    if field.data not in dict(getattr(form, "projects", ())):
        raise ValidationError(mark("Please choose one."))


def _quirks(form: Form, field: Any) -> None:
    read_quirks(str(field.data or ""))


def split(text: str) -> list[str]:
    """The parts of a text that people separate by blanks, commas or lines."""
    return text.replace(",", " ").replace("，", " ").split()


def read_quirks(text: str) -> dict[str, str | int | bool]:
    """Lines of ``key = value``; true, false and whole numbers are what they look like, all else is text.

    Raises:
        ValidationError: a line is none.
    """
    found: dict[str, str | int | bool] = {}
    for line in text.splitlines():
        if not line.strip():
            continue
        key, equals, value = (part.strip() for part in line.partition("="))
        if not equals or not key.isidentifier() or not value:
            raise ValidationError(mark("Write one setting a line, such as: rate_unit = 1000"))
        found[key] = _value(value)
    return found


def _value(text: str) -> str | int | bool:
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        return text
    return value if isinstance(value, str | int | bool) else text


def write_quirks(quirks: Any) -> str:
    """The same as lines."""
    return "\n".join(f"{key} = {json.dumps(value) if not isinstance(value, str) else value}"
                     for key, value in sorted(quirks.items()))  # fmt: skip


class NasForm(Form):
    """An access device. An empty secret keeps the one that is stored; ``was`` is what the form was made from."""

    #: The projects an operator may choose from, id and name.
    projects: tuple[tuple[int, str], ...] = ()

    was = HiddenField(validators=[Length(max=64)])
    name = StringField(validators=[_REQUIRED, Length(max=64)])
    project = IntegerField(validators=[_REQUIRED, _project])
    address = StringField(validators=[_REQUIRED, Length(max=64), _network])
    vendor = _one_of((one.value for one in Vendor), Vendor.HUAWEI_CAMPUS.value)
    device_kind = _one_of(KINDS, "ac")
    identifier = StringField(validators=[Length(max=253)], default="")
    secret = PasswordField(validators=[Length(max=128), _secret])
    coa_port = IntegerField(validators=[_REQUIRED, _PORT], default=3799)
    interim = IntegerField(
        validators=[_REQUIRED, NumberRange(60, 86_400, mark("60 to 86400 seconds."))], default=300
    )
    portal_version = IntegerField(validators=[AnyOf((1, 2))], default=2)
    portal_port = IntegerField(validators=[_REQUIRED, _PORT], default=2000)
    portal_secret = PasswordField(validators=[Length(max=128), _secret])
    portal_auth = _one_of((one.value for one in PortalAuth), PortalAuth.CHAP.value)
    traffic_unit = _one_of((one.value for one in TrafficUnit), TrafficUnit.BYTE.value)
    message_authenticator = _one_of(
        (one.value for one in MessageAuthenticatorPolicy), MessageAuthenticatorPolicy.AUTO.value
    )
    user_networks = StringField(validators=[Length(max=2000), _networks], default="")
    swap_direction = BooleanField(default=False)
    ipv6_counters = BooleanField(default=False)
    quirks = TextAreaField(validators=[Optional(), Length(max=4000), _quirks], default="")

    def fill_from(self, nas: Nas, fingerprint: str) -> None:
        """Show a device as it is stored; its secrets never leave the store."""
        for name in ("name", "identifier", "device_kind", "coa_port", "portal_port", "portal_version",
                     "swap_direction", "ipv6_counters"):  # fmt: skip
            self[name].data = getattr(nas, name)
        for name in ("vendor", "portal_auth", "traffic_unit", "message_authenticator"):
            self[name].data = getattr(nas, name).value
        self.was.data = fingerprint
        self.project.data = nas.project_id
        self.address.data = nas.host if nas.is_single_host else str(nas.address)
        self.interim.data = nas.interim_seconds
        self.user_networks.data = ", ".join(str(one) for one in nas.user_networks)
        self.quirks.data = write_quirks(nas.quirks)

    def device(self, before: Nas | None, project_id: ProjectId) -> Nas:
        """The device that a form which passed describes.

        Args:
            before: what is stored; its secrets stay where the form names none. A new device needs one: the page
                asks for it, and the portal key is the RADIUS secret where none of its own is given.
        """
        said = str(self.secret.data or "").encode()
        secret = said or (b"" if before is None else before.secret)
        portal_said = str(self.portal_secret.data or "").encode()
        # A key of its own stays; one that was the same as the RADIUS secret follows it
        follows = before is None or before.portal_secret == before.secret
        portal_secret = portal_said or (secret if follows or before is None else before.portal_secret)
        return Nas(
            id=NasId(0) if before is None else before.id,
            project_id=project_id,
            name=str(self.name.data).strip(),
            address=ip_network(str(self.address.data).strip()),
            identifier=str(self.identifier.data or "").strip(),
            vendor=Vendor(str(self.vendor.data)),
            device_kind=str(self.device_kind.data),
            secret=secret,
            coa_port=int(self.coa_port.data or 0),
            portal_port=int(self.portal_port.data or 0),
            portal_version=int(self.portal_version.data or 0),
            portal_auth=PortalAuth(str(self.portal_auth.data)),
            portal_secret=portal_secret,
            user_networks=_read_networks(str(self.user_networks.data or "")),
            interim_seconds=int(self.interim.data or 0),
            traffic_unit=TrafficUnit(str(self.traffic_unit.data)),
            swap_direction=bool(self.swap_direction.data),
            ipv6_counters=bool(self.ipv6_counters.data),
            message_authenticator=MessageAuthenticatorPolicy(str(self.message_authenticator.data)),
            message_authenticator_learned=before is not None and before.message_authenticator_learned,
            quirks=read_quirks(str(self.quirks.data or "")),
        )

    def problems(self, text: Callable[[str], str]) -> dict[str, str]:
        """The first mistake of each field, in the page's language."""
        return {field.name: text(str(field.errors[0])) for field in self if field.errors}


def _read_networks(text: str) -> tuple[Network, ...]:
    return tuple(ip_network(one) for one in split(text))
