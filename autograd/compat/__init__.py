"""torch's module paths: where what a program written for PyTorch asks for stands here.

`autograd.nn.functional`, `from autograd.utils.data import DataLoader` and, in a program that runs with
`python -m autograd.compat --run FILE.py`, `torch.nn.functional` are found through one table. The engine never imports
this package: `autograd.__getattr__` and the importer reach it when a name is asked for that is not the engine's own.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

from autograd.compat.refused import reason, refusal

# A module of torch's, and those of ours in which its names are looked for. A path that is a module of the engine
# (`autograd.linalg`) needs no line; every path is looked up below the one before the last dot.
TABLE = {
    "": "autograd.compat.toplevel autograd.compat.switches autograd.compat.spectrogram autograd.compat.lowrank "
    "autograd.compat.refused autograd.hips",
    "_C": "autograd.compat.jit autograd.compat.internals autograd autograd.compat.toplevel autograd.compat.switches",
    "_C._nn": "autograd.compat.internals",
    "_dynamo": "autograd.compat.jit",
    "_dynamo._trace_wrapped_higher_order_op": "autograd.compat.jit",
    "_dynamo.config": "autograd.compat.jit",
    "_dynamo.eval_frame": "autograd.compat.jit",
    "_dynamo.utils": "autograd.compat.jit",
    "__config__": "autograd.compat.version",
    "_inductor": "",
    "_jit_internal": "typing autograd.compat.jit",
    "_ops": "autograd",
    "_subclasses": "",
    "_subclasses.fake_tensor": "autograd.compat.internals",
    "_inductor.config": "",
    "accelerator": "autograd.compat.cuda",
    "amp": "autograd.compat.amp",
    "autograd": "autograd autograd.compat.toplevel autograd.compat.switches autograd.checking",
    "autograd.forward_ad": "autograd.compat.forward_ad",
    "autograd.function": "autograd autograd.compat.function",
    "autograd.functional": "autograd.functional",
    "autograd.grad_mode": "autograd",
    "autograd.graph": "autograd.compat.saved autograd.graph",
    "autograd.gradcheck": "autograd.checking",
    "autograd.profiler": "autograd.compat.profiler",
    "autograd.variable": "autograd.compat.toplevel",
    "backends": "autograd.compat.backends",
    "cuda": "autograd.compat.cuda",
    "compiler": "autograd.compat.jit",
    "cuda.amp": "autograd.compat.amp",
    "cuda.amp.grad_scaler": "autograd.compat.amp",
    "cuda.random": "autograd.compat.cuda",
    "cuda.comm": "autograd.compat.parallel",
    "distributed": "autograd.compat.distributed",
    "distributed._tensor": "autograd.compat.distributed",
    "distributed.distributed_c10d": "autograd.compat.distributed",
    "futures": "autograd.compat.futures",
    "distributed.constants": "autograd.compat.distributed",
    "distributed.algorithms.join": "autograd.compat.distributed",
    "distributed.tensor": "autograd.compat.distributed",
    "distributed.optim": "autograd.compat.distributed",
    "distributed.rpc": "",
    "distributed.nn": "autograd.compat.collectives",
    "distributed.nn.functional": "autograd.compat.collectives",
    "_utils": "autograd.compat.parallel",
    "functional": "autograd",
    "fx": "autograd.compat.jit",
    "hub": "autograd.compat.hub",
    "jit": "autograd.compat.jit",
    "jit.annotations": "typing autograd.compat.jit",
    "library": "autograd.compat.library",
    "multiprocessing": "autograd.compat.multiprocessing",
    "nn": "nn.layers nn.layers.lazy autograd.compat.parallel",
    "nn._reduction": "autograd.compat.reduction",
    "nn.attention": "autograd.compat.attention",
    "nn.data": "nn.data",
    "nn.functional": "nn.functional autograd.compat.internals",
    "nn.grad": "nn.functional.grad",
    "nn.init": "nn.init",
    "nn.modules": "nn.layers autograd.compat.parallel",
    "nn.optim": "nn.optim",
    "nn.parallel": "autograd.compat.parallel",
    "nn.parameter": "nn.layers nn.layers.lazy",
    "nn.quantized": "autograd.compat.quantized",
    "nn.utils": "nn.utils",
    "nn.utils.clip_grad": "nn.utils",
    "nn.utils.convert_parameters": "nn.utils",
    "nn.utils.spectral_norm": "nn.utils",
    "nn.utils.stateless": "autograd.func",
    "nn.utils.weight_norm": "nn.utils",
    "onnx": "autograd.compat.internals",
    "overrides": "autograd.compat.internals",
    "optim": "nn.optim",
    "optim.lr_scheduler": "nn.optim.lr_scheduler",
    "optim.swa_utils": "nn.optim.swa_utils",
    "profiler": "autograd.compat.profiler autograd.compat.internals",
    "serialization": "autograd.compat.serialization",
    "sparse": "autograd.compat.sparse",
    "types": "numbers autograd.compat.internals",
    "utils": "",
    "utils._pytree": "autograd.compat.pytree",
    "utils._python_dispatch": "autograd.compat.internals",
    "utils.benchmark": "autograd.compat.benchmark",
    "utils.checkpoint": "autograd.compat.checkpoint",
    "utils.cpp_extension": "autograd.compat.cpp_extension",
    "utils.data": "nn.data",
    "utils.flop_counter": "autograd.compat.internals",
    "utils.file_baton": "autograd.compat.cpp_extension",
    "utils.hooks": "autograd.walks",
    "utils.model_zoo": "autograd.compat.hub",
    "utils.data._utils": "nn.data",
    "utils.data._utils.collate": "nn.data.collate",
    "utils.data.distributed": "nn.data",
    "utils.dlpack": "autograd.compat.dlpack",
    "utils.tensorboard": "autograd.compat.tensorboard",
    "utils.tensorboard.writer": "autograd.compat.tensorboard",
    "version": "autograd.compat.version",
}


def _below(path: str, names: str, ours: str) -> dict[str, str]:
    """Modules below one of torch's (or of HIPS autograd's), all of which stand in one of ours."""
    return {f"{path}.{name}": ours for name in names.split()}


_SHARDING = "_composable _composable.fsdp algorithms algorithms._checkpoint algorithms._checkpoint.checkpoint_wrapper "
_SHARDING += "_tensor.experimental device_mesh fsdp fsdp.api fsdp.fully_sharded_data_parallel fsdp.wrap"
_MODULES = "activation adaptive batchnorm channelshuffle container conv distance dropout flatten fold instancenorm "
_MODULES += "lazy linear loss module normalization padding pixelshuffle pooling rnn sparse transformer upsampling utils"
_OPTIM = "adadelta adagrad adam adamax adamw asgd lbfgs nadam radam rmsprop rprop sgd sparse_adam"
_DISTRIBUTIONS = "bernoulli beta binomial categorical cauchy dirichlet exponential gamma gumbel half_cauchy "
_DISTRIBUTIONS += "half_normal independent laplace log_normal mixture_same_family multinomial negative_binomial normal "
_DISTRIBUTIONS += "one_hot_categorical poisson relaxed_bernoulli studentT transformed_distribution uniform"
_HIPS = "builtins extend misc misc.flatten misc.optimizers numpy scipy scipy.special scipy.stats "
_HIPS += "scipy.stats.multivariate_normal scipy.stats.norm test_util tracer"

TABLE |= _below("nn.modules", _MODULES, "nn.layers")
TABLE |= _below("distributed", _SHARDING, "autograd.compat.sharding")
TABLE["nn.modules.linear"] += " autograd.compat.parallel"
TABLE["nn.modules.batchnorm"] += " autograd.compat.parallel"
TABLE["nn.modules.module"] += " nn.state nn.hooks autograd.compat.internals"
TABLE["nn.modules.utils"] = "autograd.compat.ntuples"
for _path, _of in {
    "batchnorm": "batch_norm",
    "conv": "convolution",
    "instancenorm": "batch_norm",
    "lazy": "lazy",
    "loss": "loss",
}.items():
    TABLE[f"nn.modules.{_path}"] += f" nn.layers.{_of}"  # where the bases of the layers are
TABLE |= _below("optim", _OPTIM, "nn.optim") | {"optim.optimizer": "nn.optim.optimizer"}
_PARALLEL = "_functions data_parallel distributed parallel_apply replicate scatter_gather"
TABLE |= _below("nn.parallel", _PARALLEL, "autograd.compat.parallel")
TABLE |= _below("utils.data", "dataloader dataset distributed sampler", "nn.data")
# The loader's module has the types of its arguments and its iterators, too.
TABLE["utils.data.dataloader"] += " nn.data.dataloader autograd.compat.internals"
TABLE |= _below("distributions", _DISTRIBUTIONS, "autograd.distributions")
TABLE |= _below("backends", "cpu cuda cuda.matmul cudnn mkl mkldnn mps openmp opt_einsum", "autograd.compat.backends")
TABLE |= dict.fromkeys(("mps", "xpu", "mtia"), "autograd.compat.cuda")
TABLE |= {path: f"autograd.hips.{path}" for path in _HIPS.split()}  # the import name of HIPS autograd is ours too
TABLE |= {path: path for path in ("numpy.fft", "numpy.linalg", "numpy.random")}
_UTILS = "fusion parametrizations parametrize prune rnn"
TABLE |= {f"nn.utils.{name}": f"nn.utils.{name}" for name in _UTILS.split()}
_OURS = {"explain": "autograd.routes", "lint": "nn.linter"}  # no names of torch's, but loaded when asked for, too
_SPECIAL = ("__all__", "__version__", "__array_namespace_info__")
WHERE = "docs/compatibility.md lists what is here and what will not come"


class Namespace(ModuleType):
    """One of torch's modules: its names are those of the modules of ours that the table gives for its path."""

    def __init__(self, path: str) -> None:
        super().__init__(f"autograd.{path}".rstrip("."), f"What PyTorch has in `torch.{path}`.".replace(".`", "`"))
        self.__dict__.update(_path=path, __path__=[], __spec__=ModuleSpec(self.__name__, None, is_package=True))
        if path.startswith("nn.modules."):  # which programs search, `vars(torch.nn.modules.activation)`
            vars(self).update({name: getattr(self, name) for name in dir(self)})

    def __getattr__(self, name: str) -> Any:
        value = attribute(self._path, name)
        self.__dict__[name] = value
        return value

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The function of the module's own name, which stands for both (`weight_norm`, HIPS's `flatten`)."""
        return getattr(self, self._path.rpartition(".")[2])(*args, **kwargs)

    def __dir__(self) -> list[str]:
        return sorted({*self.__dict__, *attribute(self._path, "__all__")})


_namespaces: dict[str, Namespace] = {}


def namespace(path: str) -> Namespace:
    """The one module that stands for a path of the table."""
    return _namespaces.setdefault(path, Namespace(path))


@cache
def attribute(path: str, name: str) -> Any:
    """What a name of one of torch's modules stands for here, or an AttributeError that says that there is none."""
    child = f"{path}.{name}".lstrip(".")
    if child in TABLE:  # imported, `torch.nn` is an attribute of the engine from then on
        return namespace(child) if path else import_module(f"autograd.{child}")
    if name == "torch":  # which every module of torch's imports
        return _engine
    if not path and name in _OURS:
        return getattr(import_module(_OURS[name]), name)
    special = name.startswith("__")
    if path and special and name not in _SPECIAL:  # tools ask every module for its `__file__`: that loads nothing
        raise AttributeError(missing(child))
    sources = [*map(import_module, TABLE.get(path, "").split()), *([] if path else [_engine])]
    if name == "__all__":
        return sorted({found for source in sources for found in _public(source)})
    for source in sources:
        if name in _public(source):
            return getattr(source, name)
    if not path and not special:
        if (module := engine_module(name)) is not None:
            return module
        if not isinstance(found := getattr(_engine.ops, name, _engine), ModuleType):  # of a family loaded later
            return found
    for source in sources:  # what it only imports, as torch's modules are asked for that, too
        if not (special or source is _engine) and hasattr(source, name):
            return getattr(source, name)
    if not special and reason(path):
        return refusal(path, name)
    raise AttributeError(missing(child))


def engine_module(path: str) -> ModuleType | None:
    """The engine's own module of the path `autograd.PATH`, if it has one."""
    parent, _, name = path.rpartition(".")
    package = engine_module(parent) if parent else _engine
    where = getattr(package, "__path__", None)
    full = f"autograd.{path}"
    return import_module(full) if where and PathFinder.find_spec(full, where) else None


def missing(path: str) -> str:
    """The message about a name of torch's that is not here."""
    return f"autograd has no torch.{path}: {WHERE}"


def _public(module: ModuleType) -> list[str]:
    return vars(module).get("__all__") or [name for name in vars(module) if not name.startswith("_")]


_engine = sys.modules["autograd"]
