/** What a failure means: what is nobody's fault costs no attempt. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fault } from "../define/errors.ts";
import { MOVED_ON } from "../migrate/index.ts";
import { type Meaning, meaningOf } from "./failures.ts";

const failed = (code: string, message = "") => Object.assign(new Error(message), { code });

const CASES: readonly (readonly [Meaning, unknown])[] = [
  ["moved", failed(MOVED_ON)],
  ["again", failed("40001")],
  ["again", failed("0A000", "cached plan must not change result type")],
  ["away", failed("57P01")],
  ["away", fault("DATABASE_UNAVAILABLE")],
  ["away", failed("25006", "cannot execute INSERT in a read-only transaction")],
  ["away", failed("0A000", "cannot use serializable mode in a hot standby")],
  ["own", failed("0A000", "something else that is not there")],
  ["own", failed("23505")],
  ["own", new Error("mine")],
];

for (const [meaning, error] of CASES) {
  const { code = "", message } = error as Error & { code?: string };
  test(`${code} ${message} means: ${meaning}`, () => assert.equal(meaningOf(error, undefined), meaning));
}

test("the first failure of a transaction counts, whatever was made of it", () => {
  assert.equal(meaningOf(new Error("wrapped"), failed("40001")), "again");
});
