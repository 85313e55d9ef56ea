"""Login attempts and refusals, as pages, exports and the API list them. Times are UTC epoch seconds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from zhuomai_appliance.model.access import AccessKind
from zhuomai_appliance.model.network import NasId, ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.store.interface import Reader
from zhuomai_appliance.store.reports_access import whom
from zhuomai_appliance.store.reports_query import Page, flag, pattern, project_ids, rows, sorting
from zhuomai_appliance.store.sql import load

_Q = load("reports_access")
_KEY: Final = re.compile(r"([0-9]{1,12})-([0-9]{1,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One login attempt with its verdict. `reason` is the stable word of model.access.Reason, empty if accepted."""

    row_id: int
    project_id: ProjectId
    at: int
    account_id: AccountId | None
    full_name: str
    username: str
    username_raw: str
    mac: str | None
    ip: str | None
    nas_id: NasId
    nas: str
    ssid: str | None
    vlan: int | None
    port_id: str | None
    access_kind: AccessKind
    proof_kind: str
    accepted: bool
    reason: str
    detail: str
    lookup_code: str
    acct_session_id: str | None

    @property
    def id(self) -> str:
        """The key of the list: attempts are numbered within their month, so the time stands before the number."""
        return f"{self.at}-{self.row_id}"


@dataclass(frozen=True, slots=True)
class AttemptFilter:
    """Which attempts; `words` match name, address, MAC (`mac_words`: the same read as one) and look-up code."""

    id: str | None = None
    username: str | None = None
    account_id: AccountId | None = None
    words: str = ""
    mac_words: str | None = None
    nas: str | None = None
    mac: str | None = None
    ip: str | None = None
    accepted: bool | None = None
    reason: str | None = None
    lookup_code: str | None = None
    from_at: int | None = None
    to_at: int | None = None


def attempts(
    reader: Reader, projects: Sequence[ProjectId], chosen: AttemptFilter, page: Page
) -> list[AttemptRow]:
    """Login attempts; the key is `AttemptRow.id`.

    Raises:
        ValueError: `page.after` or `chosen.id` is no such key.
    """
    if not reader.value(_Q.view_exists, name="attempt_all"):
        return []
    wanted = project_ids(reader, projects)
    name, stranger = whom(reader, wanted, chosen.username)
    at, row_id = attempt_key(page.after)
    same_at, same_id = attempt_key(chosen.id)
    side = "before" if page.newest_first else "after"
    found = rows(
        reader,
        _Q.attempts,
        wanted,
        same_at=same_at,
        same_id=same_id,
        account_id=chosen.account_id,
        name=name,
        stranger=stranger,
        words=pattern(chosen.words) if chosen.words.strip() else None,
        mac_words=chosen.mac_words,
        code_words=chosen.words.strip().upper(),
        nas=chosen.nas,
        mac=chosen.mac,
        ip=chosen.ip,
        accepted=flag(chosen.accepted is True),
        refused=flag(chosen.accepted is False),
        reason=chosen.reason,
        lookup_code=chosen.lookup_code,
        from_at=chosen.from_at,
        to_at=chosen.to_at,
        newest_first=flag(page.newest_first),
        limit=page.limit,
        offset=page.offset,
        **{f"{side}_at": at, f"{side}_id": row_id},
        by_project=flag(chosen.lookup_code is None),
        by_code=flag(chosen.lookup_code is not None),
        **sorting(page, any(one is not None for one in (chosen.lookup_code, chosen.account_id, name))),
    )
    return [
        AttemptRow(
            row_id=row[0],
            project_id=row[1],
            at=row[2],
            account_id=row[3],
            full_name=row[5] or "",
            username=row[6] if row[4] is None else row[4],
            username_raw=row[6],
            mac=row[7],
            ip=row[8],
            nas_id=NasId(row[9]),
            nas=row[10] or "",
            ssid=row[11],
            vlan=row[12],
            port_id=row[13],
            access_kind=AccessKind(row[14]),
            proof_kind=row[15],
            accepted=bool(row[16]),
            reason=row[17],
            detail=row[18],
            lookup_code=row[19],
            acct_session_id=row[20],
        )
        for row in found
    ]


def attempt_key(key: int | str | None) -> tuple[int | None, int | None]:
    """Time and number in a key of the list.

    Raises:
        ValueError: this is no such key.
    """
    if key is None:
        return None, None
    found = _KEY.fullmatch(str(key))
    if found is None:
        raise ValueError(f"{key!r} is no key of an attempt")
    return int(found[1]), int(found[2])


def refused_by_reason(
    reader: Reader, projects: Sequence[ProjectId], from_at: int, to_at: int
) -> list[tuple[str, int]]:
    """How often each reason refused a login in [from_at, to_at), the most frequent first."""
    if not reader.value(_Q.view_exists, name="attempt_all"):
        return []
    found = rows(reader, _Q.refused_by_reason, project_ids(reader, projects), from_at=from_at, to_at=to_at)
    return [(reason, count) for reason, count in found]
