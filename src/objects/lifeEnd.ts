import type { ObjectContext } from './context.js';
import { Finalizers } from './finalizers.js';
import type { Strings } from './strings.js';
import type { Stripes } from './stripes.js';
import { UserCode } from './userCode.js';
import { WeakrefLists } from './weakrefLists.js';
import { Weakrefs } from './weakrefs.js';

/** What happens to objects before they go: finalisers, and weak references to them. One a thread. */
export class LifeEnd {
  readonly userCode: UserCode;
  readonly weakrefs: Weakrefs;
  readonly finalizers: Finalizers;

  constructor(context: ObjectContext, strings: Strings, stripes: Stripes) {
    this.userCode = new UserCode(context);
    const lists = new WeakrefLists(context, strings);
    this.weakrefs = new Weakrefs(context, stripes, lists, this.userCode);
    this.finalizers = new Finalizers(context, this.userCode);
  }
}
