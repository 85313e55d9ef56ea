"""The working half of `zhuomai certificate`: in the daemon, or in the command itself when there is none."""

from __future__ import annotations

import base64
from typing import Any

from zhuomai_appliance.commands import eap_files
from zhuomai_appliance.commands.backstage import Backstage
from zhuomai_appliance.commands.init import one_time_password
from zhuomai_appliance.flows.certificates import CertificateDesk, CertificateRefused, Issued, normal_serial
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.model.certificates import IssuedCertificate
from zhuomai_appliance.model.moment import Zone, rfc3339
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.net.control import CommandFailed, Params
from zhuomai_appliance.radius import eap_authority
from zhuomai_appliance.radius.eap_authority import CertificateFacts, CertificateUnusable, KeyPair
from zhuomai_appliance.radius.tls_material import Material, TlsUnusable
from zhuomai_appliance.store import accounts, certificates, journal, network

ACTOR = Actor("zhuomai certificate", "local")


async def work(stage: Backstage, params: Params) -> Any:
    """Do what `params["what"]` says; see the handlers below for what it needs beside."""
    handler = {
        "list": _list,
        "show": _show,
        "issue": _issue,
        "revoke": _revoke,
        "renew": _renew,
        "import": _import,
    }[params["what"]]
    try:
        return await handler(stage, params)
    except (CertificateRefused, CertificateUnusable) as error:
        raise CommandFailed(str(error)) from None
    except OSError as error:
        raise CommandFailed(f"{error.filename or stage.files.folder}: {error.strerror}") from None


async def _list(stage: Backstage, params: Params) -> Any:
    now = stage.now()
    projects = {project.id: project for project in network.projects(stage.store.reader)}
    found = await stage.store.read(certificates.listing)
    return {
        **_own(stage, projects_zone(projects.values())),
        "issued": [
            _item(one, projects[one.project_id], now) for one in found if params["all"] or one.is_good(now)
        ],
    }


async def _show(stage: Backstage, params: Params) -> Any:
    projects, wanted = network.projects(stage.store.reader), params["serial"]
    if wanted in {"server", "authority"}:
        found = _own(stage, projects_zone(projects), pem=True)[wanted]
        if found is None:
            raise CommandFailed(f"there is no {wanted} certificate of our own")
        return found
    for project in projects:
        known = certificates.by_serial(stage.store.reader, project.id, normal_serial(wanted))
        if known is not None:
            return {**_item(known, project, stage.now()), "pem": known.pem}
    raise CommandFailed(f"no certificate {wanted} was issued; `zhuomai certificate list` shows them")


async def _issue(stage: Backstage, params: Params) -> Any:
    """A certificate and its key: PKCS#12 in base64 with its password, or PEM of key, certificate and authority."""
    authority, days = eap_files.read_authority(stage.files), int(params["days"])
    desk = _desk(stage)
    if params["radsec"] is not None:
        project = _project(stage, params["project"])
        issued = await desk.issue_radsec(ACTOR, authority, project, params["radsec"], days)
    else:
        project = _project_of(stage, params["project"], params["user"])
        issued = await desk.issue_client(ACTOR, authority, project, params["user"], days)
    answer = _item(issued.certificate, project, stage.now())
    if params["form"] == "pem":
        return {**answer, "pem": _bundle(issued, authority)}
    password = one_time_password(stage.entropy)
    title = f"{issued.certificate.name} {project.name}"
    run = stage.digester.run
    pack = await run(eap_authority.pack, issued.pair, authority.certificate, title, password)
    return {**answer, "p12": base64.b64encode(pack).decode(), "password": password}


async def _revoke(stage: Backstage, params: Params) -> Any:
    projects = {project.id: project for project in network.projects(stage.store.reader)}
    was = await _desk(stage).revoke(ACTOR, list(projects), params["serial"], params["reason"])
    now = certificates.by_serial(stage.store.reader, was.project_id, was.serial)
    return _item(now or was, projects[was.project_id], stage.now())


async def _renew(stage: Backstage, params: Params) -> Any:
    """A new server certificate of our own authority, for the same names unless the settings name another."""
    _refuse_configured(stage)
    authority, now = eap_files.read_authority(stage.files), stage.now()
    names = [eap_files.server_name(stage.config)]
    if not stage.config.eap.server_name and stage.files.eap_certificate.exists():
        before = stage.files.eap_certificate.read_bytes()
        if eap_authority.is_issued_by(before, authority.certificate):
            names = list(eap_authority.facts(before).dns_names) or names
    pair = await stage.digester.run(eap_authority.issue_server, authority, names, now)
    return await _install(stage, pair, "certificate.renew")


async def _import(stage: Backstage, params: Params) -> Any:
    _refuse_configured(stage)
    chain = "\n".join(text for text in (params["certificate"], params["chain"]) if text)
    pair = KeyPair(chain.encode(), params["key"].encode())
    if not eap_authority.key_fits(pair):
        raise CommandFailed("the key is not that of the certificate, or one of them is not PEM")
    # A file for the certificate often holds its key too: what anybody may see must not
    pair = KeyPair(_certificates_alone(pair.certificate), pair.key)
    why = eap_authority.server_fault(pair.certificate, stage.now())
    if why is not None:
        raise CommandFailed(f"the certificate {why}")
    if eap_authority.chain_is_broken(pair.certificate):
        raise CommandFailed("the chain is out of order: each certificate must be signed by the next")
    try:
        Material.read(pair.certificate, pair.key)
    except TlsUnusable as error:
        raise CommandFailed(str(error)) from None
    return await _install(stage, pair, "certificate.import")


async def _install(stage: Backstage, pair: KeyPair, action: str) -> Any:
    facts = eap_authority.facts(pair.certificate)
    eap_files.write_pair(stage.files.eap_certificate, stage.files.eap_key, pair)
    stage.renewed()
    await stage.store.write(
        lambda tx: journal.audit(
            tx,
            at=stage.now(),
            project_id=journal.MACHINE,
            actor=ACTOR.name,
            address=ACTOR.address,
            action=action,
            object_kind="certificate",
            object_id=facts.serial,
            after={"names": list(facts.dns_names)},
        )
    )
    return _own(stage, projects_zone(network.projects(stage.store.reader)))["server"]


def _own(stage: Backstage, zone: Zone, *, pem: bool = False) -> dict[str, Any]:
    """Authority and server certificate as the daemon would use them."""
    material = eap_files.load(stage.config)
    authority = None
    if material.authority is not None:
        authority = _facts_item(eap_authority.facts(material.authority), zone)
        if pem:
            authority["pem"] = _certificates_alone(material.authority).decode()
    server = _facts_item(material.facts, zone)
    if pem:
        server["pem"] = _certificates_alone(material.certificate).decode()
    return {"authority": authority, "server": server}


def _certificates_alone(pem: bytes) -> bytes:
    return b"".join(eap_authority.certificates_in(pem))


def _facts_item(facts: CertificateFacts, zone: Zone) -> dict[str, Any]:
    return {
        "serial": facts.serial,
        "subject": facts.subject,
        "issuer": facts.issuer,
        "names": list(facts.dns_names),
        "from": rfc3339(facts.not_before_at, zone),
        "until": rfc3339(facts.not_after_at, zone),
        "sha256": facts.fingerprint,
    }


def _item(one: IssuedCertificate, project: Project, now: int) -> dict[str, Any]:
    zone = Zone(project.zone)
    state = "good" if one.is_good(now) else "revoked" if one.revoked_at is not None else "over"
    return {
        "serial": one.serial,
        "kind": one.kind.value,
        "name": one.name,
        "project": project.name,
        "state": state,
        "from": rfc3339(one.not_before_at, zone),
        "until": rfc3339(one.not_after_at, zone),
        "issued": rfc3339(one.issued_at, zone),
        "issued_by": one.issued_by,
        "revoked": None if one.revoked_at is None else rfc3339(one.revoked_at, zone),
        "reason": one.revoked_reason,
    }


def projects_zone(projects: Any) -> Zone:
    """In which time zone the machine's own dates are told: the first project's."""
    first = next(iter(projects), None)
    return Zone("UTC" if first is None else first.zone)


def _desk(stage: Backstage) -> CertificateDesk:
    return CertificateDesk(stage.store, stage.digester, stage.now)


def _bundle(issued: Issued, authority: KeyPair) -> str:
    return (issued.pair.key + issued.pair.certificate + authority.certificate).decode()


def _refuse_configured(stage: Backstage) -> None:
    if stage.config.eap.certificate:
        raise CommandFailed(
            f"the settings name {stage.config.eap.certificate}: put the new one there, "
            "or take eap.certificate and eap.key out of the settings"
        )


def _project(stage: Backstage, name: str | None) -> Project:
    """The project that is named, or the only one."""
    projects = network.projects(stage.store.reader)
    found = [project for project in projects if name in {None, project.name}]
    if len(found) == 1:
        return found[0]
    if name is not None:
        raise CommandFailed(f'there is no project "{name}"')
    raise CommandFailed(
        f"there are several projects; add --project, one of {', '.join(p.name for p in projects)}"
    )


def _project_of(stage: Backstage, name: str | None, user: str) -> Project:
    """The project that is named, or the only one that has this account."""
    if name is not None:
        return _project(stage, name)
    reader = stage.store.reader
    found = [one for one in network.projects(reader) if accounts.find_login(reader, one.id, user) is not None]
    if not found:
        raise CommandFailed(f'there is no account "{user}"')
    if len(found) > 1:
        raise CommandFailed(
            f"{user} is in several projects; add --project, one of {', '.join(p.name for p in found)}"
        )
    return found[0]
