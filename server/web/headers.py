"""Headers that every answer carries, and the hosts that requests may name."""

from urllib.parse import urlsplit

import msgspec
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from server.settings import Settings, is_loopback

CSP = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; object-src"
    " 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)
_ALWAYS = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
_HSTS = ("strict-transport-security", "max-age=31536000")


class Headers:
    """An ASGI application around another.

    A request that names a host we are not known by is refused: it comes by DNS rebinding, from a page of another site.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        fixed = {**_ALWAYS, **dict([_HSTS] if settings.is_https else [])}
        self._fixed = [(name.encode(), value.encode()) for name, value in fixed.items()]
        self._own = urlsplit(settings.base_url).hostname

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message["headers"]}
                added = [pair for pair in self._fixed if pair[0] not in given]
                if b"cache-control" not in given:
                    added.append((b"cache-control", b"no-store"))  # pages of one user, in a browser others may use
                message["headers"] = [*message["headers"], *added]
            await send(message)

        if self._knows(scope):
            await self._app(scope, receive, with_headers)
        else:
            await _refuse(scope, with_headers)

    def _knows(self, scope: Scope) -> bool:
        host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return is_loopback(name) or name in (self._own, self._settings.host)


async def _refuse(scope: Scope, send: Send) -> None:
    message = "this server is not known by the host that the request names; open it by its own address (base_url)"
    error = {"status": 421, "code": "wrong_host", "message": message, "details": [], "request_id": None}
    body = msgspec.json.encode({"error": error})
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 421, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
