"""``python -m walshqhn.bench``: as ``walshqhn bench``."""

import sys

from walshqhn.cli import main

sys.exit(main(["bench", *sys.argv[1:]]))
