"""Names and module paths of torch's, where the word torch was replaced with autograd, and where it was not."""

import subprocess
import sys
from importlib import import_module
from types import ModuleType

import numpy as np
import pytest

import autograd
import nn
from autograd import compat
from autograd.compat import switches, toplevel


@pytest.mark.parametrize("path", sorted(compat.TABLE))
def test_every_path_can_be_imported_and_every_name_in_it_is_there(path):
    module = import_module(f"autograd.{path}".rstrip("."))
    assert all(hasattr(module, name) for name in dir(module))
    assert import_module(f"autograd.{path}".rstrip(".")) is module


def test_a_name_means_the_same_in_a_program_that_imports_torch_and_in_one_that_imports_autograd():
    autograd.ops.load()
    families = [import_module(f"autograd.ops.{family}") for family in (*autograd.ops.LATER, "neural", "fused")]
    for name in sorted({name for module in (toplevel, switches, *families) for name in getattr(module, "__all__", ())}):
        found = getattr(autograd, name)
        assert isinstance(found, ModuleType) or compat.attribute("", name) is found, name
    assert autograd.svd is not autograd.linalg.svd and callable(autograd.mode)


def test_a_tool_that_asks_every_loaded_module_for_its_file_loads_nothing():
    program = """
import importlib, sys
from autograd.compat import TABLE
paths = [importlib.import_module(f"autograd.{path}") for path in TABLE if path]
before = set(sys.modules)
assert not any(hasattr(module, "__file__") or hasattr(module, "__wrapped__") for module in paths if module.__name__ in
               {f"autograd.{path}" for path in ("scipy.special", "utils.tensorboard", "optim.adam")})
assert set(sys.modules) == before, set(sys.modules) - before
"""
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("import autograd.no_such", "no_such"),
        ("from autograd import no_such", "no_such"),
        ("from autograd.nn import no_such", "nn.no_such"),
        ("import autograd.nn.modules.no_such", "nn.modules.no_such"),
        ("from autograd.utils.data import no_such", "utils.data.no_such"),
        ("import autograd as torch; torch.cuda.no_such", "cuda.no_such"),
        ("import nn; nn.no_such", "nn.no_such"),
        ("import autograd as torch; torch.distributions.NoSuch", "distributions.NoSuch"),
    ],
)
def test_what_is_not_there_says_so(line, path):
    with pytest.raises((ImportError, AttributeError), match=rf"autograd has no torch\.{path}: docs/compatibility.md"):
        exec(line, {})


def test_reductions_have_torchs_numbers_and_old_names():
    from autograd.nn import _reduction
    from autograd.nn import functional as F

    assert F._Reduction.get_enum is _reduction.get_enum
    assert [_reduction.get_enum(name) for name in ("none", "mean", "elementwise_mean", "sum")] == [0, 1, 1, 2]
    assert [_reduction.legacy_get_string(*old) for old in ((None, None), (False, None), (True, False))] == [
        "mean", "sum", "none",
    ]  # fmt: skip
    assert _reduction.legacy_get_enum(False, True) == 2
    with pytest.raises(ValueError, match="got 'product'"):
        _reduction.get_enum("product")


def test_float_functional_computes_and_lets_its_child_see_the_results():
    total = nn.quantized.FloatFunctional()
    x, y = autograd.tensor([[1.0, -3.0]], requires_grad=True), autograd.tensor([[2.0, 2.0]])
    seen = []
    total.activation_post_process.register_forward_hook(lambda module, inputs, output: seen.append(output.tolist()))
    total.add_relu(x, y).sum().backward()
    total.add(x, y), total.add_scalar(x, 1), total.mul(x, y), total.mul_scalar(x, 3)
    total.matmul(x, y.T), total.cat([x, y], 1)
    assert x.grad.tolist() == [[1.0, 0.0]]
    assert seen == [[[3, 0]], [[3, -1]], [[2, -2]], [[2, -6]], [[3, -9]], [[-4]], [[1, -3, 2, 2]]]


def test_the_things_found_are_the_same_by_every_path():
    from autograd.nn.modules.linear import Linear
    from autograd.optim.adam import Adam
    from autograd.utils.data.dataloader import DataLoader

    assert Linear is nn.Linear and Adam is nn.optim.Adam and DataLoader is nn.data.DataLoader
    assert autograd.utils.data.dataloader._collate_fn_t is nn.data.dataloader._collate_fn_t
    assert autograd.distributions.normal.Normal is autograd.distributions.Normal
    assert autograd.nn.modules.Linear is autograd.nn.Linear is nn.modules.Linear is Linear


def test_names_of_autograds_modules_are_found_in_the_modules_that_define_them():
    import autograd.backends.cudnn as cudnn
    from autograd.autograd.grad_mode import no_grad
    from autograd.autograd.gradcheck import gradcheck
    from autograd.autograd.variable import Variable
    from autograd.nn.utils.stateless import functional_call
    from autograd.utils.hooks import RemovableHandle

    x = autograd.ones(2, dtype=autograd.float64, requires_grad=True)
    assert autograd.autograd.gradcheck(autograd.exp, (x,)) and gradcheck is autograd.gradcheck
    assert no_grad is autograd.no_grad and functional_call is autograd.func.functional_call
    assert isinstance(Variable(x), autograd.Tensor) and isinstance(x.register_hook(print), RemovableHandle)
    with cudnn.flags(enabled=False):
        assert not cudnn.is_available()


def test_a_star_import_leaves_pythons_range_alone():
    assert "range" not in compat.namespace("").__all__ and autograd.range(0, 2).tolist() == [0, 1, 2]


def test_the_bases_of_layers_and_the_tuples_of_their_settings_are_where_torch_has_them():
    from autograd.nn.modules.batchnorm import _BatchNorm, _NormBase
    from autograd.nn.modules.conv import _ConvNd
    from autograd.nn.modules.loss import _Loss, _WeightedLoss
    from autograd.nn.modules.utils import _ntuple, _pair, _single, _triple

    assert isinstance(nn.BatchNorm2d(1), _BatchNorm) and isinstance(nn.ConvTranspose1d(1, 1, 1), _ConvNd)
    assert isinstance(nn.MSELoss(), _Loss) and isinstance(nn.NLLLoss(), _WeightedLoss)
    assert issubclass(_BatchNorm, _NormBase) and isinstance(nn.InstanceNorm1d(1), _NormBase)
    assert (_single(3), _pair(3), _triple([1, 2, 3]), _ntuple(5)("a")) == ((3,), (3, 3), (1, 2, 3), ("a",))


def test_the_package_nn_has_torchs_names_whatever_was_imported_of_it():
    import nn.parallel

    assert nn.parallel.DistributedDataParallel is autograd.nn.parallel.DistributedDataParallel
    assert nn.parallel.split_batch and nn.DataParallel is nn.parallel.DataParallel and nn.modules.Linear is nn.Linear


def test_torchs_name_can_be_served_unless_pytorch_is_there():
    program = """
import sys
from autograd.compat.importing import serve_torch
serve_torch()
import torch, torch.nn as nn, torch.nn.functional as F
from torch import Tensor, optim
from torch.optim.lr_scheduler import StepLR
import torch.random
import autograd, importlib.util
assert importlib.util.find_spec("torch") and importlib.util.find_spec("torch.nn")
assert torch.nn.functional is F and torch.zeros is autograd.zeros and Tensor is autograd.Tensor
assert torch.random is autograd.random and nn is autograd.nn and nn.Linear(2, 3)(torch.ones(1, 2)).shape == (1, 3)
try:
    from torch.nn import no_such
except ImportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("autograd has no torch.nn.no_such: ")
    program = "import sys; sys.modules['torch'] = sys; from autograd.compat.importing import serve_torch; serve_torch()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "PyTorch has been imported already" in done.stderr


def test_every_op_is_found_under_torchs_name_before_its_family_is_loaded():
    lines = ["from autograd.compat import importing", "importing.serve_torch()", "import autograd, torch"]
    lines += ["assert torch.cdist is autograd.cdist and torch.linalg is autograd.linalg", "ops = autograd.ops"]
    lines += ["found = [name for f in ops.LATER for name in getattr(getattr(ops, f), '__all__', ())]"]
    lines += ["assert found and all(hasattr(torch, name) for name in found)"]
    subprocess.run([sys.executable, "-c", "\n".join(lines)], check=True)


def test_methods_that_torch_has_as_functions_are_functions():
    x, y = autograd.ones(2, requires_grad=True), autograd.tensor([4.0, 9.0])
    assert not autograd.detach(x).requires_grad
    assert autograd.sqrt_(y) is y and y.tolist() == [2.0, 3.0]
    assert all(callable(getattr(autograd, name)) for name in toplevel._METHODS)


def test_asarray_shares_memory_and_history_unless_it_is_told_otherwise():
    array, x = np.arange(3.0), autograd.ones(2, requires_grad=True)
    shared, copied = autograd.asarray(array), autograd.asarray(array, dtype=autograd.float64, copy=True)
    array[0] = 7
    assert shared.tolist() == [7, 1, 2] and copied.tolist() == [0, 1, 2]
    assert autograd.asarray(x) is x and not autograd.asarray(x, requires_grad=False).requires_grad
    assert autograd.asarray([1, 2.0], requires_grad=True).is_leaf


def test_the_fills_and_types_that_libraries_import_by_inner_names_are_those_of_the_public_ones():
    from autograd._jit_internal import Optional, _copy_to_script_wrapper
    from autograd.nn.init import (
        _no_grad_fill_,
        _no_grad_normal_,
        _no_grad_trunc_normal_,
        _no_grad_uniform_,
        _no_grad_zero_,
    )

    weight = autograd.nn.Parameter(autograd.empty(40, 50))
    assert (_no_grad_fill_(weight, 3.0) == 3).all() and (_no_grad_zero_(weight) == 0).all()
    assert _no_grad_normal_(weight, 5.0, 0.1) is weight and abs(weight.mean().item() - 5) < 0.1
    assert (_no_grad_trunc_normal_(weight, 0.0, 9.0, -1.0, 1.0).abs() <= 1).all()
    assert _no_grad_uniform_(weight, 7.0, 8.0) is weight and 7 <= weight.min() <= weight.max() < 8
    assert Optional[int] == (int | None) and _copy_to_script_wrapper(len) is len


def test_spectral_norm_and_weight_norm_are_modules_and_the_functions_in_them():
    from autograd.nn.utils.spectral_norm import spectral_norm
    from autograd.nn.utils.weight_norm import remove_weight_norm, weight_norm

    layer = weight_norm(autograd.nn.Linear(2, 3))
    assert layer.weight_g.shape == (3, 1) and not hasattr(remove_weight_norm(layer), "weight_g")
    assert hasattr(spectral_norm(autograd.nn.Linear(2, 3)), "weight_orig")
    assert hasattr(autograd.nn.utils.spectral_norm(autograd.nn.Linear(2, 3)), "weight_orig")
    assert hasattr(autograd.nn.utils.weight_norm(autograd.nn.Linear(2, 3)), "weight_g")


def test_pytorchs_c_extension_has_the_classes_that_an_editor_imports_from_it():
    from autograd._C import Generator, Size, Value, device, dtype

    assert (Generator, Size, device) == (autograd.Generator, autograd.Size, autograd.device)
    assert isinstance(autograd.float32, dtype) and isinstance(Value, type)


def test_what_libraries_import_of_torchs_inner_modules_is_there():
    from autograd._utils import _flatten_dense_tensors, _unflatten_dense_tensors
    from autograd.autograd.function import InplaceFunction
    from autograd.hub import HASH_REGEX, download_url_to_file, get_dir  # noqa: F401
    from autograd.jit.annotations import List, Tuple  # noqa: F401
    from autograd.nn.parallel._functions import Broadcast, Gather, ReduceAddCoalesced, Scatter
    from autograd.nn.parallel.data_parallel import DataParallel
    from autograd.nn.parallel.distributed import DistributedDataParallel
    from autograd.nn.parallel.parallel_apply import parallel_apply
    from autograd.nn.parallel.replicate import _broadcast_coalesced_reshape, replicate
    from autograd.nn.parallel.scatter_gather import gather, scatter, scatter_kwargs
    from autograd.serialization import DEFAULT_PROTOCOL, pickle
    from autograd.types import Number
    from autograd.utils.hooks import RemovableHandle

    x, y = autograd.ones(2), autograd.arange(6.0).reshape(2, 3)
    assert DataParallel is nn.DataParallel and DistributedDataParallel is nn.parallel.DistributedDataParallel
    assert Broadcast.apply([0], x, y)[1] is y and Scatter.apply([0], None, 0, y) == (y,)
    assert Gather.apply(0, 0, x, x).tolist() == [1, 1, 1, 1] and autograd.cuda.comm.gather is gather
    assert [t.tolist() for t in ReduceAddCoalesced.apply(0, 2, x, x * 2, x * 3, x * 4)] == [[4, 4], [6, 6]]
    layer = nn.Linear(3, 2)
    outputs = parallel_apply(replicate(layer, [0]), scatter(y, [0]))
    assert gather(outputs, 0).equal(layer(y)) and nn.parallel.parallel_apply([layer], [y])[0].equal(layer(y))
    assert scatter_kwargs((y,), None, [0]) == (((y,),), ({},)) and _broadcast_coalesced_reshape([x], [0]) == [[x]]
    assert issubclass(InplaceFunction, autograd.autograd.Function)
    assert isinstance(layer.register_forward_hook(print), RemovableHandle) and isinstance(0.5, Number)
    assert pickle.loads(pickle.dumps([1], DEFAULT_PROTOCOL)) == [1]
    flat = _flatten_dense_tensors([x, y])
    assert flat.shape == (8,) and (_unflatten_dense_tensors(flat, [x, y])[1] == y).all()
    assert HASH_REGEX.search("resnet18-5c106cde.pth").group(1) == "5c106cde"
    assert autograd.torch is autograd and autograd.functional.grad is autograd.grad


def test_programs_find_the_layers_in_the_names_of_a_module():
    from autograd.nn.modules import activation

    assert vars(activation)["ReLU"] is nn.ReLU and nn.UninitializedParameter is nn.layers.lazy.UninitializedParameter
    assert "USE_MKL=OFF" not in autograd.__config__.show() and not autograd._subclasses.fake_tensor.is_fake(nn)


def test_asserting_of_a_tensor_is_an_error_where_it_is_zero():
    autograd._assert_async(autograd.ones(1))
    with pytest.raises(RuntimeError, match="no numbers"):
        autograd._assert_async(autograd.zeros(1), "no numbers")


def test_annotations_and_decorators_for_compilers_do_nothing():
    class Net(nn.Module):
        fused: autograd.jit.Final[bool]

        @autograd.jit.script_method
        def forward(self, x):
            return x

    @autograd.fx.wrap
    def double(x):
        return 2 * x

    assert double(2) == 4 and Net().training
    config = autograd._dynamo.config
    config.cache_size_limit = max(64, config.cache_size_limit)
    autograd._assert(True, "never said")
    with pytest.raises(AssertionError, match="two dims"):
        autograd._assert(False, "two dims")


def test_the_gradient_of_softmax_can_be_had_alone():
    x, g = autograd.randn(3, 4, requires_grad=True), autograd.randn(3, 4)
    y = x.softmax(0)
    y.backward(g)
    autograd.testing.assert_close(autograd._softmax_backward_data(g, y, dim=0, input_dtype=x.dtype), x.grad)


def test_embedding_at_the_top_takes_the_table_first_and_minus_1_for_no_padding():
    table, index = autograd.ones(3, 2, requires_grad=True), autograd.tensor([2, 0, 2])
    toplevel.embedding(table, index, padding_idx=-1, scale_grad_by_freq=False, sparse=False).sum().backward()
    assert table.grad.tolist() == [[1, 1], [0, 0], [2, 2]]
    table.grad = None
    toplevel.embedding(table, index, 2).sum().backward()
    assert table.grad.tolist() == [[1, 1], [0, 0], [0, 0]]


def test_pooling_with_indices_has_a_name_of_its_own():
    F = autograd.nn.functional
    x = autograd.randn(1, 2, 6, 6)
    found = F.max_pool2d_with_indices(x, 2, stride=2, return_indices=True), F.max_pool2d_with_indices(x, (2, 2))
    for values, indices in found:
        assert values.equal(F.max_pool2d(x, 2)) and x.flatten(2).gather(2, indices.flatten(2)).equal(values.flatten(2))


def test_padding_by_a_constant_is_at_the_top():
    assert autograd.constant_pad_nd(autograd.ones(1, 2), [1, 0, 0, 1], 9).tolist() == [[9, 1, 1], [9, 9, 9]]
    assert autograd.constant_pad_nd(autograd.ones(2), (-1, 1)).tolist() == [1, 0]
