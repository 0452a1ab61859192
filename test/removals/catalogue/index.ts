/** All removals, in the order of the docs. */
import type { Removal } from '../removal';
import { arch } from './arch';
import { assertions } from './assertions';
import { collapse } from './collapse';
import { exit } from './exit';
import { faults } from './faults';
import { fork } from './fork';
import { frames } from './frames';
import { freeing } from './freeing';
import { lock } from './lock';
import { lookup } from './lookup';
import { mbind } from './mbind';
import { merge } from './merge';
import { move } from './move';
import { nodes } from './nodes';
import { observers } from './observers';
import { ordering } from './ordering';
import { policies } from './policies';
import { remap } from './remap';
import { sequence } from './sequence';
import { statistics } from './statistics';
import { swap } from './swap';
import { truncation } from './truncation';
import { unmap } from './unmap';
import { userfault } from './userfault';
import { waiting } from './waiting';
import { writeback } from './writeback';

export const catalogue: readonly Removal[] = [
  ...policies,
  ...lookup,
  ...assertions,
  ...lock,
  ...waiting,
  ...fork,
  ...collapse,
  ...mbind,
  ...merge,
  ...remap,
  ...unmap,
  ...observers,
  ...faults,
  ...swap,
  ...arch,
  ...freeing,
  ...truncation,
  ...writeback,
  ...exit,
  ...userfault,
  ...move,
  ...nodes,
  ...ordering,
  ...statistics,
  ...frames,
  ...sequence,
];
