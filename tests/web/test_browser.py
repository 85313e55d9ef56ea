"""Every page in a real browser: accessible, quiet under its content security policy, never scrolling sideways."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.web.fixtures import SAMPLES, WEB, render
from tests.web.preview import write_static
from zhuomai_appliance.web.render import CONSOLE_POLICY, Renderer
from zhuomai_appliance.web.words import Language

CHINESE, ENGLISH = (Language.ZH, "light"), (Language.EN, "dark")
"""Every page is seen in Chinese and light; one of each template in English and dark (login pages have one theme)."""


@pytest.mark.slow
def test_no_page_has_anything_to_complain_about(tmp_path: Path) -> None:
    """axe-core finds nothing, the console stays empty, no request leaves or fails, 360/390/1440 px do not overflow."""
    renderer = Renderer(WEB)
    write_static(renderer, tmp_path)
    pages, seen = [], set()
    for name, sample in SAMPLES.items():
        captive = sample.site == "captive"
        looks = (CHINESE,) if (sample.site, sample.template) in seen else (CHINESE, ENGLISH)
        seen.add((sample.site, sample.template))
        for language, theme in looks:
            file = f"{name}.{language.value}.html"
            (tmp_path / file).write_text(render(renderer, name, language, theme), encoding="utf-8")
            pages.append(
                {
                    "file": file,
                    "policy": renderer.captive_policy if captive else CONSOLE_POLICY,
                    # It asks again each second until the login is done: it has to, without a script.
                    "allowed": ["meta-refresh"] if name == "waiting" else [],
                    "widths": [900, 360] if captive else [390, 1440],
                }
            )
    done = subprocess.run(
        ["node", str(Path(__file__).parent / "browse.mjs"), str(tmp_path)],
        input=json.dumps(pages),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(results) == len(pages)
    assert {result["file"]: result["complaints"] for result in results if result["complaints"]} == {}
