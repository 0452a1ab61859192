import { AddressSpace, currentNode, type GetMempolicyOptions, type MbindOptions, runOnNode } from '../../../lib';
import { codeOf, errorOf, INVALID, RANGE } from '../../support/codes';
import { drawing, page, PAGE, pages } from '../../support/drawing';

function spaceOn(numaNodes: number, mapped: number, frames = 64 * numaNodes): AddressSpace {
  const space = new AddressSpace({ numaNodes, frames });
  space.mmap({ address: page(0), length: pages(mapped), fixed: true });
  return space;
}

function nodeOf(space: AddressSpace, n: number): number | undefined {
  return space.getMempolicy({ address: page(n), node: true }).node;
}

/** The nodes of pages 0 to `count` - 1, which are there. */
function nodesOf(space: AddressSpace, count: number): (number | undefined)[] {
  return Array.from({ length: count }, (_, n) => nodeOf(space, n));
}

function fill(space: AddressSpace, first: number, count: number): void {
  for (let n = first; n < first + count; n++) space.write(page(n), Uint8Array.of(n + 1));
}

describe('mbind', () => {
  it('makes a mapping of its own, whose pages come from the nodes named', () => {
    using space = spaceOn(2, 4);
    space.mbind(page(1), pages(2), { mode: 'bind', nodes: [1] });
    expect(drawing(space)).toBe('ABBC');
    fill(space, 0, 4);
    expect(nodesOf(space, 4)).toEqual([0, 1, 1, 0]);
    expect(space.getMempolicy({ address: page(1) })).toEqual({ mode: 'bind', modeFlags: 0, nodes: [1] });
    expect(space.getMempolicy({ address: page(0) })).toEqual({ mode: 'default', modeFlags: 0, nodes: [] });
    space.mbind(page(0), pages(4), { mode: 'default' });
    expect(drawing(space)).toBe('ABBC'); // written apart
    space.validate();
  });

  it('moves pages with their bytes when it is asked to', () => {
    using space = spaceOn(3, 3);
    fill(space, 0, 3);
    space.mbind(page(0), pages(2), { mode: 'preferred', nodes: [2], move: true, strict: true });
    expect(nodesOf(space, 3)).toEqual([2, 2, 0]);
    expect([0, 1, 2].map((n) => space.read(page(n), 1)[0])).toEqual([1, 2, 3]);
  });

  it('interleaves by the place of the page', () => {
    using space = spaceOn(4, 6);
    space.mbind(page(0), pages(6), { mode: 'interleave', nodes: [3, 1] });
    fill(space, 0, 6);
    const first = (page(0) / PAGE) % 2;
    expect(nodesOf(space, 6)).toEqual([0, 1, 2, 3, 4, 5].map((n) => ((n + first) % 2 ? 3 : 1)));
  });

  it('says EIO for pages that lie elsewhere, and sets nothing', () => {
    using space = spaceOn(2, 2);
    fill(space, 0, 1);
    expect(codeOf(() => space.mbind(page(0), pages(2), { mode: 'bind', nodes: [1], strict: true }))).toBe('EIO');
    expect(space.getMempolicy({ address: page(1) }).mode).toBe('default');
  });

  it('leaves no frame of another node to bound memory', () => {
    using space = spaceOn(2, 3, 4);
    space.mbind(page(0), pages(3), { mode: 'bind', nodes: [1] });
    fill(space, 0, 2);
    expect(codeOf(() => space.write(page(2), Uint8Array.of(1)))).toBe('ENOMEM');
  });

  it.each<[string, string, MbindOptions]>([
    ['no nodes', 'EINVAL', { mode: 'bind' }],
    ['a node that does not exist', 'EINVAL', { mode: 'bind', nodes: [2] }],
    ['a node that no kernel has', 'EINVAL', { mode: 'bind', nodes: [0, 1024] }],
    ['the last node that a kernel could have, and one that exists', 'ok', { mode: 'bind', nodes: [1023, 1] }],
    ['nodes for local', 'EINVAL', { mode: 'local', nodes: [0] }],
    ['nodes for default', 'EINVAL', { mode: 'default', nodes: [0] }],
    ['preferred without nodes', 'ok', { mode: 'preferred' }],
    ['both kinds of numbers', 'EINVAL', { mode: 'bind', nodes: [0], staticNodes: true, relativeNodes: true }],
    ['relative numbers', 'ok', { mode: 'bind', nodes: [7], relativeNodes: true }],
    ['balancing where it does not belong', 'EINVAL', { mode: 'interleave', nodes: [0], numaBalancing: true }],
    ['a mode beyond the last', 'EINVAL', { mode: 7, nodes: [0] }],
    ['a mode below 0', 'EINVAL', { mode: -1, nodes: [0] }],
    ['a mode as a number with flags', 'ok', { mode: 0x8002, nodes: [0] }],
    ['an unknown flag', 'EINVAL', { mode: 'bind', nodes: [0], flags: 8 }],
    ['flags by number', 'ok', { mode: 'bind', nodes: [0], flags: 7 }],
    ['an unknown mode', INVALID, { mode: 'anywhere' as 'bind' }],
    ['no mode', INVALID, {} as MbindOptions],
    ['a node below 0', RANGE, { mode: 'bind', nodes: [-1] }],
    ['half a node', RANGE, { mode: 'bind', nodes: [0.5] }],
    ['a node that is text', INVALID, { mode: 'bind', nodes: ['0' as never] }],
    ['nodes that are no array', INVALID, { mode: 'bind', nodes: 0 as never }],
    ['a set of nodes', INVALID, { mode: 'bind', nodes: new Set([0]) as never }],
    ['a switch that is a number', INVALID, { mode: 'bind', nodes: [0], move: 1 as never }],
    ['flags of 33 bits', RANGE, { mode: 'bind', nodes: [0], flags: 2 ** 32 }],
    ['options that are none', INVALID, 'bind' as never],
  ])('with %s: %s', (_, code, options) => {
    using space = spaceOn(2, 1);
    expect(codeOf(() => space.mbind(page(0), PAGE, options))).toBe(code);
    space.validate();
  });

  it('wants a privileged space to move what others share', () => {
    using space = new AddressSpace({ privileged: false });
    expect(codeOf(() => space.mbind(page(0) + 1, PAGE, { mode: 'default', moveAll: true }))).toBe('EPERM');
    expect(codeOf(() => space.mbind(page(0) + 1, PAGE, { mode: 'default' }))).toBe('EINVAL');
    expect(codeOf(() => space.mbind(page(0), PAGE, { mode: 'default' }))).toBe('EFAULT');
    space.mbind(page(0), 0, { mode: 'bind' });
  });

  it('tells in its error what was called', () => {
    using space = spaceOn(1, 1);
    expect(errorOf(() => space.mbind(page(1), PAGE, { mode: 'default' }))).toMatchObject({
      code: 'EFAULT',
      syscall: 'mbind',
      address: page(1),
    });
    expect(errorOf(() => space.setMempolicy({ mode: 'bind' })).syscall).toBe('set_mempolicy');
    expect(errorOf(() => space.getMempolicy({ address: page(1) }))).toMatchObject({ syscall: 'get_mempolicy' });
  });
});

describe('setMempolicy', () => {
  it('holds where a mapping has no policy of its own, and forks inherit it', () => {
    using space = spaceOn(3, 3);
    space.mbind(page(1), PAGE, { mode: 'bind', nodes: [1] });
    space.setMempolicy({ mode: 'preferred', nodes: [2], staticNodes: true });
    using child = space.fork();
    for (const one of [space, child]) {
      fill(one, 0, 2);
      expect(nodesOf(one, 2)).toEqual([2, 1]);
      expect(one.getMempolicy()).toEqual({ mode: 'preferred', modeFlags: 0x8000, nodes: [2] });
    }
    space.setMempolicy({ mode: 'default' });
    expect(space.getMempolicy().mode).toBe('default');
    expect(child.getMempolicy().mode).toBe('preferred');
  });
});

describe('getMempolicy', () => {
  it('tells the nodes that there are', () => {
    using space = spaceOn(64, 1);
    expect(space.getMempolicy({ memsAllowed: true }).nodes).toEqual(Array.from({ length: 64 }, (_, n) => n));
  });

  it('tells where interleaving goes on', () => {
    using space = spaceOn(4, 1);
    space.setMempolicy({ mode: 'interleave', nodes: [2, 3] });
    expect(space.getMempolicy({ node: true })).toEqual({ node: 2, nodes: [2, 3] });
  });

  it('tells nodes as they were given, if there are flags', () => {
    using space = spaceOn(2, 1);
    space.mbind(page(0), PAGE, { mode: 'bind', nodes: [0, 70, 1023], staticNodes: true });
    expect(space.getMempolicy({ address: page(0) })).toEqual({ mode: 'bind', modeFlags: 0x8000, nodes: [0, 70, 1023] });
    space.mbind(page(0), PAGE, { mode: 'bind', nodes: [1, 5], relativeNodes: true });
    expect(space.getMempolicy({ address: page(0) }).nodes).toEqual([1, 5]);
    fill(space, 0, 1);
    expect(nodeOf(space, 0)).toBe(1);
    space.setMempolicy({ mode: 'preferred_many', nodes: [0, 7], numaBalancing: true });
    expect(space.getMempolicy()).toEqual({ mode: 'preferred_many', modeFlags: 0x2000, nodes: [0, 7] });
    space.setMempolicy({ mode: 'preferred_many', nodes: [0, 7] });
    expect(space.getMempolicy().nodes).toEqual([0]);
  });

  it.each<[string, string, GetMempolicyOptions]>([
    ['an address without its flag', 'EINVAL', { address: page(0), flags: 0 }],
    ['an address where nothing is', 'EFAULT', { address: page(9) }],
    ['address 0', 'EFAULT', { address: 0 }],
    ['the flag without an address', 'EFAULT', { flags: 2 }],
    ['an address in the middle of a page', 'ok', { address: page(0) + 5 }],
    ['a node without interleaving', 'EINVAL', { node: true }],
    ['the nodes that there are and an address', 'EINVAL', { address: page(0), memsAllowed: true }],
    ['the nodes that there are and a node', 'EINVAL', { node: true, memsAllowed: true }],
    ['an unknown flag', 'EINVAL', { flags: 8 }],
    ['flags that are text', INVALID, { flags: '1' as never }],
    ['an address below 0', RANGE, { address: -1 }],
    ['a switch that is a number', INVALID, { node: 1 as never }],
    ['options that are none', INVALID, null as never],
  ])('with %s: %s', (_, code, options) => {
    using space = spaceOn(2, 1);
    expect(codeOf(() => space.getMempolicy(options))).toBe(code);
  });
});

describe('runOnNode', () => {
  afterEach(() => runOnNode(0));

  it('says where the faults of this thread look for frames first', () => {
    using space = spaceOn(2, 3);
    expect(currentNode()).toBe(0);
    runOnNode(1);
    expect(currentNode()).toBe(1);
    fill(space, 0, 1);
    runOnNode(63); // there is none in this space
    fill(space, 1, 1);
    expect(nodesOf(space, 2)).toEqual([1, 0]);
  });

  it.each([64, -1, 0.5, NaN])('refuses %p', (node) => {
    expect(codeOf(() => runOnNode(node))).toBe(RANGE);
  });
});
