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
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from walshqhn.errors import FormatError
from walshqhn.vqa.result import RunResult, TrainingResult


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
    group.attrs["completed_runs"] = len(runs)


def read_training(file: h5py.File, num_qubits: int) -> TrainingResult | None:
    """The training in ``file``; None if there is none. FormatError if its parts do not fit together."""
    if "training" not in file:
        return None
    group = file["training"]
    completed = int(group.attrs["completed_runs"])
    arrays: dict[str, npt.NDArray[Any]] = {name: np.asarray(group[name]) for name in group}
    status, message = read_json(group.attrs, "status"), read_json(group.attrs, "message")
    per_run = [len(a) for name, a in arrays.items() if name not in ("history", "gradient_norms")]
    lengths, bits = arrays["history_length"], arrays["best_bits"]
    if (
        completed < 1
        or {*per_run, len(status), len(message)} != {completed}
        or lengths.min() < 0
        or not lengths.sum() == len(arrays["history"]) == len(arrays["gradient_norms"])
        or arrays["parameters"].ndim != 2
        or bits.shape != (completed, num_qubits)
        or bits.max(initial=0) > 1
    ):
        raise FormatError(f"{file.filename} is damaged: the parts of /training do not fit together.")
    cuts = np.cumsum(lengths)[:-1]
    histories, norms = np.split(arrays["history"], cuts), np.split(arrays["gradient_norms"], cuts)
    runs = tuple(
        RunResult(
            index=int(arrays["index"][k]),
            parameters=arrays["parameters"][k],
            value=float(arrays["value"][k]),
            history=histories[k],
            gradient_norms=norms[k],
            evaluations=int(arrays["evaluations"][k]),
            status=status[k],
            message=message[k],
            seconds=float(arrays["seconds"][k]),
            best_bits=arrays["best_bits"][k],
            best_cost=float(arrays["best_cost"][k]),
        )
        for k in range(completed)
    )
    minimum = float(group.attrs["exact_minimum"])
    return TrainingResult(
        runs=runs,
        ansatz=read_json(group.attrs, "ansatz"),
        settings=read_json(group.attrs, "settings"),
        seed=int(group.attrs["seed"]),
        exact_minimum=None if np.isnan(minimum) else minimum,
        accuracies=read_json(group.attrs, "accuracies"),
    )
