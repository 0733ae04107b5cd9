"""Engines by name, as the command line, studies and stored results name them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from walshqhn.cost.base import Cost
from walshqhn.engines.base import Engine
from walshqhn.support.checks import check_real
from walshqhn.support.errors import UsageError
from walshqhn.support.specs import Spec, option

if TYPE_CHECKING:
    from qiskit.providers import BackendV2
    from qiskit_aer.noise import NoiseModel

TAKERS = {  # settings that only some engines take
    "shots": ("product", "mps", "aer", "aer-mps", "backend"),
    "noise": ("aer", "aer-mps"),
    "bond_dimension": ("mps", "aer-mps"),
    "backend": ("backend",),
    "mitigate_readout": ("backend",),
}


def _noise_text(value: Any) -> str:
    return value if isinstance(value, str) else f"{check_real('noise', value):g}"


@dataclass(frozen=True, repr=False)
class EngineSpec(Spec):
    """What runs the circuit. UsageError for incompatible settings.

    >>> EngineSpec("mps", bond_dimension=8).needs_table
    False
    """

    engine: str = option(
        "exact",
        "exact; product: exact E at any number of bits, for circuits that entangle nothing; mps: the same for circuits "
        "that entangle little, such as linear ones; aer: state vectors, with noise and without shots density matrices; "
        "aer-mps: Aer's matrix product states; backend: hardware.",
        choices=("exact", "product", "mps", "aer", "aer-mps", "backend"),
    )
    shots: int | None = option(None, "Estimate values from this many shots; not with exact.", least=1)
    noise: str | None = option(
        None, "aer, aer-mps: strength p of depolarizing noise, or a backend to imitate.", convert=_noise_text
    )
    bond_dimension: int | None = option(None, "mps, aer-mps: truncate matrix product states to this.", least=1)
    backend: str | None = option(None, "backend: generic, fake_... or an IBM device's name.")
    mitigate_readout: bool = option(False, "backend: correct E for readout errors.")

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, takers in TAKERS.items():
            if getattr(self, name) not in (None, False) and self.engine not in takers:
                text = name.replace("_", "-")
                raise UsageError(
                    f"{text} cannot be used with the {self.engine} engine; it is for {' or '.join(takers)}."
                )
        if self.engine == "backend" and (self.backend is None or self.shots is None):
            raise UsageError(
                "the engine backend needs --backend NAME (generic, fake_... or an IBM device) and --shots."
            )
        if self.engine == "aer-mps" and self.shots is None:
            raise UsageError("Aer's matrix product states give no exact probabilities: set shots, or use mps.")

    @property
    def needs_table(self) -> bool:
        """Whether it needs a table of all 2^N costs."""
        return self.engine not in ("product", "mps") and (self.shots is None or self.mitigate_readout)

    def make(self, cost: Cost, *, seed: int = 0, threads: int | None = None, jobs: str | Path | None = None) -> Engine:
        """The engine for a cost; ``jobs`` as in `BackendEngine`.

        UsageError if there is no such device, for ``jobs`` with an engine other than backend, and whatever the engine
        itself raises, such as TooLargeError.
        """
        if jobs is not None and self.engine != "backend":
            raise UsageError(f"jobs cannot be used with the {self.engine} engine; it is for backend.")
        if self.engine == "exact":
            from walshqhn.engines.exact import ExactEngine

            return ExactEngine(cost, threads=threads)
        if self.engine == "product":
            from walshqhn.engines.product import ProductEngine

            return ProductEngine(cost, shots=self.shots, seed=seed, threads=threads)
        if self.engine == "mps":
            from walshqhn.engines.mps import MPSEngine

            return MPSEngine(cost, shots=self.shots, max_bond=self.bond_dimension, seed=seed, threads=threads)
        if self.backend is not None and self.shots is not None:
            from walshqhn.engines.qiskit.backend import BackendEngine

            device, mitigate = find_backend(self.backend, cost.num_bits), self.mitigate_readout
            return BackendEngine(cost, device, shots=self.shots, seed=seed, mitigate_readout=mitigate, jobs=jobs)
        from walshqhn.engines.qiskit.aer import AerEngine, Method

        method: Method = "matrix_product_state" if self.engine == "aer-mps" else "statevector"
        if self.noise is not None and self.shots is None:  # aer-mps has shots
            method = "density_matrix"
        return AerEngine(
            cost, shots=self.shots, seed=seed, threads=threads, method=method, max_bond_dimension=self.bond_dimension,
            noise_model=None if self.noise is None else _noise(self.noise),
        )  # fmt: skip


def find_backend(name: str, num_qubits: int) -> BackendV2:
    """The backend called ``name``: "generic", a fake IBM device ("fake_...") or a device of the saved account.

    UsageError if there is none, MissingDependencyError without qiskit-ibm-runtime.
    """
    if name != "generic":
        from walshqhn.engines.qiskit.ibm import ibm_backend

        return ibm_backend(name)
    from qiskit.providers.fake_provider import GenericBackendV2
    from qiskit.transpiler import CouplingMap

    line = CouplingMap.from_line(max(num_qubits, 2))  # its gates include CX
    return GenericBackendV2(max(num_qubits, 2), coupling_map=line, seed=0)


def _noise(text: str) -> NoiseModel:
    from walshqhn.engines.qiskit.ibm import ibm_backend
    from walshqhn.engines.qiskit.noise import backend_noise, depolarizing_noise

    try:
        strength = float(text)
    except ValueError:
        return backend_noise(ibm_backend(text))
    return depolarizing_noise(strength)
