"""Where a result comes from."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import walshqhn

_PACKAGES = ("numpy", "numba", "scipy", "h5py", "qiskit", "qiskit-aer")


@cache
def _git_commit() -> str | None:
    """Commit of the checkout this package runs from, with "-dirty" if it was changed; None if installed."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None
    try:
        command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
        own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}  # of another checkout
        found = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True, env=own)
        return found.stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None


def package_versions(more: tuple[str, ...] = ()) -> dict[str, str]:
    """Versions of this package, Python, and those of its dependencies, and of ``more``, that are installed."""
    versions = {"walshqhn": walshqhn.__version__, "python": platform.python_version()}
    for package in (*_PACKAGES, *more):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions


def provenance(**facts: Any) -> dict[str, Any]:
    """Versions, command line, time and commit, and the ``facts`` given (seed, config, input checksum ...)."""
    return facts | {
        "versions": package_versions(),
        "machine": f"{platform.system()} {platform.machine()}",
        "argv": list(sys.argv),
        "utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "git_commit": _git_commit(),
    }
