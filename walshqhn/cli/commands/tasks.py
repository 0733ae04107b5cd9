"""walshqhn tasks."""

from __future__ import annotations

import inspect
from typing import Annotated

from cyclopts import Parameter

from walshqhn.binn.catalog import list_tasks, task_options
from walshqhn.binn.explanations import EXPLANATIONS
from walshqhn.cli.options import Json, TaskOptions, complete_task, format_value, open_source, typed
from walshqhn.cli.output import print_json, stdout, table
from walshqhn.support.errors import UsageError


def tasks(
    name: Annotated[
        str | None, Parameter(help="Show the options and bits of this task.", completer=complete_task)
    ] = None,
    /,
    *,
    json: Json = False,
    **options: TaskOptions,
) -> None:
    """List the tasks, or show the options and bits of one.

    Options of the task are taken into account: walshqhn tasks gaussian --skip false,true
    """
    if name is None:
        if options:
            raise UsageError(f"unknown option --{next(iter(options))}; name the task it belongs to.")
        if json:
            print_json(list_tasks())
            return
        shown = table()
        for known, description in list_tasks().items():
            shown.add_row(known, description)
        stdout().print(shown)
        stdout().print("\nwalshqhn tasks NAME shows the options and bits of one.")
        return
    defaults = task_options(name)
    needed = [option for option, value in defaults.items() if value is inspect.Parameter.empty]
    bits: tuple[str, ...] = ()
    values = {k: None if k in needed else v for k, v in defaults.items()}
    if all(typed(option) in options or option in options for option in needed):
        workspace = open_source(name, options, None, tasks)
        bits, values = workspace.bit_names, (workspace.spec or {})["options"]
    if json:
        help = {option: EXPLANATIONS[option] for option in values}
        print_json({
            "name": name, "description": list_tasks()[name], "options": values, "help": help, "bit_names": bits,
        })  # fmt: skip
        return
    out = stdout()
    out.print(f"{name}: {list_tasks()[name]}")
    shown = table(("option", "value", "meaning"), left=3)
    shown.columns[2].overflow = "fold"
    for option, value in values.items():
        text = "(required)" if value is None and option in needed else format_value(value)
        shown.add_row(f"--{typed(option)}", text, EXPLANATIONS[option])
    out.print()
    out.print(shown)
    if bits:
        out.print(f"\nBits (N = {len(bits)}): qubit, name")
        width = max(len(b) for b in bits) + 8
        columns = max(1, min(6, out.width // width))
        rows = -(-len(bits) // columns)
        for r in range(rows):
            line = "".join(f"{j:>4}  {bits[j]:<{width - 6}}" for j in range(r, len(bits), rows))
            out.print(line.rstrip())
