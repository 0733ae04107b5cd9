"""Gradient variance against N and depth, for C, its 1-local part and a global cost of the same variance."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn import BinaryNetwork, LinearAnsatz, NetworkTask, Split, Task, load_task, wht
from walshqhn.bits import index_degrees, log2_exact
from walshqhn.cost.base import require_table_memory
from walshqhn.support.arrays import FloatArray
from walshqhn.training.landscape import gradient_variance

from . import common
from .common import Finding, Settings
from .depths import depth_name
from .locality_figure import draw
from .pauli_paths import squared_gradient
from .rates import Rate, decay_rate

TITLE = "Locality and trainability"
CLAIM = (
    "The cost of these binary networks is nearly local, and therefore brings no vanishing gradients of its own: what "
    "vanishes is owed to the circuit."
)
COSTS = ("C", "1-local part of C", "global")
C, LOCAL, GLOBAL = range(3)
SEED = 5


def three_costs(table: npt.ArrayLike) -> FloatArray:
    """C without its mean, its 1-local part and the parity of all bits, each with variance 1: (2^N, 3)."""
    cost = np.asarray(table, dtype=np.float64)
    num_bits = log2_exact(cost.size, "a cost table")
    degrees = index_degrees(num_bits)
    coefficients = wht(cost, norm="forward")
    coefficients[0] = 0.0
    local = np.where(degrees == 1, coefficients, 0.0)
    parity = np.where(degrees == num_bits, 1.0, 0.0)
    parts = (wht(f) for f in (coefficients, local, parity))
    return np.stack([part / part.std() for part in parts], axis=1)


def logistic(name: str, num_pixels: int) -> NetworkTask:
    """Logistic regression on some pixels of the images of a task: N = ``num_pixels`` + 1.

    Glyphs: the first pixels. MNIST: those that vary most, since some are blank in all images.
    """
    data = load_task(name).data
    pixels = np.arange(data.train.x.shape[1])
    if name.startswith("mnist"):
        pixels = np.argsort(-data.train.x.var(axis=0), kind="stable")
    train = Split(data.train.x[:, pixels[:num_pixels]], data.train.y)
    fewer = replace(data, train=train, validation=None, test=None, image_shape=None)
    spec = {"name": name, "pixels": pixels[:num_pixels].tolist()}
    return NetworkTask(name, spec, BinaryNetwork(num_pixels), fewer, "bce")


FAMILIES: dict[str, tuple[Callable[[int], Task], tuple[int, ...]]] = {
    "glyphs": (lambda n: logistic("glyphs-4x5", n - 1), (5, 7, 9, 11, 13, 15, 17)),
    "MNIST 0 and 1": (lambda n: logistic("mnist-4x4", n - 1), (5, 7, 9, 11, 13, 17)),
    "Gaussian, hidden layer": (lambda n: load_task("gaussian", hidden=((n - 1) // 4,)), (5, 9, 13, 17)),
}
"""Tasks of growing N, by N: logistic regression on images, and networks of 1 to 4 hidden neurons."""
MAIN = "glyphs"


@cache
def costs_of(family: str, num_bits: int) -> FloatArray:
    """The three costs of one task."""
    require_table_memory(num_bits, copies=6)
    return three_costs(FAMILIES[family][0](num_bits).cost_table())


def sample(family: str, num_bits: int, layers: int, samples: int, costs: Sequence[int]) -> dict[str, Any]:
    """Sampled landscape: mean |grad E|^2 and its standard error for some of the three costs."""
    ansatz = LinearAnsatz(num_bits, layers)
    found = [gradient_variance(ansatz, costs_of(family, num_bits)[:, c], samples, SEED) for c in costs]
    scale = ansatz.num_parameters
    return {
        "family": family,
        "num_qubits": num_bits,
        "layers": layers,
        "samples": samples,
        "value": np.array([g.mean * scale for g in found]),
        "error": np.array([g.standard_error * scale for g in found]),
        "product_state": np.array([g.product_state * 2 * num_bits for g in found]),
    }


def average(family: str, num_bits: int, layers: int, costs: Sequence[int]) -> FloatArray:
    """Exact mean |grad E|^2 for 0 to ``layers`` layers and some of the three costs: (layers + 1, len(costs))."""
    tables = costs_of(family, num_bits)[:, list(costs)]
    coefficients = [wht(np.ascontiguousarray(table), norm="forward") for table in tables.T]
    return squared_gradient(np.stack(coefficients, axis=1), layers)


def run(settings: Settings) -> Finding:
    """Sample, average exactly, fit, draw."""
    depths = settings.pick((0, 1, 2, 4, 8, 16), (0, 1, 2))
    largest, largest_exact = settings.pick(17, 13), settings.pick(13, 9)
    # the rare large gradients of shallow circuits and global costs want more samples, and cost less
    samples = {d: settings.pick(800 if d < 2 else 300 if d < 8 else 100, 40) for d in depths}
    points = []
    exact: dict[str, dict[int, FloatArray]] = {}
    for family, (_, sizes) in FAMILIES.items():
        costs = (C, LOCAL, GLOBAL) if family == MAIN else (C, LOCAL)  # the global cost is the same in all families
        exact[family] = {n: average(family, n, max(depths), costs) for n in sizes if n <= largest_exact}
        common.say(f"{family}: exact averages for N = {', '.join(map(str, exact[family]))}")
        for n in sizes:
            if n <= largest and (family == MAIN or n > largest_exact):
                points += [sample(family, n, d, samples[d], costs) for d in depths]
                common.say(f"{family}: sampled landscapes, N = {n}")

    main = [p for p in points if p["family"] == MAIN]
    sampled = {d: [fit_points(main, d, cost) for cost in range(3)] for d in depths}
    own = {family: own_rates(points, family, exact[family], depths) for family in FAMILIES}
    low_degrees = {family: low_degree_share(family, list(by_size)) for family, by_size in exact.items()}
    text = verdict(sampled, own, low_degrees) + " " + agreement(main, exact[MAIN])
    counts = " / ".join(str(samples[d]) for d in depths)
    runs = f"{counts} settings of the angles at {' / '.join(map(str, depths))} layers, seed {SEED}; bars: one standard "
    runs += "error; rates: 95 %"
    numbers = {
        "unit": "sum over all angles of Var(dE/dtheta), divided by the variance of the cost",
        "costs": COSTS,
        "sampled": points,
        "exact": {f: {n: {d: v[d] for d in depths} for n, v in by.items()} for f, by in exact.items()},
        "rates_sampled": {d: {c: vars(r) for c, r in zip(COSTS, sampled[d], strict=True)} for d in depths},
        "rate_of_C_beyond_1_local": {f: {d: vars(r) for d, r in by.items()} for f, by in own.items()},
        "share_of_degrees_1_and_2": low_degrees,
    }
    return Finding(draw(main, exact[MAIN], sampled, own), text, runs, numbers)


def fit_points(points: list[dict[str, Any]], depth: int, cost: int) -> Rate:
    """Decay rate of one cost at one depth, from the sampled landscapes."""
    at = [p for p in points if p["layers"] == depth]
    return decay_rate([p["num_qubits"] for p in at], [p["value"][cost] for p in at])


def own_rates(
    points: list[dict[str, Any]], family: str, exact: dict[int, FloatArray], depths: Sequence[int]
) -> dict[int, Rate]:
    """How much faster the gradients of C vanish than those of its 1-local part: the rate of their ratio.

    From exact averages and, for larger N, sampled landscapes (same angles for both costs).
    """
    found = {}
    for depth in depths:
        values = {n: by_depth[depth] for n, by_depth in exact.items()}
        for p in points:
            if p["family"] == family and p["layers"] == depth and p["num_qubits"] not in exact:
                values[p["num_qubits"]] = p["value"] if depth else p["product_state"]
        found[depth] = decay_rate(list(values), [v[C] / v[LOCAL] for v in values.values()])
    return found


def low_degree_share(family: str, sizes: Sequence[int]) -> float:
    """Least share of the variance of C in degrees 1 and 2, over these N."""
    shares = []
    for n in sizes:
        squares = np.square(wht(np.ascontiguousarray(costs_of(family, n)[:, C]), norm="forward"))
        shares.append(float(squares[index_degrees(n) <= 2].sum()))
    return min(shares)


def verdict(sampled: dict[int, list[Rate]], own: dict[str, dict[int, Rate]], low_degrees: dict[str, float]) -> str:
    """Whether C brings vanishing gradients of its own, family by family, and what the circuit does."""
    depths = list(sampled)
    shallow, deep = sampled[depths[0]], sampled[depths[-1]]
    limit = 0.1 * shallow[GLOBAL].rate
    parts = []
    for family, by_depth in own.items():
        depth, worst = max(by_depth.items(), key=lambda item: item[1].rate)
        parts.append(
            f"{family} ({100 * low_degrees[family]:.4g} % of the variance or more in degrees 1 and 2): "
            f"{_judged(worst, limit)}, at most {worst} bits a qubit ({depth_name(depth)})"
        )
    plateau = min(rate.low for rate in deep[:2])
    circuit = (
        f"At {depth_name(depths[-1])} the circuit flattens even the 1-local part, by {deep[LOCAL]} bits a qubit "
        f"(C: {deep[C]}, global: {deep[GLOBAL]}): a local cost alone does not protect deep circuits."
        if plateau > limit
        else f"At {depth_name(depths[-1])} the 1-local part loses {deep[LOCAL]} bits a qubit, C {deep[C]}."
    )
    return (
        "What the gradients of C lose with N beyond those of its 1-local part, at the depth where it is most: "
        + "; ".join(parts)
        + f". A global cost of the same variance loses {shallow[GLOBAL]} already in a product state, C {shallow[C]}. "
        + circuit
    )


def _judged(rate: Rate, limit: float) -> str:
    """``limit``: a tenth of what a global cost loses in a product state, where the circuit itself loses nothing."""
    if rate.high <= limit:
        return "next to no vanishing gradients of its own"
    if rate.rate <= limit:
        return "none of its own that these sizes could tell"
    return "some of its own" if rate.low > 0 else "perhaps some of its own"


def agreement(points: list[dict[str, Any]], exact: dict[int, FloatArray]) -> str:
    """How the sampled landscapes compare with the exact averages."""
    off = [
        abs(p["value"][c] - exact[p["num_qubits"]][p["layers"], c]) / p["error"][c]
        for p in points
        if p["num_qubits"] in exact
        for c in range(3)
    ]
    within = sum(z <= 2 for z in off)
    return (
        f"{within} of {len(off)} sampled variances lie within 2 standard errors of the exact average over all angles."
    )


if __name__ == "__main__":
    sys.exit(common.main(sys.modules[__name__]))
