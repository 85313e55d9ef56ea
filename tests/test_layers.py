"""House rules one cannot see at a glance: who may import whom, where time, chance and SQL may live, how long a file is."""

import ast
import re
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = "zhuomai_appliance"
LONGEST = 450  # the rule says about 400; this is where "about" ends


class Layer(NamedTuple):
    """What may be imported beside the layer itself and the standard library; a name stands for all below it too."""

    ours: str = ""
    outside: str = ""
    never: str = ""


# Whoever is handed a Twisted object needs words for it: its interfaces, its failures, its log.
WORDS = (
    "twisted.internet.defer twisted.internet.interfaces twisted.python.failure twisted.logger zope.interface"
)
# The rest of the store are functions of a Reader or a Transaction, the same on every engine.
ENGINES = "store.sqlite store.postgres store.writer store.sql store.migrate store.backup"

# The longest pattern that fits a module is its row. Entropy is an argument: whoever takes one must be able to name it.
# paths knows the folders of SQL files and templates, so that the two who read them need not each search.
LAYERS = {
    "model": Layer("", "tzdata"),
    "radius": Layer("", "automat"),
    "radius.dictionary": Layer("", "pyrad"),
    "radius.passwords": Layer("", "cryptography OpenSSL"),
    "radius.eap*": Layer("", "automat cryptography OpenSSL"),
    "radius.mschap": Layer("", "cryptography"),
    "radius.tls_*": Layer("", "cryptography OpenSSL"),
    "portal": Layer("", "automat"),
    "vendors": Layer("model radius"),
    "policy": Layer("model radius.passwords radius.mschap"),
    "billing": Layer("model"),
    "store": Layer(
        "model entropy paths",
        "psycopg psycopg_pool sqlite_utils cryptography twisted.internet.threads twisted.python.threadpool "
        + WORDS,
    ),
    "adapters": Layer(
        "model entropy",
        "treq twisted zope.interface cryptography wechatpayv3 alipay wechatpy ldaptor ldap3",
    ),
    "flows": Layer(
        "model policy billing vendors radius portal store adapters.interfaces entropy", WORDS, ENGINES
    ),
    "net": Layer("model radius portal flows", "twisted zope.interface"),
    "web": Layer(
        "flows model store entropy paths",
        "klein jinja2 markupsafe wtforms pydantic twisted.web qrcode babel werkzeug prometheus_client xlsxwriter fpdf "
        + WORDS,
        ENGINES,
    ),
    "simulator": Layer("model radius portal", "twisted treq klein zope.interface cryptography"),
    "config": Layer("model", "pydantic"),
    "paths": Layer("model"),
    "entropy": Layer("model"),
}
EVERYTHING = {
    "__init__",
    "appliance",
    "figures",
    "loop_calls",
    "roaming",
    "rounds",
    "sites",
    "slow_turns",
    "tap",
    "commands",
}

# Parts of the standard library that only some may touch: threads and SQL are the store's, sockets the rim's.
RIM = {"net", "adapters", "web", "simulator"}
CONFINED = {
    **{name: {"store"} for name in ("sqlite3", "threading", "concurrent")},
    **dict.fromkeys(("socket", "ssl", "select", "selectors", "asyncio", "subprocess", "smtplib"), RIM),
    **dict.fromkeys(("http.client", "http.server", "urllib.request"), RIM),
}

# Time and chance are arguments (`now`, Entropy); only the outermost code may ask the machine for them.
MAY_ASK = EVERYTHING | {"net", "entropy", "simulator"}
ASKING = re.compile(
    r"time\.(time|time_ns|localtime|gmtime|sleep)"
    r"|datetime\.(datetime\.(now|utcnow|today)|date\.today)"
    r"|uuid\.uuid[14]|os\.urandom|random\..+|secrets\.(?!compare_digest).+"
)
# How long something took, by a clock without a date: the writer thread measures its commits where no reactor is.
MEASURING = re.compile(r"time\.(monotonic|perf_counter)(_ns)?")
SQL = re.compile(
    r"\s*(SELECT\s.*\bFROM\b|INSERT\s+(OR\s+\w+\s+)?INTO\b|UPDATE\s+\w+\s+SET\b|DELETE\s+FROM\b|PRAGMA\s"
    r"|(CREATE|DROP|ALTER)\s+(TABLE|VIEW|INDEX|TRIGGER)\b|WITH\s+\w+\s+AS\s*\()",
    re.DOTALL,
)


def within(name: str, names: str) -> bool:
    return any(name == known or name.startswith(known + ".") for known in names.split())


class Imported(NamedTuple):
    line: int
    local: str  # the name it gets in the module ...
    meaning: str  # ... and what that name stands for: after `import a.b`, `a` stands for `a`
    name: str  # all that was imported: `a.b`


def imported(module: str, tree: ast.AST, *, is_package: bool) -> Iterator[Imported]:
    """Yield every import of a module, wherever it stands, with relative ones made absolute."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.split(".")[0]
                meaning = alias.name if alias.asname else top
                yield Imported(node.lineno, alias.asname or top, meaning, alias.name)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                here = [PACKAGE, *module.split(".")]
                base = ".".join([*here[: len(here) - node.level + is_package], *filter(None, [node.module])])
            for alias in node.names:
                name = f"{base}.{alias.name}"
                yield Imported(node.lineno, alias.asname or alias.name, name, name)


def may_import(module: str, name: str) -> bool:
    """Tell whether the module (dotted, below our package) may import the full dotted name."""
    top = module.split(".", maxsplit=1)[0]
    layer = LAYERS[
        max((row for row in LAYERS if fnmatch(module, row) or fnmatch(module, f"{row}.*")), key=len)
    ]
    if within(name, PACKAGE):
        own = name.removeprefix(PACKAGE).lstrip(".")
        return own == "__version__" or (within(own, f"{top} {layer.ours}") and not within(own, layer.never))
    if name.split(".", maxsplit=1)[0] in sys.stdlib_module_names:
        return all(top in users for part, users in CONFINED.items() if within(name, part))
    return within(name, layer.outside)


def dotted(node: ast.AST, names: dict[str, str]) -> str:
    """Spell out a name or attribute chain, with the module's own import aliases undone; "" for anything else."""
    if isinstance(node, ast.Name):
        return names.get(node.id, "")
    if isinstance(node, ast.Attribute):
        base = dotted(node.value, names)
        return base and f"{base}.{node.attr}"
    return ""


def is_composed(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr | ast.BinOp) or (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format"
    )


def faults(module: str, source: str, *, is_package: bool = False) -> list[str]:
    """List what breaks a rule in one module, a line each; `module` is its dotted name below our package."""
    top, tree, found = module.split(".", maxsplit=1)[0], ast.parse(source), []
    if top not in EVERYTHING and not any(
        fnmatch(module, row) or fnmatch(module, f"{row}.*") for row in LAYERS
    ):
        return [f"{module} has no row in the table of layers"]
    names = {}
    for line, local, meaning, name in imported(module, tree, is_package=is_package):
        names[local] = meaning
        if top not in EVERYTHING and not may_import(module, name):
            found.append(f"{module}:{line} may not import {name}")
    for node in ast.walk(tree):
        asked = dotted(node, names)
        if (top not in MAY_ASK and ASKING.fullmatch(asked)) or (
            top not in MAY_ASK | {"store"} and MEASURING.fullmatch(asked)
        ):
            found.append(f"{module}:{getattr(node, 'lineno', 0)} asks the machine: {asked}")
        if top == "store":
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.match(node.value):
            found.append(f"{module}:{node.lineno} holds SQL, which belongs in store/queries")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            runs = node.func.attr in {"execute", "executemany", "executescript"}
            if runs and is_composed(node.args[0]):
                found.append(f"{module}:{node.lineno} executes composed SQL")
    return found


def test_every_module_keeps_to_its_layer() -> None:
    """No module imports beyond its row, asks for time or chance inside, or holds SQL outside the store."""
    found = []
    for path in sorted((ROOT / PACKAGE).rglob("*.py")):
        parts = path.relative_to(ROOT / PACKAGE).with_suffix("").parts
        is_package = parts[-1] == "__init__" and len(parts) > 1
        module = ".".join(parts[:-1] if is_package else parts)
        found += faults(module, path.read_text(encoding="utf-8"), is_package=is_package)
    assert not found, "\n".join(found)


def test_no_file_is_too_long_to_read() -> None:
    """A file of ours is about one thing, hence at most about 400 lines; a schema step is data and is never split."""
    kinds = {".py", ".sql", ".html", ".js", ".mjs", ".css"}
    places = [PACKAGE, "tests", "twisted", "benchmarks", "web/templates", "web/static"]
    paths = [
        p
        for place in places
        for p in (ROOT / place).rglob("*")
        if p.suffix in kinds and not {"vendor", "schema"} & set(p.parts)
    ]
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in paths}
    assert len(lengths) > 30
    long = [
        f"{path.relative_to(ROOT)}: {length} lines" for path, length in lengths.items() if length > LONGEST
    ]
    assert not long, "\n".join(long)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("radius.packet", "from zhuomai_appliance.model import access"),
        ("radius.packet", "from ..model.money import Fen"),
        ("radius.packet", "import cryptography.hazmat"),
        ("model.money", "from twisted.internet import defer"),
        ("policy.limits", "from zhuomai_appliance.radius.packet import decode"),
        ("billing.rating", "def late():\n    from zhuomai_appliance.store import accounts"),
        ("store.accounts", "from zhuomai_appliance import flows"),
        ("flows.access", "import zhuomai_appliance.store.sqlite"),
        ("flows.access", "from zhuomai_appliance.store import writer"),
        ("flows.access", "import socket"),
        ("flows.access", "from twisted.internet import reactor"),
        ("net.radius_udp", "from zhuomai_appliance.policy import authorize"),
        ("web.admin.people", "from sqlite3 import connect"),
        ("simulator.ac", "from zhuomai_appliance.vendors import huawei_campus"),
        ("adapters.http", "from zhuomai_appliance.flows import settlement"),
        ("helpers", "import os"),
        ("model.moment", "import time as t\nt.time()"),
        ("flows.access", "from time import time\nnow = time()"),
        ("billing.cards", "import random\nrandom.choice('ab')"),
        ("flows.access", "import time\ntime.monotonic()"),
        ("store.journal", "from uuid import uuid4\nuuid4()"),
        ("web.session", "import secrets\nsecrets.token_urlsafe()"),
        ("policy.lists", "import datetime\ndatetime.datetime.now()"),
        ("commands.check", "cursor.execute(f'{word} x')"),
        ("commands.check", "cursor.execute('%s x' % word)"),
        ("web.tables", "cursor.execute('{} x'.format(word))"),
        ("web.tables", "query = 'SELECT id FROM account'"),
        ("flows.access", "query = f'DELETE FROM {table}'"),
    ],
)
def test_a_breach_is_seen(module: str, source: str) -> None:
    """Each of these made-up modules breaks exactly one rule, and the checker says so."""
    assert len(faults(module, source)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        (
            "radius.packet",
            "import hashlib\nfrom .passwords import hide\nfrom zhuomai_appliance.radius import values",
        ),
        ("radius.dictionary", "from pyrad.dictionary import Dictionary"),
        ("radius.eap_tls", "from OpenSSL import SSL"),
        ("policy.credentials", "from zhuomai_appliance.radius.passwords import reveal"),
        (
            "flows.access",
            "from zhuomai_appliance.store import accounts\nfrom twisted.internet.defer import Deferred",
        ),
        ("store.sqlite", "import sqlite3, threading\nconnection.execute(f'PRAGMA {name}')"),
        ("web.session", "import secrets\nsecrets.compare_digest(a, b)"),
        ("store.writer", "import time\ntime.monotonic()"),
        ("net.timers", "import time\ntime.monotonic()"),
        (
            "appliance",
            "from zhuomai_appliance.store.sqlite import SqliteStore\nimport random\nrandom.random()",
        ),
        ("model.moment", "from datetime import datetime\ndatetime(2026, 1, 1).time()"),
        ("web.errors", "words = 'Select a plan from the list'"),
    ],
)
def test_a_permitted_module_passes(module: str, source: str) -> None:
    """What the table allows raises no alarm."""
    assert faults(module, source) == []
