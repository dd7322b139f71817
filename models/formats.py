"""The parts of GPT-2 and LLaMA by their names in Hugging Face's `transformers`: a table each, for both directions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

import nn
from autograd import Tensor
from models.config import GPTConfig


class Format(NamedTuple):
    """The models of one kind. In `modules`, {} is the number of a layer; several parts stand below each other."""

    architecture: str
    prefix: str  # of the names, which a file of the model without its output matrix lacks
    fields: dict[str, tuple[Any, ...]]  # by field of GPTConfig: the default, and the keys in config.json
    fixed: dict[str, Any]  # fields of GPTConfig that these models have in common
    activation: str  # a key in config.json
    activations: dict[str, str]  # its values, the default first
    required: dict[str, Any]  # the only values of other keys with which it is this model
    modules: Mapping[str, tuple[str, ...]]  # by name here: the name, or names of its parts, there
    transposed: frozenset[str]  # modules whose weight is (inputs, outputs) there
    ignored: re.Pattern[str]  # names of tensors that are no weights


BLOCK = ("ln_1", "attn.c_attn", "attn.c_proj", "ln_2", "mlp.c_fc", "mlp.c_proj")
UNSUPPORTED = {"quantization_config": None, "is_encoder_decoder": False, "add_cross_attention": False}

FORMATS = {
    "gpt2": Format(
        architecture="GPT2LMHeadModel",
        prefix="transformer.",
        fields={
            "vocab_size": (50257, "vocab_size"),
            "block_size": (1024, "n_positions"),
            "n_layer": (12, "n_layer"),
            "n_head": (12, "n_head"),
            "n_embd": (768, "n_embd"),
            "n_hidden": (None, "n_inner"),
            "norm_eps": (1e-5, "layer_norm_epsilon"),
            "dropout": (0.1, "resid_pdrop", "embd_pdrop", "attn_pdrop"),
            "tie": (True, "tie_word_embeddings"),
        },
        fixed={"norm": "layer", "norm_first": True, "position": "learned", "bias": True, "n_kv_head": None},
        activation="activation_function",
        activations={
            "gelu_new": "gelu_tanh",
            "gelu_pytorch_tanh": "gelu_tanh",
            "gelu_fast": "gelu_tanh",
            "gelu": "gelu",
            "relu": "relu",
        },
        required=UNSUPPORTED
        | {"scale_attn_weights": True, "scale_attn_by_inverse_layer_idx": False, "pruned_heads": None},
        modules={"wte": ("wte",), "wpe": ("wpe",), "ln_f": ("ln_f",), "lm_head": ("lm_head",)}
        | {f"h.{{}}.{name}": (f"h.{{}}.{name}",) for name in BLOCK},
        transposed=frozenset(f"h.{{}}.{name}" for name in BLOCK if "c_" in name),
        ignored=re.compile(r"h\.\d+\.attn\.(masked_)?bias"),
    ),
    "llama": Format(
        architecture="LlamaForCausalLM",
        prefix="model.",
        fields={
            "vocab_size": (32000, "vocab_size"),
            "block_size": (2048, "max_position_embeddings"),
            "n_layer": (32, "num_hidden_layers"),
            "n_head": (32, "num_attention_heads"),
            "n_kv_head": (None, "num_key_value_heads"),
            "n_embd": (4096, "hidden_size"),
            "n_hidden": (11008, "intermediate_size"),
            "norm_eps": (1e-6, "rms_norm_eps"),
            "rotary_base": (10000.0, "rope_theta"),
            "tie": (False, "tie_word_embeddings"),
            "bias": (False, "attention_bias", "mlp_bias"),
        },
        fixed={"norm": "rms", "norm_first": True, "position": "rotary"},
        activation="hidden_act",
        activations={"silu": "swiglu", "swish": "swiglu"},
        required=UNSUPPORTED
        | {"attention_dropout": 0, "rope_type": "default", "partial_rotary_factor": 1, "sliding_window": None},
        modules={"wte": ("embed_tokens",), "ln_f": ("norm",), "lm_head": ("lm_head",)}
        | {
            f"h.{{}}.{ours}": tuple(f"layers.{{}}.{name}" for name in theirs)
            for ours, theirs in {
                "ln_1": ["input_layernorm"],
                "attn.c_attn": ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"],
                "attn.c_proj": ["self_attn.o_proj"],
                "ln_2": ["post_attention_layernorm"],
                "mlp.c_gate": ["mlp.gate_proj"],
                "mlp.c_fc": ["mlp.up_proj"],
                "mlp.c_proj": ["mlp.down_proj"],
            }.items()
        },
        transposed=frozenset(),
        ignored=re.compile(r"(layers\.\d+\.self_attn\.)?rotary_emb\.inv_freq"),
    ),
}


# The config -----------------------------------------------------------------------------------------------------------


def from_theirs(content: dict[str, Any], changes: dict[str, Any]) -> tuple[Format, GPTConfig]:
    """The format and the config of what a config.json holds; `changes` are fields of the config that shall be others.

    Raises ValueError, with the reason, for a model that cannot be made here.
    """
    name = content.get("model_type")
    if name not in list(FORMATS):
        raise ValueError(f"model_type is {name!r:.50}, but only {' and '.join(FORMATS)} can be read")
    kind = FORMATS[str(name)]
    rope = content.get("rope_scaling") or content.get("rope_parameters") or {}
    if not isinstance(rope, dict):
        raise ValueError(f"rope_scaling or rope_parameters must be a JSON object, got {rope!r:.50}")
    content = {**content, **{key: rope[key] for key in ("rope_theta", "partial_rotary_factor") if key in rope}}
    content["rope_type"] = rope.get("rope_type", rope.get("type", "default"))
    values = {field: _common(content, field, changes, *row) for field, row in kind.fields.items()}
    for key, needed in kind.required.items():
        if (content.get(key, needed) or None) != (needed or None):
            raise ValueError(f"{key} is {content[key]!r:.50}, but only {needed!r} is supported")
    activation = content.get(kind.activation, next(iter(kind.activations)))
    if activation not in list(kind.activations):
        raise ValueError(f"{kind.activation} must be one of {', '.join(kind.activations)}, got {activation!r:.50}")
    config = GPTConfig(**{**values, **kind.fixed, "activation": kind.activations[activation], **changes})
    if (size := content.get("head_dim")) not in (None, config.head_size):
        raise ValueError(f"head_dim must be width / heads = {config.head_size}, got {size!r:.50}")
    return kind, config


def _common(content: dict[str, Any], field: str, changes: dict[str, Any], default: Any, *keys: str) -> Any:
    """The value that all keys have; they may differ where `changes` say what counts."""
    values = [content.get(key, default) for key in keys]
    if field not in changes and any(value != values[0] for value in values[1:]):
        found = ", ".join(f"{key} {value!r:.50}" for key, value in zip(keys, values))
        hint = ": choose one with from_pretrained(..., dropout=...)" if field == "dropout" else ""
        raise ValueError(f"{found} differ, but a GPT here has a single `{field}`{hint}")
    return values[0]


def to_theirs(config: GPTConfig) -> tuple[Format, dict[str, Any]]:
    """The format of a model with this config, and what config.json holds of it.

    Raises ValueError for a model that is of none of the formats.
    """
    if config.kv_heads == config.n_head:
        config = replace(config, n_kv_head=None)
    for name, kind in FORMATS.items():
        activation = next((theirs for theirs, ours in kind.activations.items() if ours == config.activation), None)
        if activation is None or any(getattr(config, field) != value for field, value in kind.fixed.items()):
            continue
        eps = 1e-5 if config.norm == "layer" else float(np.finfo(np.float32).eps)  # the layers' defaults
        known = {"n_hidden": config.hidden, "n_kv_head": config.kv_heads, "norm_eps": config.norm_eps or eps}
        content: dict[str, Any] = {
            "model_type": name,
            "architectures": [kind.architecture],
            kind.activation: activation,
        }
        for field, (_, *keys) in kind.fields.items():
            content |= dict.fromkeys(keys, known.get(field, getattr(config, field)))
        if "rope_theta" in content:
            content["rope_parameters"] = {"rope_type": "default", "rope_theta": config.rotary_base}
        return kind, content
    needs = "; ".join(
        f"{name} has {', '.join(f'{field}={value!r}' for field, value in kind.fixed.items() if value is not None)} and "
        f"activation {' or '.join(dict.fromkeys(kind.activations.values()))}"
        for name, kind in FORMATS.items()
    )
    raise ValueError(f"transformers has no model that matches {config}: {needs}")


# The weights ----------------------------------------------------------------------------------------------------------


class Part(NamedTuple):
    """A tensor of theirs. It holds `rows` rows of a parameter, transposed or not."""

    name: str
    rows: int
    shape: tuple[int, ...]
    transposed: bool


def parts(kind: Format, config: GPTConfig, model: nn.Module) -> Iterator[tuple[Tensor, list[Part]]]:
    """Each parameter of a model, and the tensors of theirs that it consists of."""
    for name, parameter in model.named_parameters():
        module, _, leaf = name.removeprefix("transformer.").rpartition(".")
        pattern = re.sub(r"^h\.\d+", "h.{}", module)
        layer, theirs = module.split(".")[1:2], kind.modules[pattern]
        transposed = pattern in kind.transposed and parameter.ndim == 2
        sizes = config.qkv_sizes if len(theirs) > 1 else parameter.shape[:1]
        some = []
        for their, rows in zip(theirs, sizes, strict=True):
            shape = (rows, *parameter.shape[1:])
            some.append(Part(f"{their.format(*layer)}.{leaf}", rows, shape[::-1] if transposed else shape, transposed))
        yield parameter, some
