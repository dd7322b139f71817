import math
import tracemalloc
from dataclasses import asdict, fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd as ag
from autograd.errors import ShapeError
from models.checkpoint import load_gpt, save_gpt
from models.config import CHOICES, GPTConfig
from models.gpt import GPT
from models.inventory import inventory, parameter_count, table
from models.inventory import main as inventory_command
from models.tokenizers import CharTokenizer
from nn import checkpoint
from nn.checkpoint import CheckpointError

SMALL = {"vocab_size": 11, "block_size": 6, "n_layer": 2, "n_head": 2, "n_embd": 8}

configs = st.builds(
    GPTConfig,
    vocab_size=st.integers(1, 13),
    block_size=st.integers(1, 7),
    n_layer=st.integers(1, 3),
    n_head=st.sampled_from([1, 2]),
    n_embd=st.sampled_from([4, 8]),
    n_hidden=st.sampled_from([None, 5]),
    norm_first=st.booleans(),
    tie=st.booleans(),
    bias=st.booleans(),
    n_kv_head=st.sampled_from([None, 1]),
    norm_eps=st.sampled_from([None, 1e-3]),
    rotary_base=st.sampled_from([10000.0, 100.0]),
    **{name: st.sampled_from(choices) for name, choices in CHOICES.items()},
)


def tokens(config, B=2, T=None, seed=0):
    return ag.randint(0, config.vocab_size, (B, T or config.block_size), generator=ag.Generator().manual_seed(seed))


# what it computes -----------------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(config=configs, seed=st.integers(0, 999), data=st.data())
def test_a_changed_token_leaves_every_logit_before_it_unchanged_bit_for_bit(config, seed, data):
    ag.manual_seed(seed)
    model, idx = GPT(config), tokens(config, seed=seed)
    t = data.draw(st.integers(0, config.block_size - 1))
    changed = idx.clone()
    changed[:, t] = (changed[:, t] + 1) % config.vocab_size
    with ag.no_grad():
        before, after = model(idx).numpy(), model(changed).numpy()
    assert (before[:, :t] == after[:, :t]).all()
    if config.vocab_size > 1 and not (config.n_embd == 4 and config.norm != "none"):
        assert (before[:, t] != after[:, t]).any()


@pytest.mark.parametrize("position", CHOICES["position"])
def test_order_matters_where_positions_are_encoded(position):
    ag.manual_seed(0)
    model = GPT(GPTConfig(**{**SMALL, "n_layer": 1}, position=position)).double()
    with ag.no_grad():
        one, other = (model(ag.tensor([row]))[0, -1].numpy() for row in ([1, 2, 3], [2, 1, 3]))
    assert np.allclose(one, other, rtol=1e-9, atol=1e-12) == (position == "none")


@settings(max_examples=15, deadline=None)
@given(config=configs, seed=st.integers(0, 999))
def test_gradients_are_the_finite_differences(config, seed):
    ag.manual_seed(seed)
    model = GPT(config).double()
    for parameter in model.parameters():  # away from the kinks of relu, and from norms of vectors near 0
        parameter.data = parameter.data + ag.randn(*parameter.shape, dtype=ag.float64)
    idx, targets = tokens(config, seed=seed), tokens(config, seed=seed + 1)
    loss = model.loss(idx, targets)
    loss.backward()
    direction = [ag.randn(*parameter.shape, dtype=ag.float64) for parameter in model.parameters()]
    slope = sum((p.grad * d).sum().item() for p, d in zip(model.parameters(), direction))

    def along(step):
        with ag.no_grad():
            for p, d in zip(model.parameters(), direction):
                p.add_(step * d)
            value = model.loss(idx, targets).item()
            for p, d in zip(model.parameters(), direction):
                p.sub_(step * d)
        return value

    eps = 1e-6
    assert (along(eps) - along(-eps)) / (2 * eps) == pytest.approx(slope, rel=1e-4, abs=1e-6)


def test_targets_of_minus_one_are_left_out_of_the_loss():
    config = GPTConfig(**SMALL)
    model, idx, targets = GPT(config), tokens(config), tokens(config, seed=1)
    targets[:, 2:] = -1
    expected = -model(idx)[:, :2].log_softmax(-1).gather(-1, targets[:, :2, None]).mean()
    assert model.loss(idx, targets).item() == pytest.approx(expected.item(), rel=1e-6)


def test_dropout_falls_in_training_alone():
    model, idx = GPT(GPTConfig(**SMALL, dropout=0.5)), tokens(GPTConfig(**SMALL))
    assert (model(idx) != model(idx)).any()
    model.eval()
    assert (model(idx) == model(idx)).all()


# its parameters -------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(config=configs)
def test_the_inventory_names_every_parameter_of_the_model_with_its_shape(config):
    named = [(name, tuple(parameter.shape)) for name, parameter in GPT(config).named_parameters()]
    assert [tuple(row) for row in inventory(config)] == named
    assert parameter_count(config) == sum(math.prod(shape) for _, shape in named)


@pytest.mark.parametrize(
    ("preset", "count"),
    [  # by L (12 C^2 + 13 C) + V C + T C + 2 C
        ("gpt2", 124_439_808),
        ("gpt2-medium", 354_823_168),
        ("gpt2-large", 774_030_080),
        ("gpt2-xl", 1_557_611_200),
        ("gpt3", 174_604_259_328),
    ],
)
def test_presets_have_their_number_of_parameters(preset, count):
    config = GPTConfig.preset(preset)
    L, C, V, T = config.n_layer, config.n_embd, config.vocab_size, config.block_size
    assert parameter_count(config) == count == L * (12 * C * C + 13 * C) + V * C + T * C + 2 * C
    assert table(config).splitlines()[-1].split() == ["total", f"{count:,}"]


def test_the_table_has_a_line_a_matrix():
    lines = table(GPTConfig.preset("gpt3")).splitlines()
    assert any(
        "h.*.mlp.c_fc.weight" in line and "49,152 x 12,288" in line and "57,982,058,496" in line for line in lines
    )
    assert len(lines) == 2 + 12 + 2 + 1
    single = table(GPTConfig(**{**SMALL, "n_layer": 1}, tie=False)).splitlines()
    assert sum("attn.c_attn.weight" in line for line in single) == 1 and any(
        "lm_head.weight" in line for line in single
    )


def test_an_inventory_takes_no_memory_for_the_weights():
    tracemalloc.start()
    inventory(GPTConfig.preset("gpt3"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10e6


def test_a_preset_may_be_changed():
    assert GPTConfig.preset("gpt2", dropout=0.1) == GPTConfig(dropout=0.1)


def test_a_tied_output_matrix_is_the_embedding():
    tied, free = GPT(GPTConfig(**SMALL)), GPT(GPTConfig(**SMALL, tie=False))
    assert tied.lm_head.weight is tied.transformer.wte.weight
    assert free.lm_head.weight is not free.transformer.wte.weight
    assert tied.state_dict().keys() == free.state_dict().keys()


def test_names_are_those_of_gpt_2_s_weights():
    names = set(GPT(GPTConfig(**SMALL)).state_dict())
    assert {"transformer.wte.weight", "transformer.wpe.weight", "transformer.ln_f.bias", "lm_head.weight"} <= names
    block = "ln_1.weight ln_1.bias attn.c_attn.weight attn.c_attn.bias attn.c_proj.weight attn.c_proj.bias ln_2.weight "
    block += "ln_2.bias mlp.c_fc.weight mlp.c_fc.bias mlp.c_proj.weight mlp.c_proj.bias"
    assert {f"transformer.h.1.{name}" for name in block.split()} <= names


def test_it_starts_as_gpt_2_does():
    ag.manual_seed(0)
    config = GPTConfig(vocab_size=200, block_size=64, n_layer=8, n_head=4, n_embd=64)
    model = GPT(config)
    for name, parameter in model.named_parameters():
        array = parameter.detach().numpy()
        if array.ndim == 1:
            assert (array == (0 if name.endswith("bias") else 1)).all(), name
        else:
            std = 0.02 / 4 if name.endswith("c_proj.weight") else 0.02  # sqrt(2 n_layer) is 4
            assert array.std() == pytest.approx(std, rel=0.05) and abs(array.mean()) < 0.1 * std, name
    assert model.loss(tokens(config), tokens(config, seed=1)).item() == pytest.approx(math.log(200), rel=0.02)


# what is refused ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"n_embd": 10, "n_head": 3}, "n_embd=10 is not divisible by n_head=3"),
        ({"block_size": 0}, "block_size.*at least 1, got 0"),
        ({"vocab_size": 0}, "vocab_size.*at least 1, got 0"),
        ({"n_layer": -1}, "n_layer.*-1"),
        ({"n_hidden": 0}, "hidden.*got 0"),
        ({"n_embd": 8.0}, "n_embd.*whole number.*8.0"),
        ({"dropout": 1.5}, "dropout.*1.5"),
        ({"dropout": -0.1}, "dropout.*-0.1"),
        ({"activation": "swish"}, "activation must be one of relu, gelu, gelu_tanh, swiglu, got 'swish'"),
        ({"norm": "batch"}, "norm must be one of layer, rms, none, got 'batch'"),
        ({"position": "relative"}, "position must be one of learned, .*'relative'"),
        ({"n_head": 4, "n_kv_head": 3}, "n_head=4 is not divisible by n_kv_head=3"),
        ({"n_kv_head": 0}, "kv_heads.*at least 1, got 0"),
        ({"norm_eps": float("nan")}, "norm_eps must be a finite number above 0, got nan"),
        ({"norm_eps": "1e-5"}, "norm_eps must be a finite number above 0, got '1e-5'"),
        ({"rotary_base": float("inf")}, "rotary_base must be a finite number above 1, got inf"),
        ({"dropout": "0.1"}, "dropout must be a probability below 1, got '0.1'"),
        ({"tie": "yes"}, "tie must be True or False, got 'yes'"),
        ({"n_embd": 6, "position": "rotary"}, "rotary encoding needs an even number.*got 3"),
    ],
)
def test_what_cannot_be_a_model_fails_at_once_with_the_reason(change, words):
    with pytest.raises(ValueError, match=words):
        GPTConfig(**{**SMALL, **change})


def test_an_unknown_preset_names_the_known_ones():
    with pytest.raises(ValueError, match=".gpt5.: choose one of gpt2, .*gpt3"):
        GPTConfig.preset("gpt5")


def test_tokens_beyond_the_vocabulary_and_the_context_are_errors():
    config = GPTConfig(**SMALL)
    with pytest.raises(ValueError, match="token 11, but the vocabulary has only 0 to 10"):
        config.check_tokens([[1, 11]])
    with pytest.raises(ValueError, match="token -1"):
        config.check_tokens(ag.tensor([-1]))
    config.check_tokens([0, 10])
    model = GPT(config)
    with pytest.raises(ValueError, match="token 11, but the vocabulary has only 0 to 10: vocab_size must be"):
        model.loss(ag.tensor([[1, 11]]), ag.tensor([[11, 1]]))
    with pytest.raises(IndexError, match="target 11 is out of"):
        model.loss(ag.tensor([[1, 10]]), ag.tensor([[11, 1]]))
    for shape in ((1, 7), (1, 0), (3,)):
        with pytest.raises(ShapeError, match="T from 1 to 6"):
            model(ag.zeros(*shape, dtype=ag.long))


# on disk --------------------------------------------------------------------------------------------------------------


def test_model_and_tokenizer_come_back_from_one_file(tmp_path):
    model, tokenizer = GPT(GPTConfig(**SMALL, position="rotary", dropout=0.1)), CharTokenizer("abcdefghijé")
    save_gpt(tmp_path / "a", model, tokenizer)
    loaded, back = load_gpt(tmp_path / "a")
    assert loaded.config == model.config and back.state() == tokenizer.state() and not loaded.training
    idx = tokens(model.config)
    assert (loaded(idx) == model.eval()(idx)).all()
    save_gpt(tmp_path / "b", model)
    assert load_gpt(tmp_path / "b")[1] is None


def checkpoint_of(path, model, change):
    """A checkpoint of the model whose config `change` has changed, as another version would have written it."""
    config = asdict(model.config)
    change(config)
    checkpoint.save(path, model, config=config)


@pytest.mark.parametrize("missing", [f.name for f in fields(GPTConfig) if f.name not in SMALL])
def test_a_config_from_before_there_was_a_field_has_its_default(tmp_path, missing):
    model = GPT(GPTConfig(**SMALL))
    checkpoint_of(tmp_path / "a.npz", model, lambda config: config.pop(missing))
    assert load_gpt(tmp_path / "a.npz")[0].config == model.config
    checkpoint.load_model(tmp_path / "a.npz", GPT(model.config), model.config)


def test_a_default_that_an_early_config_does_not_have_is_not_the_value_of_another_model(tmp_path):
    model = GPT(GPTConfig(**SMALL, position="rotary", rotary_base=500.0))
    checkpoint_of(tmp_path / "a.npz", model, lambda config: config.pop("rotary_base"))
    assert load_gpt(tmp_path / "a.npz")[0].config.rotary_base == 10_000
    with pytest.raises(CheckpointError, match=r"another model: rotary_base was 10000\.0 and is now 500\.0"):
        checkpoint.load_model(tmp_path / "a.npz", model, model.config)


def test_a_field_that_this_version_does_not_know_is_refused_by_name(tmp_path):
    model = GPT(GPTConfig(**SMALL))
    checkpoint_of(tmp_path / "a.npz", model, lambda config: config.update(window=7))
    with pytest.raises(CheckpointError, match="window=7, which GPTConfig does not have: another version"):
        load_gpt(tmp_path / "a.npz")
    with pytest.raises(CheckpointError, match="another model: window was 7"):
        checkpoint.load_model(tmp_path / "a.npz", model, model.config)


@pytest.mark.parametrize("config", [None, {"sizes": [3]}, {**SMALL, "n_head": 3}, {**SMALL, "n_layer": 1}])
def test_a_checkpoint_of_another_model_is_an_error(tmp_path, config):
    checkpoint.save(tmp_path / "a", GPT(GPTConfig(**SMALL)), config=config)
    with pytest.raises(CheckpointError, match="not the checkpoint of a GPT"):
        load_gpt(tmp_path / "a")


@pytest.mark.parametrize("field", ["vocab_size", "block_size", "n_layer", "n_embd", "n_hidden"])
@pytest.mark.parametrize("position", ["learned", "rotary", "sinusoidal"])
def test_a_config_of_more_than_the_weights_of_its_file_is_an_error_before_the_model_is_made(
    tmp_path, monkeypatch, field, position
):
    config = {**SMALL, "position": position}
    checkpoint.save(tmp_path / "a", GPT(GPTConfig(**config)), config={**config, field: 12 * 10**9})
    monkeypatch.setattr("models.checkpoint.GPT", None)
    with pytest.raises(CheckpointError, match="the file holds|positions up to"):
        load_gpt(tmp_path / "a")


@pytest.mark.parametrize("preset, total", [("gpt2", "124,439,808"), ("gpt3", "174,604,259,328")])
def test_the_inventory_of_a_preset_is_printed_by_one_command(preset, total, capsys):
    inventory_command([preset])
    assert capsys.readouterr().out.splitlines()[-1].split() == ["total", total]
