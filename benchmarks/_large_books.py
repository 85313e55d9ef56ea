"""The books of a very large site, written by SQL alone: a flow for each purchase and session would take days.

What comes out is what the flows leave: accounts with sealed passwords, plans in force as chains and subscriptions, bound
devices, open sessions and finished ones in the tables of their months, each with its usage.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from _datagrams import ACCOUNTS, name_of, password_of

from zhuomai_appliance.entropy import SystemEntropy
from zhuomai_appliance.store import months, sessions
from zhuomai_appliance.store.accounts import secret_context
from zhuomai_appliance.store.connection import SqliteTransaction
from zhuomai_appliance.store.vault import load_key

MONTHS = 12
OPEN_SECONDS = 5400
"""Open sessions began within so many seconds, a report each 300."""


@dataclass(frozen=True)
class Size:
    """How much of everything."""

    accounts: int
    open_sessions: int
    finished: int

    @classmethod
    def of(cls, scale: float) -> Size:
        """The goal's figures times a scale."""
        return cls(int(1_000_000 * scale), int(300_000 * scale), int(20_000_000 * scale))


def grow(state: Path, size: Size) -> None:
    """Add to the books of a fresh site (`_servers.prepare_ours`) until they are of this size.

    The sessions of the last months are a crowd's: each account has about as many as any other.
    """
    began = time.perf_counter()

    def tell(what: str) -> None:
        print(f"  {time.perf_counter() - began:6.0f} s  {what}", flush=True)

    books = sqlite3.connect(state / "zhuomai.db", isolation_level=None)
    books.execute("PRAGMA journal_mode = DELETE")
    books.execute("PRAGMA synchronous = OFF")
    books.execute("PRAGMA cache_size = -524288")
    books.execute("PRAGMA temp_store = MEMORY")
    now = int(time.time())
    _people(books, state, size.accounts)
    tell(f"{size.accounts:,} accounts")
    # Indexes are made once over all rows: sorted, that takes a tenth of the time
    dropped = books.execute(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name IN ('session', 'usage') AND sql NOT NULL"
    ).fetchall()
    for name, _ in dropped:
        books.execute(f"DROP INDEX {name}")
    first = 1 + (books.execute("SELECT max(id) FROM session").fetchone()[0] or 0)
    books.execute("BEGIN")
    _sessions(
        books,
        "session",
        first,
        size.open_sessions,
        size.accounts,
        now - OPEN_SECONDS - 300,
        OPEN_SECONDS,
        now,
    )
    books.execute("COMMIT")
    tell(f"{size.open_sessions:,} open sessions")
    first += size.open_sessions
    share = size.finished // MONTHS
    for back in range(MONTHS if share else 0):
        start = now - (back + 1) * 30 * 86_400
        month = months.month_of(start)
        books.execute("BEGIN")
        sessions.ensure_month(SqliteTransaction(books), month)
        made = books.execute(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = ? AND sql NOT NULL",
            (f"session_{month}",),
        ).fetchall()
        for name, _ in made:
            books.execute(f"DROP INDEX {name}")
        # All of one month, so that every row lies in the table of its stop
        begin = int(time.mktime(time.strptime(month + "02", "%Y%m%d")))
        _sessions(books, f"session_{month}", first, share, size.accounts, begin, 25 * 86_400, None)
        for _, text in made:
            books.execute(text)
        books.execute("COMMIT")
        first += share
        tell(f"{share:,} finished sessions of {month}")
    for _, text in dropped:
        books.execute(text)
    # The next session gets an id above all of these
    books.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = 'session'", (first,))
    tell("indexes of sessions and usage")
    books.close()


def _people(books: sqlite3.Connection, state: Path, accounts: int) -> None:
    """Copies of the first two accounts of the site, one with a plan of data and one that counts nothing."""
    vault = load_key(state / "master.key", SystemEntropy())
    patterns = []
    for account_id in (1, 2):
        (chain, covered, change) = books.execute(
            "SELECT chain, covered_until, next_change_at FROM entitlement WHERE account_id = ?", (account_id,)
        ).fetchone()
        (subscription, *rest) = books.execute(
            "SELECT id, plan_version_id, order_no, state, purchased_at, anchor_at, starts_at, ends_at, octets_left,"
            " seconds_left FROM subscription WHERE account_id = ?",
            (account_id,),
        ).fetchone()
        template = chain.replace(f'"account":{account_id},', '"account":%a,').replace(
            f'"id":{subscription},', '"id":%s,'
        )
        assert template.count("%a") == template.count("%s") == 1, template
        patterns.append((template, covered, change, rest))
    group = books.execute("SELECT group_id, created_at FROM account WHERE id = 1").fetchone()
    first = 1 + books.execute("SELECT max(id) FROM account").fetchone()[0]
    first_subscription = 1 + books.execute("SELECT max(id) FROM subscription").fetchone()[0]
    numbers = range(ACCOUNTS, accounts)

    def pattern(number: int) -> tuple[str, int, int, list[int | str | None]]:
        return patterns[0 if number % 4 == 0 else 1]

    def ids(number: int) -> tuple[int, int]:
        return first + number - ACCOUNTS, first_subscription + number - ACCOUNTS

    def account_rows() -> Iterator[tuple[object, ...]]:
        for number in numbers:
            account_id, _ = ids(number)
            sealed = vault.seal(password_of(number).encode(), secret_context(account_id))  # type: ignore[arg-type]
            yield account_id, name_of(number), group[0], sealed, group[1], group[1]

    books.execute("BEGIN")
    books.executemany(
        "INSERT INTO account (id, project_id, username, full_name, group_id, secret_sealed, created_at, created_by,"
        " first_login_at) VALUES (?, 1, ?, 'Student', ?, ?, ?, 'bench', ?)",
        account_rows(),
    )
    books.executemany(
        "INSERT INTO identifier (project_id, value, account_id, kind) VALUES (1, ?, ?, 'username')",
        ((name_of(number), ids(number)[0]) for number in numbers),
    )
    books.executemany(
        "INSERT INTO entitlement (account_id, project_id, chain, covered_until, next_change_at) VALUES (?, 1, ?, ?, ?)",
        (
            (a, pattern(n)[0].replace("%a", str(a)).replace("%s", str(s)), *pattern(n)[1:3])
            for n in numbers
            for a, s in [ids(n)]
        ),
    )
    books.executemany(
        "INSERT INTO subscription (id, project_id, account_id, plan_version_id, order_no, state, purchased_at, anchor_at,"
        " starts_at, ends_at, octets_left, seconds_left, paid_principal_fen)"
        " VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
        ((ids(n)[1], ids(n)[0], *pattern(n)[3]) for n in numbers),
    )
    books.executemany(
        "INSERT INTO device_binding (project_id, account_id, mac, kind, login_kind, bound_at, last_seen_at)"
        " VALUES (1, ?, ?, 'learned', 'pppoe', ?, ?)",
        ((ids(n)[0], mac_of(n), group[1], group[1]) for n in numbers),
    )
    books.execute("COMMIT")


def mac_of(number: int) -> str:
    """The address of an account's device, as `_datagrams.device_of` sends it."""
    return f"a4:{number >> 16:02x}:60:{number >> 8 & 255:02x}:{number & 255:02x}:01"


def open_session_id(place: int) -> bytes:
    """The Acct-Session-Id of an open session."""
    return b"open%08x" % place


def _sessions(
    books: sqlite3.Connection,
    table: str,
    first: int,
    count: int,
    accounts: int,
    begin: int,
    span: int,
    open_at: int | None,
) -> None:
    """So many sessions of account after account, spread over a span of seconds, and one row of usage each.

    The usage is of the account's own subscription, as reports leave it: of open sessions the next report adds to it.
    ``open_at`` is now for sessions that go on; None makes finished ones of ten minutes.
    """
    values = {
        "first": first, "count": count, "accounts": accounts, "begin": begin, "span": span, "now": open_at,
    }  # fmt: skip
    stopped = "NULL" if open_at else "started + 600"
    seconds = ":now - 30 - n % 270 - started" if open_at else "600"
    prefix = "open" if open_at else "done"
    books.execute(
        f"""INSERT INTO {table} (id, project_id, nas_id, nas_address, acct_session_id, account_id, username_raw,
            calling_station_raw, called_station_raw, mac, ip, vlan, port_id, access_kind, started_at, updated_at, seen_at,
            session_seconds, input_octets, output_octets, interim_seconds, stopped_at, cause, closed_by, start_lost, anomalies,
            class_token, plan_name)
        WITH RECURSIVE counter(n) AS (VALUES (0) UNION ALL SELECT n + 1 FROM counter WHERE n + 1 < :count),
        stay AS (SELECT n, n * 7919 % :accounts AS who, :begin + n * 104729 % :span AS started FROM counter)
        SELECT :first + n, 1, 1, '127.0.0.1', printf('{prefix}%08x', n), who + 1, printf('2026%05d', who),
            printf('a4%02x-60%02x-%02x01', who >> 16, who >> 8 & 255, who & 255), '00-15-70-91-E2-40:Campus',
            printf('a4:%02x:60:%02x:%02x:01', who >> 16, who >> 8 & 255, who & 255),
            printf('10.%d.%d.%d', 9 + (who >> 16), who >> 8 & 255, who & 255), 20, 'slot=0;subslot=0;port=1;vlanid=20',
            'pppoe', started, started + {seconds}, started + {seconds}, {seconds}, ({seconds}) * 125003,
            ({seconds}) * 1125007, 300, {stopped}, {"NULL" if open_at else "1"}, {"NULL" if open_at else "'stop'"}, 0, 0,
            x'', 'monthly'
        FROM stay""",
        values,
    )
    books.execute(
        f"""INSERT INTO usage (project_id, session_id, subscription_id, day, account_id, input_octets, output_octets, seconds)
        SELECT 1, s.id, (SELECT min(u.id) FROM subscription u WHERE u.project_id = 1 AND u.account_id = s.account_id),
            (s.{"updated_at" if open_at else "started_at"} + 28800) / 86400, s.account_id, s.input_octets,
            s.output_octets, s.session_seconds
        FROM {table} s WHERE s.id >= :first""",
        {"first": first},
    )
