"""Many at once on the daemon's own store: agents, departments and refunds are served one after the other, and exactly."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.trial.unittest import TestCase

from tests.flows.school import MONTH, NOW
from zhuomai_appliance.entropy import SeededEntropy
from zhuomai_appliance.flows import agent_customers, agents, departments, purchases, refunds
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.refund_money import RefundWish
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.model.agents import Agent, AgentId
from zhuomai_appliance.model.moment import Zone
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.products import PlanKind, PlanVersion, Terms
from zhuomai_appliance.model.refunds import Destination
from zhuomai_appliance.store import accounts, ledger, network, operators, products, verify
from zhuomai_appliance.store.interface import Transaction
from zhuomai_appliance.store.payers import Department
from zhuomai_appliance.store.sqlite import ReactorThreads, SqliteStore
from zhuomai_appliance.store.vault import Vault

WANG = Actor("wangmin", "10.1.1.9")
MANY = 200
PAYER = AccountId(1)


class MoneyRaces(TestCase):
    """A payer with 30000 in the wallet, and two hundred people without a fen."""

    async def begin(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.store = SqliteStore(Path(scratch.name) / "books.db", cast(ReactorThreads, reactor))
        self.addCleanup(self.store.close)
        self.vault = Vault(bytes(range(32)), SeededEntropy())
        self.project, self.plan = await self.store.write(self.prepare)

    def prepare(self, tx: Transaction) -> tuple[Project, PlanVersion]:
        project_id = network.add_project(tx, "main", "Asia/Shanghai", NOW)
        for number in range(MANY + 1):
            accounts.add(
                tx, self.vault, project_id=project_id, username=f"u{number}", full_name="", group_id=None, rate_id=None,
                password="pass-word", person=accounts.PersonData(), aliases=(), created_by="test", at=NOW,
            )  # fmt: skip
        project = next(one for one in network.projects(tx) if one.id == project_id)
        purchases.recharge(
            tx, project_id=project_id, account_id=PAYER, amount_fen=Fen(30_000), zone=Zone(project.zone), at=NOW,
            operator="wangmin", shift="wangmin",
        )  # fmt: skip
        offer = products.publish(
            tx, project_id, "monthly", PlanKind.PERIOD, Fen(3000), Terms(period=MONTH), at=NOW
        )
        return project, offer.version

    async def all_at_once(self, task: Callable[[Transaction, int], object]) -> Counter[str]:
        """What two hundred of these came to: "done", or the name of what each raised."""

        def asked(number: int) -> Deferred[Any]:
            answer = self.store.write(lambda tx: task(tx, number))
            return answer.addCallbacks(lambda _: "done", lambda failure: failure.type.__name__)

        return Counter(await gatherResults([asked(number) for number in range(MANY)]))

    async def check(self, **balances: int) -> None:
        for name, fen in balances.items():
            ref = name.replace("__", ":")
            self.assertEqual(ledger.balance(self.store.reader, self.project.id, ref), fen, ref)
        faults = await self.store.read(
            lambda found: [one for proof in verify.prove(found) for one in proof.faults]
        )
        self.assertEqual(faults, [])

    async def test_a_department_s_wallet_serves_ten_of_two_hundred(self) -> None:
        """30000 buy ten plans of 3000 for members who all ask at once; 190 are told, nothing goes below zero."""
        await self.begin()
        wanted = Department(self.project.id, PAYER, None, Fen(3000), True, False, NOW)

        def name_members(tx: Transaction) -> None:
            departments.put(tx, WANG, NOW, self.project, wanted)
            for number in range(MANY):
                departments.put_member(tx, WANG, NOW, self.project, PAYER, AccountId(number + 2), None)

        await self.store.write(name_members)
        found = await self.all_at_once(
            lambda tx, n: departments.sell(tx, WANG, NOW, self.project, AccountId(n + 2), self.plan)
        )
        self.assertEqual(found, {"done": 10, "NotEnoughMoney": 190})
        await self.check(wallet__1=0)

    async def test_a_member_gets_no_more_than_his_limit(self) -> None:
        """One member asks two hundred times: his limit of 6000 buys two plans."""
        await self.begin()
        wanted = Department(self.project.id, PAYER, None, Fen(6000), True, False, NOW)

        def name_member(tx: Transaction) -> None:
            departments.put(tx, WANG, NOW, self.project, wanted)
            departments.put_member(tx, WANG, NOW, self.project, PAYER, AccountId(2), None)

        await self.store.write(name_member)
        found = await self.all_at_once(
            lambda tx, n: departments.sell(tx, WANG, NOW, self.project, AccountId(2), self.plan)
        )
        self.assertEqual(found, {"done": 2, "Refused": 198})
        await self.check(wallet__1=-24_000)

    async def test_an_agent_s_deposit_and_day_are_not_overrun(self) -> None:
        """A deposit for ten sales and a day for seven: seven are made."""
        await self.begin()

        def make_agent(tx: Transaction) -> Agent:
            operators.seed_roles(tx)
            operator_id = operators.add(
                tx, name="shop", role="agent", project_ids=(), password_digest="", at=NOW
            )
            new = Agent(
                AgentId(0), self.project.id, "shop", operator_id, 9500, (), (), Fen(7 * 3000), False, NOW, ""
            )
            agent_id = agents.create(tx, WANG, NOW, self.project, new)
            agents.move_deposit(tx, WANG, NOW, self.project, agent_id, 28_500, key="d")
            for number in range(MANY):
                agent_customers.set_customer(
                    tx, WANG, NOW, self.project, agent_id, AccountId(number + 2), own=True
                )
            return agents.known_agent(tx, self.project, agent_id)

        agent = await self.store.write(make_agent)
        found = await self.all_at_once(
            lambda tx, n: agents.sell(
                tx, WANG, NOW, self.project, agent, agents.AgentSale(AccountId(n + 2), None, Fen(3000))
            )
        )
        self.assertEqual(found, {"done": 7, "AgentRefused": 193})
        await self.check(agent__1=-(28_500 - 7 * 2850), commission=7 * 150)

    async def test_a_refund_is_paid_once(self) -> None:
        """Two hundred tills pay one approved refund: one does, the till is short of it once."""
        await self.begin()
        wish = RefundWish(PAYER, Destination.CASH, "x", amount_fen=Fen(5000))
        asked = await self.store.write(
            lambda tx: refunds.request(tx, self.vault, WANG, NOW, self.project, wish)
        )
        found = await self.all_at_once(lambda tx, n: refunds.pay(tx, WANG, NOW, self.project, asked.id))
        self.assertEqual(found, {"done": 1, Refused.__name__: 199})
        await self.check(wallet__1=-25_000, cash__wangmin=25_000)
