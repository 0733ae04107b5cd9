"""All terms of low degree by least squares on random configurations."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
import numpy.typing as npt

from walshqhn.bits import bits_to_spins, masks_from_supports
from walshqhn.cost.base import Cost, Progress
from walshqhn.cost.convert import as_cost
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.spectrum.estimate import SpectrumEstimate, evaluate
from walshqhn.support.arrays import FloatArray
from walshqhn.support.checks import check_whole
from walshqhn.support.errors import UsageError
from walshqhn.support.resources import numpy_threads, require_memory

_BATCH = 4096  # configurations whose features are in memory


def fit_hamiltonian(
    cost: Cost | npt.ArrayLike, max_degree: int = 2, *, evaluations: int = 10_000,
    rng: np.random.Generator | int | None = 0, progress: Progress | None = None,
) -> SpectrumEstimate:  # fmt: skip
    """The terms of degree up to ``max_degree`` by a least-squares fit at random configurations.

    For black-box costs: the fit needs more evaluations than there are terms, and its ``hamiltonian`` is only as good as
    the ``rest``, which it cannot fit, is small. Weights are sums of squared coefficients, corrected for their errors.

    UsageError unless there are at least 1.5 ``evaluations`` of the cost for each term; TooLargeError if the equations
    do not fit in memory.

    >>> found = fit_hamiltonian(IsingHamiltonian.from_terms({(0, 39): 2.0}), evaluations=2000)
    >>> found.hamiltonian.truncate(tolerance=1e-9).largest(1)[0][0]
    (0, 39)
    """
    source = as_cost(cost)
    n, count = source.num_bits, check_whole("evaluations", evaluations, 100)
    degree = min(check_whole("max_degree", max_degree, 0), n)
    terms = sum(comb(n, k) for k in range(degree + 1))
    if count < 1.5 * terms:
        raise UsageError(
            f"a fit of {terms:,} terms needs at least {-(-3 * terms // 2):,} evaluations, got {count:,}; "
            "use those, a lower degree, or sparse recovery."
        )
    require_memory(
        8 * terms * (4 * terms + 2 * min(count, _BATCH)),
        f"a fit of {terms:,} terms",
        "Use a lower degree or sparse recovery.",
    )
    generator = np.random.default_rng(rng)
    bits = generator.integers(2, size=(count, n), dtype=np.uint8)
    values = evaluate(source, bits, progress)
    supports = [support for k in range(degree + 1) for support in combinations(range(n), k)]
    shift = float(values.mean())  # so that the size of the mean costs no digits
    values = values - shift
    gram, moments, scatter = np.zeros((terms, terms)), np.zeros(terms), np.zeros((terms, terms))
    batches = [slice(start, start + _BATCH) for start in range(0, count, _BATCH)]
    with numpy_threads(None if terms > 500 else 1):  # waking threads costs more than small products
        for part in batches:
            features = _features(bits[part], supports)
            gram += features.T @ features
            moments += features.T @ values[part]
        inverse = np.linalg.inv(gram)
        found = inverse @ moments
        for part in batches:  # what is left may be larger here than there: errors as White's (1980)
            features = _features(bits[part], supports)
            values[part] -= features @ found
            scatter += (features * np.square(values[part])[:, None]).T @ features
        scale = count / (count - terms)
        variances = scale * np.einsum("ij,jk,ki->i", inverse, scatter, inverse, optimize=True)
    squares, left = np.square(found), scale * np.square(values)
    rest, rest_error = float(left.mean()), float(left.std() / np.sqrt(count))
    found[0] += shift
    degrees = np.array([len(support) for support in supports])
    weights = np.bincount(degrees, squares - variances, degree + 1).astype(np.float64)
    weights[0] = found[0] ** 2
    errors = np.sqrt(np.bincount(degrees, 4 * squares * variances + 2 * variances**2, degree + 1))
    errors[0] = 2 * abs(found[0]) * np.sqrt(variances[0])
    keep = found[1:] != 0
    masks = masks_from_supports(supports[1:], n)[keep]
    hamiltonian = IsingHamiltonian(
        n, masks, found[1:][keep], float(found[0]), discarded_weight=rest, max_degree=degree, names=source.names
    )
    return SpectrumEstimate(
        n, weights, errors, np.zeros(degree + 1), rest, rest_error, float(weights[1:].sum()) + rest,
        float(np.sqrt(np.square(errors[1:]).sum() + rest_error**2)), count, "regression", hamiltonian,
    )  # fmt: skip


def _features(bits: npt.NDArray[np.uint8], supports: list[tuple[int, ...]]) -> FloatArray:
    """Products of the spins in every support: (M, T); supports are sorted by size, the empty one first."""
    spins = bits_to_spins(bits).T.astype(np.float64)
    out = np.ones((len(supports), len(bits)))
    place = {support: t for t, support in enumerate(supports)}
    for t, support in enumerate(supports[1:], start=1):
        np.multiply(out[place[support[:-1]]], spins[support[-1]], out=out[t])
    return out.T
