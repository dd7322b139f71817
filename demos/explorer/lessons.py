"""The trainings that run, each by its name."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

from demos.explorer.lesson import Lesson


class Lessons:
    """The lessons of all pages. One more than there is room for ends the one that was left alone the longest."""

    def __init__(self, room: int = 8) -> None:
        self.room, self._lock = room, threading.Lock()
        self._lessons: OrderedDict[str, tuple[Lesson, threading.Lock]] = OrderedDict()

    def add(self, lesson: Lesson) -> str:
        """The name of a new lesson."""
        name = secrets.token_urlsafe(8)
        with self._lock:
            self._lessons[name] = lesson, threading.Lock()
            while len(self._lessons) > self.room:
                self._lessons.popitem(last=False)
        return name

    def __contains__(self, name: str) -> bool:
        with self._lock:
            return name in self._lessons

    @contextmanager
    def use(self, name: str) -> Iterator[Lesson]:
        """The lesson, which nobody else uses meanwhile. Raises LookupError where it has ended."""
        with self._lock:
            if name not in self._lessons:
                raise LookupError("this training has ended, because others were begun after it: begin a new one")
            self._lessons.move_to_end(name)
            lesson, lock = self._lessons[name]
        with lock:
            yield lesson
