/** The floor of the channels bench: rooms by hand on the `ws` that ours uses, too, and nothing else. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import type { ChannelsPlace } from "../../channels-contender.ts";

const JOIN = "join ";

export async function open({ port }: ChannelsPlace) {
  const server = new WebSocketServer({ port, host: "127.0.0.1", perMessageDeflate: false, clientTracking: false });
  const rooms = new Map<string, Set<WebSocket>>();
  server.on("connection", (socket) => {
    let members = new Set<WebSocket>();
    socket.on("message", (data, isBinary) => {
      const text = String(data);
      if (!text.startsWith(JOIN)) {
        for (const member of members) if (member !== socket) member.send(data, { binary: isBinary });
        return;
      }
      const room = text.slice(JOIN.length);
      members = rooms.get(room) ?? new Set();
      rooms.set(room, members.add(socket));
      socket.send(`joined ${room}`);
    });
    socket.on("error", () => {});
    socket.on("close", () => members.delete(socket));
  });
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, close: async () => void server.close() };
}
