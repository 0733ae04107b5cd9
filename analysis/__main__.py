"""Every result of the paper, one after the other: python -m analysis [NAME ...] [--quick]."""

from __future__ import annotations

import sys
import time
from importlib import import_module

from walshqhn.support.errors import WalshqhnError

from . import report
from .common import parser_for, publish, say, settings_from


def main() -> int:
    """Run the scripts that are named, or all; 1 if one of them failed."""
    parser = parser_for(__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(report.SCRIPTS)}; default: all")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in report.SCRIPTS]
    if unknown:
        parser.error(f"no script {unknown[0]!r}; there are {', '.join(report.SCRIPTS)}")
    failed = 0
    for name in options.names or report.SCRIPTS:
        start = time.perf_counter()
        try:
            publish(import_module(f"analysis.{name}"), settings_from(options))
        except WalshqhnError as error:
            say(f"{name} failed: {error}")
            failed += 1
        except KeyboardInterrupt:
            return 130
        say(f"{name}: {time.perf_counter() - start:.0f} s in all\n")
    if not options.quick and options.output is None:
        report.write()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
