"""torchvision runs with us, but for what it registers with PyTorch's C++: as a package of the same shape shows."""

import subprocess
import sys

import pytest

REGISTERING = ("extension", "_meta_registrations", "_autograd_registrations", "ops._register_onnx_ops")
PACKAGE = """
from torchvision.extension import _HAS_OPS, _assert_has_ops, _check_cuda_version, _has_ops
from torchvision import _autograd_registrations, _meta_registrations
from torchvision.ops._register_onnx_ops import _register_custom_op
import torchvision.models.quantization
import torch
from torch._C import DisableTorchFunctionSubclass
from torch._dynamo.utils import is_compile_supported
from torch.jit.annotations import BroadcastingList2
from torch.types import _device, _dtype, _size

class Image(torch.Tensor):
    def __new__(cls, data):
        return torch.as_tensor(data).as_subclass(cls)

def nms():
    if not (_HAS_OPS or _has_ops()) and _check_cuda_version() < 0:
        _assert_has_ops()
"""


@pytest.fixture
def program(tmp_path):
    for name in ("", "ops", "models", "models.quantization"):
        folder = tmp_path / "torchvision" / name.replace(".", "/")
        folder.mkdir()
        (folder / "__init__.py").write_text("" if name != "models.quantization" else "1 / 0")
    for name in REGISTERING:
        (tmp_path / "torchvision" / f"{name.replace('.', '/')}.py").write_text("1 / 0")
    (tmp_path / "torchvision" / "__init__.py").write_text(PACKAGE)
    return tmp_path / "program.py"


def run(program, text):
    program.write_text(text)
    command = [sys.executable, "-m", "autograd.compat", "--run", str(program)]
    return subprocess.run(command, capture_output=True, text=True)


def test_the_modules_that_register_operations_are_not_read(program):
    done = run(program, "import torchvision\nprint(torchvision.Image([[1, 2]]))")
    assert (done.stdout, done.stderr) == ("Image([[1, 2]])\n", "")


def test_a_compiled_operation_says_that_there_is_none(program):
    done = run(program, "import torchvision\ntorchvision.nms()")
    assert (
        "RuntimeError: nms, roi_pool, deform_conv2d and their like are compiled for PyTorch: there are none"
        in done.stderr
    )
