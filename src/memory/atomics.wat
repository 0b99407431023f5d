;; The operations whose Atomics.* call dominates a hot path (DESIGN 5, rule 4): V8 does not inline Atomics calls
;; (about 10 ns each on Node 20), but it does inline the wrapper of a wasm call (about 4 ns with the operation).
;; Byte addresses are Int32 indexes times 4. Each function has a TypeScript twin in atomicOps.ts; the last three
;; are whole short critical sections, in which nothing can detach, so that the section need not be on the stack.
;; Byte offsets as in layout.ts: header mutex 2; list size 16, items 20; dict keys 20; array capacity 0, items 4.
(module
  (import "ungil" "memory" (memory 256 32768 shared))

  ;; mutex byte 0 -> 1 if it was 0; returns the old byte
  (func (export "tryLock") (param $byte i32) (result i32)
    (i32.atomic.rmw8.cmpxchg_u (local.get $byte) (i32.const 0) (i32.const 1)))

  ;; mutex byte 1 -> 0 if it was 1; returns the old byte
  (func (export "tryUnlock") (param $byte i32) (result i32)
    (i32.atomic.rmw8.cmpxchg_u (local.get $byte) (i32.const 1) (i32.const 0)))

  (func (export "add") (param $word i32) (param $value i32) (result i32)
    (i32.atomic.rmw.add (i32.shl (local.get $word) (i32.const 2)) (local.get $value)))

  (func (export "load") (param $word i32) (result i32)
    (i32.atomic.load (i32.shl (local.get $word) (i32.const 2))))

  (func (export "store") (param $word i32) (param $value i32)
    (i32.atomic.store (i32.shl (local.get $word) (i32.const 2)) (local.get $value)))

  (func (export "compareExchange") (param $word i32) (param $expected i32) (param $value i32) (result i32)
    (i32.atomic.rmw.cmpxchg (i32.shl (local.get $word) (i32.const 2)) (local.get $expected) (local.get $value)))

  ;; the word at $object + $field of an object whose SHARED bit is set, else 0; the bit is looked at first
  (func (export "loadShared") (param $object i32) (param $field i32) (result i32)
    (local $byte i32)
    (local.set $byte (i32.shl (local.get $object) (i32.const 2)))
    (if (i32.eqz (i32.and (i32.atomic.load (local.get $byte)) (i32.const 0x10000000)))
      (then (return (i32.const 0))))
    (i32.atomic.load (i32.add (local.get $byte) (i32.shl (local.get $field) (i32.const 2)))))

  ;; $private below: no lock-free reader can be there, the object is owned by $id and not SHARED: plain stores do.
  ;; Written out in each function: this engine does not inline wasm into wasm.

  ;; list.append with room: 1 done; 0 not done; -1 done and -2 not done, the mutex still held for a parked waiter
  (func (export "listAppend") (param $list i32) (param $item i32) (param $id i32) (result i32)
    (local $array i32) (local $size i32) (local $slot i32) (local $done i32)
    (local.set $list (i32.shl (local.get $list) (i32.const 2)))
    (if (i32.atomic.rmw8.cmpxchg_u offset=2 (local.get $list) (i32.const 0) (i32.const 1))
      (then (return (i32.const 0))))
    (local.set $array (i32.shl (i32.load offset=20 (local.get $list)) (i32.const 2)))
    (local.set $size (i32.load offset=16 (local.get $list)))
    (if (local.get $array)
      (then
        (if (i32.lt_s (local.get $size) (i32.load (local.get $array)))
          (then
            (local.set $slot (i32.add (local.get $array) (i32.shl (local.get $size) (i32.const 2))))
            (if (i32.eq
                  (i32.and (i32.load (local.get $list)) (i32.const 0x1000ffff))
                  (local.get $id))
              (then
                (i32.store offset=4 (local.get $slot) (local.get $item))
                (i32.store offset=16 (local.get $list) (i32.add (local.get $size) (i32.const 1))))
              (else
                (i32.atomic.store offset=4 (local.get $slot) (local.get $item))
                (i32.atomic.store offset=16 (local.get $list) (i32.add (local.get $size) (i32.const 1)))))
            (local.set $done (i32.const 1))))))
    (if (result i32)
      (i32.eq
        (i32.atomic.rmw8.cmpxchg_u offset=2 (local.get $list) (i32.const 1) (i32.const 0))
        (i32.const 1))
      (then (local.get $done))
      (else (i32.sub (local.get $done) (i32.const 2)))))

  ;; list[index] = value: the old item; 0 not done; -1 not done and -old done, the mutex still held
  (func (export "listReplace")
    (param $list i32) (param $index i32) (param $value i32) (param $id i32) (result i32)
    (local $slot i32) (local $old i32)
    (local.set $list (i32.shl (local.get $list) (i32.const 2)))
    (if (i32.atomic.rmw8.cmpxchg_u offset=2 (local.get $list) (i32.const 0) (i32.const 1))
      (then (return (i32.const 0))))
    (if (i32.lt_u (local.get $index) (i32.load offset=16 (local.get $list)))
      (then
        (local.set $slot
          (i32.shl (i32.add (i32.load offset=20 (local.get $list)) (local.get $index)) (i32.const 2)))
        (local.set $old (i32.load offset=4 (local.get $slot)))
        (if (i32.eq (i32.and (i32.load (local.get $list)) (i32.const 0x1000ffff)) (local.get $id))
          (then (i32.store offset=4 (local.get $slot) (local.get $value)))
          (else (i32.atomic.store offset=4 (local.get $slot) (local.get $value))))))
    (if (result i32)
      (i32.eq
        (i32.atomic.rmw8.cmpxchg_u offset=2 (local.get $list) (i32.const 1) (i32.const 0))
        (i32.const 1))
      (then (local.get $old))
      (else (select (i32.sub (i32.const 0) (local.get $old)) (i32.const -1) (local.get $old)))))

  ;; dict entry's value, if the dict still shows the table and the entry is live; returns as listReplace
  (func (export "dictReplace")
    (param $dict i32) (param $keys i32) (param $slot i32) (param $value i32) (param $id i32) (result i32)
    (local $old i32)
    (local.set $dict (i32.shl (local.get $dict) (i32.const 2)))
    (local.set $slot (i32.shl (local.get $slot) (i32.const 2)))
    (if (i32.atomic.rmw8.cmpxchg_u offset=2 (local.get $dict) (i32.const 0) (i32.const 1))
      (then (return (i32.const 0))))
    (if (i32.eq (i32.load offset=20 (local.get $dict)) (local.get $keys))
      (then (local.set $old (i32.load (local.get $slot)))))
    (if (local.get $old)
      (then
        (if (i32.eq (i32.and (i32.load (local.get $dict)) (i32.const 0x1000ffff)) (local.get $id))
          (then (i32.store (local.get $slot) (local.get $value)))
          (else (i32.atomic.store (local.get $slot) (local.get $value))))))
    (if (result i32)
      (i32.eq
        (i32.atomic.rmw8.cmpxchg_u offset=2 (local.get $dict) (i32.const 1) (i32.const 0))
        (i32.const 1))
      (then (local.get $old))
      (else (select (i32.sub (i32.const 0) (local.get $old)) (i32.const -1) (local.get $old)))))
)
