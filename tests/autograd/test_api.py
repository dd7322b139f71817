"""The public names, all of them: PyTorch's, in the places where PyTorch has them."""

import pytest

import autograd as ag
import nn

ATTRIBUTES = """data grad requires_grad grad_fn is_leaf shape dtype device ndim T mT itemsize"""

METHODS = """
backward detach requires_grad_ retain_grad register_hook item tolist numpy clone cpu to type float double long int bool
size dim numel nelement contiguous view expand repeat copy_ fill_ zero_ masked_fill_ add_ mul_ sub_ div_ clamp_ normal_
uniform_ index_add_ scatter_ scatter_add_
element_size is_contiguous detach_ half type_as view_as expand_as broadcast_to unflatten tile repeat_interleave movedim
swapaxes narrow select unfold diagonal trace new_zeros new_ones new_full new_tensor
__len__ __iter__ __getitem__ __setitem__ __bool__ __int__ __float__ __index__ __format__
__add__ __radd__ __sub__ __rsub__ __mul__ __rmul__ __truediv__ __rtruediv__ __floordiv__ __rfloordiv__ __mod__ __rmod__
__pow__ __rpow__ __matmul__ __rmatmul__ __neg__ __pos__ __abs__ __invert__ __and__ __or__ __xor__ __rand__ __ror__
__eq__ __ne__ __lt__ __le__ __gt__ __ge__ __iadd__ __isub__ __imul__ __itruediv__ __ipow__ __iand__ __ior__ __ixor__
"""

BOTH = """
reshape transpose permute t squeeze unsqueeze flatten split chunk unbind flip roll tril triu
add sub mul div pow neg matmul bmm abs exp log sqrt sin cos tanh sigmoid relu erf sign floor ceil round clamp maximum
minimum remainder
sum mean prod std var max min amax amin argmax argmin any all norm logsumexp softmax log_softmax cumsum sort argsort
topk
eq ne lt le gt ge isnan isfinite allclose logical_not where masked_fill masked_select gather scatter scatter_add
index_select nonzero
broadcast_to unflatten tile repeat_interleave movedim swapaxes narrow select unfold diagonal trace mm mv dot outer addmm
baddbmm log2 log10 log1p expm1 exp2 rsqrt square reciprocal tan asin acos atan atan2 sinh cosh asinh acosh
atanh trunc clip fmod lerp logaddexp cumprod median isinf isclose equal logical_and logical_or take_along_dim unique
bincount count_nonzero clone numel is_floating_point diag index_add addcmul addcdiv nan_to_num
"""

FUNCTIONS = """
Tensor tensor as_tensor from_numpy zeros ones full empty eye arange linspace zeros_like ones_like full_like rand randn
randint randperm multinomial bernoulli cat stack einsum meshgrid diag float32 float64 int32 int64 long float device Size
FloatTensor LongTensor manual_seed Generator no_grad enable_grad set_grad_enabled inference_mode is_grad_enabled save
load grad gradcheck Function Value
broadcast_tensors tensordot std_mean var_mean concat hstack vstack empty_like rand_like randn_like normal is_tensor
get_default_dtype set_default_dtype float16 int16 int8 uint8 backward gradgradcheck bool double half inf nan pi finfo
iinfo cuda backends value_and_grad vjp jvp jacobian hessian hvp op get_rng_state set_rng_state initial_seed
"""

FUNCTIONS_ALONE = """
cat concat stack hstack vstack complex einsum tensordot meshgrid broadcast_tensors embedding linear bilinear dropout
rrelu threshold hardsigmoid hardswish hardtanh leaky_relu elu celu selu mish silu gelu softplus softshrink
cross_entropy pad fold layer_norm rms_norm batch_norm group_norm max_pool1d max_pool2d interpolate cosine_similarity
std_mean var_mean vmap identity getitem unindex copy_slices contract recurrence vector_norm linear_step
bce_with_logits split_heads merge_heads softmax_backward log_softmax_backward cross_entropy_rows fused_attention
log_or_floor rotary embedding_backward concatenate split_at convolution convolution_input convolution_weight fourier
cofactors
linear_solve tall_qr pseudo_inverse windows add_windows max_pool unpool resample recurrent_layer polygamma_of arange
linspace eye full ones zeros empty rand randn randint randperm tensor as_tensor from_numpy zeros_like ones_like
full_like rand_like randn_like empty_like bucketize searchsorted isin lu_unpack
"""


@pytest.mark.parametrize("name", (ATTRIBUTES + METHODS + BOTH).split())
def test_a_tensor_has(name):
    assert hasattr(ag.Tensor, name) or hasattr(ag.ones(1), name)


@pytest.mark.parametrize("name", FUNCTIONS_ALONE.split())
def test_no_method_is_made_of(name):
    assert not hasattr(ag.ones(1), name)


@pytest.mark.parametrize("name", (FUNCTIONS + BOTH).split())
def test_autograd_has(name):
    assert hasattr(ag, name)


def test_a_program_for_torch_finds_its_parts():
    assert ag.nn.Linear is nn.Linear and ag.optim.Adam is nn.optim.Adam and ag.autograd.grad is ag.grad
    assert ag.utils.data.DataLoader is nn.data.DataLoader
    with pytest.raises(AttributeError, match=r"autograd has no torch\.no_such_name: docs/compatibility.md"):
        ag.no_such_name  # noqa: B018


@pytest.mark.parametrize("name", sorted(n for n in dir(ag) if not n.startswith("_")))
def test_every_public_name_has_a_docstring(name):
    thing = getattr(ag, name)
    if callable(thing) or type(thing).__name__ == "module":
        assert thing.__doc__


def test_numpys_keywords_are_understood():
    x = ag.tensor([[1.0, 2.0], [3.0, 5.0]])
    for f in (
        ag.sum,
        ag.mean,
        ag.amax,
        ag.prod,
        ag.std,
        ag.var,
        ag.norm,
        ag.logsumexp,
        ag.softmax,
        ag.cumsum,
        ag.argmax,
    ):
        assert f(x, axis=1).equal(f(x, dim=1))
    assert x.sum(axis=0, keepdims=True).shape == (1, 2) and x.max(axis=0).values.tolist() == [3, 5]
    assert x.argsort(axis=0, descending=True).equal(x.argsort(dim=0, descending=True))
    assert ag.cat([x, x], axis=1).shape == (2, 4) and ag.stack([x, x], axis=2).shape == (2, 2, 2)
    assert x.squeeze(axis=0).equal(x)


def test_what_has_values_and_indices_gives_them_by_name():
    x = ag.tensor([[1.0, 9.0, 3.0]])
    for found in (x.max(1), x.min(1), x.sort(1), x.topk(2), x.median(1), x.max(1, keepdim=True)):
        values, indices = found
        assert found.values is values and found.indices is indices
        assert x[0, indices.view(-1)].equal(values.view(-1))
