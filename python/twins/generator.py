"""for v in simple_gen(): accu += v, ten yields a generator; an operation is a yield."""


def simple_gen():
    for i in range(10):
        yield i


def setup(threads):
    return None


def worker(shared, index):
    def run(count):
        accu = 0
        rounds = (count + 9) // 10
        for i in range(rounds):
            for v in simple_gen():
                accu += v
        if accu != 45 * rounds:
            raise ValueError("%d generators came to %d" % (rounds, accu))
        return 10 * rounds

    return run
