# cython: language_level=3, binding=False, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
# The compiled form of `range_trade`, over numbers of 512 bits instead of Python's, function by function. Whatever they
# cannot hold, and whatever is below zero or divided by it, is left to `range_trade`. Built by `build_core.py`.

include "numbers.pxi"

from alphapulse.rules.arbitrage import range_trade as pure
from alphapulse.rules.arbitrage.range_trade import Side, Trade

cdef extern from *:
    """
    enum { LIMBS = 8 };

    /* A number below 2^512, the lowest limb first; `used` limbs, the highest of which is not zero. */
    typedef struct { uint64_t limb[LIMBS]; int used; } Wide;

    /* Set where a number left 512 bits or fell below zero: no result counts until it is cleared. */
    static int spoilt;

    static inline Wide trimmed(Wide a, int used) {
        while (used > 0 && !a.limb[used - 1]) used--;
        a.used = used;
        return a;
    }

    static inline Wide small(uint64_t value) {
        Wide a = {{value}, value != 0};
        return a;
    }

    static inline int compare(Wide a, Wide b) {
        if (a.used != b.used) return a.used < b.used ? -1 : 1;
        for (int i = a.used; i-- > 0;)
            if (a.limb[i] != b.limb[i]) return a.limb[i] < b.limb[i] ? -1 : 1;
        return 0;
    }

    static inline Wide plus(Wide a, Wide b) {
        uint64_t carry = 0;
        Wide sum = {{0}, 0};
        int used = a.used > b.used ? a.used : b.used;
        for (int i = 0; i < used; i++) {
            unsigned __int128 both = (unsigned __int128)(i < a.used ? a.limb[i] : 0) + (i < b.used ? b.limb[i] : 0) + carry;
            sum.limb[i] = (uint64_t)both;
            carry = (uint64_t)(both >> 64);
        }
        if (carry) {
            if (used == LIMBS) spoilt = 1; else sum.limb[used++] = carry;
        }
        return trimmed(sum, used);
    }

    static inline Wide minus(Wide a, Wide b) {
        uint64_t borrow = 0;
        Wide rest = {{0}, 0};
        if (compare(a, b) < 0) {
            spoilt = 1;
            return rest;
        }
        for (int i = 0; i < a.used; i++) {
            unsigned __int128 left = (unsigned __int128)a.limb[i] - (i < b.used ? b.limb[i] : 0) - borrow;
            rest.limb[i] = (uint64_t)left;
            borrow = (uint64_t)(left >> 64) != 0;
        }
        return trimmed(rest, a.used);
    }

    static inline Wide times(Wide a, Wide b) {
        uint64_t limb[2 * LIMBS] = {0};
        Wide product = {{0}, 0};
        int used = a.used + b.used;
        for (int i = 0; i < a.used; i++) {
            uint64_t carry = 0;
            for (int j = 0; j < b.used; j++) {
                unsigned __int128 sum = (unsigned __int128)a.limb[i] * b.limb[j] + limb[i + j] + carry;
                limb[i + j] = (uint64_t)sum;
                carry = (uint64_t)(sum >> 64);
            }
            limb[i + b.used] = carry;
        }
        for (int i = LIMBS; i < used; i++)
            if (limb[i]) spoilt = 1;
        memcpy(product.limb, limb, sizeof product.limb);
        return trimmed(product, used < LIMBS ? used : LIMBS);
    }

    /* a * 2^96 and a / 2^96, rounded down. */
    static inline Wide raised(Wide a) {
        Wide factor = {{0, (uint64_t)1 << 32}, 2};
        return times(a, factor);
    }

    static inline Wide lowered(Wide a) {
        Wide rest = {{0}, 0};
        for (int i = 1; i < a.used; i++)
            rest.limb[i - 1] = a.limb[i] >> 32 | (i + 1 < a.used ? a.limb[i + 1] << 32 : 0);
        return trimmed(rest, a.used > 0 ? a.used - 1 : 0);
    }

    /* a / b, rounded down, by Knuth's algorithm D: each digit is guessed from the highest limbs, at most two too high.
       `left` is set if something remains. */
    static Wide divided(Wide a, Wide b, int *left) {
        uint64_t rest[LIMBS + 1] = {0}, by[LIMBS] = {0}, any = 0;
        Wide quotient = {{0}, 0};
        int n = b.used, shift;
        *left = 0;
        if (!n) {
            spoilt = 1;
            return quotient;
        }
        if (compare(a, b) < 0) {
            *left = a.used != 0;
            return quotient;
        }
        shift = __builtin_clzll(b.limb[n - 1]);
        for (int i = 0; i < n; i++)
            by[i] = b.limb[i] << shift | (shift && i ? b.limb[i - 1] >> (64 - shift) : 0);
        for (int i = 0; i <= a.used; i++)
            rest[i] = (i < a.used ? a.limb[i] << shift : 0) | (shift && i ? a.limb[i - 1] >> (64 - shift) : 0);
        for (int at = a.used - n; at >= 0; at--) {
            unsigned __int128 top = (unsigned __int128)rest[at + n] << 64 | rest[at + n - 1];
            uint64_t guess = rest[at + n] >= by[n - 1] ? UINT64_MAX : (uint64_t)(top / by[n - 1]);
            uint64_t carry = 0, borrow = 0;
            for (int i = 0; i <= n; i++) {
                unsigned __int128 part = (unsigned __int128)guess * (i < n ? by[i] : 0) + carry;
                unsigned __int128 now = (unsigned __int128)rest[at + i] - (uint64_t)part - borrow;
                carry = (uint64_t)(part >> 64);
                rest[at + i] = (uint64_t)now;
                borrow = (uint64_t)(now >> 64) != 0;
            }
            while (borrow) {
                uint64_t up = 0;
                guess--;
                for (int i = 0; i <= n; i++) {
                    unsigned __int128 now = (unsigned __int128)rest[at + i] + (i < n ? by[i] : 0) + up;
                    rest[at + i] = (uint64_t)now;
                    up = (uint64_t)(now >> 64);
                }
                if (up) borrow = 0;
            }
            quotient.limb[at] = guess;
        }
        for (int i = 0; i < n; i++) any |= rest[i];
        *left = any != 0;
        return trimmed(quotient, a.used - n + 1);
    }

    static inline Wide down(Wide a, Wide b) {
        int left;
        return divided(a, b, &left);
    }

    static inline Wide up(Wide a, Wide b) {
        int left;
        Wide quotient = divided(a, b, &left);
        return left ? plus(quotient, small(1)) : quotient;
    }

    /* a / 2^96, rounded up. */
    static inline Wide lowered_up(Wide a) {
        Wide quotient = lowered(a);
        return compare(raised(quotient), a) ? plus(quotient, small(1)) : quotient;
    }

    static inline Wide half(Wide a) {
        for (int i = 0; i < a.used; i++) a.limb[i] = a.limb[i] >> 1 | (i + 1 < a.used ? a.limb[i + 1] << 63 : 0);
        return trimmed(a, a.used);
    }
    """
    ctypedef struct Wide:
        uint64_t limb[8]
        int used
    bint spoilt
    Wide trimmed(Wide a, int used)
    Wide small(uint64_t value)
    int compare(Wide a, Wide b)
    Wide plus(Wide a, Wide b)
    Wide minus(Wide a, Wide b)
    Wide times(Wide a, Wide b)
    Wide raised(Wide a)
    Wide lowered(Wide a)
    Wide lowered_up(Wide a)
    Wide down(Wide a, Wide b)
    Wide up(Wide a, Wide b)
    Wide half(Wide a)

cdef enum:
    BYTES = 32  # of a number that is given or returned

cdef Wide NOTHING = small(0)
cdef Wide ONE = small(1)
cdef uint64_t WHOLE_PPM = pure.PPM
cdef Wide PPM = small(WHOLE_PPM)

ctypedef struct Step:
    Wide amount_in
    Wide amount_out
    Wide fee

ctypedef struct Exact:
    # As `pure.ExactSide`.
    Wide price
    Wide bound
    Wide liquidity
    Wide fee
    Wide keep
    Wide reserve
    Wide scaled
    bint zero_for_one
    bint has_end
    Step end


cdef Wide wide(object value) except *:
    cdef Wide found = NOTHING
    if not PyLong_Check(value):
        refuse()
    write_long(value, <unsigned char*>found.limb, BYTES, False)
    return trimmed(found, BYTES // 8)


cdef object number_of(Wide value):
    if value.used > BYTES // 8:
        refuse()
    return read_long(<unsigned char*>value.limb, 8 * value.used, False)


cdef Exact exact(object side) except *:
    cdef Exact made
    price, bound, liquidity, fee_ppm, zero_for_one = side
    made.price = wide(price)
    made.bound = wide(bound)
    made.liquidity = wide(liquidity)
    if not made.price.used or made.price.used > 3 or made.bound.used > 3 or made.liquidity.used > 2:
        refuse()  # no contract's
    made.fee = wide(fee_ppm)
    made.keep = minus(PPM, made.fee)
    if not made.keep.used:
        refuse()
    made.reserve = raised(made.liquidity)
    made.scaled = times(made.reserve, made.price)
    made.zero_for_one = zero_for_one
    made.has_end = False
    return made


# Steps: as `swap_math`, token0 being sold where the target is at or below the price.

cdef inline bint falls(const Exact* side) noexcept:
    return compare(side.price, side.bound) >= 0


cdef inline Wide kept(const Exact* side, Wide offered) noexcept:
    return down(times(offered, side.keep), PPM)


cdef inline Wide fee_on(const Exact* side, Wide amount_in) noexcept:
    return up(times(amount_in, side.fee), side.keep)


cdef Step moved(const Exact* side, Wide next_price) noexcept:
    # The amounts between the price and the next one, without the fee.
    cdef Step step
    cdef Wide product = times(next_price, side.price)
    if compare(side.price, next_price) >= 0 and falls(side):
        step.amount_in = up(times(side.reserve, minus(side.price, next_price)), product)
        step.amount_out = lowered(times(side.liquidity, minus(side.price, next_price)))
    else:
        step.amount_in = lowered_up(times(side.liquidity, minus(next_price, side.price)))
        step.amount_out = down(times(side.reserve, minus(next_price, side.price)), product)
    return step


cdef Step sold(const Exact* side, Wide offered) noexcept:
    cdef Wide net = kept(side, offered)
    cdef Wide next_price = side.bound
    cdef Step step
    if falls(side):
        if compare(times(net, times(side.price, side.bound)), times(side.reserve, minus(side.price, side.bound))) < 0:
            next_price = price_behind(side, net)
    elif compare(raised(net), times(side.liquidity, minus(side.bound, side.price))) < 0:
        next_price = plus(side.price, down(raised(net), side.liquidity))
    step = moved(side, next_price)
    if compare(next_price, side.bound) == 0:
        step.fee = fee_on(side, step.amount_in)
    else:
        step.fee = minus(offered, step.amount_in)
    return step


cdef inline Wide price_behind(const Exact* side, Wide net) noexcept:
    # Where the contract's 256 bits overflow it computes another way, and so does Python.
    global spoilt
    cdef Wide denominator = plus(side.reserve, times(net, side.price))
    if denominator.used > 4:
        spoilt = True
    return up(side.scaled, denominator)


cdef Step bought(const Exact* side, Wide wanted) noexcept:
    cdef Wide next_price = side.bound
    cdef Wide more = plus(wanted, ONE)
    cdef Step step
    if falls(side):
        if compare(raised(more), times(side.liquidity, minus(side.price, side.bound))) <= 0:
            next_price = minus(side.price, up(raised(wanted), side.liquidity))
    elif compare(
        times(more, times(side.bound, side.price)), times(side.reserve, minus(side.bound, side.price))
    ) <= 0:
        next_price = up(side.scaled, minus(side.reserve, times(wanted, side.price)))
    step = moved(side, next_price)
    step.fee = fee_on(side, step.amount_in)
    return step


# As the methods of `pure.ExactSide`.

cdef inline void find_end(Exact* side) noexcept:
    # `NO_LIMIT` reaches every end, unless a fee takes all of it, and no fee can be told then.
    if not side.has_end:
        side.end = moved(side, side.bound)
        side.end.fee = fee_on(side, side.end.amount_in)
        side.has_end = True


cdef inline Wide most(Exact* side) noexcept:
    find_end(side)
    return plus(side.end.amount_in, side.end.fee)


cdef bint pays(Exact* side, Wide offered, Wide* paid) noexcept:
    # False if the range cannot take all of it.
    cdef Wide net = kept(side, offered)
    cdef Wide now, gone, denominator
    cdef Step step
    if side.zero_for_one:
        denominator = plus(side.reserve, times(net, side.price))
        if 0 < denominator.used <= 4:
            now = up(side.scaled, denominator)
            if compare(side.bound, now) < 0:
                paid[0] = lowered(times(side.liquidity, minus(side.price, now)))
                return True
    elif side.liquidity.used:
        gone = down(raised(net), side.liquidity)
        now = plus(side.price, gone)
        if compare(now, side.bound) < 0:
            paid[0] = down(times(side.reserve, gone), times(now, side.price))
            return True
    find_end(side)
    if compare(net, side.end.amount_in) >= 0:
        paid[0] = side.end.amount_out
        return compare(offered, most(side)) == 0
    step = sold(side, offered)
    paid[0] = step.amount_out
    return compare(plus(step.amount_in, step.fee), offered) == 0


cdef Wide output(Exact* side, Wide offered) noexcept:
    cdef Wide paid
    cdef Step step
    if pays(side, offered, &paid):
        return paid
    step = sold(side, offered)
    return step.amount_out


cdef Wide input_for(const Exact* side, Wide amount_out) noexcept:
    cdef Step step = bought(side, amount_out)
    return plus(step.amount_in, step.fee)


cdef inline Wide without(Wide amount, Wide less) noexcept:
    if compare(amount, less) <= 0:
        return NOTHING
    return minus(amount, less)


cdef Wide most_within(Exact* side, Wide amount_out) noexcept:
    cdef Wide too_much = input_for(side, plus(amount_out, ONE))
    cdef Wide stride = ONE
    cdef Wide enough, between
    while not spoilt and compare(output(side, without(too_much, stride)), amount_out) > 0:
        stride = plus(stride, stride)
    enough = without(too_much, stride)
    too_much = minus(too_much, half(stride))
    while not spoilt and compare(too_much, plus(enough, ONE)) > 0:
        between = half(plus(enough, too_much))
        if compare(output(side, between), amount_out) > 0:
            too_much = between
        else:
            enough = between
    return enough


cdef uint64_t period_of(uint64_t fee_ppm) noexcept:
    cdef uint64_t common = WHOLE_PPM
    while fee_ppm:
        common, fee_ppm = fee_ppm, common % fee_ppm
    return WHOLE_PPM // common


cdef int near(Wide amount, const Exact* side, bint at_end, Wide* found) noexcept:
    # Writes the amounts and says how many they are; some may be the same.
    cdef Wide period = small(period_of(side.fee.limb[0]))
    cdef Wide lower = times(down(amount, period), period)
    found[0] = amount
    found[1] = lower
    if at_end:
        found[2] = without(amount, ONE)
        found[3] = thrifty(amount, side)
        return 4
    if not lower.used:
        found[1] = plus(amount, ONE)
    found[2] = plus(lower, period)
    return 3


cdef Wide thrifty(Wide amount, const Exact* side) noexcept:
    cdef Wide whole = kept(side, amount)
    cdef Wide scaled = times(whole, PPM)
    cdef Wide beyond = minus(scaled, times(down(scaled, side.keep), side.keep))
    if beyond.used and side.fee.used:
        whole = without(whole, plus(down(beyond, side.fee), ONE))
    return up(times(whole, PPM), side.keep)


cdef object search(object opening_side, object closing_side, object start_amount):
    cdef Exact opening = exact(opening_side)
    cdef Exact closing = exact(closing_side)
    cdef Wide start = wide(start_amount)
    cdef Wide size, middle, brought, best, closing_most, inputs[4]
    cdef Step opened, closed
    cdef bint at_end, earns
    cdef int i, tried
    at_end = not (pays(&opening, start, &middle) and pays(&closing, middle, &brought))
    earns = not at_end
    if at_end:
        closing_most = most(&opening)
        if compare(closing_most, start) < 0:
            start = closing_most
        closing_most = most(&closing)
        middle = output(&opening, start)
        if compare(middle, closing_most) > 0:
            start = most_within(&opening, closing_most)
            middle = output(&opening, start)
        earns = pays(&closing, middle, &brought)
    if compare(start, middle) <= 0:
        tried = near(start, &opening, at_end, inputs)
    else:
        tried = near(middle, &closing, at_end, inputs)
        for i in range(tried):
            inputs[i] = input_for(&opening, inputs[i])
    size = NOTHING
    best = NOTHING
    if earns and compare(brought, start) > 0:
        size = start
        best = brought
    for i in range(tried):
        if pays(&opening, inputs[i], &middle) and pays(&closing, middle, &brought):
            better(&size, &best, inputs[i], brought)
    opened = sold(&opening, size)
    closed = sold(&closing, opened.amount_out)
    if spoilt:
        refuse()
    return (
        number_of(size), number_of(opened.amount_out), number_of(closed.amount_out),
        number_of(opened.fee), number_of(closed.fee), at_end,
    )


cdef inline void better(Wide* size, Wide* best, Wide other, Wide brought) noexcept:
    # The greater profit; of the same profit the smaller size. No trade at all is the one to beat.
    cdef int order
    if compare(brought, other) <= 0:
        return
    order = compare(plus(brought, size[0]), plus(best[0], other))
    if order > 0 or (order == 0 and compare(other, size[0]) < 0):
        size[0] = other
        best[0] = brought


def best_trade(opening, closing, start):
    """As `alphapulse.rules.arbitrage.range_trade.best_trade`."""
    global spoilt
    spoilt = False
    try:
        return tuple.__new__(Trade, search(opening, closing, start))
    except (ValueError, TypeError, OverflowError):
        return pure.best_trade(opening, closing, start)
