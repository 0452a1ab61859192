// A mapping, a fault, a split: what a program does, and what it costs.
import { AddressSpace } from 'vmalock';

using space = new AddressSpace({ policy: 'per-vma' });
const start = space.mmap({ address: 0x10_0000, length: 8 * space.pageSize, prot: 'rw' });

space.fault(start, 'write'); // the first fault gives the mapping its anon_vma: mmap_lock is needed
space.fault(start + space.pageSize, 'write'); // the second is served under the mapping's own lock
space.mprotect(start + 4 * space.pageSize, 2 * space.pageSize, 'r'); // one mapping becomes three

for (const vma of space) console.log(`${vma.start.toString(16)}-${vma.end.toString(16)} ${vma.prot}`);
const { vmaLockSuccess, vmaLockRetry, minorFaults } = space.stats();
console.log({ vmaLockSuccess, vmaLockRetry, minorFaults });

// prints:
// 100000-104000 rw
// 104000-106000 r
// 106000-108000 rw
// { vmaLockSuccess: 1, vmaLockRetry: 1, minorFaults: 2 }
