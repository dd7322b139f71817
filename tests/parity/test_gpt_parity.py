"""The GPT beside the same model of PyTorch's own modules, in float64: logits and all gradients to 1e-9."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd as ag
from models.config import CHOICES, GPTConfig
from models.gpt import GPT

torch = pytest.importorskip("torch")
TF = torch.nn.functional
TOLERANCE = {"rtol": 1e-9, "atol": 1e-9}


class TorchGPT(torch.nn.Module):
    """The reference; its parameters have the names of ours, so that weights load by the same keys."""

    def __init__(self, config):
        super().__init__()
        C = config.n_embd
        parts = {"wte": torch.nn.Embedding(config.vocab_size, C), "h": torch.nn.ModuleList()}
        if config.position == "learned":
            parts["wpe"] = torch.nn.Embedding(config.block_size, C)
        for _ in range(config.n_layer):
            attn = {"c_attn": self.linear(config, C, 3 * C), "c_proj": self.linear(config, C, C)}
            mlp = {"c_fc": self.linear(config, C, config.hidden), "c_proj": self.linear(config, config.hidden, C)}
            if config.activation == "swiglu":
                mlp["c_gate"] = self.linear(config, C, config.hidden)
            block = {"attn": torch.nn.ModuleDict(attn), "mlp": torch.nn.ModuleDict(mlp)}
            parts["h"].append(torch.nn.ModuleDict(block | {"ln_1": self.norm(config), "ln_2": self.norm(config)}))
        parts["ln_f"] = self.norm(config) if config.norm_first else torch.nn.Identity()
        self.transformer = torch.nn.ModuleDict(parts)
        self.lm_head = torch.nn.Linear(C, config.vocab_size, bias=False)
        if config.tie:
            self.lm_head.weight = self.transformer.wte.weight
        self.config = config
        self.double()

    @staticmethod
    def linear(config, rows, columns):
        return torch.nn.Linear(rows, columns, bias=config.bias)

    @staticmethod
    def norm(config):
        if config.norm == "layer":
            return torch.nn.LayerNorm(config.n_embd, bias=config.bias)
        return torch.nn.RMSNorm(config.n_embd) if config.norm == "rms" else torch.nn.Identity()

    def rotate(self, x):
        """Features i and i + D/2 as one complex number, turned by its angle."""
        half = x.shape[-1] // 2
        rate = 10000.0 ** (-torch.arange(half, dtype=torch.float64) / half)
        angle = torch.arange(x.shape[-2], dtype=torch.float64)[:, None] * rate
        turned = torch.complex(x[..., :half], x[..., half:]) * torch.polar(torch.ones_like(angle), angle)
        return torch.cat([turned.real, turned.imag], -1)

    def attend(self, layers, x):
        heads = self.config.n_head
        q, k, v = (t.unflatten(-1, (heads, -1)).transpose(1, 2) for t in layers["c_attn"](x).chunk(3, -1))
        if self.config.position == "rotary":
            q, k = self.rotate(q), self.rotate(k)
        y = TF.scaled_dot_product_attention(q, k, v, is_causal=True)
        return layers["c_proj"](y.transpose(1, 2).flatten(-2))

    def feed_forward(self, layers, x):
        kind, h = self.config.activation, layers["c_fc"](x)
        if kind == "swiglu":
            return layers["c_proj"](TF.silu(layers["c_gate"](x)) * h)
        if kind == "relu":
            return layers["c_proj"](torch.relu(h))
        return layers["c_proj"](TF.gelu(h, approximate="tanh" if kind == "gelu_tanh" else "none"))

    def positions(self, x):
        T, C = x.shape[1:]
        if self.config.position == "learned":
            return x + self.transformer["wpe"](torch.arange(T))
        if self.config.position == "sinusoidal":
            table = torch.zeros(T, C, dtype=torch.float64)
            for pos in range(T):
                for i in range(C):
                    angle = pos / 10000 ** (2 * (i // 2) / C)
                    table[pos, i] = math.cos(angle) if i % 2 else math.sin(angle)
            return x * math.sqrt(C) + table
        return x

    def forward(self, idx):
        x = self.positions(self.transformer["wte"](idx))
        for block in self.transformer["h"]:
            if self.config.norm_first:
                x = x + self.attend(block["attn"], block["ln_1"](x))
                x = x + self.feed_forward(block["mlp"], block["ln_2"](x))
            else:
                x = block["ln_1"](x + self.attend(block["attn"], x))
                x = block["ln_2"](x + self.feed_forward(block["mlp"], x))
        return self.lm_head(self.transformer["ln_f"](x))


configs = st.builds(
    GPTConfig,
    vocab_size=st.integers(2, 13),
    block_size=st.integers(1, 9),
    n_layer=st.integers(1, 3),
    n_head=st.sampled_from([1, 2, 3]),
    n_embd=st.sampled_from([12, 24]),
    n_hidden=st.sampled_from([None, 7]),
    norm_first=st.booleans(),
    tie=st.booleans(),
    bias=st.booleans(),
    **{name: st.sampled_from(choices) for name, choices in CHOICES.items()},
)


def random_model(config, seed):
    """Weights large enough that every part of the model matters."""
    ag.manual_seed(seed)
    model = GPT(config).double()
    for parameter in model.parameters():
        parameter.data = parameter.data + 0.3 * ag.randn(*parameter.shape, dtype=ag.float64)
    return model


def torch_weights(model):
    return {name: torch.tensor(value.numpy()) for name, value in model.state_dict().items()}


def random_text(config, seed):
    return np.random.default_rng(seed).integers(0, config.vocab_size, (2, 2, config.block_size))


def assert_same(model, theirs, config, seed):
    idx, targets = random_text(config, seed)
    logits, expected = model(ag.tensor(idx)), theirs(torch.tensor(idx))
    np.testing.assert_allclose(logits.detach().numpy(), expected.detach().numpy(), **TOLERANCE)
    loss = model.loss(ag.tensor(idx), ag.tensor(targets))
    loss.backward()
    their_loss = TF.cross_entropy(expected.flatten(0, 1), torch.tensor(targets).flatten())
    their_loss.backward()
    np.testing.assert_allclose(loss.item(), their_loss.item(), **TOLERANCE)


@settings(max_examples=100, deadline=None)
@given(config=configs, seed=st.integers(0, 2**32 - 1))
def test_logits_and_all_gradients_are_those_of_torch(config, seed):
    model, theirs = random_model(config, seed), TorchGPT(config)
    theirs.load_state_dict(torch_weights(model))
    assert_same(model, theirs, config, seed)
    gradients = {name: parameter.grad for name, parameter in theirs.named_parameters()}
    assert gradients.keys() == dict(model.named_parameters()).keys()
    for name, parameter in model.named_parameters():
        np.testing.assert_allclose(parameter.grad.numpy(), gradients[name].numpy(), **TOLERANCE, err_msg=name)


@pytest.mark.parametrize("position", CHOICES["position"])
@pytest.mark.parametrize("activation", CHOICES["activation"])
@pytest.mark.parametrize("norm_first", [True, False])
def test_no_combination_of_choices_is_left_to_chance(position, activation, norm_first):
    sizes = {"vocab_size": 7, "block_size": 6, "n_layer": 2, "n_head": 2, "n_embd": 8, "tie": activation != "relu"}
    config = GPTConfig(**sizes, position=position, activation=activation, norm_first=norm_first)
    test_logits_and_all_gradients_are_those_of_torch.hypothesis.inner_test(config, 0)


@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_a_block_is_torch_s_transformer_encoder_layer(norm_first, activation):
    config = GPTConfig(
        vocab_size=5, block_size=6, n_layer=1, n_head=2, n_embd=8, activation=activation, norm_first=norm_first
    )
    block = random_model(config, 0).transformer.h[0]
    layer = torch.nn.TransformerEncoderLayer(
        8, 2, 32, dropout=0.0, activation=activation, batch_first=True, norm_first=norm_first, dtype=torch.float64
    )
    names = {"self_attn.in_proj_": "attn.c_attn.", "self_attn.out_proj.": "attn.c_proj.", "linear1.": "mlp.c_fc."}
    names |= {"linear2.": "mlp.c_proj.", "norm1.": "ln_1.", "norm2.": "ln_2."}
    pairs = {
        old: new + old.removeprefix(start) for old in layer.state_dict() for start, new in names.items() if start in old
    }
    ours = torch_weights(block)
    layer.load_state_dict({old: ours[new] for old, new in pairs.items()})
    x = np.random.default_rng(0).normal(size=(3, 6, 8))
    mask = torch.nn.Transformer.generate_square_subsequent_mask(6, dtype=torch.float64)
    expected = layer(torch.tensor(x), src_mask=mask, is_causal=True)
    out = block(ag.tensor(x))
    np.testing.assert_allclose(out.detach().numpy(), expected.detach().numpy(), **TOLERANCE)
    weights = np.random.default_rng(1).normal(size=x.shape)
    (out * ag.tensor(weights)).sum().backward()
    (expected * torch.tensor(weights)).sum().backward()
    theirs = dict(layer.named_parameters())
    assert len(pairs) == len(dict(block.named_parameters())) == 12
    for old, new in pairs.items():
        gradient = block.get_parameter(new).grad.numpy()
        np.testing.assert_allclose(gradient, theirs[old].grad.numpy(), **TOLERANCE, err_msg=new)
