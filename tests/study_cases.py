"""Small studies for tests, and what two equal ones have in common."""

import dataclasses

import numpy as np

from walshqhn.study.plan import Plan, Variant

TABLE = np.random.default_rng(7).normal(size=16)
PRODUCT, ONE, TWO = Variant("product", 0), Variant("linear", 1), Variant("linear", 2)
QUICK = Plan((PRODUCT, ONE), runs=3, seed=5, max_iterations=15, samples=20)


def content(study):
    """Everything in a study but durations, comparable bit by bit."""
    runs = {}
    for v, training in study.trainings.items():
        for run in training.runs:
            fields = {f.name: getattr(run, f.name) for f in dataclasses.fields(run) if "seconds" not in f.name}
            runs[v, run.index] = {k: x.tobytes() if isinstance(x, np.ndarray) else repr(x) for k, x in fields.items()}
    described = {v: (t.ansatz, t.settings, t.seed, t.exact_minimum) for v, t in study.trainings.items()}
    return study.plan, study.num_qubits, study.cost_sha256, study.exact_minimum, described, runs
