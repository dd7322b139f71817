"""The description of a model's weights, of which there are none."""


def _cfg(**settings):
    return settings
