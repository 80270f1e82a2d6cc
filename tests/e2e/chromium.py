"""The browser of the end-to-end tests."""

import shutil
from pathlib import Path
from typing import Any

import pytest


def chromium(playwright: Any) -> Any:
    """A headless Chromium: that of the system, else the one that playwright installed."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None and not Path(playwright.chromium.executable_path).exists():
        pytest.fail("no Chromium; `make test` installs one, or `./bootstrap.sh browser`")
    return playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
