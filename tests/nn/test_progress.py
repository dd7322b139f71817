"""Progress without tqdm, and Ctrl-C that waits."""

import os
import signal
import sys
import threading

import pytest

from nn.progress import DeferredInterrupt, Progress


def press_ctrl_c():
    os.kill(os.getpid(), signal.SIGINT)


def test_without_tqdm_there_are_twenty_plain_lines(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    with Progress(2000, {"loss": ".1f", "rate": ",.0f"}) as progress:
        for step in range(2000):
            progress.update(1.5, step)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 20 and lines[-1] == "step 2,000 of 2,000: loss 1.5, rate 1,999"


def test_the_bar_ends_with_the_last_values(capsys):
    pytest.importorskip("tqdm")
    with Progress(500, {"loss": ".1f"}) as progress:
        for step in range(500):
            progress.update(step / 10)
        progress.line("a line")
    out, err = capsys.readouterr()
    assert out == "a line\n" and "500/500" in err and "loss 49.9" in err.rstrip().rpartition("\r")[2]


def test_quiet_progress_prints_nothing(capsys):
    with Progress(1, {"loss": ".1f"}, quiet=True) as progress:
        progress.update(1.5)
        progress.line("a line")
    assert capsys.readouterr() == ("", "")


def test_the_first_ctrl_c_waits_for_the_check_and_the_handler_is_restored():
    before, said, reached = signal.getsignal(signal.SIGINT), [], []
    with DeferredInterrupt(said.append) as interrupt:
        interrupt.check()
        press_ctrl_c()
        reached.append("after Ctrl-C")
        interrupt.check()
        reached.append("after the check")
    assert reached == ["after Ctrl-C"] and interrupt.requested and "again" in said[0]
    assert signal.getsignal(signal.SIGINT) is before


def test_the_second_ctrl_c_does_not_wait():
    reached = []
    with DeferredInterrupt(lambda _: None) as interrupt:
        press_ctrl_c()
        reached.append("after one")
        press_ctrl_c()
        reached.append("after two")
    assert reached == ["after one"] and interrupt.requested


def test_other_errors_pass_and_the_handler_is_restored():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(ZeroDivisionError), DeferredInterrupt() as interrupt:
        1 / 0  # noqa: B018
    assert not interrupt.requested and signal.getsignal(signal.SIGINT) is before


def test_in_another_thread_the_handler_stays_as_it_is():
    before, seen = signal.getsignal(signal.SIGINT), []

    def work():
        with DeferredInterrupt() as interrupt:
            interrupt.check()
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]
