"""The named tasks."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from walshqhn.binn.datasets import Dataset, digit_images, gaussian_mixture, glyphs
from walshqhn.binn.files import read_dataset
from walshqhn.binn.images import idx_files
from walshqhn.binn.options import NETWORK_OPTIONS, as_tuples
from walshqhn.binn.samples import IN_MEMORY
from walshqhn.binn.task import NetworkTask
from walshqhn.support.errors import DataWarning, InputError, UsageError, WalshqhnError, unknown_name
from walshqhn.support.files import check_fingerprint, fingerprint

_FILES = {"path", "data_dir"}


@dataclass(frozen=True)
class TaskDefinition:
    """A named task: where its data comes from, and the defaults that make it special."""

    description: str
    data: Callable[..., Dataset]
    defaults: Mapping[str, Any] = field(default_factory=dict)

    @property
    def options(self) -> dict[str, Any]:
        """Every option with its default; ``inspect.Parameter.empty`` where it must be given."""
        parameters = inspect.signature(self.data).parameters
        return {name: p.default for name, p in parameters.items()} | NETWORK_OPTIONS | dict(self.defaults)


_THREE = {"hidden": (3,), "loss": "mse"}
_BOTH = {"activation": ("sigmoid", "relu")}

TASKS = {
    "gaussian": TaskDefinition(
        "Gaussian mixture in the plane; 2-3-1, sigmoid hidden layer, squared error; N = 13", gaussian_mixture, _THREE
    ),
    "gaussian-activation": TaskDefinition(
        "as gaussian, plus one bit: sigmoid or ReLU hidden layer; N = 14", gaussian_mixture, _THREE | _BOTH
    ),
    "gaussian-width": TaskDefinition(
        "as gaussian-activation, plus one bit: hidden width 2 or 3; N = 15",
        gaussian_mixture, _THREE | _BOTH | {"hidden_width": (2, 3)},
    ),
    "gaussian-h4": TaskDefinition(
        "Gaussian mixture; 2-4-1 plus the activation bit; N = 18", gaussian_mixture, _THREE | _BOTH | {"hidden": (4,)}
    ),
    "mnist-4x4": TaskDefinition(
        "MNIST digits 0 and 1 at 4x4 pixels; logistic regression, cross-entropy; N = 17", digit_images
    ),
    "mnist-4x4-encoding": TaskDefinition(
        "MNIST 3 and 7 at 4x4; plus two bits: weights (0,1), (-1,1), (-2,1) or (-3,1); N = 19",
        digit_images, {"digits": (3, 7), "weight_values": ((0, 1), (-1, 1), (-2, 1), (-3, 1))},
    ),
    "mnist-8x8": TaskDefinition(
        "MNIST 0 and 1 at 8x8; plus one bit: the output's probability by sigmoid or tanh; N = 66",
        digit_images, {"size": 8, "output_activation": ("sigmoid", "tanh")},
    ),
    "mnist-28x28": TaskDefinition(
        "MNIST 0 and 1 at full size; logistic regression, cross-entropy; N = 785", digit_images, {"size": 28}
    ),
    "glyphs-4x5": TaskDefinition(
        "two synthetic 4x5 glyphs with flipped pixels; logistic regression, cross-entropy; N = 21", glyphs
    ),
    "custom": TaskDefinition("your samples, from a table, NPZ or Parquet file; any network, any N", read_dataset),
}  # fmt: skip


def list_tasks() -> dict[str, str]:
    """Names of the tasks and one-line descriptions."""
    return {name: definition.description for name, definition in TASKS.items()}


def task_options(name: str) -> dict[str, Any]:
    """Options of a task and their defaults (``inspect.Parameter.empty``: must be given)."""
    if name not in TASKS:
        raise unknown_name("task", name, list_tasks())
    return TASKS[name].options


def text_options(name: str) -> set[str]:
    """Options of a task whose value is always text, even where it looks like a number."""
    parameters = inspect.signature(TASKS[name].data).parameters
    return {option for option, p in parameters.items() if str(p.annotation).startswith("str")}


def load_task(name: str, **options: Any) -> NetworkTask:
    """Make the task ``name``; every option of `task_options` can be overridden.

    A network option given as a tuple of alternatives becomes a choice that costs bits: ``activation=("sigmoid",
    "relu")``, ``weight_values=((0, 1), (-1, 1))``, ``hidden_width=(2, 3)``, ``skip=(False, True)``, ``hidden_layers=(1,
    2)``, ``output_activation=("sigmoid", "tanh")``. The default ``loss`` is cross-entropy: "bce" for two classes,
    "softmax" for more. UsageError for an unknown task or option, or a value that is not allowed; InputError for a file
    that is missing or does not hold samples.

    >>> load_task("gaussian", num_samples=100).num_bits
    13
    """
    defaults = task_options(name)
    for option in options:
        if option not in defaults:
            raise unknown_name("option", option, defaults, f" of task {name!r}")
    resolved = defaults | {option: as_tuples(value) for option, value in options.items()}
    for option in _FILES & resolved.keys():
        if isinstance(resolved[option], str):  # the description must serve in any folder
            resolved[option] = str(Path(resolved[option]).resolve())
    missing = [option for option, value in resolved.items() if value is inspect.Parameter.empty]
    if missing:
        raise UsageError(f"task {name!r} needs the option {', '.join(missing)}.")
    checksums = {str(path): list(fingerprint(path)) for path in _files(resolved)}
    try:
        data = TASKS[name].data(**{k: v for k, v in resolved.items() if k not in NETWORK_OPTIONS})
    except WalshqhnError:
        raise
    except (TypeError, ValueError) as error:
        raise UsageError(f"task {name!r}: {error}") from error
    task = NetworkTask.of(name, data, resolved)
    task.spec["data"] |= {"files": checksums} if checksums else {}
    return task


def _files(options: Mapping[str, Any]) -> list[Path]:
    """All files that these options have read."""
    paths = [Path(options[name]) for name in sorted(_FILES & options.keys()) if isinstance(options[name], str)]
    dataset = str(options.get("dataset"))
    return [file for path in paths for file in (idx_files(path, dataset) if path.is_dir() else [path])]


def load_task_from_spec(spec: Mapping[str, Any]) -> NetworkTask:
    """Recreate a task from its ``spec``; InputError if its data has changed.

    A description may come with a file from anyone, and name any path: only files that have the size and the SHA-256
    that it states are read.
    """
    try:
        name, options, recorded, checksum = spec["name"], dict(spec["options"]), spec["data"], spec["data"]["sha256"]
    except (KeyError, TypeError) as error:
        raise InputError(f"this task description cannot be used, {error} is missing.") from error
    if recorded["source"] == IN_MEMORY:
        raise InputError(
            f"the samples of task {name!r} were in memory (SHA-256 {checksum[:12]}...) and are not in the file; "
            "make it again with NetworkTask.from_arrays."
        )
    for path in _files(options):
        try:
            size, digest = recorded["files"][str(path)]
        except (LookupError, TypeError, ValueError):
            raise InputError(f"task {name!r} names {path}, but not its size and checksum: it is not read.") from None
        check_fingerprint(path, size, digest)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # they were said when the task was made
        task = load_task(name, **options)
    if task.spec["data"]["sha256"] != checksum:
        raise InputError(
            f"the data of task {name!r} ({task.spec['data']['source']}) has changed: "
            f"SHA-256 {task.spec['data']['sha256'][:12]}..., recorded {checksum[:12]}..."
        )
    return task
