"""The native HDF5 file, format version 1, whose contents `walshqhn.formats.layout` lists.

Everything but the root attributes is optional. Files are written completely or not at all; data sets are chunked,
shuffled, compressed and carry Fletcher-32 checksums. Round trips are exact, bit by bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import h5py
import numpy as np

from walshqhn.bits import bits_to_index, words_for
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.cost.table import sha256
from walshqhn.cost.truncation import known_weights
from walshqhn.formats import access, layout
from walshqhn.formats.records import read_study, read_training, write_study, write_training
from walshqhn.spectrum.walsh import WalshSpectrum
from walshqhn.study.plan import Study
from walshqhn.support.arrays import FloatArray
from walshqhn.support.checks import check_text, check_whole
from walshqhn.support.errors import FormatError, InputError
from walshqhn.support.files import write_atomically
from walshqhn.support.hdf5 import at, holds, open_hdf5
from walshqhn.support.provenance import provenance
from walshqhn.support.resources import available_memory
from walshqhn.training.result import TrainingResult

_ROUNDING = 1e-9  # relative difference allowed between stored numbers that follow from each other
_MOST_QUBITS = 1 << 32


class Described(Protocol):
    """A `Task` or a `walshqhn.Workspace`."""

    @property
    def spec(self) -> dict[str, Any] | None: ...

    @property
    def bit_names(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, eq=False)
class Contents:
    """What a file holds. Every part is optional; all must have the same N."""

    cost: FloatArray | None = None
    """(2^N,)"""
    spectrum: WalshSpectrum | None = None
    hamiltonian: IsingHamiltonian | None = None
    task: dict[str, Any] | None = None
    """`Task.spec`"""
    bit_names: Sequence[str] | None = None
    training: TrainingResult | None = None
    study: Study | None = None
    weights: FloatArray | None = None
    """(N+1,), W(k), NaN: unknown; ignored on saving if there is a spectrum or a Hamiltonian to compute it from."""
    provenance: dict[str, Any] = field(default_factory=dict)
    """On saving: facts to add; on loading: everything that was stored."""

    @classmethod
    def of(cls, source: Described, **parts: Any) -> Contents:
        """The ``parts`` of a file, with the task and bit names of ``source``."""
        return cls(task=source.spec, bit_names=source.bit_names, **parts)

    @property
    def num_qubits(self) -> int:
        """N. InputError if no part determines it, or the parts disagree."""
        sizes = {
            "cost": None if self.cost is None else self.cost.size.bit_length() - 1,
            "spectrum": None if self.spectrum is None else self.spectrum.num_bits,
            "hamiltonian": None if self.hamiltonian is None else self.hamiltonian.num_qubits,
            "bit_names": None if self.bit_names is None else len(self.bit_names),
            "training": None if self.training is None else len(self.training.best_bits),
            "study": None if self.study is None else self.study.num_qubits,
        }
        found = {part: size for part, size in sizes.items() if size is not None}
        if len(set(found.values())) != 1:
            raise InputError(f"the parts of a file must have the same number of qubits, got {found or 'no parts'}.")
        return next(iter(found.values()))


def save(path: str | Path, contents: Contents, *, overwrite: bool = False) -> None:
    """Write ``contents`` to ``path``, atomically. UsageError if it exists, unless ``overwrite``."""

    def write(target: Path) -> None:
        access.write_file(target, lambda file: write_contents(file, contents))

    write_atomically(path, write, overwrite=overwrite)


def load(path: str | Path) -> Contents:
    """Read a file written by `save`.

    Raises
    ------
    FormatError
        Not a walshqhn file, truncated, damaged, inconsistent, or of a newer format version.
    InputError
        No such file, or another process is writing it.
    """
    found = load_if_native(path)
    if found is None:
        raise FormatError(f"{path} is not a walshqhn file.")
    return found


def load_if_native(path: str | Path) -> Contents | None:
    """Like `load`, but None for an HDF5 file of another program."""
    with open_hdf5(path) as h5:
        own = layout.HEADER[0].name in h5.attrs and access.read_attribute(h5, layout.HEADER[0]) == layout.FORMAT
        return _read(h5) if own else None


def save_part(path: str | Path, part: str, value: Any, *, overwrite: bool = False) -> None:
    """Write a file that holds only ``value``, a part of `Contents`."""
    save(path, Contents(**{part: value}), overwrite=overwrite)


def load_part(path: str | Path, part: str) -> Any:
    """A part of a file's `Contents`. InputError if it is missing; other errors as for `load`."""
    found = getattr(load(path), part)
    if found is None:
        raise InputError(f"{path} holds no {part.title() if part == 'hamiltonian' else part}.")
    return found


# --- writing ---------------------------------------------------------------------------------------


def write_contents(file: h5py.File, contents: Contents) -> None:
    """Write all of ``contents`` into an empty file."""
    cost, spectrum, hamiltonian, task = contents.cost, contents.spectrum, contents.hamiltonian, contents.task
    header = {"format": layout.FORMAT, "format_version": layout.FORMAT_VERSION, "num_qubits": contents.num_qubits}
    checksum = (task or {}).get("data", {}).get("sha256")
    if task is None and cost is not None:
        checksum = sha256(cost)
    facts = {"seed": None, "config": None, "input_sha256": checksum} | contents.provenance
    access.write_attributes(file, layout.HEADER, header | layout.CONVENTIONS | {"provenance": provenance(**facts)})
    weights = contents.weights
    if spectrum is not None:
        weights = spectrum.degree_weights()
    elif hamiltonian is not None:
        known = known_weights(hamiltonian)[0]
        weights = np.pad(known, (0, hamiltonian.num_qubits + 1 - len(known)), constant_values=np.nan)
    coefficients = None if spectrum is None else spectrum.coefficients
    weight, all_coefficients = layout.SPECTRUM
    arrays = ("cost", layout.COST[0], cost), ("spectrum", weight, weights), ("spectrum", all_coefficients, coefficients)
    for group, column, values in arrays:
        if values is not None:
            access.write_column(file.require_group(group), column, values)
    if hamiltonian is not None:
        _write_hamiltonian(file.create_group("hamiltonian"), hamiltonian)
    names = list(contents.bit_names or (() if hamiltonian is None else hamiltonian.names))
    if task is not None or names:
        described = {"name": (task or {}).get("name", ""), "spec": task, "bit_names": names or None}
        access.write_attributes(file.create_group("task"), layout.TASK_ATTRIBUTES, described)
    if contents.training is not None:
        write_training(file.create_group("training"), contents.training, contents.training.runs)
    if contents.study is not None:
        runs = {v: training.runs for v, training in contents.study.trainings.items()}
        write_study(file.create_group("study"), contents.study, runs)
    access.write_attributes(file, layout.HEADER, {"complete": True})


def _write_hamiltonian(group: h5py.Group, hamiltonian: IsingHamiltonian) -> None:
    for column in layout.HAMILTONIAN:
        access.write_column(group, column, getattr(hamiltonian, column.name))
    values = {a.name: getattr(hamiltonian, a.name) for a in layout.HAMILTONIAN_ATTRIBUTES}
    values["max_degree"] = -1 if hamiltonian.max_degree is None else hamiltonian.max_degree
    access.write_attributes(group, layout.HAMILTONIAN_ATTRIBUTES, values)


# --- reading ---------------------------------------------------------------------------------------


def _read(h5: h5py.File) -> Contents:
    header = _read_header(h5)
    n = header["num_qubits"]
    sizes = {"N": n, "N+1": n + 1, "2^N": 1 << min(n, 62), "words": words_for(n)}
    parts = ("cost", "spectrum", "hamiltonian", "task", "training", "study")
    groups = {name: access.open_group(h5, name) for name in parts}
    cost = None if groups["cost"] is None else access.read_column(groups["cost"], layout.COST[0], sizes)
    weights = spectrum = hamiltonian = None
    if groups["spectrum"] is not None:
        weights = access.read_column(groups["spectrum"], layout.SPECTRUM[0], sizes)
        if holds(groups["spectrum"], layout.SPECTRUM[1].name):
            spectrum = WalshSpectrum(access.read_column(groups["spectrum"], layout.SPECTRUM[1], sizes))
            _check_spectrum(spectrum, weights, cost)
    task = names = None
    if groups["task"] is not None:
        with at("/task"):
            task, names = _read_task(access.read_attributes(groups["task"], layout.TASK_ATTRIBUTES), n)
    if groups["hamiltonian"] is not None:
        with at("/hamiltonian"):
            hamiltonian = _read_hamiltonian(groups["hamiltonian"], sizes, n, tuple(names or ()))
    training = None if groups["training"] is None else read_training(groups["training"], n)
    study = None if groups["study"] is None else read_study(groups["study"], n)
    for place, result in (("/training", training), ("/study", study)):
        if cost is not None and result is not None:
            _check_result(place, result, cost)
    return Contents(cost, spectrum, hamiltonian, task, names, training, study, weights, header["provenance"])


def _read_header(h5: h5py.File) -> dict[str, Any]:
    """The root attributes. FormatError for other conventions or a newer version."""
    version = access.read_attribute(h5, layout.HEADER[1])
    if version > layout.FORMAT_VERSION:
        known = f"this walshqhn reads versions up to {layout.FORMAT_VERSION}"
        raise FormatError(f"format version {version}, but {known}: upgrade walshqhn.")
    found = access.read_attributes(h5, layout.HEADER)
    for name, expected in layout.CONVENTIONS.items():
        if found[name] != expected:
            raise FormatError(f"/@{name} must be {expected!r}, got {found[name]!r}")
    if not found["complete"]:
        raise FormatError("it is incomplete: writing was interrupted")
    made = found["provenance"]
    if not isinstance(made, dict):
        raise FormatError("/@provenance must be a table")
    for name, kind, what in (("versions", dict, "table"), ("argv", list, "list")):
        if not isinstance(made.get(name), kind | None):
            raise FormatError(f"/@provenance: {name} must be a {what}, got {type(made[name]).__name__}")
    with at("/"):
        check_whole("format_version", version, 1)
        check_whole("num_qubits", found["num_qubits"], 0, _MOST_QUBITS)
    return found


def _check_spectrum(spectrum: WalshSpectrum, weights: FloatArray, cost: FloatArray | None) -> None:
    scale = float(weights.max(initial=0.0))
    if not np.allclose(spectrum.degree_weights(), weights, rtol=_ROUNDING, atol=1e-12 * scale):
        raise FormatError("/spectrum: W(k) does not match the coefficients")
    if cost is not None:
        scale = float(np.abs(cost).max()) or 1.0
        if 4 * cost.nbytes < available_memory():
            difference = float(np.abs(spectrum.cost_table() - cost).max())
        else:  # only what takes no memory: the mean, and the mean of the squares
            squares = float(np.dot(cost / scale, cost / scale)) / cost.size - float(weights.sum()) / scale**2
            difference = max(abs(float(cost.mean()) - spectrum.mean), abs(squares) * scale)
        if difference > _ROUNDING * scale:
            raise FormatError("/spectrum does not match the cost")


def _read_hamiltonian(group: h5py.Group, sizes: dict[str, int], n: int, names: tuple[str, ...]) -> IsingHamiltonian:
    values = access.read_attributes(group, layout.HAMILTONIAN_ATTRIBUTES)
    values["max_degree"] = None if values["max_degree"] == -1 else check_whole("max_degree", values["max_degree"], 0)
    masks, coefficients = (access.read_column(group, column, sizes) for column in layout.HAMILTONIAN)
    return IsingHamiltonian(n, masks, coefficients, names=names, **values)


def _read_task(values: dict[str, Any], n: int) -> tuple[dict[str, Any] | None, list[str] | None]:
    task, names = values["spec"], values["bit_names"]
    if names is not None and (len({*names}) != n or not all(isinstance(name, str) for name in names)):
        raise FormatError(f"/task@bit_names must be {n} different names, or null")
    if task is not None:
        with at("/task@spec"):
            for text in (task["name"], task["data"]["source"], task["data"]["sha256"]):
                check_text("name, source and checksum", text)
            if not isinstance(task["options"], dict):
                raise FormatError("/task@spec: options must be a table")
    return task, names


def _check_result(place: str, result: TrainingResult | Study, cost: FloatArray) -> None:
    """Refuse a result that contradicts the stored cost table."""
    tolerance = _ROUNDING * (float(np.abs(cost).max()) or 1.0)
    if result.exact_minimum is not None and abs(result.exact_minimum - float(cost.min())) > tolerance:
        raise FormatError(f"{place}@exact_minimum is not the minimum of /cost/values")
    for training in result.trainings.values() if isinstance(result, Study) else (result,):
        found = cost[bits_to_index(np.stack([run.best_bits for run in training.runs]))]
        if np.abs(found - [run.best_cost for run in training.runs]).max() > tolerance:
            raise FormatError(f"{place}: best_cost does not match /cost/values at best_bits")
        sampled = cost[bits_to_index(np.concatenate([run.sampled_bits for run in training.runs]))]
        costs = np.concatenate([run.sampled_costs for run in training.runs])
        if np.abs(sampled - costs).max(initial=0.0) > tolerance:
            raise FormatError(f"{place}: sampled_costs do not match /cost/values at sampled_bits")


def unchecked(contents: Contents) -> list[str]:
    """What `load` cannot verify, in words: the file has no second source for it."""
    found = ["who wrote it"]
    if contents.hamiltonian is not None and (contents.cost is not None or contents.spectrum is not None):
        found.append("whether the Hamiltonian is that of the cost")
    if contents.training is not None or contents.study is not None:
        found.append("energies, histories and accuracies")
    if contents.cost is None and (contents.training is not None or contents.study is not None):
        found.append("costs of samples, as there is no table")
    return found
