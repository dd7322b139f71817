"""The encoder-decoder beside PyTorch's own encoder and decoder layers, in float64: logits and all gradients to 1e-9."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd as ag
from models.transformer import Transformer, TransformerConfig, padded

torch = pytest.importorskip("torch")
TOLERANCE = {"rtol": 1e-9, "atol": 1e-9}
NAMES = {"attn.c_attn.": "self_attn.in_proj_", "attn.c_proj.": "self_attn.out_proj.", "ln_1.": "norm1."}
NAMES |= {"cross.c_proj.": "multihead_attn.out_proj.", "mlp.c_fc.": "linear1.", "mlp.c_proj.": "linear2."}
NORMS = {"encoder": {"ln_2.": "norm2."}, "decoder": {"ln_cross.": "norm2.", "ln_2.": "norm3."}}


class TorchTransformer(torch.nn.Module):
    """The reference, of TransformerEncoderLayer and TransformerDecoderLayer."""

    def __init__(self, config):
        super().__init__()
        C = config.d_model
        options = {"dropout": 0.0, "activation": config.activation, "batch_first": True}
        sizes = {"d_model": C, "nhead": config.num_heads, "dim_feedforward": config.d_ff}
        options |= {"norm_first": config.norm_first}
        layers = range(config.num_layers)
        self.source = torch.nn.Embedding(config.source_vocab, C)
        self.target = torch.nn.Embedding(config.target_vocab, C)
        self.encoder = torch.nn.ModuleList([torch.nn.TransformerEncoderLayer(**sizes, **options) for _ in layers])
        self.decoder = torch.nn.ModuleList([torch.nn.TransformerDecoderLayer(**sizes, **options) for _ in layers])
        self.encoder_norm, self.decoder_norm = (
            torch.nn.LayerNorm(C) if config.norm_first else torch.nn.Identity() for _ in range(2)
        )
        self.pad = config.pad
        self.double()

    def embed(self, embedding, ids):
        T, C = ids.shape[1], embedding.embedding_dim
        angle = torch.arange(T).double()[:, None] / 10000 ** (torch.arange(0, C, 2).double() / C)
        position = torch.stack([angle.sin(), angle.cos()], -1).flatten(1)  # features 2i and 2i + 1
        return embedding(ids) * math.sqrt(C) + position

    def forward(self, source, target):
        pad = source == self.pad
        memory = self.embed(self.source, source)
        for layer in self.encoder:
            memory = layer(memory, src_key_padding_mask=pad)
        memory = self.encoder_norm(memory)
        x = self.embed(self.target, target)
        later = torch.ones(target.shape[1], target.shape[1], dtype=torch.bool).triu(1)
        for layer in self.decoder:
            x = layer(x, memory, tgt_mask=later, memory_key_padding_mask=pad)
        return self.decoder_norm(x) @ self.target.weight.T


def in_torch_s_names(arrays):
    """Arrays by the names of our parameters, by the names and in the forms that the reference has."""
    found = {}
    for name, array in arrays.items():
        stack, _, rest = name.partition(".")
        if rest.startswith("wte"):
            found[f"{'source' if stack == 'encoder' else 'target'}.weight"] = array
        elif rest.startswith("ln_f"):
            found[name.replace(".ln_f", "_norm")] = array
        elif "cross.q_attn." in rest:  # queries, keys and values are one matrix
            number, kind = rest.split(".")[1], rest.rpartition(".")[2]
            both = [array, arrays[name.replace("q_attn", "c_attn")]]
            found[f"decoder.{number}.multihead_attn.in_proj_{kind}"] = np.concatenate(both)
        elif "cross.c_attn." not in rest:
            _, number, rest = rest.split(".", 2)
            ours, theirs = next((o, t) for o, t in (NAMES | NORMS[stack]).items() if rest.startswith(o))
            found[f"{stack}.{number}.{theirs}{rest.removeprefix(ours)}"] = array
    return found


CONFIGS = st.builds(
    lambda heads, size, **choices: TransformerConfig(d_model=2 * heads * size, num_heads=heads, dropout=0.0, **choices),
    heads=st.integers(1, 3),
    size=st.integers(1, 3),
    source_vocab=st.integers(2, 9),
    target_vocab=st.integers(2, 9),
    num_layers=st.integers(1, 2),
    d_ff=st.integers(1, 12),
    max_len=st.just(8),
    norm_first=st.booleans(),
    activation=st.sampled_from(["relu", "gelu"]),
)


@settings(max_examples=25)
@given(CONFIGS, st.lists(st.integers(1, 8), min_size=1, max_size=3), st.integers(2, 6), st.integers(0, 2**20))
def test_logits_and_gradients_are_those_of_pytorchs_layers(config, lengths, T, seed):
    ag.manual_seed(seed)
    rng = np.random.default_rng(seed)
    ours, theirs = Transformer(config).double(), TorchTransformer(config)
    for parameter in ours.parameters():
        parameter.array[...] = rng.normal(0, 0.5, parameter.shape)
    weights = in_torch_s_names({name: p.array for name, p in ours.named_parameters()})
    theirs.load_state_dict({name: torch.tensor(array) for name, array in weights.items()}, strict=True)

    source = padded([rng.integers(1, config.source_vocab, n).tolist() for n in lengths])
    target = ag.as_tensor(rng.integers(0, config.target_vocab, (len(lengths), T)))
    target.array[0, 1] = config.target_vocab - 1  # at least one that is no padding
    inputs = [torch.tensor(t.array) for t in (source, target)]

    np.testing.assert_allclose(ours(source, target).array, theirs(*inputs).detach().numpy(), **TOLERANCE)
    ours.loss(source, target, 0.1).backward()
    logits = theirs(inputs[0], inputs[1][:, :-1])
    criterion = torch.nn.CrossEntropyLoss(ignore_index=config.pad, label_smoothing=0.1)
    criterion(logits.flatten(0, 1), inputs[1][:, 1:].flatten()).backward()
    gradients = in_torch_s_names({name: p.grad.array for name, p in ours.named_parameters()})
    assert gradients.keys() == dict(theirs.named_parameters()).keys()
    for name, parameter in theirs.named_parameters():
        np.testing.assert_allclose(gradients[name], parameter.grad.numpy(), **TOLERANCE, err_msg=name)
