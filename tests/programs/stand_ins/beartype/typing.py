"""The names of typing."""

from typing import *  # noqa: F403
