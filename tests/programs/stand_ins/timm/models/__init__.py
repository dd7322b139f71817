"""The registry, by its usual place."""

from timm.models.registry import register_model  # noqa: F401
