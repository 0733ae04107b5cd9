"""What commands print: results on stdout, progress and remarks on stderr."""

from __future__ import annotations

import codecs
import io
import json as json_module
import math
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from walshqhn.kernels import on_compile
from walshqhn.support.text import duration, printable
from walshqhn.support.text import number as number
from walshqhn.support.text import plural as plural

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_SIGNS = {"\N{PLUS-MINUS SIGN}": "+-", "\N{MINUS SIGN}": "-", "\N{MULTIPLICATION SIGN}": "x"}
_PARTS = {
    "transform": "the transform",
    "costs": "the evaluation of costs",
    "engine": "the exact engine",
    "sampling": "the sampling of states",
    "annealing": "simulated annealing",
    "minimum": "the search for minima",
    "product": "product states",
    "mps": "matrix product states",
    "mps of networks": "networks in matrix product states",
    "mps of hidden layers": "hidden layers in matrix product states",
}


def _console(**options: Any) -> Console:
    """Text is shown as it is: no markup, no control characters, which file names and files may hold."""
    from rich.console import Console
    from rich.text import Text

    class Plain(Console):
        def render_str(self, text: str, **more: Any) -> Text:
            return super().render_str(printable(text), **more)

        def on_broken_pipe(self) -> None:
            raise  # what is being handled: `main` knows what to do, where rich would exit with 1

    return Plain(highlight=False, markup=False, emoji=False, **options)


def stdout() -> Console:
    """For results."""
    console = _console()
    if not console.is_terminal:  # a file or a pipe has no edge to wrap at
        console.width = 200
    return console


def write_what_can_be_written() -> None:
    """Replace characters that the terminal's encoding, such as ASCII, does not have."""
    codecs.register_error("walshqhn", _in_other_signs)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="walshqhn")


def _in_other_signs(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_SIGNS.get(sign, "?") for sign in error.object[error.start : error.end]), error.end


def stderr() -> Console:
    """For progress and remarks."""
    return _console(stderr=True)


_displays: list[ProgressDisplay] = []


def remark(text: str) -> None:
    """A line on stderr, above a progress bar that is shown."""
    console = _displays[-1].console if _displays else stderr()
    console.print(text, soft_wrap=True)


def print_json(value: Any) -> None:
    """``value`` as JSON on stdout; NaN becomes null."""
    print(json_module.dumps(_plain(value), indent=2, allow_nan=False))


def _plain(value: Any) -> Any:
    import numpy as np

    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(v) for v in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    return str(value) if isinstance(value, Path) else value


def table(headings: Sequence[str] = (), *, left: int = 1) -> Table:
    """An empty table; the first ``left`` columns are words, the others numbers."""
    from rich.table import Table

    found = Table(box=None, padding=(0, 2, 0, 0), show_header=bool(headings), header_style="bold")
    for k, heading in enumerate(headings):
        found.add_column(heading, justify="left" if k < left else "right")
    return found


@contextmanager
def saying_what_compiles() -> Iterator[None]:
    """While the block runs, remark on each part of the package whose kernels take more than 2 s to compile, once."""
    patience = dict.fromkeys(_PARTS, 2.0)
    running: dict[str, tuple[threading.Timer, float]] = {}

    def say(part: str) -> None:
        patience[part] = math.inf
        remark(f"compiling {_PARTS[part]}, once per machine ...")

    def listen(part: str, begins: bool) -> None:
        now = time.monotonic()
        if begins and patience[part] < math.inf:
            timer = threading.Timer(max(patience[part], 0.0), say, [part])
            timer.daemon = True
            timer.start()
            running[part] = (timer, now)
        elif not begins and part in running:
            timer, began = running.pop(part)
            timer.cancel()
            patience[part] -= now - began

    with on_compile(listen):
        yield


@contextmanager
def saying_how_far(every: float = 30.0) -> Iterator[None]:
    """During the block, where stderr is no terminal and no bar moves, write a line there every few seconds."""
    if sys.stderr is None or sys.stderr.isatty():
        yield
        return
    over, start = threading.Event(), time.monotonic()

    def say() -> None:
        while not over.wait(every):
            with suppress(OSError, ValueError):  # nobody reads it any more
                remark(f"{duration(time.monotonic() - start)}: {_displays[-1].line if _displays else 'working'}")

    thread = threading.Thread(target=say, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def progress_bar(text: str) -> Iterator[Any]:
    """A progress bar on stderr, on terminals only; yields a function that takes the fraction done."""
    with ProgressDisplay(text, 1.0) as display:
        yield lambda fraction: display.update(fraction)


class ProgressDisplay:
    """How far ``text`` has come on the way to ``total``: a bar on terminals, elsewhere see `saying_how_far`."""

    def __init__(self, text: str, total: float, done: int = 0) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (
            TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn(),
            TextColumn("{task.fields[note]}", markup=False),
        )  # fmt: skip
        self.console = stderr()
        self._bar = Progress(*columns, console=self.console, transient=True, disable=not sys.stderr.isatty())
        self._handle = self._bar.add_task(text, total=total, completed=done, note="")

    def __enter__(self) -> ProgressDisplay:
        self._bar.__enter__()
        _displays.append(self)
        return self

    def __exit__(self, *details: Any) -> None:
        _displays.remove(self)
        self._bar.__exit__(*details)

    @property
    def line(self) -> str:
        """What the bar shows, in words."""
        task = self._bar.tasks[0]
        return f"{task.description}, {task.percentage:.0f} %{', ' * bool(task.fields['note'])}{task.fields['note']}"

    def update(self, done: float, text: str | None = None, note: str = "") -> None:
        """``done`` so far; other words if there are any."""
        self._bar.update(self._handle, completed=done, description=text, note=note)
