"""The Walsh spectrum of a cost of any number of bits, estimated from evaluations at random configurations.

Configurations x and y whose spins are equal with probability (1 + rho) / 2, each independently, have
E[C(x) C(y)] = sum_k rho^k W(k), the noise stability of C (O'Donnell, Analysis of Boolean Functions, section 2.4). From
several rho the weights of low degrees follow; what is known exactly need not be estimated.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from walshqhn.cost.base import Cost, Progress
from walshqhn.cost.convert import as_cost
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.spectrum.estimate import SpectrumEstimate, evaluate
from walshqhn.spectrum.regression import fit_hamiltonian
from walshqhn.spectrum.sparse import recover_sparse
from walshqhn.support.arrays import FloatArray
from walshqhn.support.checks import check_whole
from walshqhn.support.errors import UsageError, unknown_name

Method = Literal["pairs", "regression", "sparse"]
_NODES = np.cos(np.pi * np.arange(8) / 7)  # rho: dense near -1 and 1, where powers of rho differ most
_DEGREES = 64  # beyond it powers of the inner nodes vanish


def estimate_spectrum(
    cost: Cost | npt.ArrayLike, max_degree: int = 3, *, evaluations: int = 80_000, method: Method = "pairs",
    known: IsingHamiltonian | None = None, rng: np.random.Generator | int | None = 0, progress: Progress | None = None,
) -> SpectrumEstimate:  # fmt: skip
    """W(k) for k = 0 ... ``max_degree``, and of all higher degrees together, of a cost of any number of bits.

    Parameters
    ----------
    cost
        A cost, or what `as_cost` takes.
    evaluations
        How often the cost may be evaluated; at least 800.
    method
        "pairs": from the correlation of neighbours; for any cost. "regression": a least-squares fit of all terms up to
        ``max_degree``, which is returned as well, see `fit_hamiltonian`. "sparse": the few large terms, whatever their
        degree, by transforms of random subcubes, see `recover_sparse`.
    known
        With pairs: the exact Hamiltonian of degrees up to its ``max_degree`` (`low_degree_hamiltonian`). The weights of
        these degrees are then exact, and the errors of the others are relative to what it leaves out.

    UsageError for a setting that is not allowed; what the cost raises is passed on.

    >>> cost = IsingHamiltonian.from_terms({(0,): 1.0, (3, 70): 2.0})
    >>> found = estimate_spectrum(cost, max_degree=2)
    >>> bool(abs(found.weights[2] - 4) < 5 * found.errors[2])
    True
    """
    source = as_cost(cost)
    wanted = min(check_whole("max_degree", max_degree, 0), source.num_bits)
    budget, generator = check_whole("evaluations", evaluations, 800), np.random.default_rng(rng)
    if known is not None:
        if method != "pairs":
            raise UsageError(f"known is what pairs need not estimate; it cannot be used with method {method!r}.")
        if not isinstance(known, IsingHamiltonian) or known.num_qubits != source.num_bits:
            raise UsageError(f"known must be a Hamiltonian on {source.num_bits} qubits, got {known!r}.")
    if method == "pairs":
        return _from_pairs(source, wanted, budget // len(_NODES), known, generator, progress)
    if method == "regression":
        return fit_hamiltonian(source, wanted, evaluations=budget, rng=generator, progress=progress)
    if method == "sparse":
        return recover_sparse(source, evaluations=budget, rng=generator, progress=progress).up_to(wanted)
    raise unknown_name("method", str(method), get_args(Method))


def _from_pairs(
    cost: Cost, wanted: int, count: int, known: IsingHamiltonian | None, rng: np.random.Generator,
    progress: Progress | None,
) -> SpectrumEstimate:  # fmt: skip
    n = cost.num_bits
    weights, errors, bias = (np.zeros(wanted + 1) for _ in range(3))
    values = _at_nodes(cost, known, count, rng, progress)
    if known is None:
        exact, settled, mean = -1, 0.0, float(values[0].mean())
        weights[0], errors[0] = mean**2, 2 * abs(mean) * _error(values[0])
        values -= mean
    else:
        exact, found = n if known.max_degree is None else known.max_degree, known.degree_weights()
        settled = float(found[1:].sum())
        weights[: exact + 1] = found[: min(exact, wanted) + 1]
    products = (values[0] * values).T
    square = products[:, 0]  # rho = 1: the variance of what is not known
    rest, covariance, low = float(square.mean()), np.cov(products.T) / count, np.zeros(count)
    for k in range(max(1, exact + 1), wanted + 1):
        coefficients, leak = _functional(k, np.arange(exact + 1, wanted + 1), n, covariance, rest)
        terms = products @ coefficients
        weights[k], errors[k], bias[k] = terms.mean(), _error(terms), rest * leak
        low += terms
    above = square - low
    beyond = settled - float(weights[1 : exact + 1].sum())  # known, of degrees above those asked for
    return SpectrumEstimate(
        n, weights, errors, bias, beyond + float(above.mean()), _error(above) + float(bias.sum()), settled + rest,
        _error(square), evaluations=count * len(_NODES), method="pairs", hamiltonian=known,
    )  # fmt: skip


def _at_nodes(
    cost: Cost, known: IsingHamiltonian | None, count: int, rng: np.random.Generator, progress: Progress | None
) -> FloatArray:
    """C - ``known`` at random x, and at a neighbour of each for every rho: (nodes, ``count``), rho = 1 first."""
    x = rng.integers(2, size=(count, cost.num_bits), dtype=np.uint8)
    level = rng.random(x.shape)
    values = np.empty((len(_NODES), count))
    for j, rho in enumerate(_NODES):
        bits = np.where(level < (1 - rho) / 2, 1 - x, x)  # a spin that has changed stays so
        values[j] = evaluate(cost, bits) - (0.0 if known is None else known.costs(bits))
        if progress is not None:
            progress((j + 1) / len(_NODES))
    return values


def _functional(
    k: int, low: npt.NDArray[np.int64], n: int, covariance: FloatArray, rest: float
) -> tuple[FloatArray, float]:
    """Coefficients a with sum_j a_j rho_j^i = [i = k] for all i in ``low``, of least squared error; and their leak.

    The error is that of the samples and, should all the ``rest`` lie at one higher degree, of what leaks from there:
    at most rest times max_i |sum_j a_j rho_j^i|, i above ``low``.
    """
    exact = _NODES[None, :] ** low[:, None]
    higher = _NODES[None, :] ** np.arange(low[-1] + 1, max(low[-1], min(n, _DEGREES)) + 1)[:, None]
    scale = float(np.trace(covariance)) or 1.0
    quadratic = covariance / scale + (rest**2 / scale) * (higher.T @ higher)
    system = np.block([[quadratic, exact.T], [exact, np.zeros((len(low), len(low)))]])
    a = np.linalg.lstsq(system, np.concatenate([np.zeros(len(_NODES)), low == k]), rcond=None)[0][: len(_NODES)]
    return a, float(np.abs(higher @ a).max(initial=0.0))


def _error(values: FloatArray) -> float:
    """Standard error of the mean of independent ``values``."""
    return float(values.std(ddof=1) / np.sqrt(len(values)))
