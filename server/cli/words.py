"""Makes text from outside fit for one line on a terminal."""

_MOST = 1000  # characters; a longer message has swallowed somebody's file


def one_line(text: object, most: int = _MOST) -> str:
    """The text on one line without control characters; of a very long one the middle is left out."""
    line = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in " ".join(str(text).split()))
    return line if len(line) <= most else f"{line[: most // 2]} … {line[-most // 2 :]}"
