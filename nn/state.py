"""The state of a module as a dict of tensors: saved, loaded, cast; and what it knows of its own parts."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd import Tensor, writing, zeros_like
from nn.parameter import Parameter

if TYPE_CHECKING:
    from nn.module import Module


class LoadResult(NamedTuple):
    """What loading without `strict` passed over."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not any(self):
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


_IncompatibleKeys = LoadResult  # torch's name


class State:
    """The part of Module that gives and takes its state; `self` is the Module."""

    _version = 1  # of what a class has in its state, for `_load_from_state_dict` to ask its `local_metadata` about

    def state_dict(
        self: Any, *, destination: dict[str, Any] | None = None, prefix: str = "", keep_vars: bool = False
    ) -> dict[str, Any]:
        """Every parameter and persistent buffer by its dotted path, sharing the module's memory.

        A tied parameter appears under each of its names. With `keep_vars` the values are the Parameters themselves.
        A `destination` is filled and returned. The `_metadata` of a new dict has the `_version` of each module.
        """
        state: Any = OrderedDict() if destination is None else destination
        if destination is None:
            state._metadata = OrderedDict()
        self._add_state(state, prefix, keep_vars)
        return state

    def _add_state(self: Any, state: Any, prefix: str, keep_vars: bool) -> None:
        """Put what this module and its children hold into `state`."""
        local_metadata = {"version": self._version}
        if hasattr(state, "_metadata"):
            state._metadata[prefix[:-1]] = local_metadata
        self._run_state_hooks("save_pre", self, prefix, keep_vars)
        self._save_to_state_dict(state, prefix, keep_vars)
        for name, child in self._own("_modules"):
            child._add_state(state, f"{prefix}{name}.", keep_vars)
        self._run_state_hooks("save_post", self, state, prefix, local_metadata)

    def _save_to_state_dict(self: Any, destination: dict[str, Tensor], prefix: str, keep_vars: bool) -> None:
        """Put the tensors of this very module into `destination`; a subclass may put there what else it has."""
        for name, tensor in self._own("_parameters", "_buffers"):
            if name not in self._non_persistent_buffers_set:
                destination[prefix + name] = tensor if keep_vars else tensor.detach()

    def load_state_dict(
        self: Any, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> LoadResult:
        """Copy values in by name, cast to the module's dtypes; nothing is changed if anything does not fit.

        Raises one RuntimeError that lists every key that is missing, is unexpected or has another shape.
        `strict=False` allows the first two kinds and returns them. `assign` takes the given tensors themselves.
        """
        given: Any = OrderedDict(state_dict)
        given._metadata, result, errors = getattr(state_dict, "_metadata", {}), LoadResult([], []), list[str]()
        copies: list[Callable[[], None]] = []
        modules = list(self.named_modules(remove_duplicate=False))
        for path, module in modules:
            local = {**given._metadata.get(path, {}), "assign_to_params_buffers": assign, "copies": copies}
            module._load_from_state_dict(given, f"{path}." if path else "", local, True, *result, errors)

        def check() -> None:
            kinds = zip(("Missing", "Unexpected"), result)
            wrong = [f"{kind} key(s) in state_dict: {', '.join(map(repr, keys))}." for kind, keys in kinds if keys]
            if problems := [*(wrong if strict else []), *errors]:
                name = type(self).__name__
                raise RuntimeError(f"Error(s) in loading state_dict for {name}:\n\t" + "\n\t".join(problems))

        if errors or not any(module._state_hooks.get("load_post") for _, module in modules):
            check()
        for copy in copies:
            copy()
        for _, module in reversed(modules):
            module._run_state_hooks("load_post", module, result)
        check()
        return result

    def _load_from_state_dict(
        self: Any, state_dict: dict[str, Any], prefix: str, local_metadata: dict[str, Any], strict: bool,
        missing_keys: list[str], unexpected_keys: list[str], error_msgs: list[str],
    ) -> None:  # fmt: skip
        """Copy the tensors of this very module, whose keys begin with `prefix`; a subclass may do more, or otherwise.

        What does not fit is added to the lists. The `local_metadata` has the `_version` of the module that was saved,
        if it is known, and may have a list for the copies, which are then made later.
        """
        self._run_state_hooks(
            "load_pre", self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
        )
        own: dict[str, Tensor] = {}
        State._save_to_state_dict(self, own, prefix, True)
        for key, tensor in own.items():
            if key not in state_dict:
                missing_keys += [key] if strict else []
                continue
            value = state_dict[key]
            if (shape := tuple(value.shape)) != tuple(tensor.shape):
                error_msgs.append(f"size mismatch for {key}: state_dict has {shape}, the module {tuple(tensor.shape)}.")
                continue
            assign = local_metadata.get("assign_to_params_buffers", False)
            copy = partial(_copy, self, key[len(prefix) :], tensor, value, assign)
            if "copies" in local_metadata:
                local_metadata["copies"].append(copy)
            else:
                copy()
        children = dict(self._own("_modules"))
        for key in filter(lambda key: key.startswith(prefix), state_dict if strict else ()):
            name, dot, _ = key[len(prefix) :].partition(".")
            if name not in children if dot else key not in own:
                unexpected_keys.append(key)


def _copy(module: Module, name: str, tensor: Tensor, value: Any, assign: bool) -> None:
    """Copy the value into the tensor that the module has under this name, or assign it to the name."""
    if not assign:
        with writing(tensor) as [array]:
            array[...] = value.array if isinstance(value, Tensor) else value
        return
    if isinstance(tensor, Parameter) and not isinstance(value, Parameter):
        value = Parameter(value, requires_grad=tensor.requires_grad)
    setattr(module, name, value)


def remember_buffers(module: Module) -> Callable[[], None]:
    """A function that gives all buffers of a module the numbers back that they have now."""
    before = [(m, name, b, b.array.copy()) for m in module.modules() for name, b in m._own("_buffers")]

    def put_back() -> None:
        for m, name, buffer, array in before:
            buffer.array[...] = array
            setattr(m, name, buffer)

    return put_back


def cast(tensor: Tensor, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
    """What `Tensor.to` makes of a floating-point or complex tensor; other tensors stay as they are."""
    converted = tensor.to(*args, **kwargs)
    if tensor.array.dtype.kind not in "fc":
        return tensor
    if converted.array.dtype.kind not in "fc":
        raise TypeError(f"Module.to takes a floating-point or complex dtype, got {converted.dtype}")
    return converted


def zero_grads(tensors: Iterable[Tensor], set_to_none: bool) -> None:
    """Set the gradients to None, or to zeros."""
    for tensor in tensors:
        if set_to_none:
            tensor.grad = None
        elif tensor.grad is not None:
            tensor.grad = zeros_like(tensor.grad)
