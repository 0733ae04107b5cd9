"""First use: what a newcomer waits for, in separate processes."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

from walshqhn.bench.row import Contender, Goal, Row, Settings

_MAIN = "import sys; from walshqhn.cli import main; sys.exit(main(sys.argv[1:]))"


def _run(arguments: list[str], folder: Path, kernels: str) -> None:
    """A walshqhn command, its compiled kernels in the folder ``kernels``."""
    environment = os.environ | {"NUMBA_CACHE_DIR": str(folder / kernels)}
    command = [sys.executable, "-c", _MAIN, *arguments]
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)


def _help(settings: Settings) -> list[Contender]:
    return [Contender("walshqhn", lambda: _run(["--help"], settings.folder, "warm"), "ours")]


def _demo(cold: bool, settings: Settings) -> list[Contender]:
    started = iter(range(1000))

    def demo() -> None:
        kernels = f"kernels-{next(started)}" if cold else "kernels"
        _run(["demo", "--force", "--threads", str(settings.threads)], settings.folder, kernels)

    return [Contender("walshqhn", demo, "ours")]


def rows() -> list[Row]:
    """The rows of this module."""
    return [
        Row("help", "walshqhn --help", _help, (Goal(0.3),)),
        Row("demo-cold", "walshqhn demo, nothing compiled yet", partial(_demo, True), (Goal(60.0),)),
        Row("demo-warm", "walshqhn demo, again", partial(_demo, False), (Goal(15.0),)),
    ]
