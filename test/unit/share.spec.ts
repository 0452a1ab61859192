import { AddressSpace } from '../../lib';
import { codeOf, INVALID } from '../support/codes';
import { drawing, drawn, page, PAGE } from '../support/drawing';

const STALE = 'ERR_VMALOCK_STALE_TOKEN';

describe('a token', () => {
  it('opens the same space: what one does the other sees', () => {
    using space = drawn('AA');
    using other = AddressSpace.open(space.share());
    other.munmap(page(0), PAGE);
    space.write(page(1), Buffer.from('x'));
    expect(drawing(space)).toBe('.A');
    expect(other.read(page(1), 1).toString()).toBe('x');
    expect(other.policy).toBe(space.policy);
  });

  it('stays the same, whoever asks for it', () => {
    using space = drawn('A');
    using other = AddressSpace.open(space.share());
    expect(other.share()).toBe(space.share());
  });

  it('is another one for another space, also for a fork', () => {
    using space = drawn('A');
    using child = space.fork();
    expect(child.share()).not.toBe(space.share());
  });

  it('names the space until the last of those that opened it is closed', () => {
    const space = drawn('A');
    const token = space.share();
    const other = AddressSpace.open(token);
    space.close();
    AddressSpace.open(token).close();
    expect(drawing(other)).toBe('A');
    other.close();
    expect(codeOf(() => AddressSpace.open(token))).toBe(STALE);
  });

  it('tells nothing about the memory of the process', () => {
    using space = drawn('A');
    expect(space.share()).toMatch(/^vmalock-[0-9a-f]{32}$/);
  });

  it.each(['', 'vmalock-', 'vmalock-00000000000000000000000000000000', '0x7f0000000000', 'ä\0'])(
    'that nobody gave opens nothing: %j',
    (token) => {
      expect(codeOf(() => AddressSpace.open(token))).toBe(STALE);
    },
  );

  it.each([undefined, null, 5, {}, Symbol('token')])('is text, not %p', (token) => {
    expect(codeOf(() => AddressSpace.open(token as string))).toBe(INVALID);
  });
});
