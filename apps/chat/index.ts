/** The chat: its service and endpoints, by name. */
export { acts } from "./acts.ts";
export { attach, attachment } from "./attachments.ts";
export { deleteMessage, editMessage } from "./changing.ts";
export { roomChannel } from "./channel.ts";
export { people } from "./directory.ts";
export {
  declineInvitation,
  invitations,
  invite,
  roomInvitations,
  withdrawInvitation,
} from "./invitations.ts";
export { changeMember, joinRoom, members, removeMember } from "./members.ts";
export { mentions } from "./mentions.ts";
export { message, messages, thread } from "./messages.ts";
export { chat } from "./model.ts";
export { ban, bans, mute, mutes, unban, unmute } from "./moderation.ts";
export { postMessage } from "./posting.ts";
export { react, unreact } from "./reactions.ts";
export { readPositions, readRoom } from "./reads.ts";
export { publicRooms, rooms } from "./room-lists.ts";
export { changeRoom, createRoom, openDirect, room } from "./rooms.ts";
export { search, searchRoom } from "./search.ts";
