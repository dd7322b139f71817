"""`torch.futures`: results that other threads give."""

import threading

import pytest
from autograd.futures import Future, collect_all, wait_all


def test_a_future_waits_for_the_result_of_another_thread():
    first, doubled = Future[int](), None
    doubled = first.then(lambda done: 2 * done.value())
    assert not first.done() and not doubled.done()
    threading.Thread(target=first.set_result, args=(21,)).start()
    assert doubled.wait() == 42 and first.done() and first.wait() == first.value() == 21
    assert first.then(lambda done: done.wait() + 1).wait() == 22


def test_an_error_is_raised_where_the_result_is_asked_for():
    first = Future()
    after = first.then(lambda done: done.wait())
    first.set_exception(ValueError("no result"))
    for future in (first, after):
        with pytest.raises(ValueError, match="no result"):
            future.wait()


def test_many_futures_are_one_when_all_are_done():
    futures = [Future() for _ in range(4)]
    whole = collect_all(futures)
    for i, future in enumerate(reversed(futures)):
        assert not whole.done()
        threading.Thread(target=future.set_result, args=(i,)).start()
    assert whole.wait() == futures and [future.value() for future in whole.wait()] == [3, 2, 1, 0]
    assert wait_all(futures) == [3, 2, 1, 0]
    assert collect_all([]).wait() == wait_all([]) == []
