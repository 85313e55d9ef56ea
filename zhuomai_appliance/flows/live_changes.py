"""What a task changed that running sessions must hear of, gathered on its way and told once at its end."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from zhuomai_appliance.flows import effects
from zhuomai_appliance.model.access_rules import AccessRule
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId, Group, GroupId
from zhuomai_appliance.store import products
from zhuomai_appliance.store.interface import Transaction

GROUP_KEYS: Final = frozenset(("rate_id", "parent_id"))
"""What of a group a running session feels."""


def group_rate(groups: Iterable[Group], group_id: GroupId | None) -> int | None:
    """The rate that a group has or inherits; None for none. A circle of groups ends."""
    by_id = {group.id: group for group in groups}
    seen: set[GroupId] = set()
    while group_id is not None and group_id not in seen and group_id in by_id:
        seen.add(group_id)
        if by_id[group_id].rate_id is not None:
            return by_id[group_id].rate_id
        group_id = by_id[group_id].parent_id
    return None


def follows_another_rate(
    groups: Iterable[Group],
    before: tuple[GroupId | None, int | None],
    after: tuple[GroupId | None, int | None],
) -> bool:
    """Whether an account with other group and own rate, given as pairs, follows another rate template."""
    known = tuple(groups)
    old, new = (own if own is not None else group_rate(known, group) for group, own in (before, after))
    return old != new


class LiveChanges:
    """Rates, groups, accounts and whole projects whose sessions are to follow; `tell` writes the effects."""

    def __init__(self) -> None:
        self._rates: set[tuple[ProjectId, int]] = set()
        self._groups: set[tuple[ProjectId, GroupId]] = set()
        self._accounts: set[tuple[ProjectId, AccountId]] = set()
        self._projects: set[ProjectId] = set()

    def rate(self, project_id: ProjectId, rate_id: int) -> None:
        """A rate template has other speeds."""
        self._rates.add((project_id, rate_id))

    def group(self, project_id: ProjectId, group_id: GroupId, keys: list[str]) -> None:
        """A group differs in these fields."""
        if GROUP_KEYS & set(keys):
            self._groups.add((project_id, group_id))

    def account(self, project_id: ProjectId, account_id: AccountId) -> None:
        """An account has another group, rate or plan."""
        self._accounts.add((project_id, account_id))

    def project(self, project_id: ProjectId) -> None:
        """Rules that give another rate, group or ACL differ: that may be about anybody, and nobody is thrown off for it."""
        self._projects.add(project_id)

    def rules(self, project_id: ProjectId, before: AccessRule | None, after: AccessRule) -> None:
        """A rule is new or differs. Whom it forbids to stay is looked for by the patrol of flows.session_rules."""
        for rule in (before, after):
            if rule is not None and (rule.rate_id, rule.user_group, rule.acl) != (None, None, None):
                self.project(project_id)

    def tell(self, tx: Transaction, at: int) -> int:
        """Let the sessions follow; how many people's are told. Called last in the task, when the books say what holds."""
        told = 0
        for project_id in sorted(self._projects):
            told += effects.apply_live_to(tx, project_id, at, everybody=True, must=False)
        done = self._projects
        rates = {(p, r) for p, r in self._rates if p not in done}
        groups = {(p, g) for p, g in self._groups if p not in done}
        for project_id in sorted({p for p, _ in rates | groups}):
            every = products.groups(tx, project_id)
            own_rates = {r for p, r in rates if p == project_id}
            met = {g for p, g in groups if p == project_id}
            met |= {group.id for group in every if group.rate_id in own_rates}
            below = _with_those_below(met, every)
            told += effects.apply_live_to(tx, project_id, at, groups=below, rates=own_rates)
        for project_id, account_id in sorted(self._accounts):
            if project_id not in done:
                told += effects.apply_live(tx, account_id, project_id, at)
        return told


def _with_those_below(met: set[GroupId], every: list[Group]) -> set[GroupId]:
    """Groups and all that inherit from them."""
    found = set(met)
    while more := {group.id for group in every if group.parent_id in found} - found:
        found |= more
    return found
