"""Small studies for tests, and what two equal ones have in common."""

import dataclasses

import numpy as np

from walshqhn import Plan, Variant

TABLE = np.random.default_rng(7).normal(size=16)
SHORT = {"max_iterations": 15, "samples": 20}
PRODUCT, ONE, TWO = (Variant.of(**v, **SHORT) for v in ({"ansatz": "product"}, {"layers": 1}, {"layers": 2}))
QUICK = Plan((PRODUCT, ONE), runs=3, seed=5)


def longer(plan):
    """More runs, and longer ones."""
    variants = [dataclasses.replace(v, search=dataclasses.replace(v.search, max_iterations=400)) for v in plan.variants]
    return dataclasses.replace(plan, variants=tuple(variants), runs=40)


def content(study):
    """Everything in a study but durations, comparable bit by bit."""
    runs = {}
    for v, training in study.trainings.items():
        for run in training.runs:
            fields = {f.name: getattr(run, f.name) for f in dataclasses.fields(run) if "seconds" not in f.name}
            runs[v, run.index] = {k: x.tobytes() if isinstance(x, np.ndarray) else repr(x) for k, x in fields.items()}
    described = {
        v: {f.name: getattr(t, f.name) for f in dataclasses.fields(t) if f.name != "runs"}
        for v, t in study.trainings.items()
    }
    return study.plan, study.num_qubits, study.cost_digest, study.exact_minimum, described, runs
