"""What a person is told for each ``Reason``: one table, used by the portal page, the console, the API and RADIUS.

A code is a promise once shipped: the help desk searches by it. A login, B page and terms, D plan and money,
S service. Fields stand as ``%(n)s`` numbers, ``%(m)s`` a second number, ``%(x)s`` a name or text, ``%(t)s`` a time,
``%(phone)s``. ``elsewhere`` is the sentence where the way out that ``sentence`` names does not exist on this box.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from zhuomai_appliance.model.access import Reason
from zhuomai_appliance.web.words import Language, Words, mark


class Tone(StrEnum):
    """The mark beside a text: DANGER a field is wrong, WARN it can be solved here, OK done, INFO nothing is wrong."""

    DANGER = "danger"
    WARN = "warn"
    OK = "ok"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class ReasonText:
    """Code and message ids of one reason. An empty ``sentence`` does not occur."""

    code: str
    title: str
    sentence: str
    tone: Tone = Tone.WARN
    elsewhere: str = ""


def _r(code: str, title: str, sentence: str, tone: Tone = Tone.WARN, elsewhere: str = "") -> ReasonText:
    return ReasonText(code, title, sentence, tone, elsewhere)


_WRONG: Final = _r(
    "A01",
    mark("Account or password is wrong"),
    mark("Check and try again, or use a text message."),
    Tone.DANGER,
    mark("Check and try again."),
)

REASONS: Final[Mapping[Reason, ReasonText]] = {
    Reason.BAD_CREDENTIALS: _WRONG,
    Reason.UNKNOWN_USER: _WRONG,
    Reason.WAIT_BEFORE_RETRY: _r(
        "A02", mark("Please wait %(n)s s"), mark("Several wrong tries; your account is not locked.")
    ),
    Reason.ACCOUNT_LOCKED: _r(
        "A03",
        mark("Account locked"),
        mark("%(x)s, until %(t)s. Questions? Call the help desk."),
        elsewhere=mark("Questions? Call the help desk."),
    ),
    Reason.ACCOUNT_NOT_OPEN: _r(
        "A04",
        mark("This account is not open yet"),
        mark("Visit the desk or register by phone."),
        elsewhere=mark("Visit the desk to open it."),
    ),
    Reason.ACCOUNT_CLOSED: _r(
        "A05", mark("This account is closed"), mark("Ask at the desk about balance and records.")
    ),
    Reason.MUST_CHANGE_PASSWORD: _r(
        "A06", mark("First login: set a new password"), mark("8 or more characters. Then you are connected.")
    ),
    Reason.MUST_BIND_PHONE: _r(
        "A07", mark("Please add your phone"), mark("Once is enough; you may skip %(n)s more times.")
    ),
    Reason.CODE_WRONG: _r(
        "A08", mark("That code is wrong"), mark("Use the newest message; %(n)s tries left."), Tone.DANGER
    ),
    Reason.CODE_EXPIRED: _r("A09", mark("The code has expired"), mark("Request a new one.")),
    Reason.CODE_RESEND_WAIT: _r("A10", mark("You can resend in %(n)s s"), mark("Sent to %(phone)s.")),
    Reason.CODE_DAILY_LIMIT: _r(
        "A11", mark("No more messages today"), mark("Try tomorrow or use your password.")
    ),
    Reason.SMS_FAILED: _r(
        "A12", mark("The message was not sent"), mark("Try again in a minute or choose another way.")
    ),
    Reason.NOT_FOLLOWING: _r("A13", mark("Follow “%(x)s” in WeChat"), mark("Then return here.")),
    Reason.TEMPORARY_PASS: _r(
        "A14", mark("You are online for %(n)s minutes"), mark("Finish the login in WeChat.")
    ),
    Reason.QR_EXPIRED: _r(
        "A15", mark("The QR code has expired"), mark("Get a new one for your host to scan.")
    ),
    Reason.WAITING_APPROVAL: _r(
        "A16", mark("Waiting for %(x)s to approve"), mark("You will be connected by itself."), Tone.INFO
    ),
    Reason.APPROVAL_DECLINED: _r("A17", mark("%(x)s declined this visit"), mark("You may ask another host.")),
    Reason.ONE_CLICK_USED_UP: _r(
        "A18", mark("One-tap time is used up (%(n)s min a day)"), mark("Log in with an account.")
    ),
    Reason.TOO_MANY_SESSIONS: _r(
        "A19",
        mark("All %(n)s devices are in use"),
        mark("Drop one and this one connects."),
        elsewhere=mark("Log out on one of them, then try again here."),
    ),
    Reason.TOO_MANY_BINDINGS: _r(
        "A20", mark("%(n)s devices are bound"), mark("Unbind one; %(m)s times left this month.")
    ),
    Reason.DEVICE_NOT_REGISTERED: _r(
        "A21", mark("This device is not registered"), mark("Add it in self-service first.")
    ),
    Reason.OUTSIDE_HOURS: _r("A22", mark("Outside your hours"), mark("You can go online from %(t)s.")),
    Reason.PLACE_NOT_ALLOWED: _r(
        "A23",
        mark("This account does not work here"),
        mark("It works at %(x)s."),
        elsewhere=mark("Ask at the desk."),
    ),
    Reason.PLACE_FULL: _r("A24", mark("This area is full (%(n)s)"), mark("Move a little or try later.")),
    Reason.DEVICE_BLOCKED: _r(
        "A25",
        mark("This device is blocked"),
        mark("%(x)s, until %(t)s. You can appeal below."),
        elsewhere=mark("Ask at the desk about the reason."),
    ),
    Reason.SECOND_ROUTER: _r(
        "A26", mark("A router may be in use"), mark("Sign: %(x)s. Connect directly, or appeal if wrong.")
    ),
    Reason.ADMIN_LOGIN: _r(
        "A27", mark("This is a login of a device"), mark("Accounts go online; they manage nothing.")
    ),
    Reason.MALFORMED: _r(
        "A28", mark("The request cannot be read"), mark("The access device sent it damaged.")
    ),
    Reason.REALM_REFUSED: _r(
        "A29",
        mark("This kind of account is not served here"),
        mark("Accounts of “%(x)s” cannot log in here."),
        elsewhere=mark("Ask at the desk."),
    ),
    Reason.HOME_REFUSED: _r(
        "A30",
        mark("Your home institution refused the login"),
        mark("Ask the help desk of %(x)s."),
        elsewhere=mark("Ask its help desk."),
    ),
    Reason.CERTIFICATE_REVOKED: _r(
        "A31",
        mark("This device's certificate was revoked"),
        mark("Get a new one at the desk."),
    ),
    Reason.CERTIFICATE_EXPIRED: _r(
        "A32",
        mark("This device's certificate has expired"),
        mark("Get a new one at the desk."),
    ),
    Reason.CERTIFICATE_UNKNOWN: _r(
        "A33",
        mark("This certificate does not open this account"),
        mark("Use the certificate that was issued for it."),
    ),
    Reason.SERVER_NOT_TRUSTED: _r(
        "A34",
        mark("The device does not trust this network's certificate"),
        mark("Install the Wi-Fi profile again."),
    ),
    Reason.NOT_BY_PAGE: _r(
        "A35",
        mark("This account does not log in on this page"),
        mark("Accounts of “%(x)s” log in to the Wi-Fi itself, such as eduroam."),
        elsewhere=mark("Connect to a Wi-Fi that asks for name and password itself."),
    ),
    Reason.TERMS_NOT_ACCEPTED: _r("B01", mark("Please accept the terms"), mark("Tick the box below first.")),
    Reason.PAGE_EXPIRED: _r(
        "B02", mark("This page has expired"), mark("Open any web page to come back."), Tone.INFO
    ),
    Reason.DEVICE_UNKNOWN_TO_NAS: _r(
        "B03", mark("The access device does not know this phone"), mark("Reconnect to Wi-Fi.")
    ),
    Reason.EXPIRED: _r(
        "D01",
        mark("Your plan ended on %(t)s"),
        mark("Pay and you are back at once."),
        elsewhere=mark("Pay at the desk, then log in again."),
    ),
    Reason.DATA_USED_UP: _r(
        "D02",
        mark("This month's data is used up"),
        mark("Buy a pack, or wait until %(t)s."),
        elsewhere=mark("Buy a pack at the desk, then log in again."),
    ),
    Reason.TIME_USED_UP: _r("D03", mark("Today's %(n)s hours are used"), mark("Back at midnight.")),
    Reason.BALANCE_SHORT: _r(
        "D04", mark("Balance short by ¥%(x)s"), mark("Top up and you are back at once.")
    ),
    Reason.SUSPENDED: _r(
        "D05",
        mark("Suspended until %(t)s"),
        mark("Resume now; your end date moves %(n)s days."),
        elsewhere=mark("Resume at the desk."),
    ),
    Reason.OWN_LIMIT: _r(
        "D06", mark("Your own monthly limit of ¥%(x)s is reached"), mark("Raise it in self-service.")
    ),
    Reason.PAID_OPENING: _r(
        "D07", mark("Paid"), mark("Opening now, usually within 3 s; please do not pay again."), Tone.INFO
    ),
    Reason.NO_PLAN: _r(
        "D08",
        mark("No plan yet"),
        mark("Buy a plan and you are back at once."),
        elsewhere=mark("Buy a plan at the desk, then log in again."),
    ),
    Reason.DAY_USED_UP: _r(
        "D09",
        mark("Today's allowance is used up"),
        mark("You can go online again from %(t)s."),
        Tone.INFO,
        mark("You can go online again tomorrow."),
    ),
    Reason.MONTH_USED_UP: _r(
        "D10",
        mark("This month's allowance is used up"),
        mark("You can go online again from %(t)s."),
        Tone.INFO,
        mark("You can go online again next month."),
    ),
    Reason.LOGGING_IN: _r(
        "S01", mark("Logging in…"), mark("About a second. Please keep this page open."), Tone.INFO
    ),
    Reason.NAS_SILENT: _r(
        "S02", mark("The access device does not answer"), mark("Not your password; we have been told.")
    ),
    Reason.CONNECTED: _r(
        "S03",
        mark("Connected"),
        mark("%(n)s days and %(x)s GB left, until %(t)s."),
        Tone.OK,
        mark("You can open any page now."),
    ),
    Reason.LOGGED_OUT: _r(
        "S04",
        mark("Logged out"),
        mark("%(t)s online, %(x)s used."),
        Tone.OK,
        mark("This device is offline now."),
    ),
    Reason.HOME_SILENT: _r(
        "S05",
        mark("Your home institution does not answer"),
        mark("Not your password; please try again later."),
    ),
}


def reason_of(word: str) -> Reason | None:
    """The reason of a stable word, None for one that an older or newer release wrote."""
    try:
        return Reason(word)
    except ValueError:
        return None


def by_code(code: str) -> tuple[Reason, ReasonText] | None:
    """The first reason that carries ``code`` (A01 has two), or None."""
    wanted = code.strip().upper()
    return next(((reason, text) for reason, text in REASONS.items() if text.code == wanted), None)


def told(
    reason: Reason, words: Words, fields: Mapping[str, object], *, way_out: bool = True
) -> tuple[str, str]:
    """Title and sentence for a person. Fields that are not known choose ``elsewhere`` or leave the sentence out.

    The field ``words`` is what whoever made the rule wants to say: it stands before the sentence that has all its
    fields, and instead of one that sends people elsewhere.

    Args:
        way_out: whether this box offers what the sentence proposes (paying online, text messages, swapping a device).
    """
    text = REASONS[reason]
    sentence = text.sentence if way_out or not text.elsewhere else text.elsewhere
    filled = _fill(sentence, words, fields)
    if filled is None and text.elsewhere:
        sentence = text.elsewhere
        filled = _fill(sentence, words, fields)
    if own := str(fields.get("words", "")):
        stop = "。" if words.language is Language.ZH else ". "
        filled = f"{own}{stop}{filled}" if filled and sentence != text.elsewhere else own
    title = _fill(text.title, words, fields)
    return (title if title is not None else words.text(mark("You are not online")), filled or "")


def _fill(message: str, words: Words, fields: Mapping[str, object]) -> str | None:
    try:
        return words.catalogue.gettext(message) % fields
    except KeyError:
        return None
