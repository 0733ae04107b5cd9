"""Contents of native files for the tests of storage, and what is compared of them."""

import numpy as np
import pytest

from walshqhn import IsingHamiltonian, WalshSpectrum
from walshqhn.bits import masks_from_supports
from walshqhn.formats.hdf5 import Contents, load
from walshqhn.support.errors import FormatError
from walshqhn.training.result import RunResult, TrainingResult

AWKWARD = np.array([0.1, -0.0, 5e-324, 1.7976931348623157e308, 1 / 3, -1e-17, 0.0, 2.0])


def a_training(num_qubits=3, lengths=(4, 1, 6), seed=0):
    """Runs of different lengths, as a training leaves them, but of any numbers."""
    rng = np.random.default_rng(seed)
    runs = tuple(
        RunResult(
            index=2 * k,
            parameters=rng.normal(size=5),
            value=rng.normal(),
            history=rng.normal(size=length),
            gradient_norms=rng.normal(size=length) if k != 1 else np.full(length, np.nan),
            evaluations=int(rng.integers(1, 1000)),
            status=("converged", "iteration limit", "interrupted")[k % 3],
            message=f'run {k}: "done"; naïve, 完了\n',
            seconds=rng.uniform(),
            best_bits=rng.integers(0, 2, num_qubits, dtype=np.uint8),
            best_cost=rng.normal(),
            tail_means=rng.normal(size=(length, 3)),
            sampled_bits=rng.integers(0, 2, (k + 1, num_qubits), dtype=np.uint8),
            sampled_costs=rng.normal(size=k + 1),
            sampled_counts=rng.integers(1, 9, k + 1),
            sampled_accuracies={"test": rng.uniform(size=k + 1)},
        )
        for k, length in enumerate(lengths)
    )
    return TrainingResult(
        runs=runs,
        ansatz={"name": "linear", "num_qubits": num_qubits, "layers": 2},
        settings={"optimizer": "L-BFGS-B", "gradient_tolerance": 1e-6 / 3, "engine_shots": None, "runs": 3},
        seed=2**40 + 1,
        exact_minimum=-1 / 3,
        accuracies={"train": 0.98, "test": 1 / 3},
    )


def a_hamiltonian(num_qubits=3):
    """The last qubit, the first two, and all of them up to six."""
    supports = [(num_qubits - 1,), (0, 1), tuple(range(min(6, num_qubits)))]
    return IsingHamiltonian(
        num_qubits, masks_from_supports(supports, num_qubits), np.array([1 / 3, -1e-17, 2.5e100]),
        constant=0.1, discarded_weight=1 / 7, max_degree=6, tolerance=1e-9 / 3,
    )  # fmt: skip


def everything():
    cost = np.sin(np.arange(8.0))
    return Contents(
        cost=cost,
        spectrum=WalshSpectrum.from_cost(cost),
        hamiltonian=a_hamiltonian(),
        task={"name": "demo", "options": {"digits": [0, 1]}, "data": {"sha256": "ab" * 32}},
        bit_names=["W1[0,0]", "W1[1,0]", "b1"],
        training=a_training(),
        provenance={"seed": 7, "config": {"layers": 2}},
    )


def raw(array):
    """An array's type, shape and bytes: -0.0 is not 0.0, and NaN is itself."""
    if array is None:
        return None
    array = np.asarray(array)
    return array.dtype.str, array.shape, array.tobytes()


def numbers(contents):
    """Every number in ``contents``, to be compared bit for bit."""
    h, t = contents.hamiltonian, contents.training
    found = {
        "cost": raw(contents.cost),
        "spectrum": None if contents.spectrum is None else raw(contents.spectrum.coefficients),
        "weights": raw(contents.weights),
        "hamiltonian": None if h is None else [
            h.num_qubits, raw(h.masks), raw(h.coefficients), raw(h.constant), raw(h.discarded_weight), h.max_degree,
            raw(h.tolerance),
        ],
        "training": None if t is None else [t.seed, raw(t.exact_minimum)],
    }  # fmt: skip
    for k, run in enumerate(() if t is None else t.runs):
        found[f"run {k}"] = [
            run.index, raw(run.parameters), raw(run.value), raw(run.history), raw(run.gradient_norms),
            run.evaluations, raw(run.seconds), raw(run.best_bits), raw(run.best_cost),
            raw(run.tail_means), raw(run.sampled_bits), raw(run.sampled_costs), raw(run.sampled_counts),
            raw(run.best_so_far), raw(run.bit_means), {k: raw(v) for k, v in run.sampled_accuracies.items()},
        ]  # fmt: skip
    return found


def words(contents):
    """Every text in ``contents``, and what is kept as text."""
    t = contents.training
    found = [contents.task, None if contents.bit_names is None else list(contents.bit_names)]
    return found + ([] if t is None else [t.ansatz, t.settings, t.accuracies, [(r.status, r.message) for r in t.runs]])


def refused(path, message):
    """Loading says so, in one line that names the file."""
    with pytest.raises(FormatError, match=message) as caught:
        load(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
