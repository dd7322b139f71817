"""Hypothesis draws the same examples in every run; `pytest --hypothesis-profile=explore` draws new ones, and more."""

from hypothesis import HealthCheck, settings

import autograd

autograd.ops.load()  # tests look through the whole table

UNHURRIED = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large]}

settings.register_profile("steady", derandomize=True, database=None, **UNHURRIED)
settings.register_profile("explore", **UNHURRIED)
settings.register_profile("brief", settings.get_profile("steady"), max_examples=5)  # enough to see which lines run
settings.load_profile("steady")
