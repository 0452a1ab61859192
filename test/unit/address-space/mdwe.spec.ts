import { AddressSpace, type MdweOptions } from '../../../lib';
import { codeOf, INVALID, RANGE } from '../../support/codes';
import { drawing, page, PAGE, pages } from '../../support/drawing';

const REFUSE = { refuseExecGain: true };

function denying(options: MdweOptions | number = REFUSE): AddressSpace {
  const space = new AddressSpace();
  space.setMdwe(options);
  return space;
}

function map(space: AddressSpace, prot: string, shared = false): number {
  return space.mmap({ length: PAGE, prot, shared });
}

describe('setMdwe', () => {
  it.each(['wx', 'rwx'])('refuses memory that is %s, and maps nothing', (prot) => {
    using space = denying();
    for (const shared of [false, true]) expect(codeOf(() => map(space, prot, shared))).toBe('EACCES');
    expect([...space]).toEqual([]);
    expect(space.overcommit().committed).toBe(0);
  });

  it('leaves what it would replace where it is', () => {
    using space = denying();
    const start = map(space, 'rw');
    space.write(start, Uint8Array.of(7));
    const code = codeOf(() => space.mmap({ address: start, length: PAGE, prot: 'rwx', fixed: true }));
    expect(code).toBe('EACCES');
    expect(space.read(start, 1)[0]).toBe(7);
  });

  it.each<[string, string, string]>([
    ['r', 'rx', 'EACCES'],
    ['none', 'x', 'EACCES'],
    ['rx', 'rwx', 'EACCES'],
    ['rx', 'x', 'ok'],
    ['rx', 'rx', 'ok'],
    ['rx', 'rw', 'ok'],
    ['r', 'rw', 'ok'],
  ])('answers a change from %s to %s with %s', (from, to, expected) => {
    using space = denying();
    const start = map(space, from);
    expect(codeOf(() => space.mprotect(start, PAGE, to))).toBe(expected);
    expect(space.find(start)?.prot).toBe(expected === 'ok' ? to : from);
  });

  it('changes what lies before the mapping that would gain execution', () => {
    using space = new AddressSpace();
    for (const [n, prot] of ['rx', 'r', 'rx'].entries())
      space.mmap({ address: page(n), length: PAGE, prot, fixed: true });
    space.setMdwe(REFUSE);
    expect(codeOf(() => space.mprotect(page(0), pages(3), 'x'))).toBe('EACCES');
    expect([...space].map(({ prot }) => prot)).toEqual(['x', 'r', 'rx']);
    expect(drawing(space)).toBe('ABC');
  });

  it('lets what is there already be as it is, and unmaps and moves it', () => {
    using space = new AddressSpace();
    const start = map(space, 'rwx');
    space.setMdwe(REFUSE);
    const moved = space.mremap(start, PAGE, pages(2), { mayMove: true });
    space.mprotect(moved, pages(2), 'rx');
    space.munmap(moved, pages(2));
  });

  it('cannot be taken back, nor changed', () => {
    using space = denying();
    space.setMdwe({ ...REFUSE });
    expect(codeOf(() => space.setMdwe({}))).toBe('EPERM');
    expect(codeOf(() => space.setMdwe({ ...REFUSE, noInherit: true }))).toBe('EPERM');
    expect(space.mdwe()).toEqual({ refuseExecGain: true, noInherit: false });
  });

  it.each<[string, MdweOptions | number, boolean]>([
    ['has it', REFUSE, true],
    ['is free of it with noInherit', 3, false],
  ])('holds for this space; a fork %s', (_, options, expected) => {
    using space = denying(options);
    using child = space.fork();
    expect(child.mdwe().refuseExecGain).toBe(expected);
    expect(codeOf(() => map(child, 'rwx'))).toBe(expected ? 'EACCES' : 'ok');
    expect(codeOf(() => map(space, 'rwx'))).toBe('EACCES');
  });

  it.each<[unknown, string]>([
    [{ noInherit: true }, 'EINVAL'],
    [4, 'EINVAL'],
    [2 ** 40, RANGE],
    [{ refuseExecGain: 'yes' }, INVALID],
    [undefined, INVALID],
  ])('refuses %p', (options, code) => {
    using space = new AddressSpace();
    expect(codeOf(() => space.setMdwe(options as MdweOptions))).toBe(code);
    expect(space.mdwe()).toEqual({ refuseExecGain: false, noInherit: false });
  });
});
