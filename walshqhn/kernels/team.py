"""Pieces of a kernel's work, claimed by compiled threads: for `pool`, where waking a thread would be too slow.

A team is an array of words that its threads share. The leader stores a kernel's arguments and address in it and opens
the job; helpers that are awake join. Work comes in stages, each cut into the same pieces; a piece is begun when all
those of earlier stages are done. The leader claims from the first piece upwards, helpers from the last downwards, so
that with two threads most pieces stay in the same cache from stage to stage. Whoever waits for another's piece spins,
for microseconds, and then lets others have the core.

Numba has no atomic operations for CPUs, and calls no function by address without Python: hence the LLVM here.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import config, types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import intrinsic

from walshqhn.kernels import pool
from walshqhn.kernels.compiler import Kernel, inner, kernel
from walshqhn.kernels.overflow import take_overflow

_OPEN, _INSIDE, _HELPERS, _FAILED, _SHAPE, _ARGUMENTS = 0, 128, 256, 384, 512, 640  # bytes; lines of their own
_OVERFLOWED = 8 * pool.OVERFLOWED
_SPINS = 1 << 10  # some 30 us, then others may have the core
_PER_STAGE = 128  # bytes of counters
_LOW, _WORD = (1 << 32) - 1, ir.IntType(64)
_IS_X86 = platform.machine().lower() in ("x86_64", "amd64")


def _at(builder: Any, address: Any, kind: Any = _WORD) -> Any:
    return builder.inttoptr(address, kind.as_pointer())


@intrinsic
def load(typing_context, address):
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load_atomic(_at(builder, arguments[0]), "seq_cst", 8)

    return types.int64(types.int64), generate


@intrinsic
def store(typing_context, address, value):
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        builder.store_atomic(arguments[1], _at(builder, arguments[0]), "seq_cst", 8)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), generate


@intrinsic
def add(typing_context, address, value):
    """Add to a word; return what it was before."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.atomic_rmw("add", _at(builder, arguments[0]), arguments[1], "seq_cst")

    return types.int64(types.int64, types.int64), generate


@intrinsic
def _pause(typing_context):
    """Tell the core that this thread waits."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        if _IS_X86:
            kind = ir.FunctionType(ir.VoidType(), [])
            builder.call(builder.module.declare_intrinsic("llvm.x86.sse2.pause", (), kind), [])
        return context.get_dummy_value()

    return types.void(), generate


@intrinsic
def _microseconds(typing_context):
    """A clock; on Windows it stands still, and helpers are never sent to rest."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        if sys.platform == "win32":
            return ir.Constant(_WORD, 0)
        time = cgutils.alloca_once(builder, _WORD, 2)
        kind = ir.FunctionType(ir.IntType(32), [time.type, time.type])
        read = cgutils.get_or_insert_function(builder.module, kind, "gettimeofday")
        builder.call(read, [time, ir.Constant(time.type, None)])
        seconds, rest = (builder.load(builder.gep(time, [ir.Constant(_WORD, k)])) for k in range(2))
        rest = builder.and_(rest, ir.Constant(_WORD, _LOW))  # of 32 bits on some systems
        return builder.add(builder.mul(seconds, ir.Constant(_WORD, 1_000_000)), rest)

    return types.int64(), generate


def _borrowed(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    """``value`` without its arrays' owners: helpers must not count references to what the leader holds."""
    if isinstance(kind, types.Array):
        array = context.make_array(kind)(context, builder, value)
        array.meminfo = array.parent = ir.Constant(array.meminfo.type, None)
        return array._getvalue()
    if isinstance(kind, types.BaseTuple):
        parts: Any = kind
        for k, part in enumerate(parts):
            value = builder.insert_value(value, _borrowed(context, builder, part, builder.extract_value(value, k)), k)
    return value


@intrinsic
def _store_arguments(typing_context, address, arguments):
    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        kind = context.get_value_type(arguments)
        if context.get_abi_sizeof(kind) > 8 * pool.TEAM_WORDS - _ARGUMENTS:
            raise TypingError("too many arguments for a team")
        builder.store(_borrowed(context, builder, arguments, values[1]), _at(builder, values[0], kind))
        return context.get_dummy_value()

    return types.void(types.int64, arguments), generate


@intrinsic
def _address_of(typing_context, body, arguments):
    """The address of a function (where the arguments are, begin, end) that calls ``body``."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        call = context.call_conv
        kind = call.get_function_type(types.none, (types.int64,) * 3)
        function = ir.Function(builder.module, kind, builder.module.get_unique_name("walshqhn.piece"))
        function.linkage = "internal"
        inside = ir.IRBuilder(function.append_basic_block("entry"))
        where, begin, end = function.args[-3:]
        packed = inside.load(_at(inside, where, context.get_value_type(arguments)))
        unpacked = [inside.extract_value(packed, k) for k in range(len(arguments))]
        wanted = body.get_call_type(context.typing_context, (*arguments, types.int64, types.int64), {})
        context.get_function(body, wanted)(inside, [*unpacked, begin, end])
        call.return_value(inside, context.get_dummy_value())
        return builder.ptrtoint(function, _WORD)

    return types.int64(body, arguments), generate


@intrinsic
def _call(typing_context, function, arguments, begin, end):
    """Call what `_address_of` returned; 0, or another number if it raised."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        kind = context.call_conv.get_function_type(types.none, (types.int64,) * 3)
        results = [builder.alloca(pointer.pointee) for pointer in kind.args[:2]]
        code = builder.call(_at(builder, values[0], kind), [*results, *values[1:]])
        failed = builder.icmp_signed(">", code, ir.Constant(code.type, 0))  # -1: None was returned
        return builder.zext(failed, _WORD)

    return types.int64(*(types.int64,) * 4), generate


if sys.platform == "win32":

    @inner
    def _give_way():
        pass

else:
    _sched_yield = types.ExternalFunction("sched_yield", types.int32())

    @inner
    def _give_way():
        _sched_yield()


@inner
def _wait(address, value):
    """Until a word has this value; return how long that took."""
    if load(address) == value:
        return 0
    start, spins = _microseconds(), 0
    while load(address) != value:
        _pause()
        spins += 1
        if spins % _SPINS == 0:
            _give_way()
    return _microseconds() - start


@inner
def _claim(address, count, leads):
    """A chunk that nobody has, or -1. The word counts those claimed from below and, 2^32 each, from above."""
    seen = load(address)
    if (seen & _LOW) + (seen >> 32) < count:
        seen = add(address, 1 if leads else 1 << 32)
        low, high = seen & _LOW, seen >> 32
        if low + high < count:
            return low if leads else count - 1 - high
    return -1


@inner
def _drain(team, leads):
    """Do chunks until none is left; return how long others' were waited for."""
    function, pieces, chunk, stages, counters = team[_SHAPE // 8 : _SHAPE // 8 + 5]
    take_overflow()  # of what this thread did before
    address, count, waited = np.int64(team.ctypes.data), (pieces + chunk - 1) // chunk, 0
    for s in range(stages):
        counter = counters + s * _PER_STAGE
        k = _claim(counter, count, leads)
        if k >= 0 and s > 0:
            waited += _wait(counter - _PER_STAGE // 2, count)
        while k >= 0:
            begin, end = s * pieces + k * chunk, s * pieces + min((k + 1) * chunk, pieces)
            if _call(function, address + _ARGUMENTS, begin, end) != 0:
                store(address + _FAILED, 1)
            add(counter + _PER_STAGE // 2, 1)
            k = _claim(counter, count, leads)
    if take_overflow():
        store(address + _OVERFLOWED, 1)
    return waited


@inner
def _lead(team, counters, job, helpers, function, pieces, chunk, stages):
    """Open a job and see it done; return the part of the time that helpers were waited for, or -1 if a piece failed."""
    start, address = _microseconds(), np.int64(team.ctypes.data)
    for k, value in enumerate((function, pieces, chunk, stages, np.int64(counters.ctypes.data))):
        team[_SHAPE // 8 + k] = value
    store(address + _FAILED, 0)
    store(address + _OVERFLOWED, 0)
    store(address + _HELPERS, helpers)
    store(address + _OPEN, job)
    waited = _drain(team, True)
    store(address + _OPEN, 0)
    waited += _wait(address + _INSIDE, 0)
    return -1.0 if load(address + _FAILED) else waited / (_microseconds() - start + 1)


@kernel("transform", lambda t: types.int64(types.int64[::1], *(types.int64,) * 3))
def serve(team, number, seen, patience):
    """Help with jobs as helper ``number`` until none has come for a while; ``seen`` and returned: the last one."""
    address, idle = np.int64(team.ctypes.data), 0
    while idle < patience:
        if load(address + _OPEN) not in (0, seen) and number < load(address + _HELPERS):
            add(address + _INSIDE, 1)
            job = load(address + _OPEN)  # it may have been closed meanwhile; from now on it cannot end
            if job not in (0, seen) and number < load(address + _HELPERS):
                _drain(team, False)
                seen, idle = job, 0
            add(address + _INSIDE, -1)
        _pause()
        idle += 1
        if idle % _SPINS == 0:  # the leader may be waiting for this very core
            _give_way()
    return seen


pool.serve = serve


class SharedKernel(Kernel):
    """A kernel whose last two arguments, ``begin`` and ``end``, say which pieces of its work are to be done."""

    def __init__(self, function: Any, part: str, signature: Any, single: bool, options: Any) -> None:
        super().__init__(function, part, signature, single, options)
        body = inner(function, **options)

        def lead(team, counters, job, helpers, pieces, chunk, stages, arguments):
            _store_arguments(np.int64(team.ctypes.data) + _ARGUMENTS, arguments)
            return _lead(team, counters, job, helpers, _address_of(body, arguments), pieces, chunk, stages)

        def entry_signature(t: Any) -> Any:
            arguments = types.Tuple(signature(t).args[:-2])
            return types.float64(types.int64[::1], types.int64[::1], *(types.int64,) * 5, arguments)

        self._entry = Kernel(function, part, entry_signature, single, {}, lead)

    def share(self, *arguments: Any, pieces: int, chunk: int = 1, stages: int = 1) -> bool:
        """Do all of ``pieces``, ``chunk`` at a time, on at most `pool.limit` threads, ``stages`` times over.

        Return whether a number overflowed (see `overflow`).

        Pieces are counted through: those of stage s, which begins after all of s - 1, are s * pieces to
        (s + 1) * pieces - 1. Which thread does which is open.
        """
        if config.DISABLE_JIT:  # type: ignore[attr-defined]
            for start in range(0, stages * pieces, pieces):
                self(*arguments, start, start + pieces)
            return True
        return pool.lead(self._entry.ready(arguments[0]), arguments, pieces, chunk, stages)

    def warm(self) -> None:
        self._entry.warm()


def shared(
    part: str, signature: Callable[[Any], Any], *, single: bool = False, **options: Any
) -> Callable[[Callable[..., Any]], SharedKernel]:
    """Make a `SharedKernel` of a function, as `kernel` makes a `Kernel`."""
    return lambda function: SharedKernel(function, part, signature, single, options)
