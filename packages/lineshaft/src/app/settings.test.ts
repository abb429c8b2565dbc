/** Settings: every mistake at once, with the value seen and the way out; and never a secret in a message. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { secretOf } from "./secret.ts";
import { readSettings, SettingsError } from "./settings.ts";
import { openStore } from "./store.ts";

const LONG_SECRET = "0123456789abcdef0123456789abcdef";

function problemsOf(environment: Record<string, string>): string {
  try {
    readSettings(environment, "/project");
  } catch (error) {
    assert.ok(error instanceof SettingsError);
    return error.message;
  }
  return "";
}

describe("settings", () => {
  test("nothing set is a development app with everything inside the project folder", () => {
    const settings = readSettings({}, "/project");
    assert.deepEqual(
      [settings.mode, settings.host, settings.port, settings.metricsPort],
      ["development", "127.0.0.1", 4000, 4001],
    );
    assert.deepEqual([settings.dataFolder, settings.databaseUrl, settings.secret], ["/project/.lineshaft", null, null]);
  });

  test("an empty value is as good as none", () => {
    const names = [
      "NODE_ENV",
      "HOST",
      "PORT",
      "DATABASE_URL",
      "LOG_LEVEL",
      "PUBLIC_URL",
      "TRUST_PROXY",
      "LINESHAFT_SECRET",
    ];
    const empty = Object.fromEntries(names.map((name) => [name, ""]));
    assert.deepEqual(readSettings(empty, "/project"), readSettings({}, "/project"));
  });

  test("every mistake is told at once, with the way out", () => {
    const message = problemsOf({
      NODE_ENV: "prodution",
      PORT: "4000.5",
      METRICS_PORT: "70000",
      DATABASE_URL: "mysql://db/app",
      LOG_LEVEL: "inf",
      PUBLIC_URL: "app.example",
      TRUST_PROXY: "yes",
      SMTP_URL: "http://mail",
      LINESHAFT_SECRET: "short",
      LINESHAFT_DATABASE: "x",
      LINESHAFT_SECRT: "x",
    });
    for (const expected of [
      'NODE_ENV is "prodution"',
      'did you mean "production"?',
      'PORT is "4000.5"',
      'METRICS_PORT is "70000"',
      "DATABASE_URL is not a URL that starts with postgres:// or postgresql://",
      'did you mean "info"?',
      "PUBLIC_URL is not",
      'TRUST_PROXY is "yes"',
      "SMTP_URL is not",
      "LINESHAFT_SECRET has 5 characters",
      "LINESHAFT_DATABASE is not a setting",
      "did you mean LINESHAFT_SECRET?",
    ]) {
      assert.ok(message.includes(expected), `${expected}\nin\n${message}`);
    }
  });

  test("secrets and credentials are never echoed", () => {
    const message = problemsOf({
      NODE_ENV: "production",
      DATABASE_URL: "postgras://user:hunter2@host/db",
      SMTP_URL: "smtq://user:hunter3@host",
      PUBLIC_URL: "ftp://user:hunter4@host",
      LINESHAFT_SECRET: "hunter5",
    });
    assert.match(message, /DATABASE_URL[\s\S]*LINESHAFT_SECRET/);
    assert.doesNotMatch(message, /hunter/);
  });

  test("two ports that are the same are refused, two free ones are not", () => {
    assert.match(problemsOf({ PORT: "5000", METRICS_PORT: "5000" }), /both 5000/);
    assert.equal(problemsOf({ PORT: "0", METRICS_PORT: "0" }), "");
  });

  test("production needs a secret of its own", () => {
    assert.match(problemsOf({ NODE_ENV: "production" }), /LINESHAFT_SECRET is not set/);
    assert.doesNotMatch(problemsOf({ NODE_ENV: "production", LINESHAFT_SECRET: "short" }), /is not set/);
    assert.equal(problemsOf({ NODE_ENV: "production", LINESHAFT_SECRET: LONG_SECRET }), "");
  });

  test("a socket folder is a host of a database URL", () => {
    const url = "postgres://me@%2Fvar%2Frun%2Fpostgresql/app";
    assert.equal(readSettings({ DATABASE_URL: url }, "/project").databaseUrl, url);
  });

  test("the label of a store names the host and no credentials, even odd ones", async () => {
    const labels: string[] = [];
    for (const databaseUrl of [
      "postgres://user:hunter2@db.example:5433/app?sslmode=require",
      "postgres://user:hun@ter2@db.example:5433/app",
      "postgres://me@%2Fvar%2Frun/app",
      "postgres:///app?host=/tmp&password=hunter2",
      "postgres://u:100%@h/app",
    ]) {
      const settings = { ...readSettings({}, "/project"), databaseUrl };
      labels.push((await openStore(settings, () => {}, undefined as never)).label);
    }
    assert.deepEqual(labels, [
      "Postgres at db.example:5433",
      "Postgres at db.example:5433",
      "Postgres at /var/run",
      "Postgres at the configured server",
      "Postgres at h",
    ]);
  });

  test("the secret of a development app is made once, for its owner only, by however many starts", async () => {
    const folder = mkdtempSync(join(tmpdir(), "lineshaft-secret-"));
    try {
      const settings = { ...readSettings({}, folder), dataFolder: join(folder, "data") };
      const secrets = await Promise.all(Array.from({ length: 20 }, () => secretOf(settings)));
      assert.equal(new Set(secrets).size, 1);
      assert.ok(secrets[0]!.length >= 40);
      assert.equal(await secretOf(settings), secrets[0]);
      assert.equal(readFileSync(join(folder, "data/secret"), "utf8").trim(), secrets[0]);
      assert.equal(statSync(join(folder, "data/secret")).mode & 0o077, 0);
      assert.equal(await secretOf({ ...settings, secret: LONG_SECRET }), LONG_SECRET);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
