/** Checks of channels: what they have in common with queries, their messages, and what only they have. */
import { checkEndpoint, checkLimit } from "./check-endpoints.ts";
import { type Inspection, inside, oneOf, type Spot, shown } from "./check-inspection.ts";
import { checkPayload } from "./check-shapes.ts";
import type { NamedChannel } from "./declarations.ts";
import { isField } from "./field.ts";
import type { ServiceDefinition } from "./service.ts";

/** How a message may be called. */
const MESSAGE = /^[A-Za-z][A-Za-z0-9_-]{0,62}$/;

/** Checks all channels, each for itself and against the others. */
export function checkChannels(inspection: Inspection): void {
  const paths = new Map<string, NamedChannel>();
  for (const named of inspection.declarations.channels) {
    const { name, channel } = named;
    const { path } = channel.endpoint;
    const spot: Spot = { place: channel.place, what: `${name} (channel ${path})` };
    checkEndpoint(inspection, spot, channel.endpoint);
    checkSources(inspection, spot, named);
    checkSaid(inspection, spot, named);
    const shape = path.replaceAll(/:[^/]*/g, ":");
    const other = paths.get(shape);
    if (other === undefined) paths.set(shape, named);
    else {
      const problem = `${other.name} has the same path already (${other.channel.place})`;
      inspection.add(spot, problem, "Change one of the paths; names of parameters do not tell channels apart.");
    }
  }
}

/** A socket has no headers, cookies and bodies of its own for each channel. */
function checkSources(inspection: Inspection, spot: Spot, { channel }: NamedChannel): void {
  for (const [key, shape] of Object.entries(channel.endpoint.input)) {
    const source = isField(shape) ? shape.spec.source?.in : undefined;
    if (source === undefined || source === "query" || source === "path") continue;
    const wayOut = "A channel is joined by its path and query string: let the field come from there.";
    inspection.add(inside(spot, `input.${key}`), `it is read from ${shown(source)}`, wayOut);
  }
}

function checkSaid(inspection: Inspection, spot: Spot, { channel }: NamedChannel): void {
  const { messages, fromServer, state, member, presence, join } = channel;
  const { service } = channel.endpoint;
  if (typeof messages !== "object") {
    inspection.add(spot, `messages is ${shown(messages)}`, "Write the fields of each: messages: { typing: {} }.");
    return;
  }
  const names = Object.keys(messages);
  for (const [name, fields] of Object.entries(messages)) {
    const at = inside(spot, `messages.${name}`);
    if (!MESSAGE.test(name)) {
      inspection.add(at, `the name cannot be ${shown(name)}`, "A letter, then letters, digits, - and _, at most 63.");
    }
    checkFields(inspection, at, fields, service);
  }
  for (const name of fromServer) {
    if (names.includes(name)) continue;
    inspection.add(spot, `fromServer names ${shown(name)}, which is no message`, oneOf(name, names));
  }
  if (state !== null) checkFields(inspection, inside(spot, "state"), state, service);
  if (join !== null && typeof join !== "function") {
    inspection.add(spot, `join is ${shown(join)}`, "It is an async function that gives the member, or fails.");
  }
  if (member !== null && join === null) {
    inspection.add(
      spot,
      "it declares member, and no join that gives it",
      "Add join: async ({ actor, db }) => ({ … }).",
    );
  }
  checkLimit(inspection, spot, channel.limit);
  if (typeof presence !== "boolean") inspection.add(spot, `presence is ${shown(presence)}`, "It is true or false.");
}

function checkFields(inspection: Inspection, spot: Spot, fields: unknown, service: ServiceDefinition): void {
  checkPayload(inspection, spot, { fields, service } as Parameters<typeof checkPayload>[2]);
}
