"""What the scripts share: settings, studies that resume, and publishing a figure with its numbers."""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from walshqhn.binn.task import Task
from walshqhn.cost.table import tabulate
from walshqhn.formats.growing import ResultFile
from walshqhn.formats.hdf5 import Contents
from walshqhn.study.plan import Plan, Study
from walshqhn.study.run import run_study
from walshqhn.support.errors import WalshqhnError
from walshqhn.support.files import write_atomically
from walshqhn.support.provenance import provenance

from .drawing import minus

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROOT = Path(__file__).resolve().parent.parent
T = TypeVar("T")


@dataclass(frozen=True)
class Settings:
    """How a script is to run."""

    quick: bool = False
    """Less of everything, within a minute: shows that the script works, not what the paper claims."""
    workers: int | None = None
    """Processes of a study; None: one for each core."""
    output: Path = ROOT / "figures"
    """Folder for the figure and its numbers."""
    studies: Path = ROOT / "analysis" / "studies"
    """Folder for the trainings, which an interrupted script finds there again."""

    def pick(self, full: T, quick: T) -> T:
        """``full``, or with --quick ``quick``."""
        return quick if self.quick else full


@dataclass(frozen=True)
class Finding:
    """What a script finds."""

    figure: Figure
    text: str
    """What we find, in a sentence or two, with numbers and intervals."""
    runs: str
    """What the figure stands on: "4 x 200 trainings, seed 1"."""
    numbers: dict[str, Any] = field(default_factory=dict)
    """Everything that is drawn or quoted, as JSON can hold it."""


def study(settings: Settings, name: str, task: Task, plan: Plan) -> Study:
    """Do what the plan says, or what is left of it; trainings are stored as they end."""
    folder = settings.studies / "quick" if settings.quick else settings.studies
    folder.mkdir(parents=True, exist_ok=True)
    path, cost = folder / f"{name}.h5", tabulate(task)
    file = ResultFile(path, Contents.of(task, cost=cost.values))
    earlier = Study.load(path) if path.exists() else None
    total, start, last = len(plan.units()), time.monotonic(), -math.inf
    before = 0 if earlier is None else earlier.done

    def keep(so_far: Study) -> None:
        nonlocal last
        now = time.monotonic()
        if so_far.done < total and now - last < 5:  # storing takes longer than some trainings
            return
        last = now
        file.store(so_far)
        left = (now - start) / (so_far.done - before) * (total - so_far.done)
        say(f"{name}: {so_far.done} of {total} trainings, about {left:.0f} s left")

    found = run_study(cost, plan, workers=settings.workers, resume=earlier, on_run=keep)
    if not found.is_complete:
        file.store(found)
        say(f"{name}: interrupted, {found.done} of {total} trainings are stored; the same command goes on")
        raise KeyboardInterrupt
    return found


def kept(settings: Settings, script: Any, key: str, make: Callable[[], T]) -> T:
    """What ``make()`` returns, as JSON holds it; or returned, if this version of the script was interrupted later."""
    source = Path(script.__file__)
    path = settings.studies / f"{source.stem}-parts.json"
    name = f"{hashlib.sha256(source.read_bytes()).hexdigest()[:16]} {key}"
    parts: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    if name not in parts:
        parts[name] = _plain(make())
        settings.studies.mkdir(parents=True, exist_ok=True)
        write_atomically(path, lambda file: file.write_text(json.dumps(parts)), overwrite=True)
    found: T = parts[name]
    return found


def say(text: str) -> None:
    """A line of progress, on stderr."""
    print(text, file=sys.stderr, flush=True)


def main(script: ModuleType | Any, arguments: Sequence[str] | None = None) -> int:
    """Run a script from the command line: a module with ``TITLE``, ``CLAIM`` and ``run(settings) -> Finding``."""
    parser = parser_for(script.__doc__)
    options = parser.parse_args(arguments)
    try:
        publish(script, settings_from(options))
    except KeyboardInterrupt:
        return 130
    except WalshqhnError as error:
        say(str(error))
        return 1
    return 0


def parser_for(description: str | None) -> argparse.ArgumentParser:
    """The options that every script has."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="within a minute; figures go to analysis/quick")
    parser.add_argument("--workers", type=int, help="processes of a study; default: one for each core")
    parser.add_argument("--output", type=Path, help="folder for the figure and its JSON; default: figures")
    return parser


def settings_from(options: argparse.Namespace) -> Settings:
    """What the options say; with --quick the committed figures stay as they are."""
    settings = Settings(options.quick, options.workers)
    if options.quick:
        settings = replace(settings, output=ROOT / "analysis" / "quick")
    if options.output is not None:
        settings = replace(settings, output=options.output)
    if options.quick:
        settings = replace(settings, studies=settings.output)
    return settings


def publish(script: Any, settings: Settings) -> dict[str, Any]:
    """Run a script; write its figure, with a caption, and its numbers. Returns what the JSON says."""
    name = script.__spec__.name.rpartition(".")[2]
    command = f"python -m analysis.{name}" + (" --quick" if settings.quick else "")
    spent = _Spent(settings.studies / f"{name}-seconds.json")
    start = time.perf_counter()
    try:
        found: Finding = script.run(settings)
    finally:
        seconds = spent.add(time.perf_counter() - start)
    facts = {
        "title": script.TITLE,
        "paper": script.CLAIM,
        "found": found.text,
        "runs": found.runs,
        "command": command,
        "quick": settings.quick,
        "numbers": _plain(found.numbers),
        "provenance": provenance(seconds=round(seconds, 1)) | {"argv": command.split()},
    }
    settings.output.mkdir(parents=True, exist_ok=True)
    true_minus(found.figure)
    picture, numbers = settings.output / f"{name}.png", settings.output / f"{name}.json"
    write_atomically(picture, partial(found.figure.savefig, format="png", dpi=150), overwrite=True)
    text = json.dumps(facts, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    write_atomically(numbers, lambda path: path.write_text(text), overwrite=True)
    say(f"{name}: {found.text}\n{picture} and {numbers.name}, {seconds:.0f} s")
    return facts


def true_minus(figure: Figure) -> None:
    """Give numbers in the texts of a figure the minus sign that its axes have; names of ticks take `minus`."""
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        if isinstance(text, Text):
            text.set_text(minus(text.get_text()))


@dataclass(frozen=True)
class _Spent:
    """Seconds that a script took over all its sittings, as long as its studies are kept."""

    path: Path

    def add(self, seconds: float) -> float:
        """The sum, with ``seconds`` more."""
        total = seconds + (json.loads(self.path.read_text()) if self.path.exists() else 0.0)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(self.path, lambda path: path.write_text(f"{total:.1f}\n"), overwrite=True)
        return total


def _plain(value: Any) -> Any:
    """``value`` as JSON can hold it: no NumPy, no NaN; floats to 7 digits, so that files stay readable."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(v) for v in value]
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(f"{value:.7g}") if math.isfinite(value) else None
    return value
