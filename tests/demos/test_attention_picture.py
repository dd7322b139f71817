"""The picture of attention shows the weights that the model uses."""

import numpy as np
import pytest

import autograd as ag
from demos.pictures.attention import attention_of, draw_attention
from demos.watch import watch
from models.config import CHOICES, GPTConfig
from models.gpt import GPT
from models.transformer import Transformer, TransformerConfig, padded


def check(model, inputs, kind, n_layer):
    """The weights (L, B, H, T, S), which mix the values into what each layer's attention returns."""
    for parameter in model.parameters():
        parameter.array[...] *= 3  # far enough from the start for the weights to differ
    weights = attention_of(model, *inputs, kind=kind)
    with watch(model) as calls:
        model(*inputs)
    found = [call for path, call in calls.items() if path.endswith(f"{kind}.attention")]
    assert len(found) == n_layer
    for call, layer in zip(found, weights, strict=True):
        np.testing.assert_allclose(layer @ call.args[2].array, call.out.array, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(weights.sum(-1), 1)
    return weights


@pytest.mark.parametrize("position", CHOICES["position"])
@pytest.mark.parametrize("norm_first", [True, False])
def test_values_mixed_by_the_weights_are_what_each_block_attends_to(position, norm_first):
    ag.manual_seed(0)
    config = GPTConfig(9, 8, n_layer=2, n_head=2, n_embd=8, position=position, norm_first=norm_first)
    weights = check(GPT(config).double().eval(), [ag.tensor([[3, 1, 4, 1, 5]])], "attn", 2)
    assert weights.shape == (2, 1, 2, 5, 5) and not np.triu(weights, 1).any()


def test_cross_attention_gives_no_weight_to_padding():
    ag.manual_seed(0)
    config = TransformerConfig(11, 7, d_model=8, num_heads=2, num_layers=2, d_ff=16, max_len=12)
    source, target = padded([[3, 4, 5], [6, 7]]), ag.tensor([[1, 3], [1, 4]])
    weights = check(Transformer(config).double().eval(), [source, target], "cross", 2)
    assert weights.shape == (2, 2, 2, 2, 3)
    assert not weights[:, 1, :, :, 2].any() and (weights[:, 0] > 0).all()


def test_a_panel_for_each_head_is_drawn(tmp_path):
    file = tmp_path / "attention.png"
    draw_attention(np.full((1, 2, 3, 4), 0.25), list("abc"), list("wxyz"), "evenly", file)
    assert file.stat().st_size > 1000
