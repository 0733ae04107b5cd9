"""The energy of a Hamiltonian in a matrix product state, and its derivatives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from walshqhn.cost.hamiltonian import IsingHamiltonian
from walshqhn.engines.mps_state import IntArray, State
from walshqhn.kernels import mps as kernels
from walshqhn.support.arrays import FloatArray, MaskArray
from walshqhn.support.resources import require_memory


@dataclass(frozen=True, eq=False)
class Cotangent:
    """Derivatives with respect to the tensors of a state, to be added to: dE = Re(sum g dA)."""

    re: FloatArray
    im: FloatArray

    @classmethod
    def of(cls, state: State) -> Cotangent:
        """Zeros."""
        return cls(np.zeros_like(state.re), np.zeros_like(state.im))


NO_COTANGENT = Cotangent(np.zeros(0), np.zeros(0))
"""Where no derivatives are wanted."""


class Automaton:
    """Products of Z as an automaton that reads the sites in order: terms that begin alike share the work.

    ``sites`` (T, most) holds the sites of each term, ascending, then -1; all terms differ, none is empty.
    """

    def __init__(self, sites: IntArray, num_sites: int) -> None:
        count, most = sites.shape
        require_memory(64 * count * most, f"an automaton for {count:,} terms", "Use fewer terms, or shots.")
        order = np.lexsort(sites.T[::-1]) if count else np.zeros(0, np.int64)
        ordered = sites[order]
        place, parent = np.zeros(0, np.int64), np.zeros(0, np.int64)  # of every prefix: its last site, what it extends
        of_term = np.full(count, -1)  # the prefix that is each term, in the order of ``order``
        above, differs = np.full(count, -1), np.zeros(count, bool)
        differs[:1] = True
        for depth in range(most):
            column = ordered[:, depth]
            differs[1:] |= column[1:] != column[:-1]
            inside = column >= 0
            fresh = differs & inside
            number = np.where(inside, len(place) + np.cumsum(fresh) - 1, -1)
            place, parent = np.append(place, column[fresh]), np.append(parent, above[fresh])
            of_term = np.where(inside, number, of_term)
            above = number
        last = place.copy()  # the last site of an extension by one
        extended = parent >= 0
        np.maximum.at(last, parent[extended], place[extended])
        self._lay(num_sites, place, parent, last, of_term)
        self.of_term = np.empty(count, np.int64)
        """(T,), the number of the move that has the coefficient of each term."""
        self.of_term[order] = self._closing[of_term]

    def _lay(self, n: int, place: IntArray, parent: IntArray, last: IntArray, of_term: IntArray) -> None:
        """States: 0, all is read; 1, nothing yet; then one for every prefix that can still be extended."""
        is_term = np.zeros(len(place), bool)
        is_term[of_term] = True
        self._closing = np.full(len(place), -1)
        by_site = np.argsort(place, kind="stable")
        bounds = np.searchsorted(place[by_site], np.arange(n + 1))
        slot, alive = np.zeros(len(place), np.int64), np.zeros(0, np.int64)
        widths, ends, moves, done = [1], [0], [], 0
        for k in range(n):
            here = by_site[bounds[k] : bounds[k + 1]]
            start = 1 if k else 0
            source = np.where(parent[here] < 0, start, slot[parent[here]])
            goes_on = last[alive] > k
            before, opened = slot[alive[goes_on]], here[last[here] > k]
            alive = np.append(alive[goes_on], opened)
            slot[alive] = 2 + np.arange(len(alive))
            kept = [(0, 0, 1)] if k else []
            kept += [(start, 1, 1)] if k < n - 1 else []
            parts = [np.array(kept, np.int64).reshape(-1, 3)]
            parts.append(_moves(before, slot[alive[: len(before)]], 1))
            parts.append(_moves(source[last[here] > k], slot[opened], -1))
            closed = is_term[here]
            self._closing[here[closed]] = done + sum(map(len, parts)) + np.arange(closed.sum())
            parts.append(_moves(source[closed], np.zeros(closed.sum(), np.int64), -1))
            moves += parts
            done += sum(map(len, parts))
            ends.append(done)
            widths.append(2 + len(alive) if k < n - 1 else 1)
        self.widths, self.ends = np.array(widths, dtype=np.int64), np.array(ends, dtype=np.int64)
        self.moves = np.concatenate(moves)

    def run(
        self, state: State, coefficients: FloatArray, cotangent: Cotangent, means: bool
    ) -> tuple[float, FloatArray]:
        """The sum of the terms' means times ``coefficients`` (T,), and the means (T,), or none.

        TooLargeError if the environments do not fit in memory.
        """
        size = int((np.square(state.bonds) * self.widths).sum())
        what = f"environments of a matrix product state of bond {state.bonds.max():,} and {len(self.of_term):,} terms"
        require_memory(16 * size, what, "Use a smaller bond, fewer terms, or shots.")
        weights = np.ones(len(self.moves))
        weights[self.of_term] = coefficients
        found = np.zeros(len(self.moves) if means else 0)
        ket = state.re, state.im, state.tensors, state.bonds
        value, _ = kernels.automaton(
            *ket, *ket, self.widths, self.ends, self.moves, weights, cotangent.re, cotangent.im, found, np.empty(size),
            np.empty(size),
        )  # fmt: skip
        return float(value), found[self.of_term] if means else found


class Energy:
    """<H> of a Hamiltonian in states whose correlations end where ``reach`` (see `SiteProgram.reach`) says so.

    Terms of two qubits that are not correlated factorize, <Z_i Z_j> = <Z_i> <Z_j>, and cost a product of numbers; all
    others are transferred by an `Automaton`.
    """

    def __init__(self, hamiltonian: IsingHamiltonian, reach: tuple[IntArray, IntArray] | None) -> None:
        n, self._constant = hamiltonian.num_qubits, hamiltonian.constant
        sites, values = term_sites(hamiltonian.masks), hamiltonian.coefficients
        far = np.zeros(len(sites), bool)
        if reach is not None and sites.shape[1] >= 2:
            pairs = np.flatnonzero((sites >= 0).sum(axis=1) == 2)
            far[pairs] = reach[1][sites[pairs, 0]] < reach[0][sites[pairs, 1]]
        self._far, self._strength = sites[far, :2].T.copy(), values[far]
        sites, self._values = sites[~far], values[~far]
        self._singles: Automaton | None = None
        if far.any():  # every qubit has a field, even if it is 0 to begin with
            alone = np.flatnonzero((sites >= 0).sum(axis=1) == 1)
            missing = np.setdiff1d(np.arange(n), sites[alone, 0])
            more = np.full((len(missing), sites.shape[1]), -1)
            more[:, :1] = missing[:, None]
            self._alone = np.concatenate([alone, len(sites) + np.arange(len(missing))])
            sites = np.concatenate([sites, more])
            self._values = np.append(self._values, np.zeros(len(missing)))
            self._singles, self._where = Automaton(np.arange(n)[:, None], n), sites[self._alone, 0]
        self._automaton = Automaton(sites, n)

    def __call__(self, state: State, cotangent: Cotangent) -> float:
        """The energy; its derivatives are added to ``cotangent``, unless it is empty."""
        if self._singles is None:
            return self._constant + self._automaton.run(state, self._values, cotangent, means=False)[0]
        means = self._singles.run(state, np.zeros(len(state.tensors)), NO_COTANGENT, means=True)[1]
        (i, j), n = self._far, len(means)
        fields = np.bincount(i, self._strength * means[j], n) + np.bincount(j, self._strength * means[i], n)
        values = self._values.copy()
        values[self._alone] += fields[self._where]
        value = self._automaton.run(state, values, cotangent, means=False)[0]
        return self._constant + value - 0.5 * float(np.einsum("i,i->", fields, means))


def term_sites(masks: MaskArray) -> IntArray:
    """The sites of each mask, ascending, then -1: (T, largest degree)."""
    most = int(np.bitwise_count(masks).sum(axis=1).max(initial=1))
    sites, left, rows = np.full((len(masks), most), -1), masks.copy(), np.arange(len(masks))
    for k in range(most):
        word = (left != 0).argmax(axis=1)
        found = left[rows, word]
        lowest = found & (~found + np.uint64(1))
        sites[:, k] = np.where(found, 64 * word + np.bitwise_count(lowest - np.uint64(1)), -1)
        left[rows, word] ^= lowest
    return sites


def _moves(source: IntArray, target: IntArray, sign: int) -> IntArray:
    return np.stack([source, target, np.full(len(source), sign)], axis=1)
