"""`torch.nn._reduction`: reductions as numbers and by their old names, which other libraries' losses ask for."""

from __future__ import annotations

from nn.functional.loss import check_reduction, reduction_of

__all__ = ["get_enum", "legacy_get_enum", "legacy_get_string"]


def get_enum(reduction: str) -> int:
    """0 for "none", 1 for "mean", 2 for "sum"; ValueError for another name."""
    check_reduction(reduction := reduction_of(None, None, reduction))
    return ("none", "mean", "sum").index(reduction)


def legacy_get_string(size_average: bool | None, reduce: bool | None, emit_warning: bool = True) -> str:
    """The reduction that the old arguments mean."""
    return reduction_of(size_average, reduce, "mean")


def legacy_get_enum(size_average: bool | None, reduce: bool | None, emit_warning: bool = True) -> int:
    """The number of the reduction that the old arguments mean."""
    return get_enum(legacy_get_string(size_average, reduce))
