import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
import nn
import nn.functional as F
from autograd.errors import ShapeError

seeds = st.integers(0, 2**32 - 1)


def attend(q, k, v, allowed=None, scale=None):
    """Attention, query by query."""
    out = np.zeros(q.shape[:-1] + v.shape[-1:])
    weights = np.zeros(q.shape[:-1] + k.shape[-2:-1])
    for i in np.ndindex(q.shape[:-1]):
        scores = k[i[:-1]] @ q[i] * (1 / math.sqrt(q.shape[-1]) if scale is None else scale)
        e = np.exp(scores) * (1 if allowed is None else np.broadcast_to(allowed, weights.shape)[i])
        weights[i] = e / e.sum()
        out[i] = weights[i] @ v[i[:-1]]
    return out, weights


def qkv(seed, t=3, s=5):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(2, 2, t, 4)), rng.normal(size=(2, 2, s, 4)), rng.normal(size=(2, 2, s, 3))


@given(seed=seeds, scale=st.sampled_from([None, 0.3]))
def test_attention_equals_the_sum_by_hand(seed, scale):
    q, k, v = qkv(seed)
    out = F.scaled_dot_product_attention(*map(ag.tensor, (q, k, v)), scale=scale)
    np.testing.assert_allclose(out.numpy(), attend(q, k, v, scale=scale)[0])


@given(seed=seeds, t=st.integers(1, 5))
def test_causal_attention_aligns_the_last_query_with_the_last_key_and_is_causal_the_first_with_the_first(seed, t):
    arrays = qkv(seed, t)
    q, k, v = map(ag.tensor, arrays)
    expected, weights = attend(*arrays, np.tri(t, 5, 5 - t))
    np.testing.assert_allclose(F.attention(q, k, v, causal=True).numpy(), expected)
    np.testing.assert_allclose(F.attention_weights(q, k, causal=True).numpy(), weights)
    expected, _ = attend(*arrays, np.tri(t, 5))
    np.testing.assert_allclose(F.scaled_dot_product_attention(q, k, v, is_causal=True).numpy(), expected)
    np.testing.assert_array_equal(F.causal_upper_left(t, 5).numpy(), np.tri(t, 5, dtype=bool))


@given(seed=seeds, causal=st.booleans(), added=st.booleans())
def test_a_query_whose_keys_are_all_masked_out_gets_zeros_and_no_gradient(seed, causal, added):
    q, k, v = (ag.tensor(a, requires_grad=True) for a in qkv(seed))
    allowed = np.random.default_rng(seed).random((3, 5)) < 0.5
    allowed[1], allowed[::2, 0] = False, True
    mask = ag.tensor(np.where(allowed, 0.0, -np.inf) if added else allowed)
    out, weights = F.attention(q, k, v, mask, causal=causal), F.attention_weights(q, k, mask, causal=causal)
    np.testing.assert_allclose((weights @ v).detach().numpy(), out.detach().numpy(), atol=1e-12)
    assert not weights[:, :, 1].detach().numpy().any()
    gradients = [ag.grad((y * y).sum(), (q, k, v)) for y in (out, weights @ v)]
    for one, other in zip(*gradients):
        np.testing.assert_allclose(one.numpy(), other.numpy(), atol=1e-12)
    assert not gradients[0][0][:, :, 1].numpy().any()


@given(seed=seeds)
def test_masks_choose_or_add(seed):
    q, k, v = qkv(seed)
    allowed = np.random.default_rng(seed).random((2, 1, 3, 5)) < 0.6
    allowed[..., 0] = True
    expected = attend(q, k, v, allowed)[0]
    for mask in (ag.tensor(allowed), ag.tensor(np.where(allowed, 0.0, -np.inf))):
        out = F.scaled_dot_product_attention(*map(ag.tensor, (q, k, v)), mask)
        np.testing.assert_allclose(out.numpy(), expected)
        weights = F.attention_weights(ag.tensor(q), ag.tensor(k), mask)
        np.testing.assert_allclose((weights @ ag.tensor(v)).numpy(), expected)


def test_attention_gradients():
    q, k, v = (ag.tensor(a, requires_grad=True) for a in qkv(0))
    bias = ag.tensor(np.random.default_rng(1).normal(size=(3, 5)), requires_grad=True)
    for keywords in ({}, {"is_causal": True}):
        assert ag.gradcheck(lambda q, k, v: F.scaled_dot_product_attention(q, k, v, **keywords), (q, k, v))  # noqa: B023
    assert ag.gradcheck(F.scaled_dot_product_attention, (q, k, v, bias))
    assert ag.gradcheck(F.attention_weights, (q, k, bias))


def test_grouped_queries_share_keys():
    rng = np.random.default_rng(0)
    q, k, v = (ag.tensor(rng.normal(size=(1, h, 3, 4))) for h in (4, 2, 2))
    out = F.scaled_dot_product_attention(q, k, v, enable_gqa=True)
    for head in range(4):
        one = F.scaled_dot_product_attention(q[:, head], k[:, head // 2], v[:, head // 2])
        np.testing.assert_allclose(out[:, head].numpy(), one.numpy())


def test_attention_dropout_drops_weights():
    ag.manual_seed(0)
    q = ag.zeros(1, 200, 4)
    out = F.scaled_dot_product_attention(q, q, ag.ones(1, 200, 1), dropout_p=0.5).numpy()
    assert abs(out.mean() - 1) < 0.02 and out.std() > 0.01


def test_attention_names_what_does_not_fit():
    with pytest.raises(ShapeError, match=r"\(2, 3\), \(2, 4\)"):
        F.scaled_dot_product_attention(ag.ones(2, 3), ag.ones(2, 4), ag.ones(2, 4))
    with pytest.raises(RuntimeError, match="not both"):
        F.scaled_dot_product_attention(*[ag.ones(2, 3)] * 3, attn_mask=ag.ones(2, 2), is_causal=True)


# -- the layer ------------------------------------------------------------------------------------------------------


def by_hand(mha, query, key, value, allowed=None):
    """Multi-head attention, head by head."""
    w, b = mha.in_proj_weight.detach().numpy(), mha.in_proj_bias.detach().numpy()
    c, d = mha.embed_dim, mha.head_dim
    heads, weights = [], []
    for h in range(mha.num_heads):
        rows = [slice(i * c + h * d, i * c + (h + 1) * d) for i in range(3)]
        q, k, v = (x @ w[r].T + b[r] for x, r in zip((query, key, value), rows))
        out, weight = attend(q, k, v, allowed)
        heads.append(out)
        weights.append(weight)
    out = np.concatenate(heads, -1) @ mha.out_proj.weight.detach().numpy().T + mha.out_proj.bias.detach().numpy()
    return out, np.stack(weights, 1)


def layer(**keywords):
    mha = nn.MultiheadAttention(6, 2, batch_first=True, **keywords).double().eval()
    for p in mha.parameters():
        nn.init.normal_(p)
    return mha


@given(seed=seeds)
def test_multihead_attention_equals_the_sum_by_hand(seed):
    mha = layer()
    q, kv = np.random.default_rng(seed).normal(size=(2, 3, 6)), np.random.default_rng(seed).normal(size=(2, 5, 6))
    expected, weights = by_hand(mha, q, kv, kv)
    out, average = mha(ag.tensor(q), ag.tensor(kv), ag.tensor(kv))
    np.testing.assert_allclose(out.detach().numpy(), expected, atol=1e-12)
    np.testing.assert_allclose(average.detach().numpy(), weights.mean(1), atol=1e-12)
    out, each = mha(ag.tensor(q), ag.tensor(kv), ag.tensor(kv), average_attn_weights=False)
    np.testing.assert_allclose(each.detach().numpy(), weights, atol=1e-12)
    out, none = mha(ag.tensor(q), ag.tensor(kv), ag.tensor(kv), need_weights=False)
    np.testing.assert_allclose(out.detach().numpy(), expected, atol=1e-12)
    assert none is None


@pytest.mark.parametrize("need_weights", [True, False])
def test_true_in_a_mask_means_that_nobody_may_look(need_weights):
    mha = layer()
    x = np.random.default_rng(0).normal(size=(2, 4, 6))
    padding = np.array([[False, False, False, True], [False, True, False, False]])
    future = ~np.tri(4, dtype=bool)
    allowed = ~(future | padding[:, None, :])
    expected, _ = by_hand(mha, x, x, x, allowed)
    t = ag.tensor(x)
    as_float = ag.tensor(np.where(future, -np.inf, 0.0))
    for masks in (
        {"key_padding_mask": ag.tensor(padding), "attn_mask": ag.tensor(future)},
        {"key_padding_mask": ag.tensor(padding), "attn_mask": as_float},
        {"key_padding_mask": ag.tensor(padding), "is_causal": True},
        {"attn_mask": ag.tensor(np.repeat(~allowed, 2, 0))},
    ):
        out, _ = mha(t, t, t, need_weights=need_weights, **masks)
        np.testing.assert_allclose(out.detach().numpy(), expected, atol=1e-12)


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("need_weights", [True, False])
def test_the_result_of_multihead_attention_lies_row_major(batch_first, need_weights):
    x = ag.rand(3, 5, 8)
    y, _ = nn.MultiheadAttention(8, 2, batch_first=batch_first)(x, x, x, need_weights=need_weights)
    assert y.view(15, 8).shape == (15, 8)


def test_the_batch_may_come_second_or_not_at_all():
    mha = layer()
    x = ag.randn(3, 4, 6, dtype=ag.float64)
    out, weights = mha(x, x, x)
    mha.batch_first = False
    second, w2 = mha(x.transpose(0, 1), x.transpose(0, 1), x.transpose(0, 1))
    np.testing.assert_allclose(second.transpose(0, 1).detach(), out.detach(), atol=1e-12)
    np.testing.assert_allclose(w2.detach(), weights.detach(), atol=1e-12)
    padding = ag.tensor([False, False, False, True])
    alone, w3 = mha(x[0], x[0], x[0], padding)
    assert alone.shape == (4, 6) and w3.shape == (4, 4) and w3[:, 3].tolist() == [0.0] * 4


def test_other_sizes_of_keys_and_values_have_their_own_weights():
    mha = nn.MultiheadAttention(6, 2, kdim=4, vdim=3, batch_first=True)
    names = ["q_proj_weight", "k_proj_weight", "v_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"]
    assert [name for name, _ in mha.named_parameters()] == names
    out, _ = mha(ag.randn(2, 3, 6), ag.randn(2, 5, 4), ag.randn(2, 5, 3))
    out.sum().backward()
    assert out.shape == (2, 3, 6) and all(p.grad is not None for p in mha.parameters())


def test_multihead_gradients():
    mha = layer()
    x = ag.tensor(np.random.default_rng(0).normal(size=(1, 3, 6)), requires_grad=True)
    for need_weights in (True, False):
        assert ag.gradcheck(lambda x: mha(x, x, x, is_causal=True, need_weights=need_weights)[0], (x,))  # noqa: B023


def test_multihead_attention_drops_weights_in_training_alone():
    mha = nn.MultiheadAttention(4, 2, dropout=0.5, batch_first=True)
    x = ag.randn(1, 8, 4)
    assert (mha(x, x, x, average_attn_weights=False)[1].detach().numpy() == 0).any()
    assert mha(x, x, x, need_weights=False)[0].tolist() != mha(x, x, x, need_weights=False)[0].tolist()
    mha.eval()
    assert mha(x, x, x, need_weights=False)[0].tolist() == mha(x, x, x, need_weights=False)[0].tolist()


def test_wrong_configurations_fail_at_once():
    with pytest.raises(ValueError, match="divisible by num_heads, got 6 and 4"):
        nn.MultiheadAttention(6, 4)
    with pytest.raises(ValueError, match="but got 1.5"):
        nn.MultiheadAttention(6, 2, dropout=1.5)
    with pytest.raises(ShapeError, match=r"key must be .*C = 6; got \(2, 3, 5\)"):
        nn.MultiheadAttention(6, 2)(ag.ones(2, 3, 6), ag.ones(2, 3, 5), ag.ones(2, 3, 6))


def test_what_torch_calls_its_fast_paths_changes_nothing():
    layer = nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0)
    encoder = nn.TransformerEncoder(layer, 1, None, False, mask_check=False)
    x = ag.randn(3, 1, 4)
    np.testing.assert_array_equal(encoder(x).detach().numpy(), layer(x).detach().numpy())


def test_an_encoder_copies_its_layer_and_hands_on_the_masks():
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
    encoder = nn.TransformerEncoder(layer, 2)
    first, second = encoder.layers
    assert first is not layer and first.linear1.weight is not second.linear1.weight
    x = ag.randn(2, 5, 8)
    changed = x.clone()
    changed[:, 3] += 1.0
    before, after = (encoder(t, is_causal=True).detach().numpy() for t in (x, changed))
    np.testing.assert_array_equal(before[:, :3], after[:, :3])
    assert (before[:, 3:] != after[:, 3:]).any()
    assert nn.TransformerEncoder(layer, 1, nn.LayerNorm(8))(x).shape == x.shape
    with pytest.raises(RuntimeError, match="relu/gelu, not selu"):
        nn.TransformerEncoderLayer(8, 2, activation="selu")


def test_multihead_attention_takes_torchs_arguments_by_position():
    assert nn.MultiheadAttention(8, 2, 0.0, True, False, False, None, None, True).batch_first


def test_a_mask_of_whole_numbers_or_of_another_shape_is_refused():
    attention, x = nn.MultiheadAttention(4, 2, batch_first=True), ag.randn(2, 3, 4)
    with pytest.raises(TypeError, match="only bool and floating types of attn_mask"):
        attention(x, x, x, attn_mask=ag.ones(3, 3, dtype=ag.int64))
    with pytest.raises(ShapeError, match=r"attn_mask must have the shape \(3, 3\) or \(4, 3, 3\), got \(2, 3, 3\)"):
        attention(x, x, x, attn_mask=ag.ones(2, 3, 3))
    with pytest.raises(ShapeError, match=r"key_padding_mask must have the shape \(2, 3\), got \(3, 2\)"):
        attention(x, x, x, key_padding_mask=ag.ones(3, 2) > 0)


def test_a_decoder_layer_sees_no_later_target_and_the_memory_that_is_not_masked_out():
    ag.manual_seed(0)
    layer = nn.TransformerDecoderLayer(4, 2, 8, dropout=0.0, batch_first=True)
    target, memory = ag.randn(2, 5, 4), ag.randn(2, 3, 4)
    masked = {"tgt_mask": nn.Transformer.generate_square_subsequent_mask(5), "memory_key_padding_mask": ag.zeros(2, 3)}
    masked["memory_key_padding_mask"][:, 2] = -math.inf
    changed = [t.clone() for t in (target, memory)]
    changed[0][:, 3] += 1
    changed[1][:, 2] += 1
    before, after = (layer(*pair, **masked).detach().numpy() for pair in ((target, memory), changed))
    np.testing.assert_array_equal(before[:, :3], after[:, :3])
    assert (before[:, 3:] != after[:, 3:]).any()
    changed[1][:, 0] += 1
    assert (layer(target, changed[1], **masked).detach().numpy() != before).all((0, 1)).any()


def test_a_transformer_decodes_what_its_encoder_remembers():
    ag.manual_seed(0)
    model = nn.Transformer(4, 2, 1, 2, 8, dropout=0.0)
    source, target = ag.randn(3, 2, 4), ag.randn(5, 2, 4)
    out = model(source, target, tgt_is_causal=True)
    expected = model.decoder(target, model.encoder(source), model.generate_square_subsequent_mask(5))
    np.testing.assert_allclose(out.detach().numpy(), expected.detach().numpy(), atol=1e-6)


def test_grouped_queries_need_a_number_of_heads_that_divides_theirs():
    q, k = ag.ones(1, 3, 2, 2), ag.ones(1, 2, 2, 2)
    with pytest.raises(ShapeError, match="must divide that in query"):
        F.scaled_dot_product_attention(q, k, k, enable_gqa=True)
