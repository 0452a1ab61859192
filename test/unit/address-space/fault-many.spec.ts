import { AddressSpace, FaultResult } from '../../../lib';
import { codeOf, errorOf, INVALID, RANGE } from '../../support/codes';
import { drawn, page, PAGE, pages } from '../../support/drawing';

const { MINOR, OUTCOME, SIGSEGV_MAPERR } = FaultResult;

function outcomes(results: Uint8Array): number[] {
  return Array.from(results, (result) => result & OUTCOME);
}

describe('faultMany', () => {
  it.each([
    ['Float64Array', Float64Array.of(page(0), page(2), page(1) + 9)],
    ['BigUint64Array', BigUint64Array.of(BigInt(page(0)), BigInt(page(2)), BigInt(page(1) + 9))],
  ])('resolves the addresses of a %s in order and counts those that ended well', (_, addresses) => {
    using space = drawn('AA');
    const results = new Uint8Array(3);
    expect(space.faultMany(addresses, 'write', results)).toBe(2);
    expect(outcomes(results)).toEqual([MINOR, SIGSEGV_MAPERR, MINOR]);
    expect([...space.mincore(page(0), pages(2))]).toEqual([1, 1]);
  });

  it('does the same as one call for each', () => {
    using one = drawn('AAAA.B');
    using many = drawn('AAAA.B');
    const columns = [0, 4, 1, 1, 3, 5, 6, 0];
    const results = new Uint8Array(columns.length);
    many.faultMany(Float64Array.from(columns, page), 'write', results);
    expect([...results]).toEqual(columns.map((column) => one.fault(page(column), 'write')));
    const { mmapLockReads: _, ...stats } = many.stats();
    expect(one.stats()).toMatchObject(stats);
  });

  it('needs no room for results', () => {
    using space = drawn('AA');
    expect(space.faultMany(Float64Array.of(page(0), page(1)), 'read')).toBe(2);
  });

  it('is content with no address at all', () => {
    using space = drawn('A');
    expect(space.faultMany(new Float64Array(0), 'read', new Uint8Array(0))).toBe(0);
    expect(space.faultMany(new BigUint64Array(0), 'read')).toBe(0);
  });

  it('resolves more than fit into one piece', () => {
    using space = new AddressSpace({ backing: 'none' });
    const start = space.mmap({ length: pages(3000) });
    const addresses = Float64Array.from({ length: 3000 }, (_, n) => start + n * PAGE);
    const results = new Uint8Array(3001).fill(99);
    expect(space.faultMany(addresses, 'write', results)).toBe(3000);
    expect(new Set(outcomes(results.subarray(0, 3000)))).toEqual(new Set([MINOR]));
    expect(results[3000]).toBe(99);
  });

  it('takes addresses and results from the middle of a buffer, also a shared one', () => {
    using space = drawn('AA');
    const buffer = new SharedArrayBuffer(64);
    const addresses = new Float64Array(buffer, 8, 2);
    addresses.set([page(0), page(5)]);
    const results = new Uint8Array(buffer, 40, 2);
    expect(space.faultMany(addresses, 'read', results)).toBe(1);
    expect(outcomes(results)).toEqual([MINOR, SIGSEGV_MAPERR]);
  });

  it.each([-1, 0.5, NaN, Infinity, 2 ** 64])('names the element that is no address: %p, and resolves none', (bad) => {
    using space = drawn('AA');
    const error = errorOf(() => space.faultMany(Float64Array.of(page(0), bad), 'write'));
    expect(error.code).toBe(RANGE);
    expect(error.message).toMatch(/^addresses\[1\] must be /);
    expect([...space.mincore(page(0), PAGE)]).toEqual([0]);
  });

  it.each([
    ['a plain array', [page(0)], 'read', undefined, INVALID],
    ['integers of 32 bits', Uint32Array.of(1), 'read', undefined, INVALID],
    ['signed integers', BigInt64Array.of(1n), 'read', undefined, INVALID],
    ['nothing', undefined, 'read', undefined, INVALID],
    ['an access that is none', Float64Array.of(page(0)), 'look', undefined, INVALID],
    ['results of another type', Float64Array.of(page(0)), 'read', new Uint16Array(1), INVALID],
    ['results that are too short', Float64Array.of(page(0), page(0)), 'read', new Uint8Array(1), RANGE],
  ])('refuses %s', (_, addresses, access, results, code) => {
    using space = drawn('A');
    expect(codeOf(() => space.faultMany(addresses as never, access as 'read', results as Uint8Array))).toBe(code);
    expect([...space.mincore(page(0), PAGE)]).toEqual([0]);
  });

  it.each(['addresses', 'results'])('refuses %s whose buffer went elsewhere', (which) => {
    using space = drawn('A');
    const addresses = Float64Array.of(page(0));
    const results = new Uint8Array(1);
    structuredClone(0, { transfer: [(which === 'addresses' ? addresses : results).buffer] });
    const error = errorOf(() => space.faultMany(addresses, 'read', results));
    expect(error.code).toBe(INVALID);
    expect(error.message).toMatch(`${which} must not be detached`);
  });
});
