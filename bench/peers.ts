/** Peers: installs what we compare with, in a folder of its own that the product knows nothing of. */
import { join } from "node:path";

interface Installer {
  install(root: string, options: { readonly log: (line: string) => void }): Promise<void>;
}

const INSTALLER = new URL("../tools/install.mjs", import.meta.url).href;

/** Where the peers' packages are. */
export const PEERS = join(import.meta.dirname, "peers");

/** Makes `bench/peers/node_modules` equal to its lock file. @throws {Error} that says what to do when npm fails. */
export async function installPeers(log: (line: string) => void): Promise<void> {
  const { install } = (await import(INSTALLER)) as Installer;
  await install(PEERS, { log });
}
