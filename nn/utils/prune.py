"""Pruning: a mask sets elements of a parameter to 0 before each forward.

The parameter `weight` becomes the parameter `weight_orig` and the buffer `weight_mask`, and `weight` their product.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

from autograd import Tensor, cat, ones_like, rand, rand_like, topk
from nn.hooks import register
from nn.module import Module


class BasePruningMethod(ABC):
    """A way to choose a mask, in `compute_mask` of a subclass; an instance is the hook before a forward.

    The PRUNING_TYPE says among what a second pruning chooses: the "unstructured" elements, or the "structured" slices
    along `self.dim`, that are not masked out yet, or everything ("global").
    """

    PRUNING_TYPE: str
    dim: int
    _tensor_name = ""

    @abstractmethod
    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The default mask with more zeros, chosen by the scores t, which are of the same shape."""

    def __call__(self, module: Module, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
        setattr(module, self._tensor_name, self.apply_mask(module))
        return args, kwargs

    def apply_mask(self, module: Module) -> Tensor:
        """The original parameter, with zeros where the mask has them."""
        original = getattr(module, f"{self._tensor_name}_orig")
        return getattr(module, f"{self._tensor_name}_mask").to(original.dtype) * original

    def prune(self, t: Tensor, default_mask: Any = None, importance_scores: Any = None) -> Tensor:
        """The tensor with zeros where the mask, chosen by the scores or else by t itself, has them."""
        mask = ones_like(t) if default_mask is None else default_mask
        return t * self.compute_mask(t if importance_scores is None else importance_scores, mask).to(t.dtype)

    @classmethod
    def apply(cls, module: Module, name: str, *args: Any, importance_scores: Any = None, **kwargs: Any) -> Any:
        """Prune the parameter of this name; what was masked out before stays masked out. Returns the hook."""
        hook, pruned, before = cls(*args, **kwargs), getattr(module, name), _hooks(module, name)
        scores = pruned if importance_scores is None else importance_scores
        if scores.shape != pruned.shape:
            raise ValueError(f"the importance_scores {tuple(scores.shape)} must be of the shape {tuple(pruned.shape)}")
        mask = (getattr(module, f"{name}_mask") if before else ones_like(pruned)).detach()
        hook._tensor_name = name
        hook = PruningContainer(*before.values(), hook) if before else hook
        mask = hook.compute_mask(scores.detach(), mask)
        for key in before:
            del module._forward_pre_hooks[key]
        if not before:
            delattr(module, name)
            module.register_parameter(f"{name}_orig", pruned)
        module.register_buffer(f"{name}_mask", mask)
        setattr(module, name, hook.apply_mask(module))
        register(module._forward_pre_hooks, hook)
        return hook

    @classmethod
    def _applied(cls, module: Module, name: str, *args: Any, **kwargs: Any) -> Module:
        """Prune the parameter of this name, by the arguments of the class, and return the module."""
        cls.apply(module, name, *args, **kwargs)
        return module


class PruningContainer(BasePruningMethod):
    """Methods in turn, the last of which chooses among what those before it have left."""

    def __init__(self, *args: BasePruningMethod) -> None:
        self._pruning_methods: list[BasePruningMethod] = []
        for arg in args:
            for method in arg._pruning_methods if isinstance(arg, PruningContainer) else [arg]:
                self.add_pruning_method(method)

    def add_pruning_method(self, method: BasePruningMethod) -> None:
        """Add a method for the same parameter."""
        if not isinstance(method, BasePruningMethod):
            raise TypeError(f"a PruningContainer holds pruning methods, got {type(method).__name__}")
        self._tensor_name = self._tensor_name or method._tensor_name
        if method._tensor_name != self._tensor_name:
            raise ValueError(f"a method that prunes {method._tensor_name!r} among those of {self._tensor_name!r}")
        self._pruning_methods.append(method)

    def __len__(self) -> int:
        return len(self._pruning_methods)

    def __getitem__(self, idx: int) -> BasePruningMethod:
        return self._pruning_methods[idx]

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The default mask, in which the last method may put more zeros."""
        method, mask = self[-1], default_mask.clone()
        part: Any = ...
        if method.PRUNING_TYPE == "unstructured":
            part = mask == 1
        elif method.PRUNING_TYPE == "structured":
            left = (mask != 0).movedim(method.dim, 0).flatten(1).any(1)
            part = (*[slice(None)] * (method.dim % t.ndim), left)
        mask[part] = method.compute_mask(t[part], mask[part]).to(mask.dtype)
        return mask


class Identity(BasePruningMethod):
    """Prunes nothing."""

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The default mask."""
        return default_mask


class CustomFromMask(BasePruningMethod):
    """Prunes where a mask is 0."""

    PRUNING_TYPE = "global"

    def __init__(self, mask: Tensor) -> None:
        self.mask = mask

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The product of both masks."""
        return default_mask * self.mask.to(default_mask.dtype)


def _validate_pruning_amount_init(amount: Any) -> None:
    """Raise an error unless it is a number of elements, or a float that is a part of them."""
    if not isinstance(amount, (int, float)):
        raise TypeError(f"amount must be an int or a float, got {type(amount).__name__}")
    if amount < 0 or (not isinstance(amount, int) and amount > 1):
        raise ValueError(f"amount must be a number of at least 0, or a float between 0 and 1, got {amount}")


def _validate_pruning_amount(amount: float, tensor_size: int) -> None:
    """Raise ValueError if a number of elements is more than there are."""
    if isinstance(amount, int) and amount > tensor_size:
        raise ValueError(f"amount={amount} is more than the {tensor_size} that are left to be pruned")


def _compute_nparams_toprune(amount: float, tensor_size: int) -> int:
    """How many elements of so many an amount is."""
    return amount if isinstance(amount, int) else round(amount * tensor_size)


class RandomUnstructured(BasePruningMethod):
    """Prunes at random `amount` elements, or this part of them if it is a float."""

    PRUNING_TYPE = "unstructured"

    def __init__(self, amount: float) -> None:
        _validate_pruning_amount_init(amount)
        self.amount = amount

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The default mask, with zeros where the scores are lowest."""
        scores = self._scores(t)
        _validate_pruning_amount(self.amount, len(scores))
        lowest = topk(scores, _compute_nparams_toprune(self.amount, len(scores)), largest=False).indices
        if self.PRUNING_TYPE == "structured":
            return default_mask.index_fill(self.dim, lowest, 0)
        return default_mask.flatten().index_fill(0, lowest, 0).view_as(default_mask)

    def _scores(self, t: Tensor) -> Tensor:
        return rand_like(t).flatten()


class L1Unstructured(RandomUnstructured):
    """Prunes the elements of the lowest absolute values, or scores."""

    def _scores(self, t: Tensor) -> Tensor:
        return t.abs().flatten()


class RandomStructured(RandomUnstructured):
    """Prunes slices along `dim` at random."""

    PRUNING_TYPE = "structured"

    def __init__(self, amount: float, dim: int = -1) -> None:
        super().__init__(amount)
        self.dim = dim

    def _scores(self, t: Tensor) -> Tensor:
        return rand(t.shape[self.dim])


class LnStructured(RandomStructured):
    """Prunes the slices along `dim` with the lowest n-norms."""

    def __init__(self, amount: float, n: Any, dim: int = -1) -> None:
        super().__init__(amount, dim)
        self.n = n

    def _scores(self, t: Tensor) -> Tensor:
        return t.movedim(self.dim, 0).flatten(1).norm(self.n, dim=1)


identity, custom_from_mask = Identity._applied, CustomFromMask._applied
random_unstructured, random_structured = RandomUnstructured._applied, RandomStructured._applied
l1_unstructured, ln_structured = L1Unstructured._applied, LnStructured._applied


def global_unstructured(
    parameters: Iterable[tuple[Module, str]], pruning_method: type[BasePruningMethod],
    importance_scores: dict[tuple[Module, str], Tensor] | None = None, **kwargs: Any,
) -> None:  # fmt: skip
    """Prune parameters, pairs of a module and a name, as if they were one."""
    pairs = list(parameters)
    scores = [(importance_scores or {}).get(pair, getattr(*pair)).detach() for pair in pairs]
    masks = [getattr(module, f"{name}_mask", ones_like(t)) for (module, name), t in zip(pairs, scores)]
    method = PruningContainer(pruning_method(**kwargs))
    whole = method.compute_mask(cat([t.flatten() for t in scores]), cat([mask.flatten() for mask in masks]))
    for pair, mask, part in zip(pairs, masks, whole.split([mask.numel() for mask in masks])):
        custom_from_mask(*pair, part.view_as(mask))


def remove(module: Module, name: str) -> Module:
    """Make the parameter what it was, with the zeros in it. Raises ValueError if it is not pruned."""
    for key, hook in _hooks(module, name).items():
        del module._forward_pre_hooks[key]
        original = getattr(module, f"{name}_orig")
        original.data = hook.apply_mask(module).detach()
        for attribute in (name, f"{name}_orig", f"{name}_mask"):
            delattr(module, attribute)
        setattr(module, name, original)
        return module
    raise ValueError(f"{name} of this {type(module).__name__} is not pruned")


def is_pruned(module: Module) -> bool:
    """Whether a parameter of the module, or of a module within it, is pruned."""
    return any(isinstance(hook, BasePruningMethod) for m in module.modules() for hook in m._forward_pre_hooks.values())


def _hooks(module: Module, name: str) -> dict[int, BasePruningMethod]:
    """The hook that prunes the parameter, if there is one, by its number."""
    hooks = module._forward_pre_hooks.items()
    return {key: hook for key, hook in hooks if isinstance(hook, BasePruningMethod) and hook._tensor_name == name}
