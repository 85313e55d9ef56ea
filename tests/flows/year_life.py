"""When people of the generated school are online, and what devices tell of it, as badly as they may."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.flows.school import INTERIM, SHANGHAI, START, STOP, number
from tests.flows.year_money import Money
from tests.flows.year_school import name_of
from zhuomai_appliance.flows import (
    chains,
)
from zhuomai_appliance.model import entitlement as chain_rules
from zhuomai_appliance.radius.packet import Code

SESSION_TIMEOUT, ACCT_SESSION_ID, CLASS = 27, 44, 25


@dataclass(slots=True)
class Device:
    """One session as its device counts it, with what it has told already."""

    sid: str
    person: int
    mac: str
    ip: str
    token: bytes
    started_at: int
    stops_at: int
    bytes_per_second: int
    told_at: int
    told: tuple[int, int, int] = (0, 0, 0)

    def counters(self, now: int) -> tuple[int, int, int]:
        """Seconds, octets up and down at an instant."""
        seconds = min(now, self.stops_at) - self.started_at
        return seconds, seconds * self.bytes_per_second // 7, seconds * self.bytes_per_second


@dataclass(slots=True)
class Life(Money):
    """The year's events: what is done with money, and who is online. ``raw`` is what devices told last."""

    online: dict[str, Device] = field(default_factory=dict)
    raw: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    serial: int = 0

    # Being online -------------------------------------------------------------------------------------------------------

    def log_in(self) -> None:
        """Somebody comes online, if the school lets him."""
        school, self.serial = self.school, self.serial + 1
        who = school.random.randrange(len(school.people))
        mac = f"a4:5e:61:{who >> 16 & 255:02x}:{who >> 8 & 255:02x}:{who & 255:02x}"
        ip = f"10.9.{who % 60_000 // 250}.{who % 250 + 1}"
        if any(one.person == who for one in self.online.values()):
            return
        answer = school.login(name_of(who), "pass-word", mac, ip)
        if answer.code is not Code.ACCESS_ACCEPT:
            self.done["login refused"] += 1
            return
        self.done["login"] += 1
        now, token = school.now(), b"".join(value for kind, value in answer.attributes if kind == CLASS)
        length = school.random.choice((600, 3600, 3 * 3600, 9 * 3600, 30 * 3600))
        length = min(length, number(answer, SESSION_TIMEOUT) or length)
        speed = school.random.choice((100, 3000, 40_000, 300_000))
        device = Device(f"Y{self.serial}", who, mac, ip, token, now, now + length, speed, now)
        self.online[device.sid] = device
        if school.random.random() < 0.95:
            self._report(device, START)

    def _report(self, device: Device, kind: int) -> None:
        now = self.school.now()
        at = min(now, device.stops_at)
        seconds, up, down = device.counters(at)
        self.school.report(
            kind, seconds, up, down, sid=device.sid, name=name_of(device.person), mac=device.mac, ip=device.ip,
            token=device.token, at=at,
        )  # fmt: skip
        device.told, device.told_at = (seconds, up, down), at
        self.raw[device.sid] = device.told

    def go_on(self) -> None:
        """Every device tells what it counted: interims, some twice, some lost, and Stops, at times before a late interim."""
        chance = self.school.random.random
        self._obey()
        for device in list(self.online.values()):
            if device.stops_at <= self.school.now():
                self._stop(device)
            elif chance() < 0.9:
                self._report(device, INTERIM)
                if chance() < 0.05:
                    self._report(device, INTERIM)

    def stop_in_time(self, until: int) -> None:
        """Let sessions that end before an instant say so when they end, one after the other."""
        self._obey()
        for device in sorted(self.online.values(), key=lambda one: one.stops_at):
            if device.stops_at <= until and self.school.random.random() < 0.9:
                self.school.clock.rightNow = float(max(device.stops_at, self.school.now()))
                self._stop(device)
        self.school.clock.rightNow = float(until)

    def _stop(self, device: Device) -> None:
        chance, late = self.school.random.random, device.told
        self._report(device, STOP)
        if chance() < 0.1:
            self._report(device, STOP)
        if chance() < 0.1 and late[0]:
            self._repeat(device, late)
        del self.online[device.sid]

    def _repeat(self, device: Device, counters: tuple[int, int, int]) -> None:
        self.school.report(
            INTERIM, *counters, sid=device.sid, name=name_of(device.person), mac=device.mac, ip=device.ip, token=device.token,
        )  # fmt: skip

    def _obey(self) -> None:
        """Devices end what they were told to end."""
        for kind, _, attributes in self.school.control.asked:
            sid = next((value.decode() for at, value in attributes if at == ACCT_SESSION_ID), "")
            if kind == "disconnect" and sid in self.online:
                one = self.online[sid]
                one.stops_at = min(one.stops_at, self.school.now())
        self.school.control.asked.clear()

    def without_right(self) -> list[str]:
        """Who is online and owns nothing, after one more round."""
        if self._uncovered():
            self.stop_in_time(self.school.now() + 30)
            self.school.short_rounds()
        return self._uncovered()

    def _uncovered(self) -> list[str]:
        school, found = self.school, list[str]()
        school.dispatch()
        self._obey()
        now = school.now()
        for device in self.online.values():
            if device.stops_at <= now:
                continue
            chain = chains.read(school.store.reader, school.people[device.person], SHANGHAI.name)
            if chain_rules.current(chain_rules.at(chain, now), now) is None:
                found.append(f"{device.sid} of person {device.person} since {device.started_at}")
        return found

    def misread(self) -> list[str]:
        """Sessions of which the books say something else than their devices said last."""
        rows = self.school.rows(
            "SELECT acct_session_id, session_seconds, input_octets, output_octets FROM session_all"
        )
        kept = {sid: (seconds, up, down) for sid, seconds, up, down in rows}
        return [
            f"{sid}: {told} told, {kept.get(sid)} kept"
            for sid, told in self.raw.items()
            if kept.get(sid) != told
        ]
