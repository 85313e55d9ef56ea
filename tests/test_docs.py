"""What a person can set, type or meet on a page stands in the handbook, in Chinese and in English; README leads nowhere wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

import pytest
from babel.messages.pofile import read_po
from pydantic import BaseModel, SecretStr
from twisted.python import usage

from zhuomai_appliance.commands.exported import HEADERS
from zhuomai_appliance.commands.options import EXPORTS, OperatorCommand, Options
from zhuomai_appliance.commands.simulate import SimulateOptions
from zhuomai_appliance.commands.sitefile import TABLES
from zhuomai_appliance.config import Config
from zhuomai_appliance.figures import METRICS, NO_DROPS
from zhuomai_appliance.flows.alarms import AlarmKind
from zhuomai_appliance.model.access import Reason
from zhuomai_appliance.model.people import Permission
from zhuomai_appliance.portal.terms import Ending
from zhuomai_appliance.web.reasons import REASONS

ROOT: Final = Path(__file__).parents[1]
PACKAGE: Final = ROOT / "zhuomai_appliance"
HANDBOOK: Final = ROOT / "web" / "handbook"
READMES: Final = ("README.md", "README.zh-CN.md")
LANGUAGES: Final = ("zh", "en")
FIRST_LINE: Final = "apt-get update && apt-get install -y git make"

both_languages = pytest.mark.parametrize("language", LANGUAGES)
both_readmes = pytest.mark.parametrize("name", READMES)


def page(language: str, name: str) -> str:
    return (HANDBOOK / language / f"{name}.md").read_text(encoding="utf-8")


def sections(text: str, marks: str = "## ") -> dict[str, str]:
    """The parts of a page by their headings of one depth."""
    parts = re.split(rf"^{marks}(.+)$", text, flags=re.MULTILINE)
    return dict(zip((head.strip() for head in parts[1::2]), parts[2::2], strict=True))


def rows(text: str) -> dict[str, list[str]]:
    """Table rows by the code word of their first cell, without its bold marks."""
    found = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        key = re.fullmatch(r"\**`([^`]+)`\**", cells[0])
        if line.startswith("|") and key:
            found[key[1]] = cells[1:]
    return found


# Settings, site file, commands ------------------------------------------------------------------------------------------


def settings() -> dict[str, object]:
    """Every setting by its dotted name, with its default."""
    found: dict[str, object] = {}
    for table, field in Config.model_fields.items():
        inner = field.annotation
        assert isinstance(inner, type) and issubclass(inner, BaseModel)
        for key, value in inner().__dict__.items():
            found[f"{table}.{key}"] = value.get_secret_value() if isinstance(value, SecretStr) else value
    return found


@both_languages
def test_every_setting_is_in_the_handbook_with_its_default(language: str) -> None:
    """Nobody has to read the source to know what a setting is when it is not written."""
    documented = rows(page(language, "settings"))
    defaults = {
        key: ", ".join(map(str, value)) if isinstance(value, tuple) else str(value or "")
        for key, value in settings().items()
    }
    assert set(documented) == set(defaults)
    empty = {"zh": "空", "en": "empty"}[language]
    for key, default in defaults.items():
        assert documented[key][0] == (f"`{default}`" if default else empty), key
        assert documented[key][1], key


@both_languages
def test_every_site_file_key_is_in_the_handbook(language: str) -> None:
    """Each table has its section, and the section lists just the keys that `apply` takes."""
    parts = sections(page(language, "site-file"))
    assert set(parts) == {f"`[[{table}]]`" for table in TABLES}
    for table, (model, _) in TABLES.items():
        keys = {field.alias or name for name, field in model.model_fields.items()}
        if table == "operator":
            # A password never stands in a site file; the model's own key is filled from the file that is named.
            keys = keys - {"password"} | {"password_file"}
        documented = rows(parts[f"`[[{table}]]`"])
        assert set(documented) == keys, table
        assert all(cells[1] for cells in documented.values()), table


@both_languages
def test_site_file_keys_that_must_be_there_are_bold(language: str) -> None:
    """Bold in the handbook means that the program refuses a row without the key."""
    parts = sections(page(language, "site-file"))
    for table, (model, _) in TABLES.items():
        required = {field.alias or name for name, field in model.model_fields.items() if field.is_required()}
        bold = set(re.findall(r"^\| \*\*`(\w+)`\*\*", parts[f"`[[{table}]]`"], flags=re.MULTILINE))
        assert bold == required, table


def flags(options: usage.Options) -> Iterator[str]:
    for name in options.longOpt:
        flag = name.rstrip("=")
        if flag not in {"help", "version"}:
            yield f"--{flag}"


def commands() -> dict[str, set[str]]:
    """Every command with its flags; those of its own commands count as its own, --config is everybody's."""
    found: dict[str, set[str]] = {}
    for name, _, command, _ in Options.subCommands:
        found[name] = set(flags(command())) - {"--config"}
        for inner in getattr(command, "subCommands", ()):
            found[name] |= set(flags(inner[2]()))
    found["simulate"] = set(flags(SimulateOptions()))
    return found


@both_languages
def test_every_command_and_flag_is_in_the_handbook(language: str) -> None:
    """Each command has a section that names its flags and no others."""
    parts = sections(page(language, "commands"))
    known = commands()
    assert set(parts) == {f"`{name}`" for name in known}
    for name, wanted in known.items():
        documented = set(re.findall(r"`(?:-\w`[、, ]+`)?(--[\w-]+)", parts[f"`{name}`"]))
        assert documented == wanted, name


@both_languages
def test_every_subcommand_export_column_and_scope_is_in_the_handbook(language: str) -> None:
    """What may be written after `operator` and `export`, which columns come, and which scopes a token may have."""
    parts = sections(page(language, "commands"))
    for inner in OperatorCommand.subCommands:
        assert f"`zhuomai operator {inner[0]} NAME`" in parts["`operator`"]
    for scope in Permission:
        assert f"`{scope.value}`" in parts["`operator`"]
    lists = re.split(r"^\* ", parts["`export`"], flags=re.MULTILINE)[1:]
    columns = {words[0]: tuple(words[1:]) for words in (re.findall(r"`([\w]+)`", line) for line in lists)}
    assert columns == dict(HEADERS)
    assert set(columns) == set(EXPORTS)


# Reasons and metrics ----------------------------------------------------------------------------------------------------

_FIELDS: Final = re.compile(r"%\((\w+)\)s")


@lru_cache(maxsize=1)
def chinese() -> dict[str, str]:
    file = ROOT / "web" / "locale" / "zh_CN" / "LC_MESSAGES" / "messages.po"
    with file.open("rb") as opened:
        return {
            message.id: message.string
            for message in read_po(opened)
            if isinstance(message.id, str) and isinstance(message.string, str)
        }


@both_languages
def test_every_reason_is_in_the_handbook_as_people_read_it(language: str) -> None:
    """Code, word and both languages' sentences, so that the help desk finds what a student reads out."""
    documented = {
        head.split()[0]: (head, body) for head, body in sections(page(language, "reasons"), "### ").items()
    }
    assert set(documented) == {text.code for text in REASONS.values()}
    assert set(REASONS) == set(Reason)
    advice = {"zh": "处理：", "en": "Help desk: "}[language]
    for reason, text in REASONS.items():
        head, body = documented[text.code]
        assert f"`{reason.value}`" in head
        assert re.search(rf"{advice}\S", body), text.code
        for message in filter(None, (text.title, text.sentence, text.elsewhere)):
            for said in (message, chinese()[message]):
                assert _FIELDS.sub(r"{\1}", said) in body, f"{text.code}: {said}"


@both_languages
def test_reasons_that_nothing_gives_yet_say_so(language: str) -> None:
    """A code that no rule and no flow can give is marked, so that nobody looks for it."""
    source = "".join(
        file.read_text(encoding="utf-8")
        for folder in ("policy", "flows")
        for file in (PACKAGE / folder).rglob("*.py")
    )
    marked = {"zh": "本版本不会出现。", "en": "Not in this version."}[language]
    documented = {head.split()[0]: body for head, body in sections(page(language, "reasons"), "### ").items()}
    for code in {text.code for text in REASONS.values()}:
        reasons = [reason for reason, text in REASONS.items() if text.code == code]
        if not any(f"Reason.{reason.name}" in source for reason in reasons):
            assert marked in documented[code], code


def drop_reasons() -> set[str]:
    """The words that the RADIUS ports count under, but for those that are figures of their own."""
    words: set[str] = set()
    for file in (PACKAGE / "net").glob("*.py"):
        if file.name.startswith("radius_") or file.name == "intake.py":
            source = file.read_text(encoding="utf-8")
            for pair in re.findall(
                r'(?:counters\[|\.drop\()"(\w+)"|return "(\w+)" if|return "" if .* else "(\w+)"|return "(\w+)"$',
                source,
                flags=re.MULTILINE,
            ):
                words.add("".join(pair))
    return words - NO_DROPS


@both_languages
def test_every_metric_is_in_the_handbook(language: str) -> None:
    """The names of /metrics are documented, and nothing else is."""
    documented = set(re.findall(r"`(zhuomai_\w+)`", page(language, "metrics")))
    assert documented == set(METRICS)


@both_languages
def test_every_reason_of_silence_is_in_the_handbook(language: str) -> None:
    """Why a datagram gets no answer is documented word for word."""
    table = page(language, "metrics").partition("| `reason` |")[2].partition("\n## ")[0]
    documented = set(
        re.findall(r"`(\w+)`", "\n".join(row.split("|")[1] for row in table.splitlines()[2:] if "|" in row))
    )
    assert documented == drop_reasons()


@both_languages
def test_every_ending_of_a_portal_dialogue_is_in_the_handbook(language: str) -> None:
    """How a dialogue with an access controller can end is documented word for word."""
    row = re.search(r"^\| `zhuomai_portal_ended_total` .*$", page(language, "metrics"), flags=re.MULTILINE)
    assert row is not None
    assert {ending.value for ending in Ending} <= set(re.findall(r"`(\w+)`", row.group()))


@both_languages
def test_every_kind_of_alarm_is_in_the_handbook(language: str) -> None:
    """What an alarm can be about is documented word for word, and nothing else is."""
    row = re.search(r"^\| `zhuomai_alarms` .*$", page(language, "metrics"), flags=re.MULTILINE)
    assert row is not None
    assert set(re.findall(r"`(\w+)`", row.group())) - {"zhuomai_alarms", "kind"} == set(AlarmKind)


# README and links -------------------------------------------------------------------------------------------------------


@both_readmes
def test_readme_begins_with_the_only_command_a_machine_needs(name: str) -> None:
    """The first line can be typed as it stands."""
    first = (ROOT / name).read_text(encoding="utf-8").splitlines()[0]
    assert first.strip() == FIRST_LINE


@both_readmes
def test_make_targets_of_readme_exist(name: str) -> None:
    """Every `make …` of the README is a target of the Makefile, and the two that matter are there."""
    targets = set(
        re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    )
    named = set(
        re.findall(
            r"(?:^    |`)make ([a-z-]+)", (ROOT / name).read_text(encoding="utf-8"), flags=re.MULTILINE
        )
    )
    assert {"run", "test"} <= named <= targets


@both_readmes
def test_readme_names_commands_that_exist(name: str) -> None:
    """The table of commands is complete, and no example types a command or flag that does not exist."""
    text = (ROOT / name).read_text(encoding="utf-8")
    known = commands()
    table = {words.split()[0] for words in re.findall(r"^\| `(\w+)[^`]*`", text, flags=re.MULTILINE)}
    listed = table | set(re.findall(r"`(restore|migrate) ?(?:FILE)?`", text))
    assert set(known) <= listed
    for command, rest in re.findall(
        r"^    (?:\w+=\$\()?(?:zhuomai|zm) ([a-z]+)\b([^#\n]*)", text, flags=re.MULTILINE
    ):
        assert command in known, command
        assert set(re.findall(r"--[a-z-]+", rest)) <= known[command], (command, rest)


@both_readmes
def test_readme_shows_topology_and_login_as_diagrams(name: str) -> None:
    """Both figures are text that GitHub draws: 组网拓扑图 and 认证流程图."""
    kinds = re.findall(r"^```mermaid\n(\w+)", (ROOT / name).read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert kinds == ["flowchart", "sequenceDiagram"]


def anchors(text: str) -> set[str]:
    """The names under which GitHub offers a page's headings."""
    heads = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


def documents() -> list[Path]:
    return [ROOT / name for name in (*READMES, "CHANGELOG.md")] + sorted(HANDBOOK.rglob("*.md"))


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_links_and_pictures_lead_somewhere(document: Path) -> None:
    """Every relative link and picture exists, and so does the heading it points to."""
    text = document.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?:", target):
            continue
        file, _, anchor = target.partition("#")
        found = (document.parent / file) if file else document
        assert found.exists(), target
        if anchor:
            assert anchor in anchors(found.read_text(encoding="utf-8")), target


def test_both_languages_have_the_same_pages() -> None:
    """Neither handbook is the poorer one, and each page is reached from its index."""
    pages = {language: {file.name for file in (HANDBOOK / language).glob("*.md")} for language in LANGUAGES}
    assert pages["zh"] == pages["en"]
    for language in LANGUAGES:
        linked = set(re.findall(r"\]\(([\w-]+\.md)\)", page(language, "index")))
        assert linked == pages[language] - {"index.md"}


def test_no_english_page_is_left_in_chinese() -> None:
    """Chinese stands in the English handbook only where a page quotes what people read, or links to the other one."""
    for file in (HANDBOOK / "en").glob("*.md"):
        if file.name in {"reasons.md", "index.md"}:
            continue
        assert not re.search(r"[\u4e00-\u9fff]", file.read_text(encoding="utf-8")), file.name
