/** One event with several handlers that do nothing, on Lineshaft. */
import type { Contender, Place } from "../../events-contender.ts";
import { open as openOurs } from "./lineshaft.ts";
import { events, observed, told } from "./service.ts";

export async function open(place: Place): Promise<Contender> {
  for (let number = 1; number <= place.handlers; number++)
    events.on(told, `fan${number}`, async () => observed.handled());
  return await openOurs(place);
}
