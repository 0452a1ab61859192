import { AddressSpace, POLICY_NAMES } from '../../../lib';
import { codeOf } from '../../support/codes';
import { drawing, drawn, page, PAGE, pages } from '../../support/drawing';

describe.each(POLICY_NAMES)('fork under %s', (policy) => {
  it('gives a child that looks the same and has the same policy', () => {
    using parent = drawn('AAB.C', { policy });
    using child = parent.fork();
    expect(drawing(child)).toBe('AAB.C');
    expect(child.policy).toBe(policy);
    expect(child.maps()).toBe(parent.maps());
  });

  it('shares bytes until one of the two writes', () => {
    using parent = drawn('A', { policy });
    parent.write(page(0), Buffer.from('before'));
    using child = parent.fork();
    child.write(page(0), Buffer.from('after!'));
    expect([parent.read(page(0), 6).toString(), child.read(page(0), 6).toString()]).toEqual(['before', 'after!']);
    expect(child.stats().cowFaults).toBe(1);
  });

  it('lets each go its own way, and each outlive the other', () => {
    const parent = drawn('AAA', { policy });
    parent.write(page(2), Buffer.from('z'));
    using child = parent.fork();
    child.munmap(page(0), PAGE);
    parent.close();
    expect(drawing(child)).toBe('.AA');
    expect(child.read(page(2), 1).toString()).toBe('z');
    child.validate();
  });

  it('shares the pages of shared mappings', () => {
    using parent = new AddressSpace({ policy });
    const start = parent.mmap({ length: PAGE, shared: true });
    using child = parent.fork();
    child.write(start, Buffer.from('seen'));
    expect(parent.read(start, 4).toString()).toBe('seen');
  });

  it('leaves out what was advised not to be copied, and empties what was advised to be wiped', () => {
    using parent = drawn('ABC', { policy });
    parent.write(page(0), Buffer.alloc(pages(3), 1));
    parent.madvise(page(0), PAGE, 'dontfork');
    parent.madvise(page(1), PAGE, 'wipeonfork');
    using child = parent.fork();
    expect(codeOf(() => child.read(page(0), 1))).toBe('SIGSEGV');
    expect([child.read(page(1), 1)[0], child.read(page(2), 1)[0]]).toEqual([0, 1]);
  });

  it('counts frames in one pool', () => {
    using parent = drawn('AAAA', { policy, frames: 3 });
    parent.write(page(0), Buffer.alloc(pages(2), 1));
    using child = parent.fork();
    child.write(page(0), Buffer.from('x'));
    expect(codeOf(() => child.write(page(1), Buffer.from('x')))).toBe('ENOMEM');
    child.munmap(page(0), PAGE);
    child.write(page(1), Buffer.from('x'));
    expect(parent.status()['FramesUsed']).toBe(3);
  });
});
