"""Branch and bound on a Hamiltonian: the exact minimum where fields dominate or the terms are few."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from walshqhn.cost.flips import SpinModel
from walshqhn.support.arrays import BitArray

_NODES = 1 << 18  # a call: a fraction of a second
_FIRST_TRY = 16  # calls without the help of smaller problems


def branch_and_bound(
    model: SpinModel, incumbent: BitArray, energy: float, seconds: float, slack: float,
    report: Callable[[float], None] | None = None,
) -> tuple[BitArray, bool]:  # fmt: skip
    """A configuration of minimum energy, and True; or the best found in ``seconds``, and False.

    The search begins from ``incumbent``, which has ``energy`` (without the constant); improvements of less than
    ``slack`` are ignored. The bound is the energy of the fixed spins minus the absolute values of all fields and open
    terms. If it does not suffice, problems of the last spins only, from short ones to long, are solved first, and their
    minima used as bounds (Verfaillie, Lemaitre and Schiex, "Russian doll search", AAAI 1996).
    """
    search = _Search(model, slack)
    end = time.monotonic() + seconds
    if search.solve(0, incumbent, energy, min(end, time.monotonic() + seconds / 4), _FIRST_TRY):
        return search.bits, True
    known, best = search.bits, search.best
    for first in reversed(range(model.num_bits)):
        start, value = search.extend(first) if first else (known, best)
        if not search.solve(first, start, value, end):
            return known, False
        search.free[first] = search.best
        if report is not None:
            report(1 - first / model.num_bits)
    return search.bits, True


class _Search:
    """The terms, with spins numbered in the order in which they are fixed."""

    def __init__(self, model: SpinModel, slack: float) -> None:
        n, self.slack = model.num_bits, slack
        self.order = _order(model)
        place = np.empty(n, np.int64)
        place[self.order] = np.arange(n)
        sort = np.lexsort((place[model.bits], model.terms))
        spots, starts, degrees = place[model.bits[sort]], model.starts[:-1], model.degrees
        single, several = degrees == 1, np.flatnonzero(degrees > 1)
        self.fields = np.zeros(n)
        self.fields[spots[starts[single]]] = model.values[single]
        self.values = np.ascontiguousarray(model.values[several])
        self.spots = np.ascontiguousarray(spots[~np.repeat(single, degrees)])
        self.starts = np.concatenate([[0], np.cumsum(degrees[several])]).astype(np.int64)
        fold, self.begins = self.spots[self.starts[1:] - 2], self.spots[self.starts[:-1]]
        self.folded = np.argsort(fold, kind="stable")
        self.folds = np.concatenate([[0], np.cumsum(np.bincount(fold, minlength=n))]).astype(np.int64)
        size = np.abs(self.values)

        def beyond(last: BitArray) -> np.ndarray:  # sizes of terms for which ``last`` is at least d, for every d
            return np.append(np.cumsum(np.bincount(last, weights=size, minlength=n)[::-1])[::-1], 0.0)

        self.open_terms = beyond(fold)
        self.half_open = self.open_terms - beyond(self.begins)
        self.free = np.full(n + 1, -np.inf)
        self.free[n] = 0.0
        self.best, self.spins = np.inf, np.ones(n)

    @property
    def bits(self) -> BitArray:
        """The best spins as bits of the Hamiltonian, (N,)."""
        out = np.zeros(self.order.size, np.uint8)
        out[self.order] = self.spins < 0
        return out

    def extend(self, first: int) -> tuple[BitArray, float]:
        """The solution of the problem from ``first`` + 1 on, with the better spin at ``first``, and its energy."""
        spins, field = self.spins.copy(), self.fields[first]
        for t in np.flatnonzero(self.begins == first):
            field += self.values[t] * spins[self.spots[self.starts[t] + 1 : self.starts[t + 1]]].prod()
        spins[first] = -1.0 if field > 0 else 1.0
        bits = np.zeros(self.order.size, np.uint8)
        bits[self.order] = spins < 0
        return bits, self.free[first + 1] - abs(field)

    def solve(self, first: int, incumbent: BitArray, energy: float, end: float, calls: int = 1 << 62) -> bool:
        """Solve the problem of the spins from ``first`` on; False if the time or the number of ``calls`` is up."""
        from walshqhn.kernels.branching import branch

        n = self.order.size
        best, self.spins = np.array([energy]), 1.0 - 2.0 * incumbent[self.order]
        tried, where, crossed = np.zeros(n, np.int8), np.array([first]), np.zeros((n, n))
        state = np.zeros(2 * n + 1)
        for _ in range(calls):
            if branch(
                self.fields, self.values, self.starts, self.spots, self.folds, self.folded, self.free,
                self.open_terms, self.half_open, first, self.slack, _NODES,
                best, self.spins, tried, where, crossed, state,
            ):  # fmt: skip
                self.best = float(best[0])
                return True
            if time.monotonic() > end:
                break
        self.best = float(best[0])
        return False


def _order(model: SpinModel) -> np.ndarray:
    """Where few bits meet: neighbours together, by reverse Cuthill-McKee; else those that matter most come first."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import reverse_cuthill_mckee

    n = model.num_bits
    last = model.bits[np.minimum(np.arange(model.bits.size) + 1, max(0, model.bits.size - 1))]
    pairs = np.append(model.terms[1:] == model.terms[:-1], False)[: model.bits.size]
    graph = coo_matrix((np.ones(int(pairs.sum())), (model.bits[pairs], last[pairs])), shape=(n, n)).tocsr()
    graph = ((graph + graph.T) > 0).tocsr()
    if graph.nnz < 8 * n:
        return np.asarray(reverse_cuthill_mckee(graph, symmetric_mode=True), dtype=np.int64)
    weight = np.bincount(model.bits, weights=np.abs(model.values)[model.terms], minlength=n)
    return np.argsort(-weight, kind="stable")
