/**
 * Rules: what keeps a read set from being narrower than the truth, each with a switch.
 *
 * Every flag is on, always; only tests switch one off, to see that a test notices. A rule without a switch here has its
 * case in `testdata/cases.json`. The rules themselves are explained where they are applied.
 */
export const rules = {
  /** A cast of a constant counts only from a string literal, or from a parameter of just that type. */
  castsMustMatch: true,
  /** Values are compared only within one class (`values.ts`). */
  classesMustMatch: true,
  /** Text under a nondeterministic collation has no class. */
  collationMustBeDeterministic: true,
  /** A generated column is never a tag, and reading one makes every column matter. */
  generatedColumnsAreNoTags: true,
  /** The ON condition of an outer join does not narrow the side whose rows are kept. */
  keptSideIgnoresOn: true,
  /** The ON condition of a full join narrows neither side. */
  fullJoinIgnoresOn: true,
  /** Facts that mention the nullable side do not narrow it, unless they reject nulls. */
  nullableSideDropsFacts: true,
  /** Only a fact that rejects nulls turns an outer join into an inner one. */
  onlyStrictFactsReduce: true,
  /** Nothing is pushed below LIMIT and OFFSET. */
  limitStopsPush: true,
  /** Nothing is pushed below a window function. */
  windowStopsPush: true,
  /** Nothing is pushed below DISTINCT ON. */
  distinctOnStopsPush: true,
  /** Below GROUP BY only facts about grouping columns are pushed. */
  groupingColumnsOnly: true,
  /** Only `x IN (subquery)` that must be true passes x's values into the subquery; NOT IN does not. */
  notInStopsPush: true,
  /** Nothing is pushed into a recursive query: its rows come from rows that are not in its result. */
  recursionStopsPush: true,
  /** The ON condition of an outer join does not hold for every row of it. */
  outerJoinsAreNotCertain: true,
  /** An aggregate without GROUP BY has a row even over nothing, so EXISTS says nothing about it. */
  aggregatesAlwaysHaveARow: true,
  /** Both arms of a set operation must have the same type for a fact to be pushed. */
  armsHaveOneType: true,
  /** `$1` in the body of a function is the function's argument, not the statement's. */
  functionArgumentsAreOpaque: true,
  /** Text is compared as the server sees it: a lone surrogate becomes U+FFFD. */
  textIsWellFormed: true,
  /** A constant in an unusual spelling widens the read to its table. */
  oddSpellingsWiden: true,
  /** Numbers have one spelling: 1.0 is 1, and -0 is 0. */
  numbersHaveOneSpelling: true,
  /** Trailing blanks of char(n) do not count. */
  blanksAreTrimmed: true,
  /** A change of a partition or a child is a change of its ancestors. */
  changesReachAncestors: true,
  /** A row value without canonical form hits every tag of its column. */
  unknownValuesHitAll: true,
  /** A row with the order key of a list's last row is not behind it. */
  tiesAreNotBehind: true,
  /** A list with fewer rows than its LIMIT has no end. */
  shortListsHaveNoEnd: true,
  /** NULL stands where the order puts it: first or last. */
  nullsHaveAPlace: true,
  /** A list has an end only in a table whose rows a join does not fill with nulls. */
  orderedSideIsKept: true,
  /** Groups, DISTINCT and windows have no end: rows behind it count for those before it. */
  listsAreOfRows: true,
  /** What the policies of a table read is read as well. */
  policiesAreRead: true,
  /** Restrictive policies hold on top of the permissive ones. */
  policiesRestrict: true,
  /** A view reads its tables with the rights of its owner, unless it says otherwise. */
  viewsReadAsOwner: true,
  /** A function that is a security definer runs with the rights of its owner. */
  functionsMayRunAsOwner: true,
  /** Key queries, which run as who asks, do not stand on tables that are read with the rights of others. */
  keysAreOwnReads: true,
  /** What a policy reads is not narrowed by keys from tables whose rows policies hide. */
  policiesTakeNoHiddenKeys: true,
  /** Both images of an updated row count. */
  oldRowsCount: true,
  /** An update is ignored only if no column that the statement names has changed. */
  maskHoldsEveryName: true,
};
