"""`torch.futures`: results that another thread will give."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable, Iterable
from typing import Any


class Future(concurrent.futures.Future):
    """A result that another thread will give, by `set_result` or `set_exception`, which are Python's."""

    def __init__(self, *, devices: Any = None) -> None:
        super().__init__()

    def wait(self) -> Any:
        """The result, when it is there; raises what `set_exception` was given."""
        return self.result()

    value = wait

    def then(self, callback: Callable[[Future], Any]) -> Future:
        """The future result of `callback`, which is called with this future once that is done."""
        after = Future()

        def run(done: Any) -> None:
            try:
                after.set_result(callback(done))
            except BaseException as error:
                after.set_exception(error)

        self.add_done_callback(run)
        return after


def collect_all(futures: Iterable[Future]) -> Future:
    """A future whose result is the list of these, once all are done."""
    futures, whole = list(futures), Future()
    left = iter(range(len(futures) - 1, -1, -1))  # how many are not done yet

    def one_more(_: Any) -> None:
        if next(left) == 0:
            whole.set_result(futures)

    for future in futures:
        future.add_done_callback(one_more)
    if not futures:
        whole.set_result(futures)
    return whole


def wait_all(futures: Iterable[Future]) -> list[Any]:
    """The results of all, when they are there."""
    return [future.wait() for future in futures]
