"""Options shared by several commands, and the parsing of their values."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from walshqhn.support.errors import DataWarning, UsageError, unknown_name

if TYPE_CHECKING:
    from walshqhn.workspace import Workspace


def _whole(kind: Any, tokens: Any) -> int:
    return int(tokens[0].value)


def _path(kind: Any, tokens: Any) -> Path:
    return Path(tokens[0].value).expanduser()


def flag(text: str, **more: Any) -> Parameter:
    """An option that takes no value."""
    return Parameter(negative="", show_default=False, help=text, **more)


def complete_task(context: Any) -> list[str]:
    """Names of tasks, for the shell."""
    from walshqhn.binn.catalog import list_tasks

    return [*list_tasks()]


def complete_source(context: Any) -> list[str]:
    """What the shell may offer for a source: names of tasks, and paths."""
    start = Path(context.incomplete).expanduser()
    folder = start if context.incomplete.endswith("/") else start.parent
    with suppress(OSError):
        paths = sorted(folder.iterdir())
        found = [f"{path}/" if path.is_dir() else str(path) for path in paths if not path.name.startswith(".")]
        return [*complete_task(context), *found]
    return complete_task(context)


Whole = Annotated[int, Parameter(converter=_whole)]
"""A whole number; 1.5 is an error and is not rounded."""
OptionalWhole = Annotated[int | None, Parameter(converter=_whole)]
FilePath = Annotated[Path, Parameter(converter=_path)]
"""A path; ~ is expanded even where no shell does so."""
OptionalPath = Annotated[Path | None, Parameter(converter=_path)]
Json = Annotated[bool, flag("Print JSON instead of text.")]
Force = Annotated[bool, flag("Overwrite existing files.")]
Threads = Annotated[OptionalWhole, Parameter(help="Number of threads; default: $WALSHQHN_THREADS, else all cores.")]
TaskOptions = Annotated[
    str,
    Parameter(
        allow_leading_hyphen=True,
        help="Options of the task (listed by walshqhn tasks NAME), e.g. --digits 3,7, --weight-values=-3,1 or "
        "--data-seed 1.",
    ),
]
Source = Annotated[
    str,
    Parameter(
        completer=complete_source,
        help="A task, samples (.csv, .tsv, .txt, .data, .npz, .parquet), a walshqhn file (.h5), a cost table "
        "(.npy, .npz, .txt, .csv, .h5), a Hamiltonian "
        "(.json, .qpy, .coo, .lp, .mps, .qplib, .ommx, OpenFermion's .txt, our .csv, HamLib's .hdf5 with its --key), "
        "or a function as module:function, which takes --num-bits (--batch, --penalty).",
    ),
]
Output = Annotated[OptionalPath, Parameter(alias="-o")]


def parse_value(text: str) -> Any:
    """The value of an option: 3, 0.1, true and none; 3,7 -> (3, 7); 0,1;-1,1 -> ((0, 1), (-1, 1))."""
    if ";" in text:
        return tuple(parse_value(part) for part in text.split(";"))
    if "," in text:
        return tuple(parse_value(part) for part in text.split(",") if part.strip())
    word, constants = text.strip(), {"true": True, "false": False, "none": None}
    if word.lower() in constants:
        return constants[word.lower()]
    for kind in (int, float):
        with suppress(ValueError):
            return kind(word)
    return word


def format_value(value: Any) -> str:
    """The inverse of `parse_value`; lists, as in JSON, are treated like tuples."""
    if isinstance(value, tuple | list):
        nested = any(isinstance(v, tuple | list) for v in value)
        return (";" if nested else ",").join(map(format_value, value)) or "none"
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)


def typed(option: str) -> str:
    """The option of a task as it is typed: --seed is for what a command draws itself, --data-seed for the task's data.

    >>> typed("weight_values"), typed("seed")
    ('weight-values', 'data-seed')
    """
    return "data-seed" if option == "seed" else option.replace("_", "-")


def own_options(command: Callable[..., Any]) -> list[str]:
    """The options of a command, as typed but without the leading dashes; all others belong to the task."""
    parameters = inspect.signature(command).parameters.values()
    return [p.name.rstrip("_").replace("_", "-") for p in parameters if p.kind is p.KEYWORD_ONLY]


def open_source(source: str, options: Mapping[str, str], threads: int | None, command: Callable[..., Any]) -> Workspace:
    """Open the task or file named ``source``; progress and remarks go to stderr.

    ``options``: those that ``command`` does not define, so they must be the task's. UsageError, with suggestions from
    both sets, for an unknown one.
    """
    from walshqhn.binn.catalog import list_tasks, task_options, text_options
    from walshqhn.binn.files import holds_samples
    from walshqhn.cli.output import progress_bar, remark
    from walshqhn.cost.function import is_function_name
    from walshqhn.workspace import Workspace

    own, values = own_options(command), {}
    expanded = str(Path(source).expanduser()) if source.startswith("~") else source
    is_samples = Path(expanded).is_file() and holds_samples(Path(expanded), bool(options))
    if source in list_tasks() or (is_samples and options):
        task = source if source in list_tasks() else "custom"
        known, texts = task_options(task), text_options(task)
        if task != source:
            del known["path"]
        for name, text in options.items():
            option = next((one for one in known if typed(one) == name.replace("_", "-")), None)
            if option is None:
                listed = [typed(one) for one in known]
                raise unknown_name("option", name.replace("_", "-"), [*listed, *own], f" of task {task!r}")
            plain = str(Path(text).expanduser()) if text.startswith("~") else text
            values[option] = plain if option in texts and text.lower() != "none" else parse_value(plain)
    elif is_function_name(source) and not Path(source).exists():
        values = {name.replace("-", "_"): parse_value(text) for name, text in options.items()}
    elif set(options) == {"key"} and Path(source).suffix.lower() in (".h5", ".hdf5"):
        values = dict(options)
    elif options and (Path(source).exists() or Path(source).suffix):
        where = f" ({source} is a file; only tasks and samples take options)"
        raise unknown_name("option", next(iter(options)).replace("_", "-"), own, where)
    with warnings.catch_warnings(record=True) as doubts:
        warnings.simplefilter("always", DataWarning)
        workspace = Workspace.open(expanded, values, threads=threads, progress=progress_bar, remark=remark)
    for doubt in doubts:
        remark(f"note: {doubt.message}")
    return workspace


def check_native_name(path: Path) -> None:
    """UsageError unless ``path`` has the ending by which commands recognize HDF5 files."""
    if path.suffix.lower() not in (".h5", ".hdf5"):
        raise UsageError(f"the output is an HDF5 file and must end in .h5 or .hdf5, got {str(path)!r}.")
