"""DataLoaders whose batches are made by worker processes."""

import multiprocessing
import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd as ag
from nn.batches import Batches
from nn.data import DataLoader, Dataset, IterableDataset, RandomSampler, TensorDataset, get_worker_info, workers

few = settings(max_examples=15, deadline=None)


class Samples(Dataset):
    """The results of a function of the index, computed in the worker."""

    def __init__(self, function, n=12):
        self.function, self.n = function, n

    def __getitem__(self, i):
        return self.function(i)

    def __len__(self):
        return self.n


class Stream(IterableDataset):
    """The numbers below n, or in a worker its share of them."""

    def __init__(self, n, shared=True):
        self.n, self.shared = n, shared

    def __iter__(self):
        info = get_worker_info()
        return iter(range(info.id, self.n, info.num_workers) if info and self.shared else range(self.n))

    def __len__(self):
        return self.n


def noise(i):
    return [i, random.random(), np.random.rand(), ag.rand(()).item()]


def lists(loader):
    return [[part.tolist() for part in batch] for batch in loader]


def pids(loader):
    return {pid for batch in loader for pid in batch.tolist()}


def alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"  # a zombie is only not yet waited for


def wait_until_gone(processes):
    until = time.monotonic() + 20
    while any(map(alive, processes)) and time.monotonic() < until:
        time.sleep(0.05)
    return not any(map(alive, processes))


@few
@given(
    n=st.integers(0, 20),
    size=st.integers(1, 6) | st.none(),
    workers=st.integers(1, 3),
    ahead=st.integers(1, 3),
    shuffle=st.booleans(),
    drop=st.booleans(),
)
def test_the_batches_are_those_that_come_without_workers(n, size, workers, ahead, shuffle, drop):
    data = TensorDataset(ag.arange(n), ag.rand(n, 2))

    def epoch(**keywords):
        sampler = RandomSampler(data, generator=ag.Generator().manual_seed(n)) if shuffle else None
        loader = DataLoader(data, size, sampler=sampler, drop_last=drop and size is not None, **keywords)
        return lists(loader), len(loader)

    assert epoch(num_workers=workers, prefetch_factor=ahead) == epoch()


@few
@given(n=st.integers(0, 20), size=st.integers(1, 6) | st.none(), workers=st.integers(1, 3))
def test_workers_share_a_stream_that_asks_which_they_are(n, size, workers):
    loader = DataLoader(Stream(n), size, num_workers=workers)
    found = [i for batch in loader for i in ([batch] if size is None else batch.tolist())]
    assert sorted(found) == list(range(n))


def test_a_stream_that_gives_more_than_its_length_is_warned_about():
    loader = DataLoader(Stream(4, shared=False), num_workers=2)
    assert len(loader) == 4
    with pytest.warns(
        UserWarning, match="should have 4 batches by its length, but this is number [5-8]: each worker has a copy"
    ):
        assert sorted(batch.item() for batch in loader) == [0, 0, 1, 1, 2, 2, 3, 3]
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        assert sum(1 for _ in DataLoader(Stream(4, shared=False), num_workers=2)) == 8  # nobody asked for its length


def test_a_worker_knows_which_it_is():
    def info(i):
        found = get_worker_info()
        return [found.id, found.num_workers, found.seed, found.dataset.n]

    rows = [
        row[:2] + [row[2] - row[0], row[3]]
        for row in (sum(b, []) for b in lists(DataLoader(Samples(info), num_workers=2)))
    ]
    assert [row[0] for row in rows] == [0, 1] * 6
    assert {tuple(row[1:]) for row in rows} == {(2, rows[0][2], 12)}
    assert get_worker_info() is None


def test_each_worker_and_epoch_has_random_numbers_of_its_own_that_the_seed_decides():
    def epochs(seed):
        loader = DataLoader(Samples(noise), 3, num_workers=2, generator=ag.Generator().manual_seed(seed))
        return [lists(loader) for _ in range(2)]

    first = epochs(1)
    assert epochs(1) == first != epochs(2)
    drawn = [number for epoch in first for batch in epoch for part in batch[1:] for number in part]
    assert len(set(drawn)) == len(drawn)


@few
@given(taken=st.integers(0, 12), persistent=st.booleans(), replacement=st.booleans())
def test_a_stream_of_batches_goes_on_from_its_state(taken, persistent, replacement):
    def stream():
        sampler = RandomSampler(range(12), replacement=replacement)
        loader = DataLoader(Samples(noise), 3, sampler=sampler, num_workers=2, persistent_workers=persistent)
        return Batches(loader)

    def following(batches):
        return lists(islice(batches, 6)), ag.rand(2).tolist()

    ag.manual_seed(taken)
    first = stream()
    for _ in islice(first, taken):
        ag.rand(3)  # dropout draws random numbers, too
    state = first.state_dict()
    whole = following(first)
    ag.manual_seed(99)
    second = stream()
    second.load_state_dict(state)
    assert following(second) == whole


def test_worker_init_fn_is_called_once_in_each_worker():
    calls = []

    def init(number):
        calls.append(number)

    loader = DataLoader(
        Samples(lambda i: [len(calls), *calls]), num_workers=2, worker_init_fn=init, persistent_workers=True
    )
    for _ in range(2):
        assert [[a.item(), b.item()] for a, b in loader] == [[1, 0], [1, 1]] * 6
    assert calls == []


class Odd(Exception):
    """Takes two arguments."""

    def __init__(self, a, b):
        super().__init__(a, b)


@pytest.mark.parametrize("error", [KeyError("it"), ValueError("it"), Odd(1, "it")])
def test_an_error_in_a_worker_is_raised_with_its_traceback_and_the_next_batches_follow(error):
    def third(i):
        if i == 3:
            raise error
        return i

    found, loader = [], iter(DataLoader(Samples(third, 5), num_workers=2))
    kind = RuntimeError if isinstance(error, Odd) else type(error)
    with pytest.raises(
        kind, match=rf"(?s)Caught {type(error).__name__} in DataLoader worker process 1.*in third\n.*it"
    ):
        for batch in loader:
            found.append(batch.item())
    assert found == [0, 1, 2] and [batch.item() for batch in loader] == [4]


def test_an_error_of_a_local_class_a_batch_that_cannot_be_sent_and_a_failed_start_are_errors():
    class Local(Exception):
        pass

    def fail(i):
        raise Local("here")

    with pytest.raises(RuntimeError, match="Caught Local in DataLoader worker process 0"):
        list(DataLoader(Samples(fail), num_workers=1))
    with pytest.raises(Exception, match="(?s)Caught .* worker process 0.*pickle"):
        list(DataLoader(Samples(lambda i: lambda: i), collate_fn=lambda batch: batch, num_workers=1))
    with pytest.raises(RuntimeError, match="Caught Local"):
        list(DataLoader(Samples(int), num_workers=1, worker_init_fn=fail))


@pytest.mark.parametrize("persistent", [False, True])
def test_a_worker_that_dies_is_an_error_and_the_next_epoch_has_new_ones(persistent):
    caller = os.getpid()
    flags = ag.zeros(1)

    def deadly(i):
        assert os.getpid() != caller
        if i == 5 and not flags.item():
            os.kill(os.getpid(), signal.SIGKILL)
        return i

    loader = DataLoader(Samples(deadly), num_workers=2, persistent_workers=persistent)
    with pytest.raises(RuntimeError, match=r"worker \(pid \d+\) was killed by SIGKILL: if the machine ran out of mem"):
        list(loader)
    flags.fill_(1)
    assert [batch.item() for batch in loader] == list(range(12))


def test_a_worker_that_exits_is_an_error():
    with pytest.raises(RuntimeError, match="exited unexpectedly, with exit code 3"):
        list(DataLoader(Samples(lambda i: sys.exit(3)), num_workers=1))


def test_after_timeout_seconds_without_a_batch_there_is_an_error():
    with pytest.raises(RuntimeError, match="no batch within its timeout of 0.2 seconds"):
        list(DataLoader(Samples(lambda i: time.sleep(2)), num_workers=1, timeout=0.2))


def test_persistent_workers_live_for_the_next_epoch_and_others_do_not():
    data = Samples(lambda i: os.getpid())
    stays, goes = DataLoader(data, num_workers=2, persistent_workers=True), DataLoader(data, num_workers=2)
    first = pids(stays)
    next(iter(stays))  # an epoch that is broken off
    assert pids(stays) == first and len(first) == 2 and all(map(alive, first))
    gone = pids(goes)
    assert not gone & pids(goes) and not any(map(alive, gone))
    del stays
    assert not any(map(alive, first))


def test_a_loop_that_is_left_leaves_no_workers():
    loader = iter(DataLoader(Samples(lambda i: os.getpid()), num_workers=2))
    found = {next(loader).item(), next(loader).item()}
    assert len(found) == 2
    del loader
    assert not any(map(alive, found))


@pytest.mark.parametrize("size", [1, 60_000])
def test_large_batches_and_long_lists_of_indices_do_not_block_each_other(size):
    n = 6 * size
    data = TensorDataset(ag.arange(n), ag.zeros(n, 1).expand(n, 1 if size > 1 else 200_000))
    found = [x[0].item() for x, _ in DataLoader(data, size, num_workers=2)]
    assert found == list(range(0, n, size))


def test_out_of_order_a_slow_worker_holds_up_nobody():
    others = multiprocessing.get_context("fork").Event()

    def slow(i):
        if i == 0:
            others.wait(60)
        elif i == 5:  # which is asked for when 1 has come
            others.set()
        return i

    found = [batch.item() for batch in DataLoader(Samples(slow), num_workers=2, in_order=False)]
    assert found.index(0) > found.index(1) and sorted(found) == list(range(12))


def test_spawned_workers_give_the_same():
    data = TensorDataset(ag.arange(5))
    loader = DataLoader(data, 2, num_workers=1, multiprocessing_context="spawn")
    assert lists(loader) == [[[0, 1]], [[2, 3]], [[4]]]
    with pytest.raises(ValueError, match="cannot find context for 'other'"):
        list(DataLoader(data, num_workers=1, multiprocessing_context="other"))


def test_a_loader_in_a_thread_works():
    found = []
    thread = threading.Thread(target=lambda: found.extend(DataLoader(Samples(int), 12, num_workers=2)))
    thread.start()
    thread.join()
    assert found[0].tolist() == list(range(12))


PROGRAM = textwrap.dedent("""
    import os, signal, time
    from nn.data import DataLoader, Dataset

    signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell's background job would ignore

    class Pids(Dataset):
        def __getitem__(self, i):
            if i >= 4:
                time.sleep(0.2)
            return os.getpid()
        def __len__(self):
            return 1000

    others = iter(DataLoader(Pids(), num_workers=2))  # whose pipes the workers below inherit
    shown = [next(others).item() for _ in range(2)]
    for count, batch in enumerate(DataLoader(Pids(), num_workers=2)):
        if count < 2:
            shown.append(batch.item())
        elif count == 2:
            print(*shown, flush=True)
""")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_however_a_program_ends_its_workers_do_too(how):
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        processes = [int(pid) for pid in program.stdout.readline().split()]
        assert len(set(processes)) == 4 and all(map(alive, processes))
        if how == signal.SIGINT:
            os.killpg(program.pid, how)  # Ctrl-C reaches the workers, too
        else:
            program.send_signal(how)
        error = program.communicate(timeout=30)[1]
        assert wait_until_gone(processes)
    finally:
        program.kill()
    assert error.count("Traceback") == (how == signal.SIGINT)  # the program's own, and none of a worker


def test_without_workers_multiprocessing_is_not_imported():
    program = "import sys; from nn.data import *; [*DataLoader([1.0])]; print('multiprocessing' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "False\n"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere workers are not forked")
@pytest.mark.parametrize(("chosen", "expected"), [(None, "fork"), ("forkserver", "fork"), ("spawn", "spawn")])
def test_pythons_default_is_no_choice_of_the_program(monkeypatch, chosen, expected):
    monkeypatch.setattr(multiprocessing, "get_all_start_methods", lambda: ["forkserver", "fork", "spawn"])
    monkeypatch.setattr(multiprocessing, "get_start_method", lambda allow_none: chosen)
    assert workers._default_context().get_start_method() == expected
