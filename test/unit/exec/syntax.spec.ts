import { parseAdvice, parseMapLetters, Words } from '../../../lib/exec/syntax';

const PAGE = 4096;

describe('a line of the protocol', () => {
  it.each([
    ['3', 3 * PAGE],
    ['3+5', 3 * PAGE + 5],
    ['+5', 5],
    ['0', 0],
    ['4096', 4096 * PAGE],
    [`+${4096 * PAGE}`, 4096 * PAGE],
  ])('takes %s for an amount', (text, bytes) => {
    expect(new Words(text).takeAmount()).toBe(bytes);
  });

  it.each(['', '+', '3+', '-1', '0x10', '3 ', 'three', '4097', `+${4096 * PAGE + 1}`, '1+2+3', '1.5'])(
    'does not take "%s" for an amount',
    (text) => {
      const words = new Words(text === '3 ' ? '' : text);
      expect(words.takeAmount()).toBeUndefined();
    },
  );

  it('separates words by blanks, tabs and the carriage returns of other systems', () => {
    const words = new Words('  mmap\t0  4\r');
    expect([words.take(), words.takeAmount(), words.takeAmount(), words.take()]).toEqual([
      'mmap',
      0,
      4 * PAGE,
      undefined,
    ]);
  });

  it.each([
    ['rw', 3],
    ['wr', 3],
    ['-', 0],
    ['r-x', 5],
    ['xwr', 7],
    ['rwd', 0x100_0003],
  ])('reads the protection %s as %s', (word, prot) => {
    expect(new Words(word).takeProt()).toBe(prot);
  });

  it.each(['q', 'rwz', ''])('does not take "%s" for a protection', (word) => {
    expect(new Words(word).takeProt()).toBeUndefined();
  });

  it.each([
    ['7', 7],
    ['256', 0],
    ['-1', 255],
    ['12abc', 12],
    ['abc', 0],
    ['', 0],
  ])('stores "%s" as the byte %d', (word, byte) => {
    expect(new Words(word).takeByte()).toBe(byte);
  });

  it('lets the last of p and s win, and knows all letters of mmap', () => {
    expect(parseMapLetters('ps')?.shared).toBe(true);
    expect(parseMapLetters('sp')?.shared).toBe(false);
    expect(parseMapLetters('sfNRPLSGB')).toEqual({
      ...{ shared: true, file: true, fixed: 'noreplace' },
      ...{
        noReserve: true,
        populate: true,
        locked: true,
        stack: true,
        growsDown: true,
        tooMuch: true,
        droppable: false,
      },
    });
    expect(parseMapLetters('pH')?.fixed).toBe(false);
    expect(parseMapLetters('pD')).toMatchObject({ shared: false, droppable: true });
    expect(parseMapLetters('sD')).toMatchObject({ shared: true, droppable: true });
    expect(parseMapLetters('pz')).toBeUndefined();
  });

  it('knows advice by name, and one number that nobody knows', () => {
    expect(parseAdvice('dontneed')).toBe('dontneed');
    expect(parseAdvice('bad')).toBe(9999);
    expect(parseAdvice('hwpoison')).toBeUndefined();
  });
});
