/** What the command ends with; the table in `--help` is made of these texts. */
export const ExitCode = {
  OK: 0,
  /** an outcome or a final map differed from the recorded one */
  DIFFERS: 1,
  /** bad input (an option, a file, a trace), or a result that cannot be written */
  BAD_INPUT: 2,
  /** stopped by Ctrl-C */
  INTERRUPTED: 130,
} as const;
