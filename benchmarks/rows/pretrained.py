"""GPT-2 small (random weights, float32) from Hugging Face's files, which were read before, to its first token.

The memory (on Linux alone) is the highest of a process of its own, less what it was before, when a tiny model had run,
so that the libraries were there. It is given in sizes of the file.
The number that must agree is the mean of the logits.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.timing import CLOCK, Row

PROMPT = [*range(16)]
ROWS = [
    Row(
        *(what, "pretrained", ("numpy", "fast", "transformers"), {"memory": memory}),
        unit=unit,
        per=1,
        steps=1,
        turns=turns,
        loss_within=1e-3,
    )
    for what, memory, unit, turns in (
        ("GPT-2 small from its file to the first token", False, "s", 4),
        ("GPT-2 small, peak memory of loading and a first token", True, "sizes of the file", 1),
    )
]
PEAK = """
import json, pathlib, re, sys
from benchmarks.rows import pretrained
load = getattr(pretrained, sys.argv[1])()
def peak():  # resource.getrusage would count what the process was before it became this program
    return int(re.search(r"VmHWM:\\s*(\\d+)", pathlib.Path("/proc/self/status").read_text())[1])
before = peak()
loss = load(sys.argv[2])
print(json.dumps([peak() - before, loss]))
"""


def load_ours():
    import autograd
    from models.config import GPTConfig
    from models.gpt import GPT

    def mean_logit(model):
        return model.next_logits(autograd.tensor([PROMPT])).mean().item()

    mean_logit(GPT(GPTConfig(16, 16, 1, 1, 4)))
    return lambda folder: mean_logit(GPT.from_pretrained(folder))


def load_theirs():
    import torch
    import transformers

    transformers.utils.logging.disable_progress_bar()
    make = transformers.GPT2LMHeadModel
    ends = {"bos_token_id": None, "eos_token_id": None}
    tiny = transformers.GPT2Config(vocab_size=16, n_positions=16, n_layer=1, n_head=1, n_embd=4, **ends)

    @torch.inference_mode()
    def mean_logit(model):
        return model.eval()(torch.tensor([PROMPT]), logits_to_keep=1).logits.mean().item()

    mean_logit(make(tiny))
    return lambda folder: mean_logit(make.from_pretrained(folder))


def measured(load, memory):
    """A step that loads the model in this process or, for its memory, in another."""
    import autograd
    from models.config import GPTConfig
    from models.gpt import GPT

    folder = tempfile.TemporaryDirectory()
    autograd.manual_seed(0)
    GPT(GPTConfig()).save_pretrained(folder.name)
    size = Path(folder.name, "model.safetensors").stat().st_size

    def step():
        if memory:
            command = [sys.executable, "-c", PEAK, load, folder.name]
            answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
            peak, loss = json.loads(answer)
            return peak * 1024 / size, loss
        before = CLOCK()
        loss = ready(folder.name)
        return CLOCK() - before, loss

    ready = globals()[load]()
    return step


def ours(memory):
    return measured("load_ours", memory)


def transformers(memory):
    return measured("load_theirs", memory)
