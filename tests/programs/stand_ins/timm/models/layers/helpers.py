"""A number twice, or a pair."""


def to_2tuple(value):
    return tuple(value) if isinstance(value, (tuple, list)) else (value, value)
