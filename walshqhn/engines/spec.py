"""Engines by name, as the command line and studies name them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from walshqhn.engines.base import Engine
from walshqhn.support.arrays import BitArray, FloatArray
from walshqhn.support.errors import UsageError, unknown_name
from walshqhn.support.resources import require_memory

if TYPE_CHECKING:
    from qiskit.providers import BackendV2
    from qiskit_aer.noise import NoiseModel

    from walshqhn.engines.qiskit.aer import Method

_OPTIONS = {  # what beside seed and threads each engine takes
    "exact": (),
    "aer": ("shots", "noise"),
    "mps": ("shots", "noise", "bond_dimension"),
    "backend": ("shots", "backend", "mitigate_readout", "jobs"),
}
ENGINES = tuple(_OPTIONS)


def make_engine(
    name: str,
    cost: FloatArray | Callable[[BitArray], FloatArray],
    *,
    num_qubits: int | None = None,
    seed: int = 0,
    threads: int | None = None,
    shots: int | None = None,
    noise: str | None = None,
    bond_dimension: int | None = None,
    backend: str | None = None,
    mitigate_readout: bool = False,
    jobs: str | Path | None = None,
) -> Engine:
    """The engine called ``name``.

    Parameters
    ----------
    name
        "exact"; "aer": state vectors, with ``noise`` and without ``shots`` density matrices; "mps": Aer's matrix
        product states; "backend": hardware.
    cost, num_qubits
        A cost table (2^N,), or, for engines with shots, a function of bit strings, with N.
    noise
        The strength p of depolarizing noise (see `depolarizing_noise`), or the name of an IBM backend ("fake_...":
        a copy that runs here) whose noise is imitated.
    backend
        "generic" (`GenericBackendV2`, N qubits in a line), or an IBM backend's name.
    bond_dimension, mitigate_readout, jobs
        As in `AerEngine` and `BackendEngine`.

    Raises
    ------
    UsageError
        An unknown name, or an option that does not go with the engine.
    TooLargeError
        A state or a table that does not fit in memory.
    """
    if name not in _OPTIONS:
        raise unknown_name("engine", name, ENGINES)
    given: dict[str, Any] = {
        "shots": shots,
        "noise": noise,
        "bond_dimension": bond_dimension,
        "backend": backend,
        "mitigate_readout": mitigate_readout or None,
        "jobs": jobs,
    }
    for option, value in given.items():
        if value is not None and option not in _OPTIONS[name]:
            takers = " or ".join(engine for engine, options in _OPTIONS.items() if option in options)
            text = option.replace("_", "-")
            raise UsageError(f"{text} does not go with the {name} engine; it is for {takers}.")
    if callable(cost) and name in ("exact", "aer") and (name == "exact" or shots is None):
        _refuse_function(name, num_qubits)
    if name == "exact":
        from walshqhn.engines.exact import ExactEngine

        assert not callable(cost)
        return ExactEngine(cost, threads=threads)
    if name == "backend":
        return _on_backend(cost, num_qubits, seed, given)
    from walshqhn.engines.qiskit.aer import AerEngine

    model = None if noise is None else _noise(noise)
    method: Method = "matrix_product_state" if name == "mps" else "statevector"
    if name == "aer" and model is not None and shots is None:
        method = "density_matrix"
    return AerEngine(
        cost, num_qubits=num_qubits, shots=shots, seed=seed, threads=threads, method=method,
        max_bond_dimension=bond_dimension, noise_model=model,
    )  # fmt: skip


def _refuse_function(name: str, num_qubits: int | None) -> None:
    """A table of costs is needed: TooLargeError if it and the state do not fit in memory, else UsageError."""
    advice = "Use the engine mps (matrix product states) or backend (hardware), with shots."
    if num_qubits is not None:
        what = f"the {name} engine: a state vector of {num_qubits} qubits, its adjoint and a table of all costs"
        require_memory(40 << num_qubits, what, advice)
    raise UsageError(f"the {name} engine needs a table of all costs for exact values. {advice}")


def _on_backend(cost: Any, num_qubits: int | None, seed: int, given: dict[str, Any]) -> Engine:
    from walshqhn.engines.qiskit.backend import BackendEngine

    if given["backend"] is None or given["shots"] is None:
        raise UsageError("the engine backend needs --backend NAME (generic, fake_... or an IBM device) and --shots.")
    qubits = num_qubits if callable(cost) else int(cost.size).bit_length() - 1
    assert qubits is not None
    return BackendEngine(
        find_backend(given["backend"], qubits), cost, num_qubits=num_qubits, shots=given["shots"], seed=seed,
        mitigate_readout=bool(given["mitigate_readout"]), jobs=given["jobs"],
    )  # fmt: skip


def find_backend(name: str, num_qubits: int) -> BackendV2:
    """The backend called ``name``: "generic", a fake IBM device ("fake_...") or one of the saved account's.

    UsageError if there is none, MissingDependencyError without qiskit-ibm-runtime.
    """
    if name == "generic":
        from qiskit.providers.fake_provider import GenericBackendV2
        from qiskit.transpiler import CouplingMap

        line = CouplingMap.from_line(num_qubits) if num_qubits > 1 else None
        return GenericBackendV2(num_qubits, coupling_map=line, seed=0)
    from walshqhn.engines.qiskit.ibm import ibm_backend

    return ibm_backend(name)


def _noise(text: str) -> NoiseModel:
    from walshqhn.engines.qiskit.ibm import ibm_backend
    from walshqhn.engines.qiskit.noise import backend_noise, depolarizing_noise

    try:
        strength = float(text)
    except ValueError:
        return backend_noise(ibm_backend(text))
    return depolarizing_noise(strength)
