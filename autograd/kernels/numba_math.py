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
def bits_of_float(typingctx, x):
    """The 32 bits of a float32."""

    def generate(context, builder, signature, args):
        return builder.bitcast(args[0], ir.IntType(32))

    return int32(float32), generate


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


@inline
def minus(x, y):
    """x - y, rounded before anything else is done with it: the terms of a sum could be reordered."""
    return x - y


@inline
def two_sum(x, y):
    """x + y, and what rounding took from it; |x| is larger than |y|, or else some of that is lost."""
    total = x + y
    return total, y - (total - x)


LOG2_E = float32(1.4426950408889634)
LN_2_HIGH = float32(0.693359375)  # few bits, so that n LN_2_HIGH is exact
LN_2_LOW = float32(-2.12194440e-4)
LOWEST = float32(-87.33)  # below, float32 has denormal numbers alone
HIGHEST = float32(89)  # from 88.38 to here, `_exp_between` gives infinity


@inline
def _exp_between(x):
    """e^x for x from LOWEST to HIGHEST, within 2e-7: 2^n e^r, |r| <= ln(2) / 2, e^r by its Taylor polynomial."""
    n = nearest(x * LOG2_E)
    r = (x - n * LN_2_HIGH) - n * LN_2_LOW
    p = float32(1 / 720)
    p = p * r + float32(1 / 120)
    p = p * r + float32(1 / 24)
    p = p * r + float32(1 / 6)
    p = p * r + float32(0.5)
    p = p * r + float32(1)
    p = p * r + float32(1)
    return p * float_of_bits((int32(n) + int32(127)) << int32(23))


@inline
def exp(x):
    """e^x for x up to 88, within 2e-7 relative; below -87.33 it is 0. Keeps nan."""
    p = _exp_between(LOWEST if x < LOWEST else x)
    return float32(0) if x < LOWEST else p


@inline
def sigmoid(x):
    """1 / (1 + e^-x), 0 below -88.38."""
    y = -HIGHEST if x < -HIGHEST else x
    return float32(1) / (float32(1) + _exp_between(-(-LOWEST if y > -LOWEST else y)))


NORMAL_END = float32(12.9)  # beyond it Phi(-x) is 0 here; float32 has no accurate numbers below Phi(-12.94)
MINUS_HALF_LOG2_E = float32(-0.5 * 1.4426950408889634)


@inline
def normal_cdf(x):
    """Phi(x), the standard normal distribution function, and e^(-x^2 / 2).

    The relative error is at most (8 + x^2) 2^-24, also where Phi is small: with y = |x|, Phi(-y) = e^(-y^2 / 2) P(s),
    s = (y - 4) / (y + 4). P is mpmath's chebyfit of the quotient over y in [0, 13.25], its error 2.8e-8;
    e^(-y^2 / 2) is 2^n times 2^r, |r| <= 1/2, the latter a chebyfit with an error of 8e-8.
    """
    y = abs(x)
    y = y if y < NORMAL_END else NORMAL_END
    s = (y - float32(4)) / (y + float32(4))
    p = float32(-2.9783793586984673e-05)
    p = p * s + float32(0.0006999804031614591)
    p = p * s + float32(0.0004295996438456641)
    p = p * s + float32(-0.008535302977873655)
    p = p * s + float32(0.03087769148168552)
    p = p * s + float32(-0.07169998907746264)
    p = p * s + float32(0.12437847279918149)
    p = p * s + float32(-0.17039802963439943)
    p = p * s + float32(0.09441065131531913)
    exponent = y * y * MINUS_HALF_LOG2_E
    n = nearest(exponent)
    r = exponent - n
    q = float32(0.0013390863364671234)
    q = q * r + float32(0.009676031918322054)
    q = q * r + float32(0.05550357114219078)
    q = q * r + float32(0.2402210748530834)
    q = q * r + float32(0.6931471880262288)
    q = q * r + float32(1.0000000754548972)
    n_bits = int32(n) << int32(23)
    inside = y < NORMAL_END
    gauss = float_of_bits(bits_of_float(q) + n_bits) if inside else float32(0)
    tail = float_of_bits(bits_of_float(p * q) + n_bits) if inside else float32(0)
    return (tail if x < float32(0) else float32(1) - tail), gauss
