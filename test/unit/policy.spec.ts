import { FAULT_ERAS, POLICY_NAMES } from '../../lib';
import { native } from '../../lib/internal/native';

describe('the names of policies', () => {
  it('are those of the native registry, in its order', () => {
    expect(POLICY_NAMES).toEqual(native.policies);
  });

  it('begin with the baseline', () => {
    expect(POLICY_NAMES[0]).toBe('mmap-lock');
  });
});

describe('the eras', () => {
  it('are as many as the C API has: the next number is refused', () => {
    const none = undefined;
    const create = (era: number): number =>
      native.spaceCreate('per-vma', era, 0, 64, 1, 1, none, none, none, none, none, 0, 1, 0);
    for (const era of FAULT_ERAS.keys()) {
      const handle = create(era);
      expect(handle).toBeGreaterThan(0);
      native.spaceClose(handle);
    }
    expect(() => create(FAULT_ERAS.length)).toThrow('arguments it does not take');
  });
});
