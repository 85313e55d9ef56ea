"""Projects, access devices and lists: few rows that the daemon keeps whole in memory.

Shared secrets are sealed by the vault with the device's id as context, so a sealed value copied to another row does
not open.
"""

from __future__ import annotations

import json
from dataclasses import replace
from ipaddress import ip_network
from typing import NamedTuple

from zhuomai_appliance.model.network import (
    AccessListEntry,
    ListAction,
    ListKind,
    MessageAuthenticatorPolicy,
    Nas,
    NasId,
    PortalAuth,
    Project,
    ProjectId,
    TrafficUnit,
    Vendor,
)
from zhuomai_appliance.store.interface import Reader, Row, Transaction, Value
from zhuomai_appliance.store.sql import load
from zhuomai_appliance.store.vault import Vault

_Q = load("network")
_R = load("reports_access")


def projects(reader: Reader) -> list[Project]:
    """Every project, the oldest first."""
    return [Project(ProjectId(row[0]), row[1], row[2]) for row in reader.all(_Q.projects)]


def add_project(tx: Transaction, name: str, zone: str, at: int) -> ProjectId:
    """Add a project; the name must be unused."""
    return ProjectId(tx.insert(_Q.insert_project, name=name, zone=zone, at=at))


def set_zone(tx: Transaction, project_id: ProjectId, zone: str) -> None:
    """Give a project another time zone (IANA name)."""
    tx.run(_Q.set_zone, id=project_id, zone=zone)


def rename_project(tx: Transaction, project_id: ProjectId, name: str) -> None:
    """Call a project otherwise."""
    tx.run(_Q.rename_project, id=project_id, name=name)


def has_books(reader: Reader, project_id: ProjectId) -> bool:
    """Whether anything was ever posted in a project."""
    return bool(reader.value(_Q.has_books, id=project_id))


def secret_context(nas_id: NasId) -> bytes:
    """What a device's sealed RADIUS secret is bound to."""
    return b"nas.secret:%d" % nas_id


def portal_secret_context(nas_id: NasId) -> bytes:
    """What a device's sealed portal secret is bound to."""
    return b"nas.portal_secret:%d" % nas_id


def all_nas(reader: Reader, vault: Vault) -> list[Nas]:
    """Every access device of every project with its secrets opened: the source of the in-memory table.

    `message_authenticator_learned` is set for a single host that has signed once; for a network of devices ask
    `signers`, which knows each address.
    """
    learned = signers(reader)
    return [_nas(row, vault, learned) for row in reader.all(_Q.all_nas)]


class DeviceFacts(NamedTuple):
    """What an access device is, without its secrets."""

    name: str
    vendor: Vendor
    device_kind: str
    quirks: dict[str, str | int | bool]


def kinds(reader: Reader) -> list[DeviceFacts]:
    """What every access device is; no key is needed."""
    return [DeviceFacts(row[0], Vendor(row[1]), row[2], json.loads(row[3])) for row in reader.all(_Q.kinds)]


def _nas(row: Row, vault: Vault, learned: frozenset[tuple[NasId, str]]) -> Nas:
    nas_id = NasId(row[0])
    address = ip_network(row[3])
    return Nas(
        id=nas_id,
        project_id=ProjectId(row[1]),
        name=row[2],
        address=address,
        identifier=row[4],
        vendor=Vendor(row[5]),
        device_kind=row[6],
        secret=vault.open(row[7], secret_context(nas_id)),
        coa_port=row[8],
        portal_port=row[9],
        portal_version=row[10],
        portal_auth=PortalAuth(row[11]),
        portal_secret=vault.open(row[12], portal_secret_context(nas_id)),
        user_networks=tuple(ip_network(text) for text in json.loads(row[13])),
        interim_seconds=row[14],
        traffic_unit=TrafficUnit(row[15]),
        swap_direction=bool(row[16]),
        ipv6_counters=bool(row[17]),
        message_authenticator=MessageAuthenticatorPolicy(row[18]),
        message_authenticator_learned=address.num_addresses == 1
        and (nas_id, str(address.network_address)) in learned,
        quirks=json.loads(row[19]),
    )


def _columns(nas: Nas) -> dict[str, Value]:
    return {
        "project_id": nas.project_id,
        "name": nas.name,
        "address": str(nas.address),
        "identifier": nas.identifier,
        "vendor": nas.vendor.value,
        "device_kind": nas.device_kind,
        "coa_port": nas.coa_port,
        "portal_port": nas.portal_port,
        "portal_version": nas.portal_version,
        "portal_auth": nas.portal_auth.value,
        "user_networks": _json([str(network) for network in nas.user_networks]),
        "interim_seconds": nas.interim_seconds,
        "traffic_unit": nas.traffic_unit.value,
        "swap_direction": int(nas.swap_direction),
        "ipv6_counters": int(nas.ipv6_counters),
        "message_authenticator": nas.message_authenticator.value,
        "quirks": _json(dict(nas.quirks)),
    }


def add_nas(tx: Transaction, vault: Vault, nas: Nas) -> Nas:
    """Add a device; the id in ``nas`` is ignored. The device with its id."""
    # The seal is bound to the id, which the insert makes; both statements are one transaction.
    nas_id = NasId(tx.insert(_Q.insert_nas, unsealed=b"", **_columns(nas)))
    _seal_secrets(tx, vault, nas_id, nas)
    return replace(nas, id=nas_id)


def update_nas(tx: Transaction, vault: Vault, nas: Nas) -> None:
    """Write every property of a device, its secrets included."""
    tx.run(_Q.update_nas, id=nas.id, **_columns(nas))
    _seal_secrets(tx, vault, nas.id, nas)


def _seal_secrets(tx: Transaction, vault: Vault, nas_id: NasId, nas: Nas) -> None:
    tx.run(
        _Q.set_nas_secrets,
        id=nas_id,
        secret_sealed=vault.seal(nas.secret, secret_context(nas_id)),
        portal_secret_sealed=vault.seal(nas.portal_secret, portal_secret_context(nas_id)),
    )


def has_reported(reader: Reader, nas: Nas) -> bool:
    """Whether a session of this device stands in the books, of whatever month."""
    # Until housekeeping made the first month there is no view, and all there is stands in `session`
    months = reader.value(_R.view_exists, name="session_all")
    query = _Q.nas_in_months if months else _Q.nas_in_sessions
    return reader.value(query, project_id=nas.project_id, nas_id=nas.id) is not None


def remove_nas(tx: Transaction, nas_id: NasId) -> None:
    """Take a device off the list, with what was learned of it. What it reported must keep its name: see above."""
    tx.run(_Q.forget_signers, nas_id=nas_id)
    tx.run(_Q.remove_nas, nas_id=nas_id)


def nas_at(reader: Reader, address: str) -> NasId | None:
    """The device entered under exactly this address or network, None when there is none."""
    found: int | None = reader.value(_Q.nas_id_of_address, address=address)
    return None if found is None else NasId(found)


def signers(reader: Reader) -> frozenset[tuple[NasId, str]]:
    """Source addresses, by device, that have proved to sign their Access-Requests (CVE-2024-3596)."""
    return frozenset((NasId(nas_id), address) for nas_id, address in reader.all(_Q.signers))


def learn_signer(tx: Transaction, project_id: ProjectId, nas_id: NasId, address: str, at: int) -> bool:
    """Remember for good that an address signs; False when that was known."""
    return tx.run(_Q.learn_signer, project_id=project_id, nas_id=nas_id, address=address, at=at) == 1


def forget_signers(tx: Transaction, nas_id: NasId) -> None:
    """Forget what was learned of a device: it was replaced by another."""
    tx.run(_Q.forget_signers, nas_id=nas_id)


def access_lists(reader: Reader) -> list[AccessListEntry]:
    """Every black and white list entry of every project, expired ones too."""
    return [
        AccessListEntry(
            ProjectId(row[0]), ListKind(row[1]), ListAction(row[2]), row[3], row[4], row[5], row[6]
        )
        for row in reader.all(_Q.access_lists)
    ]


def put_list_entry(tx: Transaction, entry: AccessListEntry, at: int) -> None:
    """Add an entry, or change the one of the same kind and value, whose maker stays who he was."""
    tx.run(
        _Q.put_list_entry,
        project_id=entry.project_id,
        kind=entry.kind.value,
        action=entry.action.value,
        value=entry.value,
        reason=entry.reason,
        expires_at=entry.expires_at,
        created_by=entry.created_by,
        at=at,
    )


def remove_list_entry(tx: Transaction, project_id: ProjectId, kind: ListKind, value: str) -> bool:
    """Take an entry off its list; False when it was not there."""
    return tx.run(_Q.remove_list_entry, project_id=project_id, kind=kind.value, value=value) == 1


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
