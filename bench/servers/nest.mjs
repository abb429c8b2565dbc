/**
 * The benchmark's work on NestJS over Fastify, with its validation pipe and class-validator.
 *
 * Decorators are applied by hand, as the compiler would: this file runs as it is, without a build.
 */
import { endOnSignal, GREETING, HOST, load, logRequest, openLog, openStore, PORT } from "./peer.mjs";

load("reflect-metadata");
const common = load("@nestjs/common");
const { NestFactory } = load("@nestjs/core");
const { FastifyAdapter } = load("@nestjs/platform-fastify");
const check = load("class-validator");
const { Type } = load("class-transformer");

/** `@decorators property: type`, for each. */
function properties(owner, declared) {
  for (const [name, [type, ...decorators]] of Object.entries(declared)) {
    Reflect.defineMetadata("design:type", type, owner.prototype, name);
    for (const decorate of decorators.toReversed()) decorate(owner.prototype, name);
  }
  return owner;
}

const text = (min, max) => [String, check.IsString(), check.Length(min, max)];
const uuid = () => [String, check.IsUUID("loose")];

const Address = properties(class Address {}, {
  street: text(1, 100),
  city: text(1, 100),
  zip: [String, check.IsString(), check.Matches(/^[0-9]{5}$/)],
});
const Person = properties(class Person {}, {
  name: text(1, 80),
  email: [String, check.IsEmail()],
  age: [Number, check.IsInt(), check.Min(0), check.Max(150)],
  role: [String, check.IsIn(["reader", "writer", "owner"])],
  tags: [
    Array,
    check.IsArray(),
    check.ArrayMaxSize(10),
    check.IsString({ each: true }),
    check.Length(1, 20, { each: true }),
  ],
  address: [Address, check.IsDefined(), check.IsObject(), check.ValidateNested(), Type(() => Address)],
});
const Key = properties(class Key {}, { id: uuid() });
const Place = properties(class Place {}, { after: uuid() });
const NewEntry = properties(class NewEntry {}, {
  author: uuid(),
  title: text(1, 200),
  body: [String, check.IsString(), check.MaxLength(2_000)],
});

const log = openLog();
const store = openStore();

class Notes {
  hello() {
    return GREETING;
  }
  echo(person) {
    return person;
  }
  async one({ id }) {
    const row = await store.one(id);
    if (!row) throw new common.NotFoundException();
    return row;
  }
  some({ after }) {
    return store.some(after);
  }
  add(entry) {
    return store.add(entry);
  }
  addSerializable(entry) {
    return store.addSerializable(entry);
  }
}

/** `@decorators method(@parameter input: type)`. */
function method(name, decorators, parameter, type) {
  const descriptor = Object.getOwnPropertyDescriptor(Notes.prototype, name);
  Reflect.defineMetadata("design:paramtypes", type ? [type] : [], Notes.prototype, name);
  if (parameter) parameter(Notes.prototype, name, 0);
  for (const decorate of decorators) decorate(Notes.prototype, name, descriptor);
}

method("hello", [common.Get("hello")]);
method("echo", [common.Post("echo"), common.HttpCode(200)], common.Body(), Person);
method("one", [common.Get("notes/:id")], common.Param(), Key);
method("some", [common.Get("notes")], common.Query(), Place);
method("add", [common.Post("entries")], common.Body(), NewEntry);
method("addSerializable", [common.Post("entries-serializable")], common.Body(), NewEntry);
common.Controller()(Notes);

class Root {}
common.Module({ controllers: [Notes] })(Root);

const adapter = new FastifyAdapter();
const app = await NestFactory.create(Root, adapter, { logger: ["error", "warn"] });
app.useGlobalPipes(new common.ValidationPipe({ whitelist: true, forbidNonWhitelisted: true, transform: true }));
const instance = adapter.getInstance();
instance.decorateRequest("startedAt", 0);
instance.addHook("onRequest", (request, _reply, done) => {
  request.startedAt = performance.now();
  done();
});
instance.addHook("onResponse", (request, reply, done) => {
  logRequest(log, request.method, request.url, reply.statusCode, request.startedAt);
  done();
});

await app.listen(PORT, HOST);
endOnSignal(() => app.close().then(store.close));
