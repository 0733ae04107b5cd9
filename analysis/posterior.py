"""What is measured, read as a Bayesian binary network: accuracy and calibration of averaged predictions.

A *distribution* gives every network its share p, (2^N,). Its prediction is the mean of the networks' probabilities.
The *posterior* of n training samples under a uniform prior is p ~ exp(-n C), C being the mean cross-entropy. A
circuit that minimizes <C> ends in a single network; one that minimizes the free energy <C> - S/n, S the entropy of
what is measured, is a variational posterior.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from walshqhn import ExactEngine, LinearAnsatz, Plan, ProductAnsatz, Variant, load_task
from walshqhn.binn.task import NetworkTask
from walshqhn.circuits.ansatz import Ansatz
from walshqhn.support.arrays import FloatArray

from . import common
from .averaging import (
    bootstrap_mean,
    calibration_error,
    effective_number,
    log_losses,
    mean_predictions,
    metrics,
    posterior,
    variational,
)
from .common import Finding, Settings
from .drawing import blank_figure, draw_reliability, label_right, panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TITLE = "Posterior view: averaging over the networks that are measured"
CLAIM = (
    "A trained circuit returns not one network but a distribution of them, and can be read as a Bayesian binary "
    "network that averages predictions over what is measured. We know of no numbers of the paper to compare with; its "
    "follow-up (Nepote et al., arXiv:2506.05888) trains quantum hypernetworks on the evidence lower bound (ELBO) "
    "instead of the likelihood. The free energy <C> - S/n trained on here is -ELBO/n, up to a constant."
)
LAYERS = 2
_BEST, _POSTERIOR, _PRIOR = "best network", "posterior", "all networks alike"
_PRODUCT, _LINEAR = "variational, product state", f"variational, {LAYERS} layers"


@dataclass(frozen=True)
class Problem:
    """A task with few training samples, so that the posterior is not one network."""

    label: str
    task: str
    options: dict[str, Any] = field(default_factory=dict)
    small: dict[str, Any] = field(default_factory=dict)
    """Options that make it small, for --quick."""
    drawn: str = "drawn anew"
    """How its training sets come about."""

    def load(self, settings: Settings, draw: int) -> NetworkTask:
        """The task with training set number ``draw``."""
        return load_task(self.task, **self.options | settings.pick({}, self.small), seed=draw)


PROBLEMS = {
    "mnist": Problem(
        "MNIST 4x4, 3 against 7",
        "mnist-4x4",
        {"digits": (3, 7), "num_samples": 50},
        {"size": 3},
        "drawn from one pool of images, so that they and the test sets overlap",
    ),
    "gaussian": Problem(
        "Gaussian mixture",
        "gaussian-width",
        {"loss": "bce", "num_samples": 30, "num_test": 1000},
        {"num_test": 100, "hidden": 2, "hidden_width": None},
    ),
}


def run(settings: Settings) -> Finding:
    """Train to different degrees, average, compare."""
    figure = blank_figure(7.4, 5.6)
    axes = figure.subplots(2, 2, width_ratios=(1, 0.9))
    numbers, sentences = {}, []
    for row, (name, problem) in enumerate(PROBLEMS.items()):
        facts, curves = examine(settings, name, problem)
        numbers[name] = facts
        sentences.append(describe(problem, facts))
        draw_training(axes[row, 0], facts)
        errors = {n: calibration_error(p, curves["y"]) for n, p in curves.items() if n != "y"}
        texts = {
            n: n.replace("variational, ", "free energy,\nall starts,\n") + f": {error:.3f}"
            for n, error in errors.items()
        }
        draw_reliability(axes[row, 1], curves["y"], {n: curves[n] for n in errors}, _STYLE, texts)
        for column, text in enumerate((f"{problem.label}: held-out loss", "reliability")):
            panel(axes[row, column], "abcd"[2 * row + column], text)
    starts, draws = settings.pick(20, 3), settings.pick(20, 3)
    text = f"{headline(numbers)} {' '.join(sentences)}"
    runs = (
        f"{len(PROBLEMS)} tasks, {starts} starts at each point and of each variational circuit, {draws} training sets; "
        "bands: 95 %, bootstrap"
    )
    return Finding(figure, text, runs, numbers)


def examine(settings: Settings, name: str, problem: Problem) -> tuple[dict[str, Any], dict[str, Any]]:
    """(all numbers of a problem, (predictions (S,) by name and the classes "y") for the reliability curves)."""
    task = problem.load(settings, 0)
    assert task.data.test is not None
    cost, y, samples = task.cost_table(), task.data.test.y, len(task.data.train)
    starts, engine = settings.pick(20, 3), ExactEngine(cost)
    quiet = replace(settings, workers=settings.pick(settings.workers, 1))  # few trainings take less than a process
    single = np.zeros(cost.size)
    single[cost.argmin()] = 1.0  # of equally cheap ones the first
    exact = posterior(cost, samples)
    groups: dict[Any, FloatArray] = {
        _BEST: single[None], _POSTERIOR: exact[None], _PRIOR: np.full((1, cost.size), 1 / cost.size)
    }  # fmt: skip
    circuits: dict[str, Ansatz] = {
        _PRODUCT: ProductAnsatz(task.num_bits), _LINEAR: LinearAnsatz(task.num_bits, LAYERS)
    }  # fmt: skip
    linear = engine.prepare(circuits[_LINEAR])
    for iterations in settings.pick((1, 3, 10, 30, 100, 300), (1, 5, 20)):
        plan = Plan((Variant.of(layers=LAYERS, max_iterations=iterations, samples=1),), runs=starts, seed=1)
        found = common.study(quiet, f"posterior-{name}-{iterations}", task, plan)
        groups[iterations] = np.stack([linear.probabilities(run.parameters) for run in found.runs(0)])
    for label, ansatz in circuits.items():
        common.say(f"{name}: {label}")
        groups[label] = np.stack(
            [variational(engine, ansatz, 1 / samples, s, settings.pick(150, 10)) for s in range(starts)]
        )
    predictions = np.split(
        mean_predictions(task, np.concatenate(list(groups.values()))), np.cumsum([len(g) for g in groups.values()])[:-1]
    )
    facts: dict[str, Any] = {
        "samples": samples, "minima": int((cost < cost.min() + 1e-9).sum()), "test": len(y),
        "num_bits": task.num_bits, "iterations": [], "distributions": {},
    }  # fmt: skip
    base = log_losses(predictions[0][0], y)
    for (key, p), group in zip(zip(groups, predictions, strict=True), groups.values(), strict=True):
        each = [metrics(q, y) for q in p]
        effective = effective_number(group)
        entry: dict[str, Any] = {m: bootstrap_mean([e[m] for e in each]) for m in each[0]}
        entry["effective_networks"] = float(np.exp(np.log(effective).mean()))
        entry["nll_minus_best"] = bootstrap_mean(
            log_losses(p[0], y) - base if len(p) == 1 else [e["nll"] - base.mean() for e in each]
        )
        # KL divergence to the posterior in nats: what the free energy is above its minimum, times n
        logs = np.log(np.maximum(group, 1e-300)) - (-samples * (cost - cost.min()))
        log_norm = np.log(np.exp(-samples * (cost - cost.min())).sum())
        entry["divergence"] = bootstrap_mean(np.einsum("mx,mx->m", group, logs) + log_norm)
        facts["distributions"][str(key)] = entry
        if isinstance(key, int):
            facts["iterations"].append(key)
    facts["draws"] = over_draws(settings, problem)
    return facts, {
        "y": y, _BEST: predictions[0][0], _POSTERIOR: predictions[1][0], _LINEAR: predictions[-1].mean(axis=0)
    }  # fmt: skip


def over_draws(settings: Settings, problem: Problem) -> dict[str, Any]:
    """Posterior less best network, on test data, for training sets drawn anew: mean and interval of each metric."""
    differences: list[dict[str, float]] = []
    for draw in range(settings.pick(20, 3)):
        task = problem.load(settings, draw)
        assert task.data.test is not None
        cost = task.cost_table()
        single = (np.arange(cost.size) == cost.argmin()).astype(np.float64)
        p = mean_predictions(task, np.stack([posterior(cost, len(task.data.train)), single]))
        average, best = (metrics(q, task.data.test.y) for q in p)
        differences.append({m: average[m] - best[m] for m in best})
    return {m: bootstrap_mean([d[m] for d in differences]) for m in differences[0]} | {"sets": len(differences)}


def headline(numbers: dict[str, Any]) -> str:
    """What holds of both problems, or not, in a sentence."""
    last = {n: f["distributions"][str(f["iterations"][-1])] for n, f in numbers.items()}
    gains = [PROBLEMS[n].label for n, f in numbers.items() if f["draws"]["nll"][2] < 0]
    losses = [PROBLEMS[n].label for n, f in numbers.items() if f["draws"]["nll"][1] > 0]
    left = " and ".join(
        f"{last[n]['effective_networks']:.1f} ({PROBLEMS[n].label}, where {f['minima']} share the least cost)"
        for n, f in numbers.items()
    )
    parts = [f"Training on the mean cost narrows the state to {left} networks (exp of the entropy, geometric mean)."]
    if gains:
        parts.append(f"The exact posterior has a lower held-out loss than the best network on {', '.join(gains)}.")
    if losses:
        parts.append(f"The exact posterior has a higher held-out loss than the best network on {', '.join(losses)}.")
    if not gains and not losses:
        parts.append("The exact posterior is not significantly better or worse than the best network (95 %).")
    return " ".join(parts)


def describe(problem: Problem, facts: dict[str, Any]) -> str:
    """A problem's numbers in words."""
    d, draws = facts["distributions"], facts["draws"]
    last = str(facts["iterations"][-1])
    _, low, high = draws["nll"]
    said = "lowers" if high < 0 else "raises" if low > 0 else "does not significantly change"
    best_stop = min(facts["iterations"], key=lambda k: d[str(k)]["nll"][0])
    return (
        f"{problem.label} ({facts['samples']} training samples): the posterior has "
        f"{d[_POSTERIOR]['effective_networks']:.0f} networks. Over {draws['sets']} training sets ({problem.drawn}), "
        f"averaging over the posterior {said} the loss (nats) of the best network: difference {signed(draws['nll'])}; "
        f"accuracy {signed(draws['accuracy'])}, Brier {signed(draws['brier'])}, expected calibration error "
        f"{signed(draws['calibration_error'])}. In the first set: best network {d[_BEST]['nll'][0]:.3f}, posterior "
        f"{d[_POSTERIOR]['nll'][0]:.3f}, trained states at best {d[str(best_stop)]['nll'][0]:.3f} "
        f"(after {best_stop} iterations) and {d[last]['nll'][0]:.3f} (after {last}), trained on the free energy "
        f"{d[_PRODUCT]['nll'][0]:.3f} (product state, {d[_PRODUCT]['divergence'][0]:.2g} nats from the posterior) and "
        f"{d[_LINEAR]['nll'][0]:.3f} ({LAYERS} layers, {d[_LINEAR]['divergence'][0]:.2g} nats)."
    )


def signed(value: tuple[float, float, float]) -> str:
    """A difference with its interval."""
    return f"{value[0]:+.3f} ({value[1]:+.3f} to {value[2]:+.3f})"


_STYLE = {_BEST: ("#000000", "s", "-"), _POSTERIOR: ("#0072B2", "o", (0, (5, 1))),
          _PRODUCT: ("#CC79A7", "v", (0, (1, 1))), _LINEAR: ("#D55E00", "^", (0, (3, 1, 1, 1)))}  # fmt: skip


def draw_training(ax: Axes, facts: dict[str, Any]) -> None:
    """Held-out loss of the averaged prediction against the iterations of the training; references as lines."""
    d, k = facts["distributions"], facts["iterations"]
    mean, low, high = np.array([d[str(i)]["nll"] for i in k]).T
    ax.plot(k, mean, color="#009E73", marker="o", markersize=4, linewidth=1.6)
    ax.fill_between(k, low, high, color="#009E73", alpha=0.2, linewidth=0)
    for name, (colour, _, dash) in _STYLE.items():
        ax.axhline(d[name]["nll"][0], color=colour, linestyle=dash, linewidth=1)
    ax.set_xscale("log")
    ax.set_xlim(k[0] / 1.8, k[-1] * 1.8)
    everything = [*low, *high, *(d[name]["nll"][0] for name in _STYLE)]
    room = max(everything) - min(everything)
    ax.set_ylim(min(everything) - 0.08 * room, max(everything) + 0.3 * room)
    for i, top in zip(k, high, strict=True):
        ax.annotate(_rounded(d[str(i)]["effective_networks"]), (i, top), (0, 3), textcoords="offset points",
                    fontsize=6.5, color="#009E73", ha="center")  # fmt: skip
    ax.text(0.99, 0.99, "trained on the mean cost;\nnumbers: networks in the state, $e^S$", fontsize=7,
            color="#009E73", ha="right", va="top", transform=ax.transAxes)  # fmt: skip
    ax.set_xlabel("iterations of the training")
    ax.set_ylabel("negative log-likelihood (nats)", fontsize=8.5)
    names = [name.replace("variational, ", "free energy,\n") for name in _STYLE]
    label_right(ax, [d[n]["nll"][0] for n in _STYLE], names, [s[0] for s in _STYLE.values()], size=7)


def _rounded(value: float) -> str:
    return f"{value:,.0f}" if value >= 9.5 else f"{value:.1f}"


if __name__ == "__main__":
    sys.exit(common.main(sys.modules[__name__]))
