/** The rules on input in Zod, for the peers that have no schemas of their own. */
import { load } from "./peer.mjs";

const { z } = load("zod");

export const person = z.strictObject({
  name: z.string().min(1).max(80),
  email: z.email().max(254),
  age: z.int().min(0).max(150),
  role: z.enum(["reader", "writer", "owner"]),
  tags: z.array(z.string().min(1).max(20)).max(10),
  address: z.strictObject({
    street: z.string().min(1).max(100),
    city: z.string().min(1).max(100),
    zip: z.string().regex(/^[0-9]{5}$/),
  }),
});
export const key = z.strictObject({ id: z.guid() });
export const place = z.strictObject({ after: z.guid() });
export const newEntry = z.strictObject({
  author: z.guid(),
  title: z.string().min(1).max(200),
  body: z.string().max(2_000),
});
