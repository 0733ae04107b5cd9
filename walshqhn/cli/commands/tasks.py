"""walshqhn tasks."""

from __future__ import annotations

import inspect
from typing import Annotated, Any

from cyclopts import Parameter

from walshqhn.cli.common import Json, TaskOptions, format_value, open_problem, print_json, stdout


def tasks(
    name: Annotated[str | None, Parameter(help="Show the options and the bits of this task.")] = None,
    /,
    *,
    json: Json = False,
    **options: TaskOptions,
) -> None:
    """List the tasks, or show the options and the bits of one.

    Options of the task change what is shown: walshqhn tasks gaussian --skip false,true
    """
    from walshqhn.binn.catalog import list_tasks, task_options
    from walshqhn.support.errors import UsageError

    if name is None:
        if options:
            raise UsageError(f"unknown option --{next(iter(options))}; name the task it belongs to.")
        _list(list_tasks(), json)
        return
    if name == "table" and "path" not in options:
        shown: dict[str, Any] = {"name": name, "description": list_tasks()[name], "options": {"path": None}}
        print_json(shown) if json else stdout().print(f"{name}: {shown['description']}\n  --path FILE", markup=False)
        return
    defaults = task_options(name)
    if name == "custom" and "path" not in options:
        bits: tuple[str, ...] = ()
        spec_options = {k: None if v is inspect.Parameter.empty else v for k, v in defaults.items()}
    else:
        problem = open_problem(name, options, command=tasks)
        bits = problem.bit_names
        assert problem.task is not None
        spec_options = problem.task.spec["options"]
    if json:
        print_json({"name": name, "description": list_tasks()[name], "options": spec_options, "bit_names": bits})
        return
    out = stdout()
    out.print(f"{name}: {list_tasks()[name]}", markup=False)
    out.print("\nOptions and their values")
    for option, value in spec_options.items():
        text = "(needed)" if value is None and defaults[option] is inspect.Parameter.empty else format_value(value)
        out.print(f"  --{option.replace('_', '-'):<21} {text}", markup=False)
    if bits:
        out.print(f"\nBits (N = {len(bits)}): qubit, name")
        width = max(len(b) for b in bits) + 8
        columns = max(1, min(6, out.width // width))
        rows = -(-len(bits) // columns)
        for r in range(rows):
            line = "".join(f"{j:>4}  {bits[j]:<{width - 6}}" for j in range(r, len(bits), rows))
            out.print(line.rstrip(), markup=False)


def _list(known: dict[str, str], json: bool) -> None:
    if json:
        print_json(known)
        return
    from rich.table import Table

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for name, description in known.items():
        table.add_row(name, description)
    out = stdout()
    out.print(table)
    out.print("\nwalshqhn tasks NAME shows the options and the bits of one.", markup=False)
