/**
 * Checks of endpoints: routes, rules, errors, statuses. Inputs and outputs are in `check-shapes.ts`.
 */
import { type Inspection, oneOf, type Spot, shown } from "./check-inspection.ts";
import { ACTOR_RULES } from "./check-services.ts";
import { checkInput, checkOutput } from "./check-shapes.ts";
import type { NamedEndpoint } from "./declarations.ts";
import type { EndpointDefinition, Limit } from "./endpoint.ts";
import { ERRORS } from "./errors.ts";
import type { ServiceDefinition } from "./service.ts";
import { shapeKind } from "./shape.ts";

const ROUTE = /^([A-Z]+) (\/\S*)$/;
const SEGMENT = /^(?::[A-Za-z0-9_]+|[A-Za-z0-9._~!$&'+,;=@-]+)$/;
const COMMAND_METHODS: readonly string[] = ["POST", "PUT", "PATCH", "DELETE"];
/** Paths that the platform answers itself, in every app. */
const FIXED_PATHS: readonly string[] = ["/health/live", "/health/ready", "/openapi.json", "/docs", "/metrics"];
/** And all paths below these. */
const FIXED_FOLDERS: readonly string[] = ["/docs/", "/lineshaft/"];
const CODE = /^[A-Z][A-Z0-9_]*$/;
const RATE = /^[1-9]\d{0,8}\/(?:second|minute|hour|day)$/;
const LIMIT_PER: readonly string[] = ["actor", "address", "all"];
const ISOLATIONS: readonly string[] = ["serializable", "repeatable read", "read committed"];
const UPLOAD_TYPE = /^[a-z]+\/(?:\*|[a-z0-9][a-z0-9!#$&^_.+-]*)$/;
const STATUSES: readonly number[] = [200, 201, 202, 204];

/** Checks all endpoints, each for itself and against the others. */
export function checkEndpoints(inspection: Inspection): void {
  const names = new Map<EndpointDefinition, string>();
  const routes = new Map<string, NamedEndpoint>();
  for (const named of inspection.declarations.endpoints) {
    const { endpoint, name } = named;
    const spot: Spot = { place: endpoint.place, what: `${name} (${endpoint.route})` };
    const first = names.get(endpoint);
    if (first !== undefined) {
      inspection.add(
        spot,
        `the same endpoint is exported as ${first}, too`,
        "Export it once: its name is part of the API.",
      );
      continue;
    }
    names.set(endpoint, name);
    if (checkEndpoint(inspection, spot, endpoint)) checkTaken(inspection, spot, named, routes);
  }
  checkAccounts(inspection);
}

/** Checks one endpoint for itself; gives whether its route can be told apart from others at all. */
export function checkEndpoint(inspection: Inspection, spot: Spot, endpoint: EndpointDefinition): boolean {
  const isRoute = checkRoute(inspection, spot, endpoint);
  checkRules(inspection, spot, endpoint);
  checkErrors(inspection, spot, endpoint);
  checkInput(inspection, spot, endpoint);
  if (endpoint.upload !== undefined) checkUpload(inspection, spot, endpoint);
  checkAnswer(inspection, spot, endpoint);
  return isRoute;
}

/** Whether the route can be told apart from others at all. */
function checkRoute(inspection: Inspection, spot: Spot, { kind, route }: EndpointDefinition): boolean {
  const [, method = "", path = ""] = ROUTE.exec(route) ?? [];
  const methods = kind === "query" ? ["GET"] : COMMAND_METHODS;
  if (path === "") {
    inspection.add(
      spot,
      `the route ${shown(route)} has another form`,
      `Write method and path: "${methods[0]} /links/:code".`,
    );
    return false;
  }
  if (!methods.includes(method)) {
    const wayOut =
      kind === "query"
        ? "A query reads: GET. For a write declare a command."
        : `A command writes: ${methods.join(", ")}.`;
    inspection.add(spot, `a ${kind} with the method ${method}`, wayOut);
  }
  const segments = path.slice(1).replace(/\/$/, "").split("/");
  for (const segment of path === "/" ? [] : segments) {
    if (SEGMENT.test(segment)) continue;
    const wayOut = "A part of a path is a word or a :parameter, alone between slashes; no patterns and no wildcards.";
    inspection.add(spot, `the path has the part ${shown(segment)}`, wayOut);
  }
  const params = segments.filter((segment) => segment.startsWith(":"));
  const twice = params.find((param, index) => params.indexOf(param) !== index);
  if (twice) inspection.add(spot, `the path has ${twice} twice`, "Give every parameter a name of its own.");
  return true;
}

/** Parameters match by place: `/a/:x` and `/a/:y` are one route, `/a/:x` and `/a/:y/b` are two. */
function checkTaken(
  inspection: Inspection,
  spot: Spot,
  named: NamedEndpoint,
  routes: Map<string, NamedEndpoint>,
): void {
  const { method, path } = named.endpoint;
  const plain = path.length > 1 ? path.replace(/\/$/, "") : path;
  const shape = `${method} ${plain.replaceAll(/:[^/]*/g, ":")}`;
  const other = routes.get(shape);
  if (other) {
    const problem = `${other.name} has the same route already: ${other.endpoint.route} (${other.endpoint.place})`;
    inspection.add(spot, problem, "Change one of the paths; names of parameters do not tell routes apart.");
  } else routes.set(shape, named);
  if (FIXED_PATHS.includes(plain) || FIXED_FOLDERS.some((folder) => plain.startsWith(folder))) {
    inspection.add(spot, `the platform answers ${plain} itself`, "Take another path, or give the service a prefix.");
  }
}

function checkRules(inspection: Inspection, spot: Spot, endpoint: EndpointDefinition): void {
  const { kind, actor, limit, isolation, cache, authorize, run } = endpoint;
  // What the service says is told at the service.
  if (!ACTOR_RULES.includes(actor) && actor !== endpoint.service.options.actor) {
    inspection.add(spot, `actor is ${shown(actor)}`, oneOf(actor, ACTOR_RULES));
  }
  if (!ISOLATIONS.includes(isolation)) {
    inspection.add(spot, `isolation is ${shown(isolation)}`, oneOf(isolation, ISOLATIONS));
  } else if (kind === "query" && isolation !== "serializable") {
    inspection.add(
      spot,
      `a query with the isolation "${isolation}"`,
      "A query always reads one snapshot: leave out isolation.",
    );
  }
  if (cache !== undefined && cache !== false && !(typeof cache?.seconds === "number" && cache.seconds > 0)) {
    inspection.add(spot, `cache is ${shown(cache)}`, "Write cache: false, or a life over zero: cache: { seconds: 5 }.");
  } else if (kind === "command" && cache !== undefined) {
    inspection.add(spot, "a command with cache", "Only answers of queries are kept: leave out cache.");
  }
  if (authorize !== null && typeof authorize.run !== "function") {
    inspection.add(spot, `authorize is ${shown(authorize.run)}`, "It is an async function that fails for some.");
  }
  if (typeof run !== "function") {
    inspection.add(spot, `run is ${shown(run)}`, "Write async run({ input, db }) { … }.");
  }
  if (limit !== undefined) checkLimit(inspection, spot, limit);
}

/** Checks a limit of calls, or of what members of a channel say. */
export function checkLimit(inspection: Inspection, spot: Spot, limit: Limit): void {
  if (typeof limit.rate !== "string" || !RATE.test(limit.rate)) {
    const wayOut = 'Write a whole number from 1 and a unit: "60/minute"; units are second, minute, hour, day.';
    inspection.add(spot, `limit.rate is ${shown(limit.rate)}`, wayOut);
  }
  if (!LIMIT_PER.includes(limit.per)) {
    inspection.add(spot, `limit.per is ${shown(limit.per)}`, oneOf(limit.per, LIMIT_PER));
  }
}

function checkUpload(inspection: Inspection, spot: Spot, { kind, method, upload }: EndpointDefinition): void {
  const { max, types } = (upload ?? {}) as { readonly max?: unknown; readonly types?: unknown };
  if (kind === "query" || method === "DELETE") {
    const what = kind === "query" ? "a query" : "the method DELETE";
    inspection.add(spot, `${what} with upload`, "A file comes with a command: POST, PUT or PATCH.");
  }
  if (!Number.isSafeInteger(max) || (max as number) < 1) {
    inspection.add(spot, `upload.max is ${shown(max)}`, "Write how many bytes a file may have: max: 10_000_000.");
  }
  if (!Array.isArray(types) || types.length === 0) {
    inspection.add(spot, `upload.types is ${shown(types)}`, 'Write media types: ["image/*", "application/pdf"].');
    return;
  }
  for (const type of types) {
    if (typeof type === "string" && UPLOAD_TYPE.test(type)) continue;
    const wayOut = 'Write a media type without parameters, "image/png", or all of a kind, "image/*".';
    inspection.add(spot, `upload.types has ${shown(type)}`, wayOut);
  }
}

function checkErrors(inspection: Inspection, spot: Spot, { errors }: EndpointDefinition): void {
  for (const [code, row] of Object.entries(errors)) {
    if (!CODE.test(code)) {
      inspection.add(
        spot,
        `the error code ${shown(code)} has another form`,
        "Write capitals, digits and underscores: CODE_TAKEN.",
      );
    }
    if (Object.hasOwn(ERRORS, code)) {
      const wayOut = `Take a code of your own, or leave it out: fail("${code}") works where run may use it.`;
      inspection.add(spot, `the error code ${code} is one of the platform's`, wayOut);
    }
    const { status, title } = row ?? {};
    if (!Number.isInteger(status) || status < 400 || status > 499) {
      inspection.add(
        spot,
        `the error ${code} has the status ${shown(status)}`,
        "Expected failures have a status from 400 to 499.",
      );
    }
    if (typeof title !== "string" || title === "") {
      inspection.add(spot, `the error ${code} has the title ${shown(title)}`, "Say in a few words what happened.");
    }
  }
}

function checkAnswer(inspection: Inspection, spot: Spot, endpoint: EndpointDefinition): void {
  const { kind, output, status } = endpoint;
  if (!STATUSES.includes(status)) {
    inspection.add(
      spot,
      `status is ${shown(status)}`,
      `It is one of: ${STATUSES.join(", ")}. Failures go through fail(…).`,
    );
  }
  if (output !== null && shapeKind(output) === "download" && (kind !== "query" || status !== 200)) {
    const problem = kind === "query" ? `a download with the status ${status}` : "a command with a download";
    inspection.add(spot, problem, "A file is the answer of a query, with status 200: leave out the rest.");
    return;
  }
  if (output === null) {
    if (kind === "query") {
      inspection.add(spot, "the query has no output", "Say what it gives: output: Link, or output: list(Link).");
    } else if (status === 200) {
      inspection.add(
        spot,
        "status is 200, but there is no output",
        "Leave out status (it is 204 then), or declare the output.",
      );
    }
    return;
  }
  if (status === 204) {
    inspection.add(
      spot,
      "status is 204, which has no body, but there is an output",
      "Leave out the output, or take status 200.",
    );
  }
  checkOutput(inspection, spot, endpoint);
}

/** One mistake for all endpoints of a service: the way out is one, too. */
function checkAccounts(inspection: Inspection): void {
  const { services, endpoints } = inspection.declarations;
  if (services.some((service) => service.options.authenticate !== undefined)) return;
  const closed = new Map<ServiceDefinition, NamedEndpoint[]>();
  for (const named of endpoints) {
    if (named.endpoint.actor !== "account") continue;
    const { service } = named.endpoint;
    closed.set(service, [...(closed.get(service) ?? []), named]);
  }
  for (const [service, [first, ...others]] of closed) {
    const { endpoint, name } = first!;
    const more = others.length === 0 ? "" : ` (and ${others.length} more of the service "${service.name}")`;
    const wayOut =
      'Add accounts to the app: import * as accounts from "lineshaft/accounts"; or open it with actor: "anyone", ' +
      "at the endpoint or for the whole service.";
    const problem = `it wants an account${more}, and no service of this app tells who calls`;
    inspection.add({ place: endpoint.place, what: `${name} (${endpoint.route})` }, problem, wayOut);
  }
}
