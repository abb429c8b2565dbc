/**
 * Watch: tells when a source file below a folder has changed.
 *
 * One watch per folder, because one on the whole tree would walk `node_modules`. Changes that come together, as when an
 * editor formats what it has saved, are told once.
 * A folder with a `vite.config` holds a page, and is left out with all below it.
 * Limits. `FOLDERS_MAX` folders; what lies beyond is not watched, and `onLimit` hears of it.
 */
import { type FSWatcher, readdirSync, watch } from "node:fs";
import { join } from "node:path";

/** How long no further change may come before the changes are told. */
const QUIET_MS = 25;
/** Folders watched at most: systems hand out watches sparingly. */
export const FOLDERS_MAX = 4_000;
/** Folders that hold no source of the app, beside those whose name begins with a dot. */
const IGNORED = new Set(["node_modules", "migrations", "dist", "build", "coverage"]);
const SOURCE = /\.(?:[cm]?[jt]s|[jt]sx|json)$/;
/** Marks a page that another tool builds and reloads; its changes are none of the app's. */
const PAGE = /^vite\.config\.[cm]?[jt]s$/;
const TEST = /\.test\.[cm]?[jt]sx?$/;

export interface Watching extends Disposable {
  readonly folderCount: number;
}

/** Whether a change of this file is one of the app. */
export function isSource(name: string): boolean {
  return SOURCE.test(name) && !TEST.test(name) && !name.startsWith(".");
}

/** Calls `onChange` with the files that have changed, relative to the folder. */
export function watchSources(
  root: string,
  onChange: (files: readonly string[]) => void,
  onLimit: () => void = () => {},
): Watching {
  const watchers = new Map<string, FSWatcher>();
  const changed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  const tell = () => {
    const files = [...changed];
    changed.clear();
    onChange(files);
  };
  const note = (file: string) => {
    changed.add(file);
    clearTimeout(timer);
    timer = setTimeout(tell, QUIET_MS);
  };
  const add = (folder: string, isNew: boolean) => {
    if (watchers.has(folder)) return;
    if (watchers.size >= FOLDERS_MAX) {
      onLimit();
      return;
    }
    const watcher = watchFolder(join(root, folder), (name) => {
      if (isSource(name)) note(join(folder, name));
      else if (!IGNORED.has(name) && !name.startsWith(".")) add(join(folder, name), true);
    });
    if (watcher === null) return;
    const entries = readdirSync(join(root, folder), { withFileTypes: true });
    if (folder !== "" && entries.some(({ name }) => PAGE.test(name))) {
      watcher.close();
      return;
    }
    watchers.set(folder, watcher);
    watcher.on("error", () => watchers.delete(folder));
    for (const entry of entries) {
      if (entry.isDirectory() && !IGNORED.has(entry.name) && !entry.name.startsWith("."))
        add(join(folder, entry.name), isNew);
      else if (isNew && isSource(entry.name)) note(join(folder, entry.name));
    }
  };
  add("", false);
  return {
    get folderCount() {
      return watchers.size;
    },
    [Symbol.dispose]() {
      clearTimeout(timer);
      for (const watcher of watchers.values()) watcher.close();
    },
  };
}

/** Null for what is no folder, or is gone again. */
function watchFolder(path: string, onEvent: (name: string) => void): FSWatcher | null {
  try {
    readdirSync(path);
    return watch(path, (_event, name) => void (name !== null && onEvent(name)));
  } catch {
    return null;
  }
}
