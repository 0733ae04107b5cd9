"""Training and validation cost along the optimization, and how well a validation set selects model and iterate."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from walshqhn.study.statistics import wilson

from . import common
from .common import Finding, Settings
from .drawing import blank_figure, panel
from .model_selection_figure import RULES, draw_curves, draw_gains, draw_sizes
from .selection import (
    SPLITS,
    TEST,
    TRAIN,
    VALIDATION,
    Budget,
    Experiment,
    Plan,
    Watched,
    architecture_codes,
    best_starts,
    mean_and_half_width,
    run_experiments,
    select,
)

TITLE = "Augmented model selection"
CLAIM = (
    "One optimization over weights and architecture together finds optimal parameters and architectural choices with "
    "high probability. Its training and validation costs can be read as in classical learning: bias against variance, "
    "a model chosen on validation data, early stopping."
)

GAUSSIAN = Experiment(
    "gaussian",
    {f"width {w}": {"hidden": (w,)} for w in (1, 2, 3)} | {"augmented": {"hidden": (3,), "hidden_width": (1, 2, 3)}},
    {"activation": ("sigmoid", "relu"), "num_test": 5000},
)
MNIST = Experiment(
    "mnist-4x4-encoding",
    {f"weights ({low}, 1)": {"weight_values": (low, 1)} for low in (0, -1, -2, -3)} | {"augmented": {}},
    {"size": 3, "digits": (3, 5)},
    pool=11_552,
)
_SIZES = {"Gaussian task": ("width", "the smallest", "the largest")} | {
    "MNIST 3x3": ("weight values", "the narrowest", "the widest")
}
NEAR = 1e-3  # of the exact minimum counts as reached


def plan(settings: Settings) -> Plan:
    """Sets of 10 to 1000 samples; of the 11,552 images of 3 and 5 at most 300 to train and 300 to validate."""

    def budget(most: int, draws: int, few: int) -> Budget:
        sizes = settings.pick((10, 30, 100, most), (10, 100))
        return Budget(
            sizes,
            settings.pick(draws, few),
            settings.pick(2, 1),
            layers=2,
            max_iterations=settings.pick(100, 15),
            seed=1,
        )

    return {"Gaussian task": (GAUSSIAN, budget(1000, 30, 2)), "MNIST 3x3": (MNIST, budget(300, 40, 3))}


def run(settings: Settings) -> Finding:
    """Train, select, draw."""
    watched = run_experiments(plan(settings), settings)
    numbers = {name: summarize(w) for name, w in watched.items()}
    figure = blank_figure(7.4, 5.4)
    axes = figure.subplots(len(watched), 3, width_ratios=(1, 1.05, 1))
    for row, (name, w) in zip(axes, watched.items(), strict=True):
        draw_curves(row[0], w, name)
        draw_sizes(row[1], w)
        draw_gains(row[2], numbers[name])
    titles = [
        title
        for name in watched
        for title in ("augmented training", f"after training, by {_SIZES[name][0]}", "selecting on validation")
    ]
    for letter, ax, title in zip("abcdef", axes.ravel(), titles, strict=True):
        panel(ax, letter, title, 7.5)
    found = [f"{name}{_same_test(w)}: {verdict(w, numbers[name], *_SIZES[name][1:])}" for name, w in watched.items()]
    draws = [f"{len(w.budget.sizes)} x {w.budget.draws}" for w in watched.values()]
    trainings = [2 * w.augmented[w.budget.sizes[0]].shape[1] for w in watched.values()]
    runs = (
        f"{' and '.join(draws)} data draws, {' and '.join(map(str, trainings))} trainings each, seed 1; "
        "bars: 95 %, Student's t over draws"
    )
    text = " ".join([*found, overall(list(numbers.values()))])
    return Finding(figure, text, runs, numbers)


def summarize(w: Watched) -> dict[str, Any]:
    """Everything that is drawn or quoted; pairs are mean and half width of the 95 % interval over draws."""
    names = list(w.experiment.models)
    architectures = architecture_codes(w.experiment.load(names[-1], w.budget.sizes[-1], 0))[1]
    found: dict[str, Any] = {"sizes": w.budget.sizes, "draws": w.budget.draws, "models": names, "at": {}}
    for size in w.budget.sizes:
        ends = np.concatenate([best_starts(w.fixed[size]), best_starts(w.augmented[size])[:, None]], axis=1)[..., -1]
        selected = [select(f, a) for f, a in zip(w.fixed[size], w.augmented[size], strict=True)]
        test = {rule: np.array([s[rule] for s in selected]) for rule in selected[0]}
        curves = best_starts(w.augmented[size])
        found["at"][size] = {
            "models": {
                name: {split: mean_and_half_width(ends[:, m, s]) for s, split in enumerate(SPLITS)}
                | {
                    "gap": mean_and_half_width(ends[:, m, TEST] - ends[:, m, TRAIN]),
                    "above_minimum": mean_and_half_width(ends[:, m, TRAIN] - w.minima[size][:, m]),
                    "reaches_minimum": float((ends[:, m, TRAIN] - w.minima[size][:, m] <= NEAR).mean()),
                }
                for m, name in enumerate(names)
            },
            "selected_test_cost": {rule: mean_and_half_width(values) for rule, values in test.items()},
            "gain_over_last": {
                rule: mean_and_half_width(test["last"] - v) for rule, v in test.items() if rule != "last"
            },
            "gain_over_largest": {
                rule: mean_and_half_width(test["largest"] - v) for rule, v in test.items() if rule != "largest"
            },
            "stops_early": float((curves[:, VALIDATION].min(axis=1) < curves[:, VALIDATION, -1] - 1e-9).mean()),
            "architectures": dict(zip(architectures, w.shares[size].mean(axis=(0, 1)), strict=True)),
            "augmented_curves": {split: curves[:, s].mean(axis=0) for s, split in enumerate(SPLITS)},
        }
    return found


def verdict(w: Watched, numbers: dict[str, Any], smallest: str = "the smallest", largest: str = "the largest") -> str:
    """What the costs say about one experiment."""
    sizes, at = w.budget.sizes, numbers["at"]
    few, many = sizes[0], sizes[-1]
    gaps = [_pair(at[n]["models"][w.experiment.augmented]["gap"]) for n in (few, many)]
    gains = [at[n]["gain_over_last"]["both"] for n in sizes]
    clear = [f"{n:,}" for n, (mean, half) in zip(sizes, gains, strict=True) if abs(mean) > half]
    reached = wilson(
        round(at[many]["models"][w.experiment.augmented]["reaches_minimum"] * w.budget.draws), w.budget.draws
    )
    mean, half = at[many]["gain_over_last"]["separate"]
    versus = "within the error" if abs(mean) <= half else "significant at 5 %"
    return (
        f"the augmented model's test cost lies {gaps[0]} above its training cost with {few} samples, {gaps[1]} with "
        f"{many:,}. Choosing iterate and start on as many validation samples saves {', '.join(map(_pair, gains))} of "
        f"test cost at n = {', '.join(f'{n:,}' for n in sizes)} against the end of the best training "
        f"({'significant at 5 % at n = ' + ', '.join(clear) if clear else 'nowhere significant at 5 %'}). "
        f"{sizes_verdict(w, smallest, largest)} With {many:,} samples the augmented training reaches its exact minimum "
        f"(to {NEAR}) in {reached.successes} of {reached.count} draws ({reached.low:.2f} to {reached.high:.2f}), and "
        f"costs {_pair((abs(mean), half))} {'more' if mean > 0 else 'less'} on test data than the best of the fixed "
        f"models, trained as often ({versus})."
    )


def sizes_verdict(w: Watched, smallest: str = "the smallest", largest: str = "the largest") -> str:
    """Which fixed model does best with how many samples, and whether that is what bias and variance say."""
    sizes, names = w.budget.sizes, w.experiment.fixed
    few, many = sizes[0], sizes[-1]
    test = {n: best_starts(w.fixed[n])[:, :, TEST, -1] for n in sizes}  # (draws, models)
    best = [int(test[n].mean(axis=0).argmin()) for n in sizes]
    if len(set(best)) == 1:
        place = {0: smallest, len(names) - 1: largest}.get(best[0], f"neither {smallest} nor {largest}")
        which = f"{names[best[0]]}, {place}, does best at every n"
    elif best[0] == best[-1]:
        which = f"{names[best[0]]} does best with {few} and with {many:,} samples, though not always"
    else:
        which = f"{names[best[0]]} does best with {few} samples and {names[best[-1]]} with {many:,}"
    extra = [mean_and_half_width(test[n][:, -1] - test[n][:, 0]) for n in (few, many)]
    if extra[0][0] > extra[0][1] and -extra[1][0] > extra[1][1]:
        expected = "they cross as bias and variance let expect"
    elif all(-mean > half for mean, half in extra):
        expected = f"against what bias and variance let expect, {largest} is ahead with few samples already"
    else:
        expected = "no crossing of the kind that bias and variance let expect is significant at 5 %"
    return (
        f"Of the fixed models {which}; {largest} costs {_pair(extra[0])} more than {smallest} with {few} samples and "
        f"{_pair(extra[1])} with {many:,}: {expected}."
    )


def overall(numbers: list[dict[str, Any]]) -> str:
    """In how many cases each rule pays."""
    gains = [at["gain_over_last"] for found in numbers for at in found["at"].values()]

    def count(rule: str, sign: int) -> int:
        return sum(sign * mean > half for mean, half in (gain[rule] for gain in gains))

    counts = [f"{name} in {count(rule, 1)} (in {count(rule, -1)} it costs)" for rule, name in RULES.items()]
    return (
        f"Of these {len(gains)} cases the last iterate is beaten on test data (each at 95 % by itself) by "
        f"{', '.join(counts)}."
    )


def _same_test(w: Watched) -> str:
    """Says so where intervals over draws leave out that the test set is a sample itself."""
    if w.experiment.pool is None:
        return ""
    test = w.experiment.load(w.experiment.augmented, w.budget.sizes[0], 0).data.test
    return f" (the same {len(test or ())} test images in every draw)"


def _pair(values: tuple[float, float]) -> str:
    return f"{round(values[0], 3) + 0.0:.3f} ± {values[1]:.3f}"  # + 0.0: no -0.000


if __name__ == "__main__":
    sys.exit(common.main(sys.modules[__name__]))
