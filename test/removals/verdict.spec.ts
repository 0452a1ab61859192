import { reasonOf } from './verdict';

function ended(output: string, status: number | null = 1): string {
  return reasonOf({ status, timedOut: false, output });
}

describe('the reason of a failed test', () => {
  it('is the expectation, the assertion or the report that its output has', () => {
    expect(ended('a_case\n/w/native/test/vma/lock_test.c:102: expected: done\n')).toBe(
      'expectation: native/test/vma/lock_test.c:102: expected: done',
    );
    expect(ended('../native/test/x_test.c:3: f(1) is 0x0, expected 0x1')).toContain(
      'expectation: native/test/x_test.c:3',
    );
    expect(ended('a_case\nvmalock: /w/native/src/vma/vma.c:9: broken invariant: x > 0\n', null)).toBe(
      'assertion: native/src/vma/vma.c:9: broken invariant: x > 0',
    );
    expect(ended('...\nSUMMARY: ThreadSanitizer: data race /w/native/src/a.c:1 in f\n', 66)).toBe(
      'sanitizer: ThreadSanitizer: data race native/src/a.c:1 in f',
    );
  });

  it('is the time that was over, or the way it ended, with the case that ran', () => {
    expect(reasonOf({ status: null, timedOut: true, output: 'one\ntwo\n' })).toBe('timeout, last heard of: two');
    expect(ended('one\n', null)).toBe('crash, last heard of: one');
    expect(ended('', 3)).toBe('status 3');
  });
});
