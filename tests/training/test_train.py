"""Training: what it finds, that it repeats itself, and what it refuses."""

import numpy as np
import pytest
from quantum_oracles import random_table
from training_cases import (
    TABLE,
    CoinEngine,
    Recorder,
    Sampled,
    a_chain,
    fingerprints,
    least_energy,
    quick,
)

from walshqhn import AerEngine, BlackBoxCost, ExactEngine, LinearAnsatz, ProductAnsatz, QAOAAnsatz, load_task, train
from walshqhn.support.errors import InputError, UsageError, WalshqhnError
from walshqhn.training.spec import SearchSpec

# --- what it finds --------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ["L-BFGS-B", "COBYLA"])
def test_the_minimum_of_a_small_cost(optimizer):
    table = random_table(4)
    result = train(ProductAnsatz(4), ExactEngine(table), runs=8, optimizer=optimizer, seed=1)
    best = int(table.argmin())
    assert result.best_bits.tolist() == [best >> j & 1 for j in range(4)]
    assert result.best_cost == result.exact_minimum == table.min()
    assert result.excess == 0
    assert result.value == pytest.approx(table.min(), abs=1e-4)
    assert result.status == "converged"
    assert result.remedy == ""


def test_what_a_result_says_fits_together():
    result = quick(runs=4, seed=3)
    engine = ExactEngine(TABLE)
    assert [run.index for run in result.runs] == [0, 1, 2, 3]
    for run in result.runs:
        assert run.value == engine.expectation(LinearAnsatz(5, 1), run.parameters)
        assert run.value == run.history.min()
        assert run.best_cost == engine.costs(run.best_bits[None])[0]
        assert len(run.gradient_norms) == len(run.history) <= run.evaluations + 1
        assert run.history[0] > run.history[-1]
    assert result.value == result.values().min() == result.best_run.value
    assert result.excess == result.best_cost - TABLE.min() >= 0
    assert result.evaluations == sum(run.evaluations for run in result.runs)


def test_what_a_result_says_of_how_it_was_made():
    engine = Sampled(TABLE)
    result = quick(engine=engine, ansatz=ProductAnsatz(5), seed=2**70, objective="cvar:0.5", max_iterations=13)
    assert result.ansatz == ProductAnsatz(5).description
    assert result.engine == {"name": "Sampled", "shots": 50}
    assert result.search == SearchSpec("COBYLA", "cvar:0.5", max_iterations=13, samples=64).as_dict()
    assert result.cost_digest == engine.cost.digest
    assert (result.seed, result.planned_runs, result.initial) == (2**70, 1, None)
    assert {"walshqhn", "python", "numpy", "scipy", "numba"} <= set(result.versions)


def test_options_come_in_place_of_those_of_a_spec():
    search = SearchSpec("SPSA", max_iterations=5, samples=64)
    result = quick(search=search, max_iterations=3)
    assert result.search == SearchSpec("SPSA", max_iterations=3, samples=64).as_dict()
    assert fingerprints(result) == fingerprints(quick(optimizer="SPSA", max_iterations=3))


def test_history_starts_at_the_initial_parameters():
    ansatz, engine = LinearAnsatz(5, 1), ExactEngine(TABLE)
    initial = np.linspace(0, 3, ansatz.num_parameters)
    value, gradient = engine.value_and_gradient(ansatz, initial)
    result = quick(initial=initial, runs=2)
    assert result.runs[0].history[0] == value
    assert result.runs[0].gradient_norms[0] == np.abs(gradient).max()
    assert result.runs[1].history[0] == quick(runs=2).runs[1].history[0] != value
    assert result.initial == [initial.tolist()]


def test_a_starting_point_for_each_of_the_first_runs():
    rows = np.random.default_rng(1).uniform(0, 3, (2, 20))
    result = quick(initial=rows, runs=3, max_iterations=5)
    engine = ExactEngine(TABLE)
    assert [run.history[0] for run in result.runs[:2]] == [engine.expectation(LinearAnsatz(5, 1), row) for row in rows]
    assert fingerprints(result)[2] == fingerprints(quick(runs=3, max_iterations=5))[2]
    assert fingerprints(result)[0] == fingerprints(quick(initial=rows[0], max_iterations=5))[0]
    assert result.initial == rows.tolist()


@pytest.mark.parametrize("optimizer", ["L-BFGS-B", "SPSA"])
def test_cvar_and_gibbs_are_what_is_minimized(optimizer):
    engine, runs = ExactEngine(TABLE), []
    for text in ("cvar:0.2", "gibbs:1.5"):
        result = quick(objective=text, optimizer=optimizer, max_iterations=60)
        p = engine.probabilities(LinearAnsatz(5, 1), result.parameters)
        runs.append((result, p))
        assert result.value < result.history[0]
        assert result.best_run.energy == pytest.approx(p @ TABLE, abs=1e-12)
    (cvar, p), (gibbs, q), rate = *runs, 1.5 / TABLE.std()
    left, expected = 0.2, 0.0
    for index in TABLE.argsort():
        share = min(left, p[index])
        expected, left = expected + share * TABLE[index] / 0.2, left - share
    assert cvar.value == pytest.approx(expected, abs=1e-11)
    assert gibbs.value == pytest.approx(-np.log(q @ np.exp(-rate * TABLE)) / rate, abs=1e-11)


def test_qaoa_is_trained_as_well():
    ansatz = QAOAAnsatz(TABLE, 2)
    result = quick(ansatz=ansatz)
    assert result.ansatz == ansatz.description
    assert result.value < TABLE.mean()


def test_accuracies_of_a_task():
    task = load_task("gaussian", num_samples=50, num_validation=30, num_test=40, hidden=1)
    ansatz, engine = ProductAnsatz(task.num_bits), ExactEngine(task)
    result = train(ansatz, engine, runs=2, task=task, max_iterations=5)
    assert set(result.accuracies) == {"train", "validation", "test"}
    for split, accuracy in result.accuracies.items():
        assert accuracy == task.accuracy(result.best_bits[None], split)[0]
        for run in result.runs:
            assert run.sampled_accuracies[split].tolist() == task.accuracy(run.sampled_bits, split).tolist()
    assert result.best_cost == pytest.approx(task.costs(result.best_bits[None])[0], abs=1e-12)
    without = train(ansatz, engine, runs=2, max_iterations=5)
    assert without.accuracies == without.runs[0].sampled_accuracies == {}
    later = train(ansatz, engine, runs=2, task=task, max_iterations=5, resume=without)
    assert later.accuracies == result.accuracies
    assert later.runs[1].sampled_accuracies["test"].tolist() == result.runs[1].sampled_accuracies["test"].tolist()


# --- seeds ----------------------------------------------------------------------------------------


def test_a_run_does_not_depend_on_the_number_of_runs():
    few, many = fingerprints(quick(runs=2, seed=5)), fingerprints(quick(runs=4, seed=5))
    assert few == many[:2]
    assert len({run[1] for run in many}) == 4


def test_with_shots_the_seed_is_the_trainings_own():
    """Whatever the engine was asked before."""
    arguments = {"ansatz": ProductAnsatz(5), "optimizer": "COBYLA", "runs": 2, "max_iterations": 12}
    fresh, used = AerEngine(TABLE, shots=30, seed=1), AerEngine(TABLE, shots=30, seed=2)
    used.expectation(ProductAnsatz(5), np.zeros(10))
    assert fingerprints(quick(engine=fresh, **arguments)) == fingerprints(quick(engine=used, **arguments))


# --- costs of any kind ----------------------------------------------------------------------------


def test_no_sample_is_lost():
    """One sample in the last state is poor; the best of all that was ever measured is kept."""
    engine = Recorder(AerEngine(TABLE, shots=30))
    run = quick(engine=engine, ansatz=ProductAnsatz(5), samples=1, seed=4).runs[0]
    costs = engine.costs(np.concatenate(engine.measured))
    assert [len(sample) for sample in engine.measured] == [30] * run.evaluations + [1]
    assert run.best_cost == costs.min() == engine.costs(run.best_bits[None])[0]
    assert run.best_cost < engine.costs(engine.measured[-1]).min()
    assert run.history.tolist() == [engine.costs(sample).mean() for sample in engine.measured[:-1]]


def test_40_qubits_as_a_matrix_product_state():
    chain = a_chain(40)
    start = np.where(np.arange(80) < 40, np.pi / 2, 0.0)
    engine = AerEngine(chain, shots=64, method="matrix_product_state", seed=1)
    result = train(
        ProductAnsatz(40), engine, optimizer="SPSA:calibration=3;first_step=0.3", max_iterations=25, initial=start
    )
    assert result.exact_minimum is None
    assert result.value < result.history[0] - 5
    assert result.best_cost == pytest.approx(chain.costs(result.best_bits[None])[0], rel=1e-12)
    assert result.best_cost < -15


@pytest.mark.parametrize("kind", ["hamiltonian", "function"])
def test_785_qubits_on_an_engine_of_ones_own(kind):
    chain = a_chain(785)
    cost = chain if kind == "hamiltonian" else BlackBoxCost(chain.costs, 785)
    optimum, least = least_energy(chain)
    start = np.concatenate([np.pi / 2 + 0.9 * (2.0 * optimum - 1), np.zeros(785)])
    result = train(
        ProductAnsatz(785), CoinEngine(cost), optimizer="SPSA:learning_rate=0.002;perturbation=0.1", runs=2,
        max_iterations=10, initial=start, samples=50,
    )  # fmt: skip
    exact = 3.0 + chain.coefficients @ np.concatenate([np.cos(start[:785]), np.cos(start[:784]) * np.cos(start[1:785])])
    assert abs(result.runs[0].history[0] - exact) < 5 * result.runs[0].standard_errors[0]
    assert least < result.best_cost < exact
    assert result.best_cost == pytest.approx(cost.costs(result.best_bits[None])[0], rel=1e-12)
    assert result.best_bits.shape == (785,)
    assert (result.exact_minimum, result.cost_digest) == (None, cost.digest)


def test_a_function_that_gives_no_number():
    """There is no least value then, and a result without any run would be of no use."""
    engine = CoinEngine(BlackBoxCost(lambda bits: np.full(len(bits), np.nan), 2))
    with pytest.raises(WalshqhnError, match="must return finite numbers"):
        train(ProductAnsatz(2), engine, optimizer="SPSA", max_iterations=10)


def test_aer_without_shots_trains_as_the_exact_engine_does():
    initial = np.linspace(0.2, 1.4, 10)
    exact, aer = (
        train(ProductAnsatz(5), engine(TABLE), initial=initial, max_iterations=4) for engine in (ExactEngine, AerEngine)
    )
    np.testing.assert_allclose(aer.history, exact.history, rtol=0, atol=1e-8)
    np.testing.assert_allclose(aer.parameters, exact.parameters, rtol=0, atol=1e-6)


# --- what it refuses ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"runs": 0}, "runs must be a whole number of at least 1, got 0"),
        ({"seed": -1}, "seed must be a whole number of at least 0"),
        ({"optimiser": "SPSA"}, "Unknown setting 'optimiser' in the options of train. Did you mean 'optimizer'"),
        ({"search": "SPSA"}, r"search is a SearchSpec\(...\), got 'SPSA'"),
        ({"optimizer": "COBYLA", "max_iterations": 2}, "COBYLA needs max_iterations of at least 22 for 20 angles"),
        ({"engine": Sampled(TABLE), "optimizer": "L-BFGS-B"}, "this engine estimates them from 50 shots"),
        ({"engine": Sampled(TABLE), "max_shots": 49}, "max_shots must be at least 50, the shots of one value, got 49"),
        ({"max_shots": 100}, "max_shots limits measurements, this engine computes exact values"),
        ({"grow": True}, "use train_layerwise"),
        ({"initial": np.zeros(3)}, r"parameters must have shape \(20,\)"),
        ({"initial": np.zeros((1, 19))}, r"shape \(20,\), got \(19,\)"),
        ({"initial": np.full(20, np.nan)}, "parameters must be finite"),
        ({"initial": np.zeros((2, 20))}, "the starting points of 2 runs, got runs=1"),
        ({"ansatz": ProductAnsatz(4)}, "the circuit has 4 qubits, the cost has 5 bits"),
        ({"task": load_task("gaussian")}, "the engine's cost 5"),
    ],
)
def test_bad_settings(arguments, message):
    with pytest.raises((UsageError, InputError), match=message) as caught:
        quick(**arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("ansatz", "engine", "message"),
    [
        ("linear", ExactEngine(TABLE), r"as in train\(LinearAnsatz\(4, 2\), .* got str and ExactEngine\."),
        (LinearAnsatz(5, 1), TABLE, "a circuit, then an engine, .* got LinearAnsatz and ndarray"),
        (ExactEngine(TABLE), LinearAnsatz(5, 1), "a circuit, then an engine, .* got ExactEngine and LinearAnsatz"),
        (LinearAnsatz(5, 1), ExactEngine, "got LinearAnsatz and the class ExactEngine"),
    ],
)
def test_plain_mistakes(ansatz, engine, message):
    with pytest.raises(UsageError, match=message):
        train(ansatz, engine)
