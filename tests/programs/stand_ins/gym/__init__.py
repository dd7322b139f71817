"""gym by its new name."""

from gymnasium import *  # noqa: F403
