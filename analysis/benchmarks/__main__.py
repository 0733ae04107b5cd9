"""``python -m analysis.benchmarks``: as ``walshqhn bench``."""

import sys

from walshqhn.cli import main

sys.exit(main(["bench", *sys.argv[1:]]))
