"""What a server is started with: the environment over `tradegraph.toml` over what is written here.

The fields of `Settings` are the one schema: they drive reading, the words of refusals and the table in the docs.
Everything else that can be set is set by admins on the page /settings.
"""

import difflib
import ipaddress
import os
import re
import secrets
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from engine.errors import InputError
from server.adapters.folders import home, replacing
from server.logs.levels import parse as parse_levels

FILE, KEY_FILE = "tradegraph.toml", "secret_key"
_PREFIX = "TRADEGRAPH_"
# Read elsewhere, and before there are settings.
_NO_SETTINGS = {"HOME", "CACHE", "CONFIG", "DEBUG"}


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How this server is reached, where its data lies and how it logs."""

    host: Annotated[str, Meta(min_length=1, description="address to listen on; other than loopback needs `base_url`")]
    port: Annotated[int, Meta(ge=0, le=65535, description="port to listen on; 0 = any free one")]
    base_url: Annotated[
        str,
        Meta(pattern=r"^(https?://[^/\s?#@]+)?$", description="how browsers reach the server, https://trade.example"),
    ]
    trusted_proxies: Annotated[
        list[str], Meta(description="addresses of proxies whose X-Forwarded-For is believed (comma-separated)")
    ]
    database: Annotated[
        str, Meta(description="postgresql://… or sqlite:///…; empty = a file in the data folder (also DATABASE_URL)")
    ]
    log: Annotated[str, Meta(description="what is printed: LEVEL or LEVEL,COMPONENT=LEVEL…")]
    log_form: Annotated[Literal["text", "json"], Meta(description="lines for people, or JSON documents")]
    folder: Path

    @property
    def is_public(self) -> bool:
        """Whether other machines can reach it."""
        return not is_loopback(self.host)

    @property
    def is_https(self) -> bool:
        """Whether browsers come by https."""
        return self.base_url.startswith("https://")


DEFAULTS: dict[str, Any] = {
    "host": "127.0.0.1", "port": 8765, "base_url": "", "trusted_proxies": [], "database": "", "log": "info",
    "log_form": "text",
}  # fmt: skip
_HINTS = get_type_hints(Settings, include_extras=True)


def load(environment: Mapping[str, str] | None = None, **given: Any) -> Settings:
    """The settings of this process; `given` (from a command line) goes over everything.

    Raises one InputError that names every key that is unknown, missing or impossible.
    """
    environment = os.environ if environment is None else environment
    folder = home()
    problems: list[str] = []
    values = {**DEFAULTS, **_of_file(environment, folder, problems), **_of_environment(environment, problems)}
    values |= {name: value for name, value in given.items() if value is not None}
    known = {name: _value(name, value, problems) for name, value in values.items() if name in DEFAULTS}
    problems += _contradictions(known) if not problems else []
    if problems:
        raise InputError(f"the settings cannot be used: {'; '.join(problems)}")
    return Settings(folder=folder, **known)


def _of_file(environment: Mapping[str, str], folder: Path, problems: list[str]) -> dict[str, Any]:
    chosen = environment.get(f"{_PREFIX}CONFIG")
    path = Path(chosen).expanduser() if chosen else folder / FILE
    if not chosen and not path.exists():
        return {}
    try:
        document = tomllib.loads(path.read_text())
    except OSError as error:
        problems.append(f"{path} cannot be read ({error.strerror}); check {_PREFIX}CONFIG")
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(f"{path} is no TOML ({error})")
        return {}
    problems += [f"{path} has the unknown key {key!r}{_meant(key)}" for key in document if key not in DEFAULTS]
    return document


def _of_environment(environment: Mapping[str, str], problems: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"database": environment["DATABASE_URL"]} if environment.get("DATABASE_URL") else {}
    for variable, value in environment.items():
        name = variable.removeprefix(_PREFIX)
        if not variable.startswith(_PREFIX) or name in _NO_SETTINGS or name.startswith("TEST_"):
            continue
        key = name.lower()
        if key not in DEFAULTS:
            problems.append(f"{variable} is no setting{_meant(key, shouted=True)}")
        else:
            found[key] = [part.strip() for part in value.split(",") if part.strip()] if _is_list(key) else value
    return found


def _value(name: str, value: Any, problems: list[str]) -> Any:
    """A value as its field has it; what is wrong with it joins the problems."""
    try:
        return msgspec.convert(value, _HINTS[name], strict=False)
    except msgspec.ValidationError as error:
        shown = "its value" if name == "database" else repr(value)  # a database URL may hold a password
        problems.append(f"{name} ({_PREFIX}{name.upper()}) cannot be {shown}: {_wish(name)} ({error})")
        return value


def _contradictions(values: Mapping[str, Any]) -> list[str]:
    """What each value alone does not show."""
    found: list[str] = []
    if not is_loopback(values["host"]) and not values["base_url"]:
        found.append(
            f"base_url ({_PREFIX}BASE_URL) is missing: host {values['host']} is open to other machines, so say how"
            " browsers reach the server, such as https://trade.example, or keep to host 127.0.0.1"
        )
    for proxy in values["trusted_proxies"]:
        try:
            ipaddress.ip_address(proxy)
        except ValueError:
            found.append(f"trusted_proxies ({_PREFIX}TRUSTED_PROXIES) must be IP addresses, {proxy!r} is none")
    try:
        parse_levels(values["log"])
    except InputError as error:
        found.append(str(error))
    if values["database"] and not re.match(r"(postgres(ql)?(\+asyncpg)?|sqlite(\+aiosqlite)?)://", values["database"]):
        found.append("database (DATABASE_URL) must begin with postgresql:// or sqlite:///")
    return found


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def secret_key(folder: Path) -> bytes:
    """The secret of this installation: made on the first start, readable by its owner alone.

    Raises InputError if it cannot be read or written.
    """
    path = folder / KEY_FILE
    try:
        if not path.exists():
            _make_key(path)
        key = bytes.fromhex(path.read_text().strip())
    except OSError as error:
        raise InputError(f"{path} cannot be used ({error.strerror}); check TRADEGRAPH_HOME and its rights") from None
    except ValueError:
        key = b""
    if len(key) != 32:
        raise InputError(
            f"{path} is damaged: it must hold 64 hexadecimal digits; put it back from a copy, or remove it (stored"
            " credentials are lost then)"
        )
    return key


def _make_key(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32) + "\n")


def table() -> str:
    """The settings as a table of Markdown, for the docs."""
    rows = ["| Key | Variable | Default | Meaning |", "|---|---|---|---|"]
    for name, default in DEFAULTS.items():
        shown = default if default not in ("", []) else "-"
        rows.append(f"| `{name}` | `{_PREFIX}{name.upper()}` | `{shown}` | {_meta(name, 'description')} |")
    return "\n".join(rows)


def _is_list(name: str) -> bool:
    return get_origin(get_args(_HINTS[name])[0]) is list


def _meta(name: str, what: str) -> Any:
    return getattr(_HINTS[name].__metadata__[0], what)


def _wish(name: str) -> str:
    kind = get_args(_HINTS[name])[0]
    if get_origin(kind) is Literal:
        return f"it must be {' or '.join(get_args(kind))}"
    low, high = _meta(name, "ge"), _meta(name, "le")
    span = f" from {low} to {high}" if low is not None else ""
    return f"it must be {'a whole number' if kind is int else 'a text'}{span}; {_meta(name, 'description')}"


def _meant(key: str, *, shouted: bool = False) -> str:
    near = difflib.get_close_matches(key.lower(), DEFAULTS, n=1)
    names = near or list(DEFAULTS)
    words = ", ".join(_PREFIX + name.upper() if shouted else name for name in names)
    return f" (did you mean {words}?)" if near else f" (there are {words})"
