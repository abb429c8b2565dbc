/**
 * The channels bench on Socket.IO: WebSocket only, as all clients here speak it, and its defaults otherwise (it does
 * not compress by default, and neither does ours). Rooms that tell who is there (`halls`) do so with its own events.
 * With `isChecked` it also checks each payload, as ours always does.
 */
import { createServer } from "node:http";
import { load } from "../peer.mjs";

const { Server } = load("socket.io");
const { z } = load("zod");

const Chat = z.strictObject({ at: z.int(), text: z.string().max(200) });
const isHall = (room) => room.startsWith("h");

/** Tells the others in a hall who comes and goes; gives who is there. */
function announce(io, socket, room) {
  socket.to(room).emit("in", socket.id);
  socket.on("disconnecting", () => socket.to(room).emit("out", socket.id));
  return [...io.sockets.adapter.rooms.get(room)];
}

export async function open({ port, isChecked }) {
  const server = createServer();
  const io = new Server(server, { transports: ["websocket"] });
  io.on("connection", (socket) => {
    socket.on("join", (room, joined) => {
      socket.join(room);
      joined(socket.id, isHall(room) ? announce(io, socket, room) : []);
      const relay = (message) => socket.to(room).emit("chat", message);
      socket.on("chat", isChecked ? (message) => relay(Chat.parse(message)) : relay);
    });
  });
  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  return { port: server.address().port, close: () => io.close() };
}
