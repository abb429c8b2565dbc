/** A small app for the tests of the test kit. */
import * as accounts from "../../accounts/index.ts";
import { entity } from "../../define/entity.ts";
import { field } from "../../define/field.ts";
import { service } from "../../define/service.ts";
import { list } from "../../define/shape.ts";

export class Order extends entity("order", {
  id: field.id(),
  owner: field.text({ max: 100 }),
  placedAt: field.time(),
}) {}

export const shop = service("shop", { entities: { Order } });

export const place = shop.command("POST /orders", {
  output: Order,
  status: 201,
  run: async ({ actor, now, db }) =>
    db.insertInto("order").values({ owner: actor.id, placedAt: now }).returningAll().executeTakeFirstOrThrow(),
});

export const orders = shop.query("GET /orders", {
  output: list(Order),
  run: async ({ actor, db }) =>
    db.selectFrom("order").selectAll().where("owner", "=", actor.id).orderBy("id").execute(),
});

/** The same shop, for those who know nobody. */
export const guests = {
  place: service("guests", { entities: { Order }, actor: "anyone" }).command("POST /guests", {
    output: Order.pick("id"),
    run: async ({ db, now }) =>
      db.insertInto("order").values({ owner: "guest", placedAt: now }).returning("id").executeTakeFirstOrThrow(),
  }),
};

export const services = { accounts, shop: { place, orders } };
