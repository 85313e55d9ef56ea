"""Rules, hours and limits of places in a real daemon: declared while it serves, in force at the next login, explained."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest

from tests.journeys import wire
from tests.journeys.box import Box
from tests.journeys.wire import ACCESS_ACCEPT, ACCESS_REJECT, Attribute, Wire, packed

pytestmark = pytest.mark.slow

KEY = b"testing123"
SHANGHAI = timezone(timedelta(hours=8))
REPLY_MESSAGE, SESSION_TIMEOUT = 18, 27
SITE = """
[[nas]]
name = "ac1"
address = "127.0.0.1"
secret = "testing123"
vendor = "standard"
[[nas]]
name = "bas1"
address = "127.0.0.2"
secret = "testing123"
vendor = "huawei-bras"
[[group]]
name = "students"
[[plan]]
name = "monthly"
kind = "period"
period = "1 month"
price = "30.00"
max_sessions = 0
"""
PEOPLE = "".join(
    f'[[account]]\nusername = "{name}"\npassword = "pw"\nplan = "monthly"\ngroup = "students"\n'
    for name in ("ann", "bob", "cai")
)


def clock(hours: int) -> str:
    """The school's wall clock so many hours from now."""
    return f"{datetime.now(UTC).astimezone(SHANGHAI) + timedelta(hours=hours):%H:%M}"


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    with Box(tmp_path_factory.mktemp("admission")) as box:
        box.init()
        box.apply(SITE + PEOPLE)
        box.start()
        yield box


def metrics(box: Box) -> list[str]:
    """The lines of /metrics."""
    with urllib.request.urlopen(f"{box.url('plain_admin')}metrics") as answer:  # noqa: S310 - the box of this test
        text: str = answer.read().decode()
    return text.splitlines()


class Device:
    """An access device that logs people in and reports their sessions."""

    def __init__(self, box: Box, source: str = "127.0.0.1") -> None:
        self.box, self.wire, self.number = box, Wire(source), 0

    def login(self, name: str, *more: Attribute) -> tuple[int, dict[int, bytes]]:
        """Code and attributes of the answer."""
        self.number = (self.number + 1) % 256
        asked = wire.login(self.number, name.encode(), b"pw", KEY, more)
        reply = self.wire.ask(asked, self.box.address("auth"))
        assert reply is not None
        return reply[0], dict(wire.verified(reply, asked, KEY))

    def report(self, name: str, kind: int, session: str, *more: Attribute) -> None:
        """A report that is answered, so durable."""
        self.number = (self.number + 1) % 256
        body = packed([(1, name.encode()), (40, kind.to_bytes(4, "big")), (44, session.encode()), *more])
        asked = wire.request(wire.ACCOUNTING_REQUEST, self.number, body, KEY)
        assert self.wire.ask(asked, self.box.address("acct")) is not None


@pytest.fixture
def ac(box: Box) -> Iterator[Device]:
    device = Device(box)
    yield device
    device.wire.close()


@pytest.fixture
def bas(box: Box) -> Iterator[Device]:
    device = Device(box, "127.0.0.2")
    yield device
    device.wire.close()


def number(value: int) -> bytes:
    return value.to_bytes(4, "big")


def phone(last: int, ssid: str = "Dorm") -> list[Attribute]:
    """A phone on the wireless network: its MAC, the access point with the network's name."""
    return [
        (31, b"A4-5E-60-00-00-%02X" % last),
        (30, b"00-15-70-91-E2-40:" + ssid.encode()),
        (61, number(19)),
    ]


def dialling(vlan: int) -> list[Attribute]:
    return [
        (6, number(2)),
        (7, number(1)),
        (61, number(15)),
        (31, b"A4-5E-60-00-00-09"),
        (87, b"slot=1;subslot=0;port=3;vlanid=%d;" % vlan),
    ]


def test_a_rule_by_vlan_denies_pppoe(box: Box, bas: Device, ac: Device) -> None:
    """A rule declared while the box serves refuses the next dialling in its VLANs, in the rule's own words."""
    assert bas.login("ann", *dialling(150))[0] == ACCESS_ACCEPT
    box.apply(
        '[[rule]]\nname = "no dialling"\nposition = 10\naction = "deny"\nkind = "pppoe"\nvlan = "100-199"\n'
        'reason = "宿舍请用无线"\n'
    )
    code, said = bas.login("ann", *dialling(150))
    assert (code, said[REPLY_MESSAGE].decode()) == (ACCESS_REJECT, "A23 这里不能用这个账号。宿舍请用无线")
    assert bas.login("ann", *dialling(200))[0] == ACCESS_ACCEPT
    assert ac.login("ann", *phone(9))[0] == ACCESS_ACCEPT
    explained = box.run("explain", "ann", "--nas", "bas1", "--kind", "pppoe", "--vlan", "150", "--json")
    facts = json.loads(explained.stdout)
    assert (explained.returncode, facts["rule"], facts["code"]) == (1, "no dialling", "A23")
    assert facts["attributes"] == [{"name": "Reply-Message", "value": said[REPLY_MESSAGE].decode()}]


def test_hours_bound_the_timeout_and_refuse(box: Box, ac: Device) -> None:
    """The session ends where the hours do, to the second; in forbidden hours the answer says when it opens."""
    box.apply(
        f'[[rule]]\nname = "later"\nposition = 20\naction = "deny"\nssid = "Later"\nhours = "{clock(2)}-{clock(4)}"\n'
        f'[[rule]]\nname = "closed"\nposition = 30\naction = "deny"\nssid = "Closed"\nhours = "{clock(-1)}-{clock(1)}"\n'
    )
    begins = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(hours=2)
    before = time.time()
    code, said = ac.login("bob", *phone(2, "Later"))
    assert code == ACCESS_ACCEPT
    timeout = int.from_bytes(said[SESSION_TIMEOUT], "big")
    assert -61 < begins.timestamp() - (before + timeout) < 61
    code, said = ac.login("bob", *phone(2, "Closed"))
    assert code == ACCESS_REJECT
    text = said[REPLY_MESSAGE].decode()
    assert text.startswith("A22 ")
    assert clock(1)[:2] in text
    assert ac.login("bob", *phone(2, "Open"))[0] == ACCESS_ACCEPT


def test_a_place_is_full_until_somebody_leaves(box: Box, ac: Device) -> None:
    """Two fit at the access point, the third is refused with its own reason; a Stop makes room, a restart forgets nobody."""
    people = (("ann", 11), ("bob", 12), ("cai", 13))
    box.apply('[[place_limit]]\nkind = "ssid"\nvalue = "Hall"\nmax = 2\n')
    for name, last in people[:2]:
        assert ac.login(name, *phone(last, "Hall"))[0] == ACCESS_ACCEPT
        ac.report(name, 1, f"hall-{name}", *phone(last, "Hall"))
    code, said = ac.login("cai", *phone(13, "Hall"))
    assert (code, said[REPLY_MESSAGE].decode()[:3]) == (ACCESS_REJECT, "A24")
    assert ac.login("bob", *phone(12, "Hall"))[0] == ACCESS_ACCEPT
    assert box.stop() == 0
    box.start()
    assert ac.login("cai", *phone(13, "Hall"))[0] == ACCESS_REJECT
    ac.report("ann", 2, "hall-ann", *phone(11, "Hall"))
    assert ac.login("cai", *phone(13, "Hall"))[0] == ACCESS_ACCEPT
    assert ac.login("ann", *phone(11, "Hall"))[0] == ACCESS_REJECT
    figures = metrics(box)
    labels = '{kind="ssid",project="main",value="Hall"}'
    assert f"zhuomai_place_devices{labels} 2.0" in figures
    assert f"zhuomai_place_limit{labels} 2.0" in figures
    box.check_books()


def test_a_place_that_is_limited_while_people_are_there(box: Box, ac: Device) -> None:
    """A limit declared while the place is full holds within moments, long before the next count by the clock."""
    time.sleep(1)  # lets the count that follows a start go by: only the declaration may bring the next one
    ac.report("ann", 1, "yard-ann", *phone(21, "Yard"))
    box.apply('[[place_limit]]\nkind = "ssid"\nvalue = "Yard"\nmax = 1\n')
    deadline = time.monotonic() + 5
    figure = 'zhuomai_place_devices{kind="ssid",project="main",value="Yard"} 1.0'
    while figure not in metrics(box):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert ac.login("bob", *phone(22, "Yard"))[0] == ACCESS_REJECT
    ac.report("ann", 2, "yard-ann", *phone(21, "Yard"))
    assert ac.login("bob", *phone(22, "Yard"))[0] == ACCESS_ACCEPT
