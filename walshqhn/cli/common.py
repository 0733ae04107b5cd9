"""What several commands share: options, input, output."""

from __future__ import annotations

import inspect
import json as json_module
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from walshqhn.support.errors import InputError, UsageError, unknown_name

if TYPE_CHECKING:
    from rich.console import Console

    from walshqhn.binn.task import Task
    from walshqhn.cost.hamiltonian import IsingHamiltonian
    from walshqhn.formats.hdf5 import Contents
    from walshqhn.spectrum.walsh import WalshSpectrum
    from walshqhn.support.arrays import FloatArray


def _whole(kind: Any, tokens: Any) -> int:
    return int(tokens[0].value)


Whole = Annotated[int, Parameter(converter=_whole)]
"""A whole number: 1.5 is an error, not 1 or 2."""
OptionalWhole = Annotated[int | None, Parameter(converter=_whole)]
Json = Annotated[bool, Parameter(negative="", show_default=False, help="Print JSON instead of text.")]
Force = Annotated[bool, Parameter(negative="", show_default=False, help="Replace output that exists.")]
Threads = Annotated[OptionalWhole, Parameter(help="Threads; default $WALSHQHN_THREADS, else all cores.")]
TaskOptions = Annotated[
    str,
    Parameter(
        allow_leading_hyphen=True,
        help="Any option of the task (see: walshqhn tasks NAME), e.g. --digits 3,7 or --weight-values=-3,1.",
    ),
]
Source = Annotated[str, Parameter(help="A task, a walshqhn file (.h5), or a cost table (.npy .npz .txt .csv .h5).")]
Output = Annotated[Path | None, Parameter(alias="-o")]


def parse_value(text: str) -> Any:
    """An option's text as a value: 3 -> 3, 0.1, true, none, 3,7 -> (3, 7), 0,1;-1,1 -> ((0, 1), (-1, 1))."""
    if ";" in text:
        return tuple(parse_value(part) for part in text.split(";"))
    if "," in text:
        return tuple(parse_value(part) for part in text.split(",") if part.strip())
    word = text.strip()
    constants = {"true": True, "false": False, "none": None}
    if word.lower() in constants:
        return constants[word.lower()]
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            continue
    return word


def format_value(value: Any) -> str:
    """The inverse of `parse_value`; lists, as JSON has them, are taken for tuples."""
    if isinstance(value, tuple | list) and not value:
        return "none"
    if isinstance(value, tuple | list):
        nested = any(isinstance(v, tuple | list) for v in value)
        return (";" if nested else ",").join(format_value(v) for v in value)
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)


_COPIES = 14  # tables of 2^N numbers there are at the worst moment of a command, as measured


@dataclass(frozen=True)
class Problem:
    """What a command was given to work on: a task, or a file."""

    name: str
    task: Task | None
    contents: Contents | None
    threads: int | None

    @cached_property
    def cost(self) -> FloatArray:
        """The cost table, read, or evaluated with a progress display."""
        contents = self.contents
        if contents is not None:
            if contents.cost is not None:
                return contents.cost
            if contents.spectrum is not None:
                return contents.spectrum.cost_table(threads=self.threads)
            if contents.hamiltonian is not None:
                if contents.hamiltonian.is_truncated:
                    error = f"RMS error {contents.hamiltonian.rms_error:.3g}"
                    remark(
                        f"note: {self.name} holds a truncated Hamiltonian ({error}); its energies are the cost here."
                    )
                return contents.hamiltonian.energies(threads=self.threads)
        if self.task is None:
            raise InputError(f"{self.name} holds no cost, spectrum or Hamiltonian.")
        from walshqhn.binn.task import require_table_memory

        require_table_memory(self.task.num_bits, "the cost table, spectrum and Hamiltonian", copies=_COPIES)
        with progress_bar(f"costs of all 2^{self.task.num_bits} networks") as report:
            return self.task.cost_table(threads=self.threads, progress=report)

    @cached_property
    def spectrum(self) -> WalshSpectrum:
        """The Walsh spectrum, read or computed."""
        from walshqhn.spectrum.walsh import WalshSpectrum

        if self.contents is not None and self.contents.spectrum is not None:
            return self.contents.spectrum
        return WalshSpectrum.from_cost(self.cost, threads=self.threads)

    @property
    def hamiltonian(self) -> IsingHamiltonian:
        """The Hamiltonian, read or computed."""
        if self.contents is not None and self.contents.hamiltonian is not None:
            return self.contents.hamiltonian
        return self.spectrum.hamiltonian()

    @property
    def bit_names(self) -> tuple[str, ...]:
        """Names of the bits."""
        if self.task is not None:
            return self.task.bit_names
        if self.contents is not None and self.contents.bit_names is not None:
            return tuple(self.contents.bit_names)
        return tuple(f"b[{j}]" for j in range(self.num_bits))

    @property
    def num_bits(self) -> int:
        """N."""
        if self.task is not None:
            return self.task.num_bits
        assert self.contents is not None
        return self.contents.num_qubits

    @property
    def spec(self) -> dict[str, Any] | None:
        """The task's description, for storage."""
        return self.task.spec if self.task is not None else self.contents.task if self.contents is not None else None


def open_problem(
    source: str,
    options: Mapping[str, str],
    threads: int | None = None,
    *,
    command: Callable[..., Any] | None = None,
) -> Problem:
    """The task or file that ``source`` names. A file's own task is made again if its data is at hand.

    Whatever options a ``command`` does not know arrive in ``options``: its own are among the
    names that a misspelt one is compared with.
    """
    from walshqhn.binn.catalog import list_tasks, load_task, task_options, text_options
    from walshqhn.support.resources import resolve_threads

    resolve_threads(threads)
    parsed = {name.replace("-", "_"): text for name, text in options.items()}
    parameters = inspect.signature(command).parameters.values() if command else ()
    own = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
    if source in list_tasks():
        known = [name.replace("_", "-") for name in (*task_options(source), *own)]
        for name in parsed:
            if name not in task_options(source):
                raise unknown_name("option", name.replace("_", "-"), known, f" of task {source!r}")
        texts = text_options(source)
        values = {k: v if k in texts and v.lower() != "none" else parse_value(v) for k, v in parsed.items()}
        return Problem(source, load_task(source, **values), None, threads)
    path = Path(source)
    if not path.exists() and not path.suffix:
        raise unknown_name("task", source, list_tasks())
    if parsed:
        where = f" ({source} is a file; only tasks have options of their own)"
        raise unknown_name("option", next(iter(options)), [name.replace("_", "-") for name in own], where)
    if path.suffix.lower() in (".h5", ".hdf5"):
        from walshqhn.formats import hdf5 as storage

        if storage.is_native(path) or not path.exists():
            contents = storage.load(path)
            return Problem(source, remake_task(contents), contents, threads)
        if not _is_hdf5(path):
            storage.load(path)  # says what is wrong
    return Problem(source, load_task("table", path=source), None, threads)


def _is_hdf5(path: Path) -> bool:
    import h5py

    return bool(h5py.is_hdf5(path))


def remake_task(contents: Contents) -> Task | None:
    """The task a file was made from; None, with a remark, if it cannot be made again here."""
    from walshqhn.binn.catalog import load_task_from_spec
    from walshqhn.support.errors import WalshqhnError

    if contents.task is None or contents.task.get("name") == "table":
        return None
    try:
        return load_task_from_spec(contents.task)
    except WalshqhnError as error:
        remark(f"note: accuracies are not available, {error}")
        return None


def stdout() -> Console:
    """For results."""
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal:  # a file or a pipe has no edge to wrap at
        console.width = 200
    return console


def stderr() -> Console:
    """For progress and remarks."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def remark(text: str) -> None:
    """A line on stderr."""
    stderr().print(text, markup=False, soft_wrap=True)


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


@contextmanager
def progress_bar(text: str) -> Iterator[Any]:
    """A progress bar on stderr, on terminals only; yields a function that takes the fraction done."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=stderr(), transient=True, disable=not sys.stderr.isatty()) as bar:
        handle = bar.add_task(text, total=1.0)
        yield lambda fraction: bar.update(handle, completed=fraction)


def check_native_name(path: Path) -> None:
    """UsageError unless ``path`` is called like an HDF5 file, by which commands know it again."""
    if path.suffix.lower() not in (".h5", ".hdf5"):
        raise UsageError(f"name the HDF5 file .h5, got {str(path)!r}.")


def plural(count: int, noun: str) -> str:
    """'1 run', '2 runs', '4,055 terms'."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def number(value: float | None, digits: int = 6) -> str:
    """``value`` to ``digits`` significant digits; a dash for None."""
    return "-" if value is None else f"{value:.{digits}g}"
