/** Whether the kernel maps the shared zero page where fresh memory is read, which the model has to do as well then. */
import { hostHasZeroPage } from '../../lib/exec/host';
import type { Speaker } from './speaker';

/** Asks for it: such a page does not count as resident. Who does not speak of smaps leaves it to a guess by this process' size. */
export async function hasZeroPage(kernel: Speaker): Promise<boolean> {
  const answers = await kernel.ask(['mmap 0 1 r p', 'r 0', 'smaps', 'reset']);
  const resident = /^smaps 0-1:(\d+),/.exec(answers[2] ?? '')?.[1];
  return resident === undefined ? hostHasZeroPage() : resident === '0';
}
