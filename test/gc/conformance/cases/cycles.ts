import type { ConformanceCase } from './conformanceCase.js';

const OWN_DICT =
  "CPython's dict shares the instance's inline values and does not report them (dict_traverse): an instance that only " +
  'its own dict holds counts as garbage. Here the values move into the dict.';

/** What is garbage, and how much of it: test_gc's first half. */
export const CYCLES: readonly ConformanceCase[] = [
  {
    name: 'nothing',
    source: `
out(gc.collect(), gc.collect(0), gc.collect(1), gc.collect(2))`,
  },
  {
    name: 'list',
    source: `
l = []
l.append(l)
out(gc.collect())
del l
out(gc.collect(), gc.collect())`,
  },
  {
    name: 'dict',
    source: `
d = {}
d[1] = d
out(gc.collect())
del d
out(gc.collect())`,
  },
  {
    name: 'dict that is its own value under many keys',
    source: `
d = {}
for i in range(40):
    d[i] = d
del d
out(gc.collect())`,
  },
  {
    name: 'tuple',
    source: `
l = []
t = (l,)
l.append(t)
out(gc.collect())
del t
out(gc.collect())
del l
out(gc.collect())`,
  },
  {
    name: 'tuples in tuples',
    source: `
l = []
l.append(((l, 1), (2, (l, 'x'))))
del l
out(gc.collect())`,
  },
  {
    name: 'class',
    source: `
d = {}
class_in(d)
out(gc.collect())
del d
out(gc.collect() > 0, gc.collect())`,
  },
  {
    name: 'newinstance',
    source: `
class A: pass
a = A()
a.a = a
out(gc.collect())
del a
out(gc.collect())`,
  },
  {
    name: 'instances of two classes',
    source: `
class A: pass
class B: pass
a = A()
b = B()
a.b = b
b.a = a
del a
out(gc.collect())
del b
out(gc.collect())`,
  },
  {
    name: 'instance whose dict was asked for',
    source: `
class A: pass
a = A()
d = a.__dict__
a.a = a
del a
out(gc.collect())
del d
out(gc.collect())`,
    gil: { why: OWN_DICT, log: [0, 2] },
    freeThreaded: { why: OWN_DICT, log: [0, 2] },
  },
  {
    name: 'instance that holds its own dict',
    source: `
class A: pass
a = A()
a.d = a.__dict__
del a
out(gc.collect())`,
  },
  {
    name: 'method',
    source: `
class A:
    def __init__(self): pass
a = A()
a.init = a.__init__
out(gc.collect())
del a
out(gc.collect())`,
  },
  {
    name: 'method that is all that holds its object',
    source: `
class A:
    def name(self):
        return self.text
a = A()
a.text = 'here'
m = a.name
a.list = [m]
del a
out(gc.collect(), m())
del m
out(gc.collect())`,
  },
  {
    name: 'function',
    source: `
d = {}
function_in(d)
out(gc.collect())
del d
out(gc.collect())`,
  },
  {
    name: 'two functions of one module',
    source: `
d = {}
function_in(d)
d['g'] = d['f']
e = {'d': d}
function_in(e)
d['e'] = e
del d
out(gc.collect())
del e
out(gc.collect())`,
  },
  {
    name: 'a function that is held while its module goes',
    source: `
d = {}
function_in(d)
f = d['f']
del d
out(gc.collect(), f())
del f
out(gc.collect())`,
  },
  {
    name: 'frame: arguments are roots while the call runs',
    source: `
def f(x, y):
    out(gc.collect(), len(x), y is x[0])
class A: pass
a = A()
a.l = [a]
f(a.l, a)
f([1, 2], 3)
del a
out(gc.collect())`,
  },
  {
    name: 'frame: a function that runs is a root, gone from its module',
    source: `
def f(d):
    d['f'] = None
    out(gc.collect())
    return 'returned'
d = {'f': f}
del f
out(d['f'](d))
del d
out(gc.collect())`,
    freeThreaded: { why: '2.7: only a collection frees what has deferred counts', log: [0, 'returned', 1] },
  },
  {
    name: 'locals of a call that returns are garbage then',
    source: `
def f():
    l = []
    d = {'l': l}
    l.append(d)
    out(gc.collect())
f()
out(gc.collect())`,
  },
  {
    name: 'what hangs on a cycle',
    source: `
l = [[1, 2], {'k': (3, [4])}]
l.append(l)
del l
out(gc.collect())`,
  },
  {
    name: 'what a cycle hangs on',
    source: `
l = []
l.append(l)
outer = [l]
del l
out(gc.collect(), len(outer[0]))
del outer
out(gc.collect())`,
  },
  {
    name: 'two cycles that share an object',
    source: `
common = []
a = [common]
b = [common]
common.append(a)
common.append(b)
del a, b
out(gc.collect())
del common
out(gc.collect())`,
  },
  {
    name: 'a long ring',
    source: `
first = []
last = first
for i in range(500):
    next = [last]
    last = next
first.append(last)
del first, last
out(gc.collect())
del next
out(gc.collect())`,
  },
  {
    name: 'a cycle that is taken apart by hand',
    source: `
l = []
l.append(l)
l.pop()
del l
out(gc.collect())`,
  },
  {
    name: 'trashcan: deep lists',
    source: `
class Ouch:
    def __del__(self):
        saved[0] = saved[0] + 1
        if saved[0] == 17:
            gc.collect()
saved.append(0)
t = []
for i in range(3000):
    t = [t, Ouch()]
del t
out(saved[0])
d = {}
for i in range(2000):
    d = {1: (d, Ouch())}
d[2] = d
del d
out(gc.collect(), saved[0])`,
  },
  {
    name: 'is_tracked',
    source: `
class A: pass
def f(): pass
out(gc.is_tracked(None), gc.is_tracked(1), gc.is_tracked('a'), gc.is_tracked(True))
out(gc.is_tracked([]), gc.is_tracked({}), gc.is_tracked({'a': 1}), gc.is_tracked(A()), gc.is_tracked(f))
out(gc.is_tracked(()), gc.is_tracked(A), gc.is_tracked([1, 2]), gc.is_tracked({'a': []}))`,
  },
  {
    name: 'is_tracked: tuples are left alone once a collection has seen what they hold',
    source: `
plain = (1, 'a', None)
nested = (plain, (2, 3))
holds = (1, [])
gc.collect()
gc.collect()
out(gc.is_tracked(plain), gc.is_tracked(nested), gc.is_tracked(holds))`,
  },
  {
    name: 'collect(0): the young are collected, the old stay',
    source: `
old = []
old.append(old)
gc.collect()
young = []
young.append(young)
del old, young
out(gc.collect(0), gc.collect())`,
    freeThreaded: { why: '8.7: every collection is full', log: [2, 0] },
  },
];
