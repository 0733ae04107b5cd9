"""The native HDF5 file, format version 1.

::

    /                          format, format_version, num_qubits, bit_order, spin, normalisation, provenance
    /cost/values               float64 (2^N,)
    /spectrum/weight           float64 (N+1,)     W(k)
    /spectrum/coefficients     float64 (2^N,)
    /hamiltonian/masks         uint64 (T, ceil(N/64)), without the constant term
    /hamiltonian/coefficients  float64 (T,)       attributes: constant, discarded_weight, max_degree, tolerance
    /task                      attributes: name, spec (JSON), bit_names (JSON)
    /training                  attributes: see `walshqhn.formats.hdf5_training`
    /study                     see `walshqhn.formats.hdf5_study`
    attribute ``complete``     on /, written last

JSON is stored as text of fixed length, which HDF5 checksums with its other bookkeeping; format,
bit_order, spin and normalisation are plain strings, so that h5py shows them as such. Everything
but the root attributes is optional. Files appear whole or not at all; data sets are
chunked, shuffled, compressed and carry Fletcher-32 checksums. Round trips are exact, bit by bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from walshqhn.bits import words_for
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.cost.table import sha256
from walshqhn.formats.hdf5_study import read_study, write_study
from walshqhn.formats.hdf5_training import read_json, read_text, read_training, write_json, write_text, write_training
from walshqhn.spectrum.walsh import WalshSpectrum
from walshqhn.study.plan import Study
from walshqhn.support.arrays import FloatArray
from walshqhn.support.errors import FormatError, InputError, WalshqhnError
from walshqhn.support.files import first_line, write_atomically
from walshqhn.support.provenance import provenance
from walshqhn.training.result import TrainingResult

FORMAT = "walshqhn"
FORMAT_VERSION = 1
_CHUNK = 1 << 16  # values a chunk
_HDF5 = ("v110", "v110")  # from this version on, HDF5 checksums its own bookkeeping and attributes, too


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
        found = {}
        if self.cost is not None:
            found["cost"] = self.cost.size.bit_length() - 1
        if self.spectrum is not None:
            found["spectrum"] = self.spectrum.num_bits
        if self.hamiltonian is not None:
            found["hamiltonian"] = self.hamiltonian.num_qubits
        if self.bit_names is not None:
            found["bit_names"] = len(self.bit_names)
        if self.training is not None:
            found["training"] = len(self.training.best_bits)
        if self.study is not None:
            found["study"] = self.study.num_qubits
        if len(set(found.values())) != 1:
            raise InputError(f"the parts of a file must be on the same number of qubits, got {found or 'no parts'}.")
        return next(iter(found.values()))


def save(path: str | Path, contents: Contents, *, overwrite: bool = False) -> None:
    """Write ``contents`` to ``path``, atomically. UsageError if it exists, unless ``overwrite``."""
    num_qubits = contents.num_qubits
    weights = contents.weights
    if contents.spectrum is not None:
        weights = contents.spectrum.degree_weights()
    elif weights is None and contents.hamiltonian is not None:
        weights = contents.hamiltonian.degree_weights()

    def write(target: Path) -> None:
        with h5py.File(target, "w", libver=_HDF5) as file:
            file.attrs["format"] = FORMAT
            file.attrs["format_version"] = FORMAT_VERSION
            file.attrs["num_qubits"] = num_qubits
            file.attrs["bit_order"] = "little"
            file.attrs["spin"] = "z=(-1)^b"
            file.attrs["normalisation"] = "f = 2^-N sum C chi"
            write_json(file.attrs, "provenance", provenance(**_facts(contents)))
            if contents.cost is not None:
                write_array(file, "cost/values", contents.cost)
            if weights is not None:
                write_array(file, "spectrum/weight", weights)
            if contents.spectrum is not None:
                write_array(file, "spectrum/coefficients", contents.spectrum.coefficients)
            if contents.hamiltonian is not None:
                _write_hamiltonian(file, contents.hamiltonian)
            if contents.task is not None or contents.bit_names is not None:
                group = file.create_group("task")
                write_text(group.attrs, "name", (contents.task or {}).get("name", ""))
                write_json(group.attrs, "spec", contents.task)
                write_json(group.attrs, "bit_names", None if contents.bit_names is None else list(contents.bit_names))
            if contents.training is not None:
                write_training(file, contents.training, write_array)
            if contents.study is not None:
                write_study(file, contents.study, write_array)
            file.attrs["complete"] = True

    write_atomically(path, write, overwrite=overwrite)


def _facts(contents: Contents) -> dict[str, Any]:
    """What the provenance holds besides versions, time and command line."""
    if contents.task is not None:
        checksum = contents.task.get("data", {}).get("sha256")
    else:
        checksum = None if contents.cost is None else sha256(contents.cost)
    return {"seed": None, "config": None, "input_sha256": checksum} | contents.provenance


def load(path: str | Path) -> Contents:
    """Read a file written by `save`.

    Raises
    ------
    FormatError
        Not a walshqhn file, truncated or damaged, inconsistent, or of a newer format version.
    InputError
        No such file.
    """
    file = Path(path)
    if not file.is_file():
        raise InputError(f"no such file: {file}")
    try:
        if not h5py.is_hdf5(file):
            raise FormatError(f"{file} is not a walshqhn file: not HDF5, or cut off at its beginning.")
        with h5py.File(file, "r") as h5:
            _check_header(file, h5)
            return _read(h5)
    except WalshqhnError as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError(f"{file} is damaged: {error}") from error
    except (OSError, KeyError, ValueError, TypeError, RuntimeError, OverflowError, MemoryError) as error:
        raise FormatError(f"{file} is truncated or damaged ({first_line(error)}).") from error


def save_part(path: str | Path, part: str, value: Any, *, overwrite: bool = False) -> None:
    """Write a file with nothing but ``value``, a part of `Contents`."""
    save(path, Contents(**{part: value}), overwrite=overwrite)


def load_part(path: str | Path, part: str) -> Any:
    """A part of a file's `Contents`. InputError if it is not there; else as `load`."""
    found = getattr(load(path), part)
    if found is None:
        raise InputError(f"{path} holds no {part.title() if part == 'hamiltonian' else part}.")
    return found


def is_native(path: str | Path) -> bool:
    """Whether ``path`` is an HDF5 file that says it is ours."""
    try:
        with h5py.File(path, "r") as h5:
            return read_text(h5.attrs, "format") == FORMAT
    except OSError:
        return False


def write_array(group: h5py.Group, name: str, values: npt.ArrayLike) -> None:
    """A chunked, shuffled, compressed and checksummed data set (an empty one is stored plainly)."""
    array = np.asarray(values)
    if array.size == 0:
        group.create_dataset(name, data=array)
        return
    rows = max(1, min(array.shape[0], _CHUNK // max(1, array[0].size)))
    group.create_dataset(
        name,
        data=array,
        chunks=(rows, *array.shape[1:]),
        shuffle=True,
        compression="gzip",
        compression_opts=1,  # higher levels gain little on mantissas and cost much
        fletcher32=True,
    )


def _write_hamiltonian(file: h5py.File, hamiltonian: IsingHamiltonian) -> None:
    group = file.create_group("hamiltonian")
    write_array(group, "masks", hamiltonian.masks)
    write_array(group, "coefficients", hamiltonian.coefficients)
    group.attrs["constant"] = hamiltonian.constant
    group.attrs["discarded_weight"] = hamiltonian.discarded_weight
    group.attrs["max_degree"] = -1 if hamiltonian.max_degree is None else hamiltonian.max_degree
    group.attrs["tolerance"] = hamiltonian.tolerance


def _check_header(path: Path, h5: h5py.File) -> None:
    if read_text(h5.attrs, "format") != FORMAT:
        raise FormatError(f"{path} is not a walshqhn file (its format attribute is {read_text(h5.attrs, 'format')!r}).")
    found = int(h5.attrs["format_version"])
    if found > FORMAT_VERSION:
        raise FormatError(
            f"{path} has format version {found}, this walshqhn reads up to {FORMAT_VERSION}: upgrade walshqhn."
        )
    for name, expected in (("bit_order", "little"), ("spin", "z=(-1)^b")):
        if name not in h5.attrs:
            raise FormatError(f"{path} is damaged: attribute {name} is missing.")
        if read_text(h5.attrs, name) != expected:
            raise FormatError(f"{path}: {name} must be {expected!r}, got {read_text(h5.attrs, name)!r}.")
    if not h5.attrs.get("complete", False):
        raise FormatError(f"{path} is incomplete: writing it was cut short.")


def _array(h5: h5py.File, name: str, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """A data set of finite numbers of that ``shape`` (-1: any length)."""
    array = np.asarray(h5[name])
    fits = array.ndim == len(shape) and all(s in (-1, a) for s, a in zip(shape, array.shape, strict=True))
    if not fits:
        raise FormatError(f"{h5.filename} is damaged: /{name} has shape {array.shape}, expected {shape}.")
    if array.dtype.kind not in "biuf" or not np.isfinite(array).all():
        raise FormatError(f"{h5.filename} is damaged: /{name} must hold finite numbers.")
    return array


def _read(h5: h5py.File) -> Contents:
    n = int(h5.attrs["num_qubits"])
    if n < 0 or (n > 62 and ("cost" in h5 or "spectrum/coefficients" in h5)):
        raise FormatError(f"{h5.filename} is damaged: it claims to be on {n} qubits.")
    size = 1 << min(n, 62)
    cost = _array(h5, "cost/values", (size,)) if "cost" in h5 else None
    spectrum = WalshSpectrum(_array(h5, "spectrum/coefficients", (size,))) if "spectrum/coefficients" in h5 else None
    weights = _array(h5, "spectrum/weight", (n + 1,)) if "spectrum" in h5 else None
    if spectrum is not None and weights is not None:
        scale = float(weights.max(initial=0.0))
        if not np.allclose(spectrum.degree_weights(), weights, rtol=1e-9, atol=1e-12 * scale):
            raise FormatError(f"{h5.filename} is damaged: W(k) does not belong to the coefficients.")
    hamiltonian = None
    if cost is not None and spectrum is not None:
        scale = float(np.abs(cost).max()) or 1.0
        total = np.square(cost / scale).mean() - np.square(spectrum.coefficients / scale).sum()
        if abs(total) > 1e-9 or abs(cost.mean() - spectrum.mean) > 1e-9 * scale:
            raise FormatError(f"{h5.filename} is damaged: the spectrum does not belong to the cost.")
    if "hamiltonian" in h5:
        masks = _array(h5, "hamiltonian/masks", (-1, words_for(n)))
        values = _array(h5, "hamiltonian/coefficients", (len(masks),))
        attrs = h5["hamiltonian"].attrs
        max_degree = int(attrs["max_degree"])
        hamiltonian = IsingHamiltonian(
            num_qubits=n,
            masks=masks,
            coefficients=values,
            constant=float(attrs["constant"]),
            discarded_weight=float(attrs["discarded_weight"]),
            max_degree=None if max_degree < 0 else max_degree,
            tolerance=float(attrs["tolerance"]),
        )
    task = names = None
    if "task" in h5:
        task, names = (read_json(h5["task"].attrs, name) for name in ("spec", "bit_names"))
        if names is not None and len({*names}) != n:
            raise FormatError(f"{h5.filename} is damaged: {len({*names})} different names for {n} bits.")
        if task is not None and not {"name", "options", "data"} <= dict(task).keys():
            raise FormatError(f"{h5.filename} is damaged: the description of its task is incomplete.")
    return Contents(
        cost=cost,
        spectrum=spectrum,
        hamiltonian=hamiltonian,
        task=task,
        bit_names=names,
        training=read_training(h5, n),
        study=read_study(h5, n),
        weights=weights,
        provenance=dict(read_json(h5.attrs, "provenance")),
    )
