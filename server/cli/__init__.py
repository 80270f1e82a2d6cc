"""The command line: `tradegraph COMMAND`.

Exit codes: 0 done, 1 the thing asked about is not so (an invalid graph, a failed node), 2 usage or input error with one
line on stderr, 3 a fault of Tradegraph itself (also one line; `TRADEGRAPH_DEBUG=1` shows where), 130 interrupted.
Every command is a module that is imported only when it is called.
"""

import os
import sys
from contextlib import suppress
from typing import Any

from engine.errors import EngineError, GraphError, InputError, NodeError, RegistryError


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    from server.cli.arguments import parse

    options: Any = None
    try:
        _prepare_streams()
        options = parse(sys.argv[1:] if argv is None else argv)
        code: int = options.run(options)
        sys.stdout.flush()  # here, where a reader that has gone or a full disk can still be told
        return code
    except (GraphError, NodeError) as error:
        return _not_so(error, options)
    except (InputError, RegistryError) as error:
        return _fail(error, 2)
    except BrokenPipeError:
        _drop_output()  # the reader has gone; there is nobody to tell
        return 0
    except OSError as error:
        _drop_output()
        what = f"{error.filename} cannot be used" if error.filename else "the output cannot be written"
        return _fail(f"{what} ({error.strerror or error}); choose another place", 2)
    except KeyboardInterrupt:
        return _fail("interrupted", 130)
    except MemoryError:
        return _fail("there is not enough memory; give fewer candles or a smaller graph", 2)
    except Exception as error:
        if os.environ.get("TRADEGRAPH_DEBUG"):
            raise
        reason = f"{type(error).__name__}: {error}"
        return _fail(f"a fault in Tradegraph ({reason}); set TRADEGRAPH_DEBUG=1, run again and report what it shows", 3)


def _not_so(error: GraphError | NodeError, options: Any) -> int:
    """Tell why a graph did not run: one JSON document if that was asked for, else lines on stderr."""
    from server.cli import issues

    try:
        if getattr(options, "json", False):
            issues.print_json(issues.issues_of(error), sys.stdout)
            sys.stdout.flush()
        elif isinstance(error, GraphError):
            issues.print_issues(error.issues, sys.stderr)
        else:
            _fail(error, 1)
    except BrokenPipeError:
        _drop_output()
    return 1


def _fail(error: EngineError | str, code: int) -> int:
    from server.cli.words import one_line

    with suppress(OSError):  # nobody may listen there
        print("tradegraph:", one_line(error), file=sys.stderr)
    return code


def _prepare_streams() -> None:
    """What a terminal's encoding lacks is escaped instead of ending the program; a closed stdout swallows all."""
    if sys.stdout is None:  # pyright: ignore[reportUnnecessaryComparison]  `>&-` in a shell
        sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115
    for stream in (sys.stdout, sys.stderr):
        reconfigure: Any = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _drop_output() -> None:
    """Send what is still buffered nowhere, so that the interpreter does not complain while it ends."""
    with suppress(OSError, ValueError):  # a stream may have no file behind it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
