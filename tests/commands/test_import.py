"""People come in from the tables schools really have: all rows looked at first, every mistake with its row."""

import io
import json

import pytest
import xlsxwriter  # type: ignore[import-untyped]

from tests.commands.box import SITE, Box
from zhuomai_appliance.commands import import_rows
from zhuomai_appliance.flows.purchases import wallet_fen
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.store import accounts, orders
from zhuomai_appliance.store.sqlite import reading

MAIN = ProjectId(1)
PEOPLE = "username,password,full_name,group,plan,balance,phone\n30001,p1,李四,students,pack10;monthly,5.00,13900000001\n30002,p2,王五,students,,,\n30003,,赵六,,,,\n"


@pytest.fixture
def school(box: Box) -> Box:
    assert box.run("apply", box.write("site.toml", SITE))[0] == 0
    return box


def put(box: Box, name: str, data: bytes) -> str:
    (box.folder / name).write_bytes(data)
    return str(box.folder / name)


def count(box: Box, file: str, *words: str) -> tuple[int, int, int]:
    status, out, err = box.run("import", "accounts", file, "--json", *words)
    assert status == 0, err
    answer = json.loads(out)
    return answer["created"], answer["changed"], answer["left"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_people_are_created_with_plans_and_balance(school: Box, encoding: str) -> None:
    """Names in any encoding of the field; several plans queue, a group's plan serves who names none."""
    file = put(school, "p.csv", PEOPLE.encode(encoding))
    assert count(school, file, "--dry-run") == (3, 0, 0)
    assert count(school, file) == (3, 0, 0)
    assert count(school, file) == (0, 0, 3)
    with reading(school.files.database) as reader:
        login = accounts.find_login(reader, MAIN, "13900000001")
        assert login is not None
        assert login.account.full_name == "李四"
        owned = orders.subscriptions_of(reader, MAIN, login.account.id)
        assert [one.plan_name for one in owned] == ["pack10", "monthly"]
        assert wallet_fen(reader, MAIN, login.account.id) == 500
        other = accounts.find_login(reader, MAIN, "30002")
        assert other is not None
        assert [one.plan_name for one in orders.subscriptions_of(reader, MAIN, other.account.id)] == [
            "monthly"
        ]


def test_every_row_with_a_mistake_is_told_and_none_is_taken(school: Box) -> None:
    """Mistakes of all rows come in one run, each with its row, and the good rows stay out too."""
    text = (
        "学号,密码,姓名,用户组,套餐,余额\n30001,p1,李四,students,pack10,5.001\n30002,p2,王五,nogroup,,\n,p,无名,,,\n"
        "30004,p,钱七,,nopl,\n30001,p,重复,,,\n30005,p,好人,,,\n"
    )
    before = school.files.database.read_bytes()
    file = put(school, "p.csv", text.encode())
    status, out, err = school.run("import", "accounts", file)
    assert (status, out) == (1, "")
    told = [line.removeprefix(f"{file}: ").split(": ")[:2] for line in err]
    assert sorted(told) == [
        ["row 2 (30001)", "balance"],
        ["row 3 (30002)", "group"],
        ["row 4", "username"],
        ["row 5 (30004)", "plan"],
        ["row 6", '"30001" stands in row 2 already'],
    ]
    assert school.files.database.read_bytes() == before


def test_spreadsheet_numbers_become_names(school: Box) -> None:
    """A number in a cell is read as it looks; one whose digits were lost is refused with its row."""

    def sheet(*rows: list[object]) -> bytes:
        memory = io.BytesIO()
        book = xlsxwriter.Workbook(memory)
        page = book.add_worksheet()
        for number, row in enumerate(rows):
            page.write_row(number, 0, row)
        book.close()
        return memory.getvalue()

    good = sheet(["username", "full_name", "balance"], [30001, "李四", 12.5], [], ["30002", "王五", 3])
    assert count(school, put(school, "p.xlsx", good)) == (2, 0, 0)
    with reading(school.files.database) as reader:
        login = accounts.find_login(reader, MAIN, "30001")
        assert login is not None
        assert wallet_fen(reader, MAIN, login.account.id) == 1250
    bad = sheet(["username", "id_number"], ["30009", 110101199001011234])
    status, _, err = school.run("import", "accounts", put(school, "b.xlsx", bad))
    assert (status, len(err)) == (1, 1)
    assert "row 2" in err[0]
    assert "lost its last digits" in err[0]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is empty"),
        (b"usernam,password\na,b\n", 'did you mean "username"?'),
        (b"full_name\na\n", "no column username"),
        (b"username,username\na,b\n", "stands twice"),
        (b"username\na,b\n", "more cells"),
        (b"\xff\xff\xff\xff", "neither UTF-8 nor GB 18030"),
        (b"PK\x03\x04 no spreadsheet", "as a spreadsheet"),
        (b'username\n"a', "row"),
    ],
)
def test_file_that_is_no_table_is_one_line(school: Box, data: bytes, says: str) -> None:
    """Whatever is brought, the answer is a sentence."""
    status, _, err = school.run("import", "accounts", put(school, "x.csv", data))
    assert (status, len(err)) == (1, 1)
    assert says in err[0]


def test_many_rows_go_in_parts(school: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """The parts together are the file, and a mistake in a late part keeps the early ones out."""
    monkeypatch.setattr(import_rows, "AT_ONCE", 2)
    rows = "".join(f"4000{number},p\n" for number in range(5))
    file = put(school, "p.csv", f"username,password,group\n{rows}".encode())
    assert count(school, file) == (5, 0, 0)
    bad = put(
        school, "b.csv", f"username,password,group\n{rows.replace('4000', '5000')}50009,p,none\n".encode()
    )
    status, _, err = school.run("import", "accounts", bad)
    assert (status, len(err)) == (1, 1)
    assert "row 7 (50009)" in err[0]
    with reading(school.files.database) as reader:
        assert accounts.find_login(reader, MAIN, "50000") is None
