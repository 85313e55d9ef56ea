"""Who, where, when -> what, and why: a login that is only asked about.

The facts are gathered as for a login, the checks are the tuple that the server walks (`policy.authorize.CHECKS`), the
attributes are those it would send. Nothing is written, reserved or sent. The password is taken for right.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from zhuomai_appliance.flows.access_facts import Gatherer
from zhuomai_appliance.flows.ports import ReasonWords
from zhuomai_appliance.flows.realms import Domain, is_elsewhere, localised, refusal_of
from zhuomai_appliance.flows.reservations import Reservations
from zhuomai_appliance.flows.tables import Tables
from zhuomai_appliance.flows.verdicts import VerdictBoard
from zhuomai_appliance.model.access import AccessAttempt, AccessKind, Grant, MacProof, PapProof, Rejection
from zhuomai_appliance.model.moment import rfc3339
from zhuomai_appliance.model.network import Nas, ProjectId
from zhuomai_appliance.model.traffic import format_rate
from zhuomai_appliance.policy import authorize
from zhuomai_appliance.policy.case import Case
from zhuomai_appliance.policy.limits import chosen_rate, session_ends
from zhuomai_appliance.portal.dialects import normal_mac
from zhuomai_appliance.radius.dictionary import load as load_dictionary
from zhuomai_appliance.radius.packet import Code, Packet
from zhuomai_appliance.store import accounts, sessions
from zhuomai_appliance.store.interface import Store
from zhuomai_appliance.store.vault import Vault
from zhuomai_appliance.vendors import attributes_for, profile_for, rejection_attributes
from zhuomai_appliance.vendors.dialects import dictionary_word
from zhuomai_appliance.vendors.preview import Remark, preview
from zhuomai_appliance.vendors.requests import split_realm

_ACCOUNT: Final = next(check for check in authorize.BEFORE_PROOF if check.name == "account")
_UNSHOWN: Final = frozenset({"lock_again"})
"""Checks that ask a second time what another one has asked."""


class CannotExplain(ValueError):
    """The question names what is not there; the message is one line."""


@dataclass(frozen=True, slots=True)
class Question:
    """A login to be explained. None is what nobody tells: as if the access device had not told it.

    Attributes:
        who: a login name, or a device's address for a silent login.
        nas: name or address of the access device; None takes that of the newest open session, else any of the project.
        at: UTC epoch seconds; the tables, the books and who is online are as they are now.
        projects: the projects that may be looked at; empty: all.
    """

    who: str
    at: int
    nas: str | None = None
    mac: str | None = None
    ssid: str | None = None
    ap: str | None = None
    vlan: int | None = None
    outer_vlan: int | None = None
    ip: str | None = None
    kind: AccessKind | None = None
    projects: tuple[ProjectId, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One check: ``passed``, ``refused``, ``not_applicable``, or ``not_asked`` where the answer stood before."""

    name: str
    outcome: str
    looked_at: Mapping[str, int | str | None] = field(default_factory=dict)
    reason: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer; ``verdict`` None where a server elsewhere has the last word.

    ``rate_source`` and ``end_why`` are words of policy.limits; ``attributes`` are name and value.
    An Accept carries a Class and a Message-Authenticator beside them, which are made for each login anew.
    """

    attempt: AccessAttempt
    nas: Nas
    nas_was_named: bool
    account: str | None
    steps: tuple[Step, ...]
    verdict: Grant | Rejection | None
    rule: str | None
    rate_source: str | None
    end_seconds: int | None
    end_why: str | None
    attributes: tuple[tuple[str, str], ...]
    ends: tuple[str, ...]
    remarks: tuple[Remark, ...] = ()


class Explainer:
    """Explains logins. It shares the memory of the flow that answers them, so that it counts whom that one counts.

    ``clock`` tells the real time, epoch seconds: that memory is only ever asked of now.
    """

    def __init__(
        self,
        store: Store,
        vault: Vault,
        tables: Tables,
        reservations: Reservations,
        words: ReasonWords,
        clock: Callable[[], int],
    ) -> None:
        self._clock = clock
        self._store = store
        self._tables = tables
        self._words = words
        self._gatherer = Gatherer(store, vault, tables, reservations, VerdictBoard())

    def explain(self, question: Question) -> Explanation:
        """Walk the policy.

        Raises:
            CannotExplain: no such access device, or nothing to log in at.
        """
        nas, was_named = self._nas(question)
        attempt = _attempt(question, nas)
        realms = self._tables.realms(nas.project_id)
        domain = None if realms is None else realms.of(attempt)
        if domain is not None:
            if is_elsewhere(attempt, domain):
                return self._elsewhere(attempt, nas, domain, was_named, question.at)
            attempt = localised(attempt, domain)
        known = self._gatherer.gather(attempt, nas, question.at, self._clock())
        facts = known.facts if known is not None else None
        case = Case(attempt, facts, self._tables.policies(nas.project_id).lists, question.at)
        steps, refused = self._steps(case)
        verdict: Grant | Rejection = authorize.grant(case) if refused is None else refused
        renamed = facts.account.username if facts is not None and case.is_silent else None
        end = _end(case) if isinstance(verdict, Grant) else None
        return Explanation(
            attempt=attempt,
            nas=nas,
            nas_was_named=was_named,
            account=None if facts is None else facts.account.username,
            steps=steps,
            verdict=verdict,
            rule=None if case.ruling.rule is None else case.ruling.rule.name,
            rate_source=_rate_source(case) if isinstance(verdict, Grant) else None,
            end_seconds=None if end is None else end[0],
            end_why=None if end is None else end[1],
            attributes=self._attributes(verdict, nas, renamed, attempt.access_kind),
            ends=_ends(case) if isinstance(verdict, Grant) else (),
            remarks=preview(verdict, nas, renamed, attempt.access_kind).remarks
            if isinstance(verdict, Grant)
            else (),
        )

    def _attributes(
        self, verdict: Grant | Rejection, nas: Nas, username: str | None, kind: AccessKind
    ) -> tuple[tuple[str, str], ...]:
        """What the device would get, by the names of its dictionary."""
        if isinstance(verdict, Grant):
            made = attributes_for(verdict, nas, profile_for(nas), username, kind)
        else:
            zone = self._tables.zone(nas.project_id)
            made = rejection_attributes(
                f"{self._words.code(verdict.reason)} {self._words.sentence(verdict, zone)}"
            )
        packet = Packet(Code.ACCESS_ACCEPT, 0, bytes(16), made, b"", {})
        return tuple(load_dictionary(dictionary_word(nas)).describe(packet))

    def _elsewhere(
        self, attempt: AccessAttempt, nas: Nas, domain: Domain, was_named: bool, now: int
    ) -> Explanation:
        """A login whose realm decides: what is checked here, and whom the rest is asked."""
        case = Case(attempt, None, self._tables.policies(nas.project_id).lists, now)
        steps: list[Step] = []
        refused: Rejection | None = None
        for check in authorize.BEFORE_PROOF:
            if check is _ACCOUNT:
                # Nobody here has the name: that is what makes it a guest's
                break
            steps.append(self._step(check, case))
            refused = refused or check.judge(case)
        of_realm = refusal_of(attempt, domain)
        servers = ", ".join(server.upstream.name for server in domain.servers)
        shown: dict[str, int | str | None] = {"realm": domain.realm.name, "asked_of": servers or None}
        steps.append(
            Step("realm", "passed", shown)
            if of_realm is None
            else Step("realm", "refused", shown, of_realm.reason.value, of_realm.detail)
        )
        ruling, places = self._gatherer.gather_guest(attempt, nas, now, self._clock())
        of_place = authorize.refusal_of_guest(ruling, places)
        if of_place is not None:
            name = "rules" if ruling.is_denied else "places"
            steps.append(Step(name, "refused", {}, of_place.reason.value, of_place.detail))
        verdict = refused or of_realm or of_place
        return Explanation(
            attempt=attempt,
            nas=nas,
            nas_was_named=was_named,
            account=None,
            steps=tuple(steps),
            verdict=verdict,
            rule=None if ruling.rule is None else ruling.rule.name,
            rate_source=None,
            end_seconds=None,
            end_why=None,
            attributes=() if verdict is None else self._attributes(verdict, nas, None, attempt.access_kind),
            ends=(),
        )

    def _steps(self, case: Case) -> tuple[tuple[Step, ...], Rejection | None]:
        """Every check with its outcome, in the server's order, and the first refusal."""
        steps: list[Step] = []
        first: Rejection | None = None
        for check in authorize.CHECKS:
            if check.name in _UNSHOWN:
                continue
            if check is authorize.AFTER_PROOF[0]:
                # Between the two halves the password is looked at; here it is taken for right
                steps.append(Step("credentials", "not_applicable" if case.is_silent else "not_asked"))
            if case.facts is None and first is not None:
                steps.append(Step(check.name, "not_asked"))
                continue
            steps.append(self._step(check, case))
            first = first or check.judge(case)
        return tuple(steps), first

    def _step(self, check: authorize.Check, case: Case) -> Step:
        """One check with its outcome."""
        refused, shown = check.judge(case), check.looks_at(case)
        looked_at = self._for_people(shown, case) if shown is not None else {}
        if refused is not None:
            return Step(check.name, "refused", looked_at, refused.reason.value, refused.detail)
        return Step(check.name, "not_applicable" if shown is None else "passed", looked_at)

    def _for_people(self, shown: Mapping[str, int | str | None], case: Case) -> dict[str, int | str | None]:
        """Groups by name instead of number."""
        found = dict(shown)
        if "group_id" in found:
            group = self._tables.group(case.known.account.group_id)
            del found["group_id"]
            found["group"] = None if group is None else group.name
        return found

    # Where ------------------------------------------------------------------------------------------------------------------

    def _nas(self, question: Question) -> tuple[Nas, bool]:
        """The access device to log in at, and whether the question names it."""
        every = [
            nas
            for nas in self._tables.all_nas()
            if not question.projects or nas.project_id in question.projects
        ]
        if question.nas is not None:
            for nas in every:
                if question.nas in (nas.name, nas.identifier, nas.host, str(nas.address)):
                    return nas, True
            found = self._tables.find(question.nas)
            if found is not None and found in every:
                return found, True
            raise CannotExplain(f'there is no access device "{question.nas}"')
        reader = self._store.reader
        for project_id in dict.fromkeys(nas.project_id for nas in every):
            login = accounts.find_login(reader, project_id, split_realm(question.who)[0])
            if login is None:
                continue
            online = sessions.open_sessions(reader, account_id=login.account.id)
            newest = max(online, key=lambda stored: stored.session.started_at, default=None)
            here = [nas for nas in every if nas.project_id == project_id]
            if newest is not None:
                here.sort(key=lambda nas: nas.id != newest.session.nas_id)
            return here[0], False
        if not every:
            raise CannotExplain("there is no access device to log in at")
        return every[0], False


def _attempt(question: Question, nas: Nas) -> AccessAttempt:
    """The login as an access device would have told it."""
    device = normal_mac(question.who)
    mac = question.mac or device
    kind = question.kind or (AccessKind.PORTAL if device is None else AccessKind.MAC)
    is_silent = kind is AccessKind.MAC and mac is not None
    username, realm = split_realm(question.who)
    port_id = None
    if question.outer_vlan is not None:
        port_id = f"vlanid={question.outer_vlan};vlanid2={question.vlan or 0}"
    return AccessAttempt(
        username=username,
        username_raw=question.who,
        realm=realm,
        proof=MacProof(mac) if is_silent and mac is not None else PapProof(b""),
        nas_id=nas.id,
        mac=mac,
        ip=question.ip,
        ssid=question.ssid,
        vlan=question.vlan,
        port_id=port_id,
        access_kind=kind,
        acct_session_id=None,
        calling_station_raw=mac or "",
        called_station_raw=f"{question.ap or ''}:{question.ssid or ''}" if question.ap else "",
        at=question.at,
    )


def _end(case: Case) -> tuple[int, str] | None:
    """When the session would end, in seconds, and by what; None where nothing ends it."""
    found = case.standing
    if found is None:
        return None
    ends = session_ends(
        found.segment.policy, found.coverage_end, case.now, found.seconds_left, case.ruling.forbidden_at
    )
    return (case.timeout or 0, min(ends)[1].value) if ends else None


def _rate_source(case: Case) -> str | None:
    segment, facts = case.segment, case.known
    if segment is None:
        return None
    _, source = chosen_rate(
        segment.policy.rate,
        facts.account_rate,
        facts.group_rate,
        rule=case.ruling.rate,
        throttled=segment.throttled,
    )
    return source.value


def _ends(case: Case) -> tuple[str, ...]:
    room = case.room
    return tuple(one.mac or one.acct_session_id for one in room) if isinstance(room, tuple) else ()


def as_facts(found: Explanation, tables: Tables, words: ReasonWords) -> dict[str, Any]:
    """An explanation as JSON values: times RFC 3339 in the project's zone, rates in bit/s."""
    attempt, nas, verdict = found.attempt, found.nas, found.verdict
    zone = tables.zone(nas.project_id)
    project = tables.project(nas.project_id)

    def told(name: str, value: int | str | None) -> int | str | None:
        return rfc3339(value, zone) if name.endswith("_at") and isinstance(value, int) else value

    grant = verdict if isinstance(verdict, Grant) else None
    refusal = verdict if isinstance(verdict, Rejection) else None
    rate = None if grant is None else grant.rate
    return {
        "question": {
            "who": attempt.username_raw,
            "account": found.account,
            "project": "" if project is None else project.name,
            "nas": nas.name,
            "nas_assumed": not found.nas_was_named,
            "mac": attempt.mac,
            "ssid": attempt.ssid,
            "vlan": attempt.vlan,
            "ip": attempt.ip,
            "kind": attempt.access_kind.value,
            "at": rfc3339(attempt.at, zone),
        },
        "steps": [
            {
                "name": step.name,
                "outcome": step.outcome,
                "looked_at": {name: told(name, value) for name, value in step.looked_at.items()},
                "reason": step.reason,
                "detail": step.detail,
            }
            for step in found.steps
        ],
        "accepted": None if verdict is None else grant is not None,
        "reason": "" if refusal is None else refusal.reason.value,
        "code": "" if refusal is None else words.code(refusal.reason),
        "sentence": "" if refusal is None else words.sentence(refusal, zone),
        "rule": found.rule,
        "plan": None if grant is None else grant.plan_name,
        "rate": None
        if rate is None
        else {
            "up_bps": rate.up_bps,
            "down_bps": rate.down_bps,
            "text": f"{format_rate(rate.up_bps)}/{format_rate(rate.down_bps)}",
        },
        "rate_source": found.rate_source,
        "session_seconds": None if grant is None else grant.session_timeout_seconds,
        "session_ends_at": None
        if found.end_seconds is None
        else rfc3339(attempt.at + found.end_seconds, zone),
        "session_end_why": found.end_why,
        "would_end": list(found.ends),
        "vendor": nas.vendor.value,
        "attributes": [{"name": name, "value": value} for name, value in found.attributes],
        "remarks": [{"word": one.word, "facts": dict(one.facts)} for one in found.remarks],
    }
