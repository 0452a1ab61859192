// A recorded program under two policies: the same answers, another way to them.
import { join } from 'node:path';
import { replay } from 'vmalock';

const trace = join(import.meta.dirname, 'traces', 'pthread-storm');
const report = await replay(trace, { policies: ['mmap-lock', 'per-vma'] });
for (const { policy, unexpected, mapsEqual, vmaLock } of report.policies)
  console.log(`${policy}: unexpected ${unexpected}, maps equal ${mapsEqual}, fast path used ${vmaLock.success > 0}`);

// prints:
// mmap-lock: unexpected 0, maps equal true, fast path used false
// per-vma: unexpected 0, maps equal true, fast path used true
