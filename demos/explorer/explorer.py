"""What the explorer's pages share: the models that are served."""

from __future__ import annotations

from typing import NamedTuple

from demos.explorer.models import Models


class Explorer(NamedTuple):
    """The state of a server."""

    models: Models
