"""for i in range(n): s += i; two private ints made and dropped an operation."""

# The sum starts anew here: ours must stay far below 2 ** 53.
LIMIT = 10**14


def setup(threads):
    return None


def worker(shared, index):
    total = 0
    expected = 0

    def run(count):
        nonlocal total, expected
        s = total
        for i in range(count):
            s += i
        expected += count * (count - 1) // 2
        if s != expected:
            raise ValueError(f"sum is {s}, not {expected}")
        if s > LIMIT:
            s = expected = 0
        total = s
        return count

    return run
