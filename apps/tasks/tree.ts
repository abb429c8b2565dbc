/** The tree of subtasks of some projects, in memory: levels and cycles are judged on it. */

interface Leaf {
  readonly id: string;
  readonly project: string;
  readonly parent: string | null;
}

export class Tree {
  readonly #parents = new Map<string, string | null>();
  readonly #projects = new Map<string, string>();
  readonly #children = new Map<string, Set<string>>();

  constructor(leaves: readonly Leaf[]) {
    for (const { id, project, parent } of leaves) {
      this.#projects.set(id, project);
      this.move(id, parent);
    }
  }

  projectOf(id: string): string | undefined {
    return this.#projects.get(id);
  }

  /** Puts a task below another, or at the top. */
  move(id: string, parent: string | null): void {
    const before = this.#parents.get(id) ?? null;
    if (before !== null) this.#children.get(before)?.delete(id);
    this.#parents.set(id, parent);
    if (parent === null) return;
    const siblings = this.#children.get(parent) ?? new Set();
    this.#children.set(parent, siblings.add(id));
  }

  /** Whether a task is another, or below it. */
  isBelow(id: string, other: string): boolean {
    return this.#path(id).includes(other);
  }

  /** Levels from the top down to a task, itself included. */
  depthOf(id: string): number {
    return this.#path(id).length;
  }

  /** Levels from a task down to its lowest subtask, itself included. */
  heightOf(id: string): number {
    return 1 + Math.max(0, ...[...(this.#children.get(id) ?? [])].map((child) => this.heightOf(child)));
  }

  #path(id: string): string[] {
    const path: string[] = [];
    for (let each: string | null = id; each !== null; each = this.#parents.get(each) ?? null) path.push(each);
    return path;
  }
}
