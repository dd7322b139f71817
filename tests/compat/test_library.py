"""Operations that a program defines in Python."""

import pytest

import autograd as torch
from autograd import ops
from autograd.checking import gradcheck


@pytest.fixture
def scaled():
    """An operation with a keyword, which is there for one test."""

    @torch.library.custom_op("tests::scaled", mutates_args=())
    def scaled(x: torch.Tensor, by: float = 2.0) -> torch.Tensor:
        return x * x * by

    yield scaled
    del ops.tests


def test_an_operation_is_called_by_its_name_and_has_the_gradient_that_it_is_given(scaled):
    x = torch.randn(3, dtype=torch.float64, requires_grad=True)
    assert scaled(x.detach(), by=3.0).equal(3 * x.detach() ** 2)
    with pytest.raises(RuntimeError, match="tests::scaled has no gradient: give its backward to"):
        torch.ops.tests.scaled(x).sum().backward()

    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(inputs[0])
        ctx.by = inputs[1]

    torch.library.register_autograd(
        "tests::scaled", lambda ctx, g: (2 * ctx.saved_tensors[0] * ctx.by * g, None), setup_context=setup_context
    )
    assert gradcheck(lambda x: torch.ops.tests.scaled.default(x, by=5.0), (x,))


def test_what_describes_an_operation_to_a_compiler_is_accepted(scaled):
    def shape_of(x, by=2.0):
        return torch.empty_like(x)

    assert scaled.register_fake(shape_of) is torch.library.register_fake("tests::scaled")(shape_of) is shape_of
    torch.library.register_autograd(scaled, lambda ctx, g: (g, None))
    x = torch.ones(2, requires_grad=True)
    scaled(x).sum().backward()
    assert x.grad.tolist() == [1, 1]
