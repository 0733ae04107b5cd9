"""Averaging the predictions of networks: posteriors, exact and variational, and how good their predictions are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn import ExactEngine, wht
from walshqhn.binn.task import NetworkTask
from walshqhn.bits import index_to_bits
from walshqhn.circuits.ansatz import Ansatz
from walshqhn.engines.distribution import Distribution, Estimate
from walshqhn.engines.objectives import Objective
from walshqhn.support.arrays import FloatArray
from walshqhn.support.errors import UsageError
from walshqhn.support.resources import numpy_threads

_BINS = 10


@dataclass(frozen=True)
class FreeEnergy(Objective):
    """<C> - temperature * S, with the entropy S = -sum_x p_x log p_x in nats; needs exact probabilities."""

    temperature: float

    def __str__(self) -> str:
        return f"free energy at temperature {self.temperature!r}"

    def evaluate(self, found: Distribution) -> Estimate:
        return Estimate(found.mean(self.linearized(found)(found.costs)), 0.0)

    def linearized(self, found: Distribution) -> Callable[[FloatArray], FloatArray]:
        if found.probabilities is None:
            raise UsageError("the free energy is no function of measured costs; use an exact engine.")
        heat = self.temperature * np.log(np.maximum(found.probabilities, 1e-300))
        return lambda costs: costs + heat


@dataclass(frozen=True)
class Discrepancy(Objective):
    """<C> + weight * MMD^2, the maximum mean discrepancy to all networks alike; needs exact probabilities.

    MMD^2 = sum_xy (p - u)_x k(x, y) (p - u)_y with u uniform and k(x, y) = exp(-d(x, y) / l), d the Hamming distance
    and l = N / 2, the median of d under u. k is diagonal in the parities: its eigenvalue is (1 + r)^(N - |S|)
    (1 - r)^|S|, r = exp(-1 / l), so two Walsh-Hadamard transforms do in place of 4^N pairs.
    """

    weight: float

    def __str__(self) -> str:
        return f"discrepancy with weight {self.weight!r}"

    def evaluate(self, found: Distribution) -> Estimate:
        return Estimate(found.mean(found.costs + self.weight * self._smoothed(found)), 0.0)  # u does not see it

    def linearized(self, found: Distribution) -> Callable[[FloatArray], FloatArray]:
        pull = 2 * self.weight * self._smoothed(found)
        return lambda costs: costs + pull

    def _smoothed(self, found: Distribution) -> FloatArray:
        if found.probabilities is None:
            raise UsageError("the discrepancy is no function of measured costs; use an exact engine.")
        size = found.probabilities.size
        num_bits = size.bit_length() - 1
        ratio, degrees = np.exp(-2 / num_bits), np.bitwise_count(np.arange(size, dtype=np.uint64)).astype(np.int64)
        eigenvalues = ((1 + ratio) ** (num_bits - degrees)) * ((1 - ratio) ** degrees)
        return wht(eigenvalues * wht(found.probabilities - 1 / size, threads=1), threads=1, norm="forward")


def trained(engine: ExactEngine, ansatz: Ansatz, goal: Objective, seed: int, limit: int) -> FloatArray:
    """Distribution (2^N,) of the circuit after minimizing ``goal`` by L-BFGS from random angles."""
    from scipy.optimize import minimize

    prepared = engine.prepare(ansatz)
    start = ansatz.initial_parameters(np.random.default_rng([seed, 7]))
    options = {"maxiter": limit, "gtol": 1e-6, "ftol": 0.0, "maxcor": 20}

    def evaluate(angles: FloatArray) -> tuple[float, FloatArray]:
        found = prepared.value_and_gradient(angles, goal)
        assert found.gradient is not None
        return found.value, found.gradient

    with numpy_threads(1):  # as `walshqhn.train` does
        found = minimize(evaluate, start, jac=True, method="L-BFGS-B", options=options)
    return prepared.probabilities(found.x)


def divergence(distribution: FloatArray, cost: FloatArray, samples: int) -> float:
    """KL divergence to the `posterior` in nats, KL(p || posterior): (2^N,). What -ELBO is above its minimum."""
    logs = -samples * (cost - cost.min())
    norm = float(np.log(np.exp(logs).sum()))
    return float(distribution @ (np.log(np.maximum(distribution, 1e-300)) - logs)) + norm


def posterior(cost: FloatArray, samples: int) -> FloatArray:
    """exp(-n C), normalised: (2^N,)."""
    weights = np.exp(-samples * (cost - cost.min()))
    return np.asarray(weights / weights.sum())


def effective_number(distributions: FloatArray) -> FloatArray:
    """exp(entropy) of each row: as many equally likely networks are as uncertain. (M, 2^N) -> (M,)."""
    p = np.maximum(distributions, 1e-300)
    return np.asarray(np.exp(-np.einsum("mx,mx->m", distributions, np.log(p))))


def mean_predictions(task: NetworkTask, distributions: FloatArray) -> FloatArray:
    """Probability of class 1 of every test sample under every distribution, (M, 2^N) -> (M, S)."""
    assert task.data.test is not None
    x, size = task.data.test.x, 1 << 12
    total = np.zeros((len(distributions), len(x)))
    for start in range(0, distributions.shape[1], size):
        part = np.arange(start, min(start + size, distributions.shape[1]))
        total += distributions[:, part] @ task.predict(index_to_bits(part, task.num_bits), x)[:, :, 1]
    return np.clip(total, 0.0, 1.0)


def log_losses(p: FloatArray, y: npt.NDArray[Any]) -> FloatArray:
    """-log of the probability given to the true class, (..., S)."""
    return np.asarray(-np.log(np.maximum(np.where(y == 1, p, 1 - p), 1e-300)))


def calibration_error(p: FloatArray, y: npt.NDArray[Any]) -> float:
    """Expected calibration error, 10 equal bins of the confidence max(p, 1 - p) in [0.5, 1].

    sum over bins of (share of samples) * |accuracy - mean confidence|.
    """
    confidence, right = np.maximum(p, 1 - p), (p > 0.5) == y
    number = np.minimum(((confidence - 0.5) * 2 * _BINS).astype(int), _BINS - 1)
    return float(np.abs(np.bincount(number, weights=right - confidence, minlength=_BINS)).sum() / len(y))


def metrics(p: FloatArray, y: npt.NDArray[Any]) -> dict[str, float]:
    """Accuracy, mean negative log-likelihood (nats), Brier score and calibration error on samples (S,)."""
    return {
        "accuracy": float(((p > 0.5) == y).mean()),
        "nll": float(log_losses(p, y).mean()),
        "brier": float(((p - y) ** 2).mean()),
        "calibration_error": calibration_error(p, y),
    }


def bootstrap_mean(values: npt.ArrayLike, seed: int = 0) -> tuple[float, float, float]:
    """Mean and a 95 % percentile bootstrap interval: (mean, low, high)."""
    v = np.asarray(values, dtype=np.float64)
    rng = np.random.default_rng(seed)
    means = [v[rng.integers(0, len(v), len(v))].mean() for _ in range(2000)]
    low, high = np.quantile(means, [0.025, 0.975])
    return float(v.mean()), float(low), float(high)


def best_of(excess: npt.ArrayLike, chances: npt.ArrayLike, count: int) -> tuple[float, float, float]:
    """The chance of success of the lowest in energy of ``count`` runs, and its 95 % bootstrap interval over the runs.

    ``excess``, ``chances``: (runs,), the energy of each and its chance.
    """
    excess, chances = np.asarray(excess), np.asarray(chances)
    left = np.arange(len(excess), -1, -1) / len(excess)
    weights = left[:-1] ** count - left[1:] ** count  # that the k-th lowest of all is the lowest of those drawn

    def expected(chosen: npt.NDArray[np.int64]) -> float:
        return float(weights @ chances[chosen[np.argsort(excess[chosen], kind="stable")]])

    rng = np.random.default_rng(0)
    drawn = [expected(rng.integers(0, len(excess), len(excess))) for _ in range(1000)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return expected(np.arange(len(excess))), float(low), float(high)
