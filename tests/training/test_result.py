"""What results say of themselves."""

import dataclasses
import json

import numpy as np
import pytest
from storage_cases import a_training
from training_cases import TABLE, quick

from walshqhn.bits import bits_to_label
from walshqhn.training.result import REMEDIES


def test_the_best_sample_may_come_from_another_run_than_the_least_value():
    result = a_training(lengths=(2, 2))
    first = dataclasses.replace(result.runs[0], value=-1.0, best_cost=0.5, best_bits=np.array([0, 1, 1], np.uint8))
    second = dataclasses.replace(result.runs[1], value=0.0, best_cost=-2.0, best_bits=np.array([1, 0, 0], np.uint8))
    for runs in ((first, second), (second, first)):
        result = dataclasses.replace(result, runs=runs, exact_minimum=-2.5)
        assert (result.value, result.best_cost, result.excess) == (-1.0, -2.0, 0.5)
        assert result.best_bits.tolist() == [1, 0, 0]
        assert result.parameters is first.parameters
        assert result.history is first.history
    assert dataclasses.replace(result, exact_minimum=None).excess is None


@pytest.mark.parametrize("status", REMEDIES)
def test_the_status_is_that_of_the_best_run_unless_something_is_missing(status):
    missing = {"cost failed": "cost failed"}.get(status, "interrupted")  # which says more
    two = a_training(lengths=(2, 2))
    runs = tuple(
        dataclasses.replace(run, value=value, status=how)
        for run, value, how in zip(two.runs, (1.0, 0.0), ("converged", status), strict=True)
    )
    whole = dataclasses.replace(two, runs=runs, planned_runs=2)
    assert (whole.status, whole.remedy) == (status, REMEDIES[status])
    assert dataclasses.replace(whole, planned_runs=3).status == missing
    assert dataclasses.replace(whole, runs=runs[::-1]).status == status


def test_summary():
    result = quick(runs=2)
    summary = json.loads(json.dumps(result.summary(), allow_nan=False))
    assert summary["best_bits"] == bits_to_label(result.best_bits)
    assert summary["best_cost"] == TABLE[int(summary["best_bits"], 2)]
    assert summary["iterations"] == [len(run.history) - 1 for run in result.runs]
    assert (summary["runs"], summary["seed"], summary["excess"]) == (2, 0, result.excess)
    assert summary["search"]["optimizer"] == "L-BFGS-B"
    assert summary["seconds"] == sum(run.seconds for run in result.runs)
