"""The counter in the console: seen before it is done, done once, and only by who may take money."""

from __future__ import annotations

import pytest

from tests.flows.school import GB, NOW
from tests.web.console import Answer, Browser, Console
from zhuomai_appliance.model.commerce import Channel
from zhuomai_appliance.model.people import ROLES, AccountId, Permission
from zhuomai_appliance.store import ledger, network

PAY = "/admin/users/1/pay"
FIELDS = ("csrf", "key", "at", "version", "revision", "price", "until")


@pytest.fixture
def console() -> Console:
    """One person without a plan, two plans on sale, and a cashier."""
    made = Console()
    made.school.plan("monthly", price=3000)
    made.school.pack(10 * GB, "pack")
    made.school.person("20260001")
    made.add_operator("wangmin", "cashier")
    return made


@pytest.fixture
def cashier(console: Console) -> Browser:
    return console.logged_in("wangmin")


def form_of(page: Answer, *names: str) -> dict[str, str]:
    return {name: page.field(name) for name in names or FIELDS}


def orders(console: Console) -> list[tuple[int, str]]:
    return [
        (fen, channel)
        for fen, channel in console.school.rows(
            "SELECT amount_fen, channel FROM orders ORDER BY created_at, order_no"
        )
    ]


def test_a_sale_is_seen_then_made_then_told(console: Console, cashier: Browser) -> None:
    """From the person's page to the receipt: price and dates stand before the button, which carries the sum."""
    assert f'href="{PAY}"' in cashier.get("/admin/users/1").text
    choice = cashier.get(PAY).seen()
    assert "monthly 1个月 ¥30.00" in choice
    assert "pack 1个月，9.3 GB ¥30.00" in choice
    page = cashier.get(f"{PAY}?version=1")
    assert "到期 还没有套餐 → 变为 12月25日10:00" in page.seen()
    assert "收款 ¥30.00" in page.seen()
    answer = cashier.post(PAY, form_of(page) | {"channel": "CASH", "memo": "补缴"})
    assert answer.code == 303
    assert answer.location.startswith("/admin/users/1?paid=1-20261125-")
    after = cashier.get(answer.location).seen()
    assert "已收款 ¥30.00：monthly，到12月25日10:00。" in after
    assert "续费" in after
    assert "缴费¥30.00" in after.replace(" ", "")
    assert orders(console) == [(3000, "CASH")]


def test_double_enter_pays_once(console: Console, cashier: Browser) -> None:
    """The same form twice leads to the same receipt; the till and the postings hold it once and balance."""
    page = cashier.get(f"{PAY}?version=1")
    form = form_of(page) | {"channel": "CASH", "memo": ""}
    first, second = cashier.post(PAY, form), cashier.post(PAY, form)
    assert (first.code, second.code) == (303, 303)
    assert first.location == second.location
    school = console.school
    assert orders(console) == [(3000, "CASH")]
    assert ledger.balance(school.store.reader, school.project, "cash:wangmin") == 3000
    assert school.rows("SELECT 1 FROM posting_line GROUP BY posting_id HAVING SUM(amount_fen) <> 0") == []
    assert school.rows("SELECT actor FROM audit WHERE action = 'order.sell'") == [("wangmin",)]


def test_figures_that_moved_are_shown_again(console: Console, cashier: Browser) -> None:
    """Somebody else sold in between: nothing is done, the change is marked, the new figures can be taken."""
    page = cashier.get(f"{PAY}?version=1")
    console.school.buy(AccountId(1), console.school.plan("monthly", price=3000), Channel.GRANT)
    again = cashier.post(PAY, form_of(page) | {"channel": "CASH", "memo": "m"})
    assert again.code == 409
    assert "账户有变动，请重新核对" in again.seen()
    assert 'class="zm-moved"' in again.text
    assert 'value="m"' in again.text
    assert [channel for _, channel in orders(console)] == ["GRANT"]
    taken = cashier.post(PAY, form_of(again) | {"channel": "CASH", "memo": ""})
    assert taken.code == 303
    assert "到1月25日10:00" in cashier.get(taken.location).seen().replace("2027年", "")


def test_an_old_page_is_checked_again(console: Console, cashier: Browser) -> None:
    """Its figures hold for five minutes."""
    page = cashier.get(f"{PAY}?version=1")
    console.school.clock.advance(301)
    assert cashier.post(PAY, form_of(page) | {"channel": "CASH", "memo": ""}).code == 409
    assert orders(console) == []


def test_the_wallet_pays_what_it_holds(console: Console, cashier: Browser) -> None:
    """Too little is said before, and refused whatever the form says."""
    page = cashier.get(f"{PAY}?version=1")
    assert "余额不够，还差 ¥30.00" in page.seen()
    assert "BALANCE" not in page.text
    answer = cashier.post(PAY, form_of(page) | {"channel": "BALANCE", "memo": ""})
    assert answer.code == 409
    assert "余额不足，还差 ¥30.00。没有扣款。" in answer.seen()
    assert orders(console) == []


def test_a_recharge_then_a_plan_from_the_wallet(console: Console, cashier: Browser) -> None:
    """Full-width digits are an amount; the balance before and after stands on the page."""
    page = cashier.get(f"{PAY}?what=recharge&amount=￥３０．５")
    assert "钱包 ¥0.00 → 变为 ¥30.50" in page.seen()
    assert "收款 ¥30.50" in page.seen()
    form = form_of(page, "csrf", "key", "at", "fen", "before") | {"memo": "", "channel": "CASH"}
    first = cashier.post("/admin/users/1/recharge", form)
    assert cashier.post("/admin/users/1/recharge", form).location == first.location
    assert "已收款 ¥30.50，余额 ¥30.50。" in cashier.get(first.location).seen()
    console.school.clock.advance(1)
    plan = cashier.get(f"{PAY}?version=1")
    assert "从余额支付 ¥30.00" in plan.seen()
    answer = cashier.post(PAY, form_of(plan) | {"channel": "BALANCE", "memo": ""})
    assert "已从余额支付 ¥30.00" in cashier.get(answer.location).seen()
    assert orders(console) == [(3050, "CASH"), (3000, "BALANCE")]


@pytest.mark.parametrize("amount", ["0", "-5", "1.234", "x", "1e3", "9" * 18, "9" * 30])
def test_no_amount_is_a_sentence(cashier: Browser, amount: str) -> None:
    """What is no amount has no button, and keeps what was typed."""
    page = cashier.get(f"{PAY}?what=recharge&amount={amount}")
    assert page.code == 200
    assert "请填大于0的金额" in page.seen()
    assert "zm-take" not in page.text
    assert f'value="{amount[:40]}"' in page.text


def test_other_roles_take_no_money(console: Console, cashier: Browser) -> None:
    """No button, no page, no form without orders.cash."""
    page = cashier.get(f"{PAY}?version=1")
    form = form_of(page) | {"channel": "CASH", "memo": ""}
    for role, permissions in ROLES.items():
        if Permission.ORDERS_CASH in permissions:
            continue
        console.add_operator(f"one-{role}", role)
        browser = console.logged_in(f"one-{role}")
        person = browser.get("/admin/users/1")
        assert "/pay" not in person.text, role
        csrf = browser.get("/admin/").field("csrf")
        assert browser.get(PAY).code == 403, role
        assert browser.post(PAY, form | {"csrf": csrf}).code == 403, role
        assert browser.post("/admin/users/1/recharge", form | {"csrf": csrf}).code == 403, role
    assert cashier.post(PAY, form | {"csrf": "x"}).code == 409
    assert orders(console) == []


def test_nonsense_is_no_fault_of_ours(console: Console, cashier: Browser) -> None:
    """Nobody, no plan, half a form: refused or empty, never an error of ours."""
    csrf = cashier.get("/admin/").field("csrf")
    for number in ("99", "9" * 20, "9" * 5000):
        for page_of_nobody in (f"/admin/users/{number}", f"/admin/users/{number}/pay"):
            assert cashier.get(page_of_nobody).code == 404, page_of_nobody[:40]
    assert cashier.post("/admin/users/99/pay", {"csrf": csrf}).code == 404
    assert cashier.post(PAY, {"csrf": csrf}).code == 400
    form = {"csrf": csrf, "key": "k", "at": str(NOW), "before": "0", "memo": ""}
    for fen in ("x", "5000000000000000000", "99999999999999999999"):
        assert cashier.post("/admin/users/1/recharge", form | {"fen": fen}).code == 400, fen
    form = {"csrf": csrf, "key": "k", "at": str(NOW), "revision": "0", "price": "0", "channel": "CASH"}
    assert cashier.post(PAY, form | {"version": "99999999999999999999"}).code == 400
    for query in ("version=999", "version=x", "version=99999999999999999999999", "what=x", "amount=5"):
        page = cashier.get(f"{PAY}?{query}")
        assert (page.code, "还没有选择" in page.seen()) == (200, True), query
    assert cashier.get("/admin/users/1?paid=1-20261125-999999").code == 200


def test_an_operator_of_another_project_sells_nothing_here(console: Console) -> None:
    """Scope: the account of another project is not there."""
    other = console.school.write(lambda tx: network.add_project(tx, "other", "Asia/Shanghai", NOW))
    console.school.reload()
    console.add_operator("far", "cashier", (other,))
    browser = console.logged_in("far")
    csrf = browser.get("/admin/").field("csrf")
    assert browser.get(PAY).code == 404
    assert browser.post(PAY, {"csrf": csrf}).code == 404
