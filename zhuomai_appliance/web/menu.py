"""The console's menu: one declaration of every page, its place in the tree, its right and the words that find it.

The words are the customer's. An entry stands here only once its page exists; the tree, the search box and the test
that walks all pages read this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from zhuomai_appliance.model.people import Permission
from zhuomai_appliance.web.words import Words, mark


@dataclass(frozen=True, slots=True)
class Entry:
    """A page, or with ``children`` a heading or group. ``aliases`` are other words people type for it, any language."""

    id: str
    label: str
    route: str = ""
    permission: Permission = Permission.CONSOLE_VIEW
    icon: str = ""
    aliases: tuple[str, ...] = ()
    children: tuple[Entry, ...] = ()


MENU: Final[tuple[Entry, ...]] = (
    Entry(
        "dashboard", mark("Dashboard"), "/admin/", icon="layout-dashboard", aliases=("首页", "概况", "home")
    ),
    Entry(
        "operations",
        mark("Operations"),
        icon="users",
        children=(
            Entry(
                "users-group",
                mark("Users"),
                children=(
                    Entry(
                        "users",
                        mark("All users"),
                        "/admin/users",
                        Permission.ACCOUNTS_READ,
                        aliases=("用户列表", "账号", "accounts"),
                    ),
                    Entry(
                        "user-search",
                        mark("User search"),
                        "/admin/users/search",
                        Permission.ACCOUNTS_READ,
                        aliases=("找人", "查询", "find"),
                    ),
                    Entry(
                        "users-soon",
                        mark("Expiring soon"),
                        "/admin/users?view=soon",
                        Permission.ACCOUNTS_READ,
                        aliases=("即将到期", "快到期"),
                    ),
                    Entry(
                        "users-expired",
                        mark("Expired users"),
                        "/admin/users?view=expired",
                        Permission.ACCOUNTS_READ,
                        aliases=("到期", "过期用户"),
                    ),
                    Entry(
                        "users-locked",
                        mark("Locked users"),
                        "/admin/users?view=locked",
                        Permission.ACCOUNTS_READ,
                        aliases=("锁定", "locks"),
                    ),
                ),
            ),
        ),
    ),
    Entry(
        "authentication",
        mark("Authentication"),
        icon="key",
        children=(
            Entry(
                "nas-group",
                mark("NAS management"),
                children=(
                    Entry(
                        "nas",
                        mark("Access devices"),
                        "/admin/nas",
                        Permission.NETWORK_READ,
                        aliases=("NAS", "NAS设备", "AC", "BAS", "BAS对接", "接入控制器", "controller"),
                    ),
                    Entry(
                        "upstreams",
                        mark("Upstream RADIUS"),
                        "/admin/upstreams",
                        Permission.NETWORK_READ,
                        aliases=("第三方RADIUS", "漫游", "eduroam", "proxy"),
                    ),
                ),
            ),
            Entry(
                "access-group",
                mark("Access rights"),
                children=(
                    Entry(
                        "lists",
                        mark("Black and white lists"),
                        "/admin/lists",
                        Permission.NETWORK_READ,
                        aliases=(
                            "黑名单",
                            "白名单",
                            "黑白名单",
                            "IP 黑白名单",
                            "MAC 黑白名单",
                            "手机号白名单",
                            "blacklist",
                        ),
                    ),
                    Entry(
                        "simulator",
                        mark("Policy simulator"),
                        "/admin/simulator",
                        Permission.ATTEMPTS_READ,
                        aliases=("策略模拟", "为什么上不了网", "explain", "why"),
                    ),
                ),
            ),
            Entry(
                "rates-group",
                mark("Billing and traffic"),
                children=(
                    Entry(
                        "rates",
                        mark("Rate templates (speed limits)"),
                        "/admin/rates",
                        Permission.NETWORK_READ,
                        aliases=("流量模版", "限速", "rate templates", "速率", "带宽", "bandwidth"),
                    ),
                ),
            ),
        ),
    ),
    Entry(
        "network",
        mark("Network operations"),
        icon="activity",
        children=(
            Entry(
                "records",
                mark("Records"),
                children=(
                    Entry(
                        "online",
                        mark("Online users"),
                        "/admin/online",
                        Permission.SESSIONS_READ,
                        aliases=("在线", "强制下线", "kick", "live sessions"),
                    ),
                    Entry(
                        "sessions",
                        mark("Session log"),
                        "/admin/sessions",
                        Permission.SESSIONS_READ,
                        aliases=("上网明细", "话单", "accounting"),
                    ),
                    Entry(
                        "attempts",
                        mark("Login attempts"),
                        "/admin/attempts",
                        Permission.ATTEMPTS_READ,
                        aliases=("登录失败", "拒绝原因", "refused", "原因码", "查询号"),
                    ),
                    Entry(
                        "audit",
                        mark("Audit log"),
                        "/admin/audit",
                        Permission.AUDIT_READ,
                        aliases=("操作日志", "审计", "who did what"),
                    ),
                ),
            ),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Node:
    """An entry as one operator sees it on one page. ``open`` shows its children, ``current`` is the page itself."""

    label: str
    route: str
    icon: str
    current: bool
    open: bool
    children: tuple[Node, ...]
    live: int | None = None


def tree(
    words: Words,
    permissions: frozenset[Permission],
    current: str,
    live: dict[str, int] | None = None,
) -> tuple[Node, ...]:
    """The menu for these permissions: empty groups vanish, the branch of ``current`` is open.

    Args:
        live: entry id to the number of things waiting there now.
    """
    return tuple(node for entry in MENU if (node := _node(entry, words, permissions, current, live or {})))


def _node(
    entry: Entry, words: Words, permissions: frozenset[Permission], current: str, live: dict[str, int]
) -> Node | None:
    children = tuple(
        node for child in entry.children if (node := _node(child, words, permissions, current, live))
    )
    if entry.children and not children:
        return None
    if not entry.children and entry.permission not in permissions:
        return None
    is_current = entry.id == current
    is_open = is_current or any(child.open or child.current for child in children)
    return Node(
        words.text(entry.label), entry.route, entry.icon, is_current, is_open, children, live.get(entry.id)
    )


def pages() -> tuple[Entry, ...]:
    """Every entry that is a page, in the order of the tree."""
    found: list[Entry] = []
    waiting = list(reversed(MENU))
    while waiting:
        entry = waiting.pop()
        if entry.route:
            found.append(entry)
        waiting.extend(reversed(entry.children))
    return tuple(found)


def find(text: str, catalogues: tuple[Words, ...], permissions: frozenset[Permission]) -> Entry | None:
    """The page whose label or alias in any language is exactly ``text``, if this operator may open it."""
    wanted = text.strip().casefold()
    if not wanted:
        return None
    for entry in pages():
        names = {words.text(entry.label).casefold() for words in catalogues}
        names |= {alias.casefold() for alias in entry.aliases}
        if wanted in names and entry.permission in permissions:
            return entry
    return None
