"""A lesson is the plain loop, line by line; what was done by hand can be taken back, bit for bit."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import Generator
from autograd.generator import drawing_from
from demos.explorer.lesson import LINES, OPTIMIZERS, Lesson
from demos.explorer.subjects import TEXTS, subject, writing
from demos.watch import STAGES
from models.gpt import GPT

DIALOGUE = subject("dialogue", "")
DIALOGUE = DIALOGUE._replace(config=replace(DIALOGUE.config, n_embd=16))  # for speed


def weights(lesson):
    return {name: p.array.copy() for name, p in lesson.model.state_dict().items()}


def same(first, second):
    return all((first[name] == second[name]).all() for name in first)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_it_is_the_plain_loop(optimizer):
    lesson, generator = Lesson(DIALOGUE, optimizer, 0.01, seed=3), Generator().manual_seed(3)
    lesson.steps(4)
    with drawing_from(generator):
        model = GPT(DIALOGUE.config)
        DIALOGUE.draw()
        updates, losses = OPTIMIZERS[optimizer](model, DIALOGUE, 0.01), []
        for _ in range(4):
            x, y = DIALOGUE.draw()
            updates.zero_grad()
            loss = model.loss(x, y)
            loss.backward()
            updates.step()
            losses.append(loss.item())
    assert [point.loss for point in lesson.points] == losses
    assert same(weights(lesson), {name: p.array for name, p in model.state_dict().items()})


def test_each_line_does_what_it_says():
    lesson, before = Lesson(DIALOGUE), None
    lesson.steps()
    for number, text in enumerate(LINES):
        before = weights(lesson)
        assert lesson.next == number
        lesson.line()
        gradients = [p.grad is not None for p in lesson.model.parameters()]
        assert all(gradients) == (text in LINES[2:]) and any(gradients) == all(gradients)
        assert (lesson.loss is not None) == (number == 1)
        assert same(before, weights(lesson)) == (number != 3)
    assert lesson.next == 0 and lesson.step == 2 and [point.step for point in lesson.points] == [0, 1]


def test_the_blame_is_shared_among_the_stages():
    lesson = Lesson(DIALOGUE)
    lesson.steps(3)
    shares = np.array([point.shares for point in lesson.points])
    assert shares.shape == (3, len(STAGES)) and (shares > 0).all()
    np.testing.assert_allclose(shares.sum(1), 1)


@given(st.integers(0, 3), st.integers(0, 3), st.integers(1, 3))
@settings(max_examples=8, deadline=None)
def test_undo_goes_back_to_the_bit_wherever_the_loop_stands(first, lines, steps):
    lesson = Lesson(DIALOGUE)
    lesson.steps(2)
    for _ in range(first):
        lesson.line()
    lesson.keep()
    before, points = weights(lesson), lesson.points[:2]
    for _ in range(lines):
        lesson.line()
    lesson.steps(steps)
    after, losses = weights(lesson), [point.loss for point in lesson.points]
    lesson.undo()
    assert same(before, weights(lesson)) and lesson.step == 2 and lesson.points == points
    if first == 0:  # in the middle of a step its batch is drawn anew
        while lesson.step < 2 + len(losses) - 2:
            lesson.line()
        assert same(after, weights(lesson)) and [point.loss for point in lesson.points] == losses


def test_there_are_as_many_ways_back_as_are_kept():
    lesson = Lesson(DIALOGUE)
    with pytest.raises(ValueError, match="nothing to undo"):
        lesson.undo()
    for _ in range(12):
        lesson.keep()
        lesson.steps()
    for left in range(7, -1, -1):
        lesson.undo()
        assert len(lesson.kept) == left
    assert lesson.step == 4


@given(st.sampled_from(Lesson(DIALOGUE).matrices), st.integers(0, 10**6), st.sampled_from([1e-2, -1e-2, 1e-3]))
@settings(max_examples=12, deadline=None)
def test_a_nudge_moves_one_weight_and_the_loss_as_its_gradient_says(matrix, place, delta):
    lesson = Lesson(DIALOGUE)
    lesson.steps()
    values, gradients = lesson.matrix(matrix.label)
    row, column = np.unravel_index(place % values.size, values.shape)
    before, kept = weights(lesson), lesson.value(matrix.label, row, column)
    found = lesson.nudge(matrix.label, int(row), int(column), delta)
    after = weights(lesson)
    changed = [(name, int((after[name] != before[name]).sum())) for name in after]
    assert [pair for pair in changed if pair[1]] == [(matrix.parameter, 1)]
    assert lesson.value(matrix.label, row, column) == pytest.approx(kept + delta, rel=1e-5)
    assert kept == values[row, column]
    assert found.gradient == pytest.approx(gradients[row, column], rel=1e-2, abs=1e-6)
    for nudge, predicted, measured in found.nudges:
        assert predicted == found.gradient * nudge
        assert abs(measured - predicted) <= 100 * nudge**2 + 1e-13
    lesson.undo()
    assert same(before, weights(lesson))


def test_every_weight_is_in_one_matrix():
    lesson = Lesson(DIALOGUE)
    sizes = sum(lesson.matrix(matrix.label)[0].size for matrix in lesson.matrices)
    assert sizes == sum(p.numel() for p in lesson.model.parameters())
    assert len({matrix.label for matrix in lesson.matrices}) == len(lesson.matrices)


@pytest.mark.parametrize("place", [("W_Q of layer 3", 0, 0), ("W_Q of layer 1", 16, 0), ("γ₁ of layer 1", 1, 0)])
def test_there_is_no_weight_elsewhere(place):
    with pytest.raises(ValueError, match="there is no matrix|is out of range"):
        Lesson(DIALOGUE).slope(*place, ())


def test_a_rate_that_is_too_large_ends_in_an_error_and_undo_helps():
    lesson = Lesson(DIALOGUE, "SGD", 0.1)
    lesson.steps(2)
    lesson.keep()
    before = weights(lesson)
    lesson.set_rate(1e30)
    with pytest.raises(ArithmeticError, match="learning rate is too large"):
        lesson.steps(5)
    assert lesson.next == 0 and len(lesson.points) == lesson.step
    lesson.undo()
    lesson.set_rate(0.1)
    assert same(before, weights(lesson))
    lesson.steps(3)
    assert all(np.isfinite(point.loss) for point in lesson.points) and lesson.step == 5


def test_a_nudge_beyond_all_numbers_is_refused_and_changes_nothing():
    lesson = Lesson(DIALOGUE)
    before = weights(lesson)
    with pytest.raises(ArithmeticError, match="smaller"):
        lesson.nudge("W_out", 0, 0, 1e308)
    assert same(before, weights(lesson)) and not lesson.kept


@pytest.mark.parametrize("kind", ["calculator", *TEXTS])
def test_it_learns(kind):
    lesson = Lesson(subject(kind, ""))
    lesson.steps(10)
    (first, before), (last, after) = lesson.held_out
    assert (first, last) == (0, 10) and after < before - 0.3


def test_samples_and_attention_are_of_the_model_as_it_is():
    lesson = Lesson(subject("calculator", ""))
    T = len(lesson.subject.shown)
    attention = lesson.attention()
    assert attention.shape == (2, 4, T, T)
    np.testing.assert_allclose(attention.sum(-1), 1, rtol=1e-5)
    assert (np.triu(attention, 1) == 0).all()
    question, *others = lesson.subject.samples(lesson.model)
    assert (question.prompt, question.right) == ("two plus three", "five") and len(others) >= 5


@pytest.mark.parametrize(
    ("text", "match"), [("", "0 characters"), ("a" * 5000, "1 different"), ("ab" * 100, "at least")]
)
def test_a_text_that_cannot_be_learned_from_is_refused(text, match):
    with pytest.raises(ValueError, match=match):
        writing(text, "")


def test_too_many_characters_are_refused():
    with pytest.raises(ValueError, match="300 different"):
        writing("".join(map(chr, range(1000, 1300))) * 10, "")
