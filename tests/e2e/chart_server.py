"""A loopback server of the static files and one page with charts, under the product's content security policy."""

import http.server
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PAGE = Path(__file__).parent / "charts"
KINDS = {
    ".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".mjs": "text/javascript",
    ".svg": "image/svg+xml",
}  # fmt: skip
POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)


class Handler(http.server.SimpleHTTPRequestHandler):
    """Static files and the page."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments, directory=str(ROOT))

    def translate_path(self, path: str) -> str:
        """Two folders: the page of the tests, and the product's static files."""
        name = path.partition("?")[0]
        place = ROOT / "static" / name.removeprefix("/static/") if name.startswith("/static/") else PAGE / name[1:]
        return str(place / "index.html" if place.is_dir() else place)

    def guess_type(self, path: Any) -> str:
        """Modules have to be called what they are, whatever the machine says."""
        return KINDS[Path(path).suffix]

    def end_headers(self) -> None:
        """The policy goes with every answer."""
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on the terminal."""


@contextmanager
def chart_server() -> Generator[str]:
    """Its address, while it runs."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
