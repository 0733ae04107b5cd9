"""A task or a file, with its cost, spectrum, Hamiltonian and results; each is read or computed once, on demand."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from pathlib import Path
from typing import Any

from walshqhn.binn.catalog import list_tasks, load_task, load_task_from_spec
from walshqhn.binn.files import holds_samples
from walshqhn.binn.task import Task
from walshqhn.circuits.ansatz import Ansatz
from walshqhn.circuits.spec import remake_ansatz
from walshqhn.cost.base import Cost, Progress, require_table_memory
from walshqhn.cost.blackbox import BlackBoxCost
from walshqhn.cost.function import is_function_name, load_function
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.cost.problems import find_problem
from walshqhn.cost.read import read_cost_table
from walshqhn.cost.table import TableCost, tabulate
from walshqhn.formats.hdf5 import Contents, load_if_native
from walshqhn.formats.registry import holds_hamiltonian, read_hamiltonian
from walshqhn.spectrum.walsh import WalshSpectrum
from walshqhn.support.arrays import FloatArray
from walshqhn.support.errors import InputError, UsageError, WalshqhnError, unknown_name
from walshqhn.support.resources import resolve_threads
from walshqhn.support.shown import Shown
from walshqhn.training.result import TrainingResult

_COPIES = 14  # measured peak memory of the commands, in tables of 2^N numbers
_HDF5 = (".h5", ".hdf5")


def _silent(text: str) -> AbstractContextManager[Progress]:
    return nullcontext(lambda fraction: None)


def _warn(text: str) -> None:
    warnings.warn(text, stacklevel=4)


class Workspace(Shown):
    """A task or a file, and everything that can be read or computed from it.

    Parameters
    ----------
    name
        Used in messages.
    source
        A task or another cost, or the contents of a native file.
    threads
        As in `resolve_threads`.
    progress
        ``progress(text)`` returns a context manager for a long computation; its value is called with the fraction done.
    remark
        Called with notes for the user; default: they are issued as warnings.

    Examples
    --------
    >>> workspace = Workspace.open("gaussian", {"num_samples": 100})
    >>> workspace.num_bits, len(workspace.spectrum.degree_weights())
    (13, 14)
    """

    LARGEST_TABLE = 30
    """Number of bits up to which `cost` is a table."""

    def __init__(
        self,
        name: str,
        source: Cost | Contents,
        *,
        threads: int | None = None,
        progress: Callable[[str], AbstractContextManager[Progress]] | None = None,
        remark: Callable[[str], None] | None = None,
    ) -> None:
        self.name, self.threads = name, threads
        self._given = source if isinstance(source, Cost) else None
        self.contents = Contents() if isinstance(source, Cost) else source
        """Contents of a native file; empty for any other source."""
        self._progress = progress or _silent
        self._remark = remark or _warn

    def facts(self) -> dict[str, Any]:
        return {"name": self.name, "bits": self.num_bits} | ({} if self.task is None else {"task": repr(self.task)})

    @classmethod
    def open(cls, source: str | Path, options: Mapping[str, Any] | None = None, **settings: Any) -> Workspace:
        """Open the task or file named ``source``.

        Parameters
        ----------
        source
            A task in `list_tasks`, a benchmark problem (`labs`-N), a native file, a cost table or a
            Hamiltonian in a format of `read_cost_table` or `read_hamiltonian`, a file of samples (the task "custom"),
            or a function or `Cost` as "module:function", see `load_function`.
        options
            Options of the task, see `load_task`, or of the function. For files of samples those of "custom"; for other
            files ``key`` only: of `read_hamiltonian`.
        settings
            ``threads``, ``progress`` and ``remark``, see above.

        Raises
        ------
        UsageError
            Unknown task or option.
        InputError, FormatError
            The file is missing or cannot be used.
        """
        resolve_threads(settings.get("threads"))
        name, path = str(source), Path(source)
        if name in list_tasks():
            return cls(name, load_task(name, **(options or {})), **settings)
        if is_function_name(name) and not path.exists():
            return cls(name, load_function(name, **(options or {})), **settings)
        if not path.exists() and (problem := find_problem(name)) is not None:
            return cls(name, problem, **settings)
        if not path.exists() and not path.suffix:
            raise unknown_name("task", name, list_tasks())
        key = {"key": options["key"]} if options and path.suffix.lower() in _HDF5 and set(options) == {"key"} else {}
        is_samples = path.exists() and not key and holds_samples(path, bool(options))
        if is_samples and (options or not holds_hamiltonian(path)):
            task = load_task("custom", path=name, **(options or {}))
            for note in task.data.notes if "remark" in settings else ():
                settings["remark"](f"note: {path.name}: {note}")
            return cls(name, task, **settings)
        if options and not key:
            raise UsageError(f"{name} is a file; only tasks and samples take options.")
        if path.suffix.lower() in _HDF5 and (found := load_if_native(path)) is not None:
            return cls(name, found, **settings)
        if path.exists() and (key or holds_hamiltonian(path)):
            return cls(name, read_hamiltonian(path, **key), **settings)
        return cls(name, TableCost(read_cost_table(path)), **settings)

    @property
    def num_bits(self) -> int:
        """N."""
        return self.contents.num_qubits if self._given is None else self._given.num_bits

    @property
    def spec(self) -> dict[str, Any] | None:
        """The description of the task that files store; None without a task."""
        return self._given.spec if isinstance(self._given, Task) else self.contents.task

    @cached_property
    def task(self) -> Task | None:
        """The task; None if there is none, or, with a remark, if the data it was made from is not available."""
        if isinstance(self._given, Task):
            return self._given
        if self.spec is None:
            return None
        try:
            return load_task_from_spec(self.spec)
        except WalshqhnError as error:
            self._remark(f"note: accuracies are not available: {error}")
            return None

    @cached_property
    def bit_names(self) -> tuple[str, ...]:
        """Names of the N bits."""
        if self._given is not None:
            return self._given.bit_names
        return tuple(self.contents.bit_names or (f"b[{j}]" for j in range(self.num_bits)))

    @cached_property
    def source(self) -> Cost:
        """The cost in its most direct form: a table if there is one, otherwise the Hamiltonian or the task itself.

        InputError if the file holds nothing to compute it from.
        """
        found, given = self.contents, self._given
        if found.cost is not None:
            return TableCost(found.cost, self.bit_names)
        if found.spectrum is not None:
            return TableCost(found.spectrum.cost_table(threads=self.threads), self.bit_names)
        if found.hamiltonian is not None and found.hamiltonian.is_truncated:
            error = f"RMS error {found.hamiltonian.rms_error:.3g}"
            self._remark(f"note: {self.name} holds a truncated Hamiltonian ({error}); its energies are used as costs.")
        source = found.hamiltonian if given is None else given
        if source is None and (source := self.task) is None:
            raise InputError(f"{self.name} holds no usable cost, spectrum, Hamiltonian or task.")
        return source

    @cached_property
    def cost(self) -> Cost:
        """The `source`, as a table up to 30 bits unless it is a function. TooLargeError if that does not fit."""
        as_it_is = isinstance(self.source, TableCost | BlackBoxCost) or self.num_bits > self.LARGEST_TABLE
        return self.source if as_it_is else self._tabulated(self.source)

    @cached_property
    def table(self) -> FloatArray:
        """The costs of all configurations: (2^N,). TooLargeError if they do not fit in memory."""
        return (self.cost if isinstance(self.cost, TableCost) else self._tabulated(self.cost)).values

    @cached_property
    def spectrum(self) -> WalshSpectrum:
        """The Walsh spectrum, read or computed."""
        return self.contents.spectrum or WalshSpectrum.from_cost(self.table, threads=self.threads)

    @cached_property
    def hamiltonian(self) -> IsingHamiltonian:
        """The Hamiltonian, read or computed."""
        if isinstance(self._given, IsingHamiltonian):
            return self._given
        stored = self.contents.hamiltonian
        return self.spectrum.hamiltonian() if stored is None else stored

    @property
    def training(self) -> TrainingResult | None:
        """The training in a file; for a study, the variant with the lowest E. None if there is none."""
        study = self.contents.study
        if self.contents.training is not None or study is None or study.lowest is None:
            return self.contents.training
        return study.trainings[study.lowest]

    def circuit(self, training: TrainingResult) -> Ansatz:
        """The circuit of a training for this cost. Errors as in `remake_ansatz`."""
        return remake_ansatz(training.ansatz, self.cost)

    def _tabulated(self, source: Cost) -> TableCost:
        require_table_memory(source.num_bits, "the cost table, spectrum and Hamiltonian", copies=_COPIES)
        with self._progress(f"costs of all 2^{source.num_bits} configurations") as report:
            return tabulate(source, threads=self.threads, progress=report)
