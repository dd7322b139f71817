"""Models built from `nn`, and the tokenizers that feed them."""

from pkgutil import extend_path

# A program's own folder `models` that has no __init__.py would be hidden by this package: its modules come first.
__path__ = [*extend_path([], __name__), *__path__]
