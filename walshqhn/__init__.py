"""Fourier/Walsh analysis of binary neural networks, and variational quantum training of them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from walshqhn.binn.catalog import list_tasks as list_tasks
    from walshqhn.binn.catalog import load_task as load_task
    from walshqhn.binn.datasets import Dataset as Dataset
    from walshqhn.binn.datasets import Split as Split
    from walshqhn.binn.network import BinaryNetwork as BinaryNetwork
    from walshqhn.binn.network import Choice as Choice
    from walshqhn.binn.task import NetworkTask as NetworkTask
    from walshqhn.binn.task import Task as Task
    from walshqhn.circuits.ansatz import LinearAnsatz as LinearAnsatz
    from walshqhn.circuits.ansatz import ProductAnsatz as ProductAnsatz
    from walshqhn.circuits.qaoa import MultiAngleQAOAAnsatz as MultiAngleQAOAAnsatz
    from walshqhn.circuits.qaoa import QAOAAnsatz as QAOAAnsatz
    from walshqhn.circuits.synthesis import synthesize_phase as synthesize_phase
    from walshqhn.circuits.user import CircuitAnsatz as CircuitAnsatz
    from walshqhn.cost.base import Cost as Cost
    from walshqhn.cost.base import Minimum as Minimum
    from walshqhn.cost.blackbox import BlackBoxCost as BlackBoxCost
    from walshqhn.cost.convert import as_cost as as_cost
    from walshqhn.cost.hamiltonian import IsingHamiltonian as IsingHamiltonian
    from walshqhn.cost.read import read_cost_table as read_cost_table
    from walshqhn.cost.table import TableCost as TableCost
    from walshqhn.engines.exact import ExactEngine as ExactEngine
    from walshqhn.engines.objectives import CVaR as CVaR
    from walshqhn.engines.objectives import Gibbs as Gibbs
    from walshqhn.engines.qiskit.aer import AerEngine as AerEngine
    from walshqhn.engines.qiskit.backend import BackendEngine as BackendEngine
    from walshqhn.spectrum.walsh import WalshSpectrum as WalshSpectrum
    from walshqhn.study.plan import Plan as Plan
    from walshqhn.study.plan import Study as Study
    from walshqhn.study.run import run_study as run_study
    from walshqhn.training.gradients import parameter_shift as parameter_shift
    from walshqhn.training.growth import train_layerwise as train_layerwise
    from walshqhn.training.landscape import gradient_landscape as gradient_landscape
    from walshqhn.training.result import TrainingResult as TrainingResult
    from walshqhn.training.spec import Variant as Variant
    from walshqhn.training.train import train as train
    from walshqhn.transform import iwht as iwht
    from walshqhn.transform import wht as wht
    from walshqhn.workspace import Workspace as Workspace

__version__ = "0.1.0"

# public name -> module, imported when first asked for: a command pays for what it uses
_HOME = {
    "list_tasks": "walshqhn.binn.catalog",
    "load_task": "walshqhn.binn.catalog",
    "read_cost_table": "walshqhn.cost.read",
    "BinaryNetwork": "walshqhn.binn.network",
    "Choice": "walshqhn.binn.network",
    "Dataset": "walshqhn.binn.datasets",
    "NetworkTask": "walshqhn.binn.task",
    "Split": "walshqhn.binn.datasets",
    "Task": "walshqhn.binn.task",
    "IsingHamiltonian": "walshqhn.cost.hamiltonian",
    "WalshSpectrum": "walshqhn.spectrum.walsh",
    "Cost": "walshqhn.cost.base",
    "Minimum": "walshqhn.cost.base",
    "TableCost": "walshqhn.cost.table",
    "BlackBoxCost": "walshqhn.cost.blackbox",
    "as_cost": "walshqhn.cost.convert",
    "iwht": "walshqhn.transform",
    "wht": "walshqhn.transform",
    "LinearAnsatz": "walshqhn.circuits.ansatz",
    "ProductAnsatz": "walshqhn.circuits.ansatz",
    "QAOAAnsatz": "walshqhn.circuits.qaoa",
    "MultiAngleQAOAAnsatz": "walshqhn.circuits.qaoa",
    "CircuitAnsatz": "walshqhn.circuits.user",
    "synthesize_phase": "walshqhn.circuits.synthesis",
    "ExactEngine": "walshqhn.engines.exact",
    "AerEngine": "walshqhn.engines.qiskit.aer",
    "BackendEngine": "walshqhn.engines.qiskit.backend",
    "CVaR": "walshqhn.engines.objectives",
    "Gibbs": "walshqhn.engines.objectives",
    "TrainingResult": "walshqhn.training.result",
    "train": "walshqhn.training.train",
    "train_layerwise": "walshqhn.training.growth",
    "Plan": "walshqhn.study.plan",
    "Study": "walshqhn.study.plan",
    "Variant": "walshqhn.training.spec",
    "run_study": "walshqhn.study.run",
    "parameter_shift": "walshqhn.training.gradients",
    "gradient_landscape": "walshqhn.training.landscape",
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
