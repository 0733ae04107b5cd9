"""Contents of native files for the tests of formats, and what is compared of them."""

import dataclasses
import json

import numpy as np
import pytest

from walshqhn import IsingHamiltonian, WalshSpectrum
from walshqhn.bits import index_to_bits, masks_from_supports
from walshqhn.formats.hdf5 import Contents, load
from walshqhn.study.plan import Plan, Study
from walshqhn.support.errors import FormatError
from walshqhn.training.result import RunResult, TrainingResult
from walshqhn.training.spec import Variant

AWKWARD = np.array([0.1, -0.0, 5e-324, 2.5e130, 1 / 3, -1e-17, 0.0, 2.0])
COST = np.sin(np.arange(8.0))
VARIANTS = (Variant.of(ansatz="product"), Variant.of(layers=1, optimizer="SPSA:perturbation=0.1"))


def a_run(k, rng, num_qubits=3, angles=6, length=4):
    """As a training leaves it, but of any numbers; the best bits are one of the 8 configurations that cost so much."""
    best, sampled = int(rng.integers(8)), rng.integers(0, 8, k + 1)
    return RunResult(
        index=k,
        parameters=rng.normal(size=angles),
        value=rng.normal(),
        value_error=(0.0, np.nan, rng.uniform())[k % 3],
        history=rng.normal(size=length),
        standard_errors=rng.uniform(size=length),
        best_so_far=rng.normal(size=length),
        gradient_norms=rng.uniform(size=length) if k != 1 else np.full(length, np.nan),
        history_shots=rng.integers(0, 99, length).astype(float),
        history_seconds=rng.uniform(size=length),
        tail_means=rng.normal(size=(length, 3)),
        evaluations=int(rng.integers(1, 1000)),
        shots=int(rng.integers(0, 1000)),
        seconds=rng.uniform(),
        status=("converged", "iteration limit", "interrupted")[k % 3],
        message=f'run {k}: "done"; naïve, 完了\n',
        energy=rng.normal(),
        energy_error=rng.uniform(),
        best_bits=np.concatenate([index_to_bits(best, 3), np.zeros(num_qubits - 3, np.uint8)]),
        best_cost=float(COST[best]),
        bit_means=rng.uniform(size=num_qubits),
        sampled_value=rng.normal(),
        sampled_error=rng.uniform(),
        sampled_bits=np.pad(index_to_bits(sampled, 3), ((0, 0), (0, num_qubits - 3))),
        sampled_costs=COST[sampled],
        sampled_counts=rng.integers(1, 9, k + 1),
        sampled_accuracies={"test": rng.uniform(size=k + 1)},
        architecture={"activation": {"relu": 0.25, "sigmoid": 0.75}} if k == 0 else {},
    )


def a_training(num_qubits=3, lengths=(4, 1, 6), variant=VARIANTS[0], seed=2**70, rng=0):
    """Runs of different lengths."""
    rng, layers = np.random.default_rng(rng), variant.circuit.layers
    angles = 2 * num_qubits * max(1, 2 * layers)
    return TrainingResult(
        runs=tuple(a_run(k, rng, num_qubits, angles, length) for k, length in enumerate(lengths)),
        ansatz={"name": variant.circuit.ansatz, "num_qubits": num_qubits, "layers": layers},
        engine={"name": "ExactEngine", "shots": None},
        search=variant.search.decided(None).as_dict(),
        cost_digest="ab" * 32,
        seed=seed,
        planned_runs=4,
        initial=[[1 / 3] * angles],
        exact_minimum=float(COST.min()),
        accuracies={"train": 0.98, "test": 1 / 3},
        versions={"numpy": np.__version__},
    )


def a_study(counts=(3, 2)):
    """So many finished runs of each variant."""
    trainings = {
        v: dataclasses.replace(a_training(lengths=(5, 3, 2)[:count], variant=VARIANTS[v], rng=v), initial=None)
        for v, count in enumerate(counts)
        if count
    }
    return Study(Plan(VARIANTS, runs=4, seed=2**70), 3, "ab" * 32, float(COST.min()), trainings)


def a_hamiltonian(num_qubits=3, names=()):
    """The last qubit, the first two, and all of them up to six."""
    supports = [(num_qubits - 1,), (0, 1), tuple(range(min(6, num_qubits)))]
    return IsingHamiltonian(
        num_qubits, masks_from_supports(supports, num_qubits), np.array([1 / 3, -1e-17, 2.5e100]),
        constant=0.1, discarded_weight=1 / 7, max_degree=6, tolerance=1e-9 / 3, names=names,
    )  # fmt: skip


def everything():
    names = ("W1[0,0]", "W1[1,0]", "größe")
    return Contents(
        cost=COST,
        spectrum=WalshSpectrum.from_cost(COST),
        hamiltonian=a_hamiltonian(names=names),
        task={"name": "demo", "options": {"digits": [0, 1]}, "data": {"source": "here", "sha256": "ab" * 32}},
        bit_names=names,
        training=a_training(),
        study=a_study(),
        provenance={"seed": 7, "config": {"layers": 2}},
    )


def plain(value):
    """``value`` as text that is equal if and only if all numbers are, bit for bit: -0.0 is not 0.0, NaN is itself."""

    def encode(found):
        if isinstance(found, np.ndarray | np.generic):
            return [found.dtype.str, found.shape, found.tobytes().hex()]
        if hasattr(found, "as_dict"):
            return found.as_dict()
        return {f.name: getattr(found, f.name) for f in dataclasses.fields(found) if f.init}

    return json.dumps(value, default=encode)


def parts(contents):
    """Every part but W(k), which is written along with what it follows from, and provenance: name -> `plain`."""
    names = ("cost", "spectrum", "hamiltonian", "task", "training", "study")
    found = {name: getattr(contents, name) for name in names} | {"bit_names": list(contents.bit_names or ())}
    return {name: plain(value) for name, value in found.items()}


def refused(path, message):
    """Loading says so, in one line that names the file."""
    with pytest.raises(FormatError, match=message) as caught:
        load(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
