"""Nothing is shown."""


def set_matplotlib_formats(*formats, **options):
    pass
