"""Exact minima past memory, and descent by flips of single bits."""

from __future__ import annotations

from functools import cache, partial
from itertools import combinations

import numpy as np

from walshqhn import IsingHamiltonian, labs
from walshqhn.bench.row import Contender, Goal, Quoted, Row, Settings
from walshqhn.bits import masks_from_supports
from walshqhn.cost.flips import SpinModel

_QOBLIB = "QOBLIB (arXiv:2504.03832), Gurobi on their machine"


def least_energy(num_bits: int, settings: Settings) -> list[Contender]:
    """LABS without a table, its reversal given; up to 27 bits beside the table of all energies."""
    h, mirror = labs(num_bits), [range(num_bits)[::-1]]
    ours = partial(h.find_minimum, method="enumerate", symmetries=mirror, threads=settings.threads)
    plain = partial(h.find_minimum, method="enumerate", threads=settings.threads)
    found = [Contender("walshqhn", ours, "ours", result=lambda m: m.value)]
    if num_bits <= 30:
        found.append(Contender("no symmetries given", plain, "reference", result=lambda m: m.value))
    if num_bits <= 27:
        table = partial(h.energies, threads=settings.threads)
        found.append(Contender("table of all energies", lambda: table().min(), "reference", result=float))
    return found


@cache
def _dense(num_bits: int) -> IsingHamiltonian:
    """Random fields, and couplings of every two bits."""
    rng = np.random.default_rng(num_bits)
    supports = [*((j,) for j in range(num_bits)), *combinations(range(num_bits), 2)]
    return IsingHamiltonian(num_bits, masks_from_supports(supports, num_bits), rng.normal(size=len(supports)))


def descent(num_bits: int, steps: int, settings: Settings) -> list[Contender]:
    """Flips tried in turn, each made that lowers the energy: ours, and NumPy with the same gains kept up to date."""
    h = _dense(num_bits)
    model = SpinModel(h)
    fields, matrix = model.arguments[:2]

    def ours() -> float:
        return float(h.energy(model.descend(steps, np.random.default_rng(1))))

    def numpy() -> float:
        rng, best = np.random.default_rng(1), np.inf
        order, rejected, spins, gains = rng.permutation(num_bits), num_bits, np.ones(num_bits), np.zeros(num_bits)
        for step in range(steps):
            if rejected == num_bits:
                spins, rejected = rng.choice((-1.0, 1.0), num_bits), 0
                gains = spins * (fields + matrix @ spins)
                continue
            j = order[step % num_bits]
            rejected += 1
            if gains[j] > 0:
                gains -= 2 * spins[j] * matrix[j] * spins
                gains[j], spins[j], rejected = -gains[j], -spins[j], 0
            if rejected == num_bits or step == steps - 1:
                best = min(best, float((gains.sum() + spins @ fields) / 2))
        return best

    return [
        Contender("walshqhn", ours, "ours", 1, result=float),
        Contender("NumPy", numpy, "reference", 1, result=float),
    ]


def rows() -> list[Row]:
    """The rows of this module."""
    found = []
    for n, gurobi in ((27, 84.0), (30, None), (35, 3305.0)):
        quoted = () if gurobi is None else (Quoted("Gurobi", gurobi, _QOBLIB),)
        goals = () if gurobi is None else (Goal(10, "Gurobi"),)
        found.append(Row(f"minimum-{n}", f"exact minimum, LABS, N = {n}", partial(least_energy, n), goals, quoted))
    title = "1-flip descent, N = 785, every two bits coupled, 20,000 steps"
    found.append(Row("descent-785", title, partial(descent, 785, 20_000), (Goal(2, "NumPy"),), tolerance=0.1))
    return found
