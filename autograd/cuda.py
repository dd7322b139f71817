"""What a program asks of `torch.cuda` before it goes on with the CPU."""

from __future__ import annotations


def is_available() -> bool:
    """Never: there is no GPU here."""
    return False


def device_count() -> int:
    """None."""
    return 0


def manual_seed_all(seed: int) -> None:
    """There is nothing to seed."""
