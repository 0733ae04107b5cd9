"""Errors that a user can act on. The command line prints them as one line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class WalshqhnError(Exception):
    """Base of every error this package raises on purpose; ``exit_code`` is the command line's."""

    exit_code = 1


class UsageError(WalshqhnError, ValueError):
    """What was asked for does not exist or makes no sense."""

    exit_code = 2


class InputError(WalshqhnError, ValueError):
    """The data given cannot be used: wrong shape, wrong length, NaN."""


class CostError(InputError):
    """A cost cannot be evaluated at some bit string, which the message names."""


class FormatError(WalshqhnError, ValueError):
    """A file that is not ours, is damaged, or comes from a newer version."""


class TooLargeError(WalshqhnError, ValueError):
    """The request would not fit in memory; raised before anything is allocated."""


class MissingDependencyError(WalshqhnError, ImportError):
    """An optional package is needed; the message holds the command that installs it."""


class DataWarning(UserWarning):
    """The data can be used, but may not be what was intended."""


def unknown_name(kind: str, name: object, known: Iterable[str], where: str = "") -> UsageError:
    """An error for an unknown ``name`` of some ``kind``, with the nearest known one and the whole list."""
    known = list(known)
    close = difflib.get_close_matches(str(name), known, n=1, cutoff=0.5)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    return UsageError(f"Unknown {kind} {name!r}{where}.{hint} Known: {', '.join(known) or 'none'}.")


def missing_package(package: str, what: str) -> MissingDependencyError:
    """An error for a missing optional ``package`` that ``what`` needs."""
    return MissingDependencyError(f"{what} needs the package {package}, which is not installed: pip install {package}")
