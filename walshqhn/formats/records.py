"""Trainings and studies in native files: /training, /study and /study/K."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from walshqhn.circuits.spec import check_description
from walshqhn.formats import access, layout
from walshqhn.formats.layout import INITIAL, LENGTHS, TRAINING, Column
from walshqhn.study.plan import Plan, Study
from walshqhn.support.checks import check_real, check_text, check_whole
from walshqhn.support.errors import FormatError, UsageError
from walshqhn.support.hdf5 import at, holds
from walshqhn.training.optimizers import OPTIMIZERS
from walshqhn.training.result import REMEDIES, SPLITS, RunResult, TrainingResult
from walshqhn.training.spec import SearchSpec, Variant

_WORDS = ("status", "message", "architecture")
_LATER = {"start": None, "start_noise": 0.1}
"""Settings of a search that came later, and what files without them mean."""
_OBJECTIVES = ("mean", "cvar", "gibbs")

# --- writing ---------------------------------------------------------------------------------------


def write_training(group: h5py.Group, training: TrainingResult, runs: Sequence[RunResult]) -> None:
    """Write ``training`` into its group, adding ``runs``: those not stored yet."""
    if training.initial is not None and INITIAL.name not in group:
        access.write_column(group, INITIAL, np.asarray(training.initial))
    for column in TRAINING:
        access.write_column(group, column, np.concatenate([_rows(run, column) for run in runs]), grows=True)
    values = {a.name: getattr(training, a.name) for a in layout.TRAINING_ATTRIBUTES[:-1]}
    access.write_attributes(group, layout.TRAINING_ATTRIBUTES, values | {"completed_runs": len(group["index"])})


def write_study(group: h5py.Group, study: Study, new: Mapping[int, Sequence[RunResult]]) -> None:
    """Write ``study`` into its group, adding the ``new`` runs of each variant."""
    for v, variant in enumerate(study.plan.variants):
        if str(v) not in group:
            own = group.create_group(str(v))
            access.write_attributes(own, layout.VARIANT_ATTRIBUTES, {"variant": variant.as_dict()})
        if new.get(v):
            write_training(group[str(v)], study.trainings[v], new[v])
    plan = study.plan
    values = {"runs": plan.runs, "seed": plan.seed, "num_variants": len(plan.variants), "completed_runs": study.done}
    more = {"cost_digest": study.cost_digest, "exact_minimum": study.exact_minimum}
    access.write_attributes(group, layout.STUDY_ATTRIBUTES, values | more)


def _rows(run: RunResult, column: Column) -> npt.NDArray[Any]:
    """The rows that a run adds to a column."""
    axis = next((axis for axis, name in LENGTHS.items() if name == column.name), None)
    if axis is not None:
        return np.array([len(_rows(run, next(c for c in TRAINING if c.shape[0] == axis)))])
    if column.name == "words":
        return np.frombuffer(json.dumps({w: getattr(run, w) for w in _WORDS}, allow_nan=False).encode(), np.uint8)
    if column.name == "sampled_accuracies":
        unknown = np.full(len(run.sampled_costs), np.nan)
        return np.stack([run.sampled_accuracies.get(split, unknown) for split in SPLITS], axis=1)
    value = np.asarray(getattr(run, column.name))
    return value[None] if column.shape[0] == "runs" else value


# --- reading ---------------------------------------------------------------------------------------


def read_training(group: h5py.Group, num_qubits: int) -> TrainingResult:
    """The training in ``group``. FormatError, naming the place, for anything this program would not have written."""
    values = access.read_attributes(group, layout.TRAINING_ATTRIBUTES)
    completed = values.pop("completed_runs")
    sizes = {"N": num_qubits, "runs": completed}
    arrays: dict[str, npt.NDArray[Any]] = {}
    axes = {name: axis for axis, name in LENGTHS.items()}
    for column in TRAINING:
        arrays[column.name] = access.read_column(group, column, sizes)
        if column.name in axes:
            sizes[axes[column.name]] = sum(arrays[column.name].tolist())
    initial = access.read_column(group, INITIAL, sizes).tolist() if holds(group, INITIAL.name) else None
    with at(group.name):
        values["search"] = values["search"] | {k: v for k, v in _LATER.items() if k not in values["search"]}
        _check(values, completed, sizes["angles"], num_qubits)
        index = arrays["index"].tolist()
        if len(set(index)) != completed or max(index) >= values["planned_runs"]:
            raise FormatError(f"{group.name}/index must hold distinct numbers below {values['planned_runs']}")
    runs = sorted(_runs(group, arrays), key=lambda run: run.index)
    return TrainingResult(runs=tuple(runs), initial=initial, **values)


def read_study(group: h5py.Group, num_qubits: int) -> Study:
    """The study in ``group``. Errors as for `read_training`."""
    values = access.read_attributes(group, layout.STUDY_ATTRIBUTES)
    variants: list[Variant] = []
    trainings: dict[int, TrainingResult] = {}
    for v in range(check_whole(f"{group.name}@num_variants", values["num_variants"], 1, len(group))):
        own = access.open_group(group, str(v))
        if own is None:
            raise FormatError(f"{group.name}/{v} is missing")
        with at(f"{own.name}@variant"):
            variants.append(Variant.from_dict(*access.read_attributes(own, layout.VARIANT_ATTRIBUTES).values()))
        if "completed_runs" in own.attrs:
            trainings[v] = read_training(own, num_qubits)
            _check_variant(own.name, variants[v], trainings[v])
    with at(group.name):
        if values["exact_minimum"] is not None:
            check_real("exact_minimum", values["exact_minimum"])
        plan = Plan(tuple(variants), values["runs"], values["seed"])
        study = Study(plan, num_qubits, values["cost_digest"], values["exact_minimum"], trainings)
        if study.done != values["completed_runs"] or any(t.planned_runs != plan.runs for t in trainings.values()):
            raise FormatError(f"{group.name}: its runs do not match its plan")
    return study


def _runs(group: h5py.Group, arrays: Mapping[str, npt.NDArray[Any]]) -> list[RunResult]:
    pieces: dict[str, list[Any]] = {}
    for column in (c for c in TRAINING if c.name not in LENGTHS.values()):
        array, axis = arrays[column.name], str(column.shape[0])
        if axis in LENGTHS:
            pieces[column.name] = np.split(array, np.cumsum(arrays[LENGTHS[axis]])[:-1])
        else:
            pieces[column.name] = array.tolist() if array.ndim == 1 else list(array)
    runs = []
    for k in range(len(arrays["index"])):
        found = {name: piece[k] for name, piece in pieces.items()}
        words = access.read_json(found.pop("words").tobytes(), f"{group.name}/words")
        with at(f"{group.name}/words"):
            if set(words) != set(_WORDS) or words["status"] not in REMEDIES:
                raise FormatError(f"{group.name}/words must hold {', '.join(_WORDS)}, got {words!r:.80}")
            check_text("message", words["message"])
            for shares in words["architecture"].values():
                for option, share in shares.items():
                    check_real(option, share, least=0, most=1 + 1e-9)
        table = found["sampled_accuracies"]
        known = [s for s in range(len(SPLITS)) if len(table) and not np.isnan(table[:, s]).any()]
        found["sampled_accuracies"] = {SPLITS[s]: table[:, s] for s in known}
        runs.append(RunResult(**found, **words))
    return runs


def _check(values: Mapping[str, Any], completed: int, angles: int, num_qubits: int) -> None:
    """Refuse descriptions that other parts of the program could not use."""
    check_whole("completed_runs", completed, 1)
    check_whole("planned_runs", values["planned_runs"], completed)
    check_whole("seed", values["seed"], 0)
    if values["exact_minimum"] is not None:
        check_real("exact_minimum", values["exact_minimum"])
    check_description(values["ansatz"], num_qubits, angles)
    check_text("name of the engine", values["engine"]["name"])
    if values["engine"]["shots"] is not None:
        check_whole("shots of the engine", values["engine"]["shots"], 1)
    search = dict(values["search"])
    if set(search) != set(SearchSpec.options()):
        raise UsageError(f"search must have the settings {', '.join(SearchSpec.options())}.")
    if check_text("the optimizer", search["optimizer"]).partition(":")[0] not in OPTIMIZERS:
        search["optimizer"] = None  # user-defined; likewise the objective below
    if check_text("the objective", search["objective"]).partition(":")[0] not in _OBJECTIVES:
        search["objective"] = "mean"
    SearchSpec.from_dict(search)
    for split, accuracy in values["accuracies"].items():
        if split not in SPLITS:
            raise UsageError(f"accuracies must be for {', '.join(SPLITS)}, got {split!r}.")
        check_real(f"accuracy ({split})", accuracy, least=0, most=1)
    for package, version in values["versions"].items():
        check_text(f"version of {package}", version)


def _check_variant(place: str, variant: Variant, training: TrainingResult) -> None:
    """Refuse results of another circuit, engine or search than those of their variant."""
    circuit, found = variant.circuit, training.ansatz
    name = "circuit" if circuit.ansatz.endswith(".qpy") else circuit.ansatz
    same = found["name"] == name and found.get("layers", circuit.layers) == circuit.layers
    expected = variant.search.decided(variant.engine.shots).as_dict()
    if not same or training.engine["shots"] != variant.engine.shots or training.search != expected:
        raise FormatError(f"{place}: its results belong to another variant")
