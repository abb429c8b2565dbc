/** The blog: its service and endpoints, by name. */
export { article, articles, drafts, feed, search, tags } from "./articles.ts";
export { addComment, approveComment, comments, deleteComment, holdComment } from "./comments.ts";
export { favorite, unfavorite } from "./favorites.ts";
export { atomFeed, rssFeed } from "./feeds.ts";
export { blog } from "./model.ts";
export { follow, profile, unfollow } from "./profiles.ts";
export { publishArticle } from "./publishing.ts";
export { currentUser, login, register, updateUser } from "./users.ts";
export { createArticle, deleteArticle, updateArticle } from "./writing.ts";
