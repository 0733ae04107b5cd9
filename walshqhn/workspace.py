"""A task or a file, and what follows from it: cost, spectrum, Hamiltonian, results; each made once, when asked for."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from pathlib import Path
from typing import Any

from walshqhn.binn.catalog import list_tasks, load_task, load_task_from_spec
from walshqhn.binn.task import Task
from walshqhn.circuits.ansatz import Ansatz
from walshqhn.circuits.spec import remake_ansatz
from walshqhn.cost.base import Cost, Progress, require_table_memory
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.cost.read import read_cost_table
from walshqhn.cost.table import TableCost, tabulate
from walshqhn.formats.hdf5 import Contents, load_if_native
from walshqhn.spectrum.walsh import WalshSpectrum
from walshqhn.support.arrays import FloatArray
from walshqhn.support.errors import InputError, UsageError, WalshqhnError, unknown_name
from walshqhn.support.resources import resolve_threads
from walshqhn.training.result import TrainingResult

_COPIES = 14  # tables of 2^N numbers there are at the worst moment of a command, as measured
_HDF5 = (".h5", ".hdf5")


class Workspace:
    """What a task or a file holds, and what follows from it.

    Parameters
    ----------
    name
        What it is called.
    source
        A task or another cost, or the contents of a native file.
    threads
        As `resolve_threads` takes it.
    progress
        Called with a text before long work; enters the context it returns, and calls what that gives with the
        fraction done.
    remark
        Called with what the user should know; default: a warning.
    """

    LARGEST_TABLE = 30
    """Bits; beyond that costs are computed where they are needed."""

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
        """Of a native file; empty for anything else."""
        self._progress = progress or (lambda text: nullcontext(lambda fraction: None))
        self._remark = remark or (lambda text: warnings.warn(text, stacklevel=4))

    @classmethod
    def open(cls, source: str | Path, options: Mapping[str, Any] | None = None, **settings: Any) -> Workspace:
        """The task or the file that ``source`` names.

        Parameters
        ----------
        source
            A task of `list_tasks`, a native file, or a cost table as `read_cost_table` takes it.
        options
            Of the task, as for `load_task`; files have none.
        settings
            ``threads``, ``progress`` and ``remark`` as above.

        Raises
        ------
        UsageError
            Unknown task or option.
        InputError, FormatError
            A file that is missing, or that cannot be used.
        """
        resolve_threads(settings.get("threads"))
        name, path = str(source), Path(source)
        if name in list_tasks():
            return cls(name, load_task(name, **(options or {})), **settings)
        if not path.exists() and not path.suffix:
            raise unknown_name("task", name, list_tasks())
        if options:
            raise UsageError(f"{name} is a file; only tasks have options of their own.")
        if path.suffix.lower() in _HDF5 and (found := load_if_native(path)) is not None:
            return cls(name, found, **settings)
        return cls(name, TableCost(read_cost_table(path)), **settings)

    @property
    def num_bits(self) -> int:
        """N."""
        return self.contents.num_qubits if self._given is None else self._given.num_bits

    @property
    def spec(self) -> dict[str, Any] | None:
        """The task's description, for storage; None if there is no task."""
        return self._given.spec if isinstance(self._given, Task) else self.contents.task

    @cached_property
    def task(self) -> Task | None:
        """The task; for a file made again, if its data is at hand. None, with a remark, if it is not."""
        if isinstance(self._given, Task):
            return self._given
        if self.spec is None:
            return None
        try:
            return load_task_from_spec(self.spec)
        except WalshqhnError as error:
            self._remark(f"note: accuracies are not available, {error}")
            return None

    @cached_property
    def bit_names(self) -> tuple[str, ...]:
        """Names of the bits."""
        if self._given is not None:
            return self._given.bit_names
        return tuple(self.contents.bit_names or (f"b[{j}]" for j in range(self.num_bits)))

    @cached_property
    def cost(self) -> Cost:
        """The cost: a table up to 30 bits, beyond that the Hamiltonian or the task itself.

        InputError if the file holds nothing that it follows from; TooLargeError if it does not fit in memory.
        """
        found, given = self.contents, self._given
        if isinstance(given, TableCost):
            return given
        if found.cost is not None:
            return TableCost(found.cost, self.bit_names)
        if found.spectrum is not None:
            return TableCost(found.spectrum.cost_table(threads=self.threads), self.bit_names)
        if found.hamiltonian is not None and found.hamiltonian.is_truncated:
            error = f"RMS error {found.hamiltonian.rms_error:.3g}"
            self._remark(f"note: {self.name} holds a truncated Hamiltonian ({error}); its energies are the cost here.")
        source = given if given is not None else found.hamiltonian
        source = source if source is not None else self.task
        if source is None:
            raise InputError(f"{self.name} holds no cost, spectrum, Hamiltonian or task that can be used.")
        return source if self.num_bits > self.LARGEST_TABLE else self._tabulated(source)

    @cached_property
    def table(self) -> FloatArray:
        """The cost of all configurations: (2^N,). TooLargeError if it does not fit in memory."""
        return (self.cost if isinstance(self.cost, TableCost) else self._tabulated(self.cost)).values

    @cached_property
    def spectrum(self) -> WalshSpectrum:
        """The Walsh spectrum, read or computed."""
        return self.contents.spectrum or WalshSpectrum.from_cost(self.table, threads=self.threads)

    @cached_property
    def hamiltonian(self) -> IsingHamiltonian:
        """The Hamiltonian, read or computed."""
        stored = self.contents.hamiltonian
        return self.spectrum.hamiltonian() if stored is None else stored

    @property
    def training(self) -> TrainingResult | None:
        """The training that a file holds; of a study, that of the variant whose best run has the least E."""
        study = self.contents.study
        if self.contents.training is not None or study is None or not study.done:
            return self.contents.training
        return study.trainings[min(study.trainings, key=lambda v: float(study.energies(v).min()))]

    def circuit(self, training: TrainingResult) -> Ansatz:
        """The circuit of a training for this cost. Errors as `remake_ansatz`."""
        return remake_ansatz(training.ansatz, self.cost)

    def _tabulated(self, source: Cost) -> TableCost:
        require_table_memory(source.num_bits, "the cost table, spectrum and Hamiltonian", copies=_COPIES)
        with self._progress(f"costs of all 2^{source.num_bits} configurations") as report:
            return tabulate(source, threads=self.threads, progress=report)
