/**
 * Sequences that swap pages out need a machine with some swap, which only its owner should turn on.
 */
import { existsSync, readFileSync } from 'node:fs';
import type { Profile } from './sequences';

/** Below its heading /proc/swaps has a line for each area. */
function hasSwap(): boolean {
  return existsSync('/proc/swaps') && readFileSync('/proc/swaps', 'utf8').trim().split('\n').length > 1;
}

/** Why this machine cannot run the sequences of a profile. */
export function isMissingFor(profile: Profile): string | undefined {
  return profile.swap === true && !hasSwap()
    ? 'no swap here: turn on a file of 64 MiB with mkswap and swapon'
    : undefined;
}
