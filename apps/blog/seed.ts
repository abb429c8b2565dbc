/** Demo data of the blog: two authors who read each other. Their password is `DEMO_PASSWORD`. */
import type { Actor, CallAs } from "lineshaft";
import * as accounts from "lineshaft/accounts";
import { addComment } from "./comments.ts";
import { favorite } from "./favorites.ts";
import { follow } from "./profiles.ts";
import { register, updateUser } from "./users.ts";
import { createArticle } from "./writing.ts";

export const DEMO_PASSWORD = "correct horse";

const AUTHORS = [
  { username: "ada", bio: "Writes about engines that think." },
  { username: "grace", bio: "Finds bugs, some with wings." },
] as const;

const ARTICLES = [
  {
    by: "ada",
    title: "Notes on the Analytical Engine",
    description: "What a machine of brass and cards could do",
    body: "It weaves *algebraical patterns* just as the Jacquard loom weaves flowers and leaves.",
    tagList: ["engines", "history"],
    publishAt: "2026-03-02T09:00:00Z",
  },
  {
    by: "grace",
    title: "The first bug",
    description: "A moth in relay 70",
    body: "We taped it into the logbook. **First actual case of bug being found.**",
    tagList: ["bugs", "history"],
    publishAt: "2026-04-13T09:00:00Z",
  },
  {
    by: "grace",
    title: "How long is a nanosecond?",
    description: "About thirty centimetres of wire",
    body: "Light and electricity go that far in a nanosecond. I carry a piece of wire to show it.",
    tagList: ["hardware"],
    publishAt: "2026-05-11T09:00:00Z",
  },
  {
    by: "ada",
    title: "Numbers of Bernoulli",
    description: "Not finished yet",
    body: "Twenty-five operations, of which some repeat.",
    tagList: ["engines"],
    status: "draft",
  },
  {
    by: "grace",
    title: "What a compiler is for",
    description: "Comes at a time that was chosen",
    body: "So that people can write words, and machines can have their numbers.",
    tagList: ["compilers"],
    publishAt: "2030-01-07T09:00:00Z",
  },
] as const;

export async function seedBlog({ call }: { readonly call: CallAs }): Promise<void> {
  const actors = new Map<string, Actor>();
  for (const { username, bio } of AUTHORS) {
    const email = `${username}@example.com`;
    const { user } = await call(register, { user: { username, email, password: DEMO_PASSWORD } });
    const { account } = await call(accounts.signIn, { email, password: DEMO_PASSWORD });
    const actor: Actor = { kind: "account", id: account.id, session: account.id, email, emailVerified: false };
    await call(updateUser, { user: { bio } }, { actor, headers: { authorization: `Token ${user.token}` } });
    actors.set(username, actor);
  }
  const slugs: string[] = [];
  for (const { by, ...article } of ARTICLES) {
    const written = await call(createArticle, { article }, { actor: actors.get(by)! });
    slugs.push(written.article.slug);
  }
  const [ada, grace] = [{ actor: actors.get("ada")! }, { actor: actors.get("grace")! }];
  await call(follow, { username: "grace" }, ada);
  await call(follow, { username: "ada" }, grace);
  await call(favorite, { slug: slugs[1]! }, ada);
  await call(addComment, { slug: slugs[0]!, comment: { body: "I would have liked to program it." } }, grace);
  await call(addComment, { slug: slugs[1]!, comment: { body: "Is the moth still in there?" } }, ada);
}
