"""The transaction of a site declaration: each table in the order in which its items refer to each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from zhuomai_appliance.flows import site_access, site_roaming, third_party
from zhuomai_appliance.flows.live_changes import LiveChanges
from zhuomai_appliance.flows.operators import (
    Actor,
    OperatorRefused,
    add_operator,
    check_name,
    check_password,
    check_role,
)
from zhuomai_appliance.flows.site_model import (
    Outcome,
    Site,
    SiteGroup,
    SiteItem,
    SiteNas,
    SiteOperator,
    SitePlan,
    SiteProject,
)
from zhuomai_appliance.flows.site_people import apply_accounts
from zhuomai_appliance.model.moment import Zone, day_bounds, day_of
from zhuomai_appliance.model.network import Nas, NasId, Project, ProjectId
from zhuomai_appliance.model.people import Group, GroupId
from zhuomai_appliance.model.products import PlanVersion, Terms, problems
from zhuomai_appliance.store import journal, network, operators, products, settings
from zhuomai_appliance.store.interface import Transaction
from zhuomai_appliance.store.products import Offer, Rate
from zhuomai_appliance.store.vault import Vault


@dataclass(slots=True)
class Shelf:
    """What one project has by name, the books and this transaction together."""

    project: Project
    rates: dict[str, Rate] = field(default_factory=dict)
    plans: dict[str, Offer] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)

    @property
    def id(self) -> ProjectId:
        """The project's id."""
        return self.project.id

    def version(self, plan: str) -> PlanVersion:
        """The newest version of a plan."""
        return self.plans[plan].version


class SiteChanges:
    """One run over a site inside a transaction: makes every change, collects every error, reports every item."""

    def __init__(
        self,
        tx: Transaction,
        vault: Vault,
        actor: Actor,
        now: int,
        site: Site,
        digests: Mapping[str, str],
    ) -> None:
        self.tx = tx
        self.vault = vault
        self.actor = actor
        self.now = now
        self.site = site
        self.items: list[SiteItem] = []
        self.errors: list[str] = []
        self.live = LiveChanges()
        self._digests = digests
        self._shelves: dict[str, Shelf] = {}
        self._devices: dict[NasId, Nas] = {}
        self._unmade = set(site.broken)

    def make(self) -> None:
        """Go through every table."""
        self._projects()
        self._rates()
        for plan in self.site.plans:
            self._plan(plan)
        self._groups()
        self._devices = {one.id: one for one in network.all_nas(self.tx, self.vault)}
        for nas in self.site.nas:
            self._nas(nas)
        site_access.apply_lists(self, self.site.lists)
        site_access.apply_holidays(self, self.site.holidays)
        site_access.apply_rules(self, self.site.rules, self._devices.values())
        site_access.apply_place_limits(self, self.site.place_limits, self._devices.values())
        site_access.apply_wifi(self, self.site.wifi)
        site_roaming.apply_upstreams(self, self.site.upstreams)
        site_roaming.apply_realms(self, self.site.realms)
        apply_accounts(self, self.site.accounts)
        site_access.apply_devices(self, self.site.devices)
        self._operators()
        self.live.tell(self.tx, self.now)

    # What all tables need -----------------------------------------------------------------------------------------------

    def wrong(self, table: str, name: str, key: str, sentence: str) -> None:
        """Note a mistake."""
        self.errors.append(f"{table} {name}: {key}: {sentence}")

    def done(
        self,
        table: str,
        name: str,
        outcome: Outcome,
        project_id: ProjectId,
        changed: Sequence[str] = (),
        note: str = "",
    ) -> None:
        """Report an item, and audit it unless it was left as it is. ``changed`` names keys, never values."""
        self.items.append(SiteItem(table, name, outcome, note or ", ".join(changed)))
        if outcome is Outcome.LEFT:
            return
        journal.audit(
            self.tx,
            at=self.now,
            project_id=project_id,
            actor=self.actor.name,
            address=self.actor.address,
            action=f"{table}.{'create' if outcome is Outcome.CREATED else 'change'}",
            object_kind=table,
            object_id=name,
            after={"keys": list(changed)} if changed else None,
        )

    def shelf(self, table: str, name: str, project: str | None) -> Shelf | None:
        """The project an item belongs to; None after noting what is wrong."""
        if project is not None:
            if project in self._shelves:
                return self._shelves[project]
            if ("project", project) not in self._unmade:
                self.wrong(table, name, "project", f'there is no project "{project}"')
            return None
        declared = [one.name for one in self.site.projects]
        if len(declared) == 1:
            return self._shelves[declared[0]]
        if len(self._shelves) == 1:
            return next(iter(self._shelves.values()))
        if not any(kind == "project" for kind, _ in self._unmade):
            self.wrong(table, name, "project", f"is missing; name one of {', '.join(self._shelves)}")
        return None

    def named(
        self, known: Mapping[str, Any], table: str, item: str, key: str, name: str | None, what: str
    ) -> Any:
        """What an item refers to by name; None where it names nothing, or after noting that nobody knows it."""
        if name is None:
            return None
        if name not in known and (what, name) not in self._unmade:
            self.wrong(table, item, key, f'there is no {what} "{name}"')
        return known.get(name)

    # The tables ---------------------------------------------------------------------------------------------------------

    def _projects(self) -> None:
        known = {project.name: project for project in network.projects(self.tx)}
        for wanted in self.site.projects:
            found = known.get(wanted.name)
            if found is None:
                project_id = network.add_project(self.tx, wanted.name, wanted.zone, self.now)
                known[wanted.name] = Project(project_id, wanted.name, wanted.zone)
                self._brand(project_id, wanted)
                self.done("project", wanted.name, Outcome.CREATED, project_id)
                continue
            changed = self._brand(found.id, wanted)
            if found.zone != wanted.zone:
                network.set_zone(self.tx, found.id, wanted.zone)
                known[wanted.name] = replace(found, zone=wanted.zone)
                changed = ["zone", *changed]
            outcome = Outcome.CHANGED if changed else Outcome.LEFT
            self.done("project", wanted.name, outcome, found.id, changed)
        for project in known.values():
            self._shelves[project.name] = Shelf(
                project,
                {rate.name: rate for rate in products.rates(self.tx, project.id)},
                {offer.plan.name: offer for offer in products.plans(self.tx, project.id)},
                {group.name: group for group in products.groups(self.tx, project.id)},
            )

    def _brand(self, project_id: ProjectId, wanted: SiteProject) -> list[str]:
        """Change how a project shows itself, as far as the file says; the keys that differ."""
        before = settings.branding(self.tx, project_id)
        after = replace(before, **wanted.branding)
        if after != before:
            settings.put_branding(self.tx, project_id, after)
        return [name for name, value in wanted.branding.items() if getattr(before, name) != value]

    def _rates(self) -> None:
        for wanted in self.site.rates:
            for shelf in self._shelves.values():
                name = wanted.name if len(self._shelves) == 1 else f"{wanted.name} of {shelf.project.name}"
                found = shelf.rates.get(wanted.name)
                if found is None:
                    rate_id = products.add_rate(self.tx, shelf.id, wanted.name, wanted.limit)
                    outcome = Outcome.CREATED
                else:
                    rate_id, outcome = found.id, Outcome.LEFT
                    if found.limit != wanted.limit:
                        products.set_rate(self.tx, shelf.id, rate_id, wanted.limit)
                        self.live.rate(shelf.id, rate_id)
                        outcome = Outcome.CHANGED
                shelf.rates[wanted.name] = Rate(rate_id, shelf.id, wanted.name, wanted.limit)
                self.done("rate", name, outcome, shelf.id, ["up, down"] if outcome is Outcome.CHANGED else ())

    def _plan(self, wanted: SitePlan) -> None:
        shelf = self.shelf("plan", wanted.name, wanted.project)
        if shelf is None:
            return
        terms = self._terms(shelf, wanted)
        found = problems(wanted.kind, wanted.price_fen, terms)
        for sentence in found:
            self.errors.append(f"plan {wanted.name}: {sentence}")
        if found:
            self._unmade.add(("plan", wanted.name))
            return
        before = shelf.plans.get(wanted.name)
        after = products.publish(
            self.tx,
            shelf.id,
            wanted.name,
            wanted.kind,
            wanted.price_fen,
            terms,
            at=self.now,
            on_sale=wanted.on_sale,
        )
        shelf.plans[wanted.name] = after
        if before is None:
            self.done("plan", wanted.name, Outcome.CREATED, shelf.id)
        elif before == after:
            self.done("plan", wanted.name, Outcome.LEFT, shelf.id)
        else:
            changed = _differences(before.version.terms, terms)
            changed += ["kind"] if before.version.kind != wanted.kind else []
            changed += ["price"] if before.version.price_fen != wanted.price_fen else []
            changed += ["on_sale"] if before.on_sale != wanted.on_sale else []
            self.done(
                "plan",
                wanted.name,
                Outcome.CHANGED,
                shelf.id,
                changed,
                f"{', '.join(changed)}; version {after.version.version_no}, earlier purchases keep theirs",
            )

    def _terms(self, shelf: Shelf, wanted: SitePlan) -> Terms:
        rate = self.named(shelf.rates, "plan", wanted.name, "rate", wanted.rate, "rate")
        throttle = self.named(shelf.rates, "plan", wanted.name, "throttle", wanted.throttle, "rate")
        zone = Zone(shelf.project.zone)
        policy = replace(wanted.terms.policy, rate=rate and rate.limit, throttle=throttle and throttle.limit)
        return replace(
            wanted.terms,
            policy=policy,
            # "until" names the last day, which belongs to the buyer whole (billing rules, principle 6)
            buyout_ends_at=None if wanted.until is None else day_bounds(day_of(wanted.until), zone)[1],
            starts_at=None if wanted.starts_on is None else day_bounds(day_of(wanted.starts_on), zone)[0],
        )

    def _groups(self) -> None:
        waiting = list(self.site.groups)
        declared = {(group.project, group.name) for group in waiting}
        while waiting:
            ready = [one for one in waiting if (one.project, one.parent) not in declared]
            if not ready:
                for one in waiting:
                    self.wrong("group", one.name, "parent", "goes in a circle")
                return
            for one in ready:
                declared.discard((one.project, one.name))
                self._group(one)
            waiting = [one for one in waiting if one not in ready]

    def _group(self, wanted: SiteGroup) -> None:
        shelf = self.shelf("group", wanted.name, wanted.project)
        if shelf is None:
            return
        name = wanted.name
        parent = self.named(shelf.groups, "group", name, "parent", wanted.parent, "group")
        rate = self.named(shelf.rates, "group", name, "rate", wanted.rate, "rate")
        plan = self.named(shelf.plans, "group", name, "plan", wanted.plan, "plan")
        base = self.named(shelf.plans, "group", name, "base_plan", wanted.base_plan, "plan")
        found = shelf.groups.get(name)
        switches: dict[str, Any] = dict(wanted.switches)
        group = Group(
            id=GroupId(0) if found is None else found.id,
            project_id=shelf.id,
            parent_id=parent and parent.id,
            name=name,
            rate_id=rate and rate.id,
            plan_id=plan and plan.plan.id,
            base_plan_id=base and base.plan.id,
            **switches,
        )
        if self._is_inside_itself(shelf, group):
            self.wrong("group", name, "parent", "goes in a circle")
            return
        if found is None:
            shelf.groups[name] = products.add_group(self.tx, group)
            self.done("group", name, Outcome.CREATED, shelf.id)
            return
        changed = _differences(found, group)
        if changed:
            products.update_group(self.tx, group)
            self.live.group(shelf.id, group.id, changed)
        shelf.groups[name] = group
        self.done("group", name, Outcome.CHANGED if changed else Outcome.LEFT, shelf.id, changed)

    @staticmethod
    def _is_inside_itself(shelf: Shelf, group: Group) -> bool:
        by_id = {one.id: one for one in shelf.groups.values()}
        above = group.parent_id
        while above is not None and above != group.id and above in by_id:
            above = by_id[above].parent_id
        return above is not None and above == group.id

    def _nas(self, wanted: SiteNas) -> None:
        shelf = self.shelf("nas", wanted.name, wanted.project)
        if shelf is None:
            return
        every = self._devices.values()
        found = next((one for one in every if one.project_id == shelf.id and one.name == wanted.name), None)
        owner = next((one for one in every if one.address == wanted.address and one != found), None)
        if owner is not None:
            self.wrong("nas", wanted.name, "address", f"{wanted.address} belongs to {owner.name} already")
            return
        if wanted.quirks.get(third_party.QUIRK) and wanted.address.num_addresses > 1:
            self.wrong("nas", wanted.name, "quirks", "proxy is one server: write its address, not a network")
            return
        secret = wanted.secret.encode()
        nas = Nas(
            id=NasId(0) if found is None else found.id,
            project_id=shelf.id,
            message_authenticator_learned=found is not None and found.message_authenticator_learned,
            secret=secret,
            portal_secret=secret if wanted.portal_secret is None else wanted.portal_secret.encode(),
            **{
                one.name: getattr(wanted, one.name)
                for one in fields(wanted)
                if one.name not in {"project", "secret", "portal_secret"}
            },
        )
        if found is None:
            nas = network.add_nas(self.tx, self.vault, nas)
            self._devices[nas.id] = nas
            self.done("nas", wanted.name, Outcome.CREATED, shelf.id)
            return
        changed = _differences(found, nas)
        if changed:
            network.update_nas(self.tx, self.vault, nas)
            self._devices[nas.id] = nas
        self.done("nas", wanted.name, Outcome.CHANGED if changed else Outcome.LEFT, shelf.id, changed)

    def _operators(self) -> None:
        for wanted in self.site.operators:
            ids = [
                shelf.id
                for name in wanted.projects
                if (shelf := self.named(self._shelves, "operator", wanted.name, "projects", name, "project"))
            ]
            group_ids = self._groups_of(wanted)
            found = operators.by_name(self.tx, wanted.name)
            if found is None:
                if self._new_operator_is_fit(wanted.name, wanted.role, wanted.password):
                    made = add_operator(
                        self.tx,
                        self.actor,
                        wanted.name,
                        wanted.role,
                        self._digests[wanted.name],
                        self.now,
                        ids,
                    )
                    operators.set_groups(self.tx, made, group_ids)
                    self.items.append(SiteItem("operator", wanted.name, Outcome.CREATED))
                continue
            if not self._fits(lambda one=wanted: check_role(one.role), wanted.name, "role"):  # type: ignore[misc]
                continue
            changed = ["role"] if found.role != wanted.role else []
            changed += ["projects"] if sorted(found.project_ids) != sorted(ids) else []
            if changed:
                operators.set_role(self.tx, found.id, wanted.role, ids, disabled=found.disabled)
            if sorted(found.group_ids) != sorted(group_ids):
                operators.set_groups(self.tx, found.id, group_ids)
                changed.append("groups")
            outcome = Outcome.CHANGED if changed else Outcome.LEFT
            self.done("operator", wanted.name, outcome, journal.MACHINE, changed)

    def _groups_of(self, wanted: SiteOperator) -> list[GroupId]:
        """The groups that an operator is bound to, in each of his projects that has them."""
        shelves = [one for name, one in self._shelves.items() if name in (wanted.projects or self._shelves)]
        known = {name for shelf in shelves for name in shelf.groups}
        for name in set(wanted.groups) - known:
            self.wrong("operator", wanted.name, "groups", f'there is no group "{name}"')
        return [shelf.groups[name].id for shelf in shelves for name in wanted.groups if name in shelf.groups]

    def _new_operator_is_fit(self, name: str, role: str, password: str | None) -> bool:
        fit = self._fits(lambda: check_name(name), name, "name")
        fit &= self._fits(lambda: check_role(role), name, "role")
        if password is None:
            self.wrong("operator", name, "password_file", "is missing; a new operator needs one")
            return False
        return fit & self._fits(lambda: check_password(password), name, "password_file")

    def _fits(self, check: Callable[[], None], name: str, key: str) -> bool:
        try:
            check()
        except OperatorRefused as error:
            self.wrong("operator", name, key, str(error))
            return False
        return True


def _differences(before: Any, after: Any) -> list[str]:
    """The names of the fields in which two values of one class differ."""
    return [one.name for one in fields(before) if getattr(before, one.name) != getattr(after, one.name)]
