import { type AddressSpace } from '../../../lib';
import { codeOf, errorOf, RANGE } from '../../support/codes';
import { drawn, page, PAGE } from '../../support/drawing';

/** The calls as they can be made today. */
type Call = (space: AddressSpace) => unknown;

describe('a call that is not modelled yet', () => {
  it.each<[string, Call]>([['mseal', (space) => space.mseal(page(0), PAGE)]])(
    'says so and changes nothing: %s',
    (syscall, call) => {
      using space = drawn('A');
      const before = space.maps();
      expect(errorOf(() => call(space))).toMatchObject({
        code: 'ENOSYS',
        errno: -38,
        syscall,
        message: `ENOSYS: ${syscall} is not modelled yet`,
      });
      expect(space.maps()).toBe(before);
    },
  );

  it.each<[string, Call, string]>([['mseal with half a flag', (space) => space.mseal(page(0), PAGE, 0.5), RANGE]])(
    'checks its arguments all the same: %s',
    (_, call, code) => {
      using space = drawn('A');
      expect(codeOf(() => call(space))).toBe(code);
    },
  );
});
