/** Says in the room itself that it may be out of date: on a phone the sign of the connection is on another page. */
import { useConnection } from "@lineshaft/client/react";
import { client } from "../client.ts";

export function ConnectionBar() {
  if (useConnection(client) !== "reconnecting") return null;
  return <p className="connection-bar">Reconnecting… What you see may be out of date.</p>;
}
