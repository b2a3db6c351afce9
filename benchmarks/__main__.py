"""``python -m benchmarks``: what ``python -m tensorgrok bench`` runs."""

from __future__ import annotations

import argparse
import sys

from benchmarks import runner
from tensorgrok.cli.bench import SUMMARY, add_arguments


def main() -> int:
    """Run it; a request that cannot be met is one line on stderr and exit code 2."""
    parser = argparse.ArgumentParser(prog="python -m tensorgrok bench", description=SUMMARY)
    add_arguments(parser)
    try:
        return runner.run(parser.parse_args())
    except runner.BadRequest as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("bench: interrupted; what was measured until then is written", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
