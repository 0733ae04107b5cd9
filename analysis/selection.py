"""Trainings that are watched on other data: validation and test cost along the optimization, and what selects by them.

A *model* is a network and its choices; a *draw* is one training set with its validation and test set; a *start* is
one training from random angles. The *augmented* model has all architectures in one state, a *fixed* model only one
size of them.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn import ExactEngine, LinearAnsatz, load_task, train
from walshqhn.binn.task import NetworkTask
from walshqhn.bits import index_to_bits
from walshqhn.engines.base import Evaluation
from walshqhn.support.arrays import FloatArray
from walshqhn.support.errors import InputError
from walshqhn.support.files import write_atomically
from walshqhn.support.npy import read_npz
from walshqhn.support.workers import resolve_workers, run_pieces

from .common import Settings, say

SPLITS = ("train", "validation", "test")
TRAIN, VALIDATION, TEST = range(3)


@dataclass(frozen=True)
class Experiment:
    """A task whose training set is drawn anew, and the models that are trained on it. The last one is augmented."""

    task: str
    models: dict[str, dict[str, Any]]
    """Name -> options of the task; fixed models from small to large, then the augmented one."""
    options: dict[str, Any] = field(default_factory=dict)
    """Of all models."""
    pool: int | None = None
    """Samples that training and validation sets are drawn from; None: from the distribution itself."""

    @property
    def fixed(self) -> list[str]:
        """Names of the fixed models, from small to large."""
        return list(self.models)[:-1]

    @property
    def augmented(self) -> str:
        """Name of the augmented model."""
        return list(self.models)[-1]

    def load(self, model: str, size: int, draw: int) -> NetworkTask:
        """The task with ``size`` training and as many validation samples, drawn with seed ``draw``."""
        sets: dict[str, Any] = (
            {"num_validation": size} if self.pool is None else {"validation_fraction": size / self.pool}
        )
        task = load_task(self.task, **self.options, **self.models[model], **sets, num_samples=size, seed=draw)
        assert len(task.data.train) == len(task.data.validation or ()) == size
        return task


def split_tables(task: NetworkTask) -> FloatArray:
    """Costs of all configurations on training, validation and test set: (3, 2^N)."""
    tables = []
    for split in SPLITS:
        part = task.data.get(split)
        assert part is not None
        tables.append(replace(task, data=replace(task.data, train=part)).cost_table(threads=1))
    return np.stack(tables)


def architecture_codes(task: NetworkTask) -> tuple[npt.NDArray[np.int64], list[str]]:
    """(for every configuration, the number of its architecture (2^N,); their names)."""
    positions = list(task.network.choice_positions)
    bits = index_to_bits(np.arange(1 << task.num_bits), task.num_bits)
    codes = bits[:, positions].astype(np.int64) @ (1 << np.arange(len(positions)))
    rows = np.zeros((1 << len(positions), task.num_bits), np.uint8)
    rows[:, positions] = index_to_bits(np.arange(len(rows)), len(positions))
    chosen = [name for name, choice in task.network.choices.items() if choice.num_bits]
    texts = [" ".join(str(getattr(task.network.architecture(row), name)) for name in chosen) for row in rows]
    names = list(dict.fromkeys(texts))  # where options are fewer than codes, two codes are one architecture
    return np.array([names.index(text) for text in texts])[codes], names


def watch(tables: FloatArray, layers: int, seed: int, max_iterations: int) -> tuple[FloatArray, FloatArray]:
    """Train on ``tables[0]``; the mean of every table at every iteration, and the final distribution.

    Returns ((len(tables), max_iterations + 1), (2^N,)): E = sum_x |psi_x|^2 C(x), repeated to the end once the
    training has converged.
    """
    engine = ExactEngine(tables[0], threads=1)
    ansatz = LinearAnsatz(engine.num_qubits, layers)
    prepared = engine.prepare(ansatz)
    means: list[FloatArray] = []
    final = np.zeros(0)

    def record(run: int, at: Evaluation) -> None:
        nonlocal final
        final = prepared.probabilities(at.parameters)
        means.append(tables @ final)

    train(ansatz, engine, seed=seed, max_iterations=max_iterations, gradient_tolerance=1e-5, samples=1, callback=record)
    curves = np.array(means).T
    return np.pad(curves, ((0, 0), (0, max_iterations + 1 - curves.shape[1])), mode="edge"), final


@dataclass(frozen=True)
class Budget:
    """How much is trained."""

    sizes: tuple[int, ...]
    draws: int
    starts: int
    """Of each fixed model; the augmented one gets as many as all of them together."""
    layers: int
    max_iterations: int
    seed: int


Plan = dict[str, tuple[Experiment, Budget]]
"""Experiments by name."""
Unit = tuple[str, int, int]
"""(name of the experiment, size of the training set, draw)"""
Done = dict[Unit, dict[str, FloatArray]]
PARTS = ("fixed", "augmented", "shares", "minima")


def _prepare(plan: Plan) -> Callable[[Unit], dict[str, FloatArray]]:
    def work(unit: Unit) -> dict[str, FloatArray]:
        name, size, draw = unit
        experiment, budget = plan[name]
        curves, shares, minima = [], [], []
        for m, model in enumerate(experiment.models):
            task = experiment.load(model, size, draw)
            tables = split_tables(task)
            minima.append(tables[TRAIN].min())
            codes, names = architecture_codes(task)
            augmented = model == experiment.augmented
            for start in range(budget.starts * (len(experiment.fixed) if augmented else 1)):
                seed = np.random.SeedSequence([budget.seed, size, draw, m, start]).generate_state(1, np.uint64)[0]
                found, final = watch(tables, budget.layers, int(seed), budget.max_iterations)
                curves.append(found)
                if augmented:
                    shares.append(np.bincount(codes, weights=final, minlength=len(names)))
        count = len(experiment.fixed) * budget.starts
        fixed = np.reshape(curves[:count], (len(experiment.fixed), budget.starts, len(SPLITS), -1))
        return dict(zip(PARTS, (fixed, np.array(curves[count:]), np.array(shares), np.array(minima)), strict=True))

    return work


@dataclass(frozen=True)
class Watched:
    """What came of an experiment; every dictionary goes by the size of the training set."""

    experiment: Experiment
    budget: Budget
    fixed: dict[int, FloatArray]
    """(draws, fixed models, starts, 3 splits, iterations + 1)"""
    augmented: dict[int, FloatArray]
    """(draws, starts, 3 splits, iterations + 1)"""
    shares: dict[int, FloatArray]
    """(draws, starts, architectures): how the augmented model's final distributions divide among them."""
    minima: dict[int, FloatArray]
    """(draws, models), the exact minimum of the training cost."""


def run_experiments(plan: Plan, settings: Settings) -> dict[str, Watched]:
    """Do all trainings, or what is left of them: draws that are done are kept in the folder of the studies."""
    settings.studies.mkdir(parents=True, exist_ok=True)
    path = settings.studies / "model-selection.npz"
    made_with = json.dumps([(repr(experiment), repr(replace(budget, draws=0))) for experiment, budget in plan.values()])
    done = _earlier(path, made_with)
    units = [(name, n, draw) for name, (_, b) in plan.items() for draw in range(b.draws) for n in b.sizes]
    todo = [unit for unit in units if unit not in done]
    last = start = time.monotonic()
    try:
        for k, (unit, found) in enumerate(run_pieces(_prepare, (plan,), todo, resolve_workers(settings.workers)), 1):
            done[unit] = found
            if time.monotonic() - last > 10:
                last = time.monotonic()
                _keep(path, made_with, done)
                left = (last - start) / k * (len(todo) - k)
                say(f"{path.stem}: {len(units) - len(todo) + k} of {len(units)} draws, about {left:.0f} s left")
    finally:
        if done:
            _keep(path, made_with, done)
    found = {}
    for name, (experiment, budget) in plan.items():
        parts = {
            part: {n: np.stack([done[name, n, draw][part] for draw in range(budget.draws)]) for n in budget.sizes}
            for part in PARTS
        }
        found[name] = Watched(experiment, budget, **parts)
    return found


def _earlier(path: Path, made_with: str) -> Done:
    if not path.exists():
        return {}
    arrays = read_npz(path)
    if str(arrays.pop("made_with", "")) != made_with:
        raise InputError(f"{path} holds trainings with other settings: move it away to train again.")
    done: Done = {}
    for key, array in arrays.items():
        name, size, draw, part = key.split("/")
        done.setdefault((name, int(size), int(draw)), {})[part] = array
    return done


def _keep(path: Path, made_with: str, done: Done) -> None:
    arrays: dict[str, Any] = {"made_with": np.array(made_with)}
    arrays |= {f"{name}/{n}/{draw}/{part}": a for (name, n, draw), parts in done.items() for part, a in parts.items()}

    def write(target: Path) -> None:
        with target.open("wb") as file:  # given a path, NumPy would append .npz
            np.savez_compressed(file, **arrays)

    write_atomically(path, write, overwrite=True)


def select(fixed: FloatArray, augmented: FloatArray) -> dict[str, float]:
    """Test costs after different ways to select, of one draw's curves.

    Parameters
    ----------
    fixed, augmented
        (models, starts, 3, iterations + 1) and (starts, 3, iterations + 1).

    Returns
    -------
    dict
        Without validation data, ``last``: the end of the augmented training with the lowest training cost;
        ``largest``: the same of the largest fixed model. By the lowest validation cost, ``early``: an iterate of the
        training of ``last``; ``start``: the end of one of the augmented trainings; ``both``: any iterate of any of
        them; ``separate``: one of the fixed models, each at the end of its training with the lowest training cost.
    """
    best = int(augmented[:, TRAIN, -1].argmin())
    ends = fixed[..., -1]
    trained = ends[np.arange(len(ends)), ends[:, :, TRAIN].argmin(axis=1)]  # (models, 3)
    when = augmented[:, VALIDATION].argmin(axis=1)  # for every start, the iterate to stop at
    stopped = augmented[np.arange(len(augmented)), :, when]  # (starts, 3)
    return {
        "last": float(augmented[best, TEST, -1]),
        "early": float(stopped[best, TEST]),
        "start": float(augmented[augmented[:, VALIDATION, -1].argmin(), TEST, -1]),
        "both": float(stopped[stopped[:, VALIDATION].argmin(), TEST]),
        "separate": float(trained[trained[:, VALIDATION].argmin(), TEST]),
        "largest": float(trained[-1, TEST]),
    }


def best_starts(curves: FloatArray) -> FloatArray:
    """Of every model the training with the lowest training cost at its end.

    (..., starts, 3, iterations + 1) -> (..., 3, iterations + 1)
    """
    best = curves[..., TRAIN, -1].argmin(axis=-1)
    return np.take_along_axis(curves, best[..., None, None, None], axis=-3)[..., 0, :, :]


def mean_and_half_width(values: Sequence[float] | FloatArray) -> tuple[float, float]:
    """Mean, and half the width of its 95 % interval (Student's t)."""
    from scipy.stats import t

    numbers = np.asarray(values, dtype=np.float64)
    error = numbers.std(ddof=1) / np.sqrt(len(numbers))
    return float(numbers.mean()), float(t.ppf(0.975, len(numbers) - 1) * error)
