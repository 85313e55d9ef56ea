"""Files that never change under their address: ``/static/HASH/PATH``, kept in memory, gzip beside plain.

The hash is of the content, so a file may be cached for a year and a new release is seen at once.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from twisted.web.iweb import IRequest
from twisted.web.resource import Resource

TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".txt": "text/plain; charset=utf-8",
    ".json": "application/json",
}
_SMALLEST_WORTH_PACKING: Final = 512


@dataclass(frozen=True, slots=True)
class Asset:
    """One file: its address under the site, its type, its octets and, where smaller, the same packed by gzip."""

    url: str
    content_type: str
    body: bytes
    packed: bytes | None


class Assets:
    """All files under ``directory``, read when the process starts; ``.gz`` beside a file is used as it is."""

    def __init__(self, directory: Path, prefix: str = "/static") -> None:
        self._by_name: dict[str, Asset] = {}
        self._by_url: dict[str, Asset] = {}
        for path in sorted(directory.rglob("*")):
            if path.is_file() and path.suffix in TYPES:
                name = path.relative_to(directory).as_posix()
                asset = _read(path, name, prefix)
                self._by_name[name] = asset
                self._by_url[asset.url] = asset

    def url(self, name: str) -> str:
        """The address of the file called ``name`` (``console.css``, ``vendor/htmx.min.js``).

        Raises:
            KeyError: there is no such file; ``make setup`` builds those under ``vendor/``.
        """
        return self._by_name[name].url

    def has(self, name: str) -> bool:
        """Whether there is a file called ``name``."""
        return name in self._by_name

    def at(self, url: str) -> Asset | None:
        """The file that answers ``url``, or None."""
        return self._by_url.get(url)

    def body(self, name: str) -> str:
        """The text of a file that a page carries inside itself."""
        return self._by_name[name].body.decode()


def _read(path: Path, name: str, prefix: str) -> Asset:
    body = path.read_bytes()
    digest = hashlib.sha256(body).hexdigest()[:12]
    beside = path.with_name(path.name + ".gz")
    packed: bytes | None = None
    if beside.is_file():
        packed = beside.read_bytes()
    elif len(body) >= _SMALLEST_WORTH_PACKING and path.suffix != ".png":
        packed = gzip.compress(body, 9, mtime=0)
    if packed is not None and len(packed) >= len(body):
        packed = None
    return Asset(f"{prefix}/{digest}/{name}", TYPES[path.suffix], body, packed)


class AssetResource(Resource):
    """Serves ``Assets``; an address without a file is 404 and is not cached."""

    isLeaf = True

    def __init__(self, assets: Assets) -> None:
        super().__init__()
        self._assets = assets

    def render_GET(self, request: IRequest) -> bytes:
        """Answer GET and HEAD; ranges and conditions are not needed for addresses that never change."""
        asset = self._assets.at(request.path.decode("ascii", "replace"))
        request.setHeader(b"x-content-type-options", b"nosniff")
        if asset is None:
            request.setResponseCode(404)
            request.setHeader(b"content-type", b"text/plain; charset=utf-8")
            request.setHeader(b"cache-control", b"no-store")
            return b"not found\n"
        request.setHeader(b"content-type", asset.content_type.encode())
        request.setHeader(b"cache-control", b"public, max-age=31536000, immutable")
        request.setHeader(b"vary", b"accept-encoding")
        accepted = request.getHeader(b"accept-encoding") or b""
        if asset.packed is not None and b"gzip" in accepted:
            request.setHeader(b"content-encoding", b"gzip")
            return asset.packed
        return asset.body
