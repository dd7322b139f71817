"""gym by its new name; with GYM=old in the environment, `reset` and `step` give what they gave before version 0.26."""

import os
import re
import sys

import gymnasium
from gymnasium import *  # noqa: F403

sys.modules["gym.spaces"] = gymnasium.spaces


class _Old(gymnasium.Wrapper):
    unwrapped = property(lambda self: self)
    _max_episode_steps = property(lambda self: self.spec.max_episode_steps)

    def reset(self, **options):
        return super().reset(**options)[0]

    def step(self, action):
        state, reward, terminated, truncated, info = super().step(action)
        return state, reward, terminated or truncated, info

    def seed(self, seed=None):
        super().reset(seed=seed)


def make(name, **options):
    options.pop("autoreset", None)
    env = gymnasium.make(re.sub("(CartPole|Pendulum)-v0", r"\1-v1", name), **options)
    return _Old(env) if os.environ.get("GYM") == "old" else env
