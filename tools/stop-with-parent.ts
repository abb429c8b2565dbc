/** Stops with the wrapper (`run.mjs`), however that ends; what this process has started sees that it is gone. */
import { Socket } from "node:net";

export function stopWithParent(): void {
  const fd = Number(process.env.LINESHAFT_PARENT_FD);
  delete process.env.LINESHAFT_PARENT_FD;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(1));
  if (fd > 0)
    new Socket({ fd, readable: true, writable: false })
      .on("close", () => process.exit(1))
      .resume()
      .unref();
}
