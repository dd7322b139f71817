"""A log of runs that keeps none."""


def init(*args, **kwargs):
    pass


log = finish = watch = init
