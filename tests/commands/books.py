"""Rows in a box's books that only a daemon writes: sessions, usage, attempts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from tests.commands.box import Box
from zhuomai_appliance.commands.backstage import finish, opened
from zhuomai_appliance.config import load
from zhuomai_appliance.model.access import AccessAttempt, AccessKind, PapProof, Session, SessionId
from zhuomai_appliance.model.network import NasId, ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.store import journal, sessions
from zhuomai_appliance.store.interface import Transaction

T = TypeVar("T")
MAIN = ProjectId(1)
AT = 1_790_000_000  # 2026-09-21T22:13:20+08:00
DAY = 20_717


def write(box: Box, task: Callable[[Transaction], T]) -> T:
    """Run a task on the box's store."""
    with opened(load(box.config)) as stage:
        return finish(stage.store.write(task))


def add_session(tx: Transaction, number: int, *, seconds: int, up: int, down: int) -> SessionId:
    """A stay of account 1 at device 1 with its usage, open."""
    session_id = sessions.insert(
        tx,
        Session(
            id=SessionId(0),
            project_id=MAIN,
            nas_id=NasId(1),
            nas_address="192.0.2.1",
            acct_session_id=f"s{number}",
            account_id=AccountId(1),
            username_raw="20260001",
            calling_station_raw="02-00-00-00-00-01",
            called_station_raw="",
            mac="02:00:00:00:00:01",
            ip="10.9.0.1",
            ipv6=None,
            ssid=None,
            vlan=None,
            port_id=None,
            access_kind=AccessKind.PORTAL,
            started_at=AT + number,
            updated_at=AT + number + seconds,
            session_seconds=seconds,
            input_octets=up,
            output_octets=down,
            interim_seconds=300,
            stopped_at=None,
            cause=None,
            closed_by=None,
            start_lost=False,
            anomalies=0,
            class_token=b"",
            plan_name="pack10",
        ),
        AT + number + seconds,
    )
    share = sessions.UsageShare(None, DAY, up, down, seconds)
    sessions.add_usage(tx, MAIN, session_id, AccountId(1), [share])
    return session_id


def add_attempt(tx: Transaction) -> None:
    """A refused login."""
    journal.ensure_month(tx, "202609")
    journal.add_attempt(
        tx,
        MAIN,
        AccessAttempt(
            username="20260001",
            username_raw="20260001",
            realm=None,
            proof=PapProof(b"x"),
            nas_id=NasId(1),
            mac="02:00:00:00:00:01",
            ip="10.9.0.1",
            ssid=None,
            vlan=None,
            port_id=None,
            access_kind=AccessKind.PORTAL,
            acct_session_id=None,
            calling_station_raw="",
            called_station_raw="",
            at=AT,
        ),
        account_id=AccountId(1),
        accepted=False,
        reason="wrong_password",
        detail="",
        lookup_code="ABCDE",
    )
