/** `lineshaft doctor` as a real process: what it writes, and its exit codes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Finding } from "../../src/log/doctor.ts";
import { Project } from "./project.ts";

test("doctor: says what there is, what to change, and ends with 1 when a check has failed", {
  timeout: 180_000,
}, async () => {
  await using project = new Project();
  project.guardEnd();
  const none = await project.run(["doctor"]);
  assert.equal(none.code, 1);
  assert.match(none.stderr, /There is no database yet/);

  await project.output("migrate", "apply");
  const text = await project.output("doctor");
  assert.match(text, /^ok +wal_level +logical$/m);
  assert.match(text, /^ok +publications +tables published: 1$/m);
  assert.doesNotMatch(text, /failed|→/);

  project.write("links.ts", project.read("links.ts").replace('entity("link"', 'entity("other"'));
  const { code, stdout } = await project.run(["doctor", "--json"]);
  assert.equal(code, 1);
  const findings = JSON.parse(stdout) as Finding[];
  const failed = findings.filter(({ status }) => status === "failed");
  assert.deepEqual(
    failed.map(({ check, seen }) => [check, seen]),
    [["publications", "not published: links.other"]],
  );
  assert.match(failed[0]!.advice!, /lineshaft migrate apply/);
  assert.match((await project.run(["doctor"])).stdout, /^failed +publications[^\n]*\n +→ Run/m);
  assert.match(await project.output("help", "doctor"), /Usage +lineshaft doctor \[options\][\s\S]*Reads only/);
});
