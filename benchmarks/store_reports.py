"""How long the lists of a big school take: 50,000 accounts, 20,000 online, 600,000 finished sessions and as many attempts
in a month, 200,000 posting lines.

    python benchmarks/store_reports.py [ACCOUNTS]

Each question is asked five times and its slowest answer is told, in milliseconds, on one thread (features F01: a search
under 300 ms; H02: who had an address at a time under one second).
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from zhuomai_appliance.entropy import SystemEntropy
from zhuomai_appliance.model.people import AccountStatus
from zhuomai_appliance.store import journal, network, reports, sessions
from zhuomai_appliance.store.inline import InlineStore
from zhuomai_appliance.store.interface import Transaction
from zhuomai_appliance.store.reports import (
    AccountFilter,
    AccountSort,
    AttemptFilter,
    OnlineFilter,
    OnlineSort,
    Page,
    PostingFilter,
    SessionFilter,
)
from zhuomai_appliance.store.sql import Query
from zhuomai_appliance.store.vault import Vault

NOW = 1_790_000_000
PASSES = 5
FINISHED_OF_ONE = 12
NAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗"


def mac(number: int) -> str:
    text = f"02{number:010x}"
    return ":".join(text[i : i + 2] for i in range(0, 12, 2))


def fill(tx: Transaction, people: int) -> None:
    """Rows written as they are, without the flows: a hundred thousand purchases would take minutes."""
    network.add_project(tx, "main", "Asia/Shanghai", NOW)
    vault = Vault(bytes(32), SystemEntropy())
    sessions.ensure_month(tx, "202609")
    tx.run(
        Query.of(
            "b.group", "INSERT INTO user_group (project_id, name, switches) VALUES (1, 'students', '{}')"
        )
    )
    tx.many(
        Query.of(
            "b.account",
            "INSERT INTO account (id, project_id, username, full_name, group_id, phone_index, created_at, created_by)"
            " VALUES (:id, 1, :username, :full_name, 1, :phone, 1, 'b')",
        ),
        (
            {
                "id": i,
                "username": f"2026{i:06d}",
                "full_name": NAMES[i % 20] + NAMES[i // 20 % 20] + NAMES[i // 400 % 20],
                "phone": vault.blind_index(f"139{i:08d}".encode(), "phone"),
            }
            for i in range(1, people + 1)
        ),
    )
    for kind, name in (("username", "2026%06d"), ("phone", "139%08d")):
        tx.many(
            Query.of(
                "b.identifier",
                "INSERT INTO identifier (project_id, value, account_id, kind) VALUES (1, :value, :id, :kind)",
            ),
            ({"id": i, "value": name % i, "kind": kind} for i in range(1, people + 1)),
        )
    chain = '{{"account":{i},"as_of":1,"revision":1,"segments":[],"v":1,"zone":"Asia/Shanghai"}}'
    tx.many(
        Query.of(
            "b.entitlement",
            "INSERT INTO entitlement (account_id, project_id, chain, covered_until) VALUES (:id, 1, :chain, :until)",
        ),
        (
            {"id": i, "chain": chain.format(i=i), "until": NOW + (i % 60 - 10) * 86_400}
            for i in range(1, people + 1)
        ),
    )
    tx.many(
        Query.of(
            "b.device",
            "INSERT INTO device_binding (project_id, account_id, mac, kind, login_kind, bound_at, last_seen_at)"
            " VALUES (1, :id, :mac, 'learned', 'portal', 1, 1)",
        ),
        ({"id": i, "mac": mac(i)} for i in range(1, people + 1)),
    )
    columns = (
        "project_id, nas_id, nas_address, acct_session_id, account_id, username_raw, calling_station_raw,"
        " called_station_raw, mac, ip, access_kind, started_at, updated_at, seen_at, session_seconds, input_octets,"
        " output_octets, interim_seconds, stopped_at, closed_by, start_lost, anomalies, class_token, plan_name"
    )
    values = (
        "1, 1, '192.0.2.1', :sid, :id, :username, '', '', :mac, :ip, 'portal', :at, :at, :seen, 600, 1000, 2000, 300,"
        " :stopped, :by, 0, 0, x'', 'monthly'"
    )
    tx.many(
        Query.of("b.open", f"INSERT INTO session ({columns}) VALUES ({values})"),
        (_stay(i, 0, NOW - i % 7200, None) for i in range(1, people * 2 // 5 + 1)),
    )
    base = people
    tx.many(
        Query.of("b.moved", f"INSERT INTO session_202609 (id, {columns}) VALUES (:row, {values})"),
        (
            _stay(i, n, NOW - n * 86_400 - i % 7200, NOW - n * 86_400) | {"row": base + n * people + i}
            for n in range(3, 3 + FINISHED_OF_ONE)
            for i in range(1, people + 1)
        ),
    )
    journal.ensure_month(tx, "202609")
    tx.many(
        Query.of(
            "b.attempt",
            "INSERT INTO attempt_202609 (project_id, at, account_id, username_raw, mac, ip, nas_id, access_kind,"
            " proof_kind, accepted, reason, detail, lookup_code) VALUES (1, :at, :id, :name, :mac, '10.0.0.1', 1,"
            " 'portal', 'pap', :ok, :reason, '', :code)",
        ),
        (
            {
                "at": NOW - 12 * 86_400 + n * 86_400 + i,
                "id": i,
                "name": f"2026{i:06d}",
                "mac": mac(i),
                "ok": int(i % 5 > 0),
                "reason": "" if i % 5 else "wrong_password",
                "code": "" if i % 5 else f"{n}X{i}",
            }
            for n in range(FINISHED_OF_ONE)
            for i in range(1, people + 1)
        ),
    )
    tx.many(
        Query.of(
            "b.posting",
            "INSERT INTO posting (project_id, kind, effect, order_no, operator, posted_at, memo)"
            " VALUES (1, 'sale', :effect, :order_no, 'c', :at, '')",
        ),
        ({"effect": f"o{i}", "order_no": f"1-{i:09d}", "at": NOW - i} for i in range(1, people * 2 + 1)),
    )
    for sign, account in ((1, "cash:c"), (-1, "deferred:%d")):
        tx.many(
            Query.of(
                "b.line",
                "INSERT INTO posting_line (project_id, posting_id, ledger_account, amount_fen)"
                " VALUES (1, :id, :account, :amount)",
            ),
            (
                {"id": i, "account": account.replace("%d", str(i)), "amount": sign * 3000}
                for i in range(1, people * 2 + 1)
            ),
        )


def _stay(i: int, n: int, at: int, stopped: int | None) -> dict[str, int | str | None]:
    place = (i * 7 + n * 13) % 65_000
    return {
        "sid": f"{n}-{i}",
        "id": i,
        "username": f"2026{i:06d}",
        "mac": mac(i),
        "ip": f"10.{place // 65536}.{place // 256 % 256}.{place % 256}",
        "at": at,
        "seen": NOW - i % 900,
        "stopped": stopped,
        "by": None if stopped is None else "stop",
    }


def main() -> None:
    """Fill, ask, print."""
    people = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    with tempfile.TemporaryDirectory() as folder:
        store = InlineStore(Path(folder) / "bench.db")
        failures: list[object] = []
        store.write(lambda tx: fill(tx, people)).addErrback(failures.append)
        if failures:
            sys.exit(str(failures[0]))
        reader, fifty, ours = store.reader, Page(limit=50), (1,)

        def people_page(chosen: AccountFilter, sort: AccountSort = AccountSort.ID) -> int:
            page = reports.accounts(reader, ours, chosen, fifty, NOW, sort)  # type: ignore[arg-type]
            return len(page) and reports.count_accounts(reader, ours, chosen, NOW)  # type: ignore[arg-type]

        def log(chosen: SessionFilter) -> int:
            return len(reports.sessions(reader, ours, chosen, Page(limit=50, newest_first=True)))  # type: ignore[arg-type]

        newest = Page(limit=50, newest_first=True)

        def attempts(chosen: AttemptFilter) -> int:
            return len(reports.attempts(reader, ours, chosen, newest))  # type: ignore[arg-type]

        def postings(chosen: PostingFilter) -> int:
            return len(reports.postings(reader, ours, chosen, newest))  # type: ignore[arg-type]

        at = NOW - 5 * 86_400
        questions: dict[str, Callable[[], int]] = {
            "accounts, first page and count": lambda: people_page(AccountFilter()),
            "accounts, part of a number": lambda: people_page(AccountFilter(words="02345")),
            "accounts, a person's name": lambda: people_page(AccountFilter(words="王李")),
            "accounts, nobody": lambda: people_page(AccountFilter(words="zzzz")),
            "accounts, a MAC": lambda: people_page(AccountFilter(words="x", mac_words=mac(777))),
            "accounts, expired, by name": lambda: people_page(
                AccountFilter(status=AccountStatus.EXPIRED), AccountSort.USERNAME
            ),
            "accounts, normal, by end": lambda: people_page(
                AccountFilter(status=AccountStatus.NORMAL), AccountSort.END
            ),
            "online, newest, with sums": lambda: len(
                reports.online(reader, ours, OnlineFilter(), fifty, NOW).rows  # type: ignore[arg-type]
            ),
            "online, words, by traffic": lambda: len(
                reports.online(reader, ours, OnlineFilter(words="0234"), fifty, NOW, OnlineSort.TRAFFIC).rows  # type: ignore[arg-type]
            ),
            "log, first page": lambda: log(SessionFilter()),
            "log, address and time": lambda: log(SessionFilter(ip="10.0.27.16", from_at=at, to_at=at + 1)),
            "log, one person": lambda: log(SessionFilter(username="2026000777")),
            "attempts, newest": lambda: attempts(AttemptFilter()),
            "attempts, a look-up code": lambda: attempts(AttemptFilter(lookup_code="3X500")),
            "attempts, one person": lambda: attempts(AttemptFilter(username="2026000777")),
            "attempts, one reason": lambda: attempts(AttemptFilter(reason="wrong_password")),
            "attempts, words": lambda: attempts(AttemptFilter(words="000777")),
            "postings, a till's newest": lambda: postings(PostingFilter(account_ref="cash:c")),
            "postings, an order": lambda: postings(PostingFilter(order_no="1-000000777")),
            "postings, an hour": lambda: postings(PostingFilter(from_at=NOW - 3600, to_at=NOW)),
            "dashboard": lambda: reports.dashboard(reader, ours, NOW, NOW - 36_000).accounts,  # type: ignore[arg-type]
        }
        for name, ask in questions.items():
            slowest, found = 0.0, 0
            for _ in range(PASSES):
                started = time.perf_counter()
                found = ask()
                slowest = max(slowest, time.perf_counter() - started)
            print(f"{name:32s} {slowest * 1e3:8.1f} ms   {found:7,d} found")


if __name__ == "__main__":
    main()
