import { ANY_ORDER, type ConformanceCase } from './conformanceCase.js';

/** Weak references, alone and in garbage: test_gc's and test_weakref's. */
export const WEAKREFS: readonly ConformanceCase[] = [
  {
    name: 'a weak reference by count',
    source: `
class A: pass
a = A()
w = weakref.ref(a)
out(w() is a, weakref.getweakrefcount(a))
del a
out(w() is None)`,
  },
  {
    name: 'a weak reference without a callback is made once',
    source: `
class A: pass
def f(w): pass
a = A()
w = weakref.ref(a)
out(weakref.ref(a) is w, weakref.ref(a, f) is w, weakref.getweakrefcount(a))
v = weakref.ref(a, f)
u = weakref.ref(a, f)
out(u is v, weakref.getweakrefcount(a))
del v
out(weakref.getweakrefcount(a))`,
  },
  {
    name: 'callbacks by count: the newest first, with the reference that is dead',
    source: `
class A: pass
def f(w):
    out('f', w() is None)
def g(w):
    out('g', w() is None)
a = A()
one = weakref.ref(a, f)
two = weakref.ref(a, g)
del a
out(one() is None, two() is None)`,
  },
  {
    name: 'a weak reference that is gone calls nobody',
    source: `
class A: pass
def f(w):
    out('called')
a = A()
w = weakref.ref(a, f)
del w
del a
out('end')`,
  },
  {
    name: 'a weak reference to a cycle',
    source: `
class A: pass
def f(w):
    out('called', w() is None)
a = A()
a.me = a
w = weakref.ref(a, f)
gc.collect()
out(w() is a)
del a
out(gc.collect(), w() is None)`,
  },
  {
    name: 'a weak reference in the garbage never calls (bug 1055820 a)',
    source: `
class A: pass
def f(w):
    out('called')
a = A()
a.me = a
a.w = weakref.ref(a, f)
del a
out(gc.collect())`,
  },
  {
    name: 'bug1055820b',
    source: `
class C:
    def __init__(self, i):
        self.i = i
        self.loop = self
def callback(w):
    out(saved[0]() is None, saved[1]() is None)
a = C(0)
b = C(1)
saved.append(weakref.ref(a, callback))
saved.append(weakref.ref(b, callback))
gc.collect()
del a, b
out(gc.collect())`,
  },
  {
    name: 'bug1055820c',
    source: `
class C:
    def __init__(self, i):
        self.i = i
        self.loop = self
def callback(w):
    out(saved[1]() is None)
c0 = C(0)
c1 = C(1)
c1.wr = weakref.ref(c0, callback)
c2 = C(2)
c2.c1 = c1
c0.wr = weakref.ref(c2)
saved.append(weakref.ref(c0, callback))
saved.append(weakref.ref(c2))
gc.collect()
del c0, c1, c2
out(gc.collect())`,
  },
  {
    name: 'bug1055820d',
    source: `
class C:
    def __init__(self, i):
        self.i = i
        self.loop = self
class D:
    def __init__(self, i):
        self.i = i
        self.loop = self
    def __del__(self):
        out('del', saved[0]() is None)
d0 = D(0)
c1 = C(1)
d0.c1 = c1
c2 = C(2)
c2.d0 = d0
saved.append(weakref.ref(c2))
gc.collect()
del d0, c1, c2
out(gc.collect())`,
  },
  {
    name: 'weak references are cleared before finalisers run',
    source: `
class A:
    def __del__(self):
        out('del', saved[0]() is None, saved[1]() is None)
def f(w):
    out('callback')
a = A()
a.me = a
saved.append(weakref.ref(a))
saved.append(weakref.ref(a, f))
del a
out(gc.collect())`,
  },
  {
    name: 'a resurrected object has lost its weak references',
    source: `
class A:
    def __del__(self):
        saved.append(self)
def f(w):
    out('callback')
a = A()
a.me = a
w = weakref.ref(a, f)
del a
out(gc.collect(), w() is None, weakref.getweakrefcount(saved[0]))
v = weakref.ref(saved[0])
out(v() is saved[0])
saved.clear()
out(gc.collect(), v() is None)`,
  },
  {
    name: 'resurrection by count keeps weak references',
    source: `
class A:
    def __del__(self):
        saved.append(self)
a = A()
w = weakref.ref(a)
del a
out(w() is saved[0])
saved.clear()
out(w() is None)`,
  },
  {
    name: 'callback in garbage, bound to an object in it',
    source: `
class A:
    def called(self, w):
        out('called')
a = A()
b = A()
a.b = b
b.a = a
a.w = weakref.ref(b, a.called)
del a, b
out(gc.collect())`,
  },
  {
    name: 'a bound callback of an object that lives',
    source: `
class A:
    def called(self, w):
        out('called', self.name, w() is None)
class B: pass
a = A()
a.name = 'a'
b = B()
b.me = b
w = weakref.ref(b, a.called)
del b
out(gc.collect())`,
  },
  {
    name: 'a bound callback outside the garbage, its object inside',
    source: `
class A:
    def called(self, w):
        out('called', self.name)
a = A()
a.name = 'a'
a.me = a
w = weakref.ref(a, a.called)
gc.collect()
del a
out(gc.collect(), w() is None)
del w
out(gc.collect())`,
  },
  {
    name: 'a callback that throws',
    source: `
class A: pass
def f(w):
    raise ValueError('no')
def g(w):
    out('g')
a = A()
a.me = a
w = weakref.ref(a, g)
v = weakref.ref(a, f)
del a
out(gc.collect())
b = A()
w = weakref.ref(b, f)
del b
out('end')`,
    freeThreaded: ANY_ORDER,
  },
  {
    name: 'a callback that collects and makes garbage',
    source: `
class A: pass
def f(w):
    l = []
    l.append(l)
    del l
    out('inner', gc.collect())
a = A()
a.me = a
w = weakref.ref(a, f)
del a
out(gc.collect(), gc.collect())`,
  },
  {
    name: 'a callback that saves what is left',
    source: `
class A: pass
def f(w):
    saved.append(w)
a = A()
a.me = a
w = weakref.ref(a, f)
del a
out(gc.collect(), saved[0] is w, saved[0]() is None)`,
  },
  {
    name: 'a weak reference whose callback is a cycle with it',
    source: `
class A: pass
class Holder:
    def called(self, w):
        out('called')
h = Holder()
a = A()
h.w = weakref.ref(a, h.called)
del h
out(gc.collect())
del a
out(gc.collect())`,
  },
  {
    name: 'weak references to functions and classes',
    source: `
class A: pass
def f(): pass
w = weakref.ref(A)
v = weakref.ref(f)
out(w() is A, v() is f)
del f
gc.collect()
out(v() is None)`,
  },
  {
    name: 'weak references to what has none',
    source: `
try:
    weakref.ref([])
except TypeError:
    out('list')
try:
    weakref.ref(1)
except TypeError:
    out('int')
try:
    weakref.ref((1, 2))
except TypeError:
    out('tuple')`,
  },
  {
    name: 'WeakValueDictionary',
    source: `
class A: pass
d = weakref.WeakValueDictionary()
a = A()
b = A()
b.me = b
d['a'] = a
d['b'] = b
out(len(d), d['a'] is a, 'b' in d)
del a
out(len(d), 'a' in d)
del b
out('b' in d)
gc.collect()
out(len(d), 'b' in d)`,
  },
  {
    name: 'WeakKeyDictionary',
    source: `
class A: pass
d = weakref.WeakKeyDictionary()
a = A()
b = A()
b.me = b
d[a] = 1
d[b] = 2
out(len(d), d[a], b in d)
del a
out(len(d))
del b
gc.collect()
out(len(d))`,
  },
  {
    name: 'WeakKeyDictionary: a value that refers to its key keeps it',
    source: `
class A: pass
d = weakref.WeakKeyDictionary()
a = A()
d[a] = [a]
del a
out(gc.collect(), len(d))
d.clear()
out(len(d))`,
  },
  {
    name: 'WeakValueDictionary: values that go all at once',
    source: `
class A: pass
d = weakref.WeakValueDictionary()
l = []
for i in range(50):
    a = A()
    a.l = l
    l.append(a)
    d[i] = a
del a
out(len(d))
del l
out(gc.collect(), len(d))`,
    freeThreaded: {
      why: 'under the GIL weak references that their own callback frees are counted, too (handle_weakrefs); not in 8.4',
      log: [50, 51, 0],
    },
  },
];
