"""The picture of attention shows the weights that the model uses."""

import numpy as np
import pytest

import autograd as ag
from demos.pictures.attention import draw_attention, gpt_attention
from models.config import CHOICES, GPTConfig
from models.gpt import GPT


@pytest.mark.parametrize("position", CHOICES["position"])
@pytest.mark.parametrize("norm_first", [True, False])
def test_values_mixed_by_the_weights_are_what_each_block_attends_to(position, norm_first):
    ag.manual_seed(0)
    config = GPTConfig(9, 8, n_layer=2, n_head=2, n_embd=8, position=position, norm_first=norm_first)
    model, ids = GPT(config).double().eval(), ag.tensor([[3, 1, 4, 1, 5]])
    for parameter in model.parameters():
        parameter.array[...] *= 5  # far enough from the start for the weights to differ
    weights, x = gpt_attention(model, ids), model.transformer.embed(ids)
    assert weights.shape == (2, 2, 5, 5)
    for block, shares in zip(model.transformer.h, weights, strict=True):
        h = block.ln_1(x) if norm_first else x
        v = block.attn.c_attn(h).chunk(3, dim=-1)[2].view(5, 2, 4).transpose(0, 1).array  # H,T,D
        mixed = ag.tensor((shares @ v).swapaxes(0, 1).reshape(1, 5, 8))
        np.testing.assert_allclose(block.attn.c_proj(mixed).array, block.attn(h).array, rtol=1e-12)
        x = block(x)
    np.testing.assert_allclose(weights.sum(-1), 1)
    assert not np.triu(weights, 1).any()


def test_a_panel_for_each_head_is_drawn(tmp_path):
    file = tmp_path / "attention.png"
    draw_attention(np.full((1, 2, 3, 4), 0.25), list("abc"), list("wxyz"), "evenly", file)
    assert file.stat().st_size > 1000
