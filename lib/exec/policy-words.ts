/**
 * Memory policies as words of the protocol: `bind:0`, `interleave=static:0,1`, `local`.
 */
import type { MbindOptions, Mempolicy, MempolicyMode } from '../mempolicy';

const MODES: readonly MempolicyMode[] = [
  'default',
  'preferred',
  'bind',
  'interleave',
  'local',
  'preferred_many',
  'weighted_interleave',
];
const STATIC_NODES = 0x8000;
const RELATIVE_NODES = 0x4000;

/** @returns undefined for what is no policy */
export function parsePolicy(word: string): MbindOptions | undefined {
  const match = /^([a-z_]+)(=static|=relative)?(?::(\d\d?(?:,\d\d?)*)?)?$/.exec(word);
  const mode = MODES.find((name) => name === match?.[1]);
  if (!match || mode === undefined) return undefined;
  const nodes = (match[3] ?? '').split(',').filter((text) => text !== '');
  return {
    mode,
    nodes: nodes.map(Number).filter((node) => node < 64),
    staticNodes: match[2] === '=static',
    relativeNodes: match[2] === '=relative',
  };
}

/** MPOL_MF_ letters: s strict, m move, a move all; - for none. @returns undefined for another */
export function parsePolicyFlags(word: string): Pick<MbindOptions, 'strict' | 'move' | 'moveAll'> | undefined {
  if (!/^[sma-]*$/.test(word)) return undefined;
  return { strict: word.includes('s'), move: word.includes('m'), moveAll: word.includes('a') };
}

/** As {@link parsePolicy} reads it. */
export function policyWord({ mode = 'default', modeFlags = 0, nodes }: Mempolicy): string {
  const kind = modeFlags & STATIC_NODES ? '=static' : modeFlags & RELATIVE_NODES ? '=relative' : '';
  return `${mode}${kind}${nodes.length > 0 ? `:${nodes.join(',')}` : ''}`;
}
