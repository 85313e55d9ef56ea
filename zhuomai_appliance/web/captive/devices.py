"""The devices of a full account on the refusal page, each with the way to take its place."""

from __future__ import annotations

from zhuomai_appliance.flows.portal_login import PortalLogin
from zhuomai_appliance.flows.visitors import Replacement, Visitor
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.web.captive.views import Device
from zhuomai_appliance.web.formats import Formatter

REPLACE_PATH = "/replace"


def replaceable(
    portal_login: PortalLogin, visitor: Visitor, account_id: AccountId | None, f: Formatter
) -> tuple[Device, ...]:
    """What holds the places of an account whose password was right; nothing for None.

    A device is named by the end of its address, which its owner finds in its settings and a stranger cannot use.
    """
    if account_id is None:
        return ()
    text, reception = f.words.text, portal_login.reception
    return tuple(
        Device(
            name=text("Device %(mac)s", mac=one.mac.upper()[-8:]) if one.mac else text("A device"),
            kind="phone",
            place=one.place,
            since=one.started_at,
            octets=one.octets,
            drop_action=REPLACE_PATH,
            drop_token=reception.replacement_token(Replacement(visitor, account_id, one.session_id), f.now),
        )
        for one in portal_login.replacer.places(account_id)
    )
