"""What each result says, in a verdict, a sentence and a table, from the numbers in its JSON."""

from __future__ import annotations

from collections.abc import Callable

from . import wording as say
from .summaries_large import digits, encodings, large, minima, qnspsa, sizes
from .verdict import NEW, NOT, PARTLY, REPRODUCED, Numbers, Summary


def success_mnist(numbers: Numbers) -> Summary:
    """Reproduced if a depth in between is significantly ahead of both ends, partly if any is of the product state."""
    depths, names = numbers["depths"], list(numbers["depths"])
    shown = {epsilon: numbers["epsilons"].index(epsilon) for epsilon in (1e-4, 3e-4)}
    verdict, parts = NOT, []
    for epsilon, k in shown.items():
        compared = numbers["compared"][f"{epsilon:g}"]
        best, ahead = compared["best"], compared["ahead_of"]
        if best in names[1:-1] and {names[0], names[-1]} <= set(ahead):
            verdict = REPRODUCED
        elif names[0] in ahead and verdict == NOT:
            verdict = PARTLY
        product, rate = (say.rate(depths[name]["success"][k]) for name in (names[0], best))
        parts.append(
            f"within {say.power(epsilon)} of the minimum {best}, {rate}, against the product state's {product}, "
            f"significantly ahead of {say.listed(ahead) or 'none'}"
        )
    equal = max(names, key=lambda name: depths[name]["restarts"]["rate"])
    same = numbers["same_evaluations"]
    best = same["compared"]["best"]
    parts.append(
        f"with {same['evaluations']} evaluations for every depth, within {say.power(1e-4)}, {best}, "
        f"{say.rate(depths[best]['same_evaluations'])}, against {say.rate(depths[names[0]]['same_evaluations'])}, "
        f"significantly ahead of {say.listed(same['compared']['ahead_of']) or 'none'}"
    )
    headline = (
        f"Most often: {'; '.join(parts)}. With equal work, restarts counted, {equal} comes out ahead "
        f"({say.rate(depths[equal]['restarts'])} within {say.power(1e-4)})."
    )
    at = shown[1e-4]
    epsilons = [f"ε = {say.power(e)}" for e in numbers["epsilons"]]
    heading = ("", *epsilons, f"{epsilons[at]}, 250 evaluations", f"{epsilons[at]}, equal work (restarts)",
               "test accuracy", "evaluations")  # fmt: skip
    rows = [
        (
            name,
            *(say.rate(p) for p in d["success"]),
            say.rate(d["same_evaluations"]),
            f"{say.rate(d['restarts'])} ({d['restarts']['count']})",
            f"{100 * d['test_accuracy'][0]:.2f} %",
            f"{d['evaluations']:.0f}",
        )
        for name, d in depths.items()
    ]
    return Summary(verdict, headline, (heading, *rows))


def success_gaussian(numbers: Numbers) -> Summary:
    """Partly: the minimum is found at every depth, but seldom where architectures are searched."""
    tasks = {name: found for name, found in numbers.items() if "rows" in found}
    names = [say.depth(row["variant"]) for row in next(iter(tasks.values()))["rows"]]
    best = {name: max(found["rows"], key=lambda row: row["success_probability"]) for name, found in tasks.items()}
    ahead = [f"{name}: {say.listed(found['compared']['ahead_of']) or 'none'}" for name, found in tasks.items()]
    headline = (
        "The best network is returned by "
        + ", ".join(
            f"{say.rate(say.interval(row))} ({name}, {say.depth(row['variant'])})" for name, row in best.items()
        )
        + " of the trainings at the best depth, which differs between tasks and with ε"
        + f", and is significantly ahead of these (ε = half the gap): {'; '.join(ahead)}."
    )
    rows = [
        (f"{name}, ε = {what}", *(say.rate(say.interval(row)) for row in found_at))
        for name, found in tasks.items()
        for what, found_at in found["by_epsilon"].items()
    ]
    return Summary(PARTLY, headline, (("P(E - C_min ≤ ε)", *names), *rows))


def fourier(numbers: Numbers) -> Summary:
    """Reproduced if degrees 1 and 2 hold 95 % of the variance on every task."""
    shares = numbers["share_of_variance_by_degree"]
    near = [name for name, s in shares.items() if s[1] + s[2] >= 0.95]
    single, equal = shares["mnist-4x4, weights (-3, 1)"][1], shares["mnist-4x4"][1]
    headline = (
        f"Nearly 2-local on {len(near)} of {len(shares)} tasks ({'; '.join(near) or 'none'}). On MNIST nearly "
        f"single-body: degree 1 alone holds {100 * single:.0f} % of the variance of C with weights (-3, 1), "
        f"{100 * equal:.0f} % with ±1."
    )
    rows = [
        (
            name,
            str(len(s) - 1),
            *(f"{100 * v:.2f} %" for v in (s[1], s[2], s[3], sum(s[4:]))),
            say.least(numbers["truncation"][name]["2"]["excess"]),
        )
        for name, s in shares.items()
    ]
    heading = ("task", "N", "degree 1", "degree 2", "degree 3", "4 and more", "minimum of degrees ≤ 2: its C")
    return Summary(REPRODUCED if len(near) == len(shares) else PARTLY, headline, (heading, *rows))


def locality(numbers: Numbers) -> Summary:
    """Reproduced if no family loses more than a tenth of what a global cost does, in a product state."""
    own, shares = numbers["rate_of_C_beyond_1_local"], numbers["share_of_degrees_1_and_2"]
    limit = 0.1 * numbers["rates_sampled"]["0"]["global"]["rate"]
    worst = {family: max(by.values(), key=lambda r: r["rate"]) for family, by in own.items()}
    fine = [family for family, rate in worst.items() if rate["rate"] + rate["half_width"] <= limit]
    deep = numbers["rates_sampled"][max(numbers["rates_sampled"], key=int)]["1-local part of C"]
    headline = (
        f"Gradients of C vanish no faster than those of its 1-local part on {say.listed(fine) or 'no family'}"
        + (f"; on {say.listed([f for f in worst if f not in fine])} somewhat faster" if len(fine) < len(worst) else "")
        + f". Deep circuits flatten even the 1-local part ({say.bits(deep)} bits a qubit)."
    )
    rows = [(f, f"{100 * shares[f]:.2f} %", say.bits(worst[f])) for f in worst]
    heading = (
        "family",
        "variance in degrees 1, 2 (least)",
        "rate of C beyond its 1-local part, bits a qubit (worst depth)",
    )
    return Summary(REPRODUCED if len(fine) == len(worst) else PARTLY, headline, (heading, *rows))


def model_selection(numbers: Numbers) -> Summary:
    """Reproduced if the augmented training reaches its minimum in most draws of every experiment, with most data."""
    rows, reached = [], []
    for name, found in numbers.items():
        for size, at in found["at"].items():
            augmented = at["models"][found["models"][-1]]
            gains = (at["gain_over_last"][rule] for rule in ("both", "separate"))
            shown = (say.half(pair) for pair in (augmented["gap"], *gains))
            rows.append((f"{name}, n = {int(size):,}", f"{augmented['reaches_minimum']:.2f}", *shown))
        reached.append((name, augmented["reaches_minimum"]))
    headline = (
        "With most data the augmented training reaches its exact minimum in "
        + " and ".join(f"{100 * share:.0f} % of the draws ({name})" for name, share in reached)
        + "; generalization gaps close with n as in classical learning."
    )
    most = [share > 0.5 for _, share in reached]
    verdict = REPRODUCED if all(most) else PARTLY if any(most) else NOT
    heading = ("", "reaches its minimum", "test - training cost", "saved by choosing iterate and start",
               "saved by the best fixed model")  # fmt: skip
    return Summary(verdict, headline, (heading, *rows))


def noise(numbers: Numbers) -> Summary:
    """Reproduced if the best sample stays a minimum, as trainings resolve it, in most circuits at every strength."""
    deviation, reached = numbers["cost_deviation"], numbers["reached"]
    nearly = numbers["reached_nearly"]
    slope, error = numbers["slope"] / deviation, numbers["slope_error"] / deviation
    near, exact = (say.rate(say.estimate(found[-1])) for found in (nearly, reached))
    headline = (
        f"The mean energy rises by {slope:.3f} ± {error:.3f} standard deviations of C a unit of p; at p = "
        f"{numbers['strengths'][-1]:g} the best of the samples is within {say.power(1e-6)} of C_min in {near} of the "
        f"circuits, exactly C_min in {exact}."
    )
    rows = []
    for p, k in ((p, k) for k, p in enumerate(numbers["strengths"]) if k in (0, 1, 5, len(reached) - 1)):
        excess = sorted(numbers["mean_excess"][str(p)])
        shares = (numbers[key][k] for key in ("share_of_samples_at_minimum", "error_free_shots"))
        middle = f"{excess[len(excess) // 2] / deviation:.3f}"
        best = (say.rate(say.estimate(found[k])) for found in (nearly, reached))
        rows.append((f"{p:g}", middle, *best, *(f"{share:.2f}" for share in shares)))
    heading = ("p", "mean of the samples above C_min (deviations of C, median circuit)",
               f"best sample within {say.power(1e-6)} of C_min", "exactly C_min", "one sample C_min",
               "shots without error")  # fmt: skip
    return Summary(REPRODUCED if nearly[-1]["estimate"] > 0.5 else PARTLY, headline, (heading, *rows))


def qaoa(numbers: Numbers) -> Summary:
    """New: the paper has no QAOA."""
    compared = numbers["comparisons"]
    ahead = [c for c in compared if c["success_probability"][1] > c["success_probability"][0]]
    clear = sum(c["p_value"] * len(compared) < 0.05 for c in ahead)
    headline = (
        f"From random starts the linear circuit succeeds more often in {len(ahead)} of {len(compared)} comparisons, "
        f"significantly in {clear} (Fisher, 5 % in all). Better starts follow below."
    )
    rows = [
        (c["qaoa"], c["linear"], f"{c['number']:,} {c['equal']}", *(f"{p:.2f}" for p in c["success_probability"]),
         *(f"{p:.3f}" for p in c["measures_minimum"]))
        for c in compared
    ]  # fmt: skip
    heading = ("QAOA", "linear circuit", "equal", "success: QAOA", "linear", "one shot a minimum: QAOA", "linear")
    return Summary(NEW, headline, (heading, *rows))


def qaoa_starts(numbers: Numbers) -> Summary:
    """New: the paper has no QAOA."""
    layers = max(numbers["qaoa"]["random"], key=int)
    deepest = {name: by[layers] for name, by in numbers["qaoa"].items()}
    best = max(deepest, key=lambda name: deepest[name]["minimum"][0])
    parts = [
        f"at equal {row['equal'].replace('cx', 'CX')} {say.triple(row['minimum'][0])} ({row['qaoa']}) against "
        f"{say.triple(row['minimum'][1])} (linear circuit, {row['linear']}"
        + (f", best of {row['restarts']})" if row["restarts"] > 1 else ")")
        for row in say.first_of_each(numbers["compared"], "equal")
    ]
    headline = (
        f"With {layers} layers QAOA measures a minimum with {say.triple(deepest['random']['minimum'])} from random "
        f"angles, {say.triple(deepest[best]['minimum'])} at best ({best}); {'; '.join(parts)}."
    )
    circuits = [(name, layers, at) for name, by in numbers["qaoa"].items() for layers, at in by.items()]
    circuits += [(f"linear circuit, {name}", "-", at) for name, at in numbers["linear"].items()]
    rows = [
        (name, layers, str(at["angles"]), f"{at['cx']:,}", f"{at['evaluations']:.0f}", say.triple(at["minimum"]),
         f"{at['excess'][0]:.3f}")
        for name, layers, at in circuits
    ]  # fmt: skip
    heading = ("QAOA: start, mixer, phases", "layers", "angles", "CX", "evaluations", "one measurement a minimum",
               "(E - C_min) / deviation of C")  # fmt: skip
    return Summary(NEW, headline, (heading, *rows))


def posterior(numbers: Numbers) -> Summary:
    """Reproduced if ELBO and surrogate generalize better than maximum likelihood on all tasks, partly if on one."""
    rows, parts, better = [], [], []
    for name, found in numbers.items():
        gains = found["sets"]["less_maximum_likelihood"]
        goals = [goal for goal in gains if goal.startswith("MMD") or goal == "ELBO"]
        losses = {goal: gains[goal]["nll"] for goal in goals}
        parts.append(f"on {name} by {', '.join(f'{say.signed(loss)} ({goal})' for goal, loss in losses.items())}")
        better += [loss[2] < 0 for loss in losses.values()]
        for label, at in found["sets"]["means"].items():
            less = say.signed(gains[label]["nll"]) if label in gains else "0"
            rows.append((name, label, f"{at['nll'][0]:.3f}", less, f"{100 * at['accuracy'][0]:.1f} %",
                         f"{at['calibration_error'][0]:.3f}", f"{at['divergence'][0]:.1f}",
                         f"{at['networks'][0]:,.0f}"))  # fmt: skip
    heading = ("task", "distribution", "held-out loss (nats)", "less that of maximum likelihood", "accuracy",
               "calibration error", "nats from the posterior", "networks")  # fmt: skip
    verdict = REPRODUCED if all(better) else PARTLY if any(better) else NOT
    return Summary(
        verdict, f"Against maximum likelihood the held-out loss (nats) changes {'; '.join(parts)}.", (heading, *rows)
    )


SUMMARIES: dict[str, Callable[[Numbers], Summary]] = {
    one.__name__: one
    for one in (
        success_mnist,
        success_gaussian,
        fourier,
        sizes,
        large,
        qnspsa,
        digits,
        locality,
        model_selection,
        noise,
        qaoa,
        qaoa_starts,
        posterior,
        encodings,
        minima,
    )
}
"""By script, in the order in which they are shown."""
