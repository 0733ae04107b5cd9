"""All ten digits of full-size MNIST from 10 or 40 images of each, by a binary network for each of the 45 pairs.

Each is a logistic regression of 785 bits. A pixel that is blank in all training images of a pair leaves its weight
free: it gets no qubit, and its bit is drawn by chance, the same for all methods; or the pixel is left out afterwards,
too, as in the networks compared with.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from walshqhn import (
    IsingHamiltonian,
    LinearAnsatz,
    MPSEngine,
    ProductAnsatz,
    ProductEngine,
    low_degree_hamiltonian,
    train,
)
from walshqhn.binn import images
from walshqhn.binn.datasets import Dataset, Split
from walshqhn.binn.network import BinaryNetwork
from walshqhn.binn.task import NetworkTask
from walshqhn.plotting.style import BLUE, GREY, ORANGE
from walshqhn.study.baselines import Baseline, one_flip_descent, round_linear, simulated_annealing, straight_through
from walshqhn.support.arrays import BitArray, FloatArray

from . import common
from .common import Finding, Settings, kept
from .drawing import blank_figure, panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TITLE = "All ten digits at full size, by 45 pairs of classes"
CLAIM = (
    "The paper separates two digits. For all ten at full size, from few images, others have published BeMi "
    "([arXiv:2212.03659](https://arxiv.org/abs/2212.03659)): networks 784-4-4-1 with weights -1, 0, 1, one for each "
    "pair of classes, trained by mixed-integer programs, recognize 61.7 % with 10 images a class and 76.4 % with 40; "
    "in the second version 68.4 % and 81.8 %."
)
PUBLISHED = {
    10: {"first version": 0.617, "second version": 0.684},
    40: {"first version": 0.764, "second version": 0.818},
}
PUBLISHED_WEIGHTS = 784 * 4 + 4 * 4 + 4
"""Of each of BeMi's networks."""
PAIRS = np.array(list(combinations(range(10), 2)))
IntArray = npt.NDArray[np.int64]
THIS = sys.modules[__name__]
_FLIPS = 5000
"""Which a descent or an annealing may try: more than ten of each bit."""


def run(settings: Settings) -> Finding:
    """Every method on every pair of every draw."""
    draws, pairs = settings.pick(5, 2), settings.pick(len(PAIRS), 1)
    numbers: dict[str, Any] = {}
    for count in PUBLISHED:
        found = []
        for draw in range(draws):
            found.append(
                kept(settings, THIS, f"{count} {draw} {pairs}", partial(one_draw, count, draw, pairs, settings))
            )
            accuracies = (f"{name} {100 * at['accuracy']:.1f} %" for name, at in found[-1]["methods"].items())
            common.say(f"{count} images a class, draw {draw}: {', '.join(accuracies)}")
        methods: dict[str, dict[str, Any]] = {
            name: {key: [one["methods"][name][key] for one in found] for key in found[0]["methods"][name]}
            for name in METHODS
        }
        own = methods[next(iter(methods))]["accuracy"]
        for rows in methods.values():
            rows["mean"] = mean_and_half(rows["accuracy"])
            rows["behind_circuit"] = mean_and_half(np.subtract(own, rows["accuracy"]).tolist())
        idle = [one["idle_bits"] for one in found]
        numbers[str(count)] = {"idle_bits": idle, "published": PUBLISHED[count], "methods": methods}
    figure = blank_figure(7.4, 3.4)
    axes = figure.subplots(1, 2, sharey=True)
    for ax, letter, (label, at) in zip(axes, "ab", numbers.items(), strict=True):
        draw_panel(ax, at)
        panel(ax, letter, f"{label} images of each digit")
    axes[0].set_yticks(range(len(METHODS)), [name.replace(", ", ",\n") for name in METHODS], fontsize=7)
    axes[0].invert_yaxis()
    figure.legend(
        *axes[0].get_legend_handles_labels(), fontsize=7.5, frameon=False, loc="outside lower center", ncols=4
    )
    runs = (
        f"{draws} draws of training images, all 10,000 test images; a training of each method on each of "
        f"{pairs} pairs. The class with most of the 45 votes wins, of those with equally many the one with the larger "
        "sum of its 9 outputs"
    )
    return Finding(figure, describe(numbers), runs, numbers)


def one_draw(count: int, draw: int, pairs: int, settings: Settings) -> dict[str, Any]:
    """What all methods reach with ``count`` random training images of each digit."""
    train_images, test_images = images.load()[:2]
    assert test_images is not None
    rng = np.random.default_rng([count, draw])
    chosen = [rng.choice(np.flatnonzero(train_images.digits == d), count, replace=False) for d in range(10)]
    x = [_flat(train_images.pixels[which]) for which in chosen]
    trained = [train_pair(x[a], x[b], rng, settings) for a, b in PAIRS[:pairs]]
    acting = np.stack([mask for mask, _ in trained])
    test = _flat(test_images.pixels)
    methods = {}
    for name in METHODS:
        bits, cost, seconds = zip(*(networks[name] for _, networks in trained), strict=True)
        spent = {"cost": np.mean(cost), "cpu_seconds": np.mean(seconds)}
        methods[name] = judged(np.stack(bits), acting, PAIRS[:pairs], test, test_images.digits) | spent
    return {"idle_bits": (~acting).sum(axis=1).mean(), "methods": methods}


def _flat(pixels: npt.NDArray[Any]) -> FloatArray:
    return np.asarray(pixels.reshape(-1, 784) / 255.0, dtype=np.float64)


def train_pair(
    first: FloatArray, second: FloatArray, rng: np.random.Generator, settings: Settings
) -> tuple[BitArray, dict[str, tuple[BitArray, float, float]]]:
    """The bits that act, (785,); and of each method a network (785,), its full cost, and the seconds it took."""
    x, y = np.concatenate([first, second]), np.repeat([0, 1], [len(first), len(second)])
    pixels = x.any(axis=0)
    acting, coins = np.append(pixels, True), rng.integers(0, 2, 785, dtype=np.uint8)
    data = Dataset(Split(x[:, pixels], y), None, None, "MNIST", 2)
    task = NetworkTask("pair", {}, BinaryNetwork(int(pixels.sum()), (), 1), data, "bce")
    start = time.process_time()
    hamiltonian = low_degree_hamiltonian(task, 2, samples=2)
    shared = time.process_time() - start
    found = {}
    for name, (method, needs_hamiltonian) in METHODS.items():
        start = time.process_time()
        bits = method(task, hamiltonian, int(rng.integers(1 << 31)), settings.pick(50, 5))
        seconds = time.process_time() - start + shared * needs_hamiltonian
        network = coins.copy()
        network[acting] = bits
        found[name] = network, float(task.costs(bits[None])[0]), seconds
    return acting, found


def _circuit(layers: int) -> Method:
    def method(task: NetworkTask, hamiltonian: IsingHamiltonian, seed: int, iterations: int) -> BitArray:
        n = task.num_bits
        engine = MPSEngine(hamiltonian) if layers else ProductEngine(hamiltonian)
        ansatz = LinearAnsatz(n, layers) if layers else ProductAnsatz(n)
        return train(ansatz, engine, runs=1, seed=seed, max_iterations=iterations, samples=256).best_bits

    return method


def descend(data: Split, seed: int) -> BitArray:
    """The network (N,) from which no flip lowers the full cost; of all flips at a time, that which lowers it most."""
    inputs = np.column_stack([data.x, np.ones(len(data))]) * (2.0 * data.y - 1.0)[:, None]
    spins = 2.0 * np.random.default_rng(seed).integers(0, 2, inputs.shape[1]) - 1.0
    right = inputs @ spins  # how far each output lies on the right side
    now = np.logaddexp(0.0, -right).sum()
    while True:
        flipped = right[:, None] - 2.0 * inputs * spins
        costs = np.logaddexp(0.0, -flipped).sum(axis=0)
        best = costs.argmin()
        if costs[best] >= now:
            return (spins > 0).astype(np.uint8)
        spins[best] *= -1.0
        right, now = flipped[:, best], costs[best]


def _best(found: Baseline) -> BitArray:
    """The network (N,) of least cost."""
    return found.bits[found.costs.argmin()]


Method = Callable[[NetworkTask, IsingHamiltonian, int, int], BitArray]
METHODS: dict[str, tuple[Method, bool]] = {
    "linear circuit, 2 layers": (_circuit(2), True),
    "product state": (_circuit(0), True),
    "annealing, same Hamiltonian": (lambda t, h, seed, k: _best(simulated_annealing(h, _FLIPS, 1, seed)), True),
    "1-flip descent, same Hamiltonian": (lambda t, h, seed, k: _best(one_flip_descent(h, _FLIPS, 1, seed)), True),
    "signs of degree 1": (lambda t, h, seed, k: _best(round_linear(h)), True),
    "1-flip descent, full cost": (lambda t, h, seed, k: descend(t.data.train, seed), False),
    "straight-through, full cost": (lambda t, h, seed, k: _best(straight_through(t, 5 * k, 5, seed)), False),
}
"""Name -> (task, its Hamiltonian, seed, iterations) -> a network (N,); and whether the Hamiltonian is used."""


def judged(
    bits: BitArray, acting: BitArray, pairs: IntArray, x: FloatArray, digits: IntArray
) -> dict[str, float]:  # fmt: skip
    """Accuracies on test images x (S, 784): of all ten digits, with idle weights left out, and of single pairs."""
    weights = 2.0 * bits - 1.0
    outputs = {}
    for name, w in (("accuracy", weights), ("accuracy_without_idle", weights * acting)):
        outputs[name] = w[:, :-1] @ x.T + w[:, -1:]
    found = {name: float((vote(u, pairs) == digits).mean()) for name, u in outputs.items()}
    single = [
        ((u > 0) == (digits == b))[(digits == a) | (digits == b)].mean()
        for (a, b), u in zip(pairs, outputs["accuracy"], strict=True)
    ]
    return found | {"pair_accuracy": float(np.mean(single))}


def vote(outputs: FloatArray, pairs: IntArray) -> IntArray:
    """The class of each sample, (S,), from the outputs (P, S) of networks for pairs (P, 2): positive for the second."""
    votes, sums = np.zeros((10, outputs.shape[1])), np.zeros((10, outputs.shape[1]))
    for (a, b), u in zip(pairs, outputs, strict=True):
        votes[a] += u <= 0
        votes[b] += u > 0
        sums[a] -= u
        sums[b] += u
    return np.where(votes == votes.max(axis=0), sums, -np.inf).argmax(axis=0)


def mean_and_half(values: list[float]) -> tuple[float, float]:
    """Mean over draws, and half its 95 % interval (Student's t)."""
    from scipy.stats import t

    return float(np.mean(values)), float(t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / len(values) ** 0.5)


def describe(numbers: dict[str, Any]) -> str:
    """Accuracies, and how far the circuit is ahead, draw by draw."""
    sentences = []
    for count, at in numbers.items():
        parts = []
        for name, rows in at["methods"].items():
            mean, half = rows["mean"]
            left, single = (100 * np.mean(rows[key]) for key in ("accuracy_without_idle", "pair_accuracy"))
            parts.append(
                f"{name} {100 * mean:.1f} ± {100 * half:.1f} % (idle weights left out {left:.1f} %, single pairs "
                f"{single:.1f} %, full training cost {np.mean(rows['cost']):.2g})"
            )
        sentences.append(f"{count} images a class: {'; '.join(parts)}.")
        circuit, *others = at["methods"]
        behind = [(name, *at["methods"][name]["behind_circuit"]) for name in others]
        parts = [f"{name} {100 * mean:+.1f} ± {100 * half:.1f}" for name, mean, half in behind]
        sentences.append(f"The {circuit}, draw by draw, above the others, in points: {', '.join(parts)}.")
        sentences.append(
            f"Of 785 bits of a pair, {np.mean(at['idle_bits']):.0f} are idle: blank pixels, without qubits."
        )
    sentences.append(
        f"All 45 networks have {45 * 785:,} bits; BeMi's, by the code published with it, {45 * PUBLISHED_WEIGHTS:,} "
        "weights of three values, and those of blank pixels are 0; it was tested on 800 images of each digit, and one "
        "with three or more classes ahead counts as wrong."
    )
    return " ".join(sentences)


def draw_panel(ax: Axes, at: dict[str, Any]) -> None:
    """Accuracies of all draws, a row for each method; lines at what is published."""
    styles = (("accuracy", -0.12, "all 785 bits"), ("accuracy_without_idle", 0.12, "blank pixels left out"))
    for k, rows in enumerate(at["methods"].values()):
        colour = BLUE if k < 2 else ORANGE if k < 5 else GREY
        for key, shift, label in styles:
            values = 100 * np.array(rows[key])
            ax.plot(
                values, np.full(len(values), k + shift), "o", color=colour, markersize=4, markeredgewidth=0.8,
                markerfacecolor=colour if shift < 0 else "white", label=label if k == 0 else None,
            )  # fmt: skip
    for style, (name, value) in zip((":", "--"), at["published"].items(), strict=True):
        ax.axvline(100 * value, color="black", linewidth=0.9, linestyle=style, label=f"BeMi, {name}")
    ax.set_xlabel("test images recognized (%)")


if __name__ == "__main__":
    sys.exit(common.main(THIS))
