"""The environment of the peers: made on first use in `benchmarks/.venv-bench` from pinned versions."""

import hashlib
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
FOLDER = HERE / ".venv-bench"
PINS = HERE / "requirements.txt"


def python() -> str:
    """Path of the peers' interpreter; installs what is missing."""
    stamp = FOLDER / "installed"
    wanted = hashlib.blake2b(PINS.read_bytes(), digest_size=8).hexdigest()
    program = FOLDER / "bin" / "python"
    if not stamp.is_file() or stamp.read_text() != wanted:
        print("installing the peers (once) ...", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(FOLDER)], check=True)
        subprocess.run([str(program), "-m", "pip", "install", "-q", "-r", str(PINS)], check=True)
        stamp.write_text(wanted)
    return str(program)
