import type { PolicyName } from '../../lib/policy';
import { native } from '../../lib/internal/native';

/** The policies of the registry: a new one is measured as soon as it is listed there. */
export const PolicyNames = native.policies as readonly PolicyName[];
