"""Noise models for `AerEngine`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from walshqhn.support.checks import check_real
from walshqhn.support.errors import UsageError

if TYPE_CHECKING:
    from qiskit.providers import BackendV2
    from qiskit_aer.noise import NoiseModel


def depolarizing_noise(p: float) -> NoiseModel:
    """The noise of the resilience study in the paper (arXiv:2301.08292), of strength ``p`` in [0, 266.7].

    After every one-qubit gate a random one of X, Y, Z with probability 0.001 p in total, after every CX a
    random one of the 15 Pauli pairs with probability 0.00375 p in total. UsageError if ``p`` is out of range.
    """
    check_real("the strength of depolarizing noise", p, least=0, most=1 / 0.00375)
    return noise_model(0.001 * p, 0.00375 * p)


def noise_model(p1: float, p2: float, *, readout: float | tuple[float, float] = 0.0) -> NoiseModel:
    """Depolarizing noise after gates, and readout errors. UsageError if a probability is out of range.

    ``p1`` and ``p2``, in [0, 1], are the probabilities that a one-qubit gate and a CX are followed by a Pauli other
    than the identity, each of the 3, of the 15, equally likely. (In Qiskit's ``depolarizing_error(x)`` it is
    x (4^n - 1) / 4^n.) Every gate of a circuit counts; none are merged. ``readout`` is the probability in [0, 1] of
    misreading a bit; or a pair: of reading 1 for 0, of reading 0 for 1.
    """
    flips = tuple(readout) if isinstance(readout, Sequence) else (readout, readout)
    if len(flips) != 2:
        raise UsageError(f"readout is one probability or a pair, got {readout!r}.")
    for name, value in (("p1", p1), ("p2", p2), ("readout", flips[0]), ("readout", flips[1])):
        check_real(name, value, least=0, most=1)
    from qiskit_aer.noise import NoiseModel, ReadoutError, depolarizing_error

    model = NoiseModel(basis_gates=["cx", "h", "rx", "ry", "rz"])
    if p1:
        model.add_all_qubit_quantum_error(depolarizing_error(p1 * 4 / 3, 1), ["h", "rx", "ry", "rz", "sx", "x"])
    if p2:
        model.add_all_qubit_quantum_error(depolarizing_error(p2 * 16 / 15, 2), ["cx"])
    if any(flips):
        model.add_all_qubit_readout_error(ReadoutError([[1 - flips[0], flips[0]], [flips[1], 1 - flips[1]]]))
    return model


def backend_noise(backend: BackendV2) -> NoiseModel:
    """Qiskit Aer's model of a backend's noise, from its reported error rates, T1, T2 and readout errors."""
    from qiskit_aer.noise import NoiseModel

    return NoiseModel.from_backend(backend)


def has_readout_errors(model: NoiseModel) -> bool:
    """Whether bits can be misread."""
    return any(error["type"] == "roerror" for error in model.to_dict()["errors"])


def coupling_of(model: NoiseModel) -> list[list[int]] | None:
    """The pairs of qubits with separate noise, in both orders; None if all pairs are treated alike.

    A gate on any other pair would be noiseless.
    """
    known = [qubits for error in model.to_dict()["errors"] for qubits in error.get("gate_qubits", ())]
    pairs = {order for q in known if len(q) == 2 for order in ((q[0], q[1]), (q[1], q[0]))}
    return [list(pair) for pair in sorted(pairs)] or None
