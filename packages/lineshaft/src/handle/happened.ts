/** Happened: a stored event, as handlers get it: of the declared version, its payload checked and with its values. */
import type { WireInput } from "../call/input.ts";
import { readerOf } from "../call/stated.ts";
import { Fault } from "../define/errors.ts";
import type { EventDefinition, Happened } from "../define/event.ts";
import type { Schemas } from "../define/shape.ts";
import type { StoredEvent } from "../log/event-log.ts";

/** An event that this code cannot read: its version or its payload is not one that is declared. */
export class UnreadableEvent extends Error {
  override readonly name = "UnreadableEvent";
}

/** @throws {UnreadableEvent}, or what an upcast throws. */
export function happened(definition: EventDefinition, stored: StoredEvent): Happened<Schemas> {
  const { id, position, name, version, key, at, payload } = stored;
  if (version > definition.version) {
    throw new UnreadableEvent(
      `event ${id} (${name}) has version ${version}, and this code knows versions up to ${definition.version}: ` +
        "run newer code, which takes it over by itself",
    );
  }
  let wire = JSON.parse(payload) as WireInput;
  if (version < definition.version) wire = JSON.parse(JSON.stringify(raised(definition, wire, version))) as WireInput;
  try {
    const values = readerOf(definition)(wire);
    return { id, position: String(position), name, version, key, at, payload: values as Happened<Schemas>["payload"] };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const changed = version < definition.version ? `, after upcast from version ${version},` : "";
    throw new UnreadableEvent(
      `event ${id} (${name}): its payload${changed} is not what version ${definition.version} declares: ` +
        `${error.detail}. Where the shape has changed, raise the version and write an upcast`,
    );
  }
}

function raised({ upcast, version }: EventDefinition, payload: unknown, from: number): unknown {
  let raisedPayload = payload;
  for (let each = from; each < version; each++) raisedPayload = upcast[each]!(raisedPayload);
  return raisedPayload;
}
