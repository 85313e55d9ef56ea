"""Plans grow by versions, groups keep what they do not inherit."""

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from zhuomai_appliance.model.moment import Period, PeriodUnit
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.people import Group, GroupId
from zhuomai_appliance.model.products import AccessPolicy, PlanKind, PlanVersion, Quota, Terms
from zhuomai_appliance.model.traffic import Burst, RateLimit
from zhuomai_appliance.store import network, products
from zhuomai_appliance.store.inline import InlineStore
from zhuomai_appliance.store.interface import Transaction

MONTHLY = Terms(period=Period(PeriodUnit.MONTH, 1), policy=AccessPolicy(rate=RateLimit(4_000_000, 8_000_000)))


class ProductTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.store = InlineStore()
        self.project = self.successResultOf(
            self.store.write(lambda tx: network.add_project(tx, "main", "Asia/Shanghai", 1))
        )

    def publish(self, price: int, terms: Terms = MONTHLY, on_sale: bool = True) -> products.Offer:
        def task(tx: Transaction) -> products.Offer:
            return products.publish(
                tx, self.project, "monthly", PlanKind.PERIOD, Fen(price), terms, at=7, on_sale=on_sale
            )

        return self.successResultOf(self.store.write(task))

    def test_same_terms_add_no_version(self) -> None:
        """Publishing what is on sale already changes nothing."""
        first, second = self.publish(3000), self.publish(3000)
        self.assertEqual(first, second)
        self.assertEqual(first.version.version_no, 1)

    def test_other_terms_add_a_version_and_keep_the_old(self) -> None:
        """A new price or a new rule is a new version; the version somebody bought stays as it was."""
        first = self.publish(3000)
        second = self.publish(3500)
        third = self.publish(3500, replace(MONTHLY, quota=Quota(octets=2**30)))
        self.assertEqual(
            [first.version.version_no, second.version.version_no, third.version.version_no], [1, 2, 3]
        )
        old = products.version(self.store.reader, self.project, first.version.id)
        self.assertIsInstance(old, PlanVersion)
        self.assertEqual(old, first.version)
        self.assertEqual(products.plans(self.store.reader, self.project), [third])

    def test_taking_a_plan_off_sale_adds_no_version(self) -> None:
        """Whether a plan is on sale is not part of what was bought."""
        first = self.publish(3000)
        hidden = self.publish(3000, on_sale=False)
        self.assertEqual(hidden.version, first.version)
        self.assertFalse(hidden.on_sale)
        self.assertEqual(products.plan_by_name(self.store.reader, self.project, "monthly"), hidden)

    def test_rate_is_found_by_name_after_a_change(self) -> None:
        """A rate keeps its id when its speeds change."""
        limit = RateLimit(4_000_000, 8_000_000, Burst(6_000_000, 12_000_000, 10))
        rate = self.successResultOf(
            self.store.write(lambda tx: products.add_rate(tx, self.project, "8M", limit))
        )
        self.store.write(lambda tx: products.set_rate(tx, self.project, rate, RateLimit(1, 2)))
        self.assertEqual(
            products.rates(self.store.reader, self.project),
            [products.Rate(rate, self.project, "8M", RateLimit(1, 2))],
        )

    def test_group_tells_inherited_from_false(self) -> None:
        """A switch that is off and a switch that is inherited come back as what they were."""
        parent = self.successResultOf(
            self.store.write(
                lambda tx: products.add_group(
                    tx, Group(GroupId(0), self.project, None, "all", must_bind_phone=True)
                )
            )
        )
        child = self.successResultOf(
            self.store.write(
                lambda tx: products.add_group(
                    tx,
                    Group(
                        GroupId(0),
                        self.project,
                        parent.id,
                        "staff",
                        must_bind_phone=False,
                        unbinds_per_month=3,
                    ),
                )
            )
        )
        self.assertEqual(products.groups(self.store.reader, self.project), [parent, child])
        self.store.write(lambda tx: products.update_group(tx, replace(child, must_bind_phone=None)))
        self.assertIsNone(products.groups(self.store.reader, self.project)[1].must_bind_phone)
