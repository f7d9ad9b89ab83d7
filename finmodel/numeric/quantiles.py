"""Inverse distribution functions: the only way from uniforms to variates.

References
----------
Wichura (1988), Algorithm AS 241: the percentage points of the normal distribution,
Applied Statistics 37.
"""

from __future__ import annotations

import math

from finmodel.numeric.jit import inner_kernel, lean_kernel


@inner_kernel
def polynomial(
    r: float,
    c0: float,
    c1: float,
    c2: float,
    c3: float,
    c4: float,
    c5: float,
    c6: float,
    c7: float,
) -> float:
    """Return ``c0 + c1 r + ... + c7 r**7``, by pairs that need not wait for one another."""
    r2 = r * r
    low = (c0 + c1 * r) + (c2 + c3 * r) * r2
    high = (c4 + c5 * r) + (c6 + c7 * r) * r2
    return low + high * (r2 * r2)


@inner_kernel
def middle_normal_quantile(p: float) -> float:
    """Return the standard normal quantile of `p` within 0.425 of a half."""
    q = p - 0.5
    r = 0.180625 - q * q
    top = polynomial(
        r,
        3.3871328727963666080,
        133.14166789178437745,
        1971.5909503065514427,
        13731.693765509461125,
        45921.953931549871457,
        67265.770927008700853,
        33430.575583588128105,
        2509.0809287301226727,
    )
    low = polynomial(
        r,
        1.0,
        42.313330701600911252,
        687.18700749205790830,
        5394.1960214247511077,
        21213.794301586595867,
        39307.895800092710610,
        28729.085735721942674,
        5226.4952788528545610,
    )
    return q * top / low


@lean_kernel
def tail_normal_quantile(p: float) -> float:
    """Return the standard normal quantile of `p` in (0, 1) away from a half by over 0.425."""
    is_left = p < 0.5
    r = math.sqrt(-math.log(p if is_left else 1.0 - p))
    if r <= 5.0:
        r -= 1.6
        top = polynomial(
            r,
            1.42343711074968357734,
            4.63033784615654529590,
            5.76949722146069140550,
            3.64784832476320460504,
            1.27045825245236838258,
            0.241780725177450611770,
            0.0227238449892691845833,
            7.74545014278341407640e-4,
        )
        low = polynomial(
            r,
            1.0,
            2.05319162663775882187,
            1.67638483018380384940,
            0.689767334985100004550,
            0.148103976427480074590,
            0.0151986665636164571966,
            5.47593808499534494600e-4,
            1.05075007164441684324e-9,
        )
    else:
        r -= 5.0
        top = polynomial(
            r,
            6.65790464350110377720,
            5.46378491116411436990,
            1.78482653991729133580,
            0.296560571828504891230,
            0.0265321895265761230930,
            0.00124266094738807843860,
            2.71155556874348757815e-5,
            2.01033439929228813265e-7,
        )
        low = polynomial(
            r,
            1.0,
            0.599832206555887937690,
            0.136929880922735805310,
            0.0148753612908506148525,
            7.86869131145613259100e-4,
            1.84631831751005468180e-5,
            1.42151175831644588870e-7,
            2.04426310338993978564e-15,
        )
    return -top / low if is_left else top / low


@inner_kernel
def normal_quantile(p: float) -> float:
    """Return the standard normal quantile of `p` in (0, 1), to about 1e-16 (AS 241)."""
    if abs(p - 0.5) <= 0.425:
        return middle_normal_quantile(p)
    return tail_normal_quantile(p)


@lean_kernel
def poisson_quantile(mean: float, u: float) -> int:
    """Return the Poisson quantile of `u` in (0, 1) by inversion; for ``mean <= 500``."""
    term = math.exp(-mean)
    total = term
    count = 0
    while u > total and count < 5000:
        count += 1
        term *= mean / count
        total += term
    return count
