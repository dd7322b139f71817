"""Optimisers that treat a matrix as a whole: Adafactor and Muon."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nn.optim.optimizer import Group, Optimizer, Params, State, check_range, count_step, moving_average_, settings, slot

__all__ = ["Adafactor", "Muon"]


def _root_mean_square(array: np.ndarray) -> float:
    return float(np.linalg.norm(array.reshape(-1))) / math.sqrt(array.size)


class Adafactor(Optimizer):
    """Adam whose squares are kept as a row and a column for each matrix (Shazeer and Stern 2018).

    The rate is relative to the size of the parameter, at least eps[1], and updates above `d` are scaled down.
    """

    non_negative = ("lr", "weight_decay")
    shaped_otherwise = ("row_var", "col_var")

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, settings(locals()))

    def check(self, group: Group) -> None:
        """Raise ValueError where a setting makes no sense."""
        super().check(group)
        if group["beta2_decay"] > 0:
            raise ValueError(f"beta2_decay must not be positive, got {group['beta2_decay']}")
        if group["d"] < 1:
            raise ValueError(f"d must be at least 1, got {group['d']}")
        check_range("eps[0]", group["eps"][0] or 0.0)
        check_range("eps[1]", group["eps"][1])

    def update(self, param: np.ndarray, grad: np.ndarray, state: State, group: Group) -> None:
        """One step of one array: Shazeer and Stern 2018, algorithms 4 and 5."""
        t = count_step(state)
        beta2 = 1 - t ** group["beta2_decay"]
        eps, smallest = group["eps"]
        eps = np.finfo(param.dtype).eps if eps is None else eps
        rate = max(smallest, _root_mean_square(param)) * min(group["lr"], 1 / math.sqrt(t))
        if group["weight_decay"]:
            param *= 1 - group["lr"] * group["weight_decay"]
        squares = grad * grad
        if grad.ndim > 1:
            row, column = slot(state, "row_var", grad[..., :1]), slot(state, "col_var", grad[..., :1, :])
            moving_average_(row, squares.mean(-1, keepdims=True), beta2)
            moving_average_(column, squares.mean(-2, keepdims=True), beta2)
            v = row @ column / np.maximum(row.mean(-2, keepdims=True), eps)
        else:
            v = slot(state, "variance", param)
            moving_average_(v, squares, beta2)
        step = grad / np.sqrt(np.maximum(v, eps * eps))
        param -= rate / max(1.0, _root_mean_square(step) / group["d"]) * step


def orthogonalised(matrix: np.ndarray, coefficients: tuple[float, float, float], steps: int, eps: float) -> np.ndarray:
    """Nearly U V^T of the matrix U S V^T, by Newton-Schulz iterations of degree 5 (Jordan et al. 2024)."""
    a, b, c = coefficients
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / max(float(np.linalg.norm(x)), eps)
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if tall else x


class Muon(Optimizer):
    """Momentum whose steps are orthogonal matrices (Jordan et al. 2024); every parameter must be a matrix.

    `adjust_lr_fn` scales the rate by the shape (A, B): "original" by sqrt(max(1, A / B)), "match_rms_adamw" by
    0.2 sqrt(max(A, B)). Here the iterations are in the dtype of the parameter; PyTorch takes bfloat16.
    """

    non_negative = ("lr", "weight_decay", "momentum")

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.775, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        if adjust_lr_fn not in (None, "original", "match_rms_adamw"):
            raise ValueError(f"Muon: adjust_lr_fn must be 'original' or 'match_rms_adamw', got {adjust_lr_fn!r}")
        super().__init__(params, settings(locals()))

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group, all of whose parameters must be matrices."""
        super().add_param_group(param_group)
        for param in self.param_groups[-1]["params"]:
            if param.ndim != 2:
                raise ValueError(f"Muon needs matrices, got a parameter of shape {tuple(param.shape)}")

    def update(self, param: np.ndarray, grad: np.ndarray, state: State, group: Group) -> None:
        momentum, (rows, columns) = group["momentum"], param.shape
        buffer = slot(state, "momentum_buffer", param)
        moving_average_(buffer, grad, momentum)
        step = (1 - momentum) * grad + momentum * buffer if group["nesterov"] else buffer
        step = orthogonalised(step, group["ns_coefficients"], group["ns_steps"], group["eps"])
        wide = group["adjust_lr_fn"] == "match_rms_adamw"
        scale = 0.2 * math.sqrt(max(rows, columns)) if wide else math.sqrt(max(1, rows / columns))
        param *= 1 - group["lr"] * group["weight_decay"]
        param -= group["lr"] * scale * step
