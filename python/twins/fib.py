"""fib(18), recursive; an operation is a call. Threads share only the function."""

ARGUMENT = 18
RESULT = 2584
CALLS = 8361


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def setup(threads):
    return None


def worker(shared, index):
    def run(count):
        done = 0
        while done < count:
            result = fib(ARGUMENT)
            if result != RESULT:
                raise ValueError("fib(%d) gave %d, not %d" % (ARGUMENT, result, RESULT))
            done += CALLS
        return done

    return run
