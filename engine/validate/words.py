"""Says in words what a param may be."""

import re
from typing import Any

import msgspec

# Patterns are texts: most graphs never need them, and compiling them takes longer than validating a graph.
_SECRET_NAME = r"(^|_)(api_?key|secret|password|passphrase|private_?key|access_token)(_|$)"
_KNOWN_SECRET = (
    r"\b(sk|pk|rk)[-_][A-Za-z0-9_-]{16,}|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{20,}|\bxox[abprs]-\S{10,}"
    r"|\bAIza[\w-]{35}|\beyJ[\w-]{10,}\.[\w-]{10,}|-----BEGIN [A-Z ]*KEY"
)
_TOKEN = r"[A-Za-z0-9]{18,}|[A-Za-z0-9_=-]{32,}"
_PATH = r"^(/[\w.-]+)+/?$|^[A-Za-z]:[\\/]|^~/|^\\\\\w|^file://|(?:^|[\s'\"=(])(/(home|root|Users|etc|var|tmp|opt|mnt|srv)/|~/\.)"


def secret_in(name: str, value: str) -> str | None:
    """What a text looks like that must not stand in a graph: "a key", "a password", "a path"; None if it is fine."""
    if not value:
        return None
    if re.search(_SECRET_NAME, name.lower()):
        return "a password or key"
    if len(value) >= 16 and (re.search(_KNOWN_SECRET, value) or any(map(_is_random, re.findall(_TOKEN, value)))):
        return "a key"
    if ("/" in value or "\\" in value) and re.search(_PATH, value):
        return "a path of one machine"
    return None


def _is_random(token: str) -> bool:
    digits = any(c.isdigit() for c in token)
    if len(token) >= 32 and re.fullmatch(r"[0-9a-fA-F]+", token):
        return digits and any(c.isalpha() for c in token)
    return digits and any(c.islower() for c in token) and any(c.isupper() for c in token)


def a(kind: str) -> str:
    """A kind of value with its article."""
    word = kind.replace("_", " ")
    return f"an {word}" if word[:1] in "aeiou" else f"{word}" if word.endswith("s") else f"a {word}"


def shown(name: str, value: Any) -> str:
    """A value for a message: short, and never a secret."""
    text = repr(value)
    if not isinstance(value, int | float | None) and (secret_in(name, str(value)) or secret_in("", text)):
        return "(hidden)"
    return text if len(text) <= 40 else f"{text[:37]}..."


def in_words(kind: Any) -> str:
    """A param type with its range: "a whole number from 1 to 500", "one of 'a', 'b'"."""
    return _describe(msgspec.inspect.type_info(kind))


def _describe(info: msgspec.inspect.Type) -> str:  # noqa: PLR0911 - one line per type
    match info:
        case msgspec.inspect.Metadata():
            return _describe(info.type)
        case msgspec.inspect.IntType():
            return _range("a whole number", info)
        case msgspec.inspect.FloatType():
            return _range("a number", info)
        case msgspec.inspect.BoolType():
            return "true or false"
        case msgspec.inspect.StrType():
            return _text(info)
        case msgspec.inspect.LiteralType():
            return f"one of {', '.join(repr(v) for v in info.values)}"
        case msgspec.inspect.UnionType():
            return " or ".join(_describe(t) for t in info.types)
        case msgspec.inspect.NoneType():
            return "null"
        case msgspec.inspect.TupleType():
            return f"a list of {len(info.item_types)} values"
        case msgspec.inspect.VarTupleType() | msgspec.inspect.ListType():
            return _sized(f"a list, each {_describe(info.item_type)}", info.min_length, info.max_length)
        case msgspec.inspect.StructType():
            return f"an object with {', '.join(f.encode_name for f in info.fields)}"
        case _:
            return "a value of another type"


def _range(word: str, info: msgspec.inspect.IntType | msgspec.inspect.FloatType) -> str:
    if info.ge is not None and info.le is not None:
        return f"{word} from {info.ge} to {info.le}"
    bounds = (("at least", info.ge), ("above", info.gt), ("at most", info.le), ("below", info.lt))
    parts = [f"{name} {bound}" for name, bound in bounds if bound is not None]
    return f"{word} {' and '.join(parts)}" if parts else word


def _text(info: msgspec.inspect.StrType) -> str:
    text = _sized("a text", info.min_length, info.max_length)
    return f"{text} like {info.pattern}" if info.pattern else text


def _sized(word: str, least: int | None, most: int | None) -> str:
    sizes = [f"at least {least}" if least is not None else "", f"at most {most}" if most is not None else ""]
    wanted = " and ".join(s for s in sizes if s)
    return f"{word}, length {wanted}" if wanted else word
