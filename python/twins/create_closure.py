"""def foo(x): return x, made, called and dropped in each round."""


def setup(threads):
    return None


def worker(shared, index):
    def run(count):
        for i in range(count):
            def foo(x):
                return x

            foo(i)
        return count

    return run
