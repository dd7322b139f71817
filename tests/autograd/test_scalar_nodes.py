"""Where a picture of Values draws an operation: with the object that holds most of what it takes."""

import pytest

from autograd.scalar import Value
from autograd.scalar_nodes import home_of, homes_of, nodes_of

NAMES = ["net.layers[0].w", "net.layers[0].b", "net.layers[1].w", "other.w", "alone"]


@pytest.mark.parametrize(
    "taken, home",
    [
        (["net.layers[0].w", "net.layers[0].b"], "net.layers[0]"),
        (["net.layers[0].w", "net.layers[0].b", "net.layers[1].w"], "net.layers[0]"),
        (["net.layers[0].w", "net.layers[1].w"], "net.layers[0]"),  # half of them: the first
        (["net.layers[0].w", "net.layers[1].w", "net.layers[2].w"], "net.layers"),
        (["net.layers[0].w", "other.w", "third.w"], "net.layers[0]"),  # nothing holds all three
        (["net.layers[0].w", "alone"], "net.layers[0]"),
    ],
)
def test_an_operation_is_where_at_least_half_of_its_leaves_are_or_where_all_are(taken, home):
    values = {name: Value(1.0) for name in taken}
    nodes = nodes_of(Value.dot(list(values.values()), [Value(2.0) for _ in values]), {})
    homes = homes_of([*NAMES, "net.layers[2].w", "third.w"])
    (product,) = [node for value, node in nodes.items() if value.parents]
    assert home_of(product, {}, {nodes[value]: name for name, value in values.items()}, homes) == home
