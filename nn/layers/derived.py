"""FunctionLayer: a layer whose forward is one function, and whose settings are the arguments of that function."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from autograd import Tensor
from nn.module import Module

_OF_THE_CALL = ("training", "dtype", "generator", "_stacklevel", "out")  # no settings: `training` is the module's own


class FunctionLayer(Module):
    """Base of the layers that a function defines: `class Mish(FunctionLayer, of=F.mish)`.

    The first `inputs` arguments of the function are those of `forward`. The others are the settings: the arguments of
    the constructor, with the function's defaults unless `defaults` has others, and attributes. `only` names the
    settings, where they are in another order or not all. A Tensor among them is a buffer.
    """

    _function: Callable[..., Any]
    _settings: tuple[str, ...] = ()
    _passed: tuple[str, ...] = ()

    def __init_subclass__(
        cls,
        of: Callable[..., Any] | None = None,
        inputs: int = 1,
        only: str | None = None,
        defaults: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init_subclass__(**kwargs)
        if of is None:
            return
        found = dict(list(inspect.signature(of).parameters.items())[inputs:])
        cls._function = staticmethod(of)
        cls._settings = tuple(n for n in found if n not in _OF_THE_CALL) if only is None else tuple(only.split())
        cls._passed = (*cls._settings, *[name for name in ("training",) if name in found])
        parameters = [
            found[name].replace(default=(defaults or {}).get(name, found[name].default)) for name in cls._settings
        ]
        signature = inspect.Signature([inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD), *parameters])

        def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
            Module.__init__(self)
            try:
                bound = signature.bind(self, *args, **kwargs)
            except TypeError as error:
                raise TypeError(f"{type(self).__name__}.__init__() {error}") from None
            bound.apply_defaults()
            for name, value in list(bound.arguments.items())[1:]:
                if isinstance(value, Tensor) or name in ("weight", "pos_weight"):
                    self.register_buffer(name, value)
                else:
                    setattr(self, name, value)
            self._check_settings()

        __init__.__signature__ = signature  # type: ignore[attr-defined]
        cls.__init__ = __init__  # type: ignore[method-assign]

    if TYPE_CHECKING:  # each class has one of its own

        def __init__(self, *args: Any, **kwargs: Any) -> None: ...

    def _check_settings(self) -> None:
        """Raise ValueError where a setting makes no sense."""

    def forward(self, *inputs: Any, **named: Any) -> Any:
        """The function of the inputs, by position or by name, and of the settings."""
        for name in self._passed:
            named[name] = getattr(self, name)
        return self._function(*inputs, **named)

    def extra_repr(self) -> str:
        shown = [(name, getattr(self, name)) for name in self._settings]
        return ", ".join(f"{name}={value!r}" for name, value in shown if name != "inplace" or value)
