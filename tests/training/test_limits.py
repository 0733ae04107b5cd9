"""Requests that would not fit in memory."""

import pytest
from training_cases import TABLE, quick

from walshqhn import LinearAnsatz, Plan, QAOAAnsatz, Variant
from walshqhn.support.errors import TooLargeError
from walshqhn.support.workers import run_pieces


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda: LinearAnsatz(6, 10**9), "a circuit of 30,000,000,000 gates"),
        (lambda: QAOAAnsatz(TABLE, 10**9), "a circuit of 16,000,000,000 gates"),
        (lambda: quick(runs=10**9), "a result of 1,000,000,000 runs"),
        (lambda: quick(samples=10**10), "a sample of 10,000,000,000 bit strings"),
        (lambda: Plan((Variant.of(layers=1), Variant.of(layers=2)), runs=10**9), "a result of 2,000,000,000 runs"),
        (lambda: next(run_pieces(len, (), range(10**5), 10**5)), "a crew of 100,000 workers"),
    ],
)
def test_more_than_memory_holds_is_refused_before_it_is_made(ask, says):
    with pytest.raises(TooLargeError, match=f"^{says} needs .* of memory"):
        ask()
