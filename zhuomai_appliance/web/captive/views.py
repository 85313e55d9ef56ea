"""What the login pages show: plain values, ready to print. Times are epoch seconds, money fen, traffic octets."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from zhuomai_appliance.web.reasons import Tone


class Method(StrEnum):
    """A way to log in. Only those that the box offers are shown; one alone needs neither tab nor icon."""

    PASSWORD = "password"
    SMS = "sms"
    WECHAT = "wechat"
    ONE_CLICK = "one_click"
    GUEST = "guest"
    SSO = "sso"


@dataclass(frozen=True, slots=True)
class School:
    """Who runs this network, and whom to ask. ``home_url`` is the page offered after login, http(s) only."""

    name: str
    service: str = ""
    hotline: str = ""
    hours: str = ""
    home_url: str = ""
    home_label: str = ""
    year: int = 2026


@dataclass(frozen=True, slots=True)
class Problem:
    """Why it did not work: code and look-up number end every refusal, so that the help desk can find it."""

    code: str
    title: str
    sentence: str
    lookup: str = ""
    tone: Tone = Tone.WARN


@dataclass(frozen=True, slots=True)
class CaptivePage:
    """What stands around each page. ``path`` and ``query`` are its own address, for the language switch."""

    school: School
    path: str
    query: dict[str, str] = field(default_factory=dict)
    token: str = ""


@dataclass(frozen=True, slots=True)
class LoginView:
    """The login form. ``wifi_url`` leads to the set-up of a network that logs in by itself. ``auto_days`` offers silent re-login; ``terms_open`` asks for consent, never ticked before."""

    action: str
    methods: tuple[Method, ...] = (Method.PASSWORD,)
    username: str = ""
    problem: Problem | None = None
    notice: str = ""
    auto_days: int | None = None
    auto_ticked: bool = False
    terms_open: bool = False
    terms_url: str = ""
    method_urls: dict[Method, str] = field(default_factory=dict)
    wifi_url: str = ""


@dataclass(frozen=True, slots=True)
class Device:
    """A device that is online. ``drop_action`` is the address that ends its session, empty where it may not;
    ``drop_token`` goes there in the place of the page's own.
    """

    name: str
    kind: str
    place: str
    since: int
    octets: int | None = None
    idle_seconds: int | None = None
    is_this: bool = False
    drop_action: str = ""
    drop_token: str = ""


@dataclass(frozen=True, slots=True)
class RefusedView:
    """A refusal that fills the page: ``icon`` is ``alert`` or ``clock``."""

    problem: Problem
    back_url: str
    icon: str = "alert"
    devices: tuple[Device, ...] = ()
    ask_desk: bool = False


@dataclass(frozen=True, slots=True)
class WaitingView:
    """The login is under way: the page asks ``next_url`` again by itself after ``refresh_seconds``."""

    next_url: str
    refresh_seconds: int = 1


@dataclass(frozen=True, slots=True)
class OnlineView:
    """Connected: what is left and until when. None in a figure means that nothing limits it.

    ``session_seconds`` and ``session_octets`` are what this session used by the device's newest report.
    """

    greeting_name: str
    plan: str
    ends_at: int | None
    octets_left: int | None
    octets_total: int | None
    balance_fen: int | None
    logout_action: str
    devices: tuple[Device, ...] = ()
    max_devices: int = 0
    session_seconds: int | None = None
    session_octets: int | None = None


@dataclass(frozen=True, slots=True)
class GoodbyeView:
    """Logged out: how long, how much."""

    seconds: int | None
    octets: int | None
    back_url: str


@dataclass(frozen=True, slots=True)
class TermsView:
    """The school's terms of use as plain paragraphs; the page leads back to where it was opened."""

    paragraphs: tuple[str, ...]
    back_url: str


@dataclass(frozen=True, slots=True)
class WifiTab:
    """One of several networks that can be set up."""

    ssid: str
    url: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class WifiView:
    """How a device joins a network by 802.1X.

    ``systems`` are apple, android, windows and linux, the visitor's own first. An empty address is a file that there is
    not; without ``ca_url`` devices know the authority already. ``fingerprint`` is its SHA-256 in groups.
    """

    ssid: str
    eap: str
    phase2: str
    is_tls: bool
    server_name: str
    fingerprint: str
    outer_identity: str
    systems: tuple[str, ...]
    apple_url: str
    windows_url: str
    ca_url: str
    pem_url: str
    snippet: str
    tabs: tuple[WifiTab, ...] = ()


@dataclass(frozen=True, slots=True)
class MessageView:
    """Anything else in one sentence: an expired page, an unknown address, a box too busy to answer."""

    problem: Problem
    back_url: str = ""
