"""``python -m tensorgrok``: see ``cli``."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    try:
        from .cli import main

        status = main()
    except KeyboardInterrupt:  # Ctrl-C while the command line was still being imported
        print("tensorgrok: interrupted", file=sys.stderr)
        status = 130
    sys.exit(status)
