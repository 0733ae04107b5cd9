"""The program: its commands, error handling and exit codes."""

from __future__ import annotations

import inspect
import os
import re
import select
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, CycloptsError, Group, Parameter
from cyclopts.config import Dict

import walshqhn
from walshqhn.cli.output import saying_how_far, saying_what_compiles, write_what_can_be_written
from walshqhn.support.errors import UsageError, WalshqhnError, unknown_name
from walshqhn.support.signals import ending_like_ctrl_c
from walshqhn.support.text import printable

COMMANDS = {
    "demo": "The whole job on bundled MNIST digits, in about a minute.",
    "tasks": "List the tasks, or show the options and the bits of one.",
    "spectrum": "Cost of all 2^N networks, Walsh spectrum, Ising Hamiltonian.",
    "minimum": "The minimum cost, exact or the best found, and how it was found.",
    "export": "Write the Hamiltonian in another format.",
    "train": "Train a variational circuit on the cost.",
    "baselines": "Results of classical methods on the cost, for comparison with trainings.",
    "sample": "Measure a trained circuit and rank the networks it returns.",
    "evaluate": "Cost, accuracies and weights of any bit string.",
    "plot": "Draw the figures that a file has data for.",
    "report": "Write an HTML report about a file, to read and to share.",
    "info": "What a walshqhn file holds, and where it comes from.",
    "cache": "Where compiled kernels are kept, and removing them.",
    "bench": "Time walshqhn side by side with peers that are installed.",
}


_LARGEST_CONFIG = 1 << 20  # bytes


def build_app(named: str = "") -> App:
    """The application, commands not yet imported; the help of the command ``named`` is its docstring."""
    app = App(
        name="walshqhn",
        help="Fourier/Walsh analysis of binary neural networks, and variational quantum training of them.",
        version=f"walshqhn {walshqhn.__version__}",
        help_format="plaintext",  # Markdown takes a third of the time that --help has
        help_epilogue="Results on stdout, progress and errors on stderr. Exit: 0, 1 failed, 2 usage, 130 interrupted.",
        suppress_keyboard_interrupt=False,
        result_action="return_value",
    )
    for position, (name, text) in enumerate(COMMANDS.items()):
        shown = _docstring(name) if name == named else text
        app.command(f"walshqhn.cli.commands.{name}:{name}", name=name, help=shown, sort_key=position)
    app.register_install_completion_command()
    app.meta.suppress_keyboard_interrupt = False

    @app.meta.default
    def launch(
        *tokens: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
        config: Annotated[
            Path | None,
            Parameter(
                group=Group("Options of all commands"), help="Take options from this TOML file, one table per command."
            ),
        ] = None,
    ) -> Any:
        if config is not None:
            tables = _read_config(config.expanduser())
            name = next((t for t in tokens if t in COMMANDS), "")
            own = _own_options(name)
            table = {k.replace("_", "-"): v for k, v in tables.get(name, {}).items()}
            app.config = (Dict({name: {k: v for k, v in table.items() if k in own}}, source=str(config)),)
            for option, value in table.items():  # a task's: whoever gives one on the command line keeps the others
                given = any(t.split("=")[0].replace("_", "-") == f"--{option}" for t in tokens)
                if option not in own and not given:
                    tokens = (*tokens, f"--{option}={value}")
        return app(tokens, exit_on_error=False, print_error=False)

    return app


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program on ``arguments`` (default: the command line); return its exit code, never raise."""
    tokens = list(sys.argv[1:] if arguments is None else arguments)
    os.environ["MPLBACKEND"] = "agg"  # nothing is shown, and a notebook's may not even be installed here
    write_what_can_be_written()
    try:
        with ending_like_ctrl_c(), saying_what_compiles(), saying_how_far():
            app = build_app(next((token for token in tokens if token in COMMANDS), ""))
            result = app.meta(_config_first(tokens), exit_on_error=False, print_error=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except CycloptsError as error:
        return _complain(str(error), 2)
    except WalshqhnError as error:
        return _complain(_as_typed(str(error), tokens), error.exit_code)
    except KeyboardInterrupt:
        return _complain("interrupted", 130)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 0
    except OSError as error:
        if isinstance(error, BrokenPipeError) and _stdout_is_closed():  # its reader has gone (head, less)
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        return _complain(str(error), 1)
    except MemoryError:
        return _complain("out of memory: use a smaller task, or close other programs", 1)
    except Exception as error:
        if os.environ.get("WALSHQHN_DEBUG"):
            raise
        detail = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return _complain(f"internal error, {detail} (set WALSHQHN_DEBUG=1 to see where; please report it)", 1)
    return result if isinstance(result, int) else 0


def _docstring(command: str) -> str:
    """A command's docstring, each paragraph in one line: the terminal wraps it."""
    text = inspect.getdoc(getattr(import_module(f"walshqhn.cli.commands.{command}"), command)) or COMMANDS[command]
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


def _own_options(command: str) -> list[str]:
    """Names of a command's own options; all others belong to the task."""
    if not command:
        return []
    from walshqhn.cli.options import own_options

    return own_options(getattr(import_module(f"walshqhn.cli.commands.{command}"), command))


def _as_typed(message: str, tokens: Sequence[str]) -> str:
    """``message`` with options called as they are typed: the library's max_degree is --max-degree here."""
    command = next((token for token in tokens if token in COMMANDS), "")
    names = {option.replace("-", "_"): f"--{option}" for option in _own_options(command)}
    start, _, rest = message.partition(" ")
    if start.replace("-", "_") in names:
        message = f"{names[start.replace('-', '_')]} {rest}"
    pattern = "|".join(sorted((name for name in names if "_" in name), key=len, reverse=True))
    return re.sub(rf"(?<![\w-])({pattern})(?![\w-])", lambda m: names[m[0]], message) if pattern else message


def _stdout_is_closed() -> bool:
    """Whether nobody reads what is printed any more."""
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)
        return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))
    except (AttributeError, OSError, ValueError):  # no such call on this system, or no real file
        return False


def _read_config(path: Path) -> dict[str, Any]:
    """A TOML file's tables, one for each command; lists as the text that options of tasks take."""
    import tomllib

    from walshqhn.cli.options import format_value

    if not path.is_file():
        raise UsageError(f"no such configuration file: {path}")
    if path.stat().st_size > _LARGEST_CONFIG:
        raise UsageError(f"{path} is not a configuration: it has more than {_LARGEST_CONFIG:,} bytes.")
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise UsageError(f"{path} is not TOML: {error}") from error
    for command, table in tables.items():
        if command not in COMMANDS or not isinstance(table, dict):
            raise unknown_name("table", command, COMMANDS, f" in {path}")
    listed = {"kind"}  # the one option that takes several values itself
    return {
        command: {k: format_value(v) if isinstance(v, list) and k not in listed else v for k, v in table.items()}
        for command, table in tables.items()
    }


def _config_first(tokens: list[str]) -> list[str]:
    """``--config FILE`` in front of the command, wherever it was given: commands take any option for a task's."""
    for k, token in enumerate(tokens):
        if token == "--config" and k + 1 < len(tokens):
            return [token, tokens[k + 1], *tokens[:k], *tokens[k + 2 :]]
        if token.startswith("--config="):
            return [token, *tokens[:k], *tokens[k + 1 :]]
    return tokens


def _complain(message: str, code: int) -> int:
    line = printable(" ".join(message.split()))
    print(f"walshqhn: {line}", file=sys.stderr)
    return code
