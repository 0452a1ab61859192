import { parseResults, threeDigits } from '../../bench/results';
import { lines, result } from './results';

describe('a file of results', () => {
  it('is read line by line, empty lines passed over', () => {
    expect(parseResults(`${lines(result())}\n${lines(result({ vmas: 5 }))}`, 'x').map((one) => one.vmas)).toEqual([
      1000, 5,
    ]);
  });

  it.each([
    ['{"case":', 'not JSON'],
    ['[]', 'not an object'],
    [JSON.stringify({ ...result(), ratio: { median: '1' } }), 'ratio is missing or of another kind'],
    [JSON.stringify({ ...result(), role: 'winner' }), 'role is missing or of another kind'],
    [JSON.stringify({ ...result(), run: {} }), 'run is missing or of another kind'],
    [JSON.stringify({ ...result(), vmas: undefined }), 'vmas is missing or of another kind'],
  ])('is refused with the line that is wrong: %s', (line, reason) => {
    expect(() => parseResults(`${lines(result())}${line}\n`, 'old.jsonl')).toThrow(/^old\.jsonl:2: /);
    expect(() => parseResults(line, 'old.jsonl')).toThrow(reason);
  });

  it('is refused when it holds nothing', () => {
    expect(() => parseResults('\n\n', 'old.jsonl')).toThrow('old.jsonl: holds no results');
  });
});

it('numbers keep three digits that matter, and whole ones all of theirs', () => {
  expect([0, 0.01234, 0.1234, 1.234, 12.34, 123.4, 12345].map(threeDigits)).toEqual([
    '0',
    '0.0123',
    '0.123',
    '1.23',
    '12.3',
    '123',
    '12345',
  ]);
});
