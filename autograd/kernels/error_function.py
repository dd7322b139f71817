"""The error function and the normal distribution function on arrays, which NumPy lacks.

Below 1 it is z P(z^2); from 1 on, 1 - exp(-z^2) Q(s) with s = (z - 3) / (z + 3). P and Q are Chebyshev fits: mpmath
1.3 at 40 digits, `chebyfit(f, interval, n)`, of f(u) = erf(sqrt u) / sqrt u over u in [0, 1], and of
f(s) = exp(z^2) erfc(z) with z = 3 (1 + s) / (1 - s), over z in [1, 10.5] for float32 and [1, 28] for float64, beyond
which erfc is 0. The fits' own errors are 1.3e-9 and 1e-9 for float32, 7e-18 and 2e-17 for float64. Coefficients are in
the order of Horner's rule, highest power first.
"""

import math

import numpy as np

from autograd.kernels.half_precision import in_float32

SMALL_32 = (
    7.875875062685488e-05,
    -0.000801686428716587,
    0.005189087423433974,
    -0.026854212010626412,
    0.11283594715160218,
    -0.37612626666720334,
    1.1283791658483509,
)
LARGE_32 = (
    -0.0005479043100873021,
    0.0007335900975698871,
    0.0042558007404465996,
    -0.02439789226432982,
    0.07166728326170112,
    -0.15011550583229066,
    0.24560374863932696,
    -0.3262335695141,
    0.17900115147542972,
)
LARGEST_32 = 10.5  # from here on exp(-z^2) is 0
SMALL_64 = (
    -7.795898827002142e-10,
    1.3720064546777686e-08,
    -1.6208483801871705e-07,
    1.6447424703317362e-06,
    -1.492473690741966e-05,
    0.00012055294904839707,
    -0.0008548325975389692,
    0.0052239776071164225,
    -0.02686617064323777,
    0.11283791670945006,
    -0.37612638903183543,
    1.1283791670955126,
)
LARGE_64 = (
    3.3277159288148512e-09,
    7.508282159843767e-08,
    -2.1488598276706237e-07,
    -3.404015990537e-07,
    1.2573775236466113e-06,
    2.138948053801686e-06,
    -7.983658050944276e-06,
    -1.2864532845103877e-05,
    6.405817035445406e-05,
    4.5255780178301784e-05,
    -0.0005970621793676192,
    0.0007077464066929422,
    0.004269136350064063,
    -0.024392499317515793,
    0.07166583719735546,
    -0.15011593650079721,
    0.24560380171233942,
    -0.3262335600430371,
    0.17900115118138993,
)
LARGEST_64 = 28.0
BLOCK = 16384  # elements of a block, so that its temporaries stay in the cache


def in_blocks(function, *arrays):
    """The array that an elementwise `function(out, *arrays)` writes, called with flat blocks of the arrays."""
    out = np.empty_like(arrays[0], order="C")
    flat = [np.ascontiguousarray(a).reshape(-1) for a in (out, *arrays)]
    for start in range(0, out.size, BLOCK):
        function(*[a[start : start + BLOCK] for a in flat])
    return out


def _horner(u, coefficients):
    out = u * coefficients[0]
    for c in coefficients[1:-1]:
        out += c
        out *= u
    out += coefficients[-1]
    return out


def _erf_parts(z):
    """|erf(z)| where |z| < 1, exp(-z^2), the indices where |z| >= 1, and erfc(|z|) there; z is flat."""
    single = z.dtype == np.float32
    small, large, largest = (SMALL_32, LARGE_32, LARGEST_32) if single else (SMALL_64, LARGE_64, LARGEST_64)
    size = np.abs(z)
    np.minimum(size, largest, out=size)
    u = size * size
    erf = _horner(u, small)
    erf *= size
    np.negative(u, out=u)
    gauss = np.exp(u, out=u)
    far = np.flatnonzero(size >= 1)
    size = size[far]
    tail = _horner((size - 3) / (size + 3), large)
    tail *= gauss[far]
    return erf, gauss, far, tail


def normal_cdf(x):
    """Phi(x), the standard normal distribution function, and exp(-x^2 / 2); x is flat, float32 or float64.

    A relative error that grows with x^2 alone remains where Phi is small.
    """
    erf, gauss, far, tail = _erf_parts(x * math.sqrt(0.5))
    phi = np.copysign(erf, x, out=erf)
    phi += 1
    phi[far] = np.where(x[far] < 0, tail, 2 - tail)
    phi *= 0.5
    return phi, gauss


def _erf_block(out, z):
    erf, _, far, tail = _erf_parts(z)
    erf[far] = 1 - tail
    np.copysign(erf, z, out=out)


@in_float32
def erf(x):
    """The error function, within 1e-15 in float64 and 2e-7 in float32."""
    return in_blocks(_erf_block, x)
