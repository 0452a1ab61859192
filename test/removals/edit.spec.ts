import { edited, EditError, placeOf } from './edit';
import { added, instead, swapped, without } from './removal';

const TEXT = 'if (a)\n\tlock(x);\nstore(x);\nunlock(x);\nif (b)\n\tlock(x);\n';

describe('an edit', () => {
  it('finds its text wherever its lines are broken', () => {
    expect(edited(TEXT, [without('f.c', 'if (a) lock(x);')])).toBe('\nstore(x);\nunlock(x);\nif (b)\n\tlock(x);\n');
  });

  it('keeps the context by which it is found', () => {
    expect(edited(TEXT, [without('f.c', 'lock(x);', { after: 'if (b)' })])).toBe(
      'if (a)\n\tlock(x);\nstore(x);\nunlock(x);\nif (b)\n\t\n',
    );
    expect(edited('a;\nb;', [added('f.c', 'c;', { after: 'a;', before: 'b;' })])).toBe('a;\nc; b;');
  });

  it('lets neighbours change places', () => {
    expect(edited('a;\n\tb;\n', [swapped('f.c', 'a;', 'b;')])).toBe('b; a; \n');
  });

  it('is refused where its place is missing, or is not the only one', () => {
    expect(() => placeOf(without('f.c', 'lock(y);'), TEXT)).toThrow(EditError);
    expect(() => placeOf(without('f.c', '\tlock(x);'), TEXT)).toThrow(/native\/src\/f\.c has 3 places/);
  });

  it('finds its place in the text as it was, whatever other edits do', () => {
    expect(edited('a; b;', [instead('f.c', 'a;', 'b;'), instead('f.c', 'b;', 'a;')])).toBe('b;  a; ');
    expect(() => edited('a; b;', [without('f.c', 'a; b;'), without('f.c', 'b;')])).toThrow(EditError);
  });
});
