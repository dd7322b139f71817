"""Whether a call with hostile arguments did what it should: an answer, or an error that says what was wrong."""

from __future__ import annotations

import re
import resource
import signal
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from autograd.base import TensorBase

ERRORS = (TypeError, ValueError, IndexError, RuntimeError, BufferError)  # the last is what DLPack's protocol asks for
SECONDS = 20
MEMORY = 1 << 30  # bytes that a call may take, of arguments of a few elements

# What Python, NumPy and Numba say of their own insides: enough only after a function's name and what it was given.
INSIDES = re.compile(
    r"^$|has no attribute|numba|ufunc|object is not (callable|iterable|subscriptable)|has no len\(|lambda|<locals>"
    r"|__\w+__|referenced before|unsupported operand|'[<>]' not supported|not enough values|too many values"
    r"|cannot access local|scalar arrays can be converted|object cannot be interpreted"
)
EXPLAINED = re.compile(r"[\w.]+\(.*\): ", re.DOTALL)


class Slow(BaseException):
    """The call took too long."""


@contextmanager
def limited() -> Iterator[None]:
    """A context that has SECONDS of processor time, ten times as long by the clock, and MEMORY beside what is taken."""

    def stop(*_: object) -> None:
        raise Slow

    with open("/proc/self/statm") as file:
        taken = int(file.read().split()[0]) * resource.getpagesize()
    before, hard = resource.getrlimit(resource.RLIMIT_AS)
    timers = {signal.ITIMER_PROF: (signal.SIGPROF, SECONDS), signal.ITIMER_REAL: (signal.SIGALRM, 10 * SECONDS)}
    handlers = {number: signal.signal(number, stop) for number, _ in timers.values()}
    for timer, (_, seconds) in timers.items():
        signal.setitimer(timer, seconds)
    resource.setrlimit(resource.RLIMIT_AS, (taken + MEMORY, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (before, hard))
        for timer, (number, _) in timers.items():
            signal.setitimer(timer, 0)
            signal.signal(number, handlers[number])


def fault(call: Callable[[], Any], given: Sequence[Any] = ()) -> str | None:
    """What is wrong with how a call ends, in words; None where it gives an answer, or an error that says enough.

    One of the `given` arguments, as it was, is an answer: dropout of what it is not to change, say.
    """
    try:
        with limited(), warnings.catch_warnings(action="ignore"), np.errstate(all="ignore"):
            result = call()
    except Slow:
        return f"it took more than {SECONDS} s"
    except MemoryError as error:  # NumPy says how many bytes were asked for
        return None if EXPLAINED.match(str(error)) or "allocate" in str(error) else "a MemoryError that says nothing"
    except Exception as error:
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        if trace is not None and trace.tb_frame.f_globals["__name__"].startswith("tests."):
            return None  # a function of the tests that is called with what it does not take
        said = isinstance(error, ERRORS) and (EXPLAINED.match(str(error)) or not INSIDES.search(str(error)))
        return None if said else f"{type(error).__name__}: {error}"
    for value in result if isinstance(result, tuple) else (result,):
        array = value.array if isinstance(value, TensorBase) else value
        if any(value is one for one in given):
            continue
        if isinstance(array, np.ndarray) and array.dtype.kind not in "fiubc":
            return f"its result has the dtype {array.dtype}"
    return None
