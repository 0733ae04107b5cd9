"""How flat the landscape is: the variance of dE/dtheta over random parameters, next to the weights W(k) of the cost.

In a barren plateau (McClean et al., Nat. Commun. 9, 4812 (2018)) it falls exponentially with N. For a product
state of Ry angles it follows from the spectrum: dE/dtheta_j = -sin theta_j sum_{S with j} f(S) prod_{i in S - j}
cos theta_i has the variance sum_{S with j} f(S)^2 2^-|S|, so that the variances add up to sum_k k W(k) 2^-k:
weight at low degrees keeps gradients alive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn.circuits.ansatz import Ansatz, LinearAnsatz
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


@dataclass(frozen=True, eq=False)
class GradientVariance:
    """Variances of the derivatives of E, for one circuit and one cost."""

    ansatz: dict[str, Any]
    """Description of the circuit."""
    num_samples: int
    """Random settings of the angles."""
    variances: FloatArray
    """(num_parameters,), of dE/dtheta_k, estimated without bias; with shots, their noise is in it."""
    mean: float
    """Their mean over the parameters."""
    standard_error: float
    """Of ``mean``."""
    degree_weights: FloatArray | None
    """(N + 1,), W(k) of the cost; None where its spectrum is not known."""

    @property
    def num_qubits(self) -> int:
        """N."""
        return int(self.ansatz["num_qubits"])

    @property
    def relative(self) -> float:
        """``mean`` divided by the variance of the cost: comparable between costs. NaN for a constant cost, or one whose
        spectrum is not known.
        """
        variance = 0.0 if self.degree_weights is None else float(self.degree_weights[1:].sum())
        return self.mean / variance if variance > 0 else np.nan

    @property
    def product_state(self) -> float:
        """What ``mean`` is, exactly, for the product ansatz: sum_k k W(k) 2^-k / (2 N). NaN where the spectrum is not
        known.
        """
        if self.degree_weights is None:
            return np.nan
        k = np.arange(len(self.degree_weights))
        return float((k * self.degree_weights * 0.5**k).sum()) / (2 * self.num_qubits)


def gradient_variance(
    ansatz: Ansatz,
    cost: Cost | npt.ArrayLike,
    samples: int = 100,
    rng: Rng = 0,
    *,
    engine: Engine | None = None,
    threads: int | None = None,
) -> GradientVariance:
    """Variance of dE/dtheta_k over ``samples`` random settings of the angles.

    Parameters
    ----------
    ansatz
        The circuit; angles are drawn as training draws its starting points (linear: uniform in [0, 2 pi)).
    cost
        What `as_cost` takes.
    samples
        At least 2.
    rng
        Of the angles, and of an engine's measurements.
    engine
        What differentiates, for the same cost; default: `ExactEngine`, which tabulates it.
    threads
        As for `ExactEngine`.

    Raises
    ------
    UsageError
        Fewer than 2 samples; an engine for another cost.
    InputError
        What is no cost; a cost of another size than the circuit.
    TooLargeError
        Without ``engine``: a cost that cannot be tabulated.
    """
    samples = check_whole("samples", samples, 2)
    source: Cost = as_cost(cost)
    if engine is None:
        engine = ExactEngine(source, threads=threads)
        source = source if isinstance(source, IsingHamiltonian) else engine.cost
    elif engine.num_qubits != source.num_bits:
        raise UsageError(f"the engine's cost has {engine.num_qubits} bits, the cost {source.num_bits}.")
    prepared, generator = engine.prepare(ansatz), np.random.default_rng(rng)
    found = []
    for _ in range(samples):
        found.append(prepared.value_and_gradient(ansatz.initial_parameters(generator), rng=generator).gradient)
    gradients = np.array(found)
    # each sample's share of the variance; their mean is the estimate, their spread its error
    shares = np.square(gradients - gradients.mean(axis=0)).mean(axis=1) * (samples / (samples - 1))
    return GradientVariance(
        ansatz=ansatz.description,
        num_samples=samples,
        variances=gradients.var(axis=0, ddof=1),
        mean=float(shares.mean()),
        standard_error=float(shares.std(ddof=1) / np.sqrt(samples)),
        degree_weights=_degree_weights(source, threads),
    )


def gradient_landscape(
    costs: Iterable[Cost | npt.ArrayLike],
    layers: Iterable[int],
    samples: int = 100,
    rng: Rng = 0,
    *,
    make_ansatz: Callable[[int, int], Ansatz] = LinearAnsatz,
    threads: int | None = None,
) -> tuple[GradientVariance, ...]:
    """`gradient_variance` for every cost (usually of growing N), and for each at every number of layers.

    ``make_ansatz`` is called with (N, layers).
    """
    depths = list(layers)
    return tuple(
        gradient_variance(make_ansatz(cost.num_bits, depth), cost, samples, rng, threads=threads)
        for cost in map(as_cost, costs)
        for depth in depths
    )


def _degree_weights(cost: Cost, threads: int | None) -> FloatArray | None:
    if isinstance(cost, IsingHamiltonian):
        return cost.degree_weights()
    if isinstance(cost, TableCost):
        return WalshSpectrum.from_cost(cost, threads=threads).degree_weights()
    return None
