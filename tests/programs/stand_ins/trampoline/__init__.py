"""Calls of generators without recursion: what one yields is run next, and its result is sent back."""


class TailCall(Exception):
    """Raised by a generator that gives way to another."""

    def __init__(self, following):
        self.following = following


def trampoline(generator):
    """Run a generator of generators; returns what it returns."""
    stack, result = [generator], None
    while stack:
        try:
            stack.append(stack[-1].send(result))
            result = None
        except StopIteration as stop:
            stack.pop()
            result = stop.value
        except TailCall as tail:
            stack[-1], result = tail.following, None
    return result
