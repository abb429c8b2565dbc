/**
 * Declarations: what the modules of an app declare, collected once and handed to everything that reads them.
 */
import type { EndpointDefinition } from "./endpoint.ts";
import type { EntityDefinition } from "./entity.ts";
import { isEndpoint, type ServiceDefinition } from "./service.ts";

/** Modules of an app by name: `{ links }` after `import * as links from "./links.ts"`. */
export type Modules = Readonly<Record<string, object>>;

/** An endpoint with the name that its export gives it. */
export interface NamedEndpoint {
  /** `links.shorten`: the module's name in the app, and the export's. */
  readonly name: string;
  readonly endpoint: EndpointDefinition;
}

export interface Declarations {
  /** In the order in which the modules name them. */
  readonly services: readonly ServiceDefinition[];
  readonly endpoints: readonly NamedEndpoint[];
}

/** A service, told apart from other exports. */
function isService(value: unknown): value is ServiceDefinition {
  return typeof value === "object" && value !== null && "entities" in value && "options" in value && "name" in value;
}

/** Finds the endpoints and services that modules export. An endpoint brings its service along. */
export function collect(modules: Modules): Declarations {
  const services = new Set<ServiceDefinition>();
  const endpoints: NamedEndpoint[] = [];
  for (const [moduleName, module] of Object.entries(modules)) {
    for (const [exportName, value] of Object.entries(module)) {
      if (isEndpoint(value)) {
        services.add(value.service);
        endpoints.push({ name: `${moduleName}.${exportName}`, endpoint: value });
      } else if (isService(value)) {
        services.add(value);
      }
    }
  }
  return { services: [...services], endpoints };
}

/** The name of an entity for people: its class, or its table when the class has none. */
export function entityName(entity: EntityDefinition): string {
  const { name } = entity as unknown as { name?: string };
  return name && name !== "Declared" ? name : entity.table;
}
