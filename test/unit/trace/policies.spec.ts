/** Memory policies: which nodes the kernel saw in a mask. */
import { compiled, type Drawn, section, strace } from './drawn';

function bound(mode: string, mask: string, most: string, rest = '0) = 0'): Promise<Drawn> {
  return compiled({
    'strace.txt': strace(
      [10, 'execve("/bin/prog", ["prog"], 0x7ffd00020000 /* 4 vars */) = 0'],
      [10, `mbind(0x402000, 4096, ${mode}, ${mask}, ${most}, ${rest}`],
    ),
    'maps.initial': section(10, 'exec'),
  });
}

describe('the nodes of a policy', () => {
  it.each([
    ['MPOL_BIND', '[0x00000000000005]', '64', 5n, 2n],
    [
      'MPOL_INTERLEAVE|MPOL_F_STATIC_NODES',
      '[0x8000000000000001, 0000000000000000]',
      '65',
      0x8000000000000001n,
      0x8003n,
    ],
    // the kernel takes one bit less than it is told
    ['MPOL_BIND', '[0x8000000000000001]', '64', 1n, 2n],
    ['0x6 /* MPOL_??? */', '[0x00000000000003]', '2', 1n, 6n],
    ['MPOL_LOCAL', 'NULL', '0', 0n, 4n],
    ['MPOL_LOCAL', '[]', '1', 0n, 4n],
  ])('are those that the kernel read: %s, %s, %s', async (mode, mask, most, nodes, number) => {
    const { trace, events } = await bound(mode, mask, most);
    expect(trace.unmodelled).toEqual({});
    expect(events[0]).toMatchObject({ op: 25, a: 0x402000n, b: 4096n, c: nodes, d: number, aux: 0 });
  });

  it('come with the flags', async () => {
    const { events } = await bound('MPOL_BIND', '[0x1]', '64', 'MPOL_MF_STRICT|MPOL_MF_MOVE_ALL) = 0');
    expect(events[0]).toMatchObject({ aux: 5 });
  });

  it.each([
    ['[0000000000000000, 0x00000000000001]', '128', '0) = 0', 'mbind of a node beyond 63'],
    ['0x7ffd00020000', '64', '0) = -1 EFAULT (Bad address)', 'mbind without its nodes'],
    ['[0x00000000000001, ...]', '40000', '0) = -1 EINVAL (Invalid argument)', 'mbind without its nodes'],
    ['[0x00000000000001]', '0', '0) = -1 EINVAL (Invalid argument)', 'mbind:EINVAL'],
    ['[0x00000000000001]', '64', 'MPOL_MF_STRICT) = -1 EIO (Input/output error)', 'mbind:EIO'],
  ])('that a replay cannot have are counted: %s, %s', async (mask, most, rest, counted) => {
    const { trace } = await bound('MPOL_BIND', mask, most, rest);
    expect(trace.unmodelled).toEqual({ [counted]: 1 });
  });
});
