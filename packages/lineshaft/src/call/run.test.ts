/** Contract of a run: what becomes visible, what is repeated, what the caller is told. On every server. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { sql } from "kysely";
import { Fault } from "../define/errors.ts";
import { missing, TEST_SERVERS } from "../testkit/index.ts";
import { ATTEMPTS_MAX } from "./run.ts";
import { auditCommand, command, isFault, query, Site, type Stand } from "./test/stand.ts";

const CALLERS = 50;

for (const server of TEST_SERVERS) {
  describe(`a run on ${server.name}`, { skip: missing(server) }, () => {
    let site: Site;
    let stand: Stand;
    before(async () => {
      site = await Site.open(server);
      stand = site.stand();
    });
    after(async () => {
      await stand[Symbol.asyncDispose]();
      await site[Symbol.asyncDispose]();
    });
    beforeEach(async () => {
      await site.ask("truncate bank.account, bank.note, audit.note");
      await site.ask("insert into bank.account values ('alice', 100), ('bob', 100)");
    });
    const texts = async (service = "bank") =>
      (await site.ask(`select text from ${service}.note order by text`)).map((row) => row.text);
    const balance = async (name: string) =>
      (await site.ask("select balance from bank.account where name = $1", [name]))[0]?.balance;

    test("several statements become visible together, and only at the commit [CMD-1]", async () => {
      let seenInside: unknown[] = [];
      await stand.call(
        command(async ({ db }) => {
          await db.insertInto("note").values({ text: "one" }).execute();
          await Promise.all(["two", "three"].map((text) => db.insertInto("note").values({ text }).execute()));
          seenInside = await texts();
        }),
      );
      assert.deepEqual(seenInside, []);
      assert.deepEqual(await texts(), ["one", "three", "two"]);
    });

    test("a run that throws, or fails with a code, leaves nothing [CMD-1]", async () => {
      const failing = command(async ({ db, fail }) => {
        await db.insertInto("note").values({ text: "gone" }).execute();
        throw fail("FORBIDDEN", "no");
      });
      await assert.rejects(stand.call(failing), isFault("FORBIDDEN", 403));
      const throwing = command(async ({ db }) => {
        await db.insertInto("note").values({ text: "gone" }).execute();
        throw new TypeError("a bug");
      });
      await assert.rejects(stand.call(throwing), TypeError);
      assert.deepEqual(await texts(), []);
    });

    test("a violation that the run catches cannot commit half [CMD-1]", async () => {
      const catching = command(async ({ db }) => {
        await db.insertInto("note").values({ text: "first" }).execute();
        await db
          .insertInto("note")
          .values({ text: "first" })
          .execute()
          .catch(() => {});
        return "done";
      });
      await assert.rejects(stand.call(catching), (error: Fault) => {
        assert.equal(error.code, "ALREADY_EXISTS");
        assert.deepEqual(
          error.errors?.map((each) => each.pointer),
          ["/text"],
        );
        return true;
      });
      assert.deepEqual(await texts(), []);
    });

    test("a statement behind a failed one tells the first failure, not that the transaction is aborted", async () => {
      const going = command(async ({ db }) => {
        await Promise.all(["same", "same", "other"].map((text) => db.insertInto("note").values({ text }).execute()));
      });
      await assert.rejects(stand.call(going), isFault("ALREADY_EXISTS", 409));
    });

    test("a reference to nothing names its column; a row that is referred to does not", async () => {
      const name = "note_text_fkey";
      await site.ask(`alter table bank.note add constraint ${name} foreign key (text) references bank.account (name)`);
      try {
        const pointing = (text: string) => command(({ db }) => db.insertInto("note").values({ text }).execute());
        await assert.rejects(stand.call(pointing("nobody")), (error: Fault) => {
          assert.equal(error.code, "STILL_REFERENCED");
          const errors = [
            { in: "body", pointer: "/text", rule: "reference", detail: "refers to nothing that is there" },
          ];
          assert.deepEqual(error.errors, errors);
          return true;
        });
        await stand.call(pointing("alice"));
        const deleting = command(({ db }) => db.deleteFrom("account").where("name", "=", "alice").execute());
        await assert.rejects(stand.call(deleting), { code: "STILL_REFERENCED", errors: undefined });
      } finally {
        await site.ask(`alter table bank.note drop constraint ${name}`);
      }
    });

    test("a savepoint lets a run go on after a failure it expects", async () => {
      const careful = command(async ({ db }) => {
        await sql`savepoint here`.execute(db);
        await sql`rollback to savepoint here`.execute(db);
        await db.insertInto("note").values({ text: "kept" }).execute();
      });
      await stand.call(careful);
      assert.deepEqual(await texts(), ["kept"]);
    });

    test("statements that end the transaction or outlive the call are refused unsent [CMD-1]", async () => {
      const refused = [
        "commit",
        "  -- now\n COMMIT",
        "/* x */ rollback",
        "begin",
        "end",
        "abort",
        "start transaction",
        "prepare transaction 'x'",
        "set statement_timeout = 0",
        "reset all",
        "discard all",
        "listen x",
      ];
      for (const text of refused) {
        const ending = command(async ({ db }) => {
          await db.insertInto("note").values({ text }).execute();
          await sql.raw(text).execute(db);
        });
        await assert.rejects(stand.call(ending), /is refused: /, text);
      }
      const two = command(({ db }) => sql.raw("select 1; commit").execute(db));
      await assert.rejects(stand.call(two), /cannot insert multiple commands into a prepared statement/);
      assert.deepEqual(await texts(), []);
    });

    test("write skew is prevented: one of two runs that read what the other writes is repeated [CMD-2]", async () => {
      const withdraw = (name: string) =>
        command(async ({ db, fail }) => {
          const rows = await db.selectFrom("account").select("balance").execute();
          if (rows.reduce((sum, row) => sum + row.balance, 0) < 150) throw fail("CONFLICT", "not enough");
          await db
            .updateTable("account")
            .set((eb) => ({ balance: eb("balance", "-", 100) }))
            .where("name", "=", name)
            .execute();
        });
      const outcomes = await Promise.allSettled(["alice", "bob"].map((name) => stand.call(withdraw(name))));
      assert.deepEqual(outcomes.map((each) => each.status).toSorted(), ["fulfilled", "rejected"]);
      assert.equal(Number(await balance("alice")) + Number(await balance("bob")), 100);
    });

    test("increments of many callers are all counted, repeated runs show in the metric [CMD-2]", async () => {
      const repeatedBefore = await stand.counted("repeated");
      const increment = command(async ({ db }) => {
        const { balance: found } = await db
          .selectFrom("account")
          .select("balance")
          .where("name", "=", "alice")
          .executeTakeFirstOrThrow();
        await db
          .updateTable("account")
          .set({ balance: found + 1 })
          .where("name", "=", "alice")
          .execute();
      });
      const outcomes = await Promise.allSettled(Array.from({ length: CALLERS }, () => stand.call(increment)));
      const done = outcomes.filter((each) => each.status === "fulfilled").length;
      assert.equal(await balance("alice"), 100 + done);
      assert.equal(done, CALLERS);
      assert.ok((await stand.counted("repeated")) > repeatedBefore);
    });

    test("a conflict without end is CONFLICT after a bounded number of runs, and counted [CMD-2]", async () => {
      let runs = 0;
      const givenUpBefore = await stand.counted("given_up");
      const hopeless = command(async ({ db }) => {
        runs++;
        await db.selectFrom("account").selectAll().where("name", "=", "alice").execute();
        await site.ask("update bank.account set balance = balance + 1 where name = 'alice'");
        await db.updateTable("account").set({ balance: 0 }).where("name", "=", "alice").execute();
      });
      await assert.rejects(stand.call(hopeless), isFault("CONFLICT", 409));
      assert.equal(runs, ATTEMPTS_MAX);
      assert.equal(await stand.counted("given_up"), givenUpBefore + 1);
      assert.equal(await balance("alice"), 100 + ATTEMPTS_MAX);
    });

    test("what a run makes of a conflict that it caught does not count: the run is repeated [CMD-2]", async () => {
      let runs = 0;
      const misled = command(async ({ db, fail }) => {
        runs++;
        await db.selectFrom("account").selectAll().where("name", "=", "alice").execute();
        if (runs === 1) await site.ask("update bank.account set balance = 7 where name = 'alice'");
        const written = db.updateTable("account").set({ balance: 8 }).where("name", "=", "alice").execute();
        await written.catch(() => fail("NOT_FOUND"));
      });
      await stand.call(misled);
      assert.deepEqual([runs, await balance("alice")], [2, 8]);
    });

    test("a conflict that shows at the commit is repeated, and gives its session back [CMD-2]", async () => {
      for (let round = 0; round < 15; round++) {
        const arrived = Promise.withResolvers<void>();
        let waiting = 2;
        const skewed = (mine: string, theirs: string) => {
          let first = true;
          return command(async ({ db }) => {
            await db.selectFrom("account").selectAll().where("name", "=", theirs).execute();
            await db
              .updateTable("account")
              .set((eb) => ({ balance: eb("balance", "+", 1) }))
              .where("name", "=", mine)
              .execute();
            if (first && --waiting === 0) arrived.resolve();
            first = false;
            await arrived.promise;
          });
        };
        await Promise.all([stand.call(skewed("alice", "bob")), stand.call(skewed("bob", "alice"))]);
      }
      assert.deepEqual([await balance("alice"), await balance("bob")], [115, 115]);
    });

    test("a run that does not wait for its statements commits nothing, and the process lives [CMD-1]", async () => {
      const forgetful = command(async ({ db }) => {
        void db.insertInto("note").values({ text: "forgotten" }).execute();
        void db.insertInto("note").values({ text: "forgotten" }).execute();
        return "too soon";
      });
      await assert.rejects(stand.call(forgetful), /await every statement/);
      assert.deepEqual(await texts(), []);
    });

    test("a statement after the end is refused and does not write into the next call [CMD-1]", async () => {
      let late: (() => Promise<unknown>) | undefined;
      await stand.call(
        command(async ({ db }) => {
          await db.selectFrom("note").selectAll().execute();
          late = () => db.insertInto("note").values({ text: "late" }).execute();
        }),
      );
      await assert.rejects(late!(), /The call is over/);
      assert.deepEqual(await texts(), []);
    });

    test("a query cannot write: the developer reads why, the caller sees INTERNAL", async () => {
      const writing = query(({ db }) => db.insertInto("note").values({ text: "no" }).execute());
      await assert.rejects(stand.call(writing), (error) => {
        assert.ok(!(error instanceof Fault));
        assert.match((error as Error).message, /GET \/made is a query and cannot write: make it a command/);
        return true;
      });
      assert.deepEqual(await texts(), []);
    });

    test("a query reads one snapshot while others commit between its statements [QRY-1]", async () => {
      let runs = 0;
      const seen = await stand.call(
        query(async ({ db }) => {
          runs++;
          const first = await db.selectFrom("account").selectAll().orderBy("name").execute();
          await site.ask("update bank.account set balance = balance + 1");
          await site.ask(`insert into bank.account values ('newcomer ${runs}', 1)`);
          return [first, await db.selectFrom("account").selectAll().orderBy("name").execute()];
        }),
      );
      const [first, second] = seen as unknown[][];
      assert.deepEqual(second, first);
      // The first run took the statement for the only one, and was made again when the second came.
      assert.equal(runs, 2);
      assert.equal(second?.length, 3);
    });

    test("a nested call of another service runs in the same transaction on its own tables [CMD-1]", async () => {
      const record = auditCommand(async ({ db }) => {
        await db.insertInto("note").values({ text: "seen" }).execute();
        return (await sql<{ n: bigint }>`select count(*) as n from note`.execute(db)).rows[0]?.n;
      });
      const outer = (failing: boolean) =>
        command(async ({ db, call }) => {
          await db.insertInto("note").values({ text: "before" }).execute();
          const counted = await call(record as never, {} as never);
          await db.insertInto("note").values({ text: "after" }).execute();
          if (failing) throw new Error("undo");
          return counted;
        });
      await assert.rejects(stand.call(outer(true)), /undo/);
      assert.deepEqual([await texts(), await texts("audit")], [[], []]);
      assert.equal(await stand.call(outer(false)), 1n);
      assert.deepEqual([await texts(), await texts("audit")], [["after", "before"], ["seen"]]);
    });

    test("nested calls that run side by side never meet the other service's tables", async () => {
      const numbers = Array.from({ length: 20 }, (_, index) => index);
      await stand.call(
        command(async ({ db, call }) => {
          await Promise.all(
            numbers.flatMap((n) => {
              const theirs = auditCommand(async (inner) => {
                await inner.db
                  .insertInto("note")
                  .values({ text: `a${n}` })
                  .execute();
                await inner.db
                  .insertInto("note")
                  .values({ text: `a${n}b` })
                  .execute();
              });
              return [
                db
                  .insertInto("note")
                  .values({ text: `b${n}` })
                  .execute(),
                call(theirs as never, {} as never),
              ];
            }),
          );
        }),
      );
      assert.deepEqual(await texts(), numbers.map((n) => `b${n}`).toSorted());
      assert.deepEqual(await texts("audit"), numbers.flatMap((n) => [`a${n}`, `a${n}b`]).toSorted());
    });

    test("a nested command that failed cannot be committed by the call around it [CMD-1]", async () => {
      const half = auditCommand(async ({ db, fail }) => {
        await db.insertInto("note").values({ text: "half" }).execute();
        throw fail("FORBIDDEN");
      });
      const outer = command(async ({ db, call }) => {
        await db.insertInto("note").values({ text: "mine" }).execute();
        await call(half as never, {} as never).catch(() => {});
      });
      await assert.rejects(stand.call(outer), isFault("FORBIDDEN", 403));
      assert.deepEqual([await texts(), await texts("audit")], [[], []]);
    });

    test("a nested command is not spared for what it throws, nor for having written nothing yet [CMD-1]", async () => {
      const throwing = [
        command(async ({ db }) => {
          await db.insertInto("note").values({ text: "half" }).execute();
          await Promise.reject();
        }),
        command(async ({ fail }) => fail("NOT_FOUND")),
      ];
      for (const inner of throwing) {
        const catching = command(async ({ db, call }) => {
          await call(inner as never, {} as never).catch(() => {});
          await db.insertInto("note").values({ text: "the rest" }).execute();
        });
        await assert.rejects(stand.call(catching));
      }
      assert.deepEqual(await site.ask("select text from bank.note where text in ('half', 'the rest')"), []);
    });

    test("a query cannot call a command", async () => {
      const inner = auditCommand(async () => {});
      await assert.rejects(
        stand.call(query(({ call }) => call(inner as never, {} as never))),
        /is a query and cannot call/,
      );
    });

    test("no run has kept a session", async () => {
      stand.pool.measure();
      const { values } = await stand.metrics.poolConnections.get();
      assert.equal(values.find((each) => each.labels.state === "busy")?.value, 0);
    });
  });
}
