/** Dead letters, sent again once what they failed at is mended. */
import type { Database } from "./database.ts";

export async function sendAgain(database: Database, _app: string): Promise<void> {
  await database.ask("update lineshaft.work set state = 'waiting', attempts = 0, due_at = now() where state = 'dead'");
}
