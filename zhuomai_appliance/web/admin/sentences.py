"""Figures and sentences of the console that are put together from numbers: one place for each wording."""

from __future__ import annotations

from zhuomai_appliance.web.admin.lists import Event, EventKind
from zhuomai_appliance.web.admin.views import Badge, ErrorView, Figure, Mark, NasLine, Trouble
from zhuomai_appliance.web.formats import Formatter
from zhuomai_appliance.web.words import Words, mark


def dashboard_figures(
    f: Formatter, *, people: int, devices: int, income_fen: int, expiring: int, refused: int
) -> tuple[Figure, ...]:
    """The figures over the dashboard: people and open sessions now, cash of today, ends within 7 days, refusals."""
    text = f.words.text
    return (
        Figure(
            text("Online now"), f.count(people), text("people"), device_count(f, devices), "/admin/online"
        ),
        Figure(text("Income today"), f.yuan(income_fen), "", text("cash at the desk")),
        Figure(text("Expire in 7 days"), f.count(expiring), text("people"), "", "/admin/users?view=soon"),
        Figure(
            text("Refused today"),
            f.count(refused),
            f.words.plural("time", "times", refused),
            "",
            "/admin/attempts?result=refused",
        ),
    )


def online_figures(
    f: Formatter, *, people: int, devices: int, output_octets: int, input_octets: int, suspects: int
) -> tuple[Figure, ...]:
    """The figures over the list of people online; traffic is that of the open sessions so far."""
    text = f.words.text
    return (
        Figure(text("Online"), f.count(people), text("people"), device_count(f, devices)),
        Figure(text("Down"), f.traffic(output_octets), "", text("in the open sessions")),
        Figure(text("Up"), f.traffic(input_octets), "", text("in the open sessions")),
        Figure(text("Suspect"), f.count(suspects), "", text("no device place, no charge")),
    )


def device_count(f: Formatter, devices: int) -> str:
    """11,406 devices."""
    return f.words.plural("%(count)s device", "%(count)s devices", devices, count=f.count(devices))


def nas_badge(words: Words, *, silent: bool, ever: bool) -> Badge:
    """Whether an access device reports: never seen, reports, silent."""
    if not ever:
        return Badge(Mark.IDLE, words.text("Never seen"))
    return Badge(Mark.WARN, words.text("Silent")) if silent else Badge(Mark.OK, words.text("Reports"))


def not_writable(words: Words, why: str) -> Trouble:
    """The database takes no writes: logins of known people go on, nothing else does."""
    badge = Badge(Mark.DANGER, words.text("Not writable"))
    return Trouble(words.text("The database takes no writes"), why, badge=badge)


def stale_backup(f: Formatter, backed_up_at: int | None) -> Trouble:
    """No backup for more than a day, or none at all."""
    text = f.words.text
    title = (
        text("No backup yet")
        if backed_up_at is None
        else text("No backup for %(time)s", time=f.duration(f.now - backed_up_at))
    )
    detail = text("A full disk or a missing folder is the usual cause; the log names it.")
    return Trouble(title, detail, badge=Badge(Mark.WARN, text("To do")))


def silence(f: Formatter, line: NasLine) -> Trouble:
    """An access device has sessions open and says nothing."""
    words = f.words
    silent_for = None if line.last_report_at is None else f.now - line.last_report_at
    return Trouble(
        words.text(
            "%(name)s: no accounting for %(time)s", name=isolated(line.name), time=f.duration(silent_for)
        ),
        words.plural(
            "%(count)s session open; it goes on and nothing is charged twice.",
            "%(count)s sessions open; they go on and nothing is charged twice.",
            line.online,
            count=f.count(line.online),
        ),
        "/admin/online?suspect=1",
        words.text("Open the list"),
        line.badge,
    )


def unsigned(words: Words, name: str) -> Trouble:
    """A device whose logins carry no Message-Authenticator: somebody in between could forge our answers."""
    return Trouble(
        words.text("%(name)s does not sign its logins", name=isolated(name)),
        words.text(
            "Requests through a proxy are refused. Require Message-Authenticator only once the device sends it."
        ),
        badge=Badge(Mark.WARN, words.text("Watch")),
        urgent=False,
    )


def chain_badge(words: Words, *, holds: bool) -> Badge:
    """Whether the audit log's hash chain holds."""
    return (
        Badge(Mark.OK, words.text("Chain holds")) if holds else Badge(Mark.DANGER, words.text("Chain broken"))
    )


def verdict(words: Words, *, can_go_online: bool, why: str) -> str:
    """The first words of a person's page."""
    if can_go_online:
        return words.text("Can go online now.")
    return words.text("Cannot go online: %(why)s.", why=why)


def logged_in(words: Words, at: int, detail: str) -> Event:
    """A login that was accepted."""
    return Event(EventKind.LOGIN, at, words.text("Logged in"), detail)


def refused(words: Words, at: int, why: str, detail: str) -> Event:
    """A login that was refused."""
    return Event(EventKind.REFUSED, at, words.text("Refused: %(why)s", why=why), detail)


def session_ended(words: Words, at: int, detail: str) -> Event:
    """A session that ended."""
    return Event(EventKind.SESSION, at, words.text("Session ended"), detail)


def paid(words: Words, at: int, amount: str | None, detail: str) -> Event:
    """An order that was paid, with its amount as it is printed; None for one that was given."""
    title = words.text("Plan granted") if amount is None else words.text("Paid %(amount)s", amount=amount)
    return Event(EventKind.MONEY, at, title, detail)


def changed(words: Words, at: int, who: str, detail: str) -> Event:
    """An operator's act on this person."""
    return Event(EventKind.CHANGE, at, words.text("Changed by %(who)s", who=isolated(who)), detail)


def version_note(words: Words, version: int) -> str:
    """Which version of a plan was bought."""
    return words.text("version %(n)s", n=version)


def wallet_facts(f: Formatter, spent_fen: int) -> tuple[tuple[str, str], ...]:
    """The lines below the balance: what was spent since the month began."""
    return ((f.words.text("Spent this month"), f.yuan(spent_fen)),)


def isolated(text: str) -> str:
    """A stranger's text inside a sentence of ours, so that its direction stays its own (Unicode TR9, FSI and PDI)."""
    return f"\u2068{text}\u2069"


def kick_result(words: Words, state: str, who: str, *, said: str = "", over: bool = False) -> str:
    """What the page says after a session was kicked: done, refused by the device, or not answered yet.

    ``said`` is the device's own word as a sentence, told where it refused.
    """
    name = isolated(who)
    if over:
        return words.text("%(who)s is offline now.", who=name)
    if state == "failed":
        refused = words.text("The access device did not disconnect %(who)s.", who=name)
        why = said or words.text("It may be unreachable.")
        return f"{refused}{why}" if refused.endswith("。") else f"{refused} {why}"
    if state == "done":
        return words.text("The access device is disconnecting %(who)s.", who=name)
    return words.text("%(who)s is being disconnected.", who=name)


def door_problem(words: Words, wait_seconds: int) -> str:
    """Why the console did not let somebody in: never which of name and password was wrong."""
    if wait_seconds > 0:
        return words.plural(
            "Several wrong tries. Please wait %(n)s second.",
            "Several wrong tries. Please wait %(n)s seconds.",
            wait_seconds,
        )
    return words.text("Name or password is wrong. Check and try again.")


_ERRORS = {
    401: (mark("Please log in again"), mark("The session is over. Nothing was changed.")),
    400: (mark("The request cannot be read"), mark("Nothing was changed. Go back and try again.")),
    403: (
        mark("This is not open to your role"),
        mark("An administrator can give the right. Nothing was changed."),
    ),
    404: (mark("There is no such page"), mark("The address may be old. Nothing was changed.")),
    405: (mark("That cannot be done here"), mark("Nothing was changed. Go back and try again.")),
    409: (mark("The form is too old"), mark("Nothing was changed. Open the page again and repeat.")),
    413: (mark("That is too much at once"), mark("Nothing was changed. Send less.")),
    429: (mark("Too many tries"), mark("Please wait a minute. Nothing was changed.")),
    503: (mark("The box is busy"), mark("Logins go first. Please try again in a few seconds.")),
}
_FAULT = (
    mark("That did not work"),
    mark("The fault is ours and is in the log. Please look before you repeat it."),
)


def error_view(status: int, words: Words, number: str = "") -> ErrorView:
    """What a person is told for an HTTP status; anything unknown is a fault of ours."""
    title, sentence = _ERRORS.get(status, _FAULT)
    return ErrorView(status, words.text(title), words.text(sentence), number)
