/** What the comparison needs of the machine: why it says nothing here, or has to leave something out. */
import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import type { Profile } from './profiles';

const OVERCOMMIT = '/proc/sys/vm/overcommit_memory';

/** Behaviour follows 6.18: mremap, and what merges, was different before 6.17, and PR_SET_THP_DISABLE took no flags before 6.18. */
function kernelIsOlder(): string | undefined {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  return major < 6 || (major === 6 && minor < 18) ? `this kernel is ${release()}, the model follows 6.18` : undefined;
}

/** The model's machine refuses what no machine has, as vm.overcommit_memory=0 does, and promises the rest. */
function promisesDifferently(): string | undefined {
  const mode = existsSync(OVERCOMMIT) ? readFileSync(OVERCOMMIT, 'utf8').trim() : '0';
  return mode === '0' ? undefined : `vm.overcommit_memory is ${mode} here, the model's machine has 0`;
}

/** Why nothing can be compared with this machine. */
export function cannotBeCompared(): string | undefined {
  return kernelIsOlder() ?? promisesDifferently();
}

/** Below its heading /proc/swaps has a line for each area. */
function hasSwap(): boolean {
  return existsSync('/proc/swaps') && readFileSync('/proc/swaps', 'utf8').trim().split('\n').length > 1;
}

/** Why this machine cannot run the sequences of a profile: only its owner should turn swap on. */
export function isMissingFor(profile: Pick<Profile, 'swap'>): string | undefined {
  return profile.swap === true && !hasSwap()
    ? 'no swap here: turn on a file of 64 MiB with mkswap and swapon'
    : undefined;
}
