/** Edits of source text. */
import type { Edit } from './removal';

/** An edit whose place is not there, or there more than once. */
export class EditError extends Error {
  override readonly name = 'EditError';

  constructor({ file, after = '', take, before = '' }: Edit, places: number) {
    const text = [after, take, before].filter(Boolean).join(' ');
    super(`native/src/${file} has ${places} places with this text, and should have one: ${text}`);
  }
}

/** Finds a text wherever its lines are broken. */
function pattern(text: string): string {
  const words = text.trim().split(/\s+/);
  return words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('\\s+');
}

/** The one place of an edit in a text, as [start, end), without its context. */
export function placeOf(edit: Edit, text: string): { start: number; end: number } {
  const [after, take, before] = [edit.after ?? '', edit.take, edit.before ?? ''].map(pattern);
  const places = [...text.matchAll(new RegExp(`(${after}\\s*)(${take})\\s*${before}`, 'g'))];
  const [place] = places;
  if (!place || places.length !== 1) throw new EditError(edit, places.length);
  const start = place.index + (place[1]?.length ?? 0);
  return { start, end: start + (place[2]?.length ?? 0) };
}

/** The text after edits of the same file, each of which found its place in the text as it was. */
export function edited(text: string, edits: readonly Edit[]): string {
  const changes = edits.map((edit) => ({ edit, ...placeOf(edit, text) })).sort((a, b) => a.start - b.start);
  let result = '';
  let from = 0;
  for (const { edit, start, end } of changes) {
    if (start < from) throw new EditError(edit, 0);
    result += text.slice(from, start) + (edit.put && `${edit.put} `);
    from = end;
  }
  return result + text.slice(from);
}

export function byFile(edits: readonly Edit[]): Map<string, Edit[]> {
  const files = new Map<string, Edit[]>();
  for (const edit of edits) files.set(edit.file, [...(files.get(edit.file) ?? []), edit]);
  return files;
}
