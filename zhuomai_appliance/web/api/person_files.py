"""What the desk keeps of a person, through the API: notes, tags, names, unbinding, real-name data."""

from __future__ import annotations

from pydantic import BaseModel

from zhuomai_appliance.flows import person_files
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.people import Permission
from zhuomai_appliance.store import accounts
from zhuomai_appliance.store import person_files as rows
from zhuomai_appliance.store.interface import Transaction
from zhuomai_appliance.store.reports import AccountRow
from zhuomai_appliance.web.api.calls import Call, Parts
from zhuomai_appliance.web.api.closings import person, tried
from zhuomai_appliance.web.api.items_access import Done
from zhuomai_appliance.web.api.items_files import (
    FileItem,
    NameBody,
    NameItem,
    NameList,
    NoteBody,
    NoteItem,
    PersonItem,
    PurposeBody,
    SeenBody,
    TagsBody,
    UnbindBody,
    UnbindingItem,
    UnbindingList,
)
from zhuomai_appliance.web.formats import masked_phone


async def list_unbindings(parts: Parts, call: Call) -> BaseModel:
    """What was taken off, and what of the month's allowance is left."""
    row, project = await person(parts, call)
    return await _unbindings(parts, call, row, project)


async def unbind_device(parts: Parts, call: Call) -> BaseModel:
    """Take a device off within the allowance, or beyond it with a reason."""
    body: UnbindBody = call.body
    row, project = await person(parts, call)
    await tried(
        parts.store.write(
            lambda tx: person_files.unbind(
                tx,
                call.actor,
                call.now,
                project,
                row.id,
                body.mac,
                reason=body.reason,
                override=body.override,
            )
        )
    )
    return await _unbindings(parts, call, row, project)


async def _unbindings(parts: Parts, call: Call, row: AccountRow, project: Project) -> BaseModel:
    have = await parts.store.read(lambda reader: person_files.allowance(reader, project, row.id, call.now))
    found = await parts.store.read(lambda reader: rows.unbindings(reader, project.id, row.id))
    return UnbindingList(
        may=have.may,
        per_month=have.per_month,
        used=have.used,
        left=have.left,
        items=[
            UnbindingItem(
                mac=one.mac,
                by_user=one.by_user,
                at=parts.time(one.at, project.id),
                by=one.by,
                reason=one.reason,
            )
            for one in found
        ],
    )


async def list_names(parts: Parts, call: Call) -> BaseModel:
    """All names an account logs in with."""
    row, project = await person(parts, call)
    found = await parts.store.read(lambda reader: accounts.identifiers(reader, project.id, row.id))
    whole = call.operator.may(Permission.PERSON_DATA_READ)
    return NameList(
        items=[
            NameItem(value=value if whole or kind != "phone" else masked_phone(value), kind=kind)
            for value, kind in found
        ]
    )


async def add_name(parts: Parts, call: Call) -> BaseModel:
    """Give an account one more name."""
    body: NameBody = call.body
    row, project = await person(parts, call)
    await tried(
        parts.store.write(
            lambda tx: person_files.add_name(tx, call.actor, call.now, project, row.id, body.value, body.kind)
        )
    )
    return await list_names(parts, call)


async def drop_name(parts: Parts, call: Call) -> BaseModel:
    """Take a name away that the desk gave."""
    row, project = await person(parts, call)
    kind, name = call.path["kind"], call.path["name"]
    await tried(
        parts.store.write(
            lambda tx: person_files.drop_name(tx, call.actor, call.now, project, row.id, name, kind)
        )
    )
    return Done(done=True)


async def get_file(parts: Parts, call: Call) -> BaseModel:
    """Notes and tags; that notes were read is logged."""
    row, project = await person(parts, call)

    def look(tx: Transaction) -> BaseModel:
        notes = person_files.read_notes(tx, call.actor, call.now, project, row.id)
        at, by = rows.verified(tx, project.id, row.id)
        return FileItem(
            notes=[
                NoteItem(id=one.id, text=one.text, at=parts.time(one.at, project.id), by=one.by)
                for one in notes
            ],
            tags=rows.tags(tx, project.id, row.id),
            verified_at=parts.maybe_time(at, project.id),
            verified_by=by,
        )

    return await tried(parts.store.write(look))


async def add_note(parts: Parts, call: Call) -> BaseModel:
    """Write a note."""
    body: NoteBody = call.body
    row, project = await person(parts, call)
    made = await tried(
        parts.store.write(
            lambda tx: person_files.add_note(tx, call.actor, call.now, project, row.id, body.text)
        )
    )
    return NoteItem(id=made, text=body.text, at=parts.time(call.now, project.id), by=call.actor.name)


async def remove_note(parts: Parts, call: Call) -> BaseModel:
    """Take a note out of sight."""
    row, project = await person(parts, call)
    note_id = call.path["note_id"]
    await tried(
        parts.store.write(
            lambda tx: person_files.remove_note(tx, call.actor, call.now, project, row.id, note_id)
        )
    )
    return Done(done=True)


async def put_tags(parts: Parts, call: Call) -> BaseModel:
    """Give a person these tags and no other."""
    body: TagsBody = call.body
    row, project = await person(parts, call)
    await tried(
        parts.store.write(
            lambda tx: person_files.put_tags(tx, call.actor, call.now, project, row.id, body.tags)
        )
    )
    return Done(done=True)


async def reveal(parts: Parts, call: Call) -> BaseModel:
    """The data of a person whole, its purpose logged."""
    body: PurposeBody = call.body
    row, project = await person(parts, call)
    found = await tried(
        parts.store.write(
            lambda tx: person_files.reveal(
                tx, parts.vault, call.actor, call.now, project, row.id, body.purpose
            )
        )
    )
    return PersonItem(id_number=found.id_number, phone=found.phone, email=found.email, address=found.address)


async def set_verified(parts: Parts, call: Call) -> BaseModel:
    """Note that the identity card was seen, or has to be seen again."""
    body: SeenBody = call.body
    row, project = await person(parts, call)
    await tried(
        parts.store.write(
            lambda tx: person_files.set_verified(tx, call.actor, call.now, project, row.id, seen=body.seen)
        )
    )
    return Done(done=True)
