import type { Spread } from '../results';

function atFraction(sorted: readonly number[], fraction: number): number {
  const place = fraction * (sorted.length - 1);
  const below = Math.floor(place);
  const low = sorted[below] ?? 0;
  return low + ((sorted[below + 1] ?? low) - low) * (place - below);
}

/** The median and what four fifths lie between; `null` of nothing. */
export function spreadOf(values: readonly number[]): Spread | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  return { median: atFraction(sorted, 0.5), p10: atFraction(sorted, 0.1), p90: atFraction(sorted, 0.9) };
}
