"""What is measured, read as a Bayesian binary network: accuracy and calibration of averaged predictions.

A *distribution* gives every network its share p, (2^N,). Its prediction is the mean of the networks' probabilities.
The *posterior* of n training samples under a uniform prior is p ~ exp(-n C), C being the mean cross-entropy. A circuit
can be trained on the likelihood, n <C>, and ends in a single network; on the ELBO, which takes the divergence from the
prior off it; or on a surrogate with the maximum mean discrepancy in place of the divergence.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from walshqhn import ExactEngine, LinearAnsatz, Plan, ProductAnsatz, Variant, load_task
from walshqhn.binn.task import NetworkTask
from walshqhn.circuits.ansatz import Ansatz
from walshqhn.engines.objectives import MEAN, Objective
from walshqhn.support.arrays import FloatArray

from . import common, posterior_figure
from .averaging import (
    Discrepancy,
    FreeEnergy,
    bootstrap_mean,
    divergence,
    effective_number,
    mean_predictions,
    metrics,
    posterior,
    trained,
)
from .common import Finding, Settings

TITLE = "Posterior view: averaging over the networks that are measured"
CLAIM = (
    "A trained circuit returns not one network but a distribution of them, and can be read as a Bayesian binary "
    "network that averages predictions over what is measured. The paper's follow-up (Nepote et al., arXiv:2506.05888) "
    "trains quantum hypernetworks on the evidence lower bound (ELBO), and on a surrogate of it with the maximum mean "
    "discrepancy (MMD), and reports that both outperform maximum likelihood in trainability and generalization. Tasks, "
    "kernel (exp(-d / l), d the Hamming distance, l its median), weights of the MMD and the exact posterior to compare "
    "with are ours."
)
LAYERS = 2
WEIGHTS = (1, 20)
"""Of the MMD^2, in nats: as the divergence has it, and such that the largest values of both, about N log 2, agree."""
BEST, POSTERIOR, PRIOR = "best network", "posterior", "all networks alike"
LIKELIHOOD, ELBO, ELBO_PRODUCT = "maximum likelihood", "ELBO", "ELBO, product state"
MMD = tuple(f"MMD, weight {weight}" for weight in WEIGHTS)
TRAINED = (LIKELIHOOD, ELBO, ELBO_PRODUCT, *MMD)


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
        "drawn from the training images, one test set for all",
    ),
    "gaussian": Problem(
        "Gaussian mixture",
        "gaussian-width",
        {"loss": "bce", "num_samples": 30, "num_test": 1000},
        {"num_test": 100, "hidden": 2, "hidden_width": None},
    ),
}


def run(settings: Settings) -> Finding:
    """Train on each goal and to different degrees, average, compare."""
    numbers = {name: examine(settings, name, problem) for name, problem in PROBLEMS.items()}
    starts, sets = settings.pick(20, 3), settings.pick(20, 3)
    text = " ".join(describe(problem, numbers[name]) for name, problem in PROBLEMS.items())
    runs = (
        f"{len(PROBLEMS)} tasks, {starts} starts at each number of iterations, {sets} training sets with a start of "
        f"each goal on each, {LAYERS} layers if not said otherwise; bands and bars: 95 %, bootstrap"
    )
    figure = posterior_figure.draw({PROBLEMS[name].label: facts for name, facts in numbers.items()})
    return Finding(figure, text, runs, numbers)


def examine(settings: Settings, name: str, problem: Problem) -> dict[str, Any]:
    """All numbers of a problem: trained on the likelihood for some iterations; every goal on every training set."""
    task = problem.load(settings, 0)
    assert task.data.test is not None
    cost, y, samples = task.cost_table(), task.data.test.y, len(task.data.train)
    starts, engine = settings.pick(20, 3), ExactEngine(cost)
    quiet = replace(settings, workers=settings.pick(settings.workers, 1))  # few trainings take less than a process
    linear = engine.prepare(LinearAnsatz(task.num_bits, LAYERS))
    iterations, stops = settings.pick((1, 3, 10, 30, 100, 300), (1, 5, 20)), {}
    for limit in iterations:
        plan = Plan((Variant.of(layers=LAYERS, max_iterations=limit, samples=1),), runs=starts, seed=1)
        found = common.study(quiet, f"posterior-{name}-{limit}", task, plan)
        group = np.stack([linear.probabilities(run.parameters) for run in found.runs(0)])
        stops[limit] = judged(task, group, cost, y) | {
            "effective_networks": float(np.exp(np.log(effective_number(group)).mean()))
        }
    return {
        "samples": samples, "minima": int((cost < cost.min() + 1e-9).sum()), "test": len(y),
        "num_bits": task.num_bits, "iterations": iterations, "stopped": stops,
        "sets": over_sets(settings, problem),
    }  # fmt: skip


def judged(task: NetworkTask, group: FloatArray, cost: FloatArray, y: Any) -> dict[str, Any]:
    """Means over the distributions (M, 2^N) of what their predictions are worth, with bootstrap intervals."""
    each = [metrics(p, y) for p in mean_predictions(task, group)]
    far = [divergence(row, cost, len(task.data.train)) for row in group]
    return {m: bootstrap_mean([e[m] for e in each]) for m in each[0]} | {"divergence": bootstrap_mean(far)}


def goals(samples: int) -> dict[str, Objective]:
    """What a circuit is trained on, by name; all per sample."""
    mmd = {name: Discrepancy(weight / samples) for name, weight in zip(MMD, WEIGHTS, strict=True)}
    return {LIKELIHOOD: MEAN, ELBO: FreeEnergy(1 / samples), ELBO_PRODUCT: FreeEnergy(1 / samples), **mmd}


def distributions(settings: Settings, task: NetworkTask, seed: int) -> dict[str, FloatArray]:
    """The best network, the posterior, the prior, and a circuit trained on each goal, all from the same angles."""
    cost, samples = task.cost_table(), len(task.data.train)
    engine = ExactEngine(cost)
    single = (np.arange(cost.size) == cost.argmin()).astype(np.float64)  # of equally cheap ones the first
    found = {BEST: single, POSTERIOR: posterior(cost, samples), PRIOR: np.full(cost.size, 1 / cost.size)}
    for name, goal in goals(samples).items():
        ansatz: Ansatz = ProductAnsatz(task.num_bits) if name == ELBO_PRODUCT else LinearAnsatz(task.num_bits, LAYERS)
        found[name] = trained(engine, ansatz, goal, seed, settings.pick(150, 10))
    return found


def over_sets(settings: Settings, problem: Problem) -> dict[str, Any]:
    """Every metric of every distribution on training sets drawn anew, and differences set by set, with intervals."""
    by_set: dict[str, list[dict[str, float]]] = {}
    for draw in range(settings.pick(20, 3)):
        task = problem.load(settings, draw)
        assert task.data.test is not None
        cost, found = task.cost_table(), distributions(settings, task, draw)
        predicted = mean_predictions(task, np.stack(list(found.values())))
        for (name, p), q in zip(found.items(), predicted, strict=True):
            by_set.setdefault(name, []).append(
                metrics(q, task.data.test.y)
                | {"divergence": divergence(p, cost, len(task.data.train)),
                   "networks": float(effective_number(p[None])[0])}
            )  # fmt: skip
        common.say(f"{problem.label}: training set {draw + 1} done")

    def less(other: str) -> dict[str, Any]:
        return {
            name: {m: bootstrap_mean([a[m] - b[m] for a, b in zip(rows, by_set[other], strict=True)]) for m in rows[0]}
            for name, rows in by_set.items()
            if name != other
        }

    return {
        "means": {n: {m: bootstrap_mean([r[m] for r in rows]) for m in rows[0]} for n, rows in by_set.items()},
        "less_best_network": less(BEST),
        "less_maximum_likelihood": less(LIKELIHOOD),
        "by_set": {n: {m: [r[m] for r in rows] for m in rows[0]} for n, rows in by_set.items()},
    }


def describe(problem: Problem, facts: dict[str, Any]) -> str:
    """A problem's numbers in words."""
    sets, stops = facts["sets"], facts["stopped"]
    last = facts["iterations"][-1]
    best_stop = min(facts["iterations"], key=lambda k: stops[k]["nll"][0])
    means, gains = sets["means"], sets["less_maximum_likelihood"]
    each = "; ".join(
        f"{name} {gains[name]['nll'][0]:+.3f} ({gains[name]['nll'][1]:+.3f} to {gains[name]['nll'][2]:+.3f})"
        for name in (ELBO, ELBO_PRODUCT, *MMD, POSTERIOR, BEST)
    )
    far = ", ".join(f"{name} {means[name]['divergence'][0]:.2g}" for name in TRAINED)
    return (
        f"{problem.label} ({facts['samples']} training samples, {facts['minima']} networks share the least cost): the "
        f"posterior has {means[POSTERIOR]['networks'][0]:.0f} networks (exp of the entropy). Over "
        f"{len(sets['by_set'][BEST]['nll'])} training sets ({problem.drawn}), averaging over the posterior changes the "
        f"held-out loss of the best network by {signed(sets['less_best_network'][POSTERIOR]['nll'])} nats, its "
        f"accuracy by {signed(sets['less_best_network'][POSTERIOR]['accuracy'])} and its expected calibration error by "
        f"{signed(sets['less_best_network'][POSTERIOR]['calibration_error'])}. Against circuits trained on the "
        f"likelihood, the held-out loss of each is (nats): {each}. Nats from the posterior: {far}. Stopped early, "
        f"circuits trained on the likelihood of the first set have a held-out loss of {stops[best_stop]['nll'][0]:.3f} "
        f"(after {best_stop} iterations), and {stops[last]['nll'][0]:.3f} after {last}, with "
        f"{stops[last]['effective_networks']:.1f} networks left."
    )


def signed(value: tuple[float, float, float]) -> str:
    """A difference with its interval."""
    return f"{value[0]:+.3f} ({value[1]:+.3f} to {value[2]:+.3f})"


if __name__ == "__main__":
    sys.exit(common.main(sys.modules[__name__]))
