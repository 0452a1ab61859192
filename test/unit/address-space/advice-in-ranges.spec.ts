import { AddressSpace, VmalockError } from '../../../lib';
import { codeOf, errorOf, INVALID, RANGE } from '../../support/codes';
import { drawing, drawn, page, PAGE, pages, protections } from '../../support/drawing';

const TOP = 2 ** 47 - PAGE;

/** Which of the first pages are resident. */
function resident(space: AddressSpace, count: number): string {
  return Array.from(space.mincore(page(0), pages(count))).join('');
}

function touched(picture: string): AddressSpace {
  const space = drawn(picture);
  for (let n = 0; n < picture.length; n++) if (picture[n] !== '.') space.fault(page(n), 'write');
  return space;
}

describe('process_madvise', () => {
  it('advises range after range and counts bytes as they were given', () => {
    using space = touched('AAAAAA');
    const ranges = [
      { address: page(0), length: PAGE },
      { address: page(2), length: 100 },
      { address: BigInt(page(4)), length: BigInt(pages(2)) },
    ];
    expect(space.processMadvise(ranges, 'dontneed')).toBe(PAGE + 100 + 2 * PAGE);
    expect(resident(space, 6)).toBe('010100');
  });

  it('ends before the first range that is refused', () => {
    using space = touched('AAA');
    const ranges = [
      { address: page(0), length: PAGE },
      { address: page(1) + 1, length: PAGE },
      { address: page(2), length: PAGE },
    ];
    expect(space.processMadvise(ranges, 4)).toBe(PAGE);
    expect(resident(space, 3)).toBe('011');
    expect(errorOf(() => space.processMadvise(ranges.slice(1), 'dontneed'))).toMatchObject({
      code: 'EINVAL',
      syscall: 'process_madvise dontneed',
    });
    expect(resident(space, 3)).toBe('011');
  });

  it('has advised what lies behind a hole, and yet says ENOMEM', () => {
    using space = touched('A.A');
    expect(codeOf(() => space.processMadvise([{ address: page(0), length: pages(3) }], 'dontneed'))).toBe('ENOMEM');
    expect(Array.from(space.mincore(page(2), PAGE))).toEqual([0]);
  });

  it.each([
    ['beyond the user half', { address: TOP, length: PAGE }, 'EFAULT'],
    ['that crosses its end', { address: TOP - PAGE, length: 2 * PAGE }, 'EFAULT'],
    ['of a negative length', { address: page(0), length: 2n ** 64n - 1n }, 'EINVAL'],
  ])('looks at all ranges before it advises one: one %s', (_, bad, code) => {
    using space = touched('A');
    expect(codeOf(() => space.processMadvise([{ address: page(0), length: PAGE }, bad], 'dontneed'))).toBe(code);
    expect(resident(space, 1)).toBe('1');
  });

  it('does not ask what the advice is when there is nothing to advise', () => {
    using space = drawn('A');
    expect(space.processMadvise([], 12_345)).toBe(0);
    expect(space.processMadvise([{ address: page(0) + 1, length: 0 }], 12_345)).toBe(0);
  });

  it('steps over empty ranges, but looks at the first', () => {
    using space = drawn('A');
    const [whole, empty, crooked] = [PAGE, 0, 0].map((length, n) => ({ address: page(0) + (n === 2 ? 1 : 0), length }));
    if (!whole || !empty || !crooked) throw new Error('unreachable');
    expect(space.processMadvise([whole, crooked], 'dontneed')).toBe(PAGE);
    expect(space.processMadvise([empty, whole], 'dontneed')).toBe(PAGE);
    expect(codeOf(() => space.processMadvise([crooked, whole], 'dontneed'))).toBe('EINVAL');
  });

  it('looks at no more than 2 GiB less a page', () => {
    using space = new AddressSpace();
    const start = space.mmap({ length: 2 ** 33, noReserve: true });
    expect(space.processMadvise([{ address: start, length: 2 ** 33 }], 'dontneed')).toBe(2 ** 31 - PAGE);
    const two = [
      { address: start, length: PAGE },
      { address: start, length: 2 ** 33 },
    ];
    expect(space.processMadvise(two, 'dontneed')).toBe(2 ** 31 - PAGE);
  });

  it('looks at the length of every range before the address of any', () => {
    using space = drawn('A');
    const beyond = { address: (1n << 64n) - 4096n, length: PAGE };
    const tooLong = { address: page(0), length: 1n << 63n };
    expect(codeOf(() => space.processMadvise([beyond, tooLong], 'dontneed'))).toBe('EINVAL');
    expect(codeOf(() => space.processMadvise([beyond, { address: page(0), length: PAGE }], 'dontneed'))).toBe('EFAULT');
  });

  it('takes 1024 ranges and no flag', () => {
    using space = drawn('A');
    const many = (count: number) => Array.from({ length: count }, () => ({ address: page(0), length: PAGE }));
    expect(space.processMadvise(many(1024), 'cold')).toBe(1024 * PAGE);
    expect(codeOf(() => space.processMadvise(many(1025), 'cold'))).toBe('EINVAL');
    expect(codeOf(() => space.processMadvise([], 'cold', { flags: 1 }))).toBe('EINVAL');
  });

  it('lets another process advise what harms nobody', () => {
    using space = touched('A');
    const ranges = [{ address: page(0), length: PAGE }];
    const others: number[] = [];
    for (let advice = 0; advice < 25; advice++) {
      try {
        others.push(space.processMadvise(ranges, advice, { fromOther: true }) && advice);
      } catch (error) {
        expect(error).toMatchObject({ code: 'EINVAL' });
      }
    }
    expect(others).toEqual([3, 20, 21]);
    expect(codeOf(() => space.processMadvise([], 'dontneed', { fromOther: true }))).toBe('EINVAL');
    expect(resident(space, 1)).toBe('1');
  });

  it.each<[string, unknown, string]>([
    ['no array', { address: 0, length: 1 }, INVALID],
    ['a hole in the array', [undefined], INVALID],
    ['a length that is none', [{ address: 0, length: -1 }], RANGE],
    ['an address that is text', [{ address: '0', length: 1 }], INVALID],
    ['a revoked proxy', revoked(), INVALID],
  ])('refuses %s', (_, ranges, code) => {
    using space = drawn('A');
    expect(codeOf(() => space.processMadvise(ranges as never, 'cold'))).toBe(code);
  });

  it('notices a getter that closes the space', () => {
    const space = drawn('A');
    const trap = {
      get address() {
        space.close();
        return 0;
      },
      length: PAGE,
    };
    expect(() => space.processMadvise([trap], 'cold')).toThrow(VmalockError);
    expect(codeOf(() => space.processMadvise([], 'cold'))).toBe('ERR_VMALOCK_CLOSED');
  });
});

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable([], {});
  revoke();
  return proxy;
}

describe('pkey_mprotect', () => {
  it('is mprotect without a key', () => {
    using space = drawn('AAA');
    space.pkeyMprotect(page(1), PAGE, 'r', -1);
    expect(protections(space)).toBe('rw r rw');
  });

  it.each([-2, 0, 1, 15, 16])('knows no key %d, and changes nothing', (key) => {
    using space = drawn('AAA');
    expect(codeOf(() => space.pkeyMprotect(page(1), PAGE, 'r', key))).toBe('EINVAL');
    expect(drawing(space)).toBe('AAA');
  });

  it('asks for the key last of what can be asked without a mapping', () => {
    using space = drawn('A');
    space.pkeyMprotect(page(0), 0, 'r', 5);
    expect(codeOf(() => space.pkeyMprotect(page(0), 2n ** 64n - 1n, 'r', 5))).toBe('ENOMEM');
    expect(codeOf(() => space.pkeyMprotect(page(5), PAGE, 'r', 5))).toBe('EINVAL');
    expect(codeOf(() => space.pkeyMprotect(page(5), PAGE, 'r', -1))).toBe('ENOMEM');
  });
});
