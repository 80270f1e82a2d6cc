"""Requests to Bybit's public REST endpoints: envelope, rate limit, retries; needs no account and no key.

What goes wrong becomes one InputError sentence.  Only the standard library is used.
"""

import http.client
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from email.message import Message

import msgspec

from engine.errors import InputError

HOST = "https://api.bybit.com"
_RATE_LIMITED, _SERVER_BUSY = {10006, 10018}, {10000, 10016, 10429}
_RESET = "X-Bapi-Limit-Reset-Timestamp"
_LONGEST_WAIT = 30.0  # s
_LARGEST = 16 << 20  # bytes of an answer
_OTHERWISE = "try again later or import a candle file"


class _Envelope(msgspec.Struct):
    retCode: int  # noqa: N815  the exchange's names
    retMsg: str = ""  # noqa: N815
    result: msgspec.Raw = msgspec.Raw(b"{}")
    time: int = 0


class _BusyError(Exception):
    """No answer yet, or the exchange asks to wait `seconds` (0 = as we like); the text is for people."""

    def __init__(self, text: str, seconds: float = 0.0) -> None:
        self.seconds = seconds
        super().__init__(text)


class BybitRest:
    """Asks `host`; `attempts` times before giving up, with waits that double from `back_off` s.

    Requests are at least `pause` s apart (the exchange allows 120 per second and address).  `sleep` is replaced in
    tests.
    """

    def __init__(
        self,
        host: str = HOST,
        *,
        timeout: float = 10.0,
        attempts: int = 5,
        back_off: float = 0.5,
        pause: float = 0.05,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not host.startswith(("https://", "http://")):
            raise InputError(f"host {host!r} is no web address; begin it with https://")
        self._host, self._timeout, self._attempts = host.rstrip("/"), timeout, attempts
        self._back_off, self._pause, self._sleep = back_off, pause, sleep
        self._free_at = 0.0

    def get[T](self, path: str, query: Mapping[str, str | int], shape: type[T]) -> T:
        """The `result` of a GET request, decoded into `shape`.  Raises InputError."""
        url = f"{self._host}{path}?{urllib.parse.urlencode({'category': 'linear', **query})}"
        reason = ""
        for attempt in range(self._attempts):
            self._take_turn()
            try:
                return self._ask(url, shape)
            except _BusyError as error:
                reason = str(error)
                if attempt + 1 < self._attempts:
                    self._sleep(min(max(error.seconds, self._back_off * 2**attempt), _LONGEST_WAIT))
        raise InputError(f"{self._host} {reason} ({self._attempts} attempts); {_OTHERWISE}")

    def _take_turn(self) -> None:
        wait = self._free_at - time.monotonic()
        if wait > 0:
            self._sleep(wait)
        self._free_at = time.monotonic() + self._pause

    def _ask[T](self, url: str, shape: type[T]) -> T:
        request = urllib.request.Request(url, headers={"User-Agent": "tradegraph", "Accept": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=self._timeout) as response:
                return self._decode(response.read(_LARGEST), response.headers, shape)
        except urllib.error.HTTPError as error:
            error.close()
            raise self._refused(error.code) from None
        except (OSError, http.client.HTTPException) as error:  # URLError and time-outs are OSErrors
            reason = getattr(error, "reason", None) or error
            raise _BusyError(f"cannot be reached ({_short(str(reason) or type(reason).__name__)})") from None

    def _refused(self, code: int) -> Exception:
        if code == 429:
            return _BusyError("limits the rate of requests")
        if code >= 500:
            return _BusyError(f"has an error of its own (HTTP {code})")
        if code == 403:
            return InputError(
                f"{self._host} refuses this machine (HTTP 403: too many requests, or a region it does not serve); "
                "wait ten minutes or import a candle file"
            )
        return InputError(f"{self._host} refused the request (HTTP {code}); check the host or import a candle file")

    def _decode[T](self, content: bytes, headers: Message, shape: type[T]) -> T:
        try:
            envelope = msgspec.json.decode(content, type=_Envelope)
            if envelope.retCode in _RATE_LIMITED:
                raise _BusyError("limits the rate of requests", _seconds_until(headers.get(_RESET), envelope.time))
            if envelope.retCode in _SERVER_BUSY:
                raise _BusyError(f"has an error of its own ({envelope.retCode} {_short(envelope.retMsg)})")
            if envelope.retCode:
                text = f"{envelope.retCode} {_short(envelope.retMsg)}"
                raise InputError(f"{self._host} refused the request ({text}); check symbol, timeframe and dates")
            return msgspec.json.decode(envelope.result, type=shape)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            reason = _short(str(error))
            raise InputError(f"{self._host} gave an answer of unknown shape ({reason}); {_OTHERWISE}") from None


def _seconds_until(reset: str | None, now: int) -> float:
    """The wait the exchange asks for, by its own clock."""
    return max(0.0, (int(reset) - now) / 1000) if reset and reset.isdecimal() and now else 0.0


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 100 else text[:100] + "…"
