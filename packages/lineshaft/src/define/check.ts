/**
 * Check: finds the mistakes in the declarations of an app, all at once, before anything starts.
 *
 * Types catch most mistakes while they are written; what they cannot see (names that meet only in the app, import
 * circles, values from JavaScript) is found here. Nothing is repaired and nothing guessed: what passes can be migrated,
 * served and documented without further questions.
 *
 * Order. Services, their entities, endpoints, channels, events. A field that several places use is judged once, where
 * it is first met: at its entity. To add a rule: a line where it belongs (`check-fields`, `check-entities` …) and a row
 * in the table of `check.test.ts`.
 */
import { checkChannels } from "./check-channels.ts";
import { checkEndpoints } from "./check-endpoints.ts";
import { checkEntity } from "./check-entities.ts";
import { checkEvents } from "./check-events.ts";
import { Inspection } from "./check-inspection.ts";
import { checkServices } from "./check-services.ts";
import { collect, type Declarations, type Modules } from "./declarations.ts";
import type { EntityDefinition } from "./entity.ts";
import { DeclarationError } from "./errors.ts";

/**
 * Checks all declarations of an app.
 *
 * @param declarations What `collect` found.
 * @param modules      The modules it was found in; then a module that exports nothing for an app is a mistake, too.
 * @throws {DeclarationError} with every mistake: where it stands, the value seen, and the way out.
 * @example
 * checkDeclarations(collect({ links }), { links });
 */
export function checkDeclarations(declarations: Declarations, modules: Modules = {}): void {
  const inspection = new Inspection(declarations);
  checkModules(inspection, modules);
  checkServices(inspection);
  for (const entity of inspection.owners.keys()) checkEntity(inspection, entity as EntityDefinition);
  checkEndpoints(inspection);
  checkChannels(inspection);
  checkEvents(inspection);
  if (inspection.mistakes.length > 0) throw new DeclarationError(inspection.mistakes);
}

function checkModules(inspection: Inspection, modules: Modules): void {
  for (const [name, module] of Object.entries(modules)) {
    if (collect({ [name]: module }).services.length > 0) continue;
    const exported = Object.keys(module).join(", ") || "nothing";
    const wayOut =
      'Export endpoints or a service: export const links = service("links"); or take the module out of the app.';
    const spot = { place: `the modules of the app: ${name}`, what: `module "${name}"` };
    inspection.add(spot, `it exports neither an endpoint nor a service, but ${exported}`, wayOut);
  }
}
