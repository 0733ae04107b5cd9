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
from walshqhn.engines.exact import ExactEngine
from walshqhn.spectrum.walsh import WalshSpectrum
from walshqhn.support.arrays import FloatArray
from walshqhn.support.errors import UsageError


@dataclass(frozen=True, eq=False)
class GradientVariance:
    """Variances of the derivatives of E, for one circuit and one cost."""

    ansatz: dict[str, Any]
    """Description of the circuit."""
    num_samples: int
    seed: int
    variances: FloatArray
    """(num_parameters,), of dE/dtheta_k, estimated without bias."""
    mean: float
    """Their mean over the parameters."""
    standard_error: float
    """Of ``mean``."""
    degree_weights: FloatArray
    """(N + 1,), W(k) of the cost."""

    @property
    def num_qubits(self) -> int:
        """N."""
        return len(self.degree_weights) - 1

    @property
    def relative(self) -> float:
        """``mean`` divided by the variance of the cost: comparable between costs. NaN for a constant cost."""
        variance = float(self.degree_weights[1:].sum())
        return self.mean / variance if variance > 0 else np.nan

    @property
    def product_state(self) -> float:
        """What ``mean`` is, exactly, for the product ansatz: sum_k k W(k) 2^-k / (2 N)."""
        k = np.arange(len(self.degree_weights))
        return float((k * self.degree_weights * 0.5**k).sum()) / (2 * self.num_qubits)


def gradient_variance(
    ansatz: Ansatz, table: npt.ArrayLike, samples: int = 100, seed: int = 0, *, threads: int | None = None
) -> GradientVariance:
    """Variance of dE/dtheta_k over ``samples`` random settings of the angles, exact gradients.

    Parameters
    ----------
    ansatz
        The circuit; angles are drawn as training draws its starting points (linear: uniform in [0, 2 pi)).
    table
        Cost table (2^N,).
    samples
        At least 2.
    seed
        Of the angles.
    threads
        As for `ExactEngine`.

    Raises
    ------
    UsageError
        Fewer than 2 samples.
    InputError
        A table that is none, or of another size than the circuit.
    """
    if isinstance(samples, bool) or not isinstance(samples, int | np.integer) or samples < 2:
        raise UsageError(f"a variance needs a whole number of at least 2 samples, got {samples!r}.")
    engine = ExactEngine(table, threads=threads)
    rng = np.random.default_rng(seed)
    gradients = np.array([engine.value_and_gradient(ansatz, ansatz.initial_parameters(rng))[1] for _ in range(samples)])
    # each sample's share of the variance; their mean is the estimate, their spread its error
    shares = np.square(gradients - gradients.mean(axis=0)).mean(axis=1) * (samples / (samples - 1))
    return GradientVariance(
        ansatz=ansatz.description,
        num_samples=int(samples),
        seed=int(seed),
        variances=gradients.var(axis=0, ddof=1),
        mean=float(shares.mean()),
        standard_error=float(shares.std(ddof=1) / np.sqrt(samples)),
        degree_weights=WalshSpectrum.from_cost(engine.table, threads=threads).degree_weights(),
    )


def gradient_landscape(
    tables: Iterable[npt.ArrayLike],
    layers: Iterable[int],
    samples: int = 100,
    seed: int = 0,
    *,
    make_ansatz: Callable[[int, int], Ansatz] = LinearAnsatz,
    threads: int | None = None,
) -> tuple[GradientVariance, ...]:
    """`gradient_variance` for every cost (usually of growing N), and for each at every number of layers.

    ``make_ansatz`` is called with (N, layers).
    """
    depths = list(layers)
    found = []
    for table in tables:
        num_qubits = ExactEngine(table).num_qubits
        found += [gradient_variance(make_ansatz(num_qubits, d), table, samples, seed, threads=threads) for d in depths]
    return tuple(found)
