"""A GPT-2 or a LLaMA continues a prompt, says how well it predicts a text, or is trained further on your text.

--model is a folder with Hugging Face's files, or a name on its hub. It is never written to: --finetune leaves its log,
curves and checkpoints in out/gpt2/run-1 and so on, and the files of the fine-tuned model in model/ below it, for
--model and for transformers.
"""

from __future__ import annotations

import codecs
import math
import time
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import autograd
from autograd import no_grad
from autograd.errors import require
from demos.common import Parser, at_least, parser, pyplot, share
from demos.runs import BEST, run_folder, run_or_resume
from demos.text import Passages, add_training, add_writing, fit, mean_loss, read_text, settings
from models.generate import stream
from models.gpt import GPT
from models.pretrained import located
from models.tokenizers import BPETokenizer
from models.tokenizers.bpe_files import END_OF_TEXT
from nn import checkpoint
from nn import functional as F
from nn.train import Trainer

BASE = Path("out", "gpt2")
NOT_OF_THE_TRAINING = ("resume", "run", "prompt", "length", "temperature", "top_k", "top_p", "score", "stride")


def options() -> Parser:
    """The model, and the settings of the three things to do with it."""
    count = at_least(1)
    result = parser(__doc__)
    result.add_argument("--model", default="gpt2", help="a folder, or a name on the hub, such as openai-community/gpt2")
    writing = result.add_argument_group("writing")
    writing.add_argument("--prompt", default="The meaning of life is", help="the text to continue")
    add_writing(writing, "token", length=100)
    scoring = result.add_argument_group("scoring")
    scoring.add_argument("--score", type=Path, metavar="FILE", help="the perplexity of this text")
    scoring.add_argument(
        "--stride", type=count, help="new tokens in each window of the text; by default half a context"
    )
    training = result.add_argument_group("fine-tuning")
    training.add_argument(
        "--finetune", type=Path, metavar="TEXT", help="train further on this text; a tenth of it is held out"
    )
    training.add_argument(
        "--context", type=at_least(2), help="tokens in a passage; by default 128, or the model's if less"
    )
    training.add_argument("--dropout", type=share, default=0.1, help="share of features dropped in training")
    add_training(training, steps=200, batch=4, lr=5e-5, warmup=20, evaluate_every=50)
    return result


def load(source: str | Path, **changes: Any) -> tuple[GPT, BPETokenizer]:
    """The model, and its tokenizer; a folder without one, but with as many tokens as GPT-2's, has GPT-2's."""
    folder = located(source)
    model = GPT.from_pretrained(folder, **changes)
    size = model.config.vocab_size
    try:
        tokenizer = BPETokenizer.from_pretrained(folder)
    except FileNotFoundError:
        tokenizer = BPETokenizer.gpt2()
        if size < tokenizer.vocab_size:
            raise
    if size < tokenizer.vocab_size:
        raise ValueError(f"{folder} has a tokenizer with {tokenizer.vocab_size:,} tokens, and a model with {size:,}")
    return model, tokenizer


def load_and_say(args: Namespace) -> tuple[GPT, BPETokenizer]:
    """The model and its tokenizer, after a line on its size."""
    start = time.perf_counter()
    model, tokenizer = load(args.model, dropout=args.dropout)
    weights = sum(parameter.numel() for parameter in model.parameters())
    print(f"{args.model}: {weights:,} weights, loaded in {time.perf_counter() - start:.2f} s")
    return model, tokenizer


def write(model: GPT, tokenizer: BPETokenizer, args: Namespace) -> str:
    """Print what follows the prompt, token by token, and the speed; return the text."""
    ids, end = tokenizer.encode(args.prompt), tokenizer.special.get(END_OF_TEXT)
    if not ids:
        raise ValueError("--prompt is empty: a GPT continues a text, so give it at least one character")
    decoder = codecs.getincrementaldecoder("utf-8")("replace")  # a character may be spread over tokens
    chosen = {"temperature": args.temperature, "top_k": args.top_k, "top_p": args.top_p, "seed": args.seed}
    print(f"\n{args.prompt}", end="", flush=True)
    start, text = time.perf_counter(), []
    for (token,) in stream(model, ids, args.length, stop=() if end is None else (end,), **chosen):
        text.append("" if token == end else decoder.decode(tokenizer.decode_bytes([token])))
        print(text[-1], end="", flush=True)
    seconds, rest = time.perf_counter() - start, decoder.decode(b"", final=True)
    print(f"{rest}\n\n{len(text)} tokens in {seconds:.1f} s: {len(text) / seconds:.1f} tokens/s")
    return "".join([*text, rest])


# Scoring --------------------------------------------------------------------------------------------------------------


@no_grad()
def losses(model: GPT, ids: np.ndarray, stride: int) -> Iterator[np.ndarray]:
    """The loss in nats of each token of a text after the first, window by window.

    A window is as long as the context and ends `stride` tokens after the one before it; those are scored, so each but
    the first of the text is predicted from at least context - stride tokens, or from all before it.
    """
    context = model.config.block_size
    ends = [*range(min(context, len(ids) - 1), len(ids) - 1, stride), len(ids) - 1]
    for scored, end in zip([0, *ends], ends):
        idx = autograd.as_tensor(ids[None, max(0, end - context) : end])
        features = model.transformer(idx)[0, scored - end :]
        yield F.cross_entropy(
            model.lm_head(features), autograd.as_tensor(ids[scored + 1 : end + 1]), reduction="none"
        ).array


def score(model: GPT, tokenizer: BPETokenizer, args: Namespace) -> float:
    """Print and return the perplexity of a text."""
    tqdm = require("tqdm", "plot").tqdm
    text, context = read_text(args.score), model.config.block_size
    stride = args.stride or max(context // 2, 1)
    if stride > context:
        raise ValueError(f"--stride must be at most the context of the model, {context}, got {stride}")
    ids = np.array(tokenizer.encode(text))
    if len(ids) < 2:
        raise ValueError(
            f"{args.score} is {len(ids)} token long: the first has nothing to be predicted from, so give it two"
        )
    total, count = 0.0, 0
    with tqdm(total=len(ids) - 1, unit="tokens", dynamic_ncols=True) as bar:
        for part in losses(model, ids, stride):
            total, count = total + float(part.sum(dtype=np.float64)), count + len(part)
            bar.set_postfix_str(f"perplexity {math.exp(total / count):.2f}")
            bar.update(len(part))
    loss, bits = total / count, total / math.log(2) / len(text.encode())
    print(
        f"{args.score}: {len(ids):,} tokens, each predicted from the {context - stride} before it or more, or from all"
    )
    print(f"{loss:.4f} nats a token, perplexity {math.exp(loss):.2f}, {bits:.3f} bits a byte")
    return math.exp(loss)


# Fine-tuning ----------------------------------------------------------------------------------------------------------


def train(model: GPT, tokenizer: BPETokenizer, args: Namespace, folder: Path) -> Trainer:
    """Train on with the text, in the folder of the run."""
    text = read_text(args.finetune)
    ids = np.array(tokenizer.encode(text))
    learned, held_out = (Passages(part, args.context, "tokens") for part in np.split(ids, [len(ids) * 9 // 10]))
    print(f"{len(text):,} characters, {len(ids):,} tokens")
    return fit(
        *(model, tokenizer, learned, args, folder),
        beta2=0.95,
        floor=0.1,
        evaluate=lambda: mean_loss(model, held_out, 32, batch=args.batch),
        keep=1,
        resume_hint="python -m demos.gpt2 --resume",
        settings=settings(args, text, NOT_OF_THE_TRAINING),
    )


def finetune(model: GPT, tokenizer: BPETokenizer, args: Namespace) -> float | None:
    """Train on, save the best weights, and write; returns their held-out loss, if nothing interrupted the training."""
    pyplot()  # if it is missing, fail before the work, not after it
    args.context = args.context or min(128, model.config.block_size)
    if args.context > model.config.block_size:
        raise ValueError(f"--context must be at most that of the model, {model.config.block_size}, got {args.context}")
    autograd.manual_seed(args.seed)
    with run_folder(BASE, args) as folder:
        trainer = train(model, tokenizer, args, folder)
    if trainer.interrupted:
        return None
    model.load_state_dict(checkpoint.load(folder / BEST)["model"])
    model.eval().save_pretrained(folder / "model", tokenizer)
    print(f"held-out loss {trainer.best:.4f} nats a token; the model is in {folder / 'model'}: --model takes it")
    write(model, tokenizer, args)
    return trainer.best


def work(args: Namespace) -> float | str | None:
    """Do what the options ask for."""
    if args.score is not None and args.finetune is not None:
        raise ValueError("--score and --finetune exclude each other: score the fine-tuned model afterwards")
    model, tokenizer = load_and_say(args)
    if args.finetune is not None:
        return finetune(model, tokenizer, args)
    return write(model, tokenizer, args) if args.score is None else score(model, tokenizer, args)


def main(arguments: list[str] | None = None) -> float | str | None:
    """Read the options, then write, score or train on."""
    return run_or_resume(options(), arguments, work, lambda _: BASE)


if __name__ == "__main__":
    main()
