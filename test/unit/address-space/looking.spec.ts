import { readFileSync } from 'node:fs';
import { AddressSpace, SimFile } from '../../../lib';
import { native } from '../../../lib/internal/native';
import { codeOf } from '../../support/codes';
import { drawn, page, PAGE, pages } from '../../support/drawing';

describe('find', () => {
  it('tells the mapping that covers an address, and nothing in a hole', () => {
    using space = drawn('.AA.B');
    expect(space.find(page(1))).toMatchObject({ start: page(1), end: page(3) });
    expect(space.find(BigInt(page(3) - 1))).toMatchObject({ start: page(1) });
    expect([page(0), page(3), page(5), 0, 2n ** 64n - 1n].map((address) => space.find(address))).toEqual(
      new Array(5).fill(undefined),
    );
  });

  it('tells the object that is mapped, and where in it', () => {
    using space = new AddressSpace();
    const file = new SimFile({ length: pages(8), name: '/srv/data' });
    const start = space.mmap({ length: PAGE, file, offset: pages(3), shared: true });
    expect(space.find(start)).toMatchObject({ offset: pages(3), name: '/srv/data', shared: true });
    expect(space.find(start)?.file).toBe(file);
  });

  it('leaves out what there is not', () => {
    using space = new AddressSpace();
    const nameless = space.find(space.mmap({ length: PAGE, file: new SimFile({ length: PAGE }) }));
    expect(nameless).not.toHaveProperty('name');
    expect(nameless).toHaveProperty('file');
    const shared = space.find(space.mmap({ length: PAGE, shared: true }));
    expect(shared).toMatchObject({ name: '/dev/zero (deleted)', shared: true });
    expect(shared).not.toHaveProperty('file');
  });

  it('tells names of any length', () => {
    using space = new AddressSpace();
    const name = `/${'long/'.repeat(200)}näme`;
    const start = space.mmap({ length: PAGE, file: new SimFile({ length: PAGE, name }) });
    expect(space.find(start)?.name).toBe(name);
    expect(space.maps()).toContain(` ${name}\n`);
  });

  it('is a picture of one moment', () => {
    using space = drawn('AA');
    const before = space.find(page(0));
    space.munmap(page(1), PAGE);
    expect(before?.end).toBe(page(2));
  });
});

describe('iteration', () => {
  it('goes over the mappings upwards, as often as asked', () => {
    using space = drawn('A.BC');
    for (let turn = 0; turn < 2; turn++)
      expect(Array.from(space, ({ start, end }) => [start, end])).toEqual([
        [page(0), page(1)],
        [page(2), page(3)],
        [page(3), page(4)],
      ]);
  });

  it('ends at once in an empty space', () => {
    using space = new AddressSpace();
    expect([...space]).toEqual([]);
  });

  it('sees what changes on the way, and comes to an end', () => {
    using space = drawn('A.A.A');
    const seen: number[] = [];
    for (const { start, end } of space) {
      seen.push(start);
      space.munmap(page(2), PAGE);
      space.munmap(start, end - start);
    }
    expect(seen).toEqual([page(0), page(4)]);
  });

  it('stops with an error when the space is closed on the way', () => {
    const space = drawn('A.A');
    const vmas = space[Symbol.iterator]();
    vmas.next();
    space.close();
    expect(codeOf(() => vmas.next())).toBe('ERR_VMALOCK_CLOSED');
  });
});

describe('maps', () => {
  it('is the text of /proc/PID/maps, byte for byte', () => {
    using space = new AddressSpace();
    const file = new SimFile({ length: pages(9), name: '/usr/bin/true\nx' });
    const at = (address: number, options: object): number =>
      space.mmap({ address, length: PAGE, fixed: true, ...options });
    at(0x1000, { prot: 'r' });
    at(0x40_0000, { file, prot: 'rx', offset: pages(2) });
    at(0x7f00_0000_0000, { prot: 'none' });
    at(0x7f00_0000_2000, { shared: true, prot: 'w' });
    expect(space.maps()).toMatch(
      new RegExp(
        [
          '^00001000-00002000 r--p 00000000 00:00 0 $',
          '^00400000-00401000 r-xp 00002000 00:00 \\d+ +/usr/bin/true\\\\012x$',
          '^7f0000000000-7f0000001000 ---p 00000000 00:00 0 $',
          '^7f0000002000-7f0000003000 -w-s 00000000 00:01 \\d+ +/dev/zero \\(deleted\\)$',
        ].join('\\n'),
        'm',
      ),
    );
    for (const line of space
      .maps()
      .split('\n')
      .filter((text) => text.includes('/')))
      expect(line.indexOf('/')).toBe(73);
  });

  it('is empty for an empty space', () => {
    using space = new AddressSpace();
    expect(space.maps()).toBe('');
  });

  it('has room for thousands of mappings', () => {
    using space = new AddressSpace();
    for (let n = 0; n < 4000; n++) space.mmap({ address: page(2 * n), length: PAGE, fixed: true });
    const lines = space.maps().split('\n');
    expect(lines).toHaveLength(4001);
    expect(lines.at(-2)).toBe(`${page(7998).toString(16)}-${page(7999).toString(16)} rw-p 00000000 00:00 0 `);
  });
});

describe('status', () => {
  it('tells by the names of /proc/PID/status what is mapped and resident, in bytes', () => {
    using space = drawn('AAAA');
    space.write(page(0), Buffer.alloc(pages(3), 1));
    space.munmap(page(0), PAGE);
    expect(space.status()).toMatchObject({
      VmPeak: pages(4),
      VmSize: pages(3),
      VmRSS: pages(2),
      RssAnon: pages(2),
      RssFile: 0,
      RssShmem: 0,
      VmLck: 0,
      VmData: pages(3),
      Mappings: 1,
      FramesUsed: 2,
    });
  });

  it('knows a name for every number that the C API gives', () => {
    using space = new AddressSpace();
    expect(Object.keys(space.status())).toHaveLength(native.statusFields.length);
    for (const name of Object.keys(space.status())) expect(name).toMatch(/^[A-Z]/);
  });
});

describe('the texts of status and statm', () => {
  const onLinux = process.platform === 'linux' ? it : it.skip;
  /** By name, between the tab and the unit. */
  const fieldsOf = (text: string): [string, string][] =>
    [...text.matchAll(/^((?:Vm|Rss|Hugetlb)\w*):\t( *\d+) kB$/gm)].map(([, name = '', field = '']) => [name, field]);

  it('have what status() tells, in kB and in pages', () => {
    using space = drawn('AAAA');
    const file = new SimFile({ length: pages(2), name: '/f', writtenBack: true });
    space.mmap({ address: page(8), length: pages(2), fixed: true, file, prot: 'rx', populate: true });
    space.write(page(0), Buffer.alloc(pages(3), 1));
    expect(space.statusText()).toMatch(/^VmPeak:\t {6}24 kB\nVmSize:\t {6}24 kB\n/);
    expect(space.statusText()).toMatch(/^RssFile:\t {7}8 kB\n/m);
    expect(space.statm()).toBe('6 5 2 0 0 4 0\n');
  });

  onLinux('have the lines and widths of the running kernel', () => {
    using space = drawn('A');
    const [ours = [], theirs = []] = [space.statusText(), readFileSync('/proc/self/status', 'utf8')].map(fieldsOf);
    const names = theirs.map(([name]) => name);
    if (!names.includes('HugetlbPages')) names.push('HugetlbPages'); // of kernels with huge TLB pages
    expect(ours.map(([name]) => name)).toEqual(names);
    for (const [, field] of [...ours, ...theirs]) expect(field).toBe(field.trim().padStart(8));
    expect(readFileSync('/proc/self/statm', 'utf8').split(' ')).toHaveLength(space.statm().split(' ').length);
  });
});

describe('stats', () => {
  it('tells every number that the C API gives', () => {
    using space = drawn('A');
    const { abortReasons, retryReasons, ...numbers } = space.stats();
    // mmapLockWaits is the sum of two
    const told = Object.keys(numbers).length - 1 + Object.keys(abortReasons).length + Object.keys(retryReasons).length;
    expect(told).toBe(native.statsFields.length);
    expect(numbers.mmapLockWaits).toBe(numbers.mmapLockReadWaits + numbers.mmapLockWriteWaits);
  });

  it('counts forks for themselves', () => {
    using parent = drawn('A');
    parent.fault(page(0), 'write');
    using child = parent.fork();
    child.fault(page(0), 'read');
    expect([parent.stats().minorFaults, child.stats().minorFaults]).toEqual([1, 1]);
  });
});

describe('validate', () => {
  it('is silent about a space that is well', () => {
    using space = drawn('AB.C');
    space.faultMany(Float64Array.of(page(0), page(1), page(3)), 'write');
    expect(() => space.validate()).not.toThrow();
  });
});
