"""ZhuoMai appliance: lets people of a campus onto the network, meters them, bills them and keeps the books."""

__version__ = "0.1.0"
