"""round(i / N), which looks __round__ up in the type of its argument."""

N = 100_000


def setup(threads):
    return None


def worker(shared, index):
    def run(count):
        for i in range(count):
            round(i / N)
        return count

    return run
