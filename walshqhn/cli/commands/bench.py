"""walshqhn bench."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter

from walshqhn import bench as benchmarks
from walshqhn.bench import growth as growth_module
from walshqhn.bench import report
from walshqhn.cli.figures import check_figure_name
from walshqhn.cli.options import Force, Json, OptionalPath, Threads, Whole, flag
from walshqhn.cli.output import plural, print_json, remark, stdout, table
from walshqhn.plotting.style import save_figure
from walshqhn.support.checks import check_whole
from walshqhn.support.errors import WalshqhnError, unknown_name
from walshqhn.support.files import targets, write_atomically
from walshqhn.support.resources import resolve_threads


def bench(
    *names: Annotated[str, Parameter(help="Rows or groups of rows (see --list); wildcards allowed. Default: all.")],
    list_rows: Annotated[bool, flag("List the rows.", name="--list")] = False,
    threads: Threads = None,
    repeats: Annotated[Whole, Parameter(help="Rounds; medians are over these.")] = 7,
    json: Json = False,
    growth: Annotated[
        OptionalPath, Parameter(help="Also measure how cost grows with N, and draw it into this file (.png .pdf .svg).")
    ] = None,
    force: Force = False,
) -> int | None:
    """Time walshqhn side by side with whichever peers are installed.

    Results are compared before anything is timed. Peers: pip install 'walshqhn[bench]'; those that
    are missing are named and skipped. All rows take several minutes; Ctrl-C prints those measured so far.
    """
    check_whole("repeats", repeats, 1)
    try:
        rows = benchmarks.find_rows(names)
    except KeyError as error:
        known = [*benchmarks.GROUPS, *(row.name for row in benchmarks.all_rows())]
        raise unknown_name("row", error.args[0], known) from None
    if list_rows:
        _print_list(rows, json)
        return None
    if growth is not None:
        check_figure_name(growth)
    with targets(growth, overwrite=force):
        settings = benchmarks.Settings(threads=resolve_threads(threads), repeats=repeats)
        document: dict[str, Any] = {
            "machine": report.describe_machine(),
            "threads": settings.threads,
            "repeats": repeats,
            "rows": [],
        }
        interrupted = False
        try:
            for k, row in enumerate(rows, start=1):
                remark(f"[{k}/{len(rows)}] {row.title}")
                document["rows"].append(_measured(row, settings))
            if growth is not None:
                document["growth"] = _growth(settings)
        except KeyboardInterrupt:
            interrupted = True
        if growth is not None and "growth" in document:
            figure = growth_module.draw_growth(
                document["growth"], report.machine_line(document["machine"], settings.threads)
            )
            write_atomically(growth, lambda path: save_figure(figure, path, growth.suffix[1:]), overwrite=force)
            remark(f"wrote {growth}")
    print_json(document) if json else _print_table(document)
    if interrupted:
        remark("walshqhn: interrupted")
        return 130
    return None


def _measured(row: benchmarks.Row, settings: benchmarks.Settings) -> dict[str, Any]:
    try:
        result: dict[str, Any] = benchmarks.measure(row, settings).as_dict()
    except benchmarks.Disagreement as error:
        raise WalshqhnError(str(error)) from error
    return result


def _growth(settings: benchmarks.Settings) -> dict[str, Any]:
    found: dict[str, Any] = {panel.name: {} for panel in growth_module.panels()}
    for panel, size, seconds in growth_module.measure_growth(settings):
        remark(f"growth of {panel}: N = {size}")
        for name, value in seconds.items():
            found[panel].setdefault(name, []).append([size, value])
    return found


def _print_list(rows: list[benchmarks.Row], json: bool) -> None:
    if json:
        print_json({row.name: row.title for row in rows})
        return
    shown = table()
    for row in rows:
        shown.add_row(row.name, row.title)
    stdout().print(shown)


def _print_table(document: dict[str, Any]) -> None:
    shown = table(("what", "who", "time", "GOp/s", "", "goal met"), left=6)
    for result in document["rows"]:
        for line in report.cells(result):
            shown.add_row(*line)
        shown.add_row()
    out = stdout()
    out.print(shown)
    rounds = plural(document["repeats"], "round")
    out.print(f"Medians of {rounds}; {report.machine_line(document['machine'], document['threads'])}")
