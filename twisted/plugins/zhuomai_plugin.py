"""Tells twistd of `zhuomai`; imports nothing of the product until it is asked to run."""

from twisted.application.service import ServiceMaker

zhuomai = ServiceMaker(
    "ZhuoMai appliance",
    "zhuomai_appliance.tap",
    "Campus network access and billing: captive portal, RADIUS, ledger and console",
    "zhuomai",
)
