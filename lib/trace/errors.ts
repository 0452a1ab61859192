/** A trace that cannot be read: one sentence that names the file and, where one is to blame, the line. */
export class TraceError extends Error {
  override readonly name = 'TraceError';
  readonly code = 'ERR_VMALOCK_BAD_TRACE';

  /**
   * @param reason what is wrong, without the place
   * @param file the file as the user named it
   * @param line from 1; 0 when the fault is with the whole file or folder
   */
  constructor(
    readonly reason: string,
    readonly file: string,
    readonly line = 0,
  ) {
    const shown = file === '' ? "''" : file;
    super(line > 0 ? `${shown}, line ${line}: ${reason}` : `${shown}: ${reason}`);
  }
}
