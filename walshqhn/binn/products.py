"""Sums of products of factors over samples and frequencies: the coefficients of one part of a task.

Coefficients of low degree share all factors but a few. With W the product of all means, and r the ratio of a feature's
coefficient to its group's mean, they are sums of W, W r, W r r' and W r r' r'': matrix products. Dividing by a small
mean loses nothing, since W has it as a factor, the same number bit by bit, and products and quotients keep their
relative accuracy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from walshqhn.binn.factors import ComplexArray, Factors, IndexArray, Rows
from walshqhn.bits import masks_from_supports
from walshqhn.cost.base import Progress
from walshqhn.kernels.pool import share
from walshqhn.support.arrays import FloatArray, MaskArray

SLOTS = 8  # sums kept apart, so that threads do not decide in which order numbers are added
_STEPS = 64  # reports of progress
_SMALLEST = 1e-30  # mean by which is divided in place of 0


def low_degree_terms(
    factors: Factors, max_degree: int, num_bits: int, progress: Progress
) -> tuple[MaskArray, FloatArray]:
    """All coefficients up to ``max_degree`` that can differ from 0: masks (T, W), the first empty, values (T,)."""
    features, ones = len(factors.features), np.flatnonzero(factors.degrees == 1)
    sizes = [(), (features,), (features,) * 2, (len(ones),) * 3][: max_degree + 1]

    def add(rows: Rows, sums: list[FloatArray]) -> None:
        _add_powers(rows, factors, ones, sums)

    sums = _summed(factors, sizes, add, progress)
    masks = masks_from_supports([f.support for f in factors.features], num_bits)
    group, degree, slope = factors.groups, factors.degrees, factors.slope
    found = [(np.zeros((1, masks.shape[1]), np.uint64), sums[0].reshape(1) + slope * factors.linear_constant)]
    if max_degree > 0:
        found.append((masks, sums[1] + slope * factors.linear))
    if max_degree > 1:
        a, b = np.triu_indices(features, 1)
        a, b = (x[(group[a] != group[b]) & (degree[a] + degree[b] <= max_degree)] for x in (a, b))
        found.append((masks[a] | masks[b], sums[2][a, b]))
    if max_degree > 2:
        a, b, c = np.nonzero(sums[3])  # of all orders a < b < c among them
        values, (a, b, c) = sums[3][a, b, c], (ones[a], ones[b], ones[c])
        kept = (group[a] < group[b]) & (group[b] < group[c])
        found.append(((masks[a] | masks[b] | masks[c])[kept], values[kept]))
    return np.vstack([m for m, _ in found]), np.concatenate([v for _, v in found])


def chosen_terms(factors: Factors, supports: Sequence[tuple[int, ...]], progress: Progress) -> FloatArray:
    """The coefficients of sets of bits: (M,). A set with a bit of no group has 0."""
    number = {frozenset(f.support): k for k, f in enumerate(factors.features)}
    group_of = {p: f.group for f in factors.features for p in f.support}
    members: list[list[int] | None] = []
    for support in supports:
        if any(p not in group_of for p in support):
            members.append(None)
            continue
        local: dict[int, list[int]] = {}
        for p in support:
            local.setdefault(group_of[p], []).append(p)
        members.append([number[frozenset(positions)] for positions in local.values()])

    def add(rows: Rows, sums: list[FloatArray]) -> None:
        place = {int(f): k for k, f in enumerate(rows.features)}
        column = {int(g): k for k, g in enumerate(rows.groups)}
        for m, chosen in enumerate(members):
            if chosen is None or any(f not in place for f in chosen):
                continue
            others = np.ones(len(rows.groups), bool)
            others[[column[int(factors.groups[f])] for f in chosen]] = False
            product = rows.weights * rows.means[:, others].prod(axis=1)
            for f in chosen:
                product = product * rows.coefficient(place[f])
            sums[0][m] += product.sum().real

    (values,) = _summed(factors, [(len(supports),)], add, progress)
    for m, chosen in enumerate(members):
        if chosen is not None and len(chosen) < 2:
            values[m] += factors.slope * (factors.linear[chosen[0]] if chosen else factors.linear_constant)
    return values


def _summed(
    factors: Factors, sizes: Sequence[tuple[int, ...]], add: Callable[[Rows, list[FloatArray]], None],
    progress: Progress,
) -> list[FloatArray]:  # fmt: skip
    """Means over samples of what ``add`` adds to arrays of these sizes for each batch of rows."""
    slots = [[np.zeros(size) for size in sizes] for _ in range(SLOTS)]
    batches = factors.batches()
    stride = SLOTS * -(-len(batches) // (SLOTS * _STEPS))
    for start in range(0, len(batches), stride):
        step = batches[start : start + stride]

        def work(begin: int, end: int, step: list[Any] = step) -> None:
            for slot in range(begin, end):
                for expansion, members in step[slot::SLOTS]:
                    add(factors(expansion, members), slots[slot])

        share(work, SLOTS)
        progress(min(1.0, (start + stride) / len(batches)))
    return [np.asarray(sum(arrays) / factors.num_samples) for arrays in zip(*slots, strict=True)]


def _add_powers(rows: Rows, factors: Factors, ones: IndexArray, sums: list[FloatArray]) -> None:
    """Add the real parts of the sums of W, W r, W r r' and W r r' r'', as many as there are ``sums``."""
    means = np.where(np.abs(rows.means) < _SMALLEST, _SMALLEST, rows.means)
    w = rows.weights * means.prod(axis=1)
    sums[0] += w.real.sum()
    if len(sums) == 1:
        return
    real, imag = rows.real, rows.imag
    if real is None:  # groups of one bit, one feature each
        imag = imag / means
    else:
        ratios = (real + 1j * imag) / means[:, np.searchsorted(rows.groups, factors.groups[rows.features])]
        real, imag = ratios.real.copy(), ratios.imag.copy()
    sums[1][rows.features] += w.real @ real - w.imag @ imag if real is not None else -(w.imag @ imag)
    if len(sums) > 2:
        sums[2][np.ix_(rows.features, rows.features)] += _bilinear(w, real, imag)
    if len(sums) > 3:
        single = np.flatnonzero(factors.degrees[rows.features] == 1)
        place = np.searchsorted(ones, rows.features[single])
        for k, a in enumerate(single):
            ratio = 1j * imag[:, a] if real is None else real[:, a] + 1j * imag[:, a]
            later = single[k + 1 :]
            rest = _bilinear(w * ratio, None if real is None else real[:, later], imag[:, later])
            sums[3][place[k]][np.ix_(place[k + 1 :], place[k + 1 :])] += rest


def _bilinear(w: ComplexArray, real: FloatArray | None, imag: FloatArray) -> FloatArray:
    """Re sum over rows of w r r', for all pairs of columns of r = real + i imag."""
    if real is None:
        if not w.real.any():
            return np.zeros((imag.shape[1],) * 2)
        return -((w.real[:, None] * imag).T @ imag)
    product = w[:, None] * (real + 1j * imag)
    return product.real.T @ real - product.imag.T @ imag
