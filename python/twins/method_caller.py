"""mc(obj): mc is an operator.methodcaller that all threads use, obj the thread's own, of one class."""

import operator


class MyClass:
    def my_method(self):
        pass


def setup(threads):
    return operator.methodcaller("my_method")


def worker(shared, index):
    instance = MyClass()

    def run(count):
        mc = shared
        obj = instance
        for i in range(count):
            mc(obj)
        return count

    return run
