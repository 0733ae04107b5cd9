"""Cases tried in a process of their own, which may crash, hang or ask for much memory: that is a verdict, too."""

import contextlib
import importlib
import io
import json
import os
import pickle
import resource
import signal
import subprocess
import sys
from pathlib import Path

from walshqhn.cli import main

TESTS = Path(__file__).parent.parent
ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS.parent), str(TESTS)])}
PATIENCE = 90  # seconds for a case
GROWTH = 3 << 30  # bytes of address space that a case may need


def verdicts(function, jobs):
    """``function(job)`` for every job, as ``module:name``: what it returns, or how its process died."""
    found = []
    while len(found) < len(jobs):
        rest = pickle.dumps((function, jobs[len(found) :]))
        command = [sys.executable, "-m", "campaign.probe"]
        done = subprocess.run(command, input=rest, capture_output=True, check=False, env=ENVIRONMENT)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        found += lines
        if done.returncode or not lines:
            found.append(f"process died ({done.returncode}): {done.stderr.decode()[-300:]}")
    return found


def program(*arguments):
    """The command line's exit code and what it printed; internal errors are raised."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([str(a) for a in arguments])
    return code, out.getvalue(), err.getvalue()


def complaint(code, out, err):
    """What is wrong with an answer of the program, or ""."""
    if "internal error" in err or "Traceback" in err or "out of memory" in err:
        return err.strip()[-300:]
    if code not in (0, 1, 2, 130):
        return f"exit code {code}"
    if code and err.count("walshqhn: ") != 1:
        return f"exit code {code} without one line that says why: {err!r:.200}"
    if any(ord(c) < 32 and c not in "\n\t" for c in out + err):
        return f"control characters reach the terminal: {out + err!r:.200}"
    return ""


def _serve():
    name, jobs = pickle.loads(sys.stdin.buffer.read())
    module, _, attribute = name.partition(":")
    function = getattr(importlib.import_module(module), attribute)
    answers, sys.stdout = sys.stdout, sys.stderr
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + GROWTH,) * 2)
    for job in jobs:
        signal.alarm(PATIENCE)
        try:
            verdict = function(job)
        except BaseException as error:
            verdict = f"{type(error).__name__}: {error}"
        print(json.dumps(verdict), file=answers, flush=True)
    signal.alarm(0)


if __name__ == "__main__":
    _serve()
