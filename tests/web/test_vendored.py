"""Vendored libraries are the files that were published, each listed with its licence."""

import hashlib
import re
from pathlib import Path

VENDOR = Path(__file__).parents[2] / "static" / "vendor"
ROW = re.compile(r"^\| `(?P<file>[^`]+)` \| .* \| `(?P<hash>[0-9a-f]{64})` \|$", re.MULTILINE)


def listed() -> dict[str, str]:
    """Hash by file, as VENDORED.md says."""
    return {match["file"]: match["hash"] for match in ROW.finditer((VENDOR / "VENDORED.md").read_text())}


def test_every_file_has_the_hash_it_was_published_with() -> None:
    there = {path.name: path for path in VENDOR.iterdir() if path.name != "VENDORED.md"}
    assert {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in there.items()} == listed()


def test_every_library_comes_with_its_licence() -> None:
    names = listed()
    libraries = [name for name in names if name.endswith((".js", ".mjs"))]
    assert libraries
    for name in libraries:
        assert f"{name.partition('.')[0]}.LICENSE.txt" in names


def test_no_library_asks_another_host_for_anything() -> None:
    for path in [*VENDOR.glob("*.js"), *VENDOR.glob("*.mjs")]:
        hosts = set(re.findall(r"https?://([\w.-]+)", path.read_text()))
        assert hosts <= {"www.w3.org", "www.apache.org", "www.tradingview.com"}, path.name
