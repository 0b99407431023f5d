import type { Override } from '../scenarios/scenario.js';

type Prototype = Record<PropertyKey, unknown>;

/**
 * Puts the methods of a variant's classes in place of those of the production classes that they extend, until the
 * returned function is called. `super.m()` in them reaches the original. The classes come from the same copy of the
 * modules as the code that runs.
 */
export function applyOverrides(overrides: readonly Override[]): () => void {
  for (const one of overrides) {
    if (overrides.some((other) => Object.getPrototypeOf(one) === other)) {
      throw new TypeError(
        `the override ${one.name} extends another one; extend the production class, and list both`,
      );
    }
  }
  const undo = overrides.map(applyOverride);
  return () => {
    for (const one of undo.reverse()) one();
  };
}

function applyOverride(override: Override): () => void {
  const broken = override.prototype as Prototype;
  const target = Object.getPrototypeOf(broken) as Prototype | null;
  if (target === null || target === Object.prototype) {
    throw new TypeError(`the override ${override.name} must extend the class whose steps it replaces`);
  }
  const original = Object.create(Object.getPrototypeOf(target), Object.getOwnPropertyDescriptors(target));
  const names = Reflect.ownKeys(broken).filter((name) => name !== 'constructor');
  const before = names.map((name) => Object.getOwnPropertyDescriptor(target, name));
  for (const name of names) {
    Object.defineProperty(target, name, Object.getOwnPropertyDescriptor(broken, name) as PropertyDescriptor);
  }
  Object.setPrototypeOf(broken, original);
  return () => {
    Object.setPrototypeOf(broken, target);
    names.forEach((name, i) => {
      const old = before[i];
      if (old === undefined) delete target[name];
      else Object.defineProperty(target, name, old);
    });
  };
}
