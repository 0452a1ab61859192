/** Which recorded layout belongs to which moment: sections of maps.initial and maps.final, handed out in their order. */
import type { MapsSection } from './proc-maps';

/** Sections of one file by process; each is given out once. */
export class Layouts {
  private readonly byPid = new Map<number, MapsSection[]>();

  constructor(sections: readonly MapsSection[], whys: readonly string[]) {
    for (const section of sections) {
      if (!whys.includes(section.why)) continue;
      const of = this.byPid.get(section.pid) ?? [];
      this.byPid.set(section.pid, of);
      of.push(section);
    }
  }

  /**
   * The next section of a process. One with the same name comes first: a recorder may have missed a layout, and then
   * the one that follows is another program's.
   */
  take(pid: number, comm: string): MapsSection | undefined {
    const of = this.byPid.get(pid) ?? [];
    const named = of.findIndex((section) => section.comm === comm);
    return of.splice(Math.max(named, 0), 1)[0];
  }

  /** A layout without a header belongs to the first process there is. */
  takeUnnamed(): MapsSection | undefined {
    return this.byPid.get(0)?.shift();
  }
}
