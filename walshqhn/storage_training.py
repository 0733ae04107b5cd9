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


def write_training(
    file: h5py.File, training: TrainingResult, write_array: Callable[[h5py.Group, str, npt.ArrayLike], None]
) -> None:
    """Write ``training`` as group /training of ``file``."""
    group = file.create_group("training")
    runs = training.runs
    for name in ("ansatz", "settings", "accuracies"):
        group.attrs[name] = json.dumps(getattr(training, name))
    group.attrs["seed"] = training.seed
    group.attrs["exact_minimum"] = np.nan if training.exact_minimum is None else training.exact_minimum
    group.attrs["status"] = json.dumps([run.status for run in runs])
    group.attrs["message"] = json.dumps([run.message for run in runs])
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
    status, message = json.loads(group.attrs["status"]), json.loads(group.attrs["message"])
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
        ansatz=json.loads(group.attrs["ansatz"]),
        settings=json.loads(group.attrs["settings"]),
        seed=int(group.attrs["seed"]),
        exact_minimum=None if np.isnan(minimum) else minimum,
        accuracies=json.loads(group.attrs["accuracies"]),
    )
