"""The timer of `torch.utils.benchmark`, on a clock of the test's own."""

from itertools import count

import pytest
from autograd.utils.benchmark import Timer
from hypothesis import given
from hypothesis import strategies as st


def timer_of_runs_that_take(seconds: float, calls: list, **labels: str) -> Timer:
    """A timer whose clock goes on by `seconds` with each run of the statement."""
    clock = lambda: len(calls) * seconds  # noqa: E731
    return Timer(
        "calls.append(n)",
        setup="n = next(numbers)",
        timer=clock,
        globals={"calls": calls, "numbers": count()},
        **labels,
    )


@given(seconds=st.floats(1e-4, 10), number=st.integers(1, 50))
def test_a_measurement_is_the_mean_of_its_runs(seconds, number):
    calls: list = []
    found = timer_of_runs_that_take(seconds, calls).timeit(number)
    assert len(calls) == found.number_per_run == number
    assert found.mean == found.median == found.times[0] == pytest.approx(seconds)


@given(seconds=st.floats(1e-5, 1), least=st.floats(0.1, 2))
def test_blocks_are_measured_until_the_least_time_has_passed(seconds, least):
    calls: list = []
    found = timer_of_runs_that_take(seconds, calls, label="rows", sub_label="of 3").blocked_autorange(
        min_run_time=least
    )
    blocks = [seconds * found.number_per_run for seconds in found.times]
    assert sum(blocks) >= least * (1 - 1e-6) and all(block >= least / 100 * (1 - 1e-6) for block in blocks)
    assert sum(blocks[:-1]) < least and found.median == pytest.approx(seconds)
    assert repr(found).startswith("rows: of 3\n")
