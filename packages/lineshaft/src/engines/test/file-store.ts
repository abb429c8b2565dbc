/** Contract of a store of files; every store passes it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type FileStore, newKey, type StoredBytes } from "../files.ts";

/** A store without files, for one test. */
export interface OpenStore extends AsyncDisposable {
  readonly store: FileStore;
  /** How many pieces of data it keeps, whatever they are called. */
  readonly count: () => Promise<number>;
  /** Makes all that it keeps as old as that, also what never became whole. */
  readonly age: (ms: number) => Promise<void>;
  /** Begins to store bytes and dies in the middle: leaves what a process would leave that was killed. */
  readonly dieAfter: (key: string, bytes: Uint8Array) => Promise<void>;
}

const DAY_MS = 86_400_000;
const anHourAgo = () => new Date(Date.now() - 3_600_000);

async function* pieces(...all: readonly Uint8Array[]): AsyncIterable<Uint8Array> {
  yield* all;
}

async function bytesOf(opened: StoredBytes | null, start = 0, end = (opened?.size ?? 0) - 1): Promise<Buffer | null> {
  return opened && Buffer.concat(await opened.read(start, end).toArray());
}

async function listed(store: FileStore, instant: Date): Promise<readonly string[]> {
  return (await Array.fromAsync(store.olderThan(instant))).toSorted();
}

/** Registers the tests of the contract. */
export function testFileStore(name: string, open: () => Promise<OpenStore>): void {
  describe(`${name}: a store of files`, () => {
    test("gives back what it was given, whole and in part", async () => {
      await using at = await open();
      const key = newKey();
      const [one, two] = [Buffer.from("hello "), Buffer.alloc(200_000, "wörld")];
      await at.store.put(key, pieces(one, two));
      const whole = Buffer.concat([one, two]);
      const opened = await at.store.open(key);
      assert.equal(opened?.size, whole.length);
      assert.ok(whole.equals((await bytesOf(opened))!));
      assert.ok(whole.subarray(3, 100_001).equals((await bytesOf(await at.store.open(key), 3, 100_000))!));
      assert.equal(await at.count(), 1);
    });

    test("keeps an empty file", async () => {
      await using at = await open();
      const key = newKey();
      await at.store.put(key, pieces());
      await using opened = await at.store.open(key);
      assert.equal(opened?.size, 0);
    });

    test("has nothing under a key that nothing was stored under", async () => {
      await using at = await open();
      assert.equal(await at.store.open(newKey()), null);
      await at.store.remove(newKey());
      assert.deepEqual(await listed(at.store, new Date(Date.now() + DAY_MS)), []);
    });

    test("keeps nothing of bytes that break off, and tells why", async () => {
      await using at = await open();
      const broken = async function* () {
        yield Buffer.alloc(100_000);
        throw new Error("the caller left");
      };
      await assert.rejects(at.store.put(newKey(), broken()), /the caller left/);
      assert.equal(await at.count(), 0);
    });

    test("removes a file, also twice, while it is read", async () => {
      await using at = await open();
      const key = newKey();
      await at.store.put(key, pieces(Buffer.alloc(300_000, 7)));
      const opened = await at.store.open(key);
      await at.store.remove(key);
      await at.store.remove(key);
      assert.equal(await at.store.open(key), null);
      assert.equal((await bytesOf(opened))!.length, 300_000);
      assert.equal(await at.count(), 0);
    });

    test("refuses keys that it has not made: they could be paths", async () => {
      await using at = await open();
      for (const key of ["", "../../etc/passwd", "a".repeat(32).toUpperCase(), `${newKey()}/..`, `${newKey()}\0`]) {
        await assert.rejects(at.store.open(key), /no key of a file/);
        await assert.rejects(at.store.put(key, pieces()), /no key of a file/);
        await assert.rejects(at.store.remove(key), /no key of a file/);
      }
      assert.equal(await at.count(), 0);
    });

    test("lists what is older than an instant, and removes what never became whole", async () => {
      await using at = await open();
      const [old, half, young] = [newKey(), newKey(), newKey()];
      await at.store.put(old, pieces(Buffer.from("old")));
      await at.dieAfter(half, Buffer.from("half"));
      assert.deepEqual(await listed(at.store, anHourAgo()), []);
      assert.equal(await at.count(), 2);
      await at.age(DAY_MS);
      await at.store.put(young, pieces(Buffer.from("young")));
      assert.equal(await at.store.open(half), null);
      assert.deepEqual(await listed(at.store, anHourAgo()), [old]);
      assert.equal(await at.count(), 2);
    });

    test("keeps many at the same time apart", async () => {
      await using at = await open();
      const files = Array.from({ length: 30 }, (_, index) => ({ key: newKey(), bytes: Buffer.alloc(50_000, index) }));
      await Promise.all(files.map(({ key, bytes }) => at.store.put(key, pieces(bytes))));
      for (const { key, bytes } of files) assert.ok(bytes.equals((await bytesOf(await at.store.open(key)))!));
      assert.equal(await at.count(), files.length);
    });
  });
}
