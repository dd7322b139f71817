"""What the explorer's pages share: the models that are served, and the trainings that run."""

from __future__ import annotations

from dataclasses import dataclass, field

from demos.explorer.lessons import Lessons
from demos.explorer.models import Models


@dataclass(frozen=True)
class Explorer:
    """The state of a server."""

    models: Models
    lessons: Lessons = field(default_factory=Lessons)
