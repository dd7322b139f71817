"""What is not here and is asked for by programs: GPUs say no, precision and compilation leave the numbers alone."""

import warnings

import pytest

import autograd as torch
import nn
from autograd.compat.version import TorchVersion


def test_there_is_no_gpu():
    assert not torch.cuda.is_available() and torch.cuda.device_count() == 0 and not torch.cuda.is_initialized()
    assert not torch.accelerator.is_available() and torch.accelerator.current_accelerator() is None
    assert not (torch.backends.mps.is_available() or torch.backends.cudnn.is_available() or torch.xpu.is_available())
    assert torch.cuda.memory_allocated() == torch.cuda.max_memory_allocated() == torch.cuda.memory_reserved("cuda") == 0
    for nothing in (torch.cuda.synchronize, torch.cuda.empty_cache, torch.cuda.reset_peak_memory_stats):
        assert nothing() is None
    assert (
        not isinstance(torch.ones(2), (torch.cuda.FloatTensor, torch.cuda.HalfTensor)) and not torch.cuda._initialized
    )
    devices, states = torch.utils.checkpoint.get_device_states(torch.ones(2))
    assert devices == states == [] and torch.utils.checkpoint.set_device_states(devices, states) is None
    assert torch.cuda.manual_seed(1) is torch.cuda.manual_seed_all(1) is torch.cuda.random.manual_seed(1) is None
    with torch.cuda.stream(torch.cuda.Stream()):
        pass


@pytest.mark.parametrize(
    "use",
    [
        lambda: torch.cuda.get_device_name(0),
        lambda: torch.cuda.current_device(),
        lambda: torch.cuda.Event(enable_timing=True),
        lambda: torch.cuda.FloatTensor(2, 3),
        lambda: torch.cuda.get_rng_state(),
        lambda: torch.ones(2).cuda(),
        lambda: nn.Linear(2, 2).cuda(),
        lambda: torch.set_default_device("cuda"),
    ],
)
def test_who_wants_one_is_told_so(use):
    with pytest.raises(RuntimeError, match=r"there is no (GPU|device 'cuda') here"):
        use()


def test_the_dtype_that_numpy_lacks_is_that_of_no_tensor():
    assert all(torch.zeros(1, dtype=d).dtype != torch.complex32 for d in (torch.complex64, torch.float16))
    with pytest.raises(TypeError, match="complex32"):
        torch.zeros(1, dtype=torch.chalf)


def test_memory_that_ran_out_is_what_programs_catch():
    for name in (torch.cuda.OutOfMemoryError, torch.OutOfMemoryError):
        with pytest.raises(name):
            torch.zeros(2**50, 2**10)


def test_a_program_that_asks_for_the_dtype_of_autocast_is_told_torchs():
    assert not torch.is_autocast_enabled() and not torch.is_autocast_cpu_enabled()
    assert torch.get_autocast_gpu_dtype() is torch.get_autocast_dtype("cuda") is torch.float16
    assert torch.get_autocast_cpu_dtype() is torch.get_autocast_dtype("cpu") is torch.bfloat16
    assert not (torch.has_cuda or torch.has_mps or torch.onnx.is_in_onnx_export())


def test_flags_of_backends_can_be_set():
    torch.backends.cudnn.benchmark = torch.backends.cuda.matmul.allow_tf32 = True
    assert torch.backends.cudnn.benchmark and torch.backends.cuda.matmul.allow_tf32
    torch._dynamo.config.suppress_errors = True


def test_a_tensor_knows_that_it_is_on_the_cpu():
    x = torch.arange(12.0).view(3, 4)
    assert not (x.is_sparse or x.is_quantized or x.is_meta or x.is_mps) and torch.cuda.get_rng_state_all() == []
    assert x.get_device() == -1 and x.pin_memory() is x and not x.is_pinned() and x.is_cpu and not x.is_cuda
    assert x.layout == torch.strided and torch.zeros(2, layout=x.layout).equal(torch.zeros(2))
    assert (
        torch.randn(2, layout=x.layout).shape
        == torch.rand(2, layout=x.layout).shape
        == torch.ones(2, layout=x.layout).shape
    )
    assert x[1:, 2].storage_offset() == 6 and x[1].data_ptr() == x.data_ptr() + 16
    assert x[1].untyped_storage().data_ptr() == x.data_ptr() and x[1].storage().tolist() == x.view(-1).tolist()
    with torch.device("cpu"):
        assert torch.ones(1).device == torch.get_default_device()


def test_compiled_and_scripted_functions_are_the_functions():
    def f(x):
        return x + 1

    model = nn.Linear(1, 1)
    assert torch.compile(f) is f and torch.compile(model, mode="max-autotune") is model
    assert torch.compile(fullgraph=True)(f) is f and torch.jit.script(f) is f and torch.jit.trace(f, (1,)) is f
    with torch.jit.optimized_execution(True), warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=torch.jit.TracerWarning)
    for refusing in (lambda: torch.jit.load("model.pt"), lambda: torch.jit.save(model, "model.pt")):
        with pytest.raises(RuntimeError, match="nothing is compiled here"):
            refusing()
    assert not isinstance(model, torch.jit.ScriptModule) and issubclass(torch.jit.ScriptModule, nn.Module)
    assert torch.jit.script_if_tracing(f) is f and torch.jit.annotate(int, 3) == 3
    assert torch.compiler.disable(f) is f and torch.jit.ignore()(f) is f


def test_a_backward_that_is_once_differentiable_raises_where_it_is_differentiated_again():
    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        @torch.autograd.function.once_differentiable
        def backward(ctx, g):
            assert not torch.is_grad_enabled()
            return g * 3 * ctx.saved_tensors[0] ** 2

    x = torch.tensor(2.0, requires_grad=True)
    (g,) = torch.autograd.grad(Cube.apply(x), x)
    assert g.item() == 12 and not g.requires_grad
    (g,) = torch.autograd.grad(Cube.apply(x) * x, x, create_graph=True)
    assert g.item() == 32
    with pytest.raises(RuntimeError, match="once_differentiable cannot be differentiated"):
        g.backward()


def test_autocast_and_the_scaler_leave_the_numbers_alone():
    x, model = torch.ones(4, 3), nn.Linear(3, 2)
    optimizer, scaler = torch.optim.SGD(model.parameters(), 0.1), torch.amp.GradScaler("cuda")
    with torch.autocast("cpu", dtype=torch.bfloat16), torch.cuda.amp.autocast():
        loss = model(x).square().mean()
    assert loss.dtype == torch.float32 and scaler.scale(loss) is loss
    scaler.scale(loss).backward()
    expected = model.weight.detach() - 0.1 * model.weight.grad
    scaler.unscale_(optimizer)
    scaler.step(optimizer)
    scaler.update()
    assert torch.equal(model.weight, expected)
    assert scaler.state_dict() == {} and scaler.get_scale() == 1 and not scaler.is_enabled()

    @torch.autocast(device_type="cpu")
    def f(x):
        return x * 2

    assert f(x).equal(x * 2)


def test_versions_are_ordered_as_versions():
    v = TorchVersion("2.13.0+chainrule")
    assert v > "2.9" and v >= (2, 13) and not v < "2.13" and v < "3" and v <= "2.13.1" and str(v).startswith("2.13.0")
    assert v.split(".")[:2] == ["2", "13"] and torch.__version__ >= "2.0" and torch.version.cuda is None
    assert torch.version.__version__ is torch.__version__


def test_what_changes_nothing_is_accepted():
    torch.set_float32_matmul_precision("high")
    torch.use_deterministic_algorithms(True, warn_only=True)
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH), torch.profiler.record_function("x"):
        pass
    with torch.autograd.profiler.profile(enabled=False, use_cuda=False) as profile:
        assert profile is not None
    with pytest.raises(RuntimeError, match="cProfile"):
        torch.profiler.profile()


def test_variable_is_the_older_name_of_a_tensor():
    x = torch.ones(2)
    v = torch.autograd.Variable(x, requires_grad=True)
    (v * 3).sum().backward()
    assert isinstance(x, torch.autograd.Variable) and v.grad.tolist() == [3, 3] and v.data_ptr() == x.data_ptr()
    assert all(x.type(kind).dtype == torch.int64 for kind in (torch.LongTensor, "torch.LongTensor", torch.int64))
    assert torch.typename(x) == "torch.FloatTensor" and torch.typename(nn.Linear(1, 1)) == "nn.layers.linear.Linear"


def test_bytes_are_numbers_of_a_tensor():
    data = bytearray(b"\x00\x00\x80?\x00\x00\x00@")
    x = torch.frombuffer(data, dtype=torch.float32)
    x += 1
    assert torch.frombuffer(data, dtype=torch.float32).tolist() == [2, 3]
    assert torch.frombuffer(data, dtype=torch.float32, count=1, offset=4, requires_grad=True).tolist() == [3]
    pixels = torch.ByteTensor(torch.ByteStorage.from_buffer(b"\x01\xff"))
    assert pixels.dtype == torch.uint8 and pixels.add_(1).tolist() == [2, 0]


def test_poisson_numbers_have_the_mean_and_variance_of_their_rates():
    torch.manual_seed(0)
    rates = torch.tensor([[0.0], [0.5], [4.0]])
    drawn = torch.poisson(rates.expand(3, 20000))
    assert drawn.dtype == torch.float32 and drawn.equal(drawn.round())
    for moment in (drawn.mean(1), drawn.var(1)):
        assert moment.allclose(rates[:, 0], rtol=0.05)
    with pytest.raises(RuntimeError, match="rates of at least 0"):
        torch.poisson(-rates)


def test_functions_of_lists_of_tensors_are_methods_of_each():
    to, source = [torch.zeros(2), torch.zeros(1, 3)], [torch.ones(2), torch.full((3,), 2.0)]
    assert torch._foreach_copy_(to, source) is to
    assert [t.tolist() for t in to] == [[1, 1], [[2, 2, 2]]]
    torch._foreach_addcdiv_(to, source, source, [1.0, 3.0])
    torch._foreach_maximum_(to, 3.0)
    assert [t.tolist() for t in to] == [[3, 3], [[5, 5, 5]]]
    summed = torch._foreach_add(to, source, alpha=2)
    assert [t.tolist() for t in summed] == [[5, 5], [[9, 9, 9]]]
    assert [t.tolist() for t in torch._foreach_pow(2.0, source)] == [[2, 2], [4, 4, 4]]
    assert [t.item() for t in torch._foreach_norm(source)] == pytest.approx([2**0.5, 12**0.5])
    torch._foreach_lerp_(to, source, weight=0.5)
    assert [t.tolist() for t in to] == [[2, 2], [[3.5, 3.5, 3.5]]]
    with pytest.raises(RuntimeError, match="one length"):
        torch._foreach_mul(to, source[:1])
    with pytest.raises(AttributeError, match="_foreach_nothing"):
        torch._foreach_nothing(to)


def test_the_number_of_threads_can_be_chosen():
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        assert torch.get_num_threads() == 1
        with pytest.raises(RuntimeError, match="at least 1"):
            torch.set_num_threads(0)
    finally:
        torch.set_num_threads(before)
    assert torch.get_num_threads() == before


def test_random_numbers_go_on_as_before_a_fork():
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    with torch.random.fork_rng():
        torch.rand(7)
    assert torch.rand(3).equal(expected)


def test_inference_mode_may_be_off():
    with torch.no_grad():
        with torch.inference_mode(mode=False):
            assert torch.is_grad_enabled()
        with torch.inference_mode(mode=True):
            assert torch.is_inference_mode_enabled()
    assert not torch.is_inference_mode_enabled()


def test_a_summary_writer_needs_its_package(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "tensorboardX", None)
    with pytest.raises(ImportError, match="pip install tensorboardX"):
        torch.utils.tensorboard.SummaryWriter()


def test_a_summary_writer_gives_arrays_to_the_package(monkeypatch):
    calls = []

    class Writer:
        def __init__(self, folder):
            self.folder = folder

        def add_scalars(self, tag, values, step=None):
            calls.append((tag, {key: type(value).__name__ for key, value in values.items()}, step))

        def close(self):
            calls.append("closed")

    module = type(warnings)("tensorboardX")
    module.SummaryWriter = Writer
    monkeypatch.setitem(__import__("sys").modules, "tensorboardX", module)
    with torch.utils.tensorboard.SummaryWriter("runs") as writer:
        writer.add_scalars("loss", {"train": torch.ones((), requires_grad=True), "valid": 1.0}, step=3)
        assert writer.folder == "runs"
    assert calls == [("loss", {"train": "ndarray", "valid": "float"}, 3), "closed"]


def test_batch_norm_over_all_processes_is_batch_norm():
    x, one, other = torch.randn(4, 3, 2, 2), nn.BatchNorm2d(3), torch.nn.SyncBatchNorm(3)
    assert one(x).equal(other(x)) and one.running_var.equal(other.running_var)
    assert list(one.state_dict()) == list(other.state_dict())
    assert torch.nn.SyncBatchNorm.convert_sync_batchnorm(one) is one


def test_what_would_be_exported_or_fetched_is_refused():
    with pytest.raises(RuntimeError, match="cannot be exported"):
        torch.onnx.export(nn.Linear(1, 1), torch.ones(1, 1), "model.onnx")
    from autograd.fx import GraphModule, symbolic_trace

    assert not isinstance(nn.Linear(1, 1), GraphModule) and issubclass(torch.jit.TracerWarning, Warning)
    with pytest.raises(RuntimeError, match="torch.fx.symbolic_trace is not here: modules are Python programs"):
        symbolic_trace(nn.Linear(1, 1))
    with pytest.raises(RuntimeError, match="download https://a.b/c yourself and save it as c.zip"):
        torch.hub.download_url_to_file("https://a.b/c", "c.zip")
    from autograd.utils.cpp_extension import CUDA_HOME, load

    with pytest.raises(RuntimeError, match="C.. is not built here"):
        load(name="fused", sources=["fused.cpp"])
    assert CUDA_HOME is None and torch.utils.file_baton.FileBaton is load
    from autograd.nn.attention.flex_attention import BlockMask, create_block_mask, flex_attention

    for refusing in (BlockMask, create_block_mask, flex_attention):
        with pytest.raises(RuntimeError, match="call scaled_dot_product_attention"):
            refusing(None)


def test_what_libraries_import_of_parts_that_are_not_here_raises_when_it_is_used():
    from autograd.distributed.tensor.parallel import ColwiseParallel, parallelize_module
    from autograd.fx.experimental.proxy_tensor import make_fx

    class Style(ColwiseParallel):
        pass

    assert not isinstance(nn.Linear(1, 1), ColwiseParallel)
    assert issubclass(torch.fx.GraphModule, nn.Module)  # of which libraries derive classes
    for refusing in (
        Style,
        torch.fx.GraphModule,
        parallelize_module,
        make_fx,
        torch.fx.Graph,
        torch.fx.node.Target,
        torch.SymInt,
    ):
        with pytest.raises(RuntimeError, match=r"torch\.[A-Za-z._]+ is not here: "):
            refusing(1, name=2)


def test_settings_of_the_compiler_have_no_effect():
    assert torch._C._jit_set_profiling_mode(False) is torch._C._jit_override_can_fuse_on_gpu(True) is None
    assert torch._C._log_api_usage_once("library") is None


def test_torch_is_a_name_of_its_modules():
    assert torch.sparse.torch is torch.nn.functional.torch is torch


def test_modes_that_watch_every_call_can_be_made_but_not_entered():
    from autograd.overrides import TorchFunctionMode
    from autograd.utils.flop_counter import FlopCounterMode

    counter = FlopCounterMode(display=False)
    assert counter.get_total_flops() == 0 and counter.get_flop_counts() == {}
    for mode in (counter, TorchFunctionMode()):
        with pytest.raises(RuntimeError, match="nn.summary|autograd.tracing"), mode:
            pass
    with pytest.raises(RuntimeError, match="load"):
        torch.PyTorchFileReader("model.pt")
    assert not torch.profiler.kineto_available() and len(torch.profiler.ProfilerAction) == 4
    assert isinstance(torch.distributed.ReduceOp.SUM, torch.distributed.ReduceOp.RedOpType)


def test_no_tensor_has_a_function_that_stands_for_torchs():
    from autograd.overrides import handle_torch_function, has_torch_function

    x = torch.ones(2)
    assert not has_torch_function((x,)) and not torch.nn.functional.has_torch_function_unary(x)
    assert handle_torch_function(torch.add, (x,), x, 1).tolist() == [2, 2]


def test_the_arguments_of_to_are_parsed_as_by_pytorch():
    parse, x = torch._C._nn._parse_to, torch.ones(1, dtype=torch.float64)
    assert parse("cpu", torch.float32, True) == (torch.device("cpu"), torch.float32, False, None)
    assert parse(x)[:2] == (x.device, torch.float64) and parse(dtype=torch.float16)[:2] == (None, torch.float16)
    assert parse(device="cpu", non_blocking=True)[::2] == (torch.device("cpu"), True)


def test_the_iterator_of_a_dataloader_with_workers_has_pytorchs_name():
    from autograd.utils.data.dataloader import _BaseDataLoaderIter, _MultiProcessingDataLoaderIter

    loader = torch.utils.data.DataLoader([1, 2], num_workers=1, persistent_workers=True)
    assert [batch.tolist() for batch in loader] == [[1], [2]]
    assert isinstance(loader._iterator, _MultiProcessingDataLoaderIter) and _BaseDataLoaderIter is not None
