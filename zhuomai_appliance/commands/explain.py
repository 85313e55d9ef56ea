"""`zhuomai explain USER`: who, where, when -> what, and why; the code that the server runs, and nothing is changed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from zhuomai_appliance import paths
from zhuomai_appliance.commands.backstage import Backstage, perform
from zhuomai_appliance.commands.options import Explain
from zhuomai_appliance.config import Config
from zhuomai_appliance.flows.explain import CannotExplain, Explainer, Question, as_facts
from zhuomai_appliance.flows.reservations import Reservations
from zhuomai_appliance.flows.tables import Tables
from zhuomai_appliance.model.access import AccessKind
from zhuomai_appliance.model.moment import Zone, parse_rfc3339
from zhuomai_appliance.net.control import CommandFailed, Params
from zhuomai_appliance.portal.dialects import normal_mac
from zhuomai_appliance.web.explained import lines
from zhuomai_appliance.web.sentences import Sentences
from zhuomai_appliance.web.words import Language, Words, load_words


def run(config: Config, options: Explain) -> int:
    """Print the explanation; 1 for a login that would be refused."""
    language = _language(options["lang"])
    params = {name: options[name] for name in ("who", "nas", "mac", "ssid", "ap", "vlan", "ip", "at", "kind")}
    params["outer_vlan"] = options["outer-vlan"]
    facts = perform(config, "explain", params | {"language": language.value})
    if options["json"]:
        print(json.dumps(facts, ensure_ascii=False))
    else:
        words = load_words(paths.web() / "locale")[language]
        for line in lines(facts, words):
            print(line)
    return 1 if facts["accepted"] is False else 0


def _language(word: str | None) -> Language:
    """The language asked for, else the terminal's, else English."""
    for said in (word, *(os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))):
        if said and (found := Language.from_word(said.partition(".")[0])) is not None:
            return found
    return Language.EN


async def explain(stage: Backstage, params: Params) -> Any:
    """The working half, in the daemon or here.

    Raises:
        CommandFailed: the question names what is not there.
    """
    tables = Tables()
    tables.reload(stage.store.reader, stage.vault)
    now = stage.now()
    reservations = stage.reservations
    if reservations is None:
        # Nobody serves: who is where stands in the books alone
        reservations = Reservations()
        await reservations.places.recount(stage.store, tables, now)
    catalogues = load_words(paths.web() / "locale")
    # What the device would get is in the server's language, what is told about it in that of whoever asks
    explainer = Explainer(
        stage.store, stage.vault, tables, reservations, Sentences(catalogues, stage.now), stage.now
    )
    try:
        found = explainer.explain(question(params, now, tables))
    except CannotExplain as error:
        raise CommandFailed(str(error)) from None
    return as_facts(found, tables, _Spoken(catalogues, stage.now, params["language"]))


class _Spoken(Sentences):
    """Sentences in the language of whoever asks."""

    def __init__(self, words: Mapping[Language, Words], clock: Callable[[], int], language: str) -> None:
        super().__init__(words, clock)
        self._language = language

    def sentence(self, rejection: Any, zone: Zone, language: str | None = None) -> str:
        """See `Sentences.sentence`."""
        return super().sentence(rejection, zone, language or self._language)


def question(params: Params, now: int, tables: Tables) -> Question:
    """The question that the words of a command ask.

    Raises:
        CannotExplain: a word that cannot be read.
    """
    mac = params.get("mac")
    if mac is not None and normal_mac(mac) is None:
        raise CannotExplain(f'--mac: "{mac}" is no MAC such as "02:00:00:00:00:09"')
    return Question(
        who=params["who"],
        at=_instant(params.get("at"), now, tables),
        nas=params.get("nas"),
        mac=None if mac is None else normal_mac(mac),
        ssid=params.get("ssid"),
        ap=params.get("ap"),
        vlan=_vlan("--vlan", params.get("vlan")),
        outer_vlan=_vlan("--outer-vlan", params.get("outer_vlan")),
        ip=params.get("ip"),
        kind=_kind(params.get("kind")),
    )


def _instant(word: str | None, now: int, tables: Tables) -> int:
    """A time with its offset, or one by the clock of the only zone there is."""
    if word is None:
        return now
    zones = {tables.zone(project.id).name for project in tables.projects()}
    try:
        wall = datetime.fromisoformat(word.strip())
        if wall.tzinfo is None and len(zones) == 1:
            return Zone(zones.pop()).instant(wall)
        return parse_rfc3339(word)
    except ValueError as error:
        raise CannotExplain(f"--at: {error}") from None


def _vlan(flag: str, word: object) -> int | None:
    if word is None:
        return None
    if not str(word).isascii() or not str(word).isdigit() or not 1 <= int(str(word)) <= 4094:
        raise CannotExplain(f'{flag}: "{word}" is no VLAN from 1 to 4094')
    return int(str(word))


def _kind(word: str | None) -> AccessKind | None:
    try:
        return None if word is None else AccessKind(word)
    except ValueError:
        raise CannotExplain(f'--kind: "{word}" is none of {", ".join(AccessKind)}') from None
