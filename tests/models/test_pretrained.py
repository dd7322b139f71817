"""GPT-2 and LLaMA in Hugging Face's files, beside the two models in NumPy; the files are written here."""

import json
import sys
import tracemalloc
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd as ag
from models import pretrained
from models.config import GPTConfig
from models.generate import generate
from models.gpt import GPT
from models.tokenizers import BPETokenizer
from nn import optim
from nn.checkpoint import CheckpointError
from tests.models import plain_models
from tests.models.plain_models import (
    GPT2,
    LLAMA,
    gpt2_logits,
    gpt2_tensors,
    llama_logits,
    llama_tensors,
    write_config,
    write_shards,
    write_tensors,
)

pytest.importorskip("safetensors")
MODELS = {"gpt2": (gpt2_tensors, gpt2_logits), "llama": (llama_tensors, llama_logits)}
SHARDS = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]

gpt2_configs = st.fixed_dictionaries(
    {
        **{key: st.just(GPT2[key]) for key in ("model_type", "vocab_size", "n_positions", "n_embd")},
        "n_layer": st.integers(1, 2),
        "n_head": st.sampled_from([1, 2, 4]),
    },
    optional={
        "n_inner": st.sampled_from([None, 5]),
        "activation_function": st.sampled_from(list(plain_models.ACTIVATIONS)),
        "layer_norm_epsilon": st.sampled_from([1e-5, 1e-2]),
        "tie_word_embeddings": st.booleans(),
        "reorder_and_upcast_attn": st.booleans(),
    },
)
llama_configs = st.fixed_dictionaries(
    {**{key: st.just(value) for key, value in LLAMA.items()}, "num_key_value_heads": st.sampled_from([1, 2, 4])},
    optional={
        "rms_norm_eps": st.sampled_from([1e-6, 1e-2]),
        "rope_theta": st.sampled_from([10000.0, 500000.0, 10]),
        "tie_word_embeddings": st.booleans(),
        "head_dim": st.sampled_from([None, 4]),
        "rope_scaling": st.none(),
    },
) | st.just({**LLAMA, "attention_bias": True, "mlp_bias": True})


def written(folder, config, *, seed=0, dtype="F32", prefix=True, shards=False):
    """The folder with a model of random weights in it, and these."""
    make, _ = MODELS[config["model_type"]]
    tensors = make(config, np.random.default_rng(seed))
    if not prefix:
        tensors = {name.removeprefix("transformer.").removeprefix("model."): t for name, t in tensors.items()}
    write_config(folder, config)
    if shards:
        write_shards(folder, tensors, SHARDS)
    else:
        write_tensors(folder / "model.safetensors", tensors, dtype)
    return tensors


# what is read ---------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(config=gpt2_configs | llama_configs, seed=st.integers(0, 999), prefix=st.booleans(), shards=st.booleans())
def test_logits_are_those_of_the_plain_model(tmp_path_factory, config, seed, prefix, shards):
    folder = tmp_path_factory.mktemp("model")
    tensors = written(folder, config, seed=seed, prefix=prefix, shards=shards)
    model = GPT.from_pretrained(folder)
    idx = np.random.default_rng(seed).integers(0, 11, 6).tolist()
    expected = MODELS[config["model_type"]][1](config, tensors, idx)
    assert not model.training
    np.testing.assert_allclose(model(ag.tensor([idx]))[0].detach().numpy(), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("dtype", "error"), [("F64", 0), ("F16", 2**-11), ("BF16", 2**-7)])
def test_other_floating_point_numbers_become_float32(tmp_path, dtype, error):
    tensors = written(tmp_path, GPT2, dtype=dtype)
    for name, value in GPT.from_pretrained(tmp_path).state_dict().items():
        stored = tensors.get(name, tensors["transformer.wte.weight"])
        stored = stored.T if "c_" in name and stored.ndim == 2 else stored
        assert value.dtype == ag.float32
        np.testing.assert_allclose(value.numpy(), stored, rtol=error, atol=1e-7)


def test_a_tied_output_matrix_in_the_file_is_that_of_the_embedding(tmp_path):
    tensors = written(tmp_path, GPT2)
    write_tensors(tmp_path / "model.safetensors", {**tensors, "lm_head.weight": 1 + tensors["transformer.wte.weight"]})
    model = GPT.from_pretrained(tmp_path)
    assert model.lm_head.weight is model.transformer.wte.weight
    assert (model.lm_head.weight.detach().numpy() == tensors["transformer.wte.weight"]).all()


def test_fields_of_the_config_can_be_chosen(tmp_path):
    written(tmp_path, {**GPT2, "attn_pdrop": 0.0})
    with pytest.raises(CheckpointError, match="resid_pdrop 0.1, embd_pdrop 0.1, attn_pdrop 0.0 differ.*dropout=..."):
        GPT.from_pretrained(tmp_path)
    assert GPT.from_pretrained(tmp_path, dropout=0.3).config.dropout == 0.3
    written(tmp_path, LLAMA)
    assert GPT.from_pretrained(tmp_path, block_size=3).config.block_size == 3


def test_rotary_settings_are_found_where_newer_files_have_them(tmp_path):
    written(tmp_path, {**LLAMA, "rope_parameters": {"rope_type": "default", "rope_theta": 77.0}})
    assert GPT.from_pretrained(tmp_path).config.rotary_base == 77.0


def test_weights_are_mapped_and_the_file_keeps_its_bytes_through_training(tmp_path):
    config = {**LLAMA, "vocab_size": 5000, "hidden_size": 64}
    written(tmp_path, config)
    before = (tmp_path / "model.safetensors").read_bytes()
    tracemalloc.start()
    model = GPT.from_pretrained(tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.3 * len(before)  # a mapped file is none of Python's memory
    optimizer = optim.AdamW(model.parameters(), lr=0.1)
    idx = ag.tensor([[1, 2, 3]])
    first = model.loss(idx, idx)
    first.backward()
    optimizer.step()
    assert model.loss(idx, idx) < first and (tmp_path / "model.safetensors").read_bytes() == before


def test_loading_gpt_2_takes_little_more_memory_than_its_weights(tmp_path):
    written(tmp_path, {**GPT2, "n_embd": 64, "vocab_size": 2000, "n_layer": 4})
    size = (tmp_path / "model.safetensors").stat().st_size
    tracemalloc.start()
    GPT.from_pretrained(tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.2 * size


# what is written ------------------------------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(config=gpt2_configs | llama_configs, seed=st.integers(0, 999))
def test_what_is_saved_has_the_tensors_that_were_read_and_comes_back(tmp_path_factory, config, seed):
    first, second = tmp_path_factory.mktemp("first"), tmp_path_factory.mktemp("second")
    tensors = written(first, config, seed=seed)
    model = GPT.from_pretrained(first)
    model.save_pretrained(second)
    file = (second / "model.safetensors").read_bytes()
    header = json.loads(file[8 : 8 + (length := int.from_bytes(file[:8], "little"))])
    assert header.pop("__metadata__") == {"format": "pt"}
    assert header.keys() == {name for name in tensors if not name.endswith(".attn.bias")}
    for name, entry in header.items():
        start, end = (8 + length + offset for offset in entry["data_offsets"])
        assert np.array_equal(np.frombuffer(file[start:end], "<f4").reshape(entry["shape"]), tensors[name])
    assert GPT.from_pretrained(second).config == replace(model.config, n_hidden=model.config.hidden)
    assert json.loads((second / "config.json").read_text())["architectures"][0] in (
        "GPT2LMHeadModel",
        "LlamaForCausalLM",
    )


def test_a_model_may_be_saved_where_it_was_read_from(tmp_path):
    tensors = written(tmp_path, GPT2)
    model = GPT.from_pretrained(tmp_path)
    with ag.no_grad():
        model.transformer.wte.weight.mul_(2)
    model.save_pretrained(tmp_path)
    again = GPT.from_pretrained(tmp_path).transformer.wte.weight
    assert (again.detach().numpy() == 2 * tensors["transformer.wte.weight"]).all()


def test_a_tokenizer_is_saved_beside_its_model(tmp_path):
    ag.manual_seed(0)
    tokenizer = BPETokenizer.train("the cat sat on the mat", 262, special=["<|endoftext|>"])
    model = GPT(GPTConfig(tokenizer.vocab_size, 8, 1, 2, 8))
    model.save_pretrained(tmp_path, tokenizer)
    back = BPETokenizer.from_pretrained(tmp_path)
    ids = back.encode("the cat")
    assert back.state() == tokenizer.state()
    assert json.loads((tmp_path / "config.json").read_text())["eos_token_id"] == tokenizer.special["<|endoftext|>"]
    again = generate(GPT.from_pretrained(tmp_path), ids, 6, temperature=0)
    assert again.tolist() == generate(model, ids, 6, temperature=0).tolist()


@pytest.mark.parametrize(
    "change", [{"position": "sinusoidal"}, {"bias": False}, {"norm": "none"}, {"activation": "swiglu"}]
)
def test_a_model_that_transformers_does_not_have_is_not_written(tmp_path, change):
    model = GPT(GPTConfig(**{"vocab_size": 11, "block_size": 6, "n_layer": 1, "n_head": 2, "n_embd": 8, **change}))
    with pytest.raises(ValueError, match="transformers has no model that matches .*gpt2 has norm='layer'.*llama has"):
        model.save_pretrained(tmp_path / "model")
    assert not (tmp_path / "model").exists()


# what is refused ------------------------------------------------------------------------------------------------------

OTHERS = [
    (GPT2, {"model_type": "bert"}, "model_type is 'bert', but only gpt2 and llama can be read"),
    (GPT2, {"model_type": ["gpt2"]}, "model_type is .'gpt2'., but only"),
    (GPT2, {"activation_function": "silu"}, "activation_function must be one of gelu_new, .*relu, got 'silu'"),
    (GPT2, {"activation_function": ["relu"]}, "activation_function must be one of .*, got .'relu'."),
    (
        GPT2,
        {"scale_attn_by_inverse_layer_idx": True},
        "scale_attn_by_inverse_layer_idx is True, but only False is supported",
    ),
    (GPT2, {"scale_attn_weights": False}, "scale_attn_weights is False, but only True is supported"),
    (GPT2, {"add_cross_attention": True}, "add_cross_attention is True"),
    (GPT2, {"pruned_heads": {"0": [1]}}, "pruned_heads is {'0': .1.}"),
    (GPT2, {"quantization_config": {"bits": 4}}, "quantization_config is {'bits': 4}"),
    (GPT2, {"n_head": 3}, "n_embd=8 is not divisible by n_head=3"),
    (GPT2, {"n_layer": "two"}, "n_layer must be a whole number of at least 1, got 'two'"),
    (GPT2, {"n_layer": True}, "n_layer must be a whole number"),
    (GPT2, {"n_layer": 0}, "n_layer must be a whole number of at least 1, got 0"),
    (GPT2, {"n_inner": -4}, "hidden must be a whole number of at least 1, got -4"),
    (GPT2, {"n_positions": None}, "block_size must be a whole number of at least 1, got None"),
    (GPT2, {"vocab_size": float("nan")}, "vocab_size must be a whole number of at least 1, got nan"),
    (GPT2, {"layer_norm_epsilon": float("nan")}, "norm_eps must be a finite number"),
    (GPT2, {"layer_norm_epsilon": "small"}, "norm_eps must be a finite number above 0, got 'small'"),
    (GPT2, {"tie_word_embeddings": "no"}, "tie must be True or False, got 'no'"),
    (GPT2, {"n_layer": 10**9}, "28 tensors|tensors, too few for the 1000000000 layers"),
    (GPT2, {"vocab_size": 10**12}, "has at least .* weights, but the file holds"),
    (GPT2, {"vocab_size": 10**400}, "has at least|exceeds"),
    (GPT2, {"n_positions": 10**12}, "positions up to block_size=1,000,000,000,000 take more memory"),
    (GPT2, {"n_inner": 10**9}, "has at least .* weights, but the file holds"),
    (GPT2, {"n_embd": 10**9}, "has at least .* weights, but the file holds"),
    (LLAMA, {"max_position_embeddings": 10**12}, "positions up to block_size=1,000,000,000,000 take more memory"),
    (LLAMA, {"hidden_act": "gelu"}, "hidden_act must be one of silu, swish.*, got .gelu."),
    (LLAMA, {"attention_bias": True}, "attention_bias True, mlp_bias False differ, but a GPT here has a single `bias`"),
    (LLAMA, {"head_dim": 8}, "head_dim must be width / heads = 4, got 8"),
    (LLAMA, {"num_key_value_heads": 3}, "n_head=4 is not divisible by n_kv_head=3"),
    (
        LLAMA,
        {"rope_scaling": {"rope_type": "llama3", "factor": 8.0}},
        "rope_type is 'llama3', .* only .default. is supported",
    ),
    (LLAMA, {"rope_scaling": {"type": "linear", "factor": 2.0}}, "rope_type is 'linear'"),
    (LLAMA, {"rope_parameters": {"rope_type": "default"}, "rope_scaling": {"type": "yarn"}}, "rope_type is 'yarn'"),
    (
        LLAMA,
        {"rope_parameters": {"partial_rotary_factor": 0.5}},
        "partial_rotary_factor is 0.5, but only 1 is supported",
    ),
    (LLAMA, {"rope_parameters": 3}, "rope_parameters must be a JSON object, got 3"),
    (LLAMA, {"rope_theta": 0}, "rotary_base must be a finite number above 1, got 0"),
    (LLAMA, {"sliding_window": 4096}, "sliding_window is 4096, but only None is supported"),
    (LLAMA, {"attention_dropout": 0.1}, "attention_dropout is 0.1, but only 0 is supported"),
]


@pytest.mark.parametrize(("config", "change", "words"), OTHERS)
def test_a_config_of_another_model_is_refused_in_one_line_before_memory_is_taken(tmp_path, config, change, words):
    written(tmp_path, config)
    write_config(tmp_path, {**config, **change})
    tracemalloc.start()
    with pytest.raises(CheckpointError, match=words) as caught:
        GPT.from_pretrained(tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert str(tmp_path) in str(caught.value) and len(str(caught.value).splitlines()) == 1
    assert peak < 4e6


@pytest.mark.parametrize("text", ["", "{", "[1]", "[" * 100_000, '{"vocab_size": ' + "9" * 5000 + "}", "\ud800"])
def test_a_config_that_is_no_table_in_json_is_refused(tmp_path, text):
    written(tmp_path, GPT2)
    (tmp_path / "config.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(CheckpointError, match="config.json is not JSON|config.json is not a JSON object"):
        GPT.from_pretrained(tmp_path)


def test_missing_unexpected_and_misshaped_tensors_are_named(tmp_path):
    tensors = written(tmp_path, GPT2)
    del tensors["transformer.h.1.mlp.c_fc.bias"]
    tensors["transformer.wpe.weight"] = tensors["transformer.wpe.weight"].T
    tensors["score.weight"] = np.ones(3, np.float32)
    write_tensors(tmp_path / "model.safetensors", tensors)
    with pytest.raises(CheckpointError) as caught:
        GPT.from_pretrained(tmp_path)
    for words in (
        "1 missing: h.1.mlp.c_fc.bias",
        "1 not of this model: score.weight",
        "1 of other shapes: wpe.weight is (8, 6), not (6, 8)",
    ):
        assert words in str(caught.value)


def test_an_untied_model_without_its_output_matrix_says_so(tmp_path):
    written(tmp_path, GPT2)
    write_config(tmp_path, {**GPT2, "tie_word_embeddings": False})
    with pytest.raises(CheckpointError, match="1 missing: lm_head.weight"):
        GPT.from_pretrained(tmp_path)


def test_a_tensor_that_occurs_twice_is_an_error(tmp_path):
    tensors = written(tmp_path, GPT2)
    write_tensors(tmp_path / "model.safetensors", {**tensors, "wte.weight": tensors["transformer.wte.weight"]})
    with pytest.raises(CheckpointError, match="with and without the prefix transformer."):
        GPT.from_pretrained(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    write_shards(tmp_path, tensors, SHARDS)
    write_tensors(tmp_path / SHARDS[0], tensors)
    with pytest.raises(CheckpointError, match="is in both"):
        GPT.from_pretrained(tmp_path)


def test_quantised_weights_are_refused(tmp_path):
    written(tmp_path, GPT2, dtype="I8")
    with pytest.raises(CheckpointError, match="has the dtype I8, but only F32, F16, BF16, F64 can be read"):
        GPT.from_pretrained(tmp_path)


@pytest.mark.parametrize(
    "name", ["../model-1.safetensors", "/etc/passwd", "a/b.safetensors", "a\\b.safetensors", "..", ""]
)
def test_shards_outside_the_folder_are_refused(tmp_path, name):
    tensors = written(tmp_path / "model", GPT2, shards=True)
    write_tensors(tmp_path / "model-1.safetensors", tensors)
    index = {"weight_map": dict.fromkeys(tensors, name)}
    (tmp_path / "model" / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(CheckpointError, match="is not the name of a file in that folder"):
        GPT.from_pretrained(tmp_path / "model")


@pytest.mark.parametrize("index", [{}, {"weight_map": []}, {"weight_map": {}}, {"weight_map": {"wte.weight": 3}}])
def test_an_index_without_files_is_refused(tmp_path, index):
    written(tmp_path, GPT2, shards=True)
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(CheckpointError, match="has no weight_map"):
        GPT.from_pretrained(tmp_path)


def test_a_missing_shard_is_named(tmp_path):
    written(tmp_path, GPT2, shards=True)
    (tmp_path / SHARDS[1]).unlink()
    with pytest.raises(
        FileNotFoundError, match=f"there is no {SHARDS[1]} in .*, which model.safetensors.index.json names"
    ):
        GPT.from_pretrained(tmp_path)


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_a_damaged_file_is_an_error_and_no_crash(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("model")
    written(folder, GPT2)
    file = folder / "model.safetensors"
    content = bytearray(file.read_bytes())
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    else:
        content[data.draw(st.integers(0, 2000))] = data.draw(st.integers(0, 255))
    file.write_bytes(content)
    try:
        GPT.from_pretrained(folder)
    except CheckpointError:
        pass


def test_a_pickle_is_refused_with_what_to_do(tmp_path):
    write_config(tmp_path, GPT2)
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x05N.")
    with pytest.raises(CheckpointError, match="pickles, which are not read.*save_pretrained"):
        GPT.from_pretrained(tmp_path)


def test_what_is_missing_in_a_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no config.json in .*: name a folder"):
        GPT.from_pretrained(tmp_path)
    write_config(tmp_path, GPT2)
    with pytest.raises(
        FileNotFoundError, match=r"there is neither model.safetensors nor model.safetensors.index.json in"
    ):
        GPT.from_pretrained(tmp_path)


def test_without_safetensors_the_error_names_the_extra(tmp_path, monkeypatch):
    written(tmp_path, GPT2)
    for module in ("safetensors", "safetensors.numpy"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=r'pip install "chainrule\[safetensors\]"'):
        GPT.from_pretrained(tmp_path)
    with pytest.raises(ImportError, match=r'pip install "chainrule\[safetensors\]"'):
        GPT(GPTConfig(5, 4, 1, 1, 4)).save_pretrained(tmp_path)


# names on the hub -----------------------------------------------------------------------------------------------------


def test_a_name_is_downloaded(tmp_path, monkeypatch):
    tensors, asked = written(tmp_path, GPT2), []

    def download(name, allow_patterns):
        asked.append((name, allow_patterns))
        return str(tmp_path)

    monkeypatch.setitem(sys.modules, "huggingface_hub", SimpleNamespace(snapshot_download=download))
    model = GPT.from_pretrained("openai-community/gpt2")
    assert (model.transformer.wte.weight.detach().numpy() == tensors["transformer.wte.weight"]).all()
    assert asked == [("openai-community/gpt2", pretrained.DOWNLOADED)]
    assert not any(pattern.endswith((".bin", ".py")) for pattern in pretrained.DOWNLOADED)


def test_a_name_that_cannot_be_downloaded_says_why(monkeypatch):
    def fail(name, allow_patterns):
        raise OSError("no route to the hub\nmore of it")

    monkeypatch.setitem(sys.modules, "huggingface_hub", SimpleNamespace(snapshot_download=fail))
    with pytest.raises(
        FileNotFoundError, match="no folder gpt2, and no such model could be downloaded: no route to the hub$"
    ):
        GPT.from_pretrained("gpt2")
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ImportError, match=r'no folder gpt2; to download .*pip install "chainrule\[hub\]"'):
        GPT.from_pretrained("gpt2")
    for name in ("/no/such/folder", "../model", "a/b/c", "./gpt2", ""):
        with pytest.raises(FileNotFoundError, match="there is no folder"):
            GPT.from_pretrained(name)
