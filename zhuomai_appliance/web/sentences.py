"""The words of a refusal for whoever is not a page: RADIUS Reply-Message, the API (`flows.ports.ReasonWords`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from zoneinfo import ZoneInfo

from zhuomai_appliance.model.access import Reason, Rejection
from zhuomai_appliance.model.moment import Zone
from zhuomai_appliance.web.formats import Formatter
from zhuomai_appliance.web.reasons import REASONS, told
from zhuomai_appliance.web.words import Language, Words


class Sentences:
    """Code, title and sentence by the one table of web.reasons; Chinese unless another language is asked for."""

    def __init__(self, words: Mapping[Language, Words], clock: Callable[[], int]) -> None:
        self._words = words
        self._clock = clock

    def code(self, reason: Reason) -> str:
        """The code people read to the help desk."""
        return REASONS[reason].code

    def sentence(self, rejection: Rejection, zone: Zone, language: str | None = None) -> str:
        """Title and sentence with the facts filled in."""
        chosen = (Language.from_word(language) if language else None) or Language.ZH
        words = self._words[chosen]
        formatter = Formatter(words, ZoneInfo(zone.name), self._clock())
        title, sentence = told(rejection.reason, words, fields_of(rejection, formatter), way_out=False)
        stop = "。" if chosen is Language.ZH else ". "
        return f"{title}{stop}{sentence}" if sentence else title


def fields_of(rejection: Rejection, formatter: Formatter) -> dict[str, object]:
    """The facts of a refusal as its sentence wants them: a time in the reader's words, figures as they are."""
    fields: dict[str, object] = {}
    for name, value in rejection.facts:
        if name != "t" or not isinstance(value, int):
            fields[name] = value
        elif rejection.reason is Reason.EXPIRED:
            fields[name] = formatter.last_day(value)
        else:
            fields[name] = formatter.moment(value)
    return fields
