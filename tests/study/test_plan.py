"""Plans and studies: what they allow, and what they say of themselves."""

import dataclasses
import json

import pytest
from storage_cases import a_study
from study_cases import ONE, PRODUCT, QUICK

from walshqhn import Plan, Variant
from walshqhn.support.errors import UsageError


def test_a_plan_from_what_json_holds():
    plan = Plan([PRODUCT, Variant.of(engine="aer", shots=9, optimizer="SPSA:alpha=0.7")], runs=3, seed=2**70)
    again = Plan.from_dict(json.loads(json.dumps(plan.as_dict())))
    assert again == plan
    assert again.units() == [(0, 0), (1, 0), (0, 1), (1, 1), (0, 2), (1, 2)]


def test_seeds_of_runs():
    assert len({Plan((ONE,), seed=s).seed_of(k) for s in range(3) for k in range(10)}) == 30
    assert Plan((ONE, PRODUCT), runs=7, seed=5).seed_of(1) == QUICK.seed_of(1)


def test_equal_labels_are_told_apart():
    variants = [Variant.of(layers=1, max_iterations=m, samples=s) for m, s in ((9, 5), (9, 6), (8, 5))]
    assert Plan((*variants, PRODUCT)).labels == (
        "linear, 1 layer, max iterations 9, samples 5",
        "linear, 1 layer, max iterations 9, samples 6",
        "linear, 1 layer, max iterations 8, samples 5",
        "product",
    )


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Plan(()), "at least one variant"),
        (lambda: Plan((ONE, ONE)), "names a variant twice"),
        (lambda: Plan(("linear",)), r"the variants of a study are Variant.of\(...\), got 'linear'"),
        (lambda: Plan((ONE,), runs=0), "runs must be a whole number of at least 1, got 0"),
        (lambda: Plan((ONE,), runs=1.5), "got 1.5"),
        (lambda: Plan((ONE,), seed=-1), "seed must be a whole number of at least 0"),
        (lambda: Plan.from_dict({"runs": 1}, "f.h5"), "a plan in f.h5 is a table of variants, runs and seed"),
        (lambda: Plan.from_dict(QUICK.as_dict() | {"variants": 3}, "f.h5"), "variants in f.h5 must be a list, got int"),
        (lambda: Plan.from_dict(QUICK.as_dict() | {"runs": "3"}), "runs must be a whole number"),
    ],
)
def test_bad_plans(make, says):
    with pytest.raises(UsageError, match=says):
        make()


def test_success_counts_from_what_is_known():
    """Without an exact minimum from the cheapest sample of all."""
    study = dataclasses.replace(a_study(), exact_minimum=-2.0)  # which no sample reaches
    assert study.reference == study.exact_minimum
    found = dataclasses.replace(study, exact_minimum=None)
    costs = [run.best_cost for v in (0, 1) for run in study.runs(v)]
    assert found.reference == min(costs) > study.exact_minimum
    reached = [p.successes for p in found.success_probability(0.0, sampled=True)]
    assert sum(reached) == costs.count(min(costs)) >= 1
    assert [p.successes for p in study.success_probability(0.0, sampled=True)] == [0, 0]


def test_how_much_is_done():
    study = a_study((3, 0))
    assert (study.done, study.is_complete) == (3, False)
    assert study.runs(1) == ()
    whole = dataclasses.replace(study, plan=Plan((study.plan.variants[0],), runs=3))
    assert whole.is_complete
