import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import ts from 'typescript-eslint';

const node = Object.fromEntries(
  ['require', 'module', 'process', 'console', '__dirname', '__filename', 'Buffer'].map((name) => [name, 'readonly']),
);

export default defineConfig(
  { ignores: ['dist', 'build*', 'docs/api', 'node_modules', 'coverage', 'prebuilds', '.sysroot'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts'],
    extends: [js.configs.recommended, ts.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // a binding of a loop or a disposable that is only there to be closed
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      eqeqeq: 'error',
    },
  },
  // the addon is no module that TypeScript knows
  { files: ['lib/internal/native.ts'], rules: { '@typescript-eslint/no-require-imports': 'off' } },
  { files: ['test/**'], rules: { '@typescript-eslint/prefer-promise-reject-errors': 'off' } },
  // what is public says its types; the rest of lib may be imported by its own tests only
  { files: ['lib/**'], rules: { '@typescript-eslint/explicit-module-boundary-types': 'error' } },
  {
    files: ['**/*.cjs'],
    extends: [js.configs.recommended],
    languageOptions: { sourceType: 'commonjs', globals: node },
  },
);
