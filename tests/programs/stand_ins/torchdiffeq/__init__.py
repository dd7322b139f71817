"""torchdiffeq's `odeint` by four steps of the classical Runge-Kutta method between two times, whatever is asked for."""

import torch

STEPS = 4


def odeint(func, y0, t, *, rtol=None, atol=None, method=None, options=None, **_):
    """The states at the times `t`, the first of which has the state `y0`: a tensor, or a tuple of tensors."""
    single = isinstance(y0, torch.Tensor)
    slope = (lambda time, y: (func(time, y[0]),)) if single else func
    state = (y0,) if single else tuple(y0)
    states = [state]
    for begin, end in zip(t[:-1], t[1:]):
        h = (end - begin) / STEPS
        for i in range(STEPS):
            state = _step(slope, begin + i * h, state, h)
        states.append(state)
    found = tuple(torch.stack(parts) for parts in zip(*states))
    return found[0] if single else found


def _step(slope, time, y, h):
    def moved(k, by):
        return tuple(a + by * b for a, b in zip(y, k))

    k1 = slope(time, y)
    k2 = slope(time + h / 2, moved(k1, h / 2))
    k3 = slope(time + h / 2, moved(k2, h / 2))
    k4 = slope(time + h, moved(k3, h))
    return tuple(a + h / 6 * (b + 2 * c + 2 * d + e) for a, b, c, d, e in zip(y, k1, k2, k3, k4))


odeint_adjoint = odeint
