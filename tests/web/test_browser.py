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

#: The waiting page asks again each second until the login is done: it has to, without a script.
#: Each page once light in one language and once dark in the other; the login pages have one theme.
LOOKS = ((Language.ZH, "light"), (Language.EN, "dark"))


@pytest.mark.slow
def test_no_page_has_anything_to_complain_about(tmp_path: Path) -> None:
    """axe-core finds nothing, the console stays empty, no request leaves or fails, 360/390/1440 px do not overflow."""
    renderer = Renderer(WEB)
    write_static(renderer, tmp_path)
    pages = []
    for name, sample in SAMPLES.items():
        captive = sample.site == "captive"
        for language, theme in LOOKS:
            file = f"{name}.{language.value}.html"
            (tmp_path / file).write_text(render(renderer, name, language, theme), encoding="utf-8")
            pages.append(
                {
                    "file": file,
                    "policy": renderer.captive_policy if captive else CONSOLE_POLICY,
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
