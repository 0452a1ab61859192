import { catalogue } from './catalogue';
import { selected } from './selection';

describe('the removals that are tried', () => {
  it('are those of a row, by its label or by words of it', () => {
    const ofFork = selected(catalogue, { row: 'F1', seed: 1 });
    expect(ofFork.length).toBeGreaterThan(0);
    expect(ofFork.every(({ rows }) => rows.includes('F1'))).toBe(true);
    expect(selected(catalogue, { row: 'patch 26', seed: 1 }).length).toBeGreaterThan(0);
    expect(selected(catalogue, { row: 'patch 29', seed: 1 })).toEqual([]);
    expect(selected(catalogue, { row: 'OOM reaper had emptied', seed: 1 }).length).toBeGreaterThan(0);
  });

  it('are a sample that its seed repeats, of those that are quick and depend on no chance', () => {
    const sample = selected(catalogue, { sample: 20, seed: 7 });
    expect(sample).toHaveLength(20);
    expect(sample).toEqual(selected(catalogue, { sample: 20, seed: 7 }));
    expect(sample).not.toEqual(selected(catalogue, { sample: 20, seed: 8 }));
    expect(sample.filter(({ variant, times }) => variant !== undefined || times !== undefined)).toEqual([]);
  });
});
