"""What the explorer's pages share: the models that are served, and the trainings that run."""

from __future__ import annotations

from typing import NamedTuple

from demos.explorer.lessons import Lessons
from demos.explorer.models import Models


class Explorer(NamedTuple):
    """The state of a server."""

    models: Models
    lessons: Lessons
