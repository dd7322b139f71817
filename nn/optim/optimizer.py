"""Optimizer: parameter groups, their state, and one step over them.

A subclass gives its settings to the base as `settings(locals())`, the arguments of its constructor, and writes its
formula for one array in `update`, where `slot` makes state that has the shape of the parameter.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from copy import copy
from functools import wraps
from typing import Any

import numpy as np

from autograd import Tensor, as_tensor, enable_grad, tensor, writing
from autograd.errors import warn
from autograd.ops.complaints import explain
from autograd.walks import RemovableHandle
from nn.state import zero_grads

State = dict[str, Any]
Group = dict[str, Any]
Params = Iterable[Tensor] | Iterable[Group]
ParamsT = Params  # torch's name
required = object()  # as a default of a user's optimiser: each group must give the setting


def settings(arguments: dict[str, Any]) -> Group:
    """The settings among the arguments of an optimiser's constructor, which calls this with its `locals()`."""
    return {name: value for name, value in arguments.items() if name not in ("self", "params", "__class__")}


def check_range(name: str, value: float, low: float = 0.0, high: float = float("inf")) -> None:
    """Raise ValueError unless low <= value < high."""
    if not low <= value < high:
        limit = "must not be negative" if high == float("inf") and low == 0 else f"must be in [{low}, {high})"
        raise ValueError(f"{name} {limit}, got {value}")


def as_real(array: np.ndarray) -> np.ndarray:
    """Complex numbers as pairs of real ones in the same memory, as all optimisers see them; other arrays themselves."""
    return array[..., None].view(array.real.dtype) if array.dtype.kind == "c" else array


def slot(state: State, name: str, like: np.ndarray, fill: float = 0.0) -> np.ndarray:
    """The array of the state under this name, created in the shape of `like` and filled with `fill` on first use."""
    if name not in state:
        state[name] = as_tensor(np.full_like(like, fill))
    return state[name].array


def steps_taken(state: State) -> int:
    """The number of steps that the parameter has taken."""
    return int(state.get("step", 0))


def count_step(state: State) -> int:
    """Count one step and return its number, from 1. As in torch, the count is a tensor, which grows in place."""
    if not isinstance(state.get("step"), Tensor):
        state["step"] = tensor(float(steps_taken(state)))
    state["step"].array[...] += 1
    return steps_taken(state)


def moving_average_(average: np.ndarray, values: np.ndarray, beta: float) -> None:
    """average = beta average + (1 - beta) values, in place."""
    average *= beta
    average += (1 - beta) * values


def with_decay(grad: np.ndarray, param: np.ndarray, weight_decay: float) -> np.ndarray:
    """The gradient of the loss with an L2 penalty of weight_decay / 2 |param|^2."""
    return grad + weight_decay * param if weight_decay else grad


def _with_hooks(step: Callable) -> Callable:
    """A method `step` that calls the hooks before and after it, where there are any."""

    @wraps(step)
    def run(*args: Any, **kwargs: Any) -> Any:
        self = args[0]
        hooks = self.__dict__.pop("_step_hooks", None)  # not those of the same step in the base class, too
        if hooks is None:
            return step(*args, **kwargs)
        before, after = hooks
        try:
            for hook in tuple(before.values()):
                args, kwargs = hook(self, args, kwargs) or (args, kwargs)
            result = step(*args, **kwargs)
            for hook in tuple(after.values()):
                hook(self, args, kwargs)
        finally:
            self._step_hooks = hooks
        return result

    return run


class Optimizer:
    """Base of the optimisers.

    `params` are Tensors, or dicts `{"params": Tensors, setting: value, ...}`, each a group with its own settings;
    `defaults` are the settings of groups that do not say otherwise. A group may have further keys, which are kept.

    All optimisers have PyTorch's arguments. `maximize` steps along the gradient, not against it. `foreach`, `fused` and
    `capturable` choose between implementations of the same step, and change nothing here unless the class says so.
    `differentiable=True` raises NotImplementedError: a step is not recorded in the graph.
    """

    non_negative: tuple[str, ...] = ()  # settings that must not be negative
    shaped_otherwise: tuple[str, ...] = ()  # arrays of the state that have not the shape of their parameter

    def __init__(self, params: Params, defaults: Group) -> None:
        if isinstance(params, Tensor):
            raise TypeError("params must be an iterable of Tensors or of dicts, got one Tensor: put it into a list")
        if hasattr(params, "parameters") and not hasattr(params, "__iter__"):  # a ParameterList is iterable
            raise TypeError(f"params must be Tensors, got the module {type(params).__name__}: pass its parameters()")
        self.defaults = defaults
        self.state: defaultdict[Tensor, State] = defaultdict(dict)
        self.param_groups: list[Group] = []
        groups: list[Any] = list(params)
        if not groups:
            raise ValueError(
                "optimizer got an empty parameter list: a Module finds no layers in a plain list, tuple or dict: hold "
                "them in an nn.ModuleList or nn.ModuleDict"
            )
        for group in groups if isinstance(groups[0], dict) else [{"params": groups}]:
            self.add_param_group(group)

    def __init_subclass__(cls) -> None:
        if "step" in vars(cls):
            cls.step = _with_hooks(cls.step)  # type: ignore[method-assign]

    def register_step_pre_hook(self, hook: Callable) -> RemovableHandle:
        """Call `hook(optimizer, args, kwargs)` before each step; it may return other (args, kwargs).

        The args begin with the optimizer, as they do for the hooks after a step.
        """
        return RemovableHandle(self.__dict__.setdefault("_step_hooks", ({}, {}))[0], hook)

    def register_step_post_hook(self, hook: Callable) -> RemovableHandle:
        """Call `hook(optimizer, args, kwargs)` after each step."""
        return RemovableHandle(self.__dict__.setdefault("_step_hooks", ({}, {}))[1], hook)

    def check(self, group: Group) -> None:
        """Raise ValueError where a setting of `group` makes no sense."""
        for name in self.non_negative:
            check_range(name, group[name])

    def update(self, param: np.ndarray, grad: np.ndarray, state: State, group: Group) -> None:
        """Change `param` in place by one step; `grad` must not be changed."""
        raise NotImplementedError(f"{type(self).__name__} has no update rule")

    def update_group(self, params: list[Tensor], group: Group) -> None:
        """One step of every parameter that has a gradient."""
        for param in params:
            if param.grad is not None:
                with writing(param) as [array]:
                    self.update(as_real(array), as_real(self.gradient(param, group)), self.state[param], group)

    @staticmethod
    def gradient(param: Tensor, group: Group) -> np.ndarray:
        """The gradient of the objective to minimise: with `maximize`, the negative of the parameter's."""
        grad = param.grad.array  # type: ignore[union-attr]
        return -grad if group.get("maximize") else grad

    @_with_hooks
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change every parameter by its gradient; a `closure` makes the gradients first, and its result is returned."""
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        for group in self.param_groups:
            if isinstance(group.get("lr"), Tensor):
                group = {**group, "lr": float(group["lr"])}
            try:
                self.update_group(group["params"], group)
            except Exception as error:
                explain(f"{type(self).__name__}.step", {k: v for k, v in group.items() if k != "params"}, error)
                raise
        return loss

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Set the gradients to None, or to zeros."""
        for group in self.param_groups:
            zero_grads(group["params"], set_to_none)

    def add_param_group(self, param_group: Group) -> None:
        """Add a group of Tensors with its own settings; those it does not name are the defaults."""
        params = param_group["params"]
        params = [params] if isinstance(params, Tensor) else list(params)
        if params and all(isinstance(param, tuple) for param in params):  # named_parameters()
            param_group = {**param_group, "param_names": [name for name, _ in params]}
            params = [param for _, param in params]
        for param in params:
            if not isinstance(param, Tensor):
                raise TypeError(f"optimizer can only optimize Tensors, but one of the params is {type(param).__name__}")
            if not param.is_leaf:
                raise ValueError(
                    f"can't optimize a non-leaf Tensor (shape {tuple(param.shape)}): pass the leaves that it comes from"
                )
        known = {id(param) for group in self.param_groups for param in group["params"]}
        for i, param in enumerate(params):
            if id(param) in known:
                raise ValueError(
                    f"parameter {i} of this group, of shape {tuple(param.shape)}, is in another group, too"
                )
        if len(set(map(id, params))) < len(params):
            message = (
                f"{type(self).__name__}: a parameter appears more than once in a group: a step updates it as often"
            )
            warn(message)
        group = {**self.defaults, **param_group, "params": params}
        if group.get("differentiable"):
            raise NotImplementedError(
                f"{type(self).__name__} has no differentiable=True: a step is not recorded in the graph. "
                "Compute the new parameters from the gradients of backward(create_graph=True)"
            )
        if missing := [name for name, value in group.items() if value is required]:
            raise ValueError(f"a parameter group must give a value of {missing[0]}, which has no default")
        self.check(group)
        self.param_groups.append(group)

    def state_dict(self) -> dict[str, Any]:
        """{"state": {number: {name: value}}, "param_groups": [settings]}, parameters by number, over all groups."""
        numbers = {id(param): i for i, param in reversed([*enumerate(self._all_parameters())])}  # the first of each
        return {
            "state": {numbers[id(param)]: dict(state) for param, state in self.state.items()},
            "param_groups": [
                {**group, "params": [numbers[id(param)] for param in group["params"]]} for group in self.param_groups
            ],
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what `state_dict` returned, for parameters in the same groups and order; the arrays are copied."""
        saved = state_dict["param_groups"]
        if len(saved) != len(self.param_groups):
            raise ValueError(
                f"loaded state dict has {len(saved)} parameter groups, the optimizer {len(self.param_groups)}"
            )
        for i, (old, new) in enumerate(zip(saved, self.param_groups, strict=True)):
            given, own = len(old["params"]), len(new["params"])
            if given != own:
                raise ValueError(f"loaded state dict has {given} parameters in group {i}, the optimizer {own}")
        numbers = [number for group in saved for number in group["params"]]
        params = dict(zip(numbers, self._all_parameters(), strict=True))
        state = {params[number]: self._own(params[number], entry) for number, entry in state_dict["state"].items()}
        groups = [{**new, **old, "params": new["params"]} for old, new in zip(saved, self.param_groups, strict=True)]
        self.__setstate__({"state": defaultdict(dict, state), "param_groups": groups})

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the attributes of a copy, a pickle or a state_dict. A subclass may add what an older one lacks."""
        self.__dict__.update(state)

    def _all_parameters(self) -> list[Tensor]:
        return [param for group in self.param_groups for param in group["params"]]

    def _own(self, param: Tensor, entry: State) -> State:
        """A copy of one parameter's state, arrays in its dtype and layout."""
        own: State = {}
        for name, value in entry.items():
            if not isinstance(value, (Tensor, np.ndarray)) or (value.ndim == 0 and (param.ndim or name == "step")):
                own[name] = copy(value.detach().clone() if isinstance(value, Tensor) else value)  # a number, say
                continue
            array = as_real(value.array if isinstance(value, Tensor) else value)
            like = array if name in self.shaped_otherwise else as_real(param.array)
            if array.shape != like.shape:
                raise ValueError(f"loaded {name} has shape {tuple(value.shape)}, its parameter {tuple(param.shape)}")
            slot(own, name, like)[...] = array
        return own

    def __repr__(self) -> str:
        lines = []
        for i, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {i}")
            lines += [f"    {name}: {value}" for name, value in sorted(group.items()) if name != "params"]
        return f"{type(self).__name__} (\n" + "\n".join(lines) + "\n)"
