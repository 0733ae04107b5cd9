"""Gradients by parameter shifts, and the variance of dE/dtheta over random angles in relation to the weights W(k).

In a barren plateau (McClean et al., Nat. Commun. 9, 4812 (2018)) the variance falls exponentially with N. For a product
state of Ry angles it follows from the spectrum: dE/dtheta_j = -sin theta_j sum_{S with j} f(S) prod_{i in S - j}
cos theta_i has the variance sum_{S with j} f(S)^2 2^-|S|, so the variances add up to sum_k k W(k) 2^-k:
weight at low degrees keeps gradients large.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn.circuits.ansatz import Ansatz, LinearAnsatz
from walshqhn.circuits.shifts import ShiftRule
from walshqhn.cost.base import Cost
from walshqhn.cost.convert import as_cost
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.cost.table import TableCost
from walshqhn.engines.base import Engine, Rng
from walshqhn.engines.exact import ExactEngine
from walshqhn.spectrum.walsh import WalshSpectrum
from walshqhn.support.arrays import FloatArray
from walshqhn.support.checks import check_whole
from walshqhn.support.errors import UsageError
from walshqhn.support.shown import ByValue, Shown


def parameter_shift(engine: Engine, ansatz: Ansatz, params: npt.ArrayLike) -> FloatArray:
    """dE/dt_k for every k, (num_parameters,), from E at shifted angles in one job.

    UsageError if that takes too many circuits; see `ShiftRule`.
    """
    rule = ShiftRule(ansatz)
    points = rule.points(ansatz.check_parameters(params))
    return rule.gradient(engine.prepare(rule.ansatz).expectations(points))


@dataclass(frozen=True, eq=False, repr=False)
class GradientVariance(ByValue, Shown):
    """Variances of the derivatives of E for one circuit and one cost."""

    ansatz: dict[str, Any]
    """`Ansatz.description` of the circuit."""
    num_samples: int
    """Number of random points."""
    variances: FloatArray
    """(num_parameters,), unbiased estimates of the variance of dE/dtheta_k; with shots they include shot noise."""
    mean: float
    """Mean of ``variances``."""
    standard_error: float
    """Standard error of ``mean``."""
    degree_weights: FloatArray | None
    """(N + 1,), W(k) of the cost; None where its spectrum is unknown."""

    @property
    def num_qubits(self) -> int:
        """N."""
        return int(self.ansatz["num_qubits"])

    @property
    def relative(self) -> float:
        """``mean`` divided by the variance of the cost; NaN for a constant cost, or one whose spectrum is unknown."""
        variance = 0.0 if self.degree_weights is None else float(self.degree_weights[1:].sum())
        return self.mean / variance if variance > 0 else np.nan

    @property
    def product_state(self) -> float:
        """The exact ``mean`` of the product ansatz, sum_k k W(k) 2^-k / (2 N). NaN where the spectrum is unknown."""
        if self.degree_weights is None:
            return np.nan
        k = np.arange(len(self.degree_weights))
        return float((k * self.degree_weights * 0.5**k).sum()) / (2 * self.num_qubits)


def gradient_variance(
    ansatz: Ansatz, cost: Cost | npt.ArrayLike, samples: int = 100, rng: Rng = 0, *, engine: Engine | None = None,
    threads: int | None = None,
) -> GradientVariance:  # fmt: skip
    """Variance of dE/dtheta_k over ``samples`` random points.

    Angles are drawn as for a training (linear: uniform in [0, 2 pi)); ``rng`` is for them and for measurements.
    ``cost`` is as for `as_cost`, ``engine`` an engine for the same cost, by default `ExactEngine` with ``threads``.

    UsageError for fewer than 2 samples, or an engine for another number of bits; InputError for a cost whose size
    differs from the circuit's; TooLargeError, without ``engine``, for a cost that cannot be tabulated.
    """
    samples = check_whole("samples", samples, 2)
    source: Cost = as_cost(cost)
    if engine is None:
        engine = ExactEngine(source, threads=threads)
        source = source if isinstance(source, IsingHamiltonian) else engine.cost
    elif engine.num_qubits != source.num_bits:
        raise UsageError(f"the engine's cost has {engine.num_qubits} bits, the cost {source.num_bits}.")
    prepared, generator = engine.prepare(ansatz), np.random.default_rng(rng)
    gradients = np.array([
        prepared.value_and_gradient(ansatz.initial_parameters(generator), rng=generator).gradient
        for _ in range(samples)
    ])  # fmt: skip
    # each sample's share of the variance; their mean is the estimate, their spread its error
    shares = np.square(gradients - gradients.mean(axis=0)).mean(axis=1) * (samples / (samples - 1))
    weights = None
    if isinstance(source, IsingHamiltonian):
        weights = source.degree_weights()
    elif isinstance(source, TableCost):
        weights = WalshSpectrum.from_cost(source, threads=threads).degree_weights()
    error = float(shares.std(ddof=1) / np.sqrt(samples))
    variances = gradients.var(axis=0, ddof=1)
    return GradientVariance(ansatz.description, samples, variances, float(shares.mean()), error, weights)


def gradient_landscape(
    costs: Iterable[Cost | npt.ArrayLike], layers: Iterable[int], samples: int = 100, rng: Rng = 0, *,
    make_ansatz: Callable[[int, int], Ansatz] = LinearAnsatz, threads: int | None = None,
) -> tuple[GradientVariance, ...]:  # fmt: skip
    """`gradient_variance` for every cost (usually of growing N), each at every number of layers.

    ``make_ansatz`` is called with (N, layers).
    """
    depths = list(layers)
    return tuple(
        gradient_variance(make_ansatz(cost.num_bits, depth), cost, samples, rng, threads=threads)
        for cost in map(as_cost, costs)
        for depth in depths
    )
