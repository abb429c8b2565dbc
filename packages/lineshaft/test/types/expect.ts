/** Assertions about types. A failing one is an error of the type check; nothing happens at run time. */

/** Whether two types are the same to the checker: `any`, `readonly` and optional properties count. */
export type Equal<TOne, TOther> =
  (<T>() => T extends TOne ? 1 : 2) extends <T>() => T extends TOther ? 1 : 2 ? true : false;

export type Expect<TTrue extends true> = TTrue;

/** The type of a value as it stands in a function body: `same<string>()(input.code)`. */
export function same<TExpected>() {
  return <TActual>(_: TActual, ..._same: Equal<TActual, TExpected> extends true ? [] : [never]): void => {};
}
