"""Optimizers: what they find, each of our own against a reference written here, and how they end."""

import math

import numpy as np
import pytest
from quantum_oracles import (
    random_angles,
)
from training_cases import TABLE, a_problem, fingerprints, quick

from walshqhn import ExactEngine, ProductAnsatz
from walshqhn.support.errors import UsageError
from walshqhn.training.optimizers import COBYLA, OPTIMIZERS, QNSPSA, SPSA, Adam, NelderMead, Optimizer, make_optimizer
from walshqhn.training.optimizers.base import Limits

EASY = np.array([3.0, 1.0, 2.0, 0.5, 2.5, 0.3, 1.2, -1.0])  # no local minimum but the last
OURS = {"Adam": Adam(), "SPSA": SPSA(), "QN-SPSA": QNSPSA()}


class Sampled(ExactEngine):
    """The exact engine, but it says that it measures."""

    shots = 200


# --- what they find -------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_method_finds_an_easy_minimum(optimizer):
    result = quick(ansatz=ProductAnsatz(3), engine=ExactEngine(EASY), optimizer=optimizer, max_iterations=400, seed=2)
    assert result.best_bits.tolist() == [1, 1, 1]
    assert result.value == pytest.approx(-1.0, abs=0.01)
    assert result.settings["optimizer"] == optimizer
    assert result.history[0] > result.value
    assert (np.diff(result.best_run.best_so_far) <= 0).all()


@pytest.mark.parametrize("optimizer", [name for name in OPTIMIZERS if name != "L-BFGS-B"])
def test_every_method_but_one_copes_with_shots(optimizer):
    result = quick(ansatz=ProductAnsatz(3), engine=Sampled(EASY), optimizer=optimizer, max_iterations=150, seed=2)
    run = result.runs[0]
    assert result.best_bits.tolist() == [1, 1, 1]
    assert run.sampled_value < result.history[0] - 5 * run.standard_errors[0]
    assert result.shots == run.history_shots[-1] >= 200 * run.evaluations
    assert run.standard_errors[0] > 0


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("engine", [ExactEngine, Sampled])
def test_the_same_seed_gives_the_same_training(optimizer, engine):
    if optimizer == "L-BFGS-B" and engine is Sampled:
        optimizer = "Adam"
    arguments = {"ansatz": ProductAnsatz(5), "optimizer": optimizer, "runs": 2, "max_iterations": 25}
    first, again, other = (fingerprints(quick(engine=engine(TABLE), seed=s, **arguments)) for s in (5, 5, 6))
    assert first == again
    assert first[0] != other[0]
    assert first[0][1] != first[1][1]


# --- Adam -----------------------------------------------------------------------------------------


def test_adam_against_a_loop_over_angles():
    problem, x = a_problem(), random_angles(10)
    outcome = Adam(learning_rate=0.07, beta1=0.8, beta2=0.99).minimize(
        problem, x, Limits(12, 1e-9), np.random.default_rng(0)
    )
    assert outcome.status == "iteration limit"
    engine, angles = ExactEngine(TABLE), x.tolist()
    m, v = [0.0] * 10, [0.0] * 10
    for t in range(1, 14):
        value, gradient = engine.value_and_gradient(ProductAnsatz(5), angles)
        assert problem.history[t - 1][0] == pytest.approx(value, abs=1e-12)
        assert problem.history[t - 1][2] == pytest.approx(max(abs(g) for g in gradient), abs=1e-12)
        for j in range(10):
            m[j] = 0.8 * m[j] + 0.2 * gradient[j]
            v[j] = 0.99 * v[j] + 0.01 * gradient[j] ** 2
            angles[j] -= 0.07 * (m[j] / (1 - 0.8**t)) / (math.sqrt(v[j] / (1 - 0.99**t)) + 1e-8)
    assert len(problem.history) == 13


# --- how they end ---------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_constant_cost_is_no_trouble(optimizer):
    engine = ExactEngine(np.full(8, 4.0))
    result = quick(ansatz=ProductAnsatz(3), engine=engine, optimizer=optimizer, max_iterations=1000)
    assert result.status == "converged"
    assert result.value == pytest.approx(4.0, abs=1e-12)


@pytest.mark.parametrize("optimizer", OURS)
@pytest.mark.parametrize("limit", [1, 7])
def test_iteration_limits_of_our_methods(optimizer, limit):
    result = quick(optimizer=optimizer, max_iterations=limit)
    assert result.status == "iteration limit"
    assert "max_iterations" in result.remedy
    assert len(result.history) == limit + 1


@pytest.mark.parametrize("optimizer", [name for name in OPTIMIZERS if name != "L-BFGS-B"])
def test_a_budget_of_shots(optimizer):
    settings = {"ansatz": ProductAnsatz(5), "engine": Sampled(TABLE), "optimizer": optimizer, "max_iterations": 500}
    result = quick(**settings, max_shots=4900)
    assert result.status == "shot limit"
    assert "max_shots" in result.remedy
    assert 4900 - 21 * 200 <= result.shots <= 4900
    assert result.shots % 200 == 0
    assert result.settings["max_shots"] == 4900
    same = quick(**settings, max_shots=4900, runs=2)
    assert fingerprints(same)[0] == fingerprints(result)[0]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_budget_of_seconds(optimizer):
    """So short that only the first value is computed."""
    result = quick(ansatz=ProductAnsatz(5), optimizer=optimizer, max_seconds=1e-9)
    assert result.status == "time limit"
    assert "max_seconds" in result.remedy
    assert result.evaluations == 1
    assert result.value == result.history[0]


def test_stalling():
    adam = quick(optimizer=Adam(learning_rate=2.0, patience=3), max_iterations=300)
    assert adam.status == "stalled"
    assert adam.remedy
    assert adam.history[-4:].min() >= adam.history[:-3].min()
    blocked = quick(optimizer=SPSA(blocking=True, learning_rate=1e3, max_blocked=4), max_iterations=300)
    assert blocked.status == "stalled"
    assert (blocked.history[-5:] == blocked.history[-1]).all()
    impatient = quick(optimizer=QNSPSA(blocking=False, learning_rate=5.0, patience=5), max_iterations=300)
    assert impatient.status == "stalled"
    assert impatient.best_run.message == "no lower value in 5 iterations"


# --- settings -------------------------------------------------------------------------------------


def test_methods_by_name():
    for name in OPTIMIZERS:
        method = make_optimizer(name)
        assert isinstance(method, Optimizer)
        assert method.name == name
    assert make_optimizer("Adam", learning_rate=0.2) == Adam(learning_rate=0.2)
    result = quick(optimizer=Adam(learning_rate=0.2), max_iterations=2)
    assert result.settings["optimizer_settings"]["learning_rate"] == 0.2


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: make_optimizer("Adm"), "Unknown optimizer 'Adm'. Did you mean 'Adam'"),
        (lambda: make_optimizer(3), "an optimizer is one of L-BFGS-B.*got 3"),
        (lambda: make_optimizer("Adam", rate=1), "Unknown setting of Adam 'rate'"),
        (lambda: make_optimizer("COBYLA", rate=1), "Unknown setting of COBYLA 'rate'.*Known: none"),
        (lambda: Adam(learning_rate=0), "Adam: learning_rate must be positive and finite, got 0"),
        (lambda: Adam(beta1=1.0), "Adam: beta1 must be between 0 and 1, got 1.0"),
        (lambda: Adam(patience=0), "Adam: patience must be a whole number of at least 1, got 0"),
        (lambda: SPSA(perturbation=-0.1), "SPSA: perturbation must be positive"),
        (lambda: SPSA(learning_rate=np.nan), "SPSA: learning_rate must be positive and finite, got nan"),
        (lambda: SPSA(calibration=2.5), "SPSA: calibration must be a whole number"),
        (lambda: SPSA(allowed_increase=-1.0), "SPSA: allowed_increase must be positive"),
        (lambda: QNSPSA(regularization=0.0), "QN-SPSA: regularization must be positive"),
        (lambda: QNSPSA(resamplings=0), "QN-SPSA: resamplings must be a whole number of at least 1"),
        (lambda: QNSPSA(max_blocked=0), "QN-SPSA: max_blocked must be a whole number of at least 1"),
        (lambda: NelderMead(initial_step="x"), "Nelder-Mead: initial_step must be positive"),
        (lambda: quick(optimizer=COBYLA(), max_iterations=2), "COBYLA needs max_iterations of at least 22"),
        (lambda: quick(optimizer="COBYQA", max_iterations=41), "COBYQA needs max_iterations of at least 42"),
        (lambda: quick(optimizer="Nelder-Mead", max_iterations=21), "Nelder-Mead needs max_iterations of at least 22"),
        (lambda: quick(max_shots=100), "max_shots limits measurements, this engine computes exact values"),
        (lambda: quick(engine=Sampled(TABLE), optimizer="SPSA", max_shots=199), "at least 200, the shots of one value"),
        (lambda: quick(max_seconds=0), "max_seconds must be positive and finite, got 0"),
        (lambda: quick(max_seconds=math.inf), "max_seconds must be positive and finite, got inf"),
        (lambda: quick(objective="best"), "Unknown objective 'best'"),
        (lambda: quick(objective=0.5), "an objective is 'mean', 'cvar:ALPHA', 'gibbs:ETA'.*got 0.5"),
        (lambda: quick(initial=np.zeros((2, 20))), "the starting points of 2 runs, got runs=1"),
    ],
)
def test_bad_settings(make, message):
    with pytest.raises(UsageError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)
