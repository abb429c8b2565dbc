/** Placeholder: answers every request until the apps are here, and stops when its wrapper dies. */
import { createServer } from "node:http";
import { Socket } from "node:net";

const server = createServer((_request, response) => response.end("Lineshaft\n"));
server.listen(Number(process.env.PORT ?? 3000));

function stop(): void {
  server.close();
  server.closeAllConnections();
}

const parentFd = Number(process.env.LINESHAFT_PARENT_FD);
if (parentFd > 0) new Socket({ fd: parentFd, readable: true, writable: false }).on("close", stop).resume().unref();
process.once("SIGINT", stop).once("SIGTERM", stop);
