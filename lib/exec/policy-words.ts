/**
 * Memory policies as words of the protocol: `bind:0`, `interleave=static:0,1`, `local`.
 */
import { native } from '../internal/native';
import { type MbindOptions, type Mempolicy, MEMPOLICY_MODES } from '../mempolicy';

const { MPOL_F_STATIC_NODES, MPOL_F_RELATIVE_NODES, MPOL_F_NUMA_BALANCING } = native.constants;

/** Behind the mode. */
const KINDS: readonly (readonly [word: string, flag: number])[] = [
  ['=static', MPOL_F_STATIC_NODES],
  ['=relative', MPOL_F_RELATIVE_NODES],
  ['=balancing', MPOL_F_NUMA_BALANCING],
];

/** @returns undefined for what is no policy */
export function parsePolicy(word: string): MbindOptions | undefined {
  const match = /^([a-z_]+)(=static|=relative|=balancing)?(?::(\d\d?(?:,\d\d?)*)?)?$/.exec(word);
  const mode = MEMPOLICY_MODES.find((name) => name === match?.[1]);
  if (!match || mode === undefined) return undefined;
  const nodes = (match[3] ?? '').split(',').filter((text) => text !== '');
  return {
    mode,
    nodes: nodes.map(Number).filter((node) => node < 64),
    staticNodes: match[2] === '=static',
    relativeNodes: match[2] === '=relative',
    numaBalancing: match[2] === '=balancing',
  };
}

/** MPOL_MF_ letters: s strict, m move, a move all; - for none. @returns undefined for another */
export function parsePolicyFlags(word: string): Pick<MbindOptions, 'strict' | 'move' | 'moveAll'> | undefined {
  if (!/^[sma-]*$/.test(word)) return undefined;
  return { strict: word.includes('s'), move: word.includes('m'), moveAll: word.includes('a') };
}

/** As {@link parsePolicy} reads it. */
export function policyWord({ mode = 'default', modeFlags = 0, nodes }: Mempolicy): string {
  const kinds = KINDS.filter(([, flag]) => (modeFlags & flag) !== 0).map(([word]) => word);
  return `${mode}${kinds.join('')}${nodes.length > 0 ? `:${nodes.join(',')}` : ''}`;
}
