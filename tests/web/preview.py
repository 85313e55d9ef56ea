"""Every page with invented data, for looking at: ``python -m tests.web.preview OUTDIR`` or ``... --port 8099``.

OUTDIR receives NAME.LANG.THEME.html beside a ``static`` folder laid out as the pages address it. With a port the same
pages are served on loopback under ``/NAME?lang=&theme=`` with the headers of the real sites.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.web.fixtures import SAMPLES, WEB, render
from zhuomai_appliance.web.render import CONSOLE_POLICY, Renderer
from zhuomai_appliance.web.words import Language, negotiate


def write_pages(renderer: Renderer, out: Path) -> list[Path]:
    """Write every page in both languages, console pages in both themes; the paths written."""
    written = []
    for name, sample in SAMPLES.items():
        for language in Language:
            for theme in ("light", "dark") if sample.site == "admin" else ("light",):
                path = out / f"{name}.{language.value[:2]}.{theme}.html"
                path.write_text(render(renderer, name, language, theme), encoding="utf-8")
                written.append(path)
    return written


def write_static(renderer: Renderer, out: Path) -> None:
    """Write the files the pages ask for, under the addresses they use."""
    for path in (WEB / "static").rglob("*"):
        name = path.relative_to(WEB / "static").as_posix()
        if renderer.assets.has(name):
            asset = renderer.assets.at(renderer.assets.url(name))
            assert asset is not None
            target = out / asset.url.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(asset.body)


def serve(port: int) -> None:
    """Serve the pages on 127.0.0.1 until interrupted."""
    from klein import Klein
    from twisted.web.iweb import IRequest

    from zhuomai_appliance.web.static import AssetResource

    app = Klein()

    @app.route("/static/", branch=True)
    def static(request: IRequest) -> AssetResource:
        return AssetResource(Renderer(WEB).assets)

    @app.route("/<name>")
    def page(request: IRequest, name: str) -> bytes:
        if name not in SAMPLES:
            request.setResponseCode(404)
            return b""
        fresh = Renderer(WEB)
        arguments = {key.decode(): values[0].decode() for key, values in request.args.items()}
        policy = CONSOLE_POLICY if SAMPLES[name].site == "admin" else fresh.captive_policy
        request.setHeader(b"content-security-policy", policy.encode())
        request.setHeader(b"content-type", b"text/html; charset=utf-8")
        language = negotiate(arguments.get("lang"), None, None)
        return render(fresh, name, language, arguments.get("theme", "light"), "hostile" in arguments).encode()

    app.run("127.0.0.1", port)


def main(arguments: list[str]) -> None:
    """Run as the module's docstring says."""
    if arguments[0] == "--port":
        serve(int(arguments[1]))
        return
    out = Path(arguments[0])
    out.mkdir(parents=True, exist_ok=True)
    renderer = Renderer(WEB)
    write_static(renderer, out)
    print(f"{len(write_pages(renderer, out))} pages in {out}")


if __name__ == "__main__":
    main(sys.argv[1:])
