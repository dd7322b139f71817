"""A notebook in which nothing is shown."""

from IPython import display

version_info = (9, 0, 0)


def get_ipython():
    return None
