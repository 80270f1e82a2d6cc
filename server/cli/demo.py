"""`tradegraph demo`: the pages, with candles and finished back-tests to look at from the first start on."""

import argparse

from server.cli import serve
from server.demo import furnish


def run(options: argparse.Namespace) -> int:
    """Serve as `tradegraph serve` does; the first time there is something to look at."""
    return serve.run(options, furnish=lambda services: furnish(services, serve.tell, online=not options.offline))
