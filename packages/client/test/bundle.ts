/** Bundles for tests: what a page's build makes of a file, in one text. */
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";

/** A script module of this file and all it imports but `external`, as small as the bundler makes it. */
export async function bundle(file: string, external: readonly string[] = []): Promise<string> {
  const define = { "process.env.NODE_ENV": '"production"' };
  const bundler = await rolldown({ input: file, external: [...external], transform: { define }, platform: "browser" });
  try {
    const { output } = await bundler.generate({ format: "esm", minify: true });
    return output[0].code;
  } finally {
    await bundler.close();
  }
}

export const gzipBytes = (text: string): number => gzipSync(text, { level: 9 }).length;
