/**
 * `sys NAME ...` of the protocol: arguments as they are.
 */
import { Executor } from '../../../lib/exec/executor';

function answers(...lines: string[]): string[] {
  using executor = new Executor({ pages: 16 });
  return lines.map((line) => executor.answer(line).trimEnd());
}

/** What only the last line answers. */
function last(...lines: string[]): string | undefined {
  return answers(...lines).at(-1);
}

describe('a system call of the protocol', () => {
  it('takes numbers in C’s way, and addresses of the range', () => {
    expect(
      answers('sys mmap @0 0x8000 3 0x32 0 -', 'sys munmap @1 4096', 'sys munmap @4-1 010000', 'sys munmap @2 -1', '?'),
    ).toEqual(['@0 ok', '0 ok', '-1 EINVAL', '-1 EINVAL', 'maps 2 0-1:rw-p:a 2-8:rw-p:a']);
  });

  it('says what is no number, and what is no call', () => {
    expect(answers('sys munmap @0', 'sys munmap @0 x', 'sys munmap @ 1', 'sys frobnicate 1', 'sys')).toEqual([
      'X syntax',
      'X syntax',
      'X syntax',
      'X unknown operation',
      'X unknown operation',
    ]);
  });

  it('unmaps at once what lies elsewhere, and what reaches out of the range', () => {
    expect(answers('sys mmap 0 4096 3 0x22 0 -', 'sys mmap @14 0x8000 3 0x32 0 -', '?', 'status')).toEqual([
      '@away ok',
      '@14 ok',
      'maps 1 14-16:rw-p:a',
      'status VmSize 2 VmData 2 VmLck 0 VmStk 0 VmLib 0',
    ]);
  });

  it('knows files by how they were opened', () => {
    const map = (prot: number, word: string) => last(`sys mmap @0 4096 ${prot} 0x11 0 ${word}`);
    expect(['-', 'f', 'fr', 'fw', 'd', 'dr', 'dw'].map((word) => map(3, word))).toEqual([
      ...['-1 EBADF', '@0 ok', '-1 EACCES', '-1 EACCES', '@0 ok', '-1 EACCES', '-1 EACCES'],
    ]);
    expect(map(1, 'dr')).toBe('@0 ok');
  });

  it('looks at the low bits of what the kernel keeps in an int', () => {
    expect(last('mmap 0 4 rw p', 'w 1 1', 'sys madvise @0 0x4000 0x100000004', '?c')).toBe(
      'maps 1 0-4:rw-p:a\ncore 0000............',
    );
  });

  it('gives a heap that begins at 0, and that reset takes away', () => {
    expect(answers('sys brk 0', 'sys brk 8192', 'sys brk -1', 'reset', 'sys brk 0')).toEqual([
      ...['0 ok', '8192 ok', '8192 ok', 'reset ok', '0 ok'],
    ]);
  });

  it('leaves nothing of seals and of MDWE behind reset', () => {
    expect(last('mmap 0 4 rw p', 'sys mseal @0 4096 0', 'sys mdwe 1', 'reset', 'sys mmap @0 4096 7 0x32 0 -')).toBe(
      '@0 ok',
    );
  });

  it('brings pages by a userfaultfd, and says how many came', () => {
    expect(
      answers(
        'mmap 0 4 rw p',
        'w 1 1',
        'sys uffd_register @0 0x4000 1 1',
        'sys uffd_copy @0 0x2000 0 1',
        'sys uffd_zeropage @2 0x1000 0 1',
        'sys uffd_move @3 @1 0x1000 0 1',
        'sys uffd_register @0 0x4000 8 1',
        '?c',
      ).slice(2),
    ).toEqual(['0 ok', '-1 EAGAIN 1', '0 ok', '0 ok', '-1 EINVAL', 'maps 1 0-4:rw-p:a\ncore 1011............']);
  });

  it('asks for policies', () => {
    expect(
      answers('mmap 0 4 rw p', 'sys mbind @0 0x4000 2 1 0', 'sys get_mempolicy @1 2', 'sys get_mempolicy @9 2'),
    ).toEqual(['@0 ok', '0 ok', '2:1 ok', '-1 EFAULT']);
  });
});
