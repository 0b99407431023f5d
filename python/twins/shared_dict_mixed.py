"""d[1] = 1 if i % 10 == 0, else d[i % 10], on one dict of small ints: nine reads to one write."""

KEYS = 10


def setup(threads):
    return {key: key for key in range(KEYS)}


def worker(shared, index):
    def run(count):
        d = shared
        for i in range(count):
            k = i % 10
            if k:
                d[k]
            else:
                d[1] = 1
        return count

    return run


def check(shared, operations):
    return None if len(shared) == KEYS else f"the dict has {len(shared)} entries, not {KEYS}"
