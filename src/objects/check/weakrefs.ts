import type { CheckContext } from '../../allocators/check/context.js';
import { BuiltinType, Header, WeakrefObject } from '../../memory/layout.js';
import { stripeOf } from '../stripes.js';
import { weakrefHead } from '../weakrefLists.js';

/**
 * The lists of weak references: each weakref that shows an object is in that object's list once, between its
 * neighbours, under the object's stripe; the one without a callback comes first. `objects`: all that are alive.
 */
export function checkWeakrefs(context: CheckContext, objects: ReadonlySet<number>): void {
  const heap = context.i32;
  const listed = new Set<number>();
  for (
    let type: number = BuiltinType.Type;
    type <= BuiltinType.WeakValueDict;
    type += BuiltinType.None - BuiltinType.Type
  ) {
    checkList(context, objects, type, listed);
  }
  for (const object of objects) checkList(context, objects, object, listed);
  for (const weakref of objects) {
    if (heap[weakref + Header.Type] === BuiltinType.Weakref) checkWeakref(context, weakref, listed);
  }
}

function checkList(
  context: CheckContext,
  objects: ReadonlySet<number>,
  object: number,
  listed: Set<number>,
): void {
  const heap = context.i32;
  const head = weakrefHead(heap, object);
  let previous = 0;
  for (let at = head === 0 ? 0 : heap[head]; at !== 0; at = heap[at + WeakrefObject.Next]) {
    if (!objects.has(at) || heap[at + Header.Type] !== BuiltinType.Weakref || listed.has(at)) {
      const why = listed.has(at) ? 'is in a list already' : 'is no live weakref';
      context.report(`weak references to ${object}: ${at} ${why}`);
      return;
    }
    listed.add(at);
    const before = previous;
    const named = () => `weakref ${at} to ${object}`;
    context.expect(
      heap[at + WeakrefObject.Object] === object,
      () => `${named()} shows ${heap[at + WeakrefObject.Object]}`,
    );
    context.expect(
      heap[at + WeakrefObject.Previous] === before,
      () => `${named()} has ${heap[at + WeakrefObject.Previous]} before it, not ${before}`,
    );
    context.expect(
      heap[at + WeakrefObject.Stripe] === stripeOf(object),
      () => `${named()} has another stripe`,
    );
    context.expect(
      before === 0 || heap[at + WeakrefObject.Callback] !== 0,
      () => `${named()} has no callback and is not the first`,
    );
    previous = at;
  }
}

function checkWeakref(context: CheckContext, weakref: number, listed: ReadonlySet<number>): void {
  const heap = context.i32;
  const object = heap[weakref + WeakrefObject.Object];
  context.expect(
    object === 0 || listed.has(weakref),
    () => `weakref ${weakref} shows ${object} and is not in its list`,
  );
  const linked = heap[weakref + WeakrefObject.Next] !== 0 || heap[weakref + WeakrefObject.Previous] !== 0;
  context.expect(object !== 0 || !linked, () => `weakref ${weakref} shows nothing and has neighbours`);
}
