"""The native HDF5 file, format version 1; `walshqhn.formats.layout` says what is in it.

Everything but the root attributes is optional. Files appear whole or not at all; data sets are chunked, shuffled,
compressed and carry Fletcher-32 checksums. Round trips are exact, bit by bit.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from walshqhn.bits import bits_to_index, words_for
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.cost.table import sha256
from walshqhn.formats import access, layout
from walshqhn.formats.access import at
from walshqhn.formats.records import read_study, read_training, write_study, write_training
from walshqhn.spectrum.walsh import WalshSpectrum
from walshqhn.study.plan import Study
from walshqhn.support.arrays import FloatArray
from walshqhn.support.checks import check_text, check_whole
from walshqhn.support.errors import FormatError, InputError
from walshqhn.support.files import first_line, write_atomically
from walshqhn.support.provenance import provenance
from walshqhn.training.result import TrainingResult

_ROUNDING = 1e-9  # relative; what numbers may differ by that follow from each other
_MOST_QUBITS = 1 << 32


@dataclass(frozen=True, eq=False)
class Contents:
    """What a file holds; every part is optional, but all are on the same N."""

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
    """(N+1,), W(k); with a spectrum or a Hamiltonian it follows from them."""
    provenance: dict[str, Any] = field(default_factory=dict)
    """On saving: facts to add; on loading: all there is."""

    @property
    def num_qubits(self) -> int:
        """N. InputError if there is nothing it follows from, or the parts disagree."""
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
            raise InputError(f"the parts of a file must be on the same number of qubits, got {found or 'no parts'}.")
        return next(iter(found.values()))


def save(path: str | Path, contents: Contents, *, overwrite: bool = False) -> None:
    """Write ``contents`` to ``path``, atomically. UsageError if it exists, unless ``overwrite``."""
    _ = contents.num_qubits  # before anything is written

    def write(target: Path) -> None:
        image = io.BytesIO()
        access.fill_image(image, lambda file: write_contents(file, contents))
        access.write_image(image, target)

    write_atomically(path, write, overwrite=overwrite)


def load(path: str | Path) -> Contents:
    """Read a file written by `save`.

    Raises
    ------
    FormatError
        Not a walshqhn file, truncated or damaged, inconsistent, or of a newer format version.
    InputError
        No such file, or one that another process is writing.
    """
    found = load_if_native(path)
    if found is None:
        raise FormatError(f"{path} is not a walshqhn file.")
    return found


def load_if_native(path: str | Path) -> Contents | None:
    """As `load`; None for an HDF5 file of another program."""
    file = Path(path)
    if not file.is_file():
        raise InputError(f"no such file: {file}")
    try:
        with at("it cannot be read"), h5py.File(file, "r", locking="best-effort") as h5:
            own = layout.HEADER[0].name in h5.attrs and access.read_attribute(h5, layout.HEADER[0]) == layout.FORMAT
            return _read(h5) if own else None
    except FormatError as error:
        if isinstance(error.__cause__, BlockingIOError):
            raise InputError(f"{file} is in use by another process.") from error
        if isinstance(error.__cause__, PermissionError):
            raise InputError(f"{file} cannot be read: permission denied.") from error
        if "file signature not found" in str(error):
            raise FormatError(f"{file} is not a walshqhn file: not HDF5, or cut off at its beginning.") from error
        raise FormatError(f"{file} is truncated or damaged: {first_line(error)}") from error


def save_part(path: str | Path, part: str, value: Any, *, overwrite: bool = False) -> None:
    """Write a file with nothing but ``value``, a part of `Contents`."""
    save(path, Contents(**{part: value}), overwrite=overwrite)


def load_part(path: str | Path, part: str) -> Any:
    """A part of a file's `Contents`. InputError if it is not there; else as `load`."""
    found = getattr(load(path), part)
    if found is None:
        raise InputError(f"{path} holds no {part.title() if part == 'hamiltonian' else part}.")
    return found


# --- writing ---------------------------------------------------------------------------------------


def write_contents(file: h5py.File, contents: Contents) -> None:
    """Write all of ``contents`` into an empty file."""
    header = {"format": layout.FORMAT, "format_version": layout.FORMAT_VERSION, "num_qubits": contents.num_qubits}
    header |= {**layout.CONVENTIONS, "provenance": provenance(**_facts(contents))}
    access.write_attributes(file, layout.HEADER, header)
    weights = contents.weights
    if contents.spectrum is not None:
        weights = contents.spectrum.degree_weights()
    elif weights is None and contents.hamiltonian is not None:
        weights = contents.hamiltonian.degree_weights()
    if contents.cost is not None:
        access.write_column(file.create_group("cost"), layout.COST[0], contents.cost)
    if weights is not None:
        access.write_column(file.create_group("spectrum"), layout.SPECTRUM[0], weights)
    if contents.spectrum is not None:
        access.write_column(file["spectrum"], layout.SPECTRUM[1], contents.spectrum.coefficients)
    if contents.hamiltonian is not None:
        _write_hamiltonian(file.create_group("hamiltonian"), contents.hamiltonian)
    names = list(contents.bit_names or (contents.hamiltonian.names if contents.hamiltonian is not None else ()))
    if contents.task is not None or names:
        values = {"name": (contents.task or {}).get("name", ""), "spec": contents.task, "bit_names": names or None}
        access.write_attributes(file.create_group("task"), layout.TASK_ATTRIBUTES, values)
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


def _facts(contents: Contents) -> dict[str, Any]:
    """What the provenance holds besides versions, time and command line."""
    if contents.task is not None:
        checksum = contents.task.get("data", {}).get("sha256")
    else:
        checksum = None if contents.cost is None else sha256(contents.cost)
    return {"seed": None, "config": None, "input_sha256": checksum} | contents.provenance


# --- reading ---------------------------------------------------------------------------------------


def _read(h5: h5py.File) -> Contents:
    header = _read_header(h5)
    n = header["num_qubits"]
    sizes = {"N": n, "N+1": n + 1, "2^N": 1 << min(n, 62), "words": words_for(n)}
    groups = {
        name: access.open_group(h5, name) for name in ("cost", "spectrum", "hamiltonian", "task", "training", "study")
    }
    cost = None if groups["cost"] is None else access.read_column(groups["cost"], layout.COST[0], sizes)
    weights = spectrum = hamiltonian = None
    if groups["spectrum"] is not None:
        weights = access.read_column(groups["spectrum"], layout.SPECTRUM[0], sizes)
        if layout.SPECTRUM[1].name in groups["spectrum"]:
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
    if cost is not None:
        for place, result in (("/training", training), ("/study", study)):
            _check_result(place, result, cost)
    return Contents(cost, spectrum, hamiltonian, task, names, training, study, weights, header["provenance"])


def _read_header(h5: h5py.File) -> dict[str, Any]:
    """The root attributes. FormatError for conventions or a version that are not ours."""
    version = access.read_attribute(h5, layout.HEADER[1])
    if version > layout.FORMAT_VERSION:
        known = f"this walshqhn reads up to {layout.FORMAT_VERSION}"
        raise FormatError(f"format version {version}, {known}: upgrade walshqhn.")
    found = access.read_attributes(h5, layout.HEADER)
    for name, expected in layout.CONVENTIONS.items():
        if found[name] != expected:
            raise FormatError(f"/@{name} must be {expected!r}, got {found[name]!r}")
    if not found["complete"]:
        raise FormatError("it is incomplete: writing it was cut short")
    if not isinstance(found["provenance"], dict):
        raise FormatError("/@provenance must be a table")
    with at("/"):
        check_whole("format_version", version, 1)
        check_whole("num_qubits", found["num_qubits"], 0, _MOST_QUBITS)
    return found


def _check_spectrum(spectrum: WalshSpectrum, weights: FloatArray, cost: FloatArray | None) -> None:
    scale = float(weights.max(initial=0.0))
    if not np.allclose(spectrum.degree_weights(), weights, rtol=_ROUNDING, atol=1e-12 * scale):
        raise FormatError("/spectrum: W(k) does not belong to the coefficients")
    if cost is not None:
        scale = float(np.abs(cost).max()) or 1.0
        total = np.square(cost / scale).mean() - np.square(spectrum.coefficients / scale).sum()
        if abs(total) > _ROUNDING or abs(cost.mean() - spectrum.mean) > _ROUNDING * scale:
            raise FormatError("/spectrum: it does not belong to the cost")


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


def _check_result(place: str, result: TrainingResult | Study | None, cost: FloatArray) -> None:
    """Refuse a result that contradicts the cost table beside it."""
    if result is None:
        return
    tolerance = _ROUNDING * (float(np.abs(cost).max()) or 1.0)
    if result.exact_minimum is not None and abs(result.exact_minimum - float(cost.min())) > tolerance:
        raise FormatError(f"{place}@exact_minimum is not the least value of /cost/values")
    for training in result.trainings.values() if isinstance(result, Study) else (result,):
        found = cost[bits_to_index(np.stack([run.best_bits for run in training.runs]))]
        if np.abs(found - [run.best_cost for run in training.runs]).max() > tolerance:
            raise FormatError(f"{place}: best_cost is not what /cost/values says of best_bits")
