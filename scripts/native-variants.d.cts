export type VariantName = 'plain' | 'asan' | 'tsan' | 'seq8' | 'builtin' | 'arm64' | 'ppc64le';

/** Where a variant is built, from the repository's root. */
export const VARIANTS: Readonly<Record<VariantName, { readonly folder: string }>>;
export function haveCMake(): boolean;
export function environmentOf(name: VariantName): NodeJS.ProcessEnv;
export function commandOf(name: VariantName, command: readonly string[]): readonly string[];
export function build(name: VariantName, jobs: number): void;
