"""Work spread over threads."""

import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from autograd.kernels import threads


@pytest.fixture(params=[1, 2, 3])
def count(request, monkeypatch):
    monkeypatch.setattr(threads, "thread_count", lambda: request.param)
    return request.param


@pytest.mark.parametrize("size", [0, 1, 5, 100])
def test_every_piece_is_done_once(count, size):
    done = np.zeros(size, int)

    def work(start, stop):
        done[start:stop] += 1

    threads.parallel_for(work, size, 2)
    assert (done == 1).all()


def test_no_more_threads_than_the_work_is_worth(count):
    pieces = []
    threads.parallel_for(lambda start, stop: pieces.append((start, stop)), 100, 40)
    assert len(pieces) == min(count, 2)


def test_a_given_number_of_threads_is_taken():
    seen = []
    threads.parallel_for(lambda start, stop: seen.append(threading.current_thread()), 5, threads=4)
    assert len(seen) == 4 and threading.current_thread() in seen


def test_no_thread_is_still_at_work_when_an_error_is_raised():
    done = []

    def body(start, stop):
        if start == 0:
            raise RuntimeError("in the first range")
        time.sleep(0.05)
        done.append(start)

    with pytest.raises(RuntimeError, match="in the first range"):
        threads.parallel_for(body, 2, threads=2)
    assert done == [1]


def test_what_each_gives_comes_in_order(count, monkeypatch):
    monkeypatch.setattr(threads, "GRAIN_SIZE", 1)
    a, b = [np.full(3, i) for i in range(7)], [np.full(3, 10 * i) for i in range(7)]
    assert threads.parallel_map(lambda x, y: int((x + y).sum()), a, b) == [33 * i for i in range(7)]
    assert threads.parallel_map(lambda x: x, []) == []


def test_each_call_has_a_thread_of_its_own_where_as_many_are_given():
    both = threading.Barrier(3, timeout=10)  # passed only by three threads at once
    assert sorted(threads.parallel_map(lambda i: both.wait(), range(3), threads=3)) == [0, 1, 2]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a process cannot fork here")
def test_a_forked_process_has_threads_of_its_own():
    program = """
import os, signal
from autograd.kernels import threads
threads.thread_count = lambda: 2
done = []
threads.parallel_for(lambda a, b: done.append(b - a), 10, 1)
if os.fork() == 0:
    signal.alarm(20)
    threads.parallel_for(lambda a, b: done.append(b - a), 10, 1)
    os._exit(0 if sum(done) == 20 else 1)
print(os.waitstatus_to_exitcode(os.wait()[1]))
"""
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "0"


def test_an_error_in_a_thread_is_raised(count):
    def work(start, stop):
        raise RuntimeError(f"from {start}")

    with pytest.raises(RuntimeError, match="from"):
        threads.parallel_for(work, 100, 1)


def test_work_within_a_thread_of_the_pool_is_done_there(count):
    found = []

    def inner(start, stop):
        found.append(threading.current_thread())

    def outer(start, stop):
        before = len(found)
        if threading.current_thread() is not threading.main_thread():
            threads.parallel_for(inner, 100, 1)
            assert found[before:] == [threading.current_thread()]

    threads.parallel_for(outer, count, 1)
    assert len(found) == count - 1
