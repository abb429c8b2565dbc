/**
 * Declarations: what the modules of an app declare, collected once and handed to everything that reads them.
 */
import { type ChannelDefinition, isChannel } from "./channel.ts";
import type { EndpointDefinition } from "./endpoint.ts";
import type { EntityDefinition } from "./entity.ts";
import type { EventDefinition, HandlerDefinition, ScheduleDefinition } from "./event.ts";
import { isEndpoint, type ServiceDefinition } from "./service.ts";

/** Modules of an app by name: `{ links }` after `import * as links from "./links.ts"`. */
export type Modules = Readonly<Record<string, object>>;

/** An endpoint with the name that its export gives it. */
export interface NamedEndpoint {
  /** `links.shorten`: the module's name in the app, and the export's. */
  readonly name: string;
  readonly endpoint: EndpointDefinition;
}

/** A channel with the name that its export gives it. */
export interface NamedChannel {
  readonly name: string;
  readonly channel: ChannelDefinition;
}

export interface Declarations {
  /** In the order in which the modules name them. */
  readonly services: readonly ServiceDefinition[];
  readonly endpoints: readonly NamedEndpoint[];
  readonly channels: readonly NamedChannel[];
  /** Of all services, whether they are exported or not. */
  readonly events: readonly EventDefinition[];
  readonly handlers: readonly HandlerDefinition[];
  readonly schedules: readonly ScheduleDefinition[];
}

/** A service, told apart from other exports. */
function isService(value: unknown): value is ServiceDefinition {
  return typeof value === "object" && value !== null && "entities" in value && "options" in value && "name" in value;
}

/** An event, a handler or a schedule: the service knows it already. */
function isDeclaredOn(value: unknown): value is { readonly service: ServiceDefinition } {
  const kinds: unknown[] = ["event", "handler", "schedule"];
  return (
    typeof value === "object" && value !== null && "service" in value && "kind" in value && kinds.includes(value.kind)
  );
}

/** Finds the endpoints, channels and services that modules export. Each brings its service along. */
export function collect(modules: Modules): Declarations {
  const services = new Set<ServiceDefinition>();
  const endpoints: NamedEndpoint[] = [];
  const channels: NamedChannel[] = [];
  for (const [moduleName, module] of Object.entries(modules)) {
    for (const [exportName, value] of Object.entries(module)) {
      if (isEndpoint(value)) {
        services.add(value.service);
        endpoints.push({ name: `${moduleName}.${exportName}`, endpoint: value });
      } else if (isChannel(value)) {
        services.add(value.endpoint.service);
        channels.push({ name: `${moduleName}.${exportName}`, channel: value });
      } else if (isService(value)) {
        services.add(value);
      } else if (isDeclaredOn(value)) {
        services.add(value.service);
      }
    }
  }
  const declared = [...services];
  return {
    services: declared,
    endpoints,
    channels,
    events: declared.flatMap(({ events }) => events),
    handlers: declared.flatMap(({ handlers }) => handlers),
    schedules: declared.flatMap(({ schedules }) => schedules),
  };
}

/** The name of an entity for people: its class, or its table when the class has none. */
export function entityName(entity: EntityDefinition): string {
  const { name } = entity as unknown as { name?: string };
  return name && name !== "Declared" ? name : entity.table;
}
