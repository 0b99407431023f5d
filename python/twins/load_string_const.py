"""accu += 7 if i == 'a string' else 1: a string constant of code that all threads run."""


def setup(threads):
    return None


def worker(shared, index):
    def run(count):
        accu = 0
        for i in range(count):
            if i == "a string":
                accu += 7
            else:
                accu += 1
        if accu != count:
            raise ValueError("accu is %d after %d rounds" % (accu, count))
        return count

    return run
