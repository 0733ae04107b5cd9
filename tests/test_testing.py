"""The conformance kit finds what is wrong: every engine here breaks one promise."""

import threading

import numpy as np
import pytest
from quantum_oracles import random_table

from walshqhn import AerEngine, ExactEngine, ProductAnsatz
from walshqhn.engines.base import Evaluation
from walshqhn.engines.distribution import Distribution
from walshqhn.engines.exact import ExactPrepared
from walshqhn.engines.qiskit.aer import AerPrepared
from walshqhn.support.errors import UsageError
from walshqhn.testing import check_engine

TABLE = random_table(3)


class Broken(ExactEngine):
    prepared: type = ExactPrepared

    def prepare(self, ansatz):
        return self.prepared(self, ansatz)


def broken(**methods):
    """An engine whose prepared circuits have these methods instead."""
    return type("Broken", (Broken,), {"prepared": type("BrokenPrepared", (ExactPrepared,), methods)})(TABLE)


def reversed_bits(self, points, shots, rng=None):
    return (bits[:, ::-1] for bits in ExactPrepared.measure(self, points, shots, rng))


def sorted_samples(self, points, shots, rng=None):
    return (bits[np.argsort(bits @ [1, 2, 4])] for bits in ExactPrepared.measure(self, points, shots, rng))


def same_points(self, points, shots, rng=None):
    return ExactPrepared.measure(self, np.repeat(points[:1], len(points), axis=0), shots, rng)


def always_the_same(self, points, shots, rng=None):
    return ExactPrepared.measure(self, points, shots, 1)


def a_bit_off(self, points, shots, rng=None):
    """One shot in 20 has its last bit flipped, but not where all bits are certain."""
    for bits in ExactPrepared.measure(self, points, shots, rng):
        if len(bits) > 100:
            bits[::20, 2] ^= 1
        yield bits


def wrong_value(self, points, *options, **more):
    found = ExactPrepared.evaluate(self, points, *options, **more)
    return [Evaluation(one.parameters, one.value + 1e-6, 0.0) for one in found]


def values_in_reverse(self, points, *options, **more):
    return ExactPrepared.evaluate(self, points[::-1], *options, **more)


def angles_changed(self, points, *options, **more):
    found = ExactPrepared.evaluate(self, points.copy(), *options, **more)
    points += 2 * np.pi
    return found


def wrong_gradient(self, params, *arguments, **options):
    found = ExactPrepared.value_and_gradient(self, params, *arguments, **options)
    return Evaluation(found.parameters, found.value, 0.0, -found.gradient)


def wrong_overlaps(self, params, points, *arguments, **options):
    return np.sqrt(ExactPrepared.overlaps(self, params, points, *arguments, **options))


def shared_buffer(self, points, rng=None):
    for found in ExactPrepared.distributions(self, points, rng):
        self.engine.__dict__.setdefault("buffer", np.empty(8))[:] = found.probabilities
        yield Distribution(found.costs, self.engine.buffer)


@pytest.mark.parametrize(
    ("methods", "message"),
    [
        ({"measure": reversed_bits}, r"samples must be \[\[1, 0, 0\].*got \[\[0, 0, 1\]"),
        ({"measure": sorted_samples}, "correlation of successive samples"),
        ({"measure": same_points}, "samples of several points in one job"),
        ({"measure": always_the_same}, "samples of another seed must be different"),
        ({"measure": a_bit_off}, "chi-square of samples of the"),
        ({"evaluate": wrong_value}, "values of single bit strings"),
        ({"evaluate": values_in_reverse}, "values of single bit strings"),
        ({"evaluate": angles_changed}, "angles after an evaluation must be"),
        ({"value_and_gradient": wrong_gradient}, "gradient of mean of the linear circuit"),
        ({"overlaps": wrong_overlaps}, "overlaps of the linear circuit"),
        ({"distributions": shared_buffer}, "an earlier distribution's weights"),
    ],
    ids=lambda value: next(iter(value.values())).__name__ if isinstance(value, dict) else "",
)
def test_a_broken_circuit_is_found(methods, message):
    with pytest.raises(AssertionError, match=message):
        check_engine(broken(**methods))


class Costly(ExactEngine):
    def costs(self, bits):
        return super().costs(np.asarray(bits)[:, ::-1])


class Bound(ExactEngine):
    def __init__(self, cost):
        super().__init__(cost)
        self.lock = threading.Lock()


class Unstorable(ExactEngine):
    settings = {"table": TABLE}  # noqa: RUF012


class Tolerant(ExactEngine):
    def prepare(self, ansatz):
        return super().prepare(ansatz if ansatz.num_qubits == 3 else ProductAnsatz(3))


class Thrifty(AerEngine):
    """Takes fewer shots than it says."""

    def prepare(self, ansatz):
        return ThriftyPrepared(self, ansatz)


class ThriftyPrepared(AerPrepared):
    def distributions(self, points, rng=None):
        return map(self.measured, self.measure(points, 500, rng))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Costly(TABLE), AssertionError, "Costly: costs of all bit strings"),
        (lambda: Unstorable(TABLE), AssertionError, "settings must be what JSON can hold"),
        (lambda: Tolerant(TABLE), AssertionError, "the result of a circuit of another width must be InputError"),
        (lambda: Thrifty(TABLE, shots=4000), AssertionError, "Thrifty: standard error of mean of the linear circuit"),
        (lambda: Bound(TABLE), TypeError, "pickle"),
    ],
)
def test_a_broken_engine_is_found(make, error, message):
    with pytest.raises(error, match=message):
        check_engine(make())


def test_what_does_not_repeat_is_not_copied():
    check_engine(Bound(TABLE), repeats=False)


@pytest.mark.parametrize(
    ("engine", "message"),
    [
        (TABLE, "tests an Engine, got ndarray"),
        (ExactEngine([0.0, 1.0]), "2 ... 8 bits, got 1"),
        (ExactEngine(np.arange(512.0)), "2 ... 8 bits, got 9"),
        (ExactEngine(np.array([1.0, 2.0, 2.0, 4.0])), "differs between any two configurations"),
        (AerEngine(TABLE, shots=999), "1,000 shots or more, got 999"),
    ],
)
def test_what_cannot_be_tried_out(engine, message):
    with pytest.raises(UsageError, match=message):
        check_engine(engine)
