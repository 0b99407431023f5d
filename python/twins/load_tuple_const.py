"""accu += 7 if i == (1, 2) else 1: a tuple constant of code that all threads run."""


def setup(threads):
    return None


def worker(shared, index):
    def run(count):
        accu = 0
        for i in range(count):
            if i == (1, 2):
                accu += 7
            else:
                accu += 1
        if accu != count:
            raise ValueError("accu is %d after %d rounds" % (accu, count))
        return count

    return run
