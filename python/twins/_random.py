"""Random numbers that cost little beside what they choose."""


def generator(index):
    """A function below(limit), with a sequence of its own for each thread: xorshift of 32 bits (Marsaglia 2003)."""
    state = 2463534242 + index

    def below(limit):
        nonlocal state
        x = state
        x ^= (x << 13) & 0xFFFFFFFF
        x ^= x >> 17
        x ^= (x << 5) & 0xFFFFFFFF
        state = x
        return x % limit

    return below
