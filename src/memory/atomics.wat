;; The operations whose Atomics.* call dominates a hot path (DESIGN 5, rule 4): V8 does not inline Atomics calls
;; (about 10 ns each on Node 20), but it does inline the wrapper of a wasm call (about 4 ns with the operation).
;; Byte addresses are Int32 indexes times 4. Each function has a TypeScript twin in atomicOps.ts.
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
)
