import type { AllocatorThread } from '../allocator.js';
import type { DelayedFree } from '../delayedFree.js';
import { MallocAllocator } from '../malloc/mallocAllocator.js';
import { MimallocAllocator } from '../mimalloc/mimallocAllocator.js';
import { SharedHeapAllocator } from '../mimalloc/sharedHeapAllocator.js';
import { pymallocGeometry } from '../pymalloc/geometry.js';
import { PymallocAllocator } from '../pymalloc/pymallocAllocator.js';
import type { BlockAllocatorModule } from './blockAllocator.js';
import type { Member } from './blockSource.js';
import { DomainAllocator, type DomainService } from './domainAllocator.js';
import { type DomainNames, isModule, parseChoice } from './spec.js';
import { UserMember } from './userMember.js';

/** The modules of users' own allocators, by URL. */
export type AllocatorModules = ReadonlyMap<string, BlockAllocatorModule>;

/** What the names of domains are resolved with. */
export interface DomainSetting {
  readonly domains: DomainNames;
  /** What `default` stands for in mem and object. */
  readonly own: string;
  /** One set of mimalloc heaps for all threads. */
  readonly sharedHeaps: boolean;
  readonly modules: AllocatorModules;
}

/** The allocator of a thread whose domains were chosen. The names fit the build. */
export function composeDomains(thread: AllocatorThread, setting: DomainSetting): DomainAllocator {
  return new DomainAllocator(thread, (delayed) => {
    const { raw, mem, object } = setting.domains;
    const maker = new MemberMaker(thread, setting, delayed);
    return {
      raw: maker.service(raw, 'malloc'),
      mem: maker.service(mem, setting.own),
      object: maker.service(object, setting.own),
    };
  });
}

/** Makes each member once, whatever domains it serves. */
class MemberMaker {
  private readonly made = new Map<string, Member>();
  private userAllocators = 0;

  constructor(
    private readonly thread: AllocatorThread,
    private readonly setting: DomainSetting,
    private readonly delayed: DelayedFree | null,
  ) {}

  service(name: string, own: string): DomainService {
    const { debug, base } = parseChoice(name);
    const key = base === 'default' ? own : base;
    let member = this.made.get(key);
    if (member === undefined) {
      member = this.make(key);
      this.made.set(key, member);
    }
    return { member, debug };
  }

  private make(base: string): Member {
    const { thread, setting, delayed } = this;
    if (isModule(base)) return this.makeUser(base);
    switch (base) {
      case 'mimalloc':
        return setting.sharedHeaps
          ? new SharedHeapAllocator(thread, delayed)
          : new MimallocAllocator(thread, delayed);
      case 'malloc':
        return new MallocAllocator({ ...thread, qsbr: null });
      default:
        return new PymallocAllocator(thread, pymallocGeometry(base));
    }
  }

  private makeUser(url: string): Member {
    const module = this.setting.modules.get(url);
    if (module === undefined) throw new RangeError(`the allocator's module ${url} was not loaded`);
    return new UserMember(this.thread, url, module, this.userAllocators++);
  }
}
