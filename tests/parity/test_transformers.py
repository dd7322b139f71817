"""Models of Hugging Face's transformers on these tensors: one program, run with either library."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")
ROOT = Path(__file__).parents[2]

PROGRAM = """
import sys
import numpy as np
import torch
from transformers import BertConfig, BertForMaskedLM, GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

gpt2 = GPT2Config(vocab_size=50, n_positions=32, n_embd=32, n_layer=2, n_head=2)
llama = LlamaConfig(vocab_size=50, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4)
bert = BertConfig(vocab_size=50, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4)
rng = np.random.default_rng(0)
tokens, targets = (torch.tensor(rng.integers(0, 50, (2, 10))) for _ in range(2))
for model in (GPT2LMHeadModel(gpt2), LlamaForCausalLM(llama), BertForMaskedLM(bert)):
    with torch.no_grad():
        for _, parameter in sorted(model.named_parameters()):
            parameter.copy_(torch.tensor(rng.normal(0, 0.1, tuple(parameter.shape)), dtype=torch.float32))
    model.eval()  # without dropout
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(3):
        loss = model(input_ids=tokens, labels=targets).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        print(float(loss))
    model.save_pretrained(sys.argv[1])
    again = type(model).from_pretrained(sys.argv[1])
    assert torch.equal(again(tokens).logits, model(tokens).logits)
    if model.can_generate():
        print(*model.generate(tokens[:1], max_new_tokens=5, do_sample=False, pad_token_id=0)[0].tolist(), sep="\\n")
"""


def test_they_train_generate_and_are_saved_as_with_pytorch(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    env = os.environ | {"PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
    commands = [["-m", "autograd.compat", "--run", "program.py", "ours"], ["program.py", "theirs"]]
    ours, theirs = (
        subprocess.run([sys.executable, *command], cwd=tmp_path, env=env, check=True, stdout=subprocess.PIPE).stdout
        for command in commands
    )
    assert [float(line) for line in ours.split()] == pytest.approx([float(line) for line in theirs.split()], rel=1e-4)
