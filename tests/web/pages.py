"""What a page holds, as a browser would run it."""

from html.parser import HTMLParser

DATA = ("application/json", "application/ld+json")


class Page(HTMLParser):
    """Collects what the Content-Security-Policy would block, links, and unlabelled or unprotected forms."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.links: list[str] = []
        self.text: list[str] = []
        self._script = ""
        self._form: str | None = None
        self._has_token = True
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.wrong += [f"<{tag} {name}=…>" for name in given if name.startswith("on") or name == "style"]
        self.wrong += [f"<{tag} {name}={value}>" for name, value in given.items() if _runs(name, value)]
        if tag == "style":
            self.wrong.append("<style>")
        if tag == "script":
            self._script = "data" if given.get("type") in DATA else "inline" if "src" not in given else "file"
        for name in ("src", "href", "action"):
            if tag != "a" and name in given and given[name].startswith(("http:", "https:", "//")):
                self.wrong.append(f"<{tag} {name}={given[name]}>")
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag == "form":
            self._form, self._has_token = given.get("method", "get").lower(), False
        if tag == "input" and given.get("name") == "csrf_token":
            self._has_token = bool(given.get("value"))

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._script = ""
        if tag == "form":
            if self._form == "post" and not self._has_token:
                self.wrong.append("a form with method post without csrf_token")
            self._form = None

    def handle_data(self, data: str) -> None:
        if self._script == "inline" and data.strip():
            self.wrong.append(f"inline script: {data.strip()[:60]}")
        elif not self._script:
            self.text.append(data)


def _runs(name: str, value: str) -> bool:
    return name in ("href", "src", "action", "formaction") and value.strip().lower().startswith(("javascript:", "vbs"))
