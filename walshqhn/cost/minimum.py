"""The minimum energy of a Hamiltonian, exact where possible, else the best found."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from walshqhn.bits import index_to_bits
from walshqhn.cost.base import Minimum, Progress
from walshqhn.cost.branching import branch_and_bound
from walshqhn.cost.elimination import eliminate, elimination_order
from walshqhn.cost.flips import SpinModel
from walshqhn.cost.slabs import LARGEST, TIE, Slabs
from walshqhn.support.checks import check_real, check_whole
from walshqhn.support.errors import TooLargeError, unknown_name
from walshqhn.support.resources import require_memory, resolve_threads
from walshqhn.support.text import duration

if TYPE_CHECKING:
    from walshqhn.cost.hamiltonian import IsingHamiltonian

METHODS = ("auto", "enumerate", "eliminate", "branch", "anneal")
_SHORT = 10.0  # seconds of enumeration that are spent without looking for another way
_PATIENCE = 3600.0  # seconds of enumeration, by default
_SEARCH = 20.0  # seconds of branching, and of annealing, by default
_SWEEPS = (16, 1 << 14)  # of the first annealing, and at most; each one is twice as slow as the one before
_TINY = 6  # bits up to which there is nothing to fold
_LARGEST_BRANCHED = 4096  # bits for which it is tried without being asked for
_RATE = 4e-10  # seconds a configuration, where it cannot be measured

_INSTEAD = "method='auto' tries elimination and branch and bound, and otherwise gives the best found."


def find_minimum(
    hamiltonian: IsingHamiltonian, *, method: str = "auto", keep: int = 10, symmetries: Iterable[Any] = (),
    seconds: float | None = None, memory: int | None = None, threads: int | None = None,
    progress: Progress | None = None, checkpoint: str | Path | None = None, seed: int = 0,
) -> Minimum:  # fmt: skip
    """The minimum energy, exact where possible, else the best found; the result says which.

    Parameters
    ----------
    method
        "enumerate": all configurations, in slabs that fit the cache; N up to 62, about 3 * 10^9 per second and core.
        "eliminate": dynamic programming, for sparse interaction graphs (chains, narrow grids), any N.
        "branch": branch and bound, for strong fields or few terms. "anneal": simulated annealing and descent from
        many starts, never exact. "auto": the first of these that can do it in time, annealing if none can.
    keep
        How many of the lowest configurations to keep (enumeration, annealing); ties are counted beyond them.
    symmetries
        Permutations p of the bits, x'[j] = x[p[j]], or pairs (p, bits that are flipped after it), that change no
        energy; enumeration looks at one configuration in each class. Flips alone are found without being given.
    seconds
        Time limit: enumeration is refused ("auto" moves on) if its estimate, measured on some slabs, is
        longer (default: an hour); branch and bound and annealing stop after it (default: 20 s).
    memory
        Bytes that enumeration may use for its slabs; default: what is fastest, less than 1 MB per thread.
    threads
        See `wht`. The result does not depend on it.
    progress
        Called with the fraction done.
    checkpoint
        A file that holds the state of an enumeration, every few seconds and after Ctrl-C. If it exists, the search
        goes on from there, with the same result as without interruption; it is removed at the end.
    seed
        Seed of the annealing.

    Raises
    ------
    TooLargeError
        The method asked for would take too long (the message says how long), or more memory.
    UsageError
        An unknown method, or a permutation that is not a symmetry.
    InputError
        The checkpoint belongs to another search.

    Examples
    --------
    >>> from walshqhn import IsingHamiltonian
    >>> ring = IsingHamiltonian(num_qubits=3, masks=[[3], [6], [5]], coefficients=[1.0, 1.0, 1.0])
    >>> found = ring.find_minimum()
    >>> found.value, found.count, found.is_exact, found.how
    (-1.0, 6, True, 'all 2^3 configurations')
    """
    if method not in METHODS:
        raise unknown_name("method", method, METHODS)
    keep = check_whole("keep", keep, 1, 1 << 16)
    if seconds is not None:
        check_real("seconds", seconds, above=0)
    if memory is not None:
        check_whole("memory", memory, 1)
    n, workers = hamiltonian.num_qubits, resolve_threads(threads)
    if n <= (_TINY if method in ("auto", "enumerate") else 0):
        return _tiny(hamiltonian, keep)
    slabs, estimate, limit = None, math.inf, _PATIENCE if seconds is None else seconds
    if method in ("auto", "enumerate") and n <= LARGEST:
        slabs = Slabs.of(hamiltonian, symmetries, memory, workers)
        estimate = slabs.seconds(workers)
    if method == "enumerate" and estimate > limit:
        raise _hopeless(n, estimate, limit)
    if slabs is not None and estimate <= (limit if method == "enumerate" else min(limit, _SHORT)):
        return slabs.minimum(keep, workers, progress, checkpoint)
    model = SpinModel(hamiltonian)
    order = elimination_order(model) if method in ("auto", "eliminate") else None
    if order is not None:
        return _known(hamiltonian, eliminate(model, order), "dynamic programming over all configurations")
    if method == "eliminate":
        raise TooLargeError("the interaction graph of this Hamiltonian is too dense to eliminate bit after bit.")
    if slabs is not None and estimate <= limit:
        return slabs.minimum(keep, workers, progress, checkpoint)
    return _search(
        hamiltonian, model, method, _SEARCH if seconds is None else seconds, keep, seed=seed, progress=progress
    )


def _search(
    h: IsingHamiltonian, model: SpinModel, method: str, seconds: float, keep: int, *, seed: int,
    progress: Progress | None,
) -> Minimum:  # fmt: skip
    """By annealing, then by branch and bound unless only annealing was asked for."""
    found = _anneal(h, model, seconds if method == "anneal" else seconds / 20, seed, keep, progress)
    if method == "branch":
        require_memory(8 * model.num_bits**2, "branch and bound", "Use method='anneal'.")
    elif method == "anneal" or model.num_bits > _LARGEST_BRANCHED:
        return found
    slack, start = TIE * model.size, found.value - h.constant
    bits, is_exact = branch_and_bound(model, found.bits[0], start, seconds, slack, progress)
    branched = _known(h, bits, "branch and bound")
    if is_exact:
        return branched
    branched = replace(branched, how="the best found by branch and bound, cut short", is_exact=False)
    again = _anneal(h, model, seconds / 4, seed + 1, keep, progress)
    return min((found, again, branched), key=lambda minimum: minimum.value)


def _hopeless(num_bits: int, estimate: float, limit: float) -> TooLargeError:
    if math.isinf(estimate):
        estimate = 2.0 ** min(num_bits, 1000) * _RATE
    more = "" if estimate > 1e3 * _PATIENCE else "allow more seconds, or "
    text = f"looking at all 2^{num_bits} configurations would take about {duration(estimate)}"
    return TooLargeError(f"{text}, more than the {duration(limit)} allowed: {more}{_INSTEAD}")


def _tiny(h: IsingHamiltonian, keep: int) -> Minimum:
    """From the energies of all configurations."""
    energies = h.energies(threads=1)
    order = np.argsort(energies, kind="stable")[:keep]
    ties = energies <= energies.min() + TIE * float(np.abs(h.coefficients).sum())
    how = f"all 2^{h.num_qubits} configurations"
    bits = index_to_bits(order, h.num_qubits)
    return Minimum(float(energies[order[0]]), bits, how, True, energies[order], int(ties.sum()))


def _known(h: IsingHamiltonian, bits: Any, how: str) -> Minimum:
    return Minimum(float(h.energy(bits)), bits[None], how)


def _anneal(
    h: IsingHamiltonian, model: SpinModel, seconds: float, seed: int, keep: int, progress: Progress | None
) -> Minimum:
    """The best of annealings from random starts, ever slower ones, until the time is up."""
    rng, start, sweeps, runs = np.random.default_rng(seed), time.monotonic(), _SWEEPS[0], 0
    found: dict[bytes, Any] = {}
    while not runs or time.monotonic() < start + seconds:
        bits = model.anneal(sweeps * model.num_bits, rng, quench=True)
        found.setdefault(bits.tobytes(), bits)
        runs, sweeps = runs + 1, min(2 * sweeps, _SWEEPS[1])
        if len(found) > 4 * keep + 100:
            found = {b.tobytes(): b for b in _best(h, found, keep)[0]}
        if progress is not None:
            progress(min(1.0, (time.monotonic() - start) / seconds))
    rows, energies = _best(h, found, keep)
    how = f"the best of {runs:,} annealings and descents in {duration(time.monotonic() - start)}"
    return Minimum(float(energies[0]), rows, how, False, energies)


def _best(h: IsingHamiltonian, found: dict[bytes, Any], keep: int) -> tuple[Any, Any]:
    rows = np.stack(list(found.values()))
    energies = h.costs(rows)
    order = np.argsort(energies, kind="stable")[:keep]
    return rows[order], energies[order]
