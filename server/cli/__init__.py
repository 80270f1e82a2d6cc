"""The command line: `tradegraph COMMAND`.

Exit codes: 0 done, 1 the thing asked about is not so (an invalid graph, a failed node), 2 usage or input error with one
line on stderr.  Every command is a module that is imported only when it is called.
"""

import sys

from engine.errors import EngineError, GraphError, InputError, NodeError, RegistryError


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    from server.cli.arguments import parse

    try:
        options = parse(sys.argv[1:] if argv is None else argv)
        return options.run(options)
    except GraphError as error:
        from server.cli.issues import print_issues

        print_issues(error.issues, sys.stderr)
        return 1
    except NodeError as error:
        return _fail(error, 1)
    except (InputError, RegistryError) as error:
        return _fail(error, 2)
    except BrokenPipeError:
        sys.stderr.close()  # the reader has gone; there is nobody to tell
        return 0
    except KeyboardInterrupt:
        return _fail("interrupted", 130)


def _fail(error: EngineError | str, code: int) -> int:
    print("tradegraph:", " ".join(str(error).split()), file=sys.stderr)
    return code

