/** A little demo data, so that the first look at the apps is not an empty list. */
import type { CallAs } from "lineshaft";
import { seedBlog } from "./blog/seed.ts";
import { seedChat } from "./chat/seed.ts";
import { seedTasks } from "./tasks/seed.ts";
import * as todos from "./todo/todo.ts";

export async function seed({ call }: { readonly call: CallAs }): Promise<void> {
  await call(todos.add, { title: "Read the API reference at /docs", order: 1 });
  await call(todos.add, { title: "Write a service of your own", order: 2 });
  await seedBlog({ call });
  await seedChat({ call, team: await seedTasks({ call }) });
}
