/** The types have a budget: a large app must check fast, in the editor as well. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { measure, SERVICES_DEFAULT } from "./measure.ts";

/** Of the app with 500 endpoints and 100 entities. A few per cent are left; look for the reason before you raise it. */
const INSTANTIATIONS_MAX = 1_000_000;
/** Fewer would mean that the app was not understood: bodies checked against `any` cost next to nothing. */
const INSTANTIATIONS_MIN = 500_000;

test("500 endpoints and 100 entities check without a message and within the budget", async () => {
  const cost = await measure(SERVICES_DEFAULT);
  assert.deepEqual(cost.errors, []);
  assert.equal(cost.endpoints, 500);
  assert.ok(cost.instantiations > INSTANTIATIONS_MIN, `${cost.instantiations} instantiations: far too few`);
  assert.ok(
    cost.instantiations <= INSTANTIATIONS_MAX,
    `${cost.instantiations} instantiations; the budget is ${INSTANTIATIONS_MAX}. Run node bench/types/measure.ts.`,
  );
});
