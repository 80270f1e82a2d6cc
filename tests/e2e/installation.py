"""A new installation as a newcomer has it: `tradegraph demo` in a process of its own, and a person at a browser."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

PROGRAM = str(Path(sys.executable).with_name("tradegraph"))
PASSWORD = "a good pass phrase"


class Installation:
    """A running `tradegraph demo`; `password` is the one it printed, empty at a later start."""

    def __init__(self, home: Path) -> None:
        self.home = home
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONWARNINGS"}
        self._process = subprocess.Popen(
            [PROGRAM, "demo", "--offline", "--port", "0", "--log", "error"], stdout=subprocess.PIPE, text=True,
            env={**environment, "TRADEGRAPH_HOME": str(home)},
        )  # fmt: skip
        assert self._process.stdout
        self.told = ""
        while not (found := re.search(r"at (http://\S+)/ ", self.told)):
            line = self._process.stdout.readline()
            assert line, f"the demo ended:\n{self.told}"
            self.told += line
        self.url = found[1]
        once = re.search(r"sign in as (\S+) with the one-time password (\S+)", self.told)
        self.name, self.password = (once[1], once[2]) if once else ("admin", "")

    def end(self) -> int:
        """Ctrl-C; the exit code."""
        self._process.send_signal(signal.SIGINT)
        self._process.communicate(timeout=60)
        return self._process.returncode

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None


@contextlib.contextmanager
def installation(home: Path) -> Generator[Installation]:
    """A demo for the time of the block."""
    made = Installation(home)
    try:
        yield made
    finally:
        if made.running:
            made.end()


class Person:
    """Somebody at a browser, with everything its pages complained about."""

    def __init__(self, browser: Any, url: str, **options: Any) -> None:
        self.url = url
        self.context = browser.new_context(base_url=url, **options)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.clicks = 0

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{self.page.url}: {message.text}")

    def click(self, what: Any) -> None:
        """One click, counted."""
        self.clicks += 1
        what.click()

    def sign_in(self, name: str, password: str) -> None:
        """By the form of the sign-in page."""
        self.page.goto("/sign-in")
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("Password").fill(password)
        self.page.locator("main").get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(re.compile(r"^(?!.*/sign-in)"))

    def choose_password(self, present: str) -> None:
        """What a one-time password asks for first."""
        self.page.get_by_label("Present password").fill(present)
        self.page.get_by_label("New password").fill(PASSWORD)
        self.page.get_by_role("button", name="Change the password").click()
        self.page.wait_for_url("**/account?done=password")
