"""Fourier/Walsh analysis of binary neural networks, and variational quantum training of them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from walshqhn.binn.catalog import list_tasks as list_tasks
    from walshqhn.binn.catalog import load_task as load_task
    from walshqhn.binn.datasets import Dataset as Dataset
    from walshqhn.binn.datasets import Split as Split
    from walshqhn.binn.lowdegree import low_degree_hamiltonian as low_degree_hamiltonian
    from walshqhn.binn.network import BinaryNetwork as BinaryNetwork
    from walshqhn.binn.network import Choice as Choice
    from walshqhn.binn.task import NetworkTask as NetworkTask
    from walshqhn.binn.task import Task as Task
    from walshqhn.circuits.ansatz import LinearAnsatz as LinearAnsatz
    from walshqhn.circuits.ansatz import ProductAnsatz as ProductAnsatz
    from walshqhn.circuits.encodings import PauliEncoding as PauliEncoding
    from walshqhn.circuits.qaoa import MultiAngleQAOAAnsatz as MultiAngleQAOAAnsatz
    from walshqhn.circuits.qaoa import QAOAAnsatz as QAOAAnsatz
    from walshqhn.circuits.spec import CircuitSpec as CircuitSpec
    from walshqhn.circuits.synthesis import synthesize_phase as synthesize_phase
    from walshqhn.circuits.user import CircuitAnsatz as CircuitAnsatz
    from walshqhn.cost.base import Cost as Cost
    from walshqhn.cost.base import Minimum as Minimum
    from walshqhn.cost.blackbox import BlackBoxCost as BlackBoxCost
    from walshqhn.cost.convert import as_cost as as_cost
    from walshqhn.cost.hamiltonian import IsingHamiltonian as IsingHamiltonian
    from walshqhn.cost.problems import labs as labs
    from walshqhn.cost.read import read_cost_table as read_cost_table
    from walshqhn.cost.table import TableCost as TableCost
    from walshqhn.cost.table import tabulate as tabulate
    from walshqhn.engines.base import Engine as Engine
    from walshqhn.engines.base import Evaluation as Evaluation
    from walshqhn.engines.exact import ExactEngine as ExactEngine
    from walshqhn.engines.mps import MPSEngine as MPSEngine
    from walshqhn.engines.objectives import CVaR as CVaR
    from walshqhn.engines.objectives import Gibbs as Gibbs
    from walshqhn.engines.product import ProductEngine as ProductEngine
    from walshqhn.engines.qiskit.aer import AerEngine as AerEngine
    from walshqhn.engines.qiskit.backend import BackendEngine as BackendEngine
    from walshqhn.engines.spec import EngineSpec as EngineSpec
    from walshqhn.formats.registry import read_hamiltonian as read_hamiltonian
    from walshqhn.formats.registry import write_hamiltonian as write_hamiltonian
    from walshqhn.spectrum.estimate import SpectrumEstimate as SpectrumEstimate
    from walshqhn.spectrum.regression import fit_hamiltonian as fit_hamiltonian
    from walshqhn.spectrum.sampled import estimate_spectrum as estimate_spectrum
    from walshqhn.spectrum.sparse import recover_sparse as recover_sparse
    from walshqhn.spectrum.walsh import WalshSpectrum as WalshSpectrum
    from walshqhn.study.plan import Plan as Plan
    from walshqhn.study.plan import Study as Study
    from walshqhn.study.run import run_study as run_study
    from walshqhn.training.encoded import train_encoded as train_encoded
    from walshqhn.training.landscape import gradient_landscape as gradient_landscape
    from walshqhn.training.landscape import parameter_shift as parameter_shift
    from walshqhn.training.result import TrainingResult as TrainingResult
    from walshqhn.training.spec import SearchSpec as SearchSpec
    from walshqhn.training.spec import Variant as Variant
    from walshqhn.training.train import train as train
    from walshqhn.training.train import train_layerwise as train_layerwise
    from walshqhn.transform import iwht as iwht
    from walshqhn.transform import wht as wht
    from walshqhn.workspace import Workspace as Workspace

__version__ = "0.1.0"

# public name -> module, imported when first asked for: a command pays for what it uses
_HOME = {
    "iwht": "walshqhn.transform",
    "wht": "walshqhn.transform",
    "Cost": "walshqhn.cost.base",
    "Minimum": "walshqhn.cost.base",
    "BlackBoxCost": "walshqhn.cost.blackbox",
    "as_cost": "walshqhn.cost.convert",
    "IsingHamiltonian": "walshqhn.cost.hamiltonian",
    "labs": "walshqhn.cost.problems",
    "read_cost_table": "walshqhn.cost.read",
    "TableCost": "walshqhn.cost.table",
    "tabulate": "walshqhn.cost.table",
    "WalshSpectrum": "walshqhn.spectrum.walsh",
    "SpectrumEstimate": "walshqhn.spectrum.estimate",
    "estimate_spectrum": "walshqhn.spectrum.sampled",
    "fit_hamiltonian": "walshqhn.spectrum.regression",
    "recover_sparse": "walshqhn.spectrum.sparse",
    "list_tasks": "walshqhn.binn.catalog",
    "load_task": "walshqhn.binn.catalog",
    "low_degree_hamiltonian": "walshqhn.binn.lowdegree",
    "Dataset": "walshqhn.binn.datasets",
    "Split": "walshqhn.binn.datasets",
    "BinaryNetwork": "walshqhn.binn.network",
    "Choice": "walshqhn.binn.network",
    "NetworkTask": "walshqhn.binn.task",
    "Task": "walshqhn.binn.task",
    "LinearAnsatz": "walshqhn.circuits.ansatz",
    "PauliEncoding": "walshqhn.circuits.encodings",
    "train_encoded": "walshqhn.training.encoded",
    "ProductAnsatz": "walshqhn.circuits.ansatz",
    "MultiAngleQAOAAnsatz": "walshqhn.circuits.qaoa",
    "QAOAAnsatz": "walshqhn.circuits.qaoa",
    "CircuitSpec": "walshqhn.circuits.spec",
    "synthesize_phase": "walshqhn.circuits.synthesis",
    "CircuitAnsatz": "walshqhn.circuits.user",
    "Engine": "walshqhn.engines.base",
    "Evaluation": "walshqhn.engines.base",
    "ExactEngine": "walshqhn.engines.exact",
    "MPSEngine": "walshqhn.engines.mps",
    "CVaR": "walshqhn.engines.objectives",
    "Gibbs": "walshqhn.engines.objectives",
    "ProductEngine": "walshqhn.engines.product",
    "AerEngine": "walshqhn.engines.qiskit.aer",
    "BackendEngine": "walshqhn.engines.qiskit.backend",
    "EngineSpec": "walshqhn.engines.spec",
    "parameter_shift": "walshqhn.training.landscape",
    "train_layerwise": "walshqhn.training.train",
    "gradient_landscape": "walshqhn.training.landscape",
    "TrainingResult": "walshqhn.training.result",
    "SearchSpec": "walshqhn.training.spec",
    "Variant": "walshqhn.training.spec",
    "read_hamiltonian": "walshqhn.formats.registry",
    "write_hamiltonian": "walshqhn.formats.registry",
    "train": "walshqhn.training.train",
    "Plan": "walshqhn.study.plan",
    "Study": "walshqhn.study.plan",
    "run_study": "walshqhn.study.run",
    "Workspace": "walshqhn.workspace",
}
__all__ = ["__version__", *_HOME]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'walshqhn' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
