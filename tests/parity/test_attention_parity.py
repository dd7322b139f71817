"""MultiheadAttention and nn.Transformer beside PyTorch's, from the same weights: outputs, weights, gradients."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd as ag
import nn
from tests.parity.beside import CLOSE, both, compare, pair_of

torch = pytest.importorskip("torch")


def masks_of(rng, kind, shape):
    """The same mask for both: none, of bools that leave the first key to all, or added."""
    if kind == "none":
        return None, None
    mask = rng.normal(size=shape)
    if kind == "bool":
        mask = mask > 0
        mask[..., 0] = False
    return ag.tensor(mask), torch.tensor(mask)


MASKS = st.sampled_from(["none", "bool", "float"])


@settings(max_examples=150)
@given(
    heads=st.integers(1, 3),
    T=st.integers(1, 4),
    S=st.integers(1, 4),
    B=st.integers(0, 3),
    keywords=st.fixed_dictionaries(
        {name: st.booleans() for name in ("bias", "add_bias_kv", "add_zero_attn", "batch_first")},
        optional={"kdim": st.integers(1, 4), "vdim": st.integers(1, 4)},
    ),
    together=st.booleans(),
    attn=MASKS,
    per_head=st.booleans(),
    padding=MASKS,
    call=st.fixed_dictionaries({"need_weights": st.booleans(), "average_attn_weights": st.booleans()}),
    seed=st.integers(0, 2**20),
)
def test_multihead_attention(heads, T, S, B, keywords, together, attn, per_head, padding, call, seed):
    rng = np.random.default_rng(seed)
    size = 2 * heads
    ours, theirs = pair_of("MultiheadAttention", size, heads, **keywords)
    together = together and not {"kdim", "vdim"} & keywords.keys()
    S = T if together else S
    widths = {"query": (T, size), "key": (S, keywords.get("kdim", size)), "value": (S, keywords.get("vdim", size))}
    inputs = []
    for steps, width in [widths["query"]] if together else widths.values():
        shape = (steps, width)
        if B:
            shape = (B, *shape) if keywords["batch_first"] else (steps, B, width)
        inputs.append(both(rng, *shape))
    attn = masks_of(rng, attn, (max(B, 1) * heads, T, S) if per_head else (T, S))
    padding = masks_of(rng, padding, (B, S) if B else (S,))
    outputs = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch deprecates masks of two kinds
        for i, module in enumerate((ours, theirs)):
            args = [pair[i] for pair in inputs] * (3 if together else 1)
            outputs.append(module(*args, attn_mask=attn[i], key_padding_mask=padding[i], **call))
    compare(ours, theirs, inputs, outputs, rng, CLOSE[ag.float64])


@settings(max_examples=40)
@given(
    T=st.integers(1, 4),
    S=st.integers(1, 4),
    B=st.integers(0, 3),
    keywords=st.fixed_dictionaries(
        {name: st.booleans() for name in ("batch_first", "norm_first", "bias")}
        | {"activation": st.sampled_from(["relu", "gelu"])}
        | {f"num_{part}_layers": st.integers(1, 2) for part in ("encoder", "decoder")}
    ),
    kinds=st.fixed_dictionaries(dict.fromkeys(("src", "tgt", "memory"), MASKS)),
    padded=st.booleans(),
    seed=st.integers(0, 2**20),
)
def test_transformer(T, S, B, keywords, kinds, padded, seed):
    rng = np.random.default_rng(seed)
    steps = {"src": S, "tgt": T, "memory": S}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch tells which of its fast paths it takes
        ours, theirs = pair_of("Transformer", 4, 2, dim_feedforward=5, dropout=0.0, **keywords)
        inputs = []
        for name in ("src", "tgt"):
            shape = (steps[name], 4)
            if B:
                shape = (B, *shape) if keywords["batch_first"] else (steps[name], B, 4)
            inputs.append(both(rng, *shape))
        masks: list = [{}, {}]
        for name, kind in kinds.items():
            pair = masks_of(rng, kind, (T if name == "memory" else steps[name], steps[name]))
            padding = masks_of(rng, kind if padded else "none", (B, steps[name]) if B else (steps[name],))
            for i in range(2):
                masks[i] |= {f"{name}_mask": pair[i], f"{name}_key_padding_mask": padding[i]}
        outputs = [module(*[p[i] for p in inputs], **masks[i]) for i, module in enumerate((ours, theirs))]
    compare(ours, theirs, inputs, outputs, rng, CLOSE[ag.float64])


def test_names_of_the_parts_and_the_mask_of_the_future():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours, theirs = pair_of("Transformer", 4, 2, 1, 1, 8)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert [name for name, _ in ours.named_modules()] == [name for name, _ in theirs.named_modules()]
    for n in (0, 1, 4):
        mask = nn.Transformer.generate_square_subsequent_mask(n)
        expected = torch.nn.Transformer.generate_square_subsequent_mask(n).numpy()
        np.testing.assert_array_equal(mask.array, expected, strict=True)


@pytest.mark.parametrize("batch_first", [False, True])
def test_a_transformer_of_inputs_that_do_not_fit_is_refused_as_in_torch(batch_first):
    for shapes in (((3, 2, 4), (2, 3, 4)), ((3, 2, 4), (3, 2, 5))):
        for library, tensor in ((nn, ag.ones), (torch.nn, torch.ones)):
            with pytest.raises(RuntimeError, match="number of src and tgt must be equal"):
                library.Transformer(4, 2, 1, 1, 8, batch_first=batch_first)(*map(tensor, shapes))


def test_custom_parts_are_called_with_torchs_keywords():
    class Encoder(nn.Module):
        def forward(self, src, mask=None, src_key_padding_mask=None, is_causal=None):
            return src + 1

    class Decoder(nn.Module):
        def forward(self, tgt, memory, **keywords):
            assert set(keywords) == {
                *("tgt_mask", "memory_mask", "tgt_key_padding_mask", "memory_key_padding_mask"),
                *("tgt_is_causal", "memory_is_causal"),
            }
            return tgt + memory.sum()

    model = nn.Transformer(4, 2, custom_encoder=Encoder(), custom_decoder=Decoder())
    np.testing.assert_array_equal(model(ag.zeros(3, 1, 4), ag.zeros(2, 1, 4)).array, np.full((2, 1, 4), 12.0))
