/** Which tasks are selected for a bulk action. */
import { useMemo, useState } from "react";

export interface Selection {
  readonly size: number;
  readonly ids: readonly string[];
  readonly has: (id: string) => boolean;
  readonly toggle: (id: string) => void;
  readonly set: (ids: readonly string[]) => void;
}

/** @param there  Tasks that are shown; what is not is not selected either. */
export function useSelection(there: readonly { readonly id: string }[]): Selection {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  return useMemo(() => {
    const ids = there.map(({ id }) => id).filter((id) => chosen.has(id));
    const shown = new Set(ids);
    return {
      size: ids.length,
      ids,
      has: (id) => shown.has(id),
      toggle: (id) => setChosen(shown.has(id) ? new Set(ids.filter((each) => each !== id)) : new Set([...ids, id])),
      set: (next) => setChosen(new Set(next)),
    };
  }, [there, chosen]);
}
