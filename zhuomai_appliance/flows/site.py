"""A whole site declared at once: what a site file says, compared with the books and brought into them.

One transaction for everything: either all of it is there afterwards, or nothing is. Running it twice changes nothing
the second time. A dry run is the same transaction, rolled back at its end, so that it cannot tell another story.
"""

from __future__ import annotations

from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.site_changes import SiteChanges
from zhuomai_appliance.flows.site_model import Site, SiteItem, SiteRefused, SiteReport
from zhuomai_appliance.store import operators
from zhuomai_appliance.store.digests import Digester
from zhuomai_appliance.store.interface import Store, Transaction
from zhuomai_appliance.store.vault import Vault

__all__ = ["Site", "SiteFlow", "SiteRefused", "SiteReport"]


class _RolledBack(Exception):
    """A dry run has seen everything."""

    def __init__(self, items: tuple[SiteItem, ...]) -> None:
        super().__init__()
        self.items = items


class SiteFlow:
    """Applies site declarations."""

    def __init__(self, store: Store, vault: Vault, digester: Digester) -> None:
        self._store = store
        self._vault = vault
        self._digester = digester

    async def apply(self, actor: Actor, site: Site, now: int, *, dry_run: bool) -> SiteReport:
        """Bring the books to what the site says, all or nothing.

        Raises:
            SiteRefused: something is wrong; nothing was done.
            StoreUnavailable: it cannot be recorded.
        """
        digests = await self._digests(site)

        def task(tx: Transaction) -> tuple[SiteItem, ...]:
            changes = SiteChanges(tx, self._vault, actor, now, site, digests)
            changes.make()
            if errors := (*site.errors, *changes.errors):
                raise SiteRefused(errors)
            if dry_run:
                raise _RolledBack(tuple(changes.items))
            return tuple(changes.items)

        try:
            return SiteReport(await self._store.write(task), dry_run=False)
        except _RolledBack as end:
            return SiteReport(end.items, dry_run=True)

    async def _digests(self, site: Site) -> dict[str, str]:
        # Before the transaction: a digest takes 60 ms, and the writer waits for nobody.
        return {
            one.name: await self._digester.make(one.password)
            for one in site.operators
            if one.password is not None and operators.by_name(self._store.reader, one.name) is None
        }
