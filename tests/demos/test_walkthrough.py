"""The walkthrough: every published number comes out, its gradients are true, and training does what is said."""

import re

import numpy as np
import pytest

from demos.by_hand import (
    Weights,
    _leaf,
    computed,
    drawn,
    forward,
    gradients,
    largest_change,
    loss_of,
    probability,
    published,
    reasons,
    trained,
)
from demos.data.published import Published, as_published
from demos.data.six_sentences import PUBLISHED, RATE, pairs, tokenizer
from demos.walkthrough import STEPS, main

TOKENS = tokenizer()
W = published(TOKENS)
ME, YOU, LOVE = (TOKENS.encode(word) for word in ("I", "You", "love"))


@pytest.fixture(scope="module")
def course():
    return trained(W, (ME, LOVE[0]), rate=RATE, steps=STEPS)


@pytest.mark.parametrize("row", PUBLISHED, ids=lambda row: row.what)
def test_a_published_number_comes_out_to_the_digits_given_unless_a_reason_says_why_it_cannot(row: Published, course):
    here = as_published(row.text, computed(course, TOKENS)[row.what])
    assert (here == row.text) == (not row.why)


def test_the_published_numbers_are_those_of_the_article():
    texts = {row.what: row.text for row in PUBLISHED}
    assert len(texts) == len(PUBLISHED) == 26
    numbers = [float(n) for text in texts.values() for n in text.split()]
    assert numbers[:12] == [22, 23, 0.1, 0.3, 0.1, 0.25, 0.24, 0.08, 0.14, 0.27, 0.32, 0.6]
    assert numbers[12:24] == [100, 51, 49, 34, 27, 39, 0.163, 0.306, 0.069, 0.132, 0.232, 0.438]
    assert numbers[24:34] == [22, 21, 17, 24, 38, 56, 1.772, 1.427, 0.968, 0.58]
    assert numbers[34:] == [1.3, 1.305, 0.02, 0.4, 0.397, 0.391, 0.099, 0.289, 18, 4.5]


def test_pizza_wins_at_first_and_love_in_the_end(course):
    first, last = (forward(w, ME).probabilities.array[-1] for w in (course[0], course[-1]))
    best = [TOKENS.tokens[i] for i in np.argsort(-first)[:3]]
    assert best == ["pizza", "broccoli", "love"] and TOKENS.tokens[last.argmax()] == "love"
    assert TOKENS.tokens[np.linalg.norm(W.w_out.array, axis=0).argmax()] == "pizza"


def test_the_rates_that_give_the_published_changes_leave_the_published_course(course):
    found = reasons(course, TOKENS)
    one, other = (trained(W, (ME, LOVE[0]), rate=found[r], steps=1)[1] for r in ("rate", "small_rate"))
    assert one.w_out.array[0, LOVE[0]] == pytest.approx(1.305) and largest_change(W, other) == pytest.approx(0.02)
    for w, share in ((one, "share"), (other, "small_share")):
        assert probability(w, ME, LOVE[0]) == found[share] < 0.20 < probability(course[1], ME, LOVE[0])


def test_there_are_22_words_and_23_pairs():
    assert TOKENS.vocab_size == 22
    assert len(pairs(TOKENS)) == 23
    assert pairs(TOKENS)[0] == (ME, LOVE[0])
    assert ([*TOKENS.encode("He hated broccoli but loved")], TOKENS.encode("cake")[0]) in pairs(TOKENS)


def test_the_pass_is_that_of_numpy():
    e, w_q, w_k, w_v, w_out = (w.array for w in W)
    for ids, _ in pairs(TOKENS):
        x = e[ids]
        scores = np.exp((x @ w_q) @ (x @ w_k).T / np.sqrt(2)) * np.tri(len(ids))
        z = np.exp(scores / scores.sum(1, keepdims=True) @ (x @ w_v) @ w_out)
        np.testing.assert_allclose(forward(W, ids).probabilities.array, z / z.sum(1, keepdims=True))


@pytest.mark.parametrize("seed", range(3))
def test_the_gradients_are_those_of_finite_differences(seed):
    w, (ids, target) = drawn(TOKENS, seed), pairs(TOKENS)[7 + seed]
    for i, (p, g) in enumerate(zip(w, gradients(w, (ids, target)))):
        slopes = np.empty(p.array.size)
        for j in range(p.array.size):
            at = [p.array.copy().reshape(-1), p.array.copy().reshape(-1)]
            at[0][j] += 1e-6
            at[1][j] -= 1e-6
            moved = [float(loss_of(w._replace(**{w._fields[i]: _leaf(a.reshape(p.shape))}), (ids, target))) for a in at]
            slopes[j] = (moved[0] - moved[1]) / 2e-6
        np.testing.assert_allclose(g.array.reshape(-1), slopes, atol=1e-8)


def test_one_word_teaches_queries_and_keys_exactly_nothing_and_two_words_teach_them():
    two_words = TOKENS.encode("I love"), TOKENS.encode("pizza")[0]
    one, two = gradients(W, (ME, LOVE[0])), gradients(W, two_words)
    for name in ("w_q", "w_k"):
        assert not getattr(one, name).array.any()
        assert getattr(two, name).array.all()
    assert not one.embedding.array[LOVE[0]].any() and two.embedding.array[LOVE[0]].all()
    assert one.w_v.array.all() and one.embedding.array[ME[0]].all() and one.w_out.array.all()


def test_the_gradient_of_two_lessons_is_the_mean_of_theirs():
    lessons = pairs(TOKENS)[3:5]
    both, alone = gradients(W, *lessons), [gradients(W, lesson) for lesson in lessons]
    for mean, *parts in zip(both, *alone):
        np.testing.assert_allclose(mean.array, (parts[0].array + parts[1].array) / 2, atol=1e-15)


def test_training_lifts_the_pair_past_a_half_and_its_neighbour_past_three_times_chance(course):
    taught = [probability(w, ME, LOVE[0]) for w in course]
    untaught = [probability(w, YOU, LOVE[0]) for w in course]
    assert len(course) == 4 and taught[-1] > 0.5 and untaught[-1] > 3 / 22
    assert taught == sorted(taught) and untaught == sorted(untaught)


def test_a_step_changes_what_has_a_gradient_and_nothing_else(course):
    last: Weights = course[-1]
    assert np.array_equal(last.w_q.array, W.w_q.array) and np.array_equal(last.w_k.array, W.w_k.array)
    moved = (last.embedding.array != W.embedding.array).any(axis=1)
    assert np.flatnonzero(moved).tolist() == ME


def test_the_demo_prints_its_tables_and_leaves_its_pictures(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    main([])
    text = capsys.readouterr().out
    assert re.search(r"its loss +1.772, 1.427, 0.968, 0.580 +1.772, 1.427, 0.968, 0.580", text)
    assert re.search(r"largest change of the first update +0.020 +0.184 +to be that small the rate must be", text)
    assert "Q = X W_q (3 × 2)" in text and "after [You]" in text
    for name in ("words", "head", "mixing", "probabilities", "training", "neighbours"):
        assert (tmp_path / f"out/walkthrough/latest/{name}.png").read_bytes().startswith(b"\x89PNG")
    page = (tmp_path / "out/walkthrough/latest/walkthrough.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 6 and 'src="http' not in page and "Q = X W_q" in page


def test_one_seed_one_result_and_other_seeds_others(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runs = [main(["--random", "--seed", seed, "--steps", "1"])[-1] for seed in ("5", "5", "6")]
    a, b, c = ([w.tolist() for w in run] for run in runs)
    assert a == b != c
