"""Minima against tables of all energies: methods, degrees, scales, symmetries, ties, interruptions."""

import itertools

import numpy as np
import pytest

from walshqhn import IsingHamiltonian, TableCost, load_task
from walshqhn.bits import masks_from_supports
from walshqhn.cost.problems import find_problem, labs
from walshqhn.kernels import slabs as kernels
from walshqhn.support.errors import InputError, TooLargeError, UsageError

# Packebusch and Mertens, J. Phys. A 49, 165001 (2016), table 1
LABS = dict(zip(range(3, 28), (
    1, 2, 2, 7, 3, 8, 12, 13, 5, 10, 6, 19, 15, 24, 32, 25, 29, 26, 26, 39, 47, 36, 36, 45, 37,
), strict=True))  # fmt: skip
RNG = np.random.default_rng(12)


def random_hamiltonian(n, terms, degree, scale=1.0, constant=3.0):
    supports = set()
    while len(supports) < terms:
        supports.add(tuple(sorted(RNG.choice(n, RNG.integers(1, degree + 1), replace=False).tolist())))
    masks = masks_from_supports(sorted(supports), n)
    return IsingHamiltonian(n, masks, RNG.normal(size=terms) * scale, constant * scale)


def check_lowest(found, table, keep=10):
    """Against all energies: the lowest, what they cost, how many share the least one."""
    size = np.abs(table).max()
    assert found.is_exact
    assert found.value == found.costs[0]
    np.testing.assert_allclose(found.costs, np.sort(table)[:keep], rtol=0, atol=1e-12 * size)
    np.testing.assert_allclose(TableCost(table).costs(found.bits), found.costs, rtol=0, atol=1e-12 * size)
    assert len(np.unique(found.bits, axis=0)) == len(found.bits)
    assert found.count == (table <= table.min() + 1e-11 * size).sum()


@pytest.mark.parametrize("degree", [1, 2, 3, 4])
@pytest.mark.parametrize("scale", [1.0, -1e-12, 1e12])
def test_all_methods_find_the_least_energy(degree, scale):
    h = random_hamiltonian(12, 12 if degree == 1 else 60, degree, scale)
    table = h.energies()
    check_lowest(h.find_minimum(), table)
    check_lowest(h.find_minimum(method="enumerate", memory=60 * len(h) + 2000, threads=1), table)  # many slabs
    for method in ("eliminate", "branch", "anneal"):
        found = h.find_minimum(method=method, seconds=0.2)
        assert abs(found.value - table.min()) <= 1e-12 * np.abs(table).max()
        assert h.energy(found.bits[0]) == pytest.approx(found.value, rel=1e-12)
        assert found.is_exact == (method != "anneal")


@pytest.mark.parametrize("n", [0, 1, 2, 7, 9])
def test_few_bits_constants_and_idle_bits(n):
    nothing = IsingHamiltonian(n, np.empty((0, 1), np.uint64), [], 2.5)
    for method in ("auto", "eliminate", "branch", "anneal"):
        assert nothing.find_minimum(method=method, seconds=0.05).value == 2.5
    found = nothing.find_minimum(keep=4)
    assert found.count == 2**n
    assert len(found.bits) == min(4, 2**n)
    if_one = IsingHamiltonian(n + 1, [[1 << n]], [-1.0])
    check_lowest(if_one.find_minimum(keep=5), if_one.energies(), 5)


def test_ties_and_rounding():
    """A third cannot be represented: energies that are equal differ in their last bits."""
    supports = list(itertools.combinations(range(9), 2))
    h = IsingHamiltonian(9, masks_from_supports(supports, 9), np.full(len(supports), 1 / 3))
    found = h.find_minimum(keep=300, memory=60 * len(h) + 600, threads=1)
    assert found.count == 2 * 126  # four or five spins up
    assert (np.abs(found.costs - found.value) < 1e-12).sum() == 252


@pytest.mark.parametrize("n", range(3, 20))
def test_labs(n):
    h = labs(n)
    z = 1 - 2 * RNG.integers(0, 2, n)
    assert h.energy((1 - z) // 2) == sum(int(z[: n - k] @ z[k:]) ** 2 for k in range(1, n))
    plain, pruned = h.find_minimum(keep=40), h.find_minimum(keep=40, symmetries=[range(n)[::-1]])
    assert plain.value == pruned.value == LABS[n]
    assert plain.count == pruned.count
    assert plain.costs.tolist() == pruned.costs.tolist() == sorted(h.energies().tolist())[:40]
    assert len(np.unique(pruned.bits, axis=0)) == len(pruned.bits)


@pytest.mark.parametrize("n", [24, 27])
def test_labs_beyond_a_piece(n):
    assert find_problem(f"labs-{n}").find_minimum(threads=1).value == LABS[n]


def test_given_symmetries_with_flips():
    """z_j -> -z_{p(j)} where neither the permutation nor the flips alone leave the energy unchanged."""
    masks = [[1 << j] for j in range(8)] + [[3 << j] for j in range(7)]
    h = IsingHamiltonian(8, masks, [1.0, 2, 3, 4, -4, -3, -2, -1, *[0.5] * 7])
    for memory in (None, 60 * len(h) + 300):
        found = h.find_minimum(symmetries=[(range(8)[::-1], [1] * 8)], memory=memory, threads=1)
        check_lowest(found, h.energies())
    ring = IsingHamiltonian(10, masks_from_supports([(j, (j + 1) % 10) for j in range(10)], 10), np.ones(10))
    turned = np.roll(np.arange(10), 1)
    check_lowest(ring.find_minimum(symmetries=[turned, range(10)[::-1]]), ring.energies())
    with pytest.raises(UsageError, match="not a symmetry of the Hamiltonian"):
        h.find_minimum(symmetries=[range(8)[::-1]])
    for wrong in ([0, 1], 3, "ab", (range(8), [1]), [0] * 8):
        with pytest.raises(UsageError, match="symmetry"):
            h.find_minimum(symmetries=[wrong])


def test_an_interrupted_search_goes_on_and_gives_the_same(tmp_path, monkeypatch):
    h, path = labs(31), tmp_path / "labs.json"
    whole = h.find_minimum(threads=1)
    calls = itertools.count()
    search = kernels.search_slabs

    def interrupted(*arguments):
        if next(calls) == 90:
            raise KeyboardInterrupt
        return search(*arguments)

    monkeypatch.setattr(kernels, "search_slabs", interrupted)
    with pytest.raises(KeyboardInterrupt):
        h.find_minimum(threads=1, checkpoint=path)
    monkeypatch.setattr(kernels, "search_slabs", search)
    with pytest.raises(InputError, match="another search"):
        labs(26).find_minimum(checkpoint=path)
    seen = []
    again = h.find_minimum(threads=1, checkpoint=path, progress=seen.append)
    assert seen == [1.0]  # the first of two rounds was kept
    assert not path.exists()
    assert (again.value, again.count) == (whole.value, whole.count) == (67.0, whole.count)
    assert np.array_equal(again.bits, whole.bits)
    path.write_text("{}")
    with pytest.raises(InputError, match="does not hold a search"):
        h.find_minimum(checkpoint=path)


def test_chains_and_grids_of_any_size():
    n = 40
    supports = [*((j, j + 1) for j in range(n - 1)), *((j,) for j in range(n))]
    chain = IsingHamiltonian(n, masks_from_supports(supports, n), RNG.normal(size=len(supports)))
    table = np.zeros(2)  # the least energy of the spins so far, for both values of the last one
    z = np.array([1.0, -1.0])
    for j in range(n):
        coupled = 0 if j == 0 else (table[None, :] + chain.coefficients[j - 1] * z[:, None] * z[None, :]).min(axis=1)
        table = coupled + chain.coefficients[n - 1 + j] * z
    for method in ("auto", "branch"):
        found = chain.find_minimum(method=method)
        assert found.is_exact
        assert abs(found.value - table.min()) < 1e-9


def test_what_is_hopeless_is_refused_or_said():
    n = 100
    pairs = list(itertools.combinations(range(n), 2))
    h = IsingHamiltonian(n, masks_from_supports(pairs, n), RNG.normal(size=len(pairs)))
    with pytest.raises(TooLargeError, match=r"2\^100 configurations would take about .* years"):
        h.find_minimum(method="enumerate")
    with pytest.raises(TooLargeError, match="too dense to eliminate"):
        h.find_minimum(method="eliminate")
    with pytest.raises(TooLargeError, match="memory="):
        labs(12).find_minimum(memory=10)
    with pytest.raises(TooLargeError, match="allow more seconds"):
        labs(40).find_minimum(method="enumerate", seconds=0.01)
    found = h.find_minimum(seconds=0.2)
    assert not found.is_exact
    assert "best" in found.how
    assert h.energy(found.bits[0]) == pytest.approx(found.value, rel=1e-12)
    with pytest.raises(UsageError, match="method"):
        h.find_minimum(method="guess")


def test_minimum_of_a_table():
    found = TableCost([3.0, 1.0, 1.0, 2.0]).find_minimum(keep=3)
    assert (found.value, found.count, found.costs.tolist()) == (1.0, 2, [1.0, 1.0, 2.0])
    assert found.bits.tolist() == [[1, 0], [0, 1], [1, 1]]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("gaussian-width", {"num_samples": 40}),
        ("mnist-4x4-encoding", {"digits": (3, 7), "num_samples": 60}),
        ("mnist-4x4", {"loss": "mse", "num_samples": 60}),
    ],
)
def test_tasks_by_strips(name, options):
    task = load_task(name, **options)
    table, seen = task.cost_table(), []
    found = task.find_minimum(keep=20, memory=1 << 13, progress=seen.append)
    check_lowest(found, table, 20)
    assert len(seen) > 3
    check_lowest(task.find_minimum(keep=20), table, 20)
    with pytest.raises(TooLargeError, match="would take"):
        task.find_minimum(method="enumerate", seconds=1e-9)
    best = task.find_minimum(method="descend", seconds=0.5, keep=3, seed=1)
    assert not best.is_exact
    assert best.value == pytest.approx(table.min(), rel=1e-12)
    np.testing.assert_array_equal(best.costs, task.costs(best.bits))


def test_the_best_found_of_a_task_past_enumeration():
    task = load_task("mnist-8x8", num_samples=100)
    found = task.find_minimum(seconds=0.3)
    assert "descents by flips" in found.how
    assert not found.is_exact
    flips = found.bits[0] ^ np.eye(task.num_bits, dtype=np.uint8)[:-1]  # but the architecture
    assert (task.costs(flips) >= found.value * (1 - 1e-9)).all()
    with pytest.raises(TooLargeError, match="66 bits, too many to look at all"):
        task.find_minimum(method="enumerate")
    with pytest.raises(UsageError, match="method"):
        task.find_minimum(method="branch")
