"""Optimizers by name, and their settings."""

import dataclasses
import pickle

import numpy as np
import pytest
from training_cases import quick

from walshqhn.support.errors import UsageError
from walshqhn.support.specs import option
from walshqhn.training.optimizers import OPTIMIZERS, QNSPSA, SPSA, Adam, NelderMead, Optimizer, make_optimizer
from walshqhn.training.optimizers.base import Outcome


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_methods_by_name(name):
    method = make_optimizer(name)
    assert method.name == str(method) == name
    assert make_optimizer(method) is method


@pytest.mark.parametrize(
    ("text", "method"),
    [
        ("Adam:learning_rate=0.2", Adam(learning_rate=0.2)),
        ("SPSA:blocking=true;stability=0.0;patience=7", SPSA(blocking=True, stability=0, patience=7)),
        ("QN-SPSA:blocking=false;allowed_increase=1e-17", QNSPSA(blocking=False, allowed_increase=1e-17)),
        ("Nelder-Mead:initial_step=0.1", NelderMead(initial_step=0.1)),
    ],
)
def test_settings_in_text(text, method):
    assert make_optimizer(text) == method
    assert set(str(method).partition(":")[2].split(";")) == set(text.partition(":")[2].split(";"))
    assert make_optimizer(str(method)) == method
    assert pickle.loads(pickle.dumps(method)) == method


def test_what_is_not_changed_is_not_said():
    assert make_optimizer(" SPSA : alpha = 0.602 ; patience=none;") == SPSA()
    assert str(SPSA(alpha=0.602, blocking=False)) == "SPSA"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: make_optimizer("Adm"), "Unknown optimizer 'Adm'. Did you mean 'Adam'"),
        (lambda: make_optimizer(3), "an optimizer is one of L-BFGS-B.*got 3"),
        (lambda: make_optimizer("Adam:rate=1"), "Unknown setting of Adam 'rate'"),
        (lambda: make_optimizer("Adam:beta1"), "written as in Adam:NAME=VALUE;NAME=VALUE, got 'Adam:beta1'"),
        (lambda: make_optimizer("SPSA:blocking=2"), "SPSA: blocking must be true or false, got '2'"),
        (lambda: Adam(learning_rate=0), "Adam: learning_rate must be positive and finite, got 0"),
        (lambda: Adam(beta1=1.0), r"Adam: beta1 must be in \(0, 1\), got 1.0"),
        (lambda: Adam(patience=0), "Adam: patience must be a whole number of at least 1, got 0"),
        (lambda: SPSA(learning_rate=np.nan), "SPSA: learning_rate must be positive and finite, got nan"),
        (lambda: SPSA(allowed_increase=-1.0), "SPSA: allowed_increase must be at least 0 and finite, got -1"),
        (lambda: SPSA(stability=-1.0), "SPSA: stability must be above -1 and finite"),
        (lambda: NelderMead(initial_step="x"), "Nelder-Mead: initial_step must be positive"),
    ],
)
def test_bad_settings(make, message):
    with pytest.raises(UsageError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)


@dataclasses.dataclass(frozen=True)
class Downhill(Optimizer):
    """Plain gradient descent, written as a user would."""

    name = "Downhill"
    rate: float = option(0.1, "Factor of the gradient.", above=0)

    def init(self, run, x0):
        found, _ = run.value_and_gradient(x0)
        run.report(found)
        return found

    def step(self, run, state):
        return self.init(run, state.parameters - self.rate * state.gradient)

    def terminate(self, run, state):
        return Outcome("converged", "downhill") if np.abs(state.gradient).max() < 0.05 else None


def test_an_optimizer_of_ones_own():
    result = quick(optimizer=Downhill(rate=0.3), max_iterations=300)
    assert (result.status, result.best_run.message) == ("converged", "downhill")
    assert result.search["optimizer"] == "Downhill:rate=0.3"
    assert (np.diff(result.history) < 0).all()
    limited = quick(optimizer=Downhill(rate=0.3), max_iterations=4)
    assert limited.status == "iteration limit"
    assert limited.history.tolist() == result.history[:5].tolist()
    with pytest.raises(UsageError, match="Downhill: rate must be positive"):
        Downhill(rate=-1)
