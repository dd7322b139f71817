"""Programs that the fuzzer found and made short: each once gave something else than torch, or an error."""

KEPT = {
    "the gradient of windows along a dim counted from the end": """
v0 = T.tensor([[-0.92, 0.15], [-1.32, -1.94]], dtype=T.float64, requires_grad=True)
v1 = v0.unfold(-2, 1, 1)
v1.backward(T.tensor([[[1.95], [-0.18]], [[-0.87], [-1.44]]], dtype=T.float64), retain_graph=True)
""",
    "the window of a number": """
v0 = T.tensor(0.86, dtype=T.float64, requires_grad=True)
v1 = v0.unfold(-1, 1, 1)
v1.backward(T.tensor([-1.81], dtype=T.float64))
""",
    "a write beside windows": """
v0 = T.tensor([1.04, 1.19, 1.47], dtype=T.float64)
v3 = v0.unfold(-1, 2, 2)
v0.scatter_(-1, T.tensor([0], dtype=T.int64), T.tensor([1.56], dtype=T.float64))
""",
    "a write into an empty part of an expanded tensor": """
v2 = T.tensor([[-1.48], [1.09]], dtype=T.float64)
v4 = v2 * T.tensor([[-0.63], [0.59]], dtype=T.float64)
v8 = v4.expand(1, -1, 3)
v8[:-1, -2] *= -1.41
""",
    "a value with more dims than its place": """
v1 = T.tensor([[-0.59]], dtype=T.float64)
v2 = v1.clone()
v1[-1, 0] = v2
""",
    "a gradient by what an earlier walk freed": """
v1 = T.tensor([-0.34, -0.33], dtype=T.float64, requires_grad=True)
v3 = v1.relu()
v3.backward(T.tensor([0.56, 0.11], dtype=T.float64))
v4 = grad((v3 * v3).sin().sum(), [v3], create_graph=True, allow_unused=True)[0] * 1
""",
    "retain_grad before the base of a view is changed": """
v0 = T.tensor([[0.24], [0.22], [2.0]], dtype=T.float64, requires_grad=True)
v1 = v0.select(1, -1)
v3 = v1.clone()
v4 = v3.t()
v4.grad_fn, v4.retain_grad()
v3.neg_()
v4.backward(T.tensor([-0.28, -1.31, -1.82], dtype=T.float64), retain_graph=True)
""",
    "grad gathers what is retained": """
v0 = T.tensor([0.3, 0.4], dtype=T.float64, requires_grad=True)
v3 = v0 * 2
v3.grad_fn, v3.retain_grad()
v10 = grad((v3 * v3).sin().sum(), [v3], create_graph=True, allow_unused=True)[0] * 1
""",
    "an overwritten tensor has no second derivative": """
v0 = T.tensor([0.71], dtype=T.float64, requires_grad=True)
v4 = v0 * T.tensor(0.45, dtype=T.float64)
v4.copy_(T.tensor([1.14], dtype=T.float64))
v7 = grad((v4 * v4).sin().sum(), [v0], create_graph=True, allow_unused=True)[0]
""",
    "an ellipsis for no dim between two arrays": """
v0 = T.tensor([[-0.98, -1.15], [-0.8, 1.97]], dtype=T.float64, requires_grad=True)
v3 = v0[None, [-2, 1], ..., [-1]]
""",
    "the pieces of nothing": """
v0 = T.zeros((0, 0), dtype=T.float64, requires_grad=True)
v1 = v0.chunk(3, 1)[2]
""",
    "a dim of a number is moved": """
v0 = T.tensor(1.57, dtype=T.float64, requires_grad=True)
v1 = v0.movedim(-1, 0)
""",
    "a leaf of one dim is flat": """
v1 = T.tensor([-0.75, -0.5], dtype=T.float64, requires_grad=True)
v4 = v1.flatten()
""",
    "the layout of what is repeated": """
v0 = T.tensor([[0.95, -0.95], [1.06, 1.03]], dtype=T.float64, requires_grad=True)
v5 = v0.repeat_interleave(2, 1)
v6 = v0.t().clone()
""",
}
