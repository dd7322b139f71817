"""A notebook in which nothing is shown."""

from IPython import display


def get_ipython():
    return None
