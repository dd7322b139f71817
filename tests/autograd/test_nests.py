"""Dicts, lists and tuples of tensors keep their form."""

from collections import OrderedDict, namedtuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.compat.pytree import SUPPORTED_NODES, LeafSpec, TreeSpec, _get_node_type, tree_flatten, tree_unflatten
from autograd.nests import REGISTERED, leaves, mapped, rebuilt, register, spread

Pair = namedtuple("Pair", ["first", "second"])


class Stack(list):
    """A list of a class of its own."""


class Fussy(dict):
    """A dict that cannot be made of its parts."""

    def __init__(self):
        super().__init__()


def joined(parts):
    inner = st.lists(parts, max_size=3)
    return (
        inner
        | inner.map(tuple)
        | inner.map(Stack)
        | st.dictionaries(st.sampled_from("abc"), parts)
        | st.dictionaries(st.sampled_from("abc"), parts).map(OrderedDict)
        | st.tuples(parts, parts).map(lambda p: Pair(*p))
    )


NESTS = st.recursive(st.integers(), joined, max_leaves=8)


@given(nest=NESTS)
def test_a_nest_is_rebuilt_of_its_leaves_and_mapped_leaf_by_leaf(nest):
    found = rebuilt(nest, leaves(nest))
    assert found == nest and type(found) is type(nest)
    tripled = mapped(lambda x, y: x + y, nest, mapped(lambda x: 2 * x, nest))
    assert leaves(tripled) == [3 * x for x in leaves(nest)] and type(tripled) is type(nest)


@given(nest=NESTS)
def test_parts_that_are_said_to_be_leaves_stay_whole(nest):
    def is_leaf(part):
        return isinstance(part, tuple)

    parts, form = tree_flatten(nest, is_leaf)
    assert tree_unflatten(parts, form) == nest and len(parts) == len(leaves(form))
    assert all(isinstance(part, (int, tuple)) for part in parts)
    boxed = mapped(lambda part: [part], nest, is_leaf=is_leaf)
    assert leaves(boxed, is_leaf) == parts and (boxed == [nest] if is_leaf(nest) else True)


@given(nest=NESTS, value=st.integers() | st.none())
def test_what_is_said_of_all_is_said_of_each(nest, value):
    assert spread(value, nest) == [value] * len(leaves(nest))
    assert spread({"a": value, "b": 5}, {"a": nest, "b": [1, 2]}) == [value] * len(leaves(nest)) + [5, 5]
    assert spread((value, 5), (nest, 1)) == [value] * len(leaves(nest)) + [5]


def test_a_class_that_cannot_be_made_of_its_parts_becomes_a_plain_one():
    fussy = Fussy()
    fussy["a"] = 1
    assert type(mapped(lambda x: x + 1, fussy)) is dict


class Span:
    def __init__(self, start, end, name):
        self.parts, self.name = (start, end), name


def test_objects_of_a_registered_class_are_nests_and_of_others_leaves():
    span = Span(1, [2, 3], "x")
    assert leaves([span]) == [span]
    register(Span, lambda span: (span.parts, span.name), lambda parts, name: Span(*parts, name))
    try:
        assert leaves([span, 4]) == [1, 2, 3, 4] and leaves(span, lambda part: part is span) == [span]
        (made,) = mapped(lambda x: 10 * x, [span])
        assert type(made) is Span and made.parts == (10, [20, 30]) and made.name == "x"
    finally:
        del REGISTERED[Span]


def test_forms_that_do_not_fit_are_errors():
    with pytest.raises(ValueError, match=r"all nests must have the same form, got \[2, 1\] leaves"):
        mapped(lambda x, y: x, [1, 2], [1])
    with pytest.raises(ValueError):
        spread((1, 2, 3), (1, 2))


Pair = namedtuple("Pair", "a b")


@pytest.mark.parametrize(
    "nest", [1, [1, (2, 3)], {"a": 1, "b": Pair([2], 3)}, OrderedDict(b=[1], a=(2, 3)), ((), [], {})]
)
def test_a_nest_may_be_taken_apart_by_its_kinds_and_made_again(nest):
    def taken_apart(nest):
        if (kind := _get_node_type(nest)) not in SUPPORTED_NODES:
            return [nest], LeafSpec()
        parts, context = SUPPORTED_NODES[kind].flatten_fn(nest)
        apart = [taken_apart(part) for part in parts]
        return sum([leaves for leaves, _ in apart], []), TreeSpec(kind, context, [form for _, form in apart])

    leaves, form = taken_apart(nest)
    made = tree_unflatten(leaves, form)
    assert made == nest and type(made) is type(nest) and leaves == tree_flatten(nest)[0]
