"""A trial run of parsers in native code, which a crafted file can crash."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from walshqhn.support.resources import available_memory

_PATIENCE = 60  # seconds; parsers can be made to loop
_LEAST_MEMORY = 1 << 30  # bytes of address space that a child process has beyond its parent's


def survives(parse: Callable[[], object]) -> bool:
    """Whether a child process can ``parse`` something, or says with an exception that it cannot.

    True also where processes cannot fork. The child has little time and no more memory than there is.
    """
    if not hasattr(os, "fork"):
        return True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of forking beside threads: the child starts none and waits for none
        child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] == 0
    code = 1
    with suppress(BaseException):
        import faulthandler
        import resource
        import signal

        faulthandler.disable()  # who crashes here, does so in silence
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(_PATIENCE)
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        with suppress(OSError, ValueError):
            most = used + max(_LEAST_MEMORY, available_memory())
            resource.setrlimit(resource.RLIMIT_AS, (most, resource.getrlimit(resource.RLIMIT_AS)[1]))
        warnings.simplefilter("ignore")
        with suppress(Exception):  # the parent gets it, too
            parse()
        code = 0
    os._exit(code)
