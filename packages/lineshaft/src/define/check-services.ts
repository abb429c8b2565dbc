/**
 * Checks of services: names, entities, prefix, CORS, and who tells who calls.
 */
import { type Inspection, oneOf, type Spot, shown } from "./check-inspection.ts";
import { entityName } from "./declarations.ts";
import type { EntityDefinition } from "./entity.ts";
import type { CorsRule, ServiceDefinition } from "./service.ts";
import { shapeKind } from "./shape.ts";
import { didYouMean } from "./suggest.ts";

const NAME = /^[a-z][a-z0-9_]{0,62}$/;
/** Schemas of the platform and of Postgres. */
export const RESERVED_NAME = /^(?:pg_.*|lineshaft|information_schema|public)$/;
const PREFIX = /^(?:\/[A-Za-z0-9._~-]+)+$/;

export const ACTOR_RULES: readonly string[] = ["account", "anyone"];
const OPTIONS: readonly string[] = [
  "entities",
  "actor",
  "prefix",
  "cors",
  "unknownInput",
  "problem",
  "authenticate",
  "description",
  "prepare",
];
const UNKNOWN_INPUT: readonly string[] = ["refuse", "ignore"];

/** Checks all services, each for itself and against the others. */
export function checkServices(inspection: Inspection): void {
  const { services } = inspection.declarations;
  const names = new Map<string, ServiceDefinition>();
  const homes = new Map<EntityDefinition, ServiceDefinition>();
  for (const service of services) {
    const spot = spotOf(service);
    const namesake = names.get(service.name);
    if (namesake) {
      inspection.add(
        spot,
        `another service has this name (${namesake.place})`,
        "Give one of them another name, or make them one service.",
      );
    } else names.set(service.name, service);
    checkName(inspection, spot, service.name);
    checkOptions(inspection, spot, service);
    checkTables(inspection, service, homes);
  }
  const tellers = services.filter((service) => service.options.authenticate !== undefined);
  for (const other of tellers.slice(1)) {
    const problem = `it has authenticate, as the service "${tellers[0]!.name}" has (${tellers[0]!.place})`;
    inspection.add(spotOf(other), problem, "One service of an app tells who calls: keep authenticate in one.");
  }
}

export function spotOf(service: ServiceDefinition): Spot {
  return { place: service.place, what: `service ${shown(service.name)}` };
}

function checkName(inspection: Inspection, spot: Spot, name: string): void {
  if (typeof name !== "string" || !NAME.test(name)) {
    const wayOut =
      "It is a Postgres schema, too: a lower-case letter, then letters, digits and underscores, at most 63.";
    inspection.add(spot, "the name cannot be that of a service", wayOut);
  } else if (RESERVED_NAME.test(name)) {
    inspection.add(spot, "the name is reserved for a schema of the platform or of Postgres", "Take another name.");
  }
}

function checkOptions(inspection: Inspection, spot: Spot, service: ServiceDefinition): void {
  for (const option of Object.keys(service.options)) {
    if (OPTIONS.includes(option)) continue;
    const suggestion = didYouMean(option, OPTIONS);
    const wayOut = suggestion ? `Did you mean "${suggestion}"?` : `A service takes ${OPTIONS.join(", ")}.`;
    inspection.add(spot, `it has no option ${shown(option)}`, wayOut);
  }
  const { actor, prefix, cors, unknownInput, authenticate } = service.options;
  if (actor !== undefined && !ACTOR_RULES.includes(actor)) {
    inspection.add(spot, `actor is ${shown(actor)}`, oneOf(actor, ACTOR_RULES));
  }
  if (unknownInput !== undefined && !UNKNOWN_INPUT.includes(unknownInput)) {
    inspection.add(spot, `unknownInput is ${shown(unknownInput)}`, oneOf(unknownInput, UNKNOWN_INPUT));
  }
  if (prefix !== undefined && prefix !== "" && !PREFIX.test(prefix)) {
    inspection.add(
      spot,
      `prefix is ${shown(prefix)}`,
      'Begin with "/", end without one, and name no parameters: "/api/v1".',
    );
  }
  if (authenticate !== undefined && typeof authenticate !== "function") {
    inspection.add(spot, `authenticate is ${shown(authenticate)}`, "It is a function from the request to the actor.");
  }
  if (cors !== undefined) checkCors(inspection, spot, cors);
}

function checkCors(inspection: Inspection, spot: Spot, cors: CorsRule): void {
  const { origins, credentials } = cors;
  if (origins === "*") {
    if (credentials)
      inspection.add(
        spot,
        'cors allows credentials to origins "*"',
        "Browsers refuse that, with good reason: list the origins.",
      );
    return;
  }
  if (!Array.isArray(origins)) {
    inspection.add(spot, `cors.origins is ${shown(origins)}`, 'It is "*" or a list: ["https://app.example"].');
    return;
  }
  for (const origin of origins) {
    if (isOrigin(origin)) continue;
    const whole = typeof origin === "string" ? URL.parse(origin) : null;
    const near = whole && /^https?:$/.test(whole.protocol) ? whole.origin : "https://app.example";
    const wayOut =
      origin === "*" ? 'Write origins: "*", without a list.' : `Write scheme, host and port only: "${near}".`;
    inspection.add(spot, `cors.origins holds ${shown(origin)}, which is not an origin`, wayOut);
  }
}

function isOrigin(text: unknown): boolean {
  const url = typeof text === "string" ? URL.parse(text) : null;
  return url !== null && /^https?:$/.test(url.protocol) && url.origin === text;
}

function checkTables(
  inspection: Inspection,
  service: ServiceDefinition,
  homes: Map<EntityDefinition, ServiceDefinition>,
): void {
  const tables = new Map<string, EntityDefinition>();
  for (const [key, entity] of Object.entries(service.entities)) {
    const spot = spotOf(service);
    if (shapeKind(entity) !== "entity") {
      const wayOut =
        "Name classes that extend entity(…); where modules import each other, move entities to a model.ts.";
      inspection.add(spot, `entities.${key} is ${shown(entity)}, which is not an entity`, wayOut);
      continue;
    }
    const home = homes.get(entity);
    if (home && home !== service) {
      const problem = `the entity ${entityName(entity)} belongs to the service "${home.name}" already (${home.place})`;
      inspection.add(spot, problem, "An entity lives in one service; others refer to it with field.ref(…).");
    } else homes.set(entity, service);
    const namesake = tables.get(entity.table);
    if (namesake) {
      const other = `${entityName(namesake)} (${namesake.place})`;
      const problem = `another entity has the table ${shown(entity.table)}: ${other}`;
      inspection.add(
        { place: entity.place, what: `${spot.what}, ${key}` },
        problem,
        "Give one of them another table, or name it once.",
      );
    } else tables.set(entity.table, entity);
  }
}
