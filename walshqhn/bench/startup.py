"""First use: what a newcomer waits for, in separate processes."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from itertools import count

from walshqhn.bench.row import Contender, Goal, Row, Settings

_MAIN = "import sys; from walshqhn.cli import main; sys.exit(main(sys.argv[1:]))"


def _command(arguments: tuple[str, ...], cold: bool, settings: Settings) -> list[Contender]:
    """A walshqhn command; ``cold``: with no compiled kernels, in every call."""
    fresh = count()

    def run() -> None:
        kernels = settings.folder / (f"kernels-{next(fresh)}" if cold else "kernels")
        environment = os.environ | {"NUMBA_CACHE_DIR": str(kernels), "WALSHQHN_THREADS": str(settings.threads)}
        command = [sys.executable, "-c", _MAIN, *arguments]
        subprocess.run(command, cwd=settings.folder, env=environment, check=True, capture_output=True)

    return [Contender("walshqhn", run, "ours")]


def rows() -> list[Row]:
    """The rows of this module."""
    demo = ("demo", "--force")
    return [
        Row("help", "walshqhn --help", partial(_command, ("--help",), False), (Goal(0.3),)),
        Row("demo-cold", "walshqhn demo, nothing compiled yet", partial(_command, demo, True), (Goal(60.0),)),
        Row("demo-warm", "walshqhn demo, again", partial(_command, demo, False), (Goal(15.0),)),
    ]
