/** The channels bench as a Lineshaft service. Nothing here is written for speed; the limit is out of the way. */
import { field, service } from "lineshaft";

export const bench = service("bench", { entities: {}, actor: "anyone" });

const chat = { at: field.integer(), text: field.text({ max: 200 }) };
const limit = { per: "actor", rate: "1000000/second" } as const;

export const room = bench.channel("/rooms/:room", {
  ...{ input: { room: field.text({ max: 20 }) }, messages: { chat }, presence: false, limit },
});

/** Its members see who is there. */
export const hall = bench.channel("/halls/:hall", {
  ...{ input: { hall: field.text({ max: 20 }) }, messages: { chat }, presence: true, limit },
});
