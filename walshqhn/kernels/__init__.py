"""Numba loops. They import numpy and numba only, take arrays, return arrays and validate nothing.

This module and `pool` load without numba; a kernel is compiled, or read from the cache, when it is first called.
"""

from walshqhn.kernels.compiling import compile_apart, compile_seconds, on_compile, warm

__all__ = ["compile_apart", "compile_seconds", "on_compile", "warm"]
