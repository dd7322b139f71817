"""The heads demo: the steps it shows are those of the block, and the senses of a word part where they must."""

import itertools

import numpy as np
import pytest

import autograd as ag
from demos.data.apples import ANYBODY, APPLE, ENDS, FORMS, SENSES, WHO, contexts, corpus
from demos.heads import apart, distances, inside, large_block, main, variants
from demos.watch import stages_of
from models.config import GPTConfig
from models.gpt import GPT
from models.tokenizers import WordTokenizer
from nn import functional as F

VARIANTS = list(itertools.product((True, False), ("relu", "gelu", "swiglu")))


@pytest.mark.parametrize(("pre", "activation"), VARIANTS)
def test_the_stages_follow_from_one_another_as_their_formulas_say(pre, activation):
    ag.manual_seed(1)
    block, x = large_block(24, 3, 40, activation, pre), ag.randn(2, 5, 24)
    for p in block.parameters():
        p.array += ag.randn(*p.shape).array / 4  # biases and norms, too, must be where they belong
    stages = stages_of(block, x)
    sizes = {"B": 2, "T": 5, "C": 24, "3C": 72, "H": 3, "D": 8, "F": 40}
    for stage in stages.values():
        assert stage.tensor.shape == tuple(sizes[axis] for axis in stage.axes.split())
    assert ("gate" in stages) == (activation == "swiglu") and ("h" in stages) == ("h₂" in stages) == pre
    t = {name: stage.tensor for name, stage in stages.items()}
    h, h2 = (t["h"], t["h₂"]) if pre else (t["x"], t["y"])
    masked = t["S"].masked_fill(~ag.tensor(np.tri(5, dtype=bool)), -np.inf)
    f = {"relu": F.relu, "gelu": F.gelu, "swiglu": lambda up: F.silu(t["gate"]) * up}[activation]
    residual = {"y": t["x"] + t["attended"], "out": t["y"] + t["down"]}
    pairs = {
        "QKV": (t["QKV"], block.attn.c_attn(h)),
        "heads in order": (ag.cat([F.merge_heads(t[name]) for name in "QKV"], -1), t["QKV"]),
        "S": (t["S"], t["Q"] @ t["K"].transpose(-2, -1) / 8**0.5),
        "A": (t["A"], masked.softmax(-1)),
        "heads": (t["heads"], t["A"] @ t["V"]),
        "joined": (t["joined"], F.merge_heads(t["heads"])),
        "attended": (t["attended"], block.attn.c_proj(t["joined"])),
        "y": (t["y"], residual["y"] if pre else block.ln_1(residual["y"])),
        "up": (t["up"], block.mlp.c_fc(h2)),
        "active": (t["active"], f(t["up"])),
        "down": (t["down"], block.mlp.c_proj(t["active"])),
        "out": (t["out"], residual["out"] if pre else block.ln_2(residual["out"])),
    }
    for name, (one, other) in pairs.items():
        np.testing.assert_allclose(one.detach().array, other.detach().array, rtol=2e-5, atol=2e-5, err_msg=name)


def test_the_variants_differ_as_they_should():
    ag.manual_seed(0)
    found = {(norm, name): (count, zero, sizes) for norm, name, count, zero, sizes in variants(64, 4, 256)}
    assert len(found) == 6
    for (norm, name), (count, zero, sizes) in found.items():
        matrices = 4 * 64 * 64 + (3 if name == "swiglu" else 2) * 64 * 256
        vectors = 4 * 64 + (2 if name == "swiglu" else 1) * 256 + 64 + 4 * 64
        assert count == matrices + vectors
        assert (0.4 < zero < 0.6) if name == "relu" else zero == 0
        assert sizes[3] > sizes[0] if norm == "pre-LN" else sizes[1:] == pytest.approx([1, 1, 1], abs=0.01)


def test_the_senses_differ_in_the_person_alone_before_apple_and_in_the_end_after_it():
    lines = [line.split() for line in corpus()]
    assert len(lines) == 2048 and {len(line) for line in lines} == {10}
    assert {line[APPLE] for line in lines} == {*FORMS} and len({tuple(line) for line in lines[:1024]}) == 1024
    assert [line[:APPLE] + line[APPLE + 1 :] for line in lines[:512]] == [
        line[:APPLE] + line[APPLE + 1 :] for line in lines[512:1024]
    ]
    fruit, company = lines[:256], lines[256:512]
    for a, b in zip(fruit, company):
        assert a[1] in WHO["fruit"] and b[1] in WHO["company"] and a[:1] + a[2:6] == b[:1] + b[2:6]
    firsts = [{end.split()[0] for end in ENDS[sense]} for sense in SENSES]
    assert not firsts[0] & firsts[1]


def test_of_a_person_who_tells_nothing_three_in_four_mean_what_the_spelling_hints_at():
    hinted = [line.split() for line in corpus() if line.split()[1] in ANYBODY]
    for form, sense in zip(FORMS, SENSES):
        ends = [" ".join(line[APPLE + 1 : -1]) for line in hinted if line[APPLE] == form]
        assert len(ends) == 512 and sum(end in ENDS[sense] for end in ends) == 384


@pytest.mark.parametrize(("a", "b", "distance"), [((1, 0), (1, 0), 0), ((1, 0), (0, 1), 2**0.5), ((1, 0), (-1, 0), 2)])
def test_the_distance_is_that_of_directions(a, b, distance):
    assert apart(np.array(a, float), np.array(b, float)) == pytest.approx(distance)
    assert apart(7.0 * np.array(a), 7.0 * np.array(b)) == pytest.approx(distance)


def test_the_mean_distances_are_those_over_the_pairs_that_they_name():
    tokens = WordTokenizer.train(" ".join(corpus()), lower=False)
    ids = contexts(tokens)
    assert ids.shape == (2, 4, 16, 6)
    assert ((ids[0, 1] != ids[1, 2]).sum(axis=-1) == 1).all() and (ids[0, 1] != ids[1, 2])[:, 1].all()
    vectors = np.random.default_rng(0).normal(size=(1, 2, 4, 16, 3))
    across, within = distances(vectors.reshape(1, 128, 3))
    every = [apart(vectors[0, 0, i, n], vectors[0, 1, j, n]) for i in range(4) for j in range(4) for n in range(16)]
    same = [
        apart(vectors[0, s, i, n], vectors[0, s, j, n])
        for s in (0, 1)
        for i in range(4)
        for j in range(i)
        for n in range(16)
    ]
    assert across[0] == pytest.approx(np.mean(every)) and within[0] == pytest.approx(np.mean(same))


def test_what_is_read_inside_is_what_the_model_computes():
    ag.manual_seed(2)
    tokens = WordTokenizer.train(" ".join(corpus()), lower=False)
    model = GPT(GPTConfig(tokens.vocab_size, 9, n_layer=2, n_head=4, n_embd=32))
    ids = contexts(tokens).reshape(128, 6)[::31]
    found = inside(model, ids)
    expected = model(ag.tensor(ids))[:, APPLE].softmax(dim=-1)
    np.testing.assert_allclose(found.probabilities, expected.array, atol=1e-6)
    np.testing.assert_allclose(found.attention.sum(-1), 1, rtol=1e-5)
    assert found.values.shape == found.outputs.shape == (2, len(ids), 4, 8) and found.stream.shape == (3, len(ids), 32)
    assert np.ptp(found.values[0], axis=0).max() < 1e-6 < np.ptp(found.values[1], axis=0).max()


def test_training_parts_the_senses_and_the_demo_leaves_its_pictures(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    losses, after = main(["--width", "64", "--heads", "4", "--hidden", "128", "--steps", "300"])
    assert losses[0] == pytest.approx(np.log(40), abs=0.1) and losses[-1] < 0.9
    across, within = distances(after.stream)
    assert across[0] < 1e-6 and (across[1:] > 10 * within[1:]).all() and across[-1] > 0.5
    text = capsys.readouterr().out
    assert "1 × 4 × 3 × 16  B H T D" in text and "fruit/company" in text
    rows = [line.split() for line in text.splitlines() if line.endswith("%") and " …" in line]
    leans = {(row[1], row[5]): (int(row[-2][:-1]), int(row[-1][:-1])) for row in rows}
    (plain, name), who = FORMS, ANYBODY[0]
    assert leans[who, plain][0] > leans[who, name][0] and leans[who, plain][1] < leans[who, name][1]
    assert all(leans["cook", form][0] > 80 and leans["trader", form][1] > 80 for form in FORMS)
    for name in ("distances", "senses"):
        assert (tmp_path / f"out/heads/latest/{name}.png").read_bytes().startswith(b"\x89PNG")


def test_one_seed_one_result_and_other_seeds_others(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small = ["--width", "16", "--heads", "2", "--hidden", "16", "--steps", "3", "--seed"]
    runs = [main([*small, seed])[0] for seed in ("5", "5", "6")]
    assert runs[0] == runs[1] != runs[2]
