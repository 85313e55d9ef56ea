"""The list of accounts, the search for a person, and the box at the top that finds anything."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from zhuomai_appliance.model.people import AccountStatus, GroupId, normal_name
from zhuomai_appliance.store import products, reports
from zhuomai_appliance.store.interface import Reader
from zhuomai_appliance.web import menu
from zhuomai_appliance.web.admin.lines import PAGE_ROWS, mac_of, pager, user_line
from zhuomai_appliance.web.admin.lists import UsersView
from zhuomai_appliance.web.admin.views import Choice
from zhuomai_appliance.web.forms import UsersForm, read_list
from zhuomai_appliance.web.permissions import Visit

if TYPE_CHECKING:
    from zhuomai_appliance.web.app import ConsoleDeps

SORTS: Final = {"username": reports.AccountSort.USERNAME, "ends": reports.AccountSort.END}
LOOKUP_CHARACTERS: Final = 5
MENU_VIEWS: Final = frozenset(("soon", "expired", "locked"))
"""The saved views that stand in the menu."""


@dataclass(frozen=True, slots=True)
class _Found:
    rows: list[reports.AccountRow]
    total: int
    counts: dict[str, int]
    plans: tuple[Choice, ...]
    groups: tuple[Choice, ...]


def _saved(view: str, now: int) -> reports.AccountFilter:
    """The filter of a saved view."""
    match view:
        case "soon":
            return reports.AccountFilter(ends_before=now + reports.EXPIRING_SECONDS)
        case "expired" | "suspended" | "locked":
            return reports.AccountFilter(status=AccountStatus(view))
        case "online":
            return reports.AccountFilter(online=True)
        case _:
            return reports.AccountFilter()


def _narrowed(deps: ConsoleDeps, base: reports.AccountFilter, words: str) -> reports.AccountFilter:
    """The same filter for what somebody typed: names anywhere, a phone, a device or an address whole."""
    if not words:
        return base
    return replace(
        base,
        words=words,
        phone_words=deps.vault.blind_index(normal_name(words).encode(), "phone"),
        mac_words=mac_of(words),
    )


async def users(deps: ConsoleDeps, visit: Visit, *, searching: bool = False) -> UsersView:
    """A page of accounts with the counts of the saved views; while searching, nothing until something is asked."""
    form = read_list(UsersForm, visit.request)
    words, view, page = form.word("q"), form.word("view"), form.number("page", 1)
    now, projects = visit.now, visit.projects
    group, plan = form.number("group"), form.number("plan")
    chosen = replace(
        _narrowed(deps, _saved(view, now), words),
        group_id=GroupId(group) if group else None,
        plan_id=plan or None,
    )
    sort = SORTS.get(form.word("sort"), reports.AccountSort.ID)
    scope = [p.id for p in deps.tables.projects() if not projects or p.id in projects]

    def read(reader: Reader) -> _Found:
        wanted = reports.Page(limit=PAGE_ROWS + 1, offset=(page - 1) * PAGE_ROWS)
        quiet = searching and not words
        return _Found(
            rows=[] if quiet else reports.accounts(reader, projects, chosen, wanted, now, sort),
            total=0 if quiet else reports.count_accounts(reader, projects, chosen, now),
            counts={}
            if searching
            else {
                name: reports.count_accounts(reader, projects, _saved(name, now), now)
                for name in ("", "soon", "expired", "suspended", "locked", "online")
            },
            plans=tuple(
                Choice(str(offer.plan.id), offer.plan.name)
                for p in scope
                for offer in products.plans(reader, p)
            ),
            groups=tuple(Choice(str(g.id), g.name) for p in scope for g in products.groups(reader, p)),
        )

    found = await deps.store.read(read)
    text = visit.f.words.text
    labels = {
        "": text("All"),
        "soon": text("Expire in 7 days"),
        "expired": text("Expired"),
        "suspended": text("Suspended"),
        "locked": text("Locked"),
        "online": text("Online"),
    }
    rows = found.rows[:PAGE_ROWS]
    return UsersView(
        rows=tuple(user_line(row, visit.f) for row in rows),
        views=tuple(Choice(name, labels[name], found.counts.get(name)) for name in labels),
        view=view,
        q=words,
        groups=found.groups,
        group=str(group) if group else "",
        plans=found.plans,
        plan=str(plan) if plan else "",
        sort=form.word("sort"),
        pager=pager(visit.path, visit.query, page, len(rows), len(found.rows) > PAGE_ROWS, found.total),
        searching=searching,
    )


async def only_hit(deps: ConsoleDeps, visit: Visit, words: str) -> str | None:
    """The address of the one account that ``words`` name exactly or alone, else None."""

    def read(reader: Reader) -> list[reports.AccountRow]:
        exact = reports.account_named(reader, visit.projects, words)
        if exact is not None:
            return [exact]
        chosen = _narrowed(deps, reports.AccountFilter(), words)
        return reports.accounts(reader, visit.projects, chosen, reports.Page(limit=2), visit.now)

    if not words:
        return None
    found = await deps.store.read(read)
    return f"/admin/users/{found[0].id}" if len(found) == 1 else None


async def anything(deps: ConsoleDeps, visit: Visit, words: str) -> str:
    """Where the search box leads: a page of the menu, a person, a look-up number, else the search with what was asked."""
    catalogues = tuple(deps.renderer.words.values())
    entry = menu.find(words, catalogues, visit.session.operator.permissions)
    if entry is not None:
        return entry.route
    person = await only_hit(deps, visit, words)
    if person is not None:
        return person
    code = words.strip().upper()
    if len(code) == LOOKUP_CHARACTERS and code.isalnum():
        chosen = reports.AttemptFilter(lookup_code=code)
        if await deps.store.read(
            lambda reader: reports.attempts(reader, visit.projects, chosen, reports.Page(limit=1))
        ):
            return f"/admin/attempts?{urlencode({'q': code})}"
    return f"/admin/users/search?{urlencode({'q': words})}" if words else "/admin/users/search"
