"""f0(), a global function that returns None."""


def f0():
    pass


def setup(threads):
    return None


def worker(shared, index):
    def run(count):
        for i in range(count):
            f0()
        return count

    return run
