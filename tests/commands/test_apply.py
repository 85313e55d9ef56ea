"""A site file becomes the books: once, wholly, or not at all, and every mistake is told in one run."""

import json
from typing import Any

import pytest

from tests.commands.box import SITE, Box
from zhuomai_appliance.commands import backstage
from zhuomai_appliance.entropy import SystemEntropy
from zhuomai_appliance.flows.purchases import wallet_fen
from zhuomai_appliance.model.network import ListKind, NasId, ProjectId, Vendor
from zhuomai_appliance.model.products import SubscriptionState
from zhuomai_appliance.store import accounts, network, operators, orders, products, settings
from zhuomai_appliance.store.digests import check_digest
from zhuomai_appliance.store.sqlite import reading
from zhuomai_appliance.store.vault import load_key

MAIN = ProjectId(1)
SCHOOL = '[[project]]\nname = "main"\nzone = "Asia/Shanghai"\n'


def apply(box: Box, text: str, *more: str) -> dict[str, dict[str, Any]]:
    status, out, err = box.run("apply", box.write("site.toml", text), "--json", *more)
    assert status == 0, err
    return {f"{item['table']} {item['name']}": item for item in json.loads(out)["items"]}


def refused(box: Box, text: str) -> list[str]:
    path = box.write("site.toml", text)
    status, out, err = box.run("apply", path)
    assert (status, out) == (1, "")
    assert all(line.startswith(f"{path}: ") for line in err)
    return [line.removeprefix(f"{path}: ") for line in err]


def test_site_is_in_the_books_as_declared(box: Box) -> None:
    """Every table of the file is found again, with the contract's defaults where the file is silent."""
    items = apply(box, SITE)
    assert {item["outcome"] for item in items.values()} == {"created"}
    vault = load_key(box.files.key_file, SystemEntropy())
    with reading(box.files.database) as reader:
        (nas,) = network.all_nas(reader, vault)
        assert (nas.secret, nas.portal_secret, nas.vendor) == (
            b"secret-of-ac1",
            b"secret-of-ac1",
            Vendor.HUAWEI_CAMPUS,
        )
        assert (nas.coa_port, nas.portal_port, nas.portal_version, nas.interim_seconds) == (
            3799,
            2000,
            2,
            300,
        )
        monthly = products.plan_by_name(reader, MAIN, "monthly")
        assert monthly is not None
        assert (monthly.version.price_fen, monthly.version.terms.policy.max_sessions) == (3000, 2)
        assert monthly.version.terms.policy.rate is not None
        assert monthly.version.terms.policy.rate.down_bps == 8_000_000
        term = products.plan_by_name(reader, MAIN, "term")
        assert term is not None
        assert term.version.terms.buyout_ends_at == 1800201600  # 2027-01-18T00:00:00+08:00
        groups = {group.name: group for group in products.groups(reader, MAIN)}
        assert groups["students"].parent_id == groups["all"].id
        assert groups["students"].must_bind_phone is True
        assert groups["students"].unbinds_per_month is None
        login = accounts.find_login(reader, MAIN, "13800000001")
        assert login is not None
        assert (login.account.username, login.account.full_name) == ("20260001", "张三")
        assert login.secret_sealed is not None
        assert vault.open(login.secret_sealed, accounts.secret_context(login.account.id)) == b"pw-1"
        cashier = operators.by_name(reader, "cashier1")
        assert cashier is not None
        assert check_digest(cashier.password_digest, "a good password")
        (entry,) = network.access_lists(reader)
        assert (entry.kind, entry.value) == (ListKind.MAC, "02:00:00:00:00:09")


def test_plans_of_an_account_start_and_queue(box: Box) -> None:
    """The first named plan runs, the rest queue, over orders of 0 fen; the balance is in the wallet."""
    apply(box, SITE)
    with reading(box.files.database) as reader:
        login = accounts.find_login(reader, MAIN, "20260001")
        assert login is not None
        owned = orders.subscriptions_of(reader, MAIN, login.account.id)
        states = [(one.plan_name, one.subscription.state) for one in owned]
        assert states == [("pack10", SubscriptionState.ACTIVE), ("monthly", SubscriptionState.QUEUED)]
        bought = orders.orders_of(reader, MAIN, login.account.id, 10)
        assert {(order.channel.value, order.amount_fen) for order in bought} == {("GRANT", 0)}
        assert wallet_fen(reader, MAIN, login.account.id) == 5000
        other = accounts.find_login(reader, MAIN, "20260002")
        assert other is not None
        assert [one.plan_name for one in orders.subscriptions_of(reader, MAIN, other.account.id)] == [
            "monthly"
        ]


def test_second_time_changes_nothing(box: Box) -> None:
    """Applying twice leaves every item, and not one byte of the books is written."""
    apply(box, SITE)
    before = box.files.database.read_bytes()
    assert {item["outcome"] for item in apply(box, SITE).values()} == {"left"}
    assert box.files.database.read_bytes() == before


def test_what_is_left_is_told_too(box: Box) -> None:
    """A person reads of every item what became of it; plan and balance of an account that exists are left."""
    apply(box, SITE)
    text = SITE.replace('balance = "50.00"', 'balance = "70.00"').replace(
        'plan = ["pack10", "monthly"]', 'plan = "term"'
    )
    status, out, _ = box.run("apply", box.write("site.toml", text))
    assert status == 0
    assert "left     account 20260001" in out.splitlines()
    assert out.splitlines()[-1] == "0 created, 0 changed, 11 left"


def test_dry_run_tells_the_same_and_does_nothing(box: Box) -> None:
    """What --dry-run prints is what the run after it does."""
    before = box.files.database.read_bytes()
    told = apply(box, SITE, "--dry-run")
    assert box.files.database.read_bytes() == before
    assert apply(box, SITE) == told


def test_change_is_named_by_its_keys(box: Box) -> None:
    """A changed item says which keys changed; plan and balance of an account that exists are left."""
    apply(box, SITE)
    text = SITE.replace('up = "4M"', 'up = "5M"').replace('price = "30.00"', 'price = "35.00"')
    text = text.replace('"secret-of-ac1"', '"other-secret"\ncoa_port = 1700').replace('"pw-2"', '"pw-3"')
    text = text.replace('balance = "50.00"', 'balance = "70.00"').replace("张三", "张三丰")
    items = apply(box, text)
    notes = {name: item["note"] for name, item in items.items() if item["outcome"] == "changed"}
    assert notes["rate 8M"] == "up, down"
    assert notes["plan monthly"].startswith("policy, price; version 2")
    assert set(notes["nas ac1"].split(", ")) == {"secret", "portal_secret", "coa_port"}
    assert notes["account 20260002"] == "password"
    assert notes["account 20260001"] == "full_name"
    assert set(notes) == {"rate 8M", "plan monthly", "nas ac1", "account 20260001", "account 20260002"}
    with reading(box.files.database) as reader:
        login = accounts.find_login(reader, MAIN, "20260001")
        assert login is not None
        assert wallet_fen(reader, MAIN, login.account.id) == 5000


def test_keys_an_account_does_not_name_are_kept(box: Box) -> None:
    """A file with the user name alone takes nothing away from the person."""
    apply(box, SITE)
    items = apply(box, '[[account]]\nusername = "20260001"\n')
    assert items["account 20260001"]["outcome"] == "left"


BAD = """
[[rate]]
name = "8M"
up = "4X"
down = "8M"
[[nas]]
name = "ac1"
address = "127.0.0.1/8"
secrt = "very-secret"
vendor = "cisso"
[[plan]]
name = "m1"
kind = "period"
price = "30.001"
rate = "8M"
[[plan]]
name = "m2"
kind = "data"
price = "30.00"
rate = "9M"
[[account]]
username = "u"
plan = ["m1", "nope"]
group = "none"
balance = 5.0
[[accounts]]
username = "u"
[[operator]]
name = "c2"
role = "king"
password_file = "nofile"
"""


def test_every_mistake_is_told_in_one_run(box: Box) -> None:
    """Wrong values, unknown keys and tables, missing keys and unknown names: all at once, none twice, no secret."""
    before = box.files.database.read_bytes()
    lines = refused(box, BAD)
    told = sorted(": ".join(line.split(": ")[:2]) for line in lines)
    assert told == [
        "account u: balance",
        "account u: group",
        "account u: plan",
        'accounts: is not known; did you mean "account"?',
        "nas ac1: address",
        "nas ac1: secret",
        "nas ac1: secrt",
        "nas ac1: vendor",
        "operator c2: password_file",
        "operator c2: role",
        "plan m1: period",
        "plan m1: price",
        "plan m2: data",
        "plan m2: rate",
        "rate 8M: up",
    ]
    assert "very-secret" not in "".join(lines)
    assert box.files.database.read_bytes() == before


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[[group]]\nname = "a"\nparent = "b"\n[[group]]\nname = "b"\nparent = "a"\n', "goes in a circle"),
        ('[[rate]]\nname = "x"\nup = "1M"\ndown = "1M"\n' * 2, "stands twice"),
        ('[[nas]]\nname = "a"\naddress = "192.0.2.9"\nsecret = "s"\n[[nas]]\nname = "b"\naddress = "192.0.2.9"\nsecret = "s"\n', "belongs to a already"),
        ('[[account]]\nusername = "a"\naliases = ["x"]\n[[account]]\nusername = "b"\naliases = ["x"]\n', 'logs in as "x" already'),
        ('[[account]]\nusername = "a"\nproject = "elsewhere"\n', 'there is no project "elsewhere"'),
        ('[[list]]\nkind = "mac"\naction = "deny"\nvalue = "zz"\n', "is no MAC"),
        ('[[plan]]\nname = "p"\nkind = "free"\nprice = "1.00"\n', "a free plan has none"),
        ('[[plan]]\nname = "p"\nkind = "period"\nperiod = "1 month"\n', "price: is missing"),
        ('[[operator]]\nname = "x"\nrole = "admin"\npassword = "12345678"\n', "into a file"),
        ('[[operator]]\nname = "x"\nrole = "admin"\n', "password_file: is missing"),
        ('[account]\nusername = "a"\n', "two brackets"),
        ('[[account]]\nusername = "a\\u0000b"\n', "control characters"),
    ],
)  # fmt: skip
def test_mistake_is_one_clear_line(box: Box, text: str, says: str) -> None:
    """Each kind of mistake has its sentence, and none comes as a traceback."""
    lines = refused(box, text)
    assert any(says in line for line in lines), lines


def test_several_projects_must_be_named(box: Box) -> None:
    """With two schools an item says to which it belongs; a rate is in both."""
    two = '[[project]]\nname = "main"\n[[project]]\nname = "north"\nzone = "Asia/Urumqi"\n'
    rate = '[[rate]]\nname = "8M"\nup = "4M"\ndown = "8M"\n'
    plan = '[[plan]]\nname = "p"\nkind = "period"\nperiod = "1 month"\nprice = "1.00"\nrate = "8M"\n'
    assert any("project: is missing" in line for line in refused(box, two + rate + plan))
    items = apply(box, two + rate + plan + 'project = "north"\n')
    assert items["rate 8M of north"]["outcome"] == "created"
    with reading(box.files.database) as reader:
        assert products.plans(reader, MAIN) == []
        assert [offer.plan.name for offer in products.plans(reader, ProjectId(2))] == ["p"]


def test_learned_signing_survives_an_apply(box: Box) -> None:
    """A device that proved that it signs is not changed by being declared again."""
    apply(box, SITE)
    from zhuomai_appliance.config import load

    with backstage.opened(load(box.config)) as stage:
        backstage.finish(
            stage.store.write(lambda tx: network.learn_signer(tx, MAIN, NasId(1), "192.0.2.1", 5))
        )
    assert {item["outcome"] for item in apply(box, SITE).values()} == {"left"}


def test_busy_directory_is_one_line(box: Box) -> None:
    """Beside another command the second waits for nobody and says so."""
    with backstage.locked(box.files):
        status, _, err = box.run("apply", str(box.folder / "site.toml"))
    assert (status, len(err)) == (1, 1)
    assert "another zhuomai process" in err[0]


def test_operator_command_adds_and_makes_tokens(box: Box) -> None:
    """Operators come and get tokens by the command line; what is secret is printed once, in JSON where asked."""
    status, out, _ = box.run("operator", "add", "till", "--role", "cashier", "--json")
    assert status == 0
    assert len(json.loads(out)["password"]) == 19
    status, out, _ = box.run("operator", "token", "till", "--scope", "sessions.read", "--json")
    assert json.loads(out)["token"].startswith("zm_")
    assert box.run("operator", "add", "till", "--role", "cashier")[0] == 1
    assert box.run("operator", "token", "till", "--scope", "no.such")[0] == 1
    assert box.run("operator", "token", "till", "--scope", "operators.write")[0] == 1
    assert box.run("operator", "reset-password", "nobody")[0] == 1


def test_school_shows_itself_as_the_file_says(box: Box) -> None:
    """Title and hotline of a project reach the settings; what the file does not name stays, a second run is quiet."""
    apply(box, f'{SCHOOL}title = "蓉城理工学院"\nhotline = "028-8555 0119"\n{SITE}')
    again = f'{SCHOOL}title = "蓉城理工大学"\n{SITE}'
    assert apply(box, again)["project main"]["outcome"] == "changed"
    assert {item["outcome"] for item in apply(box, again).values()} == {"left"}
    with reading(box.files.database) as reader:
        branding = settings.branding(reader, MAIN)
    assert (branding.title, branding.hotline) == ("蓉城理工大学", "028-8555 0119")


def test_address_of_the_school_must_be_one_for_browsers(box: Box) -> None:
    """A home page that a browser could be tricked with is refused with its key."""
    lines = refused(box, f'{SCHOOL}home_url = "javascript:alert(1)"\n{SITE}')
    assert any("home_url" in line for line in lines)


def test_an_operator_is_bound_to_groups_and_released(box: Box) -> None:
    """`groups` binds to the people of a group and of all below it; without it he is free; an unknown one is named."""
    bound = SITE.replace('name = "cashier1"', 'name = "cashier1"\ngroups = ["students"]')
    assert bound != SITE
    for site, names in ((bound, ["students"]), (bound, ["students"]), (SITE, [])):
        apply(box, site)
        with reading(box.files.database) as reader:
            cashier = operators.by_name(reader, "cashier1")
            assert cashier is not None
            by_id = {group.id: group.name for group in products.groups(reader, MAIN)}
            assert [by_id[group_id] for group_id in cashier.group_ids] == names
    (box.folder / "site.toml").write_text(bound.replace('groups = ["students"]', 'groups = ["mars"]'))
    status, _, err = box.run("apply", str(box.folder / "site.toml"))
    assert status == 1
    assert any('operator cashier1: groups: there is no group "mars"' in line for line in err)
