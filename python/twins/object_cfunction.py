"""tab.pop(0); tab.append(i); accu += tab[50] with a list of the thread's own; an operation is a round."""


def setup(threads):
    return None


def worker(shared, index):
    tab = [1] * 100
    accu = 0

    def run(count):
        nonlocal accu
        own = tab
        total = accu
        for i in range(count):
            own.pop(0)
            own.append(i)
            total += own[50]
        accu = total
        return count

    return run
