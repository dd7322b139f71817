"""The two innermost loops of convolution, which keep a tile of the result in the registers of the processor.

LLVM does not find such tiles by itself, so their code is made here, instruction by instruction.
"""

import llvmlite.binding as llvm
from llvmlite import ir
from numba import int64, types
from numba.core import cgutils
from numba.extending import intrinsic

WIDE = llvm.get_host_cpu_features().get("avx512f", False)  # 32 registers of 16 floats; else take 16 of 8
LANES = 16 if WIDE else 8
ROWS, VECTORS = (8, 2) if WIDE else (6, 2)  # of a tile of `correlate`
DOTS = (4, 4) if WIDE else (3, 3)  # rows and columns of a tile of `correlate_weight`
WIDTH = VECTORS * LANES

_FLOAT, _INT = ir.FloatType(), ir.IntType(64)
_VECTOR = ir.VectorType(_FLOAT, LANES)


class _Code:
    """Instructions on addresses, which are integers of 64 bits, and on vectors."""

    def __init__(self, builder):
        self.builder = builder

    def at(self, address, index):
        """The address of the float at `index`."""
        index = index if isinstance(index, ir.Value) else _INT(index)
        return self.builder.add(address, self.builder.mul(index, _INT(4)))

    def pointer(self, address, kind):
        return self.builder.inttoptr(address, kind.as_pointer())

    def vector(self, address):
        return self.builder.load(self.pointer(address, _VECTOR), align=4)

    def integer(self, address, index):
        address = self.builder.add(address, self.builder.mul(index, _INT(8)))
        return self.builder.load(self.pointer(address, _INT))

    def splat(self, address):
        """A vector of this one float."""
        undefined = ir.Constant(_VECTOR, ir.Undefined)
        one = self.builder.insert_element(
            undefined, self.builder.load(self.pointer(address, _FLOAT)), ir.IntType(32)(0)
        )
        mask = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
        return self.builder.shuffle_vector(one, undefined, mask)

    def sums(self, count):
        """Registers for so many sums, which start at 0."""
        zero = ir.Constant(_VECTOR, [0.0] * LANES)
        registers = [cgutils.alloca_once(self.builder, _VECTOR) for _ in range(count)]
        for register in registers:
            self.builder.store(zero, register)
        return registers

    def add_product(self, register, x, y):
        product = self.builder.fmul(x, y, flags=("contract",))
        self.builder.store(self.builder.fadd(self.builder.load(register), product, flags=("contract",)), register)


@intrinsic
def tile(typingctx, out, out_row, x, offsets, weights, count):
    """out[r, p] = the sum over i < count of weights[i, r] x[offsets[i] + p], for ROWS rows and WIDTH elements."""

    def generate(context, builder, signature, args):
        code = _Code(builder)
        out, out_row, x, offsets, weights, count = args
        sums = code.sums(ROWS * VECTORS)
        with cgutils.for_range(builder, count) as loop:
            start = code.at(x, code.integer(offsets, loop.index))
            elements = [code.vector(code.at(start, v * LANES)) for v in range(VECTORS)]
            here = code.at(weights, builder.mul(loop.index, _INT(ROWS)))
            for r in range(ROWS):
                weight = code.splat(code.at(here, r))
                for v in range(VECTORS):
                    code.add_product(sums[r * VECTORS + v], weight, elements[v])
        for r in range(ROWS):
            row = code.at(out, builder.mul(out_row, _INT(r)))
            for v in range(VECTORS):
                there = code.pointer(code.at(row, v * LANES), _VECTOR)
                builder.store(builder.load(sums[r * VECTORS + v]), there, align=4)
        return context.get_dummy_value()

    return types.void(*[int64] * 6), generate


@intrinsic
def dots(typingctx, out, out_row, g, g_row, x, offsets, count):
    """out[r, i] += the sum over p < count of g[r, p] x[offsets[i] + p], for a tile of DOTS; count in steps of LANES."""

    def generate(context, builder, signature, args):
        code = _Code(builder)
        out, out_row, g, g_row, x, offsets, count = args
        rows, columns = DOTS
        sums = code.sums(rows * columns)
        lefts = [code.at(g, builder.mul(g_row, _INT(r))) for r in range(rows)]
        rights = [code.at(x, code.integer(offsets, _INT(i))) for i in range(columns)]
        with cgutils.for_range(builder, builder.sdiv(count, _INT(LANES))) as loop:
            p = builder.mul(loop.index, _INT(LANES))
            vectors = [code.vector(code.at(right, p)) for right in rights]
            for r in range(rows):
                left = code.vector(code.at(lefts[r], p))
                for i in range(columns):
                    code.add_product(sums[r * columns + i], left, vectors[i])
        kind = ir.FunctionType(_FLOAT, [_FLOAT, _VECTOR])
        add = cgutils.get_or_insert_function(builder.module, kind, f"llvm.vector.reduce.fadd.v{LANES}f32")
        for r in range(rows):
            for i in range(columns):
                there = code.pointer(code.at(code.at(out, builder.mul(out_row, _INT(r))), i), _FLOAT)
                total = builder.call(
                    add, [builder.load(there), builder.load(sums[r * columns + i])], fastmath=("fast",)
                )
                builder.store(total, there)
        return context.get_dummy_value()

    return types.void(*[int64] * 7), generate
