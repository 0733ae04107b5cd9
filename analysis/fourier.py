"""Fourier analysis of the costs: weight of each degree, interacting bits, truncation, contrasts, growth."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn import NetworkTask, Split, WalshSpectrum, load_task
from walshqhn.support.arrays import FloatArray
from walshqhn.support.errors import UsageError

from . import common
from .common import Finding, Settings
from .fourier_figure import draw
from .spectra import Analysis, Truncated, couplings, mean_degree, shares, strongest_pairs, truncate

TITLE = "Fourier analysis of the costs"
CLAIM = (
    "As an Ising Hamiltonian, the cost of these binary networks is nearly local: low degrees hold most of its weight; "
    "that of logistic regression on MNIST is nearly single-body."
)
SEED = 7

TASKS: dict[str, tuple[str, dict[str, Any]]] = {
    "mnist-4x4": ("mnist-4x4", {}),
    "mnist-4x4, weights (-3, 1)": ("mnist-4x4", {"weight_values": (-3, 1)}),
    "mnist-4x4-encoding": ("mnist-4x4-encoding", {}),
    "gaussian": ("gaussian", {}),
    "gaussian-activation": ("gaussian-activation", {}),
    "gaussian-width": ("gaussian-width", {}),
    "gaussian-h4": ("gaussian-h4", {}),
}
CONTRASTED = ("mnist-4x4", "gaussian")
ACTIVATIONS = ("sigmoid", "tanh", "relu", "sign")
WIDTHS = (1, 2, 3, 4)
_ATTEMPTS = 1000


def random_labels(task: NetworkTask, rng: np.random.Generator) -> NetworkTask:
    """The same task with its training labels shuffled."""
    train = task.data.train
    return _with_samples(task, train.x, rng.permutation(train.y))


def random_network(task: NetworkTask, rng: np.random.Generator) -> NetworkTask:
    """As many random inputs, labelled by a random network of the same kind; no class below a tenth.

    Inputs are uniform in [0, 1) for images, standard normal otherwise.
    """
    shape = task.data.train.x.shape
    for _ in range(_ATTEMPTS):
        x = rng.random(shape) if task.data.image_shape else rng.normal(size=shape)
        y = task.predict(rng.integers(0, 2, (1, task.num_bits)), x)[0].argmax(axis=1)
        if 0.1 <= y.mean() <= 0.9:
            return _with_samples(task, x, y)
    raise UsageError(f"none of {_ATTEMPTS} random networks of task {task.name!r} tells two classes apart.")


CONTRASTS: dict[str, Callable[[NetworkTask, np.random.Generator], NetworkTask]] = {
    "random labels": random_labels,
    "random network": random_network,
}


def _with_samples(task: NetworkTask, x: FloatArray, y: npt.NDArray[np.int64]) -> NetworkTask:
    return replace(task, data=replace(task.data, train=Split(x, y), validation=None, test=None), spec={})


def spread(values: Iterable[Any]) -> dict[str, Any]:
    """Mean over draws, and the range that holds 95 % of them (entry by entry for arrays)."""
    stack = np.array(list(values))
    low, high = np.quantile(stack, (0.025, 0.975), axis=0)
    return {"draws": len(stack), "mean": stack.mean(axis=0), "low": low, "high": high}


def contrasts(base: dict[str, Analysis], draws: int) -> dict[str, dict[str, Any]]:
    """Shares of the degrees on tasks of no meaning, and on tables of independent normal costs."""
    found: dict[str, dict[str, Any]] = {}
    seeds = iter(np.random.SeedSequence(SEED).spawn(draws * (1 + len(base) * len(CONTRASTS))))
    for name, analysis in base.items():
        for kind, make in CONTRASTS.items():
            tasks = (make(analysis.task, np.random.default_rng(next(seeds))) for _ in range(draws))
            found[f"{name}, {kind}"] = _summary(task.cost_table() for task in tasks)
            common.say(f"{name}, {kind}: {draws} draws")
    size = max(analysis.cost.size for analysis in base.values())
    found["random table"] = _summary(np.random.default_rng(next(seeds)).normal(size=size) for _ in range(draws))
    return found


def _summary(tables: Iterable[FloatArray]) -> dict[str, Any]:
    every = [shares(WalshSpectrum.from_cost(table).degree_weights()) for table in tables]
    return {
        "N": len(every[0]) - 1,
        "share": spread(every),
        "degrees_1_and_2": spread(float(s[1:3].sum()) for s in every),
        "mean_degree": spread(mean_degree(s) for s in every),
    }


def growth(draws: int, num_samples: int) -> dict[str, dict[int, dict[str, Any]]]:
    """Mean degree on the Gaussian data against hidden width, for each activation, over draws of the data."""
    found: dict[str, dict[int, dict[str, Any]]] = {name: {} for name in ACTIVATIONS}
    for name in ACTIVATIONS:
        for width in WIDTHS:
            options = {"hidden": (width,), "activation": name, "num_samples": num_samples}
            tasks = [load_task("gaussian", seed=seed, **options) for seed in range(draws)]
            every = [shares(Analysis.of(task).spectrum.degree_weights()) for task in tasks]
            found[name][width] = {
                "N": tasks[0].num_bits,
                "mean_degree": spread(mean_degree(s) for s in every),
                "above_2": spread(float(s[3:].sum()) for s in every),
            }
        common.say(f"growth with width: {name}")
    return found


def run(settings: Settings) -> Finding:
    """Transform, truncate, contrast, draw."""
    few = settings.pick({}, {"num_samples": 300})
    found = {name: Analysis.of(load_task(task, **options, **few)) for name, (task, options) in TASKS.items()}
    degrees = settings.pick(tuple(range(1, 9)), (1, 2, 3))
    truncations = {name: {d: truncate(a, d) for d in degrees} for name, a in found.items()}
    common.say("tasks: done")
    draws = settings.pick(40, 3)
    contrasted = contrasts({name: found[name] for name in CONTRASTED}, draws)
    growing = growth(settings.pick(8, 2), settings.pick(2000, 100))
    share = {name: shares(a.spectrum.degree_weights()) for name, a in found.items()}
    pairs = {name: strongest_pairs(a) for name, a in found.items()}
    figure = draw(found, share, contrasted, truncations, growing)
    runs = (
        f"All 2^N networks of each task; contrasts: {draws} draws, growth: {settings.pick(8, 2)} draws of the data, "
        f"ranges hold 95 % of them; seed {SEED}"
    )
    numbers = {
        "share_of_variance_by_degree": share,
        "mean_degree": {name: mean_degree(s) for name, s in share.items()},
        "degree_1": {
            name: dict(zip(a.task.bit_names, np.diag(couplings(a.spectrum)), strict=True)) for name, a in found.items()
        },
        "strongest_pairs": pairs,
        "truncation": {name: {d: vars(t) for d, t in by.items()} for name, by in truncations.items()},
        "minimum": {name: a.cost.min() for name, a in found.items()},
        "contrasts": contrasted,
        "growth": growing,
    }
    return Finding(figure, describe(share, contrasted, truncations, growing, pairs), runs, numbers)


def describe(
    share: dict[str, FloatArray],
    contrasted: dict[str, dict[str, Any]],
    truncations: dict[str, dict[int, Truncated]],
    growing: dict[str, dict[int, dict[str, Any]]],
    pairs: dict[str, list[dict[str, Any]]],
) -> str:
    """What we find, in words."""
    low = {name: float(s[1:3].sum()) for name, s in share.items()}
    near = [name for name, value in low.items() if value >= 0.95]
    far = {name: value for name, value in low.items() if value < 0.95}
    each = " and ".join(
        f"{_percent(share[name][1])}, {_percent(share[name][2])} and {_percent(share[name][3])} of the variance of C "
        f"on {name}"
        for name in CONTRASTED
    )
    parts = [f"Degrees 1, 2 and 3 hold {each}. {len(near)} of {len(low)} tasks are nearly 2-local (95 % or more)"]
    if far:
        parts[0] += (
            f"; on the others ({', '.join(far)}) degrees 1 and 2 leave {_percent(1 - max(far.values()))} to "
            f"{_percent(1 - min(far.values()))} to higher ones, so that there the claim holds less well"
        )
    drawn = {key: _range(v["degrees_1_and_2"]) for key, v in contrasted.items()}
    parts.append(
        "Shuffled labels and random inputs labelled by a random network of the same kind leave "
        + ("C as local" if _as_local(low, contrasted) else "C not always as local")
        + " (degrees 1 and 2: "
        + ", ".join(f"{value} on {key}" for key, value in drawn.items() if key != "random table")
        + f"); random tables are not ({drawn['random table']})"
    )
    degrees = [d for d in next(iter(truncations.values())) if d <= 4]
    hits = [sum(by[d].excess < 1e-9 for by in truncations.values()) for d in degrees]
    worst = [max(by[d].excess for by in truncations.values()) for d in degrees]
    parts.append(
        f"The minimum of C without its degrees above d = {_listed(degrees, 'd')} is that of C on {_listed(hits, 'd')} "
        f"of {len(truncations)} tasks; elsewhere its network costs up to {_listed(worst, '.2g')} standard deviations "
        "of C more"
    )
    first, last = min(WIDTHS), max(WIDTHS)
    grown = ", ".join(
        f"{by[first]['mean_degree']['mean']:.2f} to {by[last]['mean_degree']['mean']:.2f} ({name})"
        for name, by in growing.items()
    )
    parts.append(f"From {first} to {last} hidden neurons the mean degree goes from {grown}")
    strongest = {name: pairs[name][0] for name in CONTRASTED}
    parts.append(
        "The strongest pair is "
        + ", ".join(
            f"{' with '.join(pair['bits'])} on {name} ({_percent(pair['share_of_W2'])} of W(2))"
            for name, pair in strongest.items()
        )
    )
    return ". ".join(parts) + "."


def _as_local(low: dict[str, float], contrasted: dict[str, dict[str, Any]]) -> bool:
    """Whether every contrast leaves degrees 1 and 2 at least nine tenths of what they hold on the real task."""
    return all(
        contrasted[f"{name}, {kind}"]["degrees_1_and_2"]["mean"] >= 0.9 * low[name]
        for name in CONTRASTED
        for kind in CONTRASTS
    )


def _listed(values: Sequence[float], form: str) -> str:
    texts = [f"{v:{form}}" for v in values]
    return f"{', '.join(texts[:-1])} and {texts[-1]}"


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %" if value < 0.999 or value == 1 else f"{100 * value:.2f} %"


def _range(found: dict[str, Any]) -> str:
    return f"{100 * found['mean']:.2f} % ({100 * found['low']:.2f} to {100 * found['high']:.2f})"


if __name__ == "__main__":
    sys.exit(common.main(sys.modules[__name__]))
