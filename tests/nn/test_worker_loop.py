"""What a worker process of a DataLoader does, in this process: a thread asks as the loader would."""

import multiprocessing
import pickle
import random
import re
import signal
import threading
import types

import numpy as np
import pytest

from nn.data import default_collate, get_worker_info, workers
from nn.data.fetch import Source, set_worker_info
from tests.nn.test_workers import Samples, Stream, noise


def answers(dataset, requests, batch_size=2, init=None, stream=False):
    """What a worker answers to requests that come one after the other: (kind, value) pairs."""
    ours, its = multiprocessing.Pipe()
    source = Source(dataset, default_collate, True, batch_size, False)
    setup = workers._Setup(1, 3, source, stream, init)
    found = []

    def ask():
        for request in requests:
            ours.send(request)
            if request[0] == workers._FETCH:
                found.append(pickle.loads(ours.recv_bytes()))
        ours.close()  # as when the process of the loader ends

    thread = threading.Thread(target=ask)
    thread.start()
    other_end = multiprocessing.Pipe()[0]
    workers._work(its, other_end, setup)
    thread.join()
    assert other_end.closed
    return found


@pytest.fixture
def as_worker(monkeypatch):
    """This process plays a worker: what that changes is put back."""
    monkeypatch.setattr(workers.signal, "signal", lambda number, what: None)
    states = random.getstate(), np.random.get_state()
    yield
    random.setstate(states[0])
    np.random.set_state(states[1])
    set_worker_info(None)


def test_a_worker_answers_each_request_with_its_batch(as_worker):
    started = []
    requests = [(workers._START, 5), (workers._FETCH, [0, 3]), (workers._FETCH, [1]), (workers._START, 5)]
    found = answers(Samples(lambda i: i * i), [*requests, (workers._FETCH, [2, 2])], init=started.append)
    assert [kind for kind, _ in found] == [workers._BATCH] * 3
    assert [value.tolist() for _, value in found] == [[0, 9], [1], [4, 4]]
    assert started == [1]  # once, although there were two epochs
    info = get_worker_info()
    assert (info.id, info.num_workers, info.seed) == (1, 3, 6)


def test_the_random_numbers_of_a_worker_are_those_of_its_seed(as_worker):
    def drawn(seed):
        (_, batch), *_ = answers(Samples(noise), [(workers._START, seed), (workers._FETCH, [0])])
        return [part.item() for part in batch]

    first = drawn(5)
    assert drawn(5) == first
    assert all(a != b for a, b in zip(first[1:], drawn(6)[1:])) and len(set(first[1:])) == 3


def test_a_worker_of_a_stream_says_where_it_ends(as_worker):
    requests = [(workers._START, 0), *[(workers._FETCH, None)] * 3]
    found = answers(Stream(9), requests, stream=True)  # of three workers this one has 1, 4 and 7
    assert [kind for kind, _ in found] == [workers._BATCH, workers._BATCH, workers._END]
    assert [value.tolist() for _, value in found[:2]] == [[1, 4], [7]]


def test_a_worker_answers_with_its_errors_and_goes_on(as_worker):
    class Unpicklable(Exception):
        """Of a class that another process cannot find."""

    def failing(i):
        if i == 1:
            raise KeyError("no such sample")
        if i == 2:
            raise Unpicklable("really")
        return i

    requests = [(workers._START, 0), *[(workers._FETCH, [i]) for i in (1, 2, 0)]]
    (kind, error), (other, replaced), (last, batch) = answers(Samples(failing), requests)
    assert (kind, other, last) == (workers._ERROR, workers._ERROR, workers._BATCH) and batch.tolist() == [0]
    assert error[0] is KeyError and "Caught KeyError in DataLoader worker process 1" in error[1]
    assert replaced[0] is RuntimeError and "Unpicklable" in replaced[1]

    def broken(number):
        raise ValueError("cannot begin")

    found = answers(Samples(failing), [(workers._START, 0), *[(workers._FETCH, [0])] * 2], init=broken)
    assert [kind for kind, _ in found] == [workers._ERROR] * 2 and "cannot begin" in found[1][1][1]


def test_a_worker_that_is_told_to_stop_leaves_what_waits(as_worker):
    ours, its = multiprocessing.Pipe()
    made = []
    setup = workers._Setup(0, 1, Source(Samples(made.append), list, True, 1, False), False, None)
    for request in ((workers._START, 0), (workers._FETCH, [0]), (workers._STOP, None)):
        ours.send(request)
    workers._work(its, multiprocessing.Pipe()[0], setup)
    assert made == [] and not ours.poll()


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (3, "exited unexpectedly, with exit code 3"),
        (-signal.SIGKILL, "was killed by SIGKILL: if the machine ran out of memory, take fewer workers"),
        (-signal.SIGSEGV, "was killed by SIGSEGV$"),
    ],
)
def test_the_cause_of_death_is_named(code, text):
    process = types.SimpleNamespace(exitcode=code, pid=7)
    assert re.search(rf"a DataLoader worker \(pid 7\) {text}", workers._cause_of_death(process))
