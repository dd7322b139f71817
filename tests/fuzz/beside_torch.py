"""Random programs run beside torch, line by line; every difference is made as short as it goes and printed."""

import argparse
import multiprocessing
import re
import warnings
from collections import Counter
from typing import Any, NamedTuple

import numpy as np
import torch

import autograd
from tests.fuzz.programs import HEADER, Line, Writer, failure, scope_of, tensors_of

# What torch refuses and we perform, with the gradient of the same program without changes in place.
LENIENT = {
    "a write into one of several outputs": "is the output of a function that returns multiple views",
    "an operand that overlaps what is written": "some elements of the input tensor and the written-to tensor refer to",
    "a saved array that we keep a copy of": "modified by an inplace operation",
    "a second walk over what saved no array": "Trying to backward through the graph a second time",
    "an argument of another dtype": "same scalar type|dtypes match|same dtype|expected scalar type",
    "a value too large for an index that takes nothing": r"broadcast to indexing result of shape \[(\d+, )*0[,\]]",
    "an error within torch, which asks to report it": "INTERNAL ASSERT FAILED",
    "a view that became a leaf, whose base was changed then": "leaf variable has been moved into the graph interior",
}
# What torch performs and we refuse.
REFUSED = {"a write into elements that share memory": "share places in memory"}
# Results that are laid out in memory otherwise: of operands that are not row-major.
LAYOUT = re.compile(r"v\d+ [-+*@]|cat|stack|where|maximum|masked_fill|sum")


class Difference(NamedTuple):
    kind: str
    what: str


def differs(lines: list[Line], stats: Counter | None = None) -> Difference | None:
    """The first difference between torch and us, if there is one."""
    stats = Counter() if stats is None else stats
    theirs, ours = scope_of(torch), scope_of(autograd)
    derived = {line.target for line in lines if "grad(" in line.source}
    for line in lines:
        if line.kind == "change" and _overlaps(line, theirs):
            stats["an operand that overlaps what is written"] += 1
            return None
        expected, found = failure(line, theirs), failure(line, ours)
        stats["lines"] += 1
        stats["errors"] += expected is not None
        for error in (expected, found):
            if isinstance(error, (NameError, SyntaxError)):
                return None
        if found is not None and not isinstance(found, (RuntimeError, IndexError, TypeError, ValueError)):
            if expected is None or type(expected) is not type(found):
                return Difference("crash", f"{line.source}\n  ours: {type(found).__name__}: {found}")
        for name, pattern in REFUSED.items():
            if found is not None and re.search(pattern, str(found)):
                stats[name] += 1
                return None
        if isinstance(found, IndexError) and (line.kind == "change" or expected is None):
            if "out of bounds" in str(found):  # torch writes until it comes to such an index, or takes no elements
                stats["an index out of range"] += 1
                return None
        if (expected is None) != (found is None):
            if found is None:
                for name, pattern in LENIENT.items():
                    if re.search(pattern, str(expected)):
                        stats[name] += 1
                        return None
                if "a leaf Variable that requires grad is being" in str(expected) and not ours[line.target].is_leaf:
                    stats["a view of what had no history when it was made, or the shape of a view of a leaf"] += 1
                    return None
                return Difference("performed", f"{line.source}\n  torch: {type(expected).__name__}: {expected}")
            named = set(re.findall(r"\bv\d+\b", line.source))
            if "was changed in place since" in str(found) and named & derived:
                stats["a second derivative that is constant"] += 1
                return None
            return Difference("refused", f"{line.source}\n  ours: {type(found).__name__}: {found}")
        if expected is None and line.kind == "new":
            if _strides(theirs[line.target]) != _strides(ours[line.target]):
                source = theirs.get(line.value.replace("[", ".").partition(".")[0])
                if LAYOUT.search(line.source) or not (source is not None and source.is_contiguous()):
                    stats["layout"] += 1
                    return None
                strides = [scope[line.target].stride() for scope in (theirs, ours)]
                return Difference("layout", f"{line.source}\n  strides: torch {strides[0]}, ours {strides[1]}")
        if expected is not None and "single memory location" in str(expected):
            return None  # torch may have changed the history before it raised
        if expected is not None and (line.kind in ("backward", "grad") or "grad(" in line.source):
            return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = _of_states(theirs, ours, lines, stats)
    if (
        found is not None
        and found.kind in ("grad", "hooks", "derived")
        and any(".data" in line.source for line in lines)
    ):
        stats["a write through .data to what was saved"] += 1
        return None
    return found


def _overlaps(line: Line, scope: dict) -> bool:
    """Whether what a line writes has the memory of what it reads: torch may read what it has written already."""
    value = line.source.partition("] = ")[2]
    names = {name for name in re.findall(r"\bv\d+\b", line.source) if name in scope} - {line.target}
    names |= {line.target} if re.search(rf"\b{line.target}\b", value) else set()
    memory = scope[line.target].untyped_storage().data_ptr() if line.target in scope else None
    return any(scope[name].untyped_storage().data_ptr() == memory for name in names)


def _strides(t: Any) -> list[tuple[int, int]]:
    """The strides of the dims in which there is more than one element."""
    return [(d, step) for d, (n, step) in enumerate(zip(t.shape, t.stride())) if n > 1] if t.numel() else []


def _of_states(theirs: dict, ours: dict, lines: list[Line], stats: Counter) -> Difference | None:
    mine = tensors_of(ours)
    coarse = any("float32" in line.source for line in lines)
    derived = {line.target for line in lines if "grad(" in line.source}
    for name, t in tensors_of(theirs).items():
        o = mine[name]
        for what in ("shape", "dtype", "requires_grad", "is_leaf"):
            a, b = getattr(t, what), getattr(o, what)
            a, b = (tuple(a), tuple(b)) if what == "shape" else (str(a).removeprefix("torch."), str(b))
            if a != b and what == "requires_grad" and (name in derived or not t.numel()):
                stats["a second derivative that is constant"] += 1
                return None
            if a != b:
                return Difference(what, f"{name}.{what}: torch {a}, ours {b}")
        if not _equal(t, o, coarse):
            return Difference(
                "derived" if name in derived else "value", f"{name}: torch {t.tolist()}, ours {o.tolist()}"
            )
        if t.grad is None and o.grad is not None and derived and not o.grad.any():
            stats["a second derivative that is constant"] += 1
            return None
        if (t.grad is None) != (o.grad is None):
            return Difference("grad", f"{name}.grad: torch {t.grad}, ours {o.grad}")
        if t.grad is not None:
            if t.grad.requires_grad != o.grad.requires_grad:
                stats["a second derivative that is constant"] += 1
                return None
            if not _equal(t.grad, o.grad, coarse):
                return Difference("grad", f"{name}.grad: torch {t.grad.tolist()}, ours {o.grad.tolist()}")
    if len(theirs["kept"]) != len(ours["kept"]):
        return Difference("hooks", f"hooks ran {len(theirs['kept'])} times in torch, {len(ours['kept'])} here")
    for t, o in zip(theirs["kept"], ours["kept"]):
        if not _equal(t, o, coarse):
            return Difference("hooks", f"a hook saw {t.tolist()} in torch, {o.tolist()} here")
    return None


def _equal(t: torch.Tensor, o: Any, coarse: bool) -> bool:
    a, b = t.detach().numpy(force=True), o.detach().numpy()
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    if not a.size:
        return True
    limit = 1e-3 if coarse else 1e-9
    with np.errstate(all="ignore"):
        scale = np.abs(np.where(np.isfinite(a), a, 0)).max(initial=1)
        if scale > 1e30:
            return True  # nothing to compare in such numbers
        return bool(np.allclose(a, b, rtol=limit, atol=limit * scale, equal_nan=True))


def shortest(lines: list[Line], kind: str) -> list[Line]:
    """A program with the same kind of difference, from which no line can be left out."""
    i = len(lines) - 1
    while i >= 0:
        fewer = lines[:i] + lines[i + 1 :]
        found = differs(fewer)
        if found is not None and found.kind == kind:
            lines = fewer
            i = min(i, len(lines))
        i -= 1
    return lines


def check(seed: int, stats: Counter | None = None) -> str | None:
    """What differs in the program of a seed, as a program that can be pasted; None where nothing does."""
    lines = Writer(seed, torch).write()
    found = differs(lines, stats)
    if found is None:
        return None
    lines = shortest(lines, found.kind)
    found = differs(lines)
    return f"# seed {seed}: {found.kind}\n" + "\n".join(line.source for line in lines) + f"\n# {found.what}\n"


def _many(seeds: range) -> tuple[range, Counter, list[str]]:
    torch.set_num_threads(1)
    np.seterr(all="ignore")
    warnings.simplefilter("ignore")
    stats: Counter = Counter()
    return seeds, stats, [found for seed in seeds if (found := check(seed, stats)) is not None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--start", type=int, default=0, help="the first seed: go on where an earlier run ended")
    parser.add_argument("--workers", type=int, default=multiprocessing.cpu_count())
    parser.add_argument("--stop-after", type=int, default=50, help="differences")
    args = parser.parse_args()
    step = 250
    chunks = [
        range(s, min(s + step, args.start + args.count)) for s in range(args.start, args.start + args.count, step)
    ]
    stats: Counter = Counter()
    differences = 0
    with multiprocessing.get_context("spawn").Pool(args.workers) as pool:
        for seeds, counted, found in pool.imap(_many, chunks):
            stats.update(counted)
            for text in found:
                print(text, flush=True)
            differences += len(found)
            if seeds.stop % 5000 < step:
                print(f"# seeds up to {seeds.stop}: {differences} differences", flush=True)
            if differences >= args.stop_after:
                break
    print(HEADER)
    print(f"# {dict(stats)}; {differences} differences")
    raise SystemExit(differences > 0)


if __name__ == "__main__":
    main()
