"""Each filter of the money lists chooses exactly the rows that have its value, and pages follow the key both ways."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import NOW, School
from zhuomai_appliance.flows import desk
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.model.commerce import Channel, OrderState, PostingKind
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.products import SubscriptionState
from zhuomai_appliance.store import reports
from zhuomai_appliance.store.reports import OrderFilter, Page, PostingFilter, SubscriptionFilter

ALL = Page(limit=1000)
Case = tuple[Any, Callable[[Any], bool]]


class MoneyFilterTests(SynchronousTestCase):
    """Two people, three operators, plans bought one after the other on two days."""

    def setUp(self) -> None:
        self.school = school = School()
        project = school.tables.project(school.project)
        assert project is not None
        monthly, dear = school.plan(), school.plan("dear", price=9000)
        people = [school.person("20260001"), school.person("20260002")]
        for number, (account_id, version, name) in enumerate(
            ((people[0], monthly, "a"), (people[1], dear, "b"), (people[0], dear, "c"))
        ):
            school.clock.advance(0 if number == 0 else 3600)
            actor, now = Actor(name, "::1"), school.now()
            school.write(
                lambda tx, a=actor, n=now, i=account_id, v=version: desk.sell(  # type: ignore[misc]
                    tx, a, n, project, i, v, Channel.CASH
                )
            )
        school.write(
            lambda tx: desk.recharge(tx, Actor("a", "::1"), NOW + 9000, project, people[1], Fen(700))
        )
        school.sql("UPDATE orders SET state = 'refunded' WHERE operator = 'b'")

    def check(self, ask: Callable[..., list[Any]], key: str, empty: Any, cases: list[Case]) -> None:
        reader, projects = self.school.store.reader, (self.school.project,)
        everything = ask(reader, projects, empty, ALL)
        self.assertGreater(len(everything), 2)
        for chosen, fits in cases:
            want = [row for row in everything if fits(row)]
            self.assertNotIn(len(want), (0, len(everything)), f"{chosen} tells nothing apart")
            self.assertEqual(ask(reader, projects, chosen, ALL), want, chosen)
        middle = getattr(everything[1], key)
        self.assertEqual(ask(reader, projects, empty, Page(middle)), everything[2:])
        self.assertEqual(ask(reader, projects, empty, Page(middle, newest_first=True)), everything[:1])

    def test_orders(self) -> None:
        """By number, person, state, operator and time."""
        first = reports.orders(self.school.store.reader, (), OrderFilter(), ALL)[0]
        self.check(
            reports.orders,
            "order_no",
            OrderFilter(),
            [
                (OrderFilter(order_no=first.order_no), lambda row: row.order_no == first.order_no),
                (OrderFilter(account_id=first.account_id), lambda row: row.account_id == first.account_id),
                (OrderFilter(username="20260002"), lambda row: row.username == "20260002"),
                (OrderFilter(state=OrderState.REFUNDED), lambda row: row.state is OrderState.REFUNDED),
                (OrderFilter(operator="a"), lambda row: row.operator == "a"),
                (OrderFilter(from_at=NOW + 3600), lambda row: row.created_at >= NOW + 3600),
                (OrderFilter(to_at=NOW + 3600), lambda row: row.created_at < NOW + 3600),
            ],
        )

    def test_postings(self) -> None:
        """By line, posting, ledger account, kind, order, operator and time."""
        first = reports.postings(self.school.store.reader, (), PostingFilter(), ALL)[0]
        self.check(
            reports.postings,
            "id",
            PostingFilter(),
            [
                (PostingFilter(id=first.id), lambda row: row.id == first.id),
                (PostingFilter(posting_id=first.posting_id), lambda row: row.posting_id == first.posting_id),
                (PostingFilter(account_ref="cash:a"), lambda row: row.account_ref == "cash:a"),
                (PostingFilter(kind=PostingKind.RECHARGE), lambda row: row.kind is PostingKind.RECHARGE),
                (PostingFilter(order_no=first.order_no), lambda row: row.order_no == first.order_no),
                (PostingFilter(operator="b"), lambda row: row.operator == "b"),
                (PostingFilter(from_at=NOW + 3600), lambda row: row.at >= NOW + 3600),
                (PostingFilter(to_at=NOW + 3600), lambda row: row.at < NOW + 3600),
            ],
        )

    def test_subscriptions(self) -> None:
        """By id, person, plan, state, order and time."""
        first = reports.subscriptions(self.school.store.reader, (), SubscriptionFilter(), ALL)[0]
        queued = SubscriptionState.QUEUED
        self.check(
            reports.subscriptions,
            "id",
            SubscriptionFilter(),
            [
                (SubscriptionFilter(id=first.id), lambda row: row.id == first.id),
                (
                    SubscriptionFilter(account_id=first.account_id),
                    lambda row: row.account_id == first.account_id,
                ),
                (SubscriptionFilter(username="20260002"), lambda row: row.username == "20260002"),
                (SubscriptionFilter(plan="dear"), lambda row: row.plan == "dear"),
                (SubscriptionFilter(state=queued), lambda row: row.state is queued),
                (SubscriptionFilter(order_no=first.order_no), lambda row: row.order_no == first.order_no),
                (SubscriptionFilter(from_at=NOW + 3600), lambda row: row.purchased_at >= NOW + 3600),
                (SubscriptionFilter(to_at=NOW + 3600), lambda row: row.purchased_at < NOW + 3600),
            ],
        )
