"""x *= 1.01: a local and a float constant of code that all threads run."""


def setup(threads):
    return None


def worker(shared, index):
    def run(count):
        x = 1.0
        for i in range(count):
            x *= 1.01
        return count

    return run
