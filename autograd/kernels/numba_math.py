"""Compiler options for the kernels, and functions of one float32 that LLVM can vectorise.

Without Intel's SVML, Numba has no vector exp, and a loop that calls the C library's stays scalar. So exp is a
polynomial times a power of two made from bits: plain arithmetic, which vectorises in the loop it is inlined into.
"""

from typing import Any

from llvmlite import ir
from numba import float32, int32, int64, njit, types
from numba.extending import intrinsic

# Sums may be reordered and products contracted, so that reductions vectorise. nan, inf and -0.0 keep their meaning.
FAST = {"reassoc", "contract", "arcp", "afn"}
EXACT = {"contract"}  # for formulas in which the order of the terms is what makes them accurate

OPTIONS: dict[str, Any] = {"fastmath": FAST, "error_model": "numpy", "nogil": True, "cache": True}
kernel = njit(**OPTIONS)
inline = njit(fastmath=EXACT, error_model="numpy", forceinline=True)


@intrinsic
def float_of_bits(typingctx, bits):
    """The float32 with these 32 bits."""

    def generate(context, builder, signature, args):
        return builder.bitcast(args[0], ir.FloatType())

    return float32(int32), generate


@intrinsic
def floats_at(typingctx, address):
    """A pointer to the float32 at this address."""

    def generate(context, builder, signature, args):
        return builder.inttoptr(args[0], ir.FloatType().as_pointer())

    return types.CPointer(float32)(int64), generate


@intrinsic
def nearest(typingctx, x):
    """x rounded to a whole number, as a float32."""

    def generate(context, builder, signature, args):
        rint = builder.module.declare_intrinsic("llvm.rint", [ir.FloatType()])
        return builder.call(rint, args)

    return float32(float32), generate


@intrinsic
def larger(typingctx, x, y):
    """The larger of two float32, by an instruction that vectorises; if one is nan, either of the two."""

    def generate(context, builder, signature, args):
        two = ir.FunctionType(ir.FloatType(), [ir.FloatType(), ir.FloatType()])
        maxnum = builder.module.declare_intrinsic("llvm.maxnum", [ir.FloatType()], two)
        return builder.call(maxnum, args, fastmath=("nnan", "nsz"))

    return float32(float32, float32), generate


@intrinsic
def wide_vectors(typingctx):
    """Compile the kernel that calls this for the widest vectors of the processor; LLVM avoids AVX-512's by default."""

    def generate(context, builder, signature, args):
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')  # llvmlite's own add knows fewer names
        return context.get_dummy_value()

    return types.void(), generate


LOG2_E = float32(1.4426950408889634)
LN_2_HIGH = float32(0.693359375)  # few bits, so that n LN_2_HIGH is exact
LN_2_LOW = float32(-2.12194440e-4)
LOWEST = float32(-87.33)  # below, exp gives 0, where float32 has denormal numbers down to -103.9
HIGHEST = float32(88.37)  # above, exp stays at 2.4e38; only sigmoid asks for it, as 1 / (1 + e^x)


@inline
def exp(x):
    """e^x within 2e-7 relative: e^x = 2^n e^r, |r| <= ln(2) / 2, e^r by its Taylor polynomial. Keeps nan."""
    y = LOWEST if x < LOWEST else x
    y = HIGHEST if y > HIGHEST else y
    n = nearest(y * LOG2_E)
    r = (y - n * LN_2_HIGH) - n * LN_2_LOW
    p = float32(1 / 720)
    p = p * r + float32(1 / 120)
    p = p * r + float32(1 / 24)
    p = p * r + float32(1 / 6)
    p = p * r + float32(0.5)
    p = p * r + float32(1)
    p = p * r + float32(1)
    p = p * float_of_bits((int32(n) + int32(127)) << int32(23))
    return float32(0) if x < LOWEST else p


@inline
def sigmoid(x):
    """1 / (1 + e^-x)."""
    return float32(1) / (float32(1) + exp(-x))


@inline
def erf(z):
    """erf(z) within 3e-7: z P(u) / Q(u) with u = z^2 for |z| up to 3.925, beyond which erf is 1 to half a bit.

    P and Q were fitted in float64 to erf(z) / z at 4,000 Chebyshev points by linear least squares. In 60 rounds the
    weights were raised where the relative error was largest, which brought it down to 1.9e-8.
    """
    largest = float32(3.925)
    y = largest if z > largest else z
    y = -largest if y < -largest else y
    u = y * y
    p = float32(2.0460851e-06)
    p = p * u + float32(0.00028483946304030196)
    p = p * u + float32(0.0037723123252364115)
    p = p * u + float32(0.05276856423592515)
    p = p * u + float32(0.19058798964901236)
    p = p * u + float32(1.1283791458122696)
    q = float32(3.804816988435422e-05)
    q = q * u + float32(0.0011638026923556965)
    q = q * u + float32(0.014982719253169335)
    q = q * u + float32(0.1141803633910016)
    q = q * u + float32(0.5022369398085538)
    q = q * u + float32(1)
    return y * p / q
