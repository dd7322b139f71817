"""An extension of griffe: what the reference must know beyond the source files.

Griffe reads source files. Operations that are one line (`log = of_numpy("log", ...)`), second names (`multiply = mul`)
and layers that take their settings from a function (`class Mish(FunctionLayer, of=F.mish)`) have their docstrings and
signatures only once they are imported. And docstrings are plain text with `code` in it, whose formulas are not to be
read as Markdown.
"""

from __future__ import annotations

import importlib
import inspect
import re
from typing import Any

import griffe

KINDS = dict(zip(type(inspect.Parameter.VAR_KEYWORD), griffe.ParameterKind))  # the same five, in the same order
PACKAGES = ("autograd.ops", "autograd.linalg", "autograd.special", "autograd.fft", "nn")  # where such names are


class Runtime(griffe.Extension):
    """Gives what is assigned or derived the form of what is written out, and docstrings that of Markdown."""

    def on_package(self, *, pkg: griffe.Module, **kwargs: Any) -> None:
        modules = [pkg]
        for module in modules:
            modules += [m for m in module.members.values() if not m.is_alias and m.is_module]
            if module.path.startswith(PACKAGES):
                complete(module)
        escape(pkg)


def complete(module: griffe.Module) -> None:
    """Complete the members of a module by the objects that they are."""
    running = importlib.import_module(module.path)
    own = {name for name, value in [*vars(running).items()] if getattr(value, "__module__", "") == module.path}
    absent = (own | {*getattr(running, "__all__", ())}) - module.members.keys()  # such as those of a, b = f(), g()
    for name, member in [*module.members.items(), *((name, griffe.Attribute(name)) for name in sorted(absent))]:
        value = getattr(running, name, None)
        if member.is_alias or name.startswith("_"):
            continue
        if member.is_attribute and inspect.isfunction(value):
            module.set_member(name, member := made(name, value, member.lineno))
        elif member.is_function and hasattr(value, "__signature__"):
            module.set_member(name, made(name, value, member.lineno))
        elif member.is_class and hasattr(value.__init__, "__signature__"):
            member.set_member("__init__", made("__init__", value.__init__, member.lineno))
        if callable(value) and getattr(value, "__name__", name) != name:
            member.docstring = griffe.Docstring(f"Another name of `{value.__name__}`.", parent=member)


def made(name: str, value: Any, line: int | None) -> griffe.Function:
    """The griffe object of a function, which has its place in the order of the source by its line."""
    parameters = [
        griffe.Parameter(p.name, kind=KINDS[p.kind], default=None if p.default is p.empty else repr(p.default))
        for p in inspect.signature(value).parameters.values()
    ]
    function = griffe.Function(name, parameters=griffe.Parameters(*parameters), lineno=line)
    function.docstring = griffe.Docstring(inspect.getdoc(value) or "", parent=function)
    return function


def escape(thing: griffe.Object) -> None:
    """Escape what Markdown would read as emphasis, links or HTML in the docstrings of an object and its members."""
    if thing.docstring is not None:
        parts = re.split(r"(`[^`]*`|^ {4}.*$)", thing.docstring.value, flags=re.MULTILINE)
        parts[::2] = [re.sub(r"([*_\[\]|])", r"\\\1", part.replace("<", "&lt;")) for part in parts[::2]]
        thing.docstring.value = "".join(parts)
    for member in thing.members.values():
        if not member.is_alias:
            escape(member)
