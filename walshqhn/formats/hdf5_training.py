"""The /training group of the native file.

::

    /training                  ansatz, settings, accuracies (JSON), seed, exact_minimum (NaN: unknown),
                               completed_runs (written last)
    /training/parameters       float64 (runs, num_parameters), best of each run
    /training/value            float64 (runs,)
    /training/best_bits        uint8 (runs, N)
    /training/best_cost, seconds    float64 (runs,)
    /training/index, evaluations    int64 (runs,)
    /training/history          float64 (sum of lengths,), all runs one after the other
    /training/gradient_norms   float64, likewise
    /training/history_length   int64 (runs,)
    attributes status, message (JSON lists)

Files of earlier versions end here; what follows has defaults::

    attributes versions (JSON), architecture (JSON list of what `RunResult` says)
    /training/value_error, energy, energy_error, sampled_value, sampled_error    float64 (runs,)
    /training/shots            int64 (runs,)
    /training/standard_errors, best_so_far, history_shots, history_seconds    float64, like history
    /training/tail_means       float64 (sum of lengths, 3), like history; a column for each of TAIL_FRACTIONS
    /training/bit_means        float64 (runs, N)
    /training/sampled_length   int64 (runs,), K of each run
    /training/sampled_bits     uint8 (sum of K, N), all runs one after the other
    /training/sampled_costs    float64 (sum of K,)
    /training/sampled_counts   int64 (sum of K,)
    /training/sampled_accuracies    float64 (sum of K, 3): train, validation, test; NaN where there is none
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from walshqhn.support.errors import FormatError
from walshqhn.training.result import SPLITS, TAIL_FRACTIONS, RunResult, TrainingResult


def write_text(attrs: h5py.AttributeManager, name: str, text: str) -> None:
    """Store ASCII text of fixed length: HDF5 checksums it, other than text of variable length."""
    attrs[name] = np.bytes_(text.encode("ascii"))


def read_text(attrs: h5py.AttributeManager, name: str) -> str | None:
    """The text of an attribute of fixed or variable length; None if there is none."""
    value = attrs.get(name)
    if value is None:
        return None
    return bytes(value).decode("ascii", "replace") if isinstance(value, bytes) else str(value)


def write_json(attrs: h5py.AttributeManager, name: str, value: Any) -> None:
    """Store ``value`` as JSON."""
    write_text(attrs, name, json.dumps(value))


def read_json(attrs: h5py.AttributeManager, name: str) -> Any:
    """The inverse of `write_json`; KeyError if there is no such attribute."""
    text = read_text(attrs, name)
    if text is None:
        raise KeyError(f"attribute {name} is missing")
    return json.loads(text)


_REQUIRED = (
    "parameters", "value", "best_bits", "best_cost", "seconds", "index", "evaluations", "history", "gradient_norms",
    "history_length",
)  # fmt: skip
_LATER_NUMBERS = ("value_error", "energy", "energy_error", "sampled_value", "sampled_error")
_NUMBERS = ("value", "best_cost", "seconds", *_LATER_NUMBERS)
_PER_ITERATION = (
    "history", "gradient_norms", "standard_errors", "best_so_far", "history_shots", "history_seconds",
    "tail_means",
)  # fmt: skip
_PER_SAMPLE = ("sampled_bits", "sampled_costs", "sampled_counts", "sampled_accuracies")
_PER_RUN = (
    *_NUMBERS, "parameters", "best_bits", "index", "evaluations", "shots", "history_length", "bit_means",
    "sampled_length",
)  # fmt: skip


def write_training(
    file: h5py.File, training: TrainingResult, write_array: Callable[[h5py.Group, str, npt.ArrayLike], None]
) -> None:
    """Write ``training`` as group /training of ``file``."""
    group = file.create_group("training")
    runs = training.runs
    for name in ("ansatz", "settings", "accuracies"):
        write_json(group.attrs, name, getattr(training, name))
    group.attrs["seed"] = training.seed
    group.attrs["exact_minimum"] = np.nan if training.exact_minimum is None else training.exact_minimum
    write_json(group.attrs, "status", [run.status for run in runs])
    write_json(group.attrs, "message", [run.message for run in runs])
    write_array(group, "parameters", np.stack([run.parameters for run in runs]))
    write_array(group, "best_bits", np.stack([run.best_bits for run in runs]))
    for name in ("value", "best_cost", "seconds"):
        write_array(group, name, np.array([getattr(run, name) for run in runs], dtype=np.float64))
    for name in ("index", "evaluations"):
        write_array(group, name, np.array([getattr(run, name) for run in runs], dtype=np.int64))
    for name in ("history", "gradient_norms"):
        write_array(group, name, np.concatenate([getattr(run, name) for run in runs]))
    write_array(group, "history_length", np.array([len(run.history) for run in runs], dtype=np.int64))
    _write_later(group, training, write_array)
    group.attrs["completed_runs"] = len(runs)


def _write_later(
    group: h5py.Group, training: TrainingResult, write_array: Callable[[h5py.Group, str, npt.ArrayLike], None]
) -> None:
    """What files of earlier versions do not hold."""
    runs = training.runs
    write_json(group.attrs, "versions", training.versions)
    write_json(group.attrs, "architecture", [run.architecture for run in runs])
    for name in _LATER_NUMBERS:
        write_array(group, name, np.array([getattr(run, name) for run in runs], dtype=np.float64))
    write_array(group, "shots", np.array([run.shots for run in runs], dtype=np.int64))
    for name in ("standard_errors", "best_so_far", "history_shots", "history_seconds", "tail_means"):
        write_array(group, name, np.concatenate([getattr(run, name) for run in runs]))
    write_array(group, "bit_means", np.stack([run.bit_means for run in runs]))
    write_array(group, "sampled_length", np.array([len(run.sampled_costs) for run in runs], dtype=np.int64))
    for name in ("sampled_bits", "sampled_costs", "sampled_counts"):
        write_array(group, name, np.concatenate([getattr(run, name) for run in runs]))
    columns = [
        np.stack([run.sampled_accuracies.get(s, np.full(len(run.sampled_costs), np.nan)) for s in SPLITS], axis=1)
        for run in runs
    ]
    write_array(group, "sampled_accuracies", np.concatenate(columns))


def read_training(file: h5py.File, num_qubits: int) -> TrainingResult | None:
    """The training in ``file``; None if there is none. FormatError if its parts do not fit together."""
    if "training" not in file:
        return None
    group = file["training"]
    completed = int(group.attrs["completed_runs"])
    arrays: dict[str, npt.NDArray[Any]] = {name: np.asarray(group[name]) for name in {*group, *_REQUIRED}}
    status, message = read_json(group.attrs, "status"), read_json(group.attrs, "message")
    per_run = [len(a) for name, a in arrays.items() if name in _PER_RUN]
    per_iteration = [len(a) for name, a in arrays.items() if name in _PER_ITERATION]
    per_sample = [len(a) for name, a in arrays.items() if name in _PER_SAMPLE]
    lengths, kept = arrays["history_length"], arrays.get("sampled_length", np.zeros(completed, np.int64))
    if (
        completed < 1
        or {*per_run, len(status), len(message)} != {completed}
        or min(lengths.min(), kept.min()) < 0
        or {*per_iteration} != {int(lengths.sum())}
        or not {*per_sample} <= {int(kept.sum())}
        or arrays["parameters"].ndim != 2
        or arrays.get("tail_means", np.zeros((0, len(TAIL_FRACTIONS)))).shape[1:] != (len(TAIL_FRACTIONS),)
        or not _are_bits(arrays["best_bits"], num_qubits)
        or not _are_bits(arrays.get("sampled_bits", np.zeros((0, num_qubits), np.uint8)), num_qubits)
        or arrays.get("bit_means", arrays["best_bits"]).shape != (completed, num_qubits)
    ):
        raise FormatError(f"{file.filename} is damaged: the parts of /training do not fit together.")
    cuts, sampled_cuts = np.cumsum(lengths)[:-1], np.cumsum(kept)[:-1]
    pieces = {name: np.split(arrays[name], cuts) for name in _PER_ITERATION if name in arrays}
    pieces |= {name: np.split(arrays[name], sampled_cuts) for name in _PER_SAMPLE if name in arrays}
    accuracies = pieces.pop("sampled_accuracies", None)
    architecture = read_json(group.attrs, "architecture") if "architecture" in group.attrs else [{}] * completed
    if len(architecture) != completed:
        raise FormatError(f"{file.filename} is damaged: the parts of /training do not fit together.")
    runs = []
    for k in range(completed):
        found: dict[str, Any] = {name: parts[k] for name, parts in pieces.items()}
        found |= {name: int(arrays[name][k]) for name in ("index", "evaluations", "shots") if name in arrays}
        found |= {name: float(arrays[name][k]) for name in _NUMBERS if name in arrays}
        found |= {name: arrays[name][k] for name in ("parameters", "best_bits", "bit_means") if name in arrays}
        found |= {"status": status[k], "message": message[k], "architecture": architecture[k]}
        runs.append(RunResult(**found, sampled_accuracies={} if accuracies is None else _by_split(accuracies[k])))
    minimum = float(group.attrs["exact_minimum"])
    return TrainingResult(
        runs=tuple(runs),
        ansatz=read_json(group.attrs, "ansatz"),
        settings=read_json(group.attrs, "settings"),
        seed=int(group.attrs["seed"]),
        exact_minimum=None if np.isnan(minimum) else minimum,
        accuracies=read_json(group.attrs, "accuracies"),
        versions=read_json(group.attrs, "versions") if "versions" in group.attrs else {},
    )


def _are_bits(bits: npt.NDArray[Any], num_qubits: int) -> bool:
    return bits.ndim == 2 and bits.shape[1] == num_qubits and bits.max(initial=0) <= 1


def _by_split(columns: npt.NDArray[np.float64]) -> dict[str, npt.NDArray[np.float64]]:
    """Split -> accuracies, of those that the task had."""
    found = {split: columns[:, k] for k, split in enumerate(SPLITS)}
    return {split: values for split, values in found.items() if values.size and not np.isnan(values).any()}
