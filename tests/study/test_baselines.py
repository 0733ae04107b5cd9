"""Classical methods against brute force, with a table and without."""

import math

import numpy as np
import pytest
from training_cases import a_chain, least_energy

from walshqhn import BlackBoxCost, IsingHamiltonian, TableCost, WalshSpectrum
from walshqhn.kernels.annealing import anneal
from walshqhn.study import baselines
from walshqhn.support.errors import UsageError

RNG = np.random.default_rng(3)
TABLE = RNG.normal(size=64)


def linear_table(fields):
    """sum_j fields[j] z_j for every configuration."""
    return np.array([sum(h * (1 - 2 * (x >> j & 1)) for j, h in enumerate(fields)) for x in range(1 << len(fields))])


def as_hamiltonian(table):
    """A Hamiltonian with these energies."""
    return WalshSpectrum.from_cost(table).hamiltonian()


def as_function(table):
    """A cost without a table."""
    return BlackBoxCost(lambda bits: table[bits @ (1 << np.arange(6))], 6)


def test_rounding_solves_a_1_local_cost():
    table = linear_table([0.5, -1.0, 2.0, -0.1, 0.3]) + 7
    found = baselines.round_linear(table)
    assert found.costs.tolist() == [table.min()]


def test_the_exact_minimum():
    found = baselines.exact_minimum(TABLE)
    assert found.costs.tolist() == [TABLE.min()]
    assert found.evaluations == 64


def test_methods_without_chance_have_no_interval():
    for found, reached in ((baselines.exact_minimum(TABLE), 1.0), (baselines.round_linear(TABLE), 0.0)):
        row = found.as_dict(TABLE.min(), 1e-9)
        assert row["success_probability"] == reached
        assert row["interval"] == [reached, reached]
    low, high = baselines.random_search(TABLE, 5, 10).as_dict(TABLE.min(), 1.0)["interval"]
    assert low < high


def test_rounding_ignores_interactions():
    fields = np.array([0.5, -1.0, 2.0])
    z = 1 - 2 * (np.arange(8)[:, None] >> np.arange(3) & 1)
    table = linear_table(fields) - 5 * z[:, 0] * z[:, 1]
    assert baselines.round_linear(table).costs[0] == table[0b101] != table.min()


def test_random_search_finds_what_chance_allows():
    """The minimum of 64 is hit with probability 1 - (63/64)^40 = 0.467."""
    found = baselines.random_search(TABLE, 40, 2000, rng=1)
    hits = (found.costs == TABLE.min()).sum()
    p = 1 - (63 / 64) ** 40
    assert abs(hits - 2000 * p) < 5 * math.sqrt(2000 * p * (1 - p))
    assert baselines.random_search(TABLE, 40, 5, rng=2).costs.tolist() == (
        baselines.random_search(TABLE, 40, 5, rng=2).costs.tolist()
    )


@pytest.mark.parametrize("version", [anneal, anneal.py_func])
def test_annealing_step_by_step(version):
    steps = 200
    flips, uniforms = RNG.integers(6, size=steps), RNG.random(steps)
    temperatures = np.geomspace(2.0, 0.01, steps)
    x, seen = 37, [37]
    for j, u, t in zip(flips, uniforms, temperatures, strict=True):
        change = TABLE[x ^ (1 << j)] - TABLE[x]
        if change <= 0 or u < math.exp(-change / t):
            x ^= 1 << int(j)
        seen.append(x)
    assert len(set(seen)) > 5
    cost, where = version(TABLE, 37, flips, uniforms, temperatures)
    assert cost == TABLE[where] == TABLE[seen].min()


def test_annealing_beats_random_search_where_neighbours_are_alike():
    table = linear_table(RNG.normal(size=12))
    annealed = baselines.simulated_annealing(table, 300, 100, rng=4)
    drawn = baselines.random_search(table, 300, 100, rng=4)
    assert (annealed.costs == table.min()).mean() > 0.9 > 0.5 > (drawn.costs == table.min()).mean()


def test_descent_step_by_step():
    """From the same draws, run by run: bits in a fixed random order, anew from a random start after n rejections."""
    runs, steps, rng, n = 5, 80, np.random.default_rng(6), 6
    found = baselines.one_flip_descent(TABLE, steps + 1, runs, rng=6)
    places = 1 << np.arange(n)
    x = [int(row @ places) for row in rng.integers(0, 2, (runs, n), dtype=np.uint8)]
    order = rng.permuted(np.tile(np.arange(n), (runs, 1)), axis=1)
    seen, rejected, minima = [[y] for y in x], [0] * runs, 0
    for step in range(steps):
        stuck = [k for k in range(runs) if rejected[k] == n]
        for k in stuck:
            assert all(TABLE[x[k]] <= TABLE[x[k] ^ (1 << j)] for j in range(n))  # a local minimum indeed
        fresh = iter(rng.integers(0, 2, (len(stuck), n), dtype=np.uint8))
        for k in range(runs):
            y = int(next(fresh) @ places) if k in stuck else x[k] ^ (1 << int(order[k, step % n]))
            accepted = k in stuck or TABLE[y] < TABLE[x[k]]
            x[k], rejected[k] = (y, 0) if accepted else (x[k], rejected[k] + 1)
            seen[k].append(x[k])
        minima += len(stuck)
    assert minima > runs
    assert found.costs.tolist() == [TABLE[visited].min() for visited in seen]


@pytest.mark.parametrize("cost", [linear_table(RNG.normal(size=12)), a_chain(40)], ids=["table", "40 qubits"])
def test_descent_solves_a_cost_without_local_minima(cost):
    least = cost.min() if isinstance(cost, np.ndarray) else least_energy(cost)[1]
    found = baselines.one_flip_descent(cost, 200, 10, rng=4)
    assert found.costs == pytest.approx(least)
    assert (found.name, found.evaluations) == ("1-flip descent", 200)


def test_the_smallest_costs():
    assert baselines.one_flip_descent([2.5], 5, 2).costs.tolist() == [2.5, 2.5]
    assert baselines.one_flip_descent([2.0, 1.0], 2, 50).costs.tolist() == [1.0] * 50
    assert baselines.simulated_annealing([2.5], 5, 2).costs.tolist() == [2.5, 2.5]
    assert baselines.simulated_annealing([2.0, 1.0], 1, 50).costs.min() == 1.0
    assert baselines.round_linear([2.5]).costs.tolist() == [2.5]


# --- without a table ------------------------------------------------------------------------------


def untabulated(table):
    """The same cost as a function."""
    cost = TableCost(table)
    return BlackBoxCost(cost.costs, cost.num_bits)


def test_rounding_a_hamiltonian():
    hamiltonian = WalshSpectrum.from_cost(TABLE).hamiltonian()
    assert baselines.round_linear(hamiltonian).costs == pytest.approx(baselines.round_linear(TABLE).costs, abs=1e-12)


def test_random_search_draws_uniformly_without_a_table():
    found = baselines.random_search(untabulated(TABLE), 40, 2000, rng=1)
    p = 1 - (63 / 64) ** 40
    assert abs((found.costs == TABLE.min()).sum() - 2000 * p) < 5 * math.sqrt(2000 * p * (1 - p))


def test_annealing_together_is_annealing_one_by_one():
    """Each run by Metropolis' rule, from the same draws."""
    runs, steps, rng = 7, 60, np.random.default_rng(5)
    found = baselines.simulated_annealing(untabulated(TABLE), steps + 1, runs, rng=5)
    spread = TABLE[rng.integers(0, 2, (1000, 6), dtype=np.uint8) @ (1 << np.arange(6))].std()
    x = rng.integers(0, 2, (runs, 6), dtype=np.uint8) @ (1 << np.arange(6))
    best = TABLE[x]
    for temperature in np.geomspace(spread, spread * 1e-3, steps):
        flips, uniforms = rng.integers(6, size=runs), rng.random(runs)
        for k in range(runs):
            y = x[k] ^ (1 << flips[k])
            if TABLE[y] <= TABLE[x[k]] or uniforms[k] < math.exp(-(TABLE[y] - TABLE[x[k]]) / temperature):
                x[k] = y
        best = np.minimum(best, TABLE[x])
    assert found.costs.tolist() == best.tolist()


@pytest.mark.parametrize(("num_bits", "evaluations", "least_gap"), [(40, 2000, 1.0), (785, 3000, 200.0)])
def test_many_bits(num_bits, evaluations, least_gap):
    chain = a_chain(num_bits)
    bits, least = least_energy(chain)
    assert chain.costs(bits[None])[0] == pytest.approx(least)
    found = {b.name: b for b in baselines.all_baselines(chain, evaluations, 4, seed=2)}
    assert list(found) == ["rounding degree 1", "random search", "1-flip descent", "simulated annealing"]
    assert found["rounding degree 1"].costs[0] == pytest.approx(least)
    assert (found["simulated annealing"].costs < least + least_gap).all()
    assert (found["random search"].costs > found["simulated annealing"].costs + least_gap / 10).all()


def test_which_methods_there_are():
    names = [[b.name for b in baselines.all_baselines(cost, 5, 2)] for cost in (TABLE, untabulated(TABLE))]
    assert names[0] == ["exact minimum", "rounding degree 1", "random search", "1-flip descent", "simulated annealing"]
    assert names[1] == ["random search", "1-flip descent", "simulated annealing"]


def test_constant_costs_without_a_table():
    flat = IsingHamiltonian(3, np.zeros((0, 1), np.uint64), np.zeros(0), constant=2.5)
    assert [b.costs.tolist() for b in baselines.all_baselines(flat, 5, 2)] == [[2.5], *[[2.5, 2.5]] * 3]


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "message"),
    [
        (baselines.exact_minimum, "the least cost of .* is unknown"),
        (baselines.round_linear, "coefficients of degree 1"),
    ],
)
def test_what_a_function_cannot_tell(method, message):
    with pytest.raises(UsageError, match=message):
        method(untabulated(TABLE))


@pytest.mark.parametrize("method", [baselines.random_search, baselines.one_flip_descent, baselines.simulated_annealing])
@pytest.mark.parametrize(("evaluations", "runs"), [(0, 1), (1, 0), (1.5, 1), (True, 1)])
def test_bad_numbers(method, evaluations, runs):
    with pytest.raises(UsageError, match="whole number of at least 1"):
        method(TABLE, evaluations, runs)


@pytest.mark.parametrize("kind", [TableCost, as_hamiltonian, as_function])
def test_configurations_have_the_costs_found(kind):
    """Bit j of index x is x >> j & 1, looked up in the table by hand."""
    cost = kind(TABLE)
    methods = (baselines.random_search, baselines.one_flip_descent, baselines.simulated_annealing)
    found = [method(cost, 40, 5, rng=6) for method in methods]
    if kind is not as_function:
        found += [baselines.round_linear(cost)]
    if kind is TableCost:
        found += [baselines.exact_minimum(cost)]
    for one in found:
        assert one.bits.shape == (len(one.costs), 6)
        assert [TABLE[sum(int(b) << j for j, b in enumerate(row))] for row in one.bits] == pytest.approx(one.costs)


def test_as_a_row():
    row = baselines.Baseline("x", np.array([1.0, 2.0, 4.0]), np.zeros((3, 2)), 7, 0.5).as_dict(1.0, 1.0)
    assert row["success_probability"] == pytest.approx(2 / 3)
    assert (row["least_excess"], row["median_excess"], row["mean_evaluations"]) == (0.0, 1.0, 7)
