/**
 * JSON Patch (RFC 6902) that changes nothing in place: what a patch leaves alone stays the same object, so that a view
 * can tell by identity which parts of an answer are new.
 */

/** One change of a JSON document. */
export type Operation =
  | { readonly op: "add" | "replace" | "test"; readonly path: string; readonly value: unknown }
  | { readonly op: "remove"; readonly path: string }
  | { readonly op: "move" | "copy"; readonly path: string; readonly from: string };

type Container = Record<string, unknown> | unknown[];
/** Changes a copy of the container that holds the end of a path. */
type Edit = (container: Container, key: string) => void;

/**
 * The document after the patch: all of it, or an error.
 *
 * @throws {Error} when a path leads nowhere or a `test` fails.
 */
export function applyPatch(document: unknown, patch: readonly Operation[]): unknown {
  // With the document itself under the name "", a pointer is its names, and the whole document is no special case.
  let root: unknown = { "": document };
  for (const operation of patch) root = applied(root, operation);
  return (root as { "": unknown })[""];
}

function applied(root: unknown, operation: Operation): unknown {
  const path = namesOf(operation.path);
  switch (operation.op) {
    case "add":
      return edited(root, path, add(operation.value));
    case "remove":
      return edited(root, path, remove);
    case "replace":
      return edited(root, path, replace(operation.value));
    case "move": {
      const from = namesOf(operation.from);
      return edited(edited(root, from, remove), path, add(found(root, from)));
    }
    case "copy":
      return edited(root, path, add(found(root, namesOf(operation.from))));
    case "test":
      if (equal(found(root, path), operation.value)) return root;
      throw new Error(`The test of "${operation.path}" failed.`);
    default:
      throw new Error(`"${(operation as { op: unknown }).op}" is not an operation.`);
  }
}

/** The names of a JSON Pointer (RFC 6901); the first one is that of the document. */
function namesOf(pointer: string): string[] {
  const names = pointer.split("/").map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"));
  if (names[0] !== "" || names.includes("__proto__")) throw nowhere(pointer);
  return names;
}

function nowhere(what: string): Error {
  return new Error(`"${what}" leads nowhere.`);
}

function edited(node: unknown, [name = "", ...rest]: readonly string[], edit: Edit): Container {
  const copy = Array.isArray(node) ? [...node] : { ...(node as Record<string, unknown>) };
  if (rest.length === 0) edit(copy, name);
  else replace(edited(child(node, name), rest, edit))(copy, name);
  return copy;
}

function found(root: unknown, path: readonly string[]): unknown {
  return path.reduce(child, root);
}

function child(node: unknown, name: string): unknown {
  const isThere = Array.isArray(node) ? isIndex(name, node.length - 1) : isContainer(node) && Object.hasOwn(node, name);
  if (!isThere) throw nowhere(name);
  return (node as Record<string, unknown>)[name];
}

function isContainer(value: unknown): value is Container {
  return typeof value === "object" && value !== null;
}

function isIndex(name: string, max: number): boolean {
  return /^(?:0|[1-9]\d*)$/.test(name) && Number(name) <= max;
}

const add =
  (value: unknown): Edit =>
  (container, name) => {
    if (!Array.isArray(container)) container[name] = value;
    else if (name === "-") container.push(value);
    else if (isIndex(name, container.length)) container.splice(Number(name), 0, value);
    else throw nowhere(name);
  };

const replace =
  (value: unknown): Edit =>
  (container, name) => {
    child(container, name);
    (container as Record<string, unknown>)[name] = value;
  };

const remove: Edit = (container, name) => {
  child(container, name);
  if (Array.isArray(container)) container.splice(Number(name), 1);
  else delete container[name];
};

function equal(one: unknown, other: unknown): boolean {
  if (!isContainer(one) || !isContainer(other)) return one === other;
  const names = Object.keys(one);
  const isAlike = Array.isArray(one) === Array.isArray(other) && names.length === Object.keys(other).length;
  return isAlike && names.every((name) => Object.hasOwn(other, name) && equal(child(one, name), child(other, name)));
}
