"""The table of a site file for which networks of 802.1X profiles are offered."""

from __future__ import annotations

from typing import ClassVar

from pydantic import field_validator

from zhuomai_appliance.commands.sitetables import Table
from zhuomai_appliance.commands.sitewords import Name, Text, Yes
from zhuomai_appliance.flows.site_model import SiteWifi
from zhuomai_appliance.model.wifi import WifiMethod, WifiNetwork


class WifiTable(Table):
    """[[wifi]]: a network that devices join by 802.1X, for the page of profiles."""

    key: ClassVar[str] = "ssid"
    ssid: Name
    project: Name | None = None
    method: WifiMethod = WifiMethod.PEAP
    hidden: bool = False
    outer_identity: Text = ""
    enabled: Yes = True

    @field_validator("ssid")
    @classmethod
    def _fits_the_air(cls, value: str) -> str:
        if len(value.encode()) > 32:
            raise ValueError(f'"{value}" is longer than 32 octets, the most that a network may be called')
        return value

    def value(self) -> SiteWifi:
        """See `Table.value`."""
        network = WifiNetwork(self.ssid, self.method, self.hidden, self.outer_identity)
        return SiteWifi(self.project, network, self.enabled)
