"""Every method of SciPy, with any of its options."""

import numpy as np
import pytest
from training_cases import quick

from walshqhn.support.errors import UsageError
from walshqhn.training.optimizers import Gradients, make_optimizer


def test_options_of_scipy_reach_it():
    """A first trust region far smaller than the default: the first step is shorter."""
    plain, small = (
        quick(optimizer=text, max_iterations=2).runs[0]
        for text in ("trust-constr", "trust-constr:initial_tr_radius=0.001;gtol=1e-3")
    )
    assert np.linalg.norm(small.history[1] - small.history[0]) < np.linalg.norm(plain.history[1] - plain.history[0])
    assert str(make_optimizer("COBYLA:rhobeg=0.5")) == "COBYLA:rhobeg=0.5"
    method = make_optimizer("BFGS:norm=2;gtol=1e-4")
    assert make_optimizer(str(method)) == method == Gradients(name="BFGS", scipy="gtol=1e-4;norm=2")
    first, second = (quick(optimizer=text, max_iterations=9).runs[0] for text in ("L-BFGS-B", "L-BFGS-B:maxcor=1"))
    assert first.value != second.value


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("BFGS:gotl=1", "BFGS of SciPy does not take gotl=1: Unknown solver options: gotl"),
        ("COBYLA:rate=1", "COBYLA of SciPy does not take rate=1"),
        ("SLSQP:maxiter=3", "maxiter is not set here: max_iterations"),
        ("trust-constr:initial_tr_radius=wide", "trust-constr of SciPy does not take"),
    ],
)
def test_options_that_it_has_not(text, says):
    with pytest.raises(UsageError, match=says):
        make_optimizer(text)
