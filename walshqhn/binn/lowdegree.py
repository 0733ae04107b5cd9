"""Exact Fourier coefficients of additive tasks, of low degree or of chosen masks, at any number of bits.

With the loss expanded as in `walshqhn.binn.expansion`, the coefficient of a mask S is, under uniform bits,

    f(S) = slope E[v chi_S] + Re sum_k c_k prod_g E[exp(i k step s_g) chi_{S in g}],

averaged over samples: a product over groups of local Walsh coefficients. Bits of the architecture are transformed
last, over the parts of the task.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn.binn.factors import Factors
from walshqhn.binn.products import SLOTS, chosen_terms, low_degree_terms
from walshqhn.binn.task import NetworkTask
from walshqhn.bits import index_to_bits, mask_degrees, mask_support, masks_from_supports, words_for
from walshqhn.cost.base import Cost, Progress
from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.support.arrays import FloatArray, MaskArray
from walshqhn.support.checks import check_whole
from walshqhn.support.errors import InputError, UsageError
from walshqhn.support.resources import numpy_threads, require_memory, thread_limit

MOST_DEGREES = 3


def low_degree_hamiltonian(
    task: NetworkTask, max_degree: int = 2, *, masks: npt.ArrayLike | None = None, samples: int = 2000, rng: Any = 0,
    threads: int | None = None, progress: Progress | None = None,
) -> IsingHamiltonian:  # fmt: skip
    """The Fourier coefficients of an additive task up to degree ``max_degree``, exactly, at any number of bits.

    Only the weight of what is left out is estimated: ``discarded_weight``, the mean of (C - H)^2 over random
    configurations, with its standard error ``discarded_error``. ``coefficient_error`` bounds the error of each
    coefficient, rounding apart. Networks rarer than one in ``samples`` escape the estimate and its error, which matters
    where the loss is linear for nearly all others. Terms at the level of rounding errors are dropped, as in
    `WalshSpectrum.hamiltonian`.

    Parameters
    ----------
    task
        Logistic regression or one hidden layer, with one output; loss "bce" or "mse".
    max_degree
        0 ... 3.
    masks
        Compute the constant and the coefficients of these masks alone, of any degree: distinct rows
        (M, ceil(N / 64)) as in `IsingHamiltonian.masks`.
    samples
        Number of these configurations, at least 2. If there are no more than that, all are used and the weight is
        exact.
    rng
        Seed or generator for drawing them, as in `numpy.random.default_rng`.
    threads
        As in `resolve_threads`.
    progress
        Called with the fraction done.

    Raises
    ------
    UsageError
        The cost is not an additive task, or its outputs are so large that the loss has no expansion (`expand_loss`).
    InputError
        ``masks`` are not distinct, or not of this shape.
    TooLargeError
        More terms than fit in memory.

    Examples
    --------
    >>> from walshqhn import load_task
    >>> low_degree_hamiltonian(load_task("mnist-8x8", num_samples=50)).num_qubits
    66
    """
    if not isinstance(task, NetworkTask):
        kind = type(task).__name__
        raise UsageError(
            f"exact coefficients without a table need a network on data, got {kind}: use WalshSpectrum.from_cost up to "
            "30 bits, estimate_spectrum or fit_hamiltonian past them."
        )
    check_whole("max_degree", max_degree, 0, MOST_DEGREES)
    check_whole("samples", samples, 2)
    if masks is None:
        _require_terms(task.num_bits, max_degree)
    supports = None if masks is None else _supports(masks, task.num_bits)
    parts = task.additive_parts()
    found: list[tuple[MaskArray, FloatArray]] = []
    error = 0.0
    with thread_limit(threads), numpy_threads(1):  # many small products, which our own threads share
        for k, part in enumerate(parts):

            def report(fraction: float, done: int = k) -> None:
                if progress is not None:
                    progress((done + fraction) / len(parts))

            if supports is None:
                factors = Factors(part, task.loss, max_degree)
                terms = low_degree_terms(factors, max_degree, task.num_bits, report)
                found += _with_architecture(*terms, part.architecture, max_degree, task.num_bits)
            else:
                inner = [tuple(j for j in support if j not in part.architecture) for support in supports]
                factors = Factors(part, task.loss, max_degree, inner)
                signs = np.array([_sign(part.architecture, support) for support in supports])
                values = chosen_terms(factors, inner, report)
                found.append((masks_from_supports(supports, task.num_bits), signs * values))
            error += factors.error / len(parts)
    rows, which = np.unique(np.vstack([m for m, _ in found]), axis=0, return_inverse=True)
    values = np.bincount(which.ravel(), weights=np.concatenate([v for _, v in found])) / len(parts)
    tolerance = float(np.finfo(np.float64).eps * np.sqrt(np.square(values).sum()))
    empty = ~rows.any(axis=1)
    kept = ~empty & (np.abs(values) > tolerance)
    hamiltonian = IsingHamiltonian(
        task.num_bits, rows[kept], values[kept], float(values[empty].sum()), tolerance=tolerance, names=task.bit_names,
        max_degree=max_degree if supports is None else None, coefficient_error=error,
    )  # fmt: skip
    with numpy_threads(threads):
        weight, deviation = left_out(task, hamiltonian, samples, rng)
    return replace(hamiltonian, discarded_weight=weight, discarded_error=deviation)


def left_out(cost: Cost, hamiltonian: IsingHamiltonian, samples: int, rng: Any) -> tuple[float, float]:
    """The mean of (C - H)^2 over ``samples`` random configurations (at most all of them), and its error."""
    n = cost.num_bits
    if n < 63 and 1 << n <= samples:
        bits = index_to_bits(np.arange(1 << n), n)
    else:
        bits = np.random.default_rng(rng).integers(0, 2, (samples, n), dtype=np.uint8)
    squares = np.square(cost.costs(bits) - hamiltonian.costs(bits))
    everything = len(bits) == 1 << n
    return float(squares.mean()), 0.0 if everything else float(squares.std(ddof=1) / np.sqrt(len(bits)))


def _supports(masks: npt.ArrayLike, num_bits: int) -> list[tuple[int, ...]]:
    """``masks`` as sets of bits, the empty one first. InputError unless they are distinct masks."""
    given = np.asarray(masks)
    if given.ndim != 2 or given.shape[1] != words_for(num_bits) or given.dtype.kind not in "ui":
        raise InputError(
            f"masks must be whole numbers of shape (M, {words_for(num_bits)}), got {given.dtype} {given.shape}."
        )
    found = [mask_support(row) for row in given.astype(np.uint64)]
    if any(support and support[-1] >= num_bits for support in found) or len(set(found)) < len(found):
        raise InputError(f"masks must be distinct and name bits below {num_bits}.")
    return [(), *(support for support in found if support)]


def _require_terms(num_bits: int, max_degree: int) -> None:
    """TooLargeError if all terms of the degrees, and the sums they come from, do not fit in memory."""
    terms = sum(comb(num_bits, k) for k in range(max_degree + 1))
    bytes_each = 6 * 8 * (words_for(num_bits) + 1)  # sorted and merged
    require_memory(
        bytes_each * terms + 8 * (SLOTS + 1) * num_bits**max_degree,
        f"a Hamiltonian of degree {max_degree} on {num_bits} bits has up to {terms:,} terms, and computing them",
        "Use a lower degree, or choose masks.",
    )


def _sign(architecture: dict[int, int], support: Collection[int]) -> float:
    """The Walsh function of the architecture's bits in ``support``."""
    return float((-1) ** sum(architecture[j] for j in support if j in architecture))


def _with_architecture(
    masks: MaskArray, values: FloatArray, architecture: dict[int, int], max_degree: int, num_bits: int
) -> list[tuple[MaskArray, FloatArray]]:
    """The terms of a part as those it adds to the task, for each set of bits of the architecture."""
    degrees, found = mask_degrees(masks), []
    for size in range(min(max_degree, len(architecture)) + 1):
        low = degrees <= max_degree - size
        for chosen in combinations(architecture, size):
            own = masks_from_supports([chosen], num_bits)
            found.append((masks[low] | own, _sign(architecture, chosen) * values[low]))
    return found
