"""The files under `static/`, read once: no path of a request ever reaches the disk.

The address of a file holds a digest of all files: `/static/-3f9c…/js/page.js`.  Modules import each other by relative
paths, so these carry it too, and browsers may keep everything for ever.
"""

import gzip
import hashlib
import mimetypes
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.exceptions import NotFoundException

STATIC = Path(__file__).parents[2] / "static"
_TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml",
          ".woff2": "font/woff2", ".json": "application/json", ".map": "application/json", ".txt": "text/plain",
          ".ico": "image/x-icon"}  # fmt: skip
_FOREVER, _ASK = "public, max-age=31536000, immutable", "no-cache"


class Asset(msgspec.Struct, frozen=True):
    """One file; `small` is the same with gzip, if that is shorter."""

    body: bytes
    small: bytes | None
    kind: str
    tag: str


class Assets:
    """All static files by their path under `static/`."""

    def __init__(self, folder: Path) -> None:
        files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
        self._files = {path.relative_to(folder).as_posix(): _asset(path) for path in files}
        whole = hashlib.sha256()
        for name, asset in self._files.items():
            whole.update(f"{name} {asset.tag}\n".encode())
        self.digest = whole.hexdigest()[:16]

    def address(self, name: str) -> str:
        """Where browsers get a file.  Raises KeyError for one that is not there, so that a page cannot name it."""
        if name not in self._files:
            raise KeyError(f"there is no static/{name}")
        return f"/static/-{self.digest}/{name}"

    def find(self, path: str) -> tuple[Asset, bool]:
        """The file of a path under /static, and whether the path can never mean another content."""
        first, _, rest = path.lstrip("/").partition("/")
        hashed = first.startswith("-")
        asset = self._files.get(rest if hashed else path.lstrip("/"))
        if asset is None:
            raise NotFoundException("there is no such file")
        return asset, first == f"-{self.digest}"


@cache
def assets() -> Assets:
    """The files of this installation."""
    return Assets(STATIC)


@get("/static/{path:path}", opt={"public": True}, include_in_schema=False, sync_to_thread=False)
def static_file(request: Request[Any, Any, Any], path: str) -> Response[bytes]:
    """A file, small where the browser takes that."""
    asset, forever = assets().find(path)
    headers = {"ETag": asset.tag, "Cache-Control": _FOREVER if forever else _ASK, "Vary": "Accept-Encoding"}
    if request.headers.get("if-none-match") == asset.tag:
        return Response(b"", status_code=304, headers=headers)
    if asset.small is not None and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(asset.small, media_type=asset.kind, headers={**headers, "Content-Encoding": "gzip"})
    return Response(asset.body, media_type=asset.kind, headers=headers)


def _asset(path: Path) -> Asset:
    body = path.read_bytes()
    kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    is_text = kind.startswith("text/") or kind.endswith(("json", "xml"))
    small = gzip.compress(body, 6, mtime=0) if is_text and len(body) > 500 else None
    shown = f"{kind}; charset=utf-8" if is_text else kind
    return Asset(body, small, shown, f'"{hashlib.sha256(body).hexdigest()[:20]}"')
