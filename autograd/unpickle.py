"""An interpreter of pickles for files that may come from anyone: it runs no code, and takes no more than they hold."""

from __future__ import annotations

import pickle
import struct
from collections import Counter, OrderedDict
from collections.abc import Callable
from types import BuiltinFunctionType, FunctionType
from typing import Any, BinaryIO, NoReturn

import numpy as np

from autograd import dtypes
from autograd.base import TensorBase

PIECE = 1 << 20  # how many bytes are asked for at once: a value may claim to be longer than the file
LONGEST_KEY = 16  # elements of a tuple that is a key
COLLISIONS = 64  # keys of one container with the same hash, all of which a lookup compares


def fail(reason: str) -> NoReturn:
    """Raise UnpicklingError."""
    raise pickle.UnpicklingError(reason)


class Interpreter:
    """Carries out the opcodes that the pickles of plain values have (the module pickletools describes them).

    A subclass says what the file may name, and what is done where it calls a name. Bytes of the file, and items of its
    containers, are copied once, so that the memory is at most a multiple of the file's size, and so is the time, since
    keys are quick to hash and to compare.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.stack: list[Any] = []
        self.marks: list[int] = []  # the heights of the stack at which unfinished containers begin
        self.memo: list[Any] = []
        self.replaced: dict[int, tuple[Any, Any]] = {}  # by id: a value, and what BUILD put in its place
        self.strings: dict[str, str] = {}  # equal strings are one object, which is quick to compare
        self.hashes: dict[int, tuple[Any, Counter[int]]] = {}  # by id: a container, and how often its keys have a hash
        self.size = self.copied = 0  # how many bytes were read, and how many bytes or items were copied

    def find(self, module: str, name: str) -> Any:
        """The class or function of this name. Raises UnpicklingError if the file may not use it."""
        raise NotImplementedError

    def call(self, function: Any, args: tuple) -> Any:
        """What is done where the file calls what `find` gave."""
        raise NotImplementedError

    def new(self, kind: type, args: tuple) -> Any:
        """An object of this class before it has a state."""
        raise NotImplementedError

    def set_state(self, value: Any, state: Any) -> Any:
        """What takes the place of `value`, which a call gave, when its state is known."""
        raise NotImplementedError

    def load(self) -> Any:
        """The value that the pickle describes. Raises UnpicklingError, with the reason, if there is none."""
        try:
            return self._run()
        except pickle.UnpicklingError:
            raise
        except (
            ArithmeticError,
            AttributeError,
            LookupError,
            MemoryError,
            RuntimeError,
            TypeError,
            ValueError,
        ) as error:
            raise pickle.UnpicklingError("the file is damaged, or `save` did not write it") from error

    def _run(self) -> Any:
        while (code := self.take(1)) != pickle.STOP:
            step = OPCODES.get(code)
            if step is None:
                fail(f"the file is damaged, or `save` did not write it: its opcode {code!r} is not one of plain values")
            step(self)
        return self.stack.pop()

    # The file and the stack -------------------------------------------------------------------------------------------

    def take(self, count: int) -> Any:
        """The next bytes of the file, as a bytearray if they come in pieces."""
        data: Any = self.file.read(min(count, PIECE))
        while len(data) < count:
            piece = self.file.read(min(count - len(data), PIECE))
            if not piece:
                fail(f"the file is cut short: a value of {count} bytes lacks the last {count - len(data)}")
            data = data if isinstance(data, bytearray) else bytearray(data)
            data += piece
        self.size += count
        return data

    def count(self, width: int) -> int:
        """The next `width` bytes of the file as a number."""
        return int.from_bytes(self.take(width), "little")

    def counted(self, width: int) -> Any:
        """As many bytes of the file as its next `width` bytes say."""
        return self.take(self.count(width))

    def text(self, width: int) -> str:
        text = self.counted(width).decode("utf-8", "surrogatepass")
        return self.strings.setdefault(text, text)

    def line(self) -> str:
        """The next line of the file, which is a name."""
        text = b""
        while not text.endswith(b"\n") and len(text) < 200:
            text += self.take(1)
        return text[:-1].decode()

    def last(self, count: int) -> list[Any]:
        """The last `count` values of the stack, taken off."""
        if count > len(self.stack):
            fail("the file takes more values from the stack than there are")
        self.marks.append(len(self.stack) - count)
        return self.items()

    def items(self) -> list[Any]:
        """What lies on the stack above the last mark, taken off."""
        start = self.marks.pop()
        found, self.stack[start:] = self.stack[start:], []
        return found

    def get(self, index: int) -> None:
        value = self.memo[index]
        self.stack.append(self.replaced[id(value)][1] if id(value) in self.replaced else value)

    def put(self, index: int) -> None:
        if index > len(self.memo):
            fail(f"the file refers to a value {index} before it has value {len(self.memo)}")
        self.memo[index : index + 1] = self.stack[-1:]

    # Containers -------------------------------------------------------------------------------------------------------

    def once(self, value: Any) -> Any:
        """`value`, which will be copied. All that is copied stands in the file, once for each copy."""
        self.copied += len(value)
        if self.copied > self.size:
            fail("the file asks for more copies of its values than it has bytes")
        return value

    def extend(self, items: list[Any]) -> None:
        if type(self.stack[-1]) is not list:
            fail("the file appends to something that is not a list")
        self.stack[-1].extend(items)

    def set_items(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) not in (dict, OrderedDict):
            fail("the file sets items of something that is not a dict")
        target.update(zip(self.checked_keys(target, items[::2]), items[1::2], strict=True))

    def add_items(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) is not set:
            fail("the file adds elements to something that is not a set")
        target.update(self.checked_keys(target, items))

    def new_set(self, items: list[Any]) -> set:
        return set(self.checked_keys(items, items))

    def checked_keys(self, container: Any, keys: list[Any]) -> list[Any]:
        """`keys`, if they are quick to hash and to compare, and were not chosen to have equal hashes."""
        many = len(container) + len(keys) > COLLISIONS
        for key in keys:
            if type(key) is str:
                continue
            parts = key if type(key) in (tuple, frozenset) else (key,)
            if len(parts) > LONGEST_KEY or not all(map(_is_quick, parts)):
                fail(
                    f"the file has a {type(key).__name__} as key of a dict or element of a set; only strings, numbers "
                    f"of at most 64 bits and the like, and tuples of at most {LONGEST_KEY} of them, are read"
                )
            if many and type(key) is not int:
                _, hashes = self.hashes.setdefault(id(container), (container, Counter()))
                hashes[hash(key)] += 1
                if hashes[hash(key)] > COLLISIONS:
                    fail(f"more than {COLLISIONS} keys of one dict, or elements of one set, have the same hash")
        return keys

    # Calls ------------------------------------------------------------------------------------------------------------

    def name(self, module: Any, name: Any) -> None:
        if type(module) is not str or type(name) is not str:
            fail("the file names something by a value that is not a string")
        self.stack.append(self.find(module, name))

    def reduce(self, function: Any, args: Any) -> None:
        if not isinstance(function, (type, FunctionType, BuiltinFunctionType)) or type(args) is not tuple:
            fail("the file calls something that is not a function")
        self.stack.append(self.call(function, args))

    def new_object(self, kind: Any, args: Any) -> None:
        if not isinstance(kind, type) or type(args) is not tuple:
            fail("the file makes an object of something that is not a class")
        self.stack.append(self.new(kind, args))

    def build(self, value: Any, state: Any) -> None:
        self.stack.append(self.set_state(value, state))
        self.replaced[id(value)] = value, self.stack[-1]


def _signed(data: Any) -> int:
    return int.from_bytes(data, "little", signed=True)


def _bytearray(data: Any) -> bytearray:
    return data if isinstance(data, bytearray) else bytearray(data)


def _is_quick(value: Any) -> bool:
    """Whether the value takes no time to hash and to compare."""
    if isinstance(value, int):
        return value.bit_length() <= 64
    if isinstance(value, (bytes, np.str_)):
        return len(value) <= 1024
    return value is None or isinstance(
        value, (str, float, complex, np.number, np.bool_, np.dtype, dtypes.dtype, TensorBase)
    )


OPCODES: dict[bytes, Callable[[Interpreter], Any]] = {
    pickle.PROTO: lambda r: r.take(1),
    pickle.FRAME: lambda r: r.take(8),
    pickle.NONE: lambda r: r.stack.append(None),
    pickle.NEWTRUE: lambda r: r.stack.append(True),
    pickle.NEWFALSE: lambda r: r.stack.append(False),
    pickle.BININT: lambda r: r.stack.append(_signed(r.take(4))),
    pickle.BININT1: lambda r: r.stack.append(r.count(1)),
    pickle.BININT2: lambda r: r.stack.append(r.count(2)),
    pickle.LONG1: lambda r: r.stack.append(_signed(r.counted(1))),
    pickle.LONG4: lambda r: r.stack.append(_signed(r.counted(4))),
    pickle.BINFLOAT: lambda r: r.stack.extend(struct.unpack(">d", r.take(8))),
    pickle.SHORT_BINUNICODE: lambda r: r.stack.append(r.text(1)),
    pickle.BINUNICODE: lambda r: r.stack.append(r.text(4)),
    pickle.BINUNICODE8: lambda r: r.stack.append(r.text(8)),
    pickle.SHORT_BINBYTES: lambda r: r.stack.append(bytes(r.counted(1))),
    pickle.BINBYTES: lambda r: r.stack.append(bytes(r.counted(4))),
    pickle.BINBYTES8: lambda r: r.stack.append(bytes(r.counted(8))),
    pickle.BYTEARRAY8: lambda r: r.stack.append(_bytearray(r.counted(8))),
    pickle.EMPTY_TUPLE: lambda r: r.stack.append(()),
    pickle.EMPTY_LIST: lambda r: r.stack.append([]),
    pickle.EMPTY_DICT: lambda r: r.stack.append({}),
    pickle.EMPTY_SET: lambda r: r.stack.append(set()),
    pickle.TUPLE: lambda r: r.stack.append(tuple(r.items())),
    pickle.TUPLE1: lambda r: r.stack.append(tuple(r.last(1))),
    pickle.TUPLE2: lambda r: r.stack.append(tuple(r.last(2))),
    pickle.TUPLE3: lambda r: r.stack.append(tuple(r.last(3))),
    pickle.FROZENSET: lambda r: r.stack.append(frozenset(r.new_set(r.items()))),
    pickle.APPEND: lambda r: r.extend(r.last(1)),
    pickle.APPENDS: lambda r: r.extend(r.items()),
    pickle.SETITEM: lambda r: r.set_items(r.last(2)),
    pickle.SETITEMS: lambda r: r.set_items(r.items()),
    pickle.ADDITEMS: lambda r: r.add_items(r.items()),
    pickle.MARK: lambda r: r.marks.append(len(r.stack)),
    pickle.POP: lambda r: r.last(1),
    pickle.POP_MARK: lambda r: r.items(),
    pickle.MEMOIZE: lambda r: r.memo.append(r.stack[-1]),
    pickle.BINPUT: lambda r: r.put(r.count(1)),
    pickle.LONG_BINPUT: lambda r: r.put(r.count(4)),
    pickle.BINGET: lambda r: r.get(r.count(1)),
    pickle.LONG_BINGET: lambda r: r.get(r.count(4)),
    pickle.GLOBAL: lambda r: r.name(r.line(), r.line()),
    pickle.STACK_GLOBAL: lambda r: r.name(*r.last(2)),
    pickle.REDUCE: lambda r: r.reduce(*r.last(2)),
    pickle.NEWOBJ: lambda r: r.new_object(*r.last(2)),
    pickle.BUILD: lambda r: r.build(*r.last(2)),
}
