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
    from walshqhn.binn.tables import read_cost_table as read_cost_table
    from walshqhn.binn.task import NetworkTask as NetworkTask
    from walshqhn.binn.task import Task as Task
    from walshqhn.hamiltonian import IsingHamiltonian as IsingHamiltonian
    from walshqhn.spectrum import WalshSpectrum as WalshSpectrum
    from walshqhn.transform import iwht as iwht
    from walshqhn.transform import wht as wht
    from walshqhn.vqa.ansatz import LinearAnsatz as LinearAnsatz
    from walshqhn.vqa.ansatz import ProductAnsatz as ProductAnsatz
    from walshqhn.vqa.ansatz import QAOAAnsatz as QAOAAnsatz
    from walshqhn.vqa.custom import CircuitAnsatz as CircuitAnsatz
    from walshqhn.vqa.engines.aer import AerEngine as AerEngine
    from walshqhn.vqa.engines.backend import BackendEngine as BackendEngine
    from walshqhn.vqa.engines.exact import ExactEngine as ExactEngine
    from walshqhn.vqa.gradients import parameter_shift as parameter_shift
    from walshqhn.vqa.growth import train_layerwise as train_layerwise
    from walshqhn.vqa.landscape import gradient_landscape as gradient_landscape
    from walshqhn.vqa.multi_angle import MultiAngleQAOAAnsatz as MultiAngleQAOAAnsatz
    from walshqhn.vqa.objectives import CVaR as CVaR
    from walshqhn.vqa.objectives import Gibbs as Gibbs
    from walshqhn.vqa.result import TrainingResult as TrainingResult
    from walshqhn.vqa.study import Plan as Plan
    from walshqhn.vqa.study import Study as Study
    from walshqhn.vqa.study import Variant as Variant
    from walshqhn.vqa.study_runner import run_study as run_study
    from walshqhn.vqa.synthesis import synthesize_phase as synthesize_phase
    from walshqhn.vqa.train import train as train

__version__ = "0.1.0"

# public name -> module, imported when first asked for: a command pays for what it uses
_HOME = {
    "list_tasks": "walshqhn.binn.catalog",
    "load_task": "walshqhn.binn.catalog",
    "read_cost_table": "walshqhn.binn.tables",
    "BinaryNetwork": "walshqhn.binn.network",
    "Choice": "walshqhn.binn.network",
    "Dataset": "walshqhn.binn.datasets",
    "NetworkTask": "walshqhn.binn.task",
    "Split": "walshqhn.binn.datasets",
    "Task": "walshqhn.binn.task",
    "IsingHamiltonian": "walshqhn.hamiltonian",
    "WalshSpectrum": "walshqhn.spectrum",
    "iwht": "walshqhn.transform",
    "wht": "walshqhn.transform",
    "LinearAnsatz": "walshqhn.vqa.ansatz",
    "ProductAnsatz": "walshqhn.vqa.ansatz",
    "QAOAAnsatz": "walshqhn.vqa.ansatz",
    "MultiAngleQAOAAnsatz": "walshqhn.vqa.multi_angle",
    "CircuitAnsatz": "walshqhn.vqa.custom",
    "synthesize_phase": "walshqhn.vqa.synthesis",
    "ExactEngine": "walshqhn.vqa.engines.exact",
    "AerEngine": "walshqhn.vqa.engines.aer",
    "BackendEngine": "walshqhn.vqa.engines.backend",
    "CVaR": "walshqhn.vqa.objectives",
    "Gibbs": "walshqhn.vqa.objectives",
    "TrainingResult": "walshqhn.vqa.result",
    "train": "walshqhn.vqa.train",
    "train_layerwise": "walshqhn.vqa.growth",
    "Plan": "walshqhn.vqa.study",
    "Study": "walshqhn.vqa.study",
    "Variant": "walshqhn.vqa.study",
    "run_study": "walshqhn.vqa.study_runner",
    "parameter_shift": "walshqhn.vqa.gradients",
    "gradient_landscape": "walshqhn.vqa.landscape",
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
