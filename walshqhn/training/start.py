"""Warm starts: angles near a network or a product state, or where an earlier training ended."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from walshqhn.bits import label_to_bits
from walshqhn.circuits.ansatz import Ansatz, LinearAnsatz
from walshqhn.circuits.growth import cannot_grow, deepened
from walshqhn.circuits.qaoa import QAOAAnsatz
from walshqhn.support.arrays import FloatArray
from walshqhn.support.errors import InputError, UsageError
from walshqhn.support.files import check_source, first_line
from walshqhn.support.hooks import native_format
from walshqhn.support.npy import read_npy

SURE = 0.9
"""Probability with which each bit of a network is measured at the start; at 1 all gradients would vanish."""
_NATIVE, _NUMBERS = (".h5", ".hdf5"), (".npy", ".txt")


def check_start(text: Any) -> str:
    """A bit string, or the absolute path of a file. UsageError for anything else."""
    if isinstance(text, str) and re.fullmatch("[01]+", text):
        return text
    if isinstance(text, str) and Path(text).suffix.lower() in (*_NATIVE, *_NUMBERS):
        return str(Path(text).expanduser().resolve())  # a description must serve in any folder
    raise UsageError(f"a start is a bit string, or a file ending in {', '.join((*_NATIVE, *_NUMBERS))}, got {text!r}.")


def started(
    ansatz: Ansatz, start: str | None, noise: float
) -> tuple[Ansatz, Callable[[np.random.Generator], FloatArray]]:
    """The circuit to train, and a function that draws the angles a run begins with (random ones without ``start``).

    A state becomes angles of a linear or product circuit. QAOA begins in it and mixes around it, at random angles.
    ``noise``: standard deviation of what is added to angles, in `Ansatz.parameter_units`. InputError for a file that is
    missing, or for a state of other qubits; UsageError where the circuit has no such start.
    """
    if start is None:
        return ansatz, ansatz.initial_parameters
    if Path(start).suffix.lower() in _NATIVE:
        centre = _earlier(start, ansatz)
    else:
        angles = 2.0 * np.arcsin(np.sqrt(_ones(start, ansatz.num_qubits)))  # Ry(a) |0>: 1 has chance sin^2(a / 2)
        if isinstance(ansatz, QAOAAnsatz):
            warm = ansatz.started(angles)
            return warm, warm.initial_parameters
        centre = product_angles(ansatz, angles)
    return ansatz, lambda rng: centre + noise * ansatz.parameter_units * rng.normal(size=centre.size)


def product_angles(ansatz: Ansatz, angles: npt.ArrayLike) -> FloatArray:
    """Angles at which a linear or product circuit prepares Ry(angle_j) on |0> of every qubit j.

    ``angles``: (N,). All angles but those of the last Ry are 0, so that no CX before them changes |0...0>.
    UsageError for another circuit.

    >>> product_angles(LinearAnsatz(2, 1), [0.5, 1.5])
    array([0. , 0. , 0. , 0. , 0.5, 1.5, 0. , 0. ])
    """
    if not isinstance(ansatz, LinearAnsatz):
        name = ansatz.description["name"]
        raise UsageError(f"linear, product and qaoa circuits can begin in a given state, {name!r} cannot.")
    found = np.zeros((max(1, 2 * ansatz.layers), 2, ansatz.num_qubits))
    found[-1, 0] = angles
    return found.ravel()


def _ones(start: str, num_qubits: int) -> FloatArray:
    """The probability of 1, for each bit: (N,)."""
    if Path(start).suffix.lower() not in _NUMBERS:
        bits = label_to_bits(start)
        if len(bits) != num_qubits:
            raise InputError(f"a start has {num_qubits} bits here, got {len(bits)}.")
        return np.where(bits == 1, SURE, 1 - SURE)
    try:
        found = read_npy(start) if start.endswith(".npy") else np.loadtxt(check_source(start), ndmin=1)
    except ValueError as error:
        raise InputError(f"{start} holds no numbers: {first_line(error)}") from None
    if found.shape != (num_qubits,) or found.dtype.kind not in "iuf" or not ((found >= 0) & (found <= 1)).all():
        raise InputError(f"{start} must hold {num_qubits} probabilities, numbers from 0 to 1, one a bit.")
    return found.astype(np.float64)


def _earlier(path: str, ansatz: Ansatz) -> FloatArray:
    """The best angles of the training in a file, or of the lowest variant of a study, as angles of this circuit."""
    found = native_format().load(path)
    training = found.training
    if training is None and found.study is not None and found.study.lowest is not None:
        training = found.study.trainings[found.study.lowest]
    if training is None:
        raise InputError(f"{path} holds no training to start from.")
    had, wanted = _as_linear(training.ansatz), _as_linear(ansatz.description)
    missing = wanted.get("layers", 0) - had.get("layers", 0)
    if missing < 0 or had | {"layers": None} != wanted | {"layers": None}:
        raise UsageError(f"{path} was trained with {training.ansatz}, which cannot become {ansatz.description}.")
    if missing == 0:
        return training.parameters
    if not isinstance(ansatz, LinearAnsatz | QAOAAnsatz):
        raise cannot_grow(ansatz)
    return deepened(ansatz, training.parameters)


def _as_linear(description: dict[str, Any]) -> dict[str, Any]:
    """A product circuit is a linear one of 0 layers."""
    return description | ({"name": "linear", "layers": 0} if description["name"] == "product" else {})
