"""Settings in the database: how a school presents itself, and whatever else the console will change."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.wifi import WifiMethod, WifiNetwork
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.store.sql import load

_Q = load("settings")

BRANDING: Final = "branding"
WIFI: Final = "wifi"


@dataclass(frozen=True, slots=True)
class Branding:
    """How a project shows itself on pages and paper (features B08); empty texts are left out."""

    title: str = ""
    service: str = ""
    hotline: str = ""
    hours: str = ""
    home_url: str = ""
    home_label: str = ""
    notice: str = ""


def get(reader: Reader, project_id: ProjectId, key: str) -> Any | None:
    """A setting's value, None when it was never set."""
    text: str | None = reader.value(_Q.get_setting, project_id=project_id, key=key)
    return None if text is None else json.loads(text)


def put(tx: Transaction, project_id: ProjectId, key: str, value: Mapping[str, Any]) -> None:
    """Set a setting."""
    tx.run(
        _Q.put_setting,
        project_id=project_id,
        key=key,
        value=json.dumps(dict(value), ensure_ascii=False, sort_keys=True, separators=(",", ":")),
    )


def wifi(reader: Reader, project_id: ProjectId) -> tuple[WifiNetwork, ...]:
    """The 802.1X networks for which a project offers profiles, in their order."""
    found = (get(reader, project_id, WIFI) or {}).get("networks", [])
    return tuple(
        WifiNetwork(one["ssid"], WifiMethod(one["method"]), one["hidden"], one["outer_identity"])
        for one in found
    )


def put_wifi(tx: Transaction, project_id: ProjectId, networks: Sequence[WifiNetwork]) -> None:
    """Change the networks for which a project offers profiles."""
    put(tx, project_id, WIFI, {"networks": [asdict(one) for one in networks]})


def branding(reader: Reader, project_id: ProjectId) -> Branding:
    """How a project shows itself."""
    found = get(reader, project_id, BRANDING) or {}
    known = Branding.__slots__
    return Branding(**{name: value for name, value in found.items() if name in known})


def put_branding(tx: Transaction, project_id: ProjectId, value: Branding) -> None:
    """Change how a project shows itself."""
    put(tx, project_id, BRANDING, asdict(value))
