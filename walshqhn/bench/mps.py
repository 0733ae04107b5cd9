"""Matrix product states past 2^N: the linear ansatz with two layers, beside Qiskit Aer's."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from walshqhn import IsingHamiltonian, LinearAnsatz, MPSEngine, load_task
from walshqhn.bench.row import Contender, Goal, Row, Settings
from walshqhn.bits import masks_from_supports

_AER = "Aer, value alone"


def dense_pairs(num_qubits: int) -> IsingHamiltonian:
    """All terms of degree 1 and 2, with random coefficients."""
    n, rng = num_qubits, np.random.default_rng(num_qubits)
    supports = [(i,) for i in range(n)] + [(i, j) for j in range(n) for i in range(j)]
    return IsingHamiltonian(n, masks_from_supports(supports, n), rng.normal(size=len(supports)))


def _angles(ansatz: LinearAnsatz) -> np.ndarray:
    return np.random.default_rng(1).uniform(0, 2 * np.pi, ansatz.num_parameters)


def aer_value(hamiltonian: IsingHamiltonian, ansatz: LinearAnsatz, params: np.ndarray, threads: int) -> Any:
    """A call that returns Aer's <H>."""
    import qiskit_aer  # noqa: F401  gives circuits their save_... methods

    circuit = ansatz.circuit(params)
    circuit.save_expectation_value(hamiltonian.to_sparse_pauli_op(), range(ansatz.num_qubits))
    run = _aer(circuit, threads, shots=1)
    return lambda: float(np.real(run().data()["expectation_value"]))


def aer_samples(ansatz: LinearAnsatz, params: np.ndarray, shots: int, threads: int) -> Any:
    """A call that returns Aer's samples (shots, N), by the faster of its two algorithms at this size."""
    circuit = ansatz.circuit(params)
    circuit.measure_all()
    run = _aer(circuit, threads, shots=shots, memory=True, mps_sample_measure_algorithm="mps_probabilities")

    def call() -> Any:
        letters = np.frombuffer("".join(run().get_memory()).encode(), np.uint8)
        return letters.reshape(shots, -1)[:, ::-1] - np.uint8(ord("0"))

    return call


def _aer(circuit: Any, threads: int, **options: Any) -> Any:
    """A call that runs a circuit, all of whose gates Aer knows."""
    from qiskit_aer import AerSimulator

    simulator = AerSimulator(method="matrix_product_state", max_parallel_threads=threads)
    return lambda: simulator.run(circuit, **options).result()


def gradient(num_qubits: int, with_aer: bool, settings: Settings) -> list[Contender]:
    """Value and gradient of a Hamiltonian of degree 2 with all its terms."""
    hamiltonian, ansatz = dense_pairs(num_qubits), LinearAnsatz(num_qubits, 2)
    params, prepared = _angles(ansatz), MPSEngine(hamiltonian, threads=settings.threads).prepare(ansatz)
    shift = np.eye(ansatz.num_parameters)[1] * np.pi / 2
    up, down = prepared.expectations(np.stack([params + shift, params - shift]))
    found = [
        Contender(
            "walshqhn", partial(prepared.value_and_gradient, params), "ours",
            result=lambda found: np.array([found.value, found.gradient[1]]),
        ),
        Contender(
            "its expectation value", partial(prepared.expectation, params), "reference",
            result=lambda value: np.array([value, (up - down) / 2]),
        ),
    ]  # fmt: skip
    if with_aer:
        aer = aer_value(hamiltonian, ansatz, params, settings.threads)
        found.append(Contender(_AER, aer, result=np.asarray, expected=lambda ours: ours[0]))
    return found


def network(samples: int, settings: Settings) -> list[Contender]:
    """Value and gradient of the full cost; what is compared is a slope by parameter shifts."""
    task = load_task("mnist-8x8", num_samples=samples)
    ansatz = LinearAnsatz(task.num_bits, 2)
    params, prepared = _angles(ansatz), MPSEngine(task, threads=settings.threads).prepare(ansatz)
    middle = params.size - 2 * task.num_bits + task.num_bits // 2  # the last Ry of a pixel that is not blank
    shift = np.eye(params.size)[middle] * np.pi / 2

    def slope() -> float:
        up, down = prepared.expectations(np.stack([params + shift, params - shift]))
        return float(up - down) / 2

    ours = partial(prepared.value_and_gradient, params)
    return [
        Contender("walshqhn", ours, "ours", result=lambda found: found.gradient[middle]),
        Contender("one derivative by parameter shifts", slope, "reference", result=float),
    ]


def sampling(num_qubits: int, shots: int, settings: Settings) -> list[Contender]:
    """Preparing the state and measuring it; what is compared is the mean energy of the shots."""
    hamiltonian, ansatz = dense_pairs(num_qubits), LinearAnsatz(num_qubits, 2)
    scale, params, rng = float(np.linalg.norm(hamiltonian.coefficients)), _angles(ansatz), np.random.default_rng(0)
    ours = MPSEngine(hamiltonian, threads=settings.threads).prepare(ansatz)
    aer = aer_samples(ansatz, params, shots, settings.threads)

    def mean_cost(bits: Any) -> float:
        return 10 + float(hamiltonian.energy(bits).mean()) / scale  # of order 10: the tolerance is relative

    return [
        Contender("walshqhn", partial(ours.sample, params, shots, rng), "ours", result=mean_cost),
        Contender("Aer", aer, result=mean_cost),
    ]


def rows() -> list[Row]:
    """The rows of this module."""
    what = "value and gradient, degree 2, linear ansatz, 2 layers, N = "
    found = [
        Row("mps-gradient-66", f"{what}66", partial(gradient, 66, True), (Goal(10e-3), Goal(1, _AER))),
        Row("mps-gradient-785", f"{what}785", partial(gradient, 785, False), (Goal(0.5),)),
    ]
    title = "value and gradient of the full cost, mnist-8x8 (N = 66), 2,128 images, linear ansatz, 2 layers"
    found.append(Row("mps-network-66", title, partial(network, 2128), (Goal(5.0),)))
    title = "1,000 shots of the linear ansatz, 2 layers, N = 66"
    errors = 7 * (2 / 1000) ** 0.5 / 10  # as in `engine`
    prepare = partial(sampling, 66, 1000)
    found.append(Row("mps-sampling-66", title, prepare, (Goal(10, "Aer"),), tolerance=errors))
    return found
