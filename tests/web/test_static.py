"""Promises of web.static: an address names its content, so it may be cached for a year; nothing else is served."""

from __future__ import annotations

import gzip
import tempfile
from pathlib import Path

from treq.client import HTTPClient
from treq.testing import RequestTraversalAgent
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http_headers import Headers
from twisted.web.resource import Resource

from zhuomai_appliance.web.static import AssetResource, Assets


def folder(base: Path) -> Path:
    (base / "vendor").mkdir(parents=True)
    (base / "a.css").write_text("body{}" * 200)
    (base / "vendor" / "b.js").write_text("1;" * 400)
    (base / "vendor" / "b.js.gz").write_bytes(gzip.compress(b"1;" * 400))
    (base / "secret.key").write_text("no")
    return base


def fresh(case: SynchronousTestCase) -> str:
    """A path in a folder that goes away with the test."""
    made = tempfile.TemporaryDirectory()
    case.addCleanup(made.cleanup)
    return f"{made.name}/files"


class AssetTests(SynchronousTestCase):
    """Serving from a folder."""

    def setUp(self) -> None:
        self.assets = Assets(folder(Path(fresh(self))))
        root = Resource()
        root.putChild(b"static", AssetResource(self.assets))
        self.client = HTTPClient(RequestTraversalAgent(root))

    def test_address_changes_with_content(self) -> None:
        """Two contents have two addresses; a name that is missing is an error at start, not an empty link."""
        other = Path(fresh(self))
        folder(other)
        (other / "a.css").write_text("body{color:red}" * 100)
        self.assertNotEqual(self.assets.url("a.css"), Assets(other).url("a.css"))
        self.assertRaises(KeyError, self.assets.url, "missing.css")
        self.assertFalse(self.assets.has("secret.key"))

    def test_answer(self) -> None:
        """Packed where the client can unpack, plain otherwise, always with type, nosniff and a year's life."""
        url = "http://box" + self.assets.url("a.css")
        for header in (b"gzip", b"identity"):
            response = self.successResultOf(
                self.client.get(url, headers=Headers({b"accept-encoding": [header]}))
            )
            self.assertEqual(response.code, 200)
            self.assertEqual(response.headers.getRawHeaders(b"vary"), [b"accept-encoding"])
            self.assertEqual(response.headers.getRawHeaders(b"x-content-type-options"), [b"nosniff"])
            self.assertIn(b"max-age=31536000", response.headers.getRawHeaders(b"cache-control")[0])
            self.assertEqual(self.successResultOf(response.content()), b"body{}" * 200)

    def test_nothing_else(self) -> None:
        """A wrong hash, a foreign file and a path out of the folder are 404 and not cached."""
        for path in (
            "/static/000000000000/a.css",
            "/static/secret.key",
            "/static/../secret.key",
            "/static/%2e%2e/x",
        ):
            response = self.successResultOf(self.client.get("http://box" + path))
            self.assertEqual(response.code, 404)
            self.assertEqual(response.headers.getRawHeaders(b"cache-control"), [b"no-store"])


def test_gz_beside_a_file_is_used_as_it_is(tmp_path: Path) -> None:
    """The build's own packing is sent, not made again."""
    assets = Assets(folder(tmp_path / "s"))
    asset = assets.at(assets.url("vendor/b.js"))
    assert asset is not None
    assert asset.packed == (tmp_path / "s" / "vendor" / "b.js.gz").read_bytes()
