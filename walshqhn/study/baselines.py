"""Classical baselines: the exact minimum, rounding, random search, descent, annealing, straight-through training."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn.binn.task import NetworkTask, Task
from walshqhn.bits import index_to_bits, unpack_bits
from walshqhn.cost.base import Cost
from walshqhn.cost.convert import as_cost
from walshqhn.cost.flips import SpinModel
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.cost.table import TableCost
from walshqhn.engines.base import Rng
from walshqhn.kernels.annealing import anneal
from walshqhn.study.statistics import wilson
from walshqhn.study.straight_through import check_trainable, train_straight_through
from walshqhn.support.arrays import BitArray, FloatArray
from walshqhn.support.checks import check_whole
from walshqhn.support.clock import Stopwatch
from walshqhn.support.errors import UsageError
from walshqhn.support.shown import ByValue, Shown
from walshqhn.transform import wht

_BATCH_BITS = 1 << 22  # of configurations that are drawn at a time
MOST_STEPS, MOST_TRAININGS = 1000, 10  # of a network among other baselines: a step goes over many samples
_SPREAD_SAMPLES = 1000  # that the standard deviation of a cost without a table is estimated from


@dataclass(frozen=True, eq=False, repr=False)
class Baseline(ByValue, Shown):
    """Results of a classical method."""

    name: str
    costs: FloatArray
    """(runs,), least cost found in each run."""
    bits: BitArray
    """(runs, N), a configuration of that cost, from each run."""
    evaluations: int | None
    """Values of C computed in each run; None where the answer was known."""
    seconds: float
    """Mean time of a run, without the compilation of kernels."""
    is_random: bool = True
    """Whether runs differ by chance."""

    def as_dict(self, reference: float, epsilon: float) -> dict[str, Any]:
        """A row for a table, as JSON can hold it; success and excess are relative to ``reference``."""
        p = wilson(int((self.costs - reference <= epsilon).sum()), len(self.costs))
        return {
            "variant": self.name,
            "runs": len(self.costs),
            "success_probability": p.estimate,
            "interval": [p.low, p.high] if self.is_random else [p.estimate, p.estimate],
            "median_excess": float(np.median(self.costs) - reference),
            "least_excess": float(self.costs.min() - reference),
            "best_cost": float(self.costs.min()),
            "mean_evaluations": self.evaluations,
            "mean_seconds": self.seconds,
        }


def all_baselines(
    cost: Cost | npt.ArrayLike, evaluations: int, runs: int, seed: int = 0, task: Task | None = None
) -> tuple[Baseline, ...]:
    """All methods that suit this cost; the random ones evaluate ``evaluations`` configurations in each run.

    With the ``task`` that the cost comes from, its network is also trained by gradients.
    """
    source = as_cost(cost)
    minimum = source.minimum
    found = [exact_minimum(source)] if minimum is not None and minimum.is_exact else []
    if isinstance(source, TableCost | IsingHamiltonian):
        found.append(round_linear(source))
    methods = (random_search, one_flip_descent, simulated_annealing)
    found += [method(source, evaluations, runs, seed) for method in methods]
    if isinstance(task, NetworkTask) and len(task.network.hidden) <= 1:
        few = min(evaluations, MOST_STEPS), min(runs, MOST_TRAININGS)
        found.append(straight_through(task, *few, seed, cost=source))
    return tuple(found)


def exact_minimum(cost: Cost | npt.ArrayLike) -> Baseline:
    """The minimum of all 2^N costs. UsageError if it is unknown."""
    source, clock = as_cost(cost), Stopwatch()
    if isinstance(source, TableCost):
        bits = index_to_bits(np.array([source.values.argmin()]), source.num_bits)
        return Baseline("exact minimum", source.costs(bits), bits, source.values.size, clock.seconds, False)
    minimum = source.minimum
    if minimum is None or not minimum.is_exact:
        raise UsageError(f"the least cost of {source!r} is unknown; tabulate it, or compare with a search.")
    return Baseline("exact minimum", np.array([minimum.value]), minimum.bits[:1], None, clock.seconds, False)


def round_linear(cost: Cost | npt.ArrayLike) -> Baseline:
    """Each bit by the sign of its degree-1 coefficient: the minimum of the 1-local part of C.

    b_j = 1, z_j = -1, where f({j}) > 0. UsageError for a cost that is neither a table nor a Hamiltonian.
    """
    source, clock = as_cost(cost), Stopwatch()
    slopes = np.zeros(source.num_bits)
    if isinstance(source, TableCost):
        slopes = wht(source.values, norm="forward")[1 << np.arange(source.num_bits)]
    elif isinstance(source, IsingHamiltonian):
        linear = source.degrees == 1
        slopes[unpack_bits(source.masks[linear], source.num_bits).argmax(axis=1)] = source.coefficients[linear]
    else:
        raise UsageError(f"rounding needs coefficients of degree 1: give the table of {source!r} or a Hamiltonian.")
    bits = (slopes > 0)[None].astype(np.uint8)
    return Baseline("rounding degree 1", source.costs(bits), bits, 1, clock.seconds, False)


def random_search(cost: Cost | npt.ArrayLike, evaluations: int, runs: int, rng: Rng = 0) -> Baseline:
    """The best of ``evaluations`` random configurations."""
    source, generator, clock = _checked(cost, evaluations, runs, rng)
    of = SpinModel(source).costs if isinstance(source, IsingHamiltonian) else source.costs
    found = [min(_random_costs(source, of, evaluations, generator), key=itemgetter(0)) for _ in range(runs)]
    costs, bits = (np.array(part) for part in zip(*found, strict=True))
    return Baseline("random search", costs, bits, evaluations, clock.seconds / runs)


def one_flip_descent(cost: Cost | npt.ArrayLike, evaluations: int, runs: int, rng: Rng = 0) -> Baseline:
    """Single bits, in random order, are flipped whenever that lowers C; a local minimum leads to a new random start.

    On a Hamiltonian, the energy change of every flip is kept up to date, without evaluating all terms again.
    """
    source, generator, clock = _checked(cost, evaluations, runs, rng)
    if isinstance(source, IsingHamiltonian):
        return _flips("1-flip descent", source, SpinModel.descend, evaluations, runs, generator)
    n, each, bits = source.num_bits, np.arange(runs), _random_bits(runs, source.num_bits, generator)
    costs, order = source.costs(bits), generator.permuted(np.tile(np.arange(n), (runs, 1)), axis=1)
    best, where = costs.copy(), bits.copy()
    rejected = np.zeros(runs, np.int64)  # flips in a row; all n: a local minimum
    for step in range(evaluations - 1 if n else 0):
        proposed, is_minimum = bits.copy(), rejected == n
        proposed[each, order[:, step % n]] ^= 1
        proposed[is_minimum] = _random_bits(int(is_minimum.sum()), n, generator)
        found = source.costs(proposed)
        accepted = (found < costs) | is_minimum
        bits[accepted], costs[accepted] = proposed[accepted], found[accepted]
        rejected = np.where(accepted, 0, rejected + 1)
        _keep_lowest(best, where, costs, bits)
    return Baseline("1-flip descent", best, where, evaluations, clock.seconds / runs)


def simulated_annealing(cost: Cost | npt.ArrayLike, evaluations: int, runs: int, rng: Rng = 0) -> Baseline:
    """Metropolis search by single flips (Kirkpatrick et al., Science 220, 671 (1983)), from random starts.

    The temperature falls geometrically from the standard deviation of C, where most flips are accepted, to a
    thousandth of it. Without a table the deviation is estimated from 1,000 configurations; for a Hamiltonian, whose
    energy is updated after each flip, it is that of the energy changes of flips.
    """
    source, generator, clock = _checked(cost, evaluations, runs, rng)
    if isinstance(source, IsingHamiltonian):
        return _flips("simulated annealing", source, SpinModel.anneal, evaluations, runs, generator)
    steps = evaluations - 1 if source.num_bits else 0
    if isinstance(source, TableCost):
        costs, bits = _anneal_table(source, steps, runs, generator)
    else:
        costs, bits = _anneal_together(source, steps, runs, generator)
    return Baseline("simulated annealing", costs, bits, evaluations, clock.seconds / runs)


def straight_through(
    task: NetworkTask, steps: int, runs: int, rng: Rng = 0, *, cost: Cost | npt.ArrayLike | None = None
) -> Baseline:
    """Straight-through training of the network with ``steps`` steps of Adam, shared by all architectures, in each run.

    Architecture bits are enumerated: each of their settings is trained, and the best network by ``cost`` (default: the
    task itself) counts. UsageError for more than one hidden layer.
    """
    check_trainable(task)
    _, generator, clock = _checked(task, steps, runs, rng)
    source = task if cost is None else as_cost(cost)
    rows = []
    for _ in range(runs):
        trained = train_straight_through(task, steps, generator)
        rows.append(trained[source.costs(trained).argmin()])
    bits = np.stack(rows)
    return Baseline("straight-through", source.costs(bits), bits, steps, clock.seconds / runs)


def _flips(
    name: str, source: IsingHamiltonian, search: Callable[..., BitArray], evaluations: int, runs: int,
    generator: np.random.Generator,
) -> Baseline:  # fmt: skip
    """A search by the kernels for Hamiltonians; ``evaluations`` are tried flips and starts."""
    clock, model = Stopwatch(), SpinModel(source)
    rows = np.stack([search(model, evaluations - 1, generator) for _ in range(runs)])
    return Baseline(name, source.costs(rows), rows, evaluations, clock.seconds / runs)


def _checked(
    cost: Cost | npt.ArrayLike, evaluations: int, runs: int, rng: Rng
) -> tuple[Cost, np.random.Generator, Stopwatch]:
    check_whole("evaluations", evaluations, 1)
    check_whole("runs", runs, 1)
    return as_cost(cost), np.random.default_rng(rng), Stopwatch()


def _random_costs(
    cost: Cost, costs_of: Callable[[BitArray], FloatArray], count: int, generator: np.random.Generator
) -> Iterator[tuple[float, BitArray]]:
    """The least cost of ``count`` random configurations, and the configuration (N,), of each part of them."""
    if isinstance(cost, TableCost):
        index = generator.integers(cost.values.size, size=count)
        first = index[cost.values[index].argmin()]
        yield float(cost.values[first]), index_to_bits(first, cost.num_bits)
        return
    batch = max(1, _BATCH_BITS // max(1, cost.num_bits))
    for start in range(0, count, batch):
        bits = _random_bits(min(batch, count - start), cost.num_bits, generator)
        costs = costs_of(bits)
        yield float(costs.min()), bits[costs.argmin()]


def _keep_lowest(best: FloatArray, where: BitArray, costs: FloatArray, bits: BitArray) -> None:
    """Replace the least costs so far (runs,), and their configurations (runs, N), by lower ones."""
    lower = costs < best
    best[lower], where[lower] = costs[lower], bits[lower]


def _random_bits(count: int, num_bits: int, generator: np.random.Generator) -> BitArray:
    return generator.integers(0, 2, (count, num_bits), dtype=np.uint8)


def _temperatures(spread: float, steps: int) -> FloatArray:
    hot = spread or 1.0
    return np.geomspace(hot, hot * 1e-3, steps) if steps else np.empty(0)


def _anneal_table(
    cost: TableCost, steps: int, runs: int, generator: np.random.Generator
) -> tuple[FloatArray, BitArray]:  # fmt: skip
    """Lowest cost of every run, one run after the other, and its configuration."""
    table, costs, temperatures = cost.values, np.empty(runs), _temperatures(float(cost.values.std()), steps)
    where = np.empty(runs, np.int64)
    for k in range(runs):
        flips, uniforms = generator.integers(max(cost.num_bits, 1), size=steps), generator.random(steps)
        costs[k], where[k] = anneal(table, int(generator.integers(table.size)), flips, uniforms, temperatures)
    return costs, index_to_bits(where, cost.num_bits)


def _anneal_together(
    cost: Cost, steps: int, runs: int, generator: np.random.Generator
) -> tuple[FloatArray, BitArray]:  # fmt: skip
    """The same without a table; all runs take their steps together, so that costs are evaluated in batches."""
    spread = np.std(cost.costs(_random_bits(_SPREAD_SAMPLES, cost.num_bits, generator)))
    each, bits = np.arange(runs), _random_bits(runs, cost.num_bits, generator)
    costs = cost.costs(bits)
    best, where = costs.copy(), bits.copy()
    for temperature in _temperatures(float(spread), steps):
        proposed = bits.copy()
        proposed[each, generator.integers(cost.num_bits, size=runs)] ^= 1
        found = cost.costs(proposed)
        increase = np.maximum(found - costs, 0.0)
        accepted = generator.random(runs) < np.exp(-increase / temperature)
        bits[accepted], costs[accepted] = proposed[accepted], found[accepted]
        _keep_lowest(best, where, costs, bits)
    return best, where
